/** What merchants do with shares, and what a plan does by itself. */
import type { ChannelAccount, Channels } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { type Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Contracts, Receivers, Share, SharingRow } from "../../sharing/index.ts";
import { isFinal, nextOfSharing, sharesOfPayments, sharingsOfPayments } from "../../sharing/index.ts";
import type { Payment } from "../model.ts";
import { canonical, differingFields } from "../payment/request.ts";
import { asksForSharing, planOf, rulesOf, type WireRules } from "./asked.ts";
import { createShares, type ShareRefusal, type ShareResult, type ShareWish } from "./create.ts";
import { lookAgainAt } from "./decide.ts";
import type { Effects, Locked, ShareDoor } from "./door.ts";

export type SharesDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "channel">;
  readonly contracts: Contracts;
  readonly receivers: Receivers;
  readonly door: ShareDoor;
};

export type ShareBody = {
  readonly merchant_share_no: string;
  readonly receivers: WireRules;
  readonly description?: string;
  readonly finish?: boolean;
};

export type SharedPayment = { readonly sharing: SharingRow; readonly shares: readonly Share[] };

export type Shares = {
  /**
   * Makes shares of a success; the same request again gives the same shares. Refusals, in this order:
   * `not_found`, `number_reused`, `payment_not_shareable`, `receiver_not_available`, `shares_exhausted`,
   * `share_exceeds_payment`.
   */
  create(
    merchantId: Id,
    paymentId: Id,
    body: ShareBody,
  ): Promise<{ readonly shares: readonly Share[]; readonly isNew: boolean }>;
  /** Lets go of what is left once every share is final. Throws `not_found`, `payment_not_shareable`. */
  finish(merchantId: Id, paymentId: Id): Promise<SharedPayment>;
  /** Throws `not_found` for a payment that is not split. */
  get(merchantId: Id, paymentId: Id): Promise<SharedPayment>;
  /** Carries out the plan that came with a payment, or brings its end nearer. */
  attend(sharing: SharingRow): Promise<void>;
  /** Why this account cannot take a payment whose money is to be split; null: it can, or it is not to be. */
  refuseOrder(
    payment: Payment,
    account: Pick<ChannelAccount, "id" | "channel">,
  ): Promise<{ field: string; detail: string } | null>;
  /** Whether the order is flagged at its channel. */
  isFlagged(payment: Payment, account: Pick<ChannelAccount, "id">): Promise<boolean>;
  /** Throws `invalid_request` or `receiver_not_available` for a plan that could never be carried out. */
  checkPlan(payment: Payment): Promise<void>;
};

const DESCRIPTION = "分账";

export function createShareService(deps: SharesDeps): Shares {
  const { cell, door, contracts } = deps;
  const get: Shares["get"] = async (merchantId, paymentId) => {
    const [[sharing], shares] = await Promise.all([
      sharingsOfPayments(cell.db, [paymentId]),
      sharesOfPayments(cell.db, [paymentId]),
    ]);
    if (sharing?.merchantId !== merchantId) throw problem("not_found");
    return { sharing, shares };
  };
  return {
    get,
    create: async (merchantId, paymentId, body) => {
      const request = canonical(body);
      const wish = {
        ...(await wishOf(deps, merchantId, body.receivers, "receivers")),
        number: { merchantShareNo: body.merchant_share_no, request },
        description: body.description ?? DESCRIPTION,
        finish: body.finish ?? false,
      };
      const result = await wished(deps, { merchantId, paymentId }, wish);
      if (result === null) throw problem("not_found");
      if ("refusal" in result) throw refused(result, body, request);
      return result;
    },
    finish: async (merchantId, paymentId) => {
      const done = await door.under({ merchantId, paymentId }, wishFinish);
      if (done === null) throw problem("not_found");
      if (!done) throw problem("payment_not_shareable", { detail: "it was not created with profit_sharing" });
      return get(merchantId, paymentId);
    },
    attend: (sharing) => attend(deps, sharing),
    refuseOrder: async (payment, { id, channel }) => {
      if (!asksForSharing(payment)) return null;
      const contract = await contracts.of(id);
      if (contract?.isOpen !== true) {
        const detail = `the contract with ${channel} does not split money; leave profit_sharing out`;
        return { field: "profit_sharing", detail };
      }
      const lacks = contract.mode === "channel" && deps.channels.channel(channel)?.sharing === undefined;
      return lacks ? { field: "profit_sharing", detail: `${channel} splits nothing` } : null;
    },
    isFlagged: async (payment, { id }) =>
      asksForSharing(payment) && (await contracts.of(id))?.mode === "channel",
    checkPlan: (payment) => checkPlan(deps, payment),
  };
}

async function wishOf(
  { receivers }: SharesDeps,
  merchantId: Id,
  wire: WireRules,
  field: string,
): Promise<Pick<ShareWish, "rules" | "receivers">> {
  const rules = rulesOf(wire, field);
  const ids = rules.map(({ receiver }) => receiver);
  const twice = ids.findIndex((id, index) => ids.indexOf(id) !== index);
  if (twice !== -1) {
    throw problem("invalid_request", {
      field: `${field}.${twice}.receiver`,
      detail: "a receiver is named once",
    });
  }
  return { rules, receivers: await receivers.find(merchantId, ids) };
}

function wished(
  { door, cell }: SharesDeps,
  about: { readonly merchantId: Id; readonly paymentId: Id },
  wish: ShareWish,
): Promise<ShareResult | null> {
  return door.under(about, (locked, tx) => createShares(locked, tx, wish, cell.newId));
}

function wishFinish({ sharing, shares, now }: Locked): readonly [boolean, Effects] {
  if (sharing === null) return [false, {}];
  const open = shares.filter((share) => !isFinal(share)).length;
  const next = nextOfSharing({ ...sharing, plan: null, finishWanted: true }, open, now);
  return [true, sharing.state === "open" ? { sharing: next } : {}];
}

/** A due sharing that is open: its plan's turn has come, or its term has ended. */
async function attend(deps: SharesDeps, sharing: SharingRow): Promise<void> {
  const { merchantId, paymentId, plan } = sharing;
  const about = { merchantId, paymentId };
  if (plan !== null) {
    const asked = JSON.parse(plan) as NonNullable<ReturnType<typeof planOf>>;
    if (asked === "later") throw new Error(`the payment ${paymentId} has a plan without receivers`);
    const finish = asked.finish ?? true;
    const found = await wishOf(deps, merchantId, asked.receivers, "profit_sharing.receivers");
    const wish = { ...found, number: null, description: DESCRIPTION, finish };
    const result = await wished(deps, about, wish);
    if (result === null) throw new Error(`the sharing of ${paymentId} has no payment`);
    if ("refusal" in result) await dropPlan(deps, about, result, finish);
    return;
  }
  await deps.door.under(about, (locked) => {
    if (locked.sharing === null || locked.sharing.state !== "open") return [null, {}];
    const open = locked.shares.filter((share) => !isFinal(share)).length;
    const next = nextOfSharing(locked.sharing, open, locked.now);
    return [null, next === locked.sharing ? {} : { sharing: next }];
  });
}

/** A plan that cannot be carried out now. A receiver may yet be bound, until the term ends. */
async function dropPlan(
  { door }: SharesDeps,
  about: { readonly merchantId: Id; readonly paymentId: Id },
  refusal: ShareRefusal,
  finish: boolean,
): Promise<void> {
  await door.under(about, (locked) => {
    const { sharing, shares, now } = locked;
    if (sharing === null || sharing.plan === null) return [null, {}];
    const detail = "detail" in refusal ? refusal.detail : null;
    const why = { failureCode: refusal.refusal, failureMessage: detail };
    if (refusal.refusal === "receiver_not_available" && now < sharing.termEndsAt) {
      const tries = sharing.tries + 1;
      const dueAt = tries < WAITS.length ? new Date(now.getTime() + (WAITS[tries] as number)) : null;
      const until = dueAt === null || dueAt > sharing.termEndsAt ? sharing.termEndsAt : dueAt;
      return [null, { sharing: { ...sharing, ...why, tries, dueAt: until } }];
    }
    const open = shares.filter((share) => !isFinal(share)).length;
    const next = { ...sharing, ...why, plan: null, finishWanted: sharing.finishWanted || finish };
    return [null, { sharing: nextOfSharing({ ...next, dueAt: lookAgainAt(now) }, open, now) }];
  });
}

const MINUTE_MS = 60_000;
/** How long a plan waits for its receivers between two looks. */
const WAITS = [0, 1, 5, 30, 60, 360, 1_440, 1_440, 1_440].map((minutes) => minutes * MINUTE_MS);

async function checkPlan(deps: SharesDeps, payment: Payment): Promise<void> {
  if (!asksForSharing(payment)) return;
  const plan = planOf(payment);
  if (plan === null || plan === "later") return;
  const field = "profit_sharing.receivers";
  const { rules, receivers } = await wishOf(deps, payment.merchantId, plan.receivers, field);
  const missing = rules.findIndex(
    ({ receiver }) =>
      !receivers.some((known) => known.receiver.id === receiver && known.receiver.state === "active"),
  );
  if (missing !== -1) {
    throw problem("receiver_not_available", {
      field: `${field}.${missing}.receiver`,
      detail: "this merchant has no such active receiver",
    });
  }
  const fixed = rules.reduce((sum, rule) => sum + ("amount" in rule ? rule.amount : 0n), 0n);
  const rates = rules.reduce((sum, rule) => sum + ("millionths" in rule ? rule.millionths : 0n), 0n);
  if (fixed > payment.amount || rates > 1_000_000n) {
    throw problem("share_exceeds_payment", {
      field,
      detail: "the shares are more than the payment",
      members: { amount_left: Number(payment.amount) },
    });
  }
}

function refused(result: ShareRefusal, body: ShareBody, request: string): Problem {
  switch (result.refusal) {
    case "number_reused": {
      const fields = result.samePayment ? differingFields(result.request, request) : ["payment"];
      return problem("number_reused", {
        field: result.samePayment ? (fields[0] ?? "merchant_share_no") : "merchant_share_no",
        detail: `${body.merchant_share_no} was used with a different ${fields.join(", ")}`,
        members: { fields },
      });
    }
    case "receiver_not_available":
      return problem(result.refusal, { field: `receivers.${result.index}.receiver`, detail: result.detail });
    case "shares_exhausted":
      return problem(result.refusal, {
        field: "receivers",
        detail: `the channel makes at most ${result.max} shares of one payment`,
      });
    case "share_exceeds_payment": {
      const bound = result.limit === "maximum" ? "of the channel's maximum" : "of what settles";
      return problem(result.refusal, {
        field: "receivers",
        detail: `${result.left} is left ${bound}`,
        members: { amount_left: Number(result.left) },
      });
    }
    case "share_empty":
      return problem("invalid_request", {
        field: "receivers",
        detail: "the shares come to less than one minor unit; ask for more",
      });
    case "payment_not_shareable":
      return problem(result.refusal, { detail: result.detail });
  }
}
