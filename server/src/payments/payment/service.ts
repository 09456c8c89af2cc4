import type { CallPriority, ChannelAccount, Channels } from "../../channels/index.ts";
import { type Batcher, createBatcher } from "../../kernel/batcher.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import { type Merchant, type MerchantIdentity, type Merchants, settlesIn } from "../../merchants/index.ts";
import type { Routing } from "../../routing/index.ts";
import type { Calls } from "../attempt/calls.ts";
import { usedCode } from "../attempt/codes.ts";
import { placeAmong } from "../attempt/fallback.ts";
import {
  attemptWished,
  claimWish,
  giveUpWish,
  type NamedWish,
  nameAttempt,
  nameWish,
  type WishName,
} from "../attempt/once.ts";
import type { AttemptPlaces } from "../attempt/places.ts";
import { type AttemptWish, type Opening, type PreparedAttempt, prepareAttempt } from "../attempt/prepare.ts";
import { type Attempt, isFinalPayment, liveOf, type Payment } from "../model.ts";
import type { Door } from "../outcome/door.ts";
import { WATCHED_FOR_MS, WATCHED_GAP_MS } from "../query/schedule.ts";
import { type Whole, wholesById } from "../whole.ts";
import { type Created, createPayments, type NewPayment, paymentsByNumber } from "./create.ts";
import { newAttempt, wishProblem } from "./new-attempt.ts";
import { type CreatePayment, canonical, differingFields, EXPIRES_IN_SECONDS } from "./request.ts";
import { watch } from "./store.ts";
import { loadWhole, repeated, settled } from "./unfinished.ts";

/**
 * A creation that would wait longer is refused before anything has happened, and so are all while the reports
 * of earlier payments would: each new payment brings more of them.
 */
const CREATION_WAIT_MS_MAX = 500;
const REPORTS_WAIT_MS_MAX = 1_000;

export type PaymentsDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly merchants: Pick<Merchants, "get" | "place" | "requireActive">;
  readonly keyring: Pick<Keyring, "mac">;
  readonly door: Door;
  readonly calls: Calls;
  readonly routing: Pick<Routing, "decide" | "noteChosen" | "giveUp">;
  readonly places: Pick<AttemptPlaces, "note">;
  readonly log: Log;
  /** Throws the refusal of a `profit_sharing` that could never be carried out. */
  readonly checkPlan: (payment: Payment) => Promise<void>;
  /** Opens the ledger accounts of a merchant and channel account; safe to repeat, cheap when done before. */
  readonly openAccounts: (opening: Opening) => Promise<void>;
};

export type Payments = {
  /**
   * Creates a payment and, when a method or payment code is named, places its order. The same request again
   * returns the same payment as it now is, with `isNew` false. `through`: by this account, in any state of
   * its, instead of a routed one.
   */
  create(
    identity: Pick<MerchantIdentity, "merchant">,
    body: CreatePayment,
    through?: ChannelAccount,
  ): Promise<Whole & { readonly isNew: boolean }>;
  /** The payment of a merchant's order number; null: there is none. */
  findByNumber(merchantId: Id, merchantOrderNo: string): Promise<Whole | null>;
  /** Throws `not_found` for anything that is not this merchant's. */
  get(merchantId: Id, paymentId: Id): Promise<Whole>;
  /** The payment, whoever's it is, for the cashier and operators; null when there is none. */
  find(paymentId: Id): Promise<Whole | null>;
  /** The same of many with one question; what there is none of is left out. */
  findAll(paymentIds: readonly Id[]): Promise<ReadonlyMap<Id, Whole>>;
  /** Ends a payment without money; when the buyer was quicker, the answer shows it succeeded. */
  close(merchantId: Id, paymentId: Id): Promise<Whole>;
  /** Closes the order of a payment whose closing has begun, and reports what came of it. */
  finishClosing(attempt: Attempt, priority: CallPriority): Promise<Whole>;
  /**
   * Ends the live attempt, then starts another. The same wish again (by its name, or its payment code)
   * returns the payment as it now is, with `isNew` false, and ends nothing.
   */
  newAttempt(
    merchantId: Id,
    paymentId: Id,
    wish: AttemptWish,
    name: WishName | null,
  ): Promise<Whole & { readonly isNew: boolean }>;
  /**
   * The attempt of a wish that a page of ours has named, with its payment once its order has been placed;
   * null: nobody has wished so. Throws `payment_confirming` where the order is still being placed after a
   * moment.
   */
  wished(paymentId: Id, own: string): Promise<(Whole & { readonly attemptId: Id }) | null>;
  /** What a page of ours wishes under this name is there already: this attempt. */
  nameAttempt(attempt: Attempt, own: string): Promise<void>;
  /** Somebody looks at the payment: its channel is asked more often for a while. */
  watch(payment: Payment): Promise<void>;
  /** Whether a payment that were to be created now would wait too long; `create` refuses it then. */
  isBehind(): boolean;
  stop(): Promise<void>;
  readonly gauges: Batcher<NewPayment, Created>["gauges"];
};

export function createPaymentsService(deps: PaymentsDeps): Payments {
  const creations = createBatcher<NewPayment, Created>({
    name: "creations",
    log: deps.log,
    clock: deps.cell.clock,
    waitMsMax: CREATION_WAIT_MS_MAX,
    run: (wanted) => deps.cell.transact((tx) => createPayments(tx, wanted), { repeatable: true }),
  });
  const service: Payments = {
    create: (identity, body, through) => create(deps, creations, identity, body, through),
    findByNumber: async (merchantId, merchantOrderNo) => {
      const [payment] = await paymentsByNumber(deps.cell.db, [{ merchantId, merchantOrderNo }]);
      return payment === undefined ? null : loadWhole(deps.cell, payment.id);
    },
    get: async (merchantId, paymentId) => {
      const whole = await loadWhole(deps.cell, paymentId);
      if (whole === null || whole.payment.merchantId !== merchantId) throw problem("not_found");
      return whole;
    },
    find: (paymentId) => loadWhole(deps.cell, paymentId),
    findAll: (paymentIds) => wholesById(deps.cell.db, paymentIds),
    close: async (merchantId, paymentId) => {
      const begun = await deps.door.submit({
        kind: "begin_closing",
        closingFor: "close",
        ...(await aboutLive(deps, merchantId, paymentId)),
      });
      if (begun.wish?.done === false) {
        if (begun.payment.status === "closed") return service.get(merchantId, paymentId);
        throw problem("payment_final", { detail: `the payment has ${begun.payment.status}` });
      }
      const callId = begun.wish?.callAttemptId;
      const live = begun.attempts.find((attempt) => attempt.id === callId);
      if (live !== undefined) await service.finishClosing(live, "buyer");
      return service.get(merchantId, paymentId);
    },
    finishClosing: (attempt, priority) =>
      attempt.state === "reversing"
        ? deps.calls.reverse(attempt, priority)
        : deps.calls.close(attempt, priority),
    newAttempt: async (merchantId, paymentId, wish, name) => {
      await service.get(merchantId, paymentId);
      const named = nameWish(deps, paymentId, wish, name);
      const make = (id: Id) => newAttempt(deps, service, { merchantId, paymentId, id }, wish);
      return named === null ? { ...(await make(deps.cell.newId())), isNew: true } : once(deps, named, make);
    },
    wished: async (paymentId, own) => {
      const attemptId = await attemptWished(deps, paymentId, { own });
      if (attemptId === null) return null;
      return { ...(await repeated(deps.cell, paymentId, attemptId)), attemptId };
    },
    nameAttempt: (attempt, own) => nameAttempt(deps, attempt, { own }),
    watch: (payment) => watchPayment(deps, payment),
    isBehind: () => creations.isBehind(CREATION_WAIT_MS_MAX) || deps.door.isBehind(REPORTS_WAIT_MS_MAX),
    stop: () => creations.stop(),
    gauges: creations.gauges,
  };
  return service;
}

/** The attempt of a named wish: made by the call that claims it, waited for by the others. */
async function once(
  deps: PaymentsDeps,
  named: NamedWish,
  make: (id: Id) => Promise<Whole>,
): Promise<Whole & { readonly isNew: boolean }> {
  const claim = await claimWish(deps, named);
  if (!claim.mine) return { ...(await repeated(deps.cell, named.paymentId, claim.attemptId)), isNew: false };
  try {
    return { ...(await make(claim.attemptId)), isNew: true };
  } catch (error) {
    await giveUpWish(deps, claim, error);
    throw error;
  }
}

async function create(
  deps: PaymentsDeps,
  creations: Batcher<NewPayment, Created>,
  identity: Pick<MerchantIdentity, "merchant">,
  body: CreatePayment,
  through?: ChannelAccount,
): Promise<Whole & { isNew: boolean }> {
  if (deps.door.isBehind(REPORTS_WAIT_MS_MAX)) throw problem("overloaded", { retryAfterSeconds: 1 });
  const { merchant } = identity;
  const now = deps.cell.clock.now();
  const request = keptRequest(deps, body);
  const wanted: Prepared | { existing: Payment } = await prepare(deps, merchant, {
    body,
    request,
    now,
    through,
  }).catch(async (refusal: unknown) => {
    // A repeat is answered with what it created, even where the same request would be refused today.
    const earlier = await findEarlier(deps, merchant.id, body.merchant_order_no, request);
    if (earlier !== null) return earlier;
    throw refusal;
  });
  if ("existing" in wanted) return { ...(await settled(deps.cell, wanted.existing)), isNew: false };
  let created: Created | null = null;
  try {
    created = await creations.submit(wanted);
  } finally {
    const decision = wanted.prepared?.decision ?? null;
    if (created?.result !== "created" && decision !== null) deps.routing.giveUp(decision);
  }
  switch (created.result) {
    case "existing":
      return { ...(await settled(deps.cell, created.payment)), isNew: false };
    case "number_reused":
      throw numberReused(body.merchant_order_no, created.fields);
    case "code_used":
      throw problem("payment_code_used", { field: "payment_code" });
    case "no_account_available":
      throw wishProblem(created.result);
    case "created": {
      const { payment, prepared } = wanted;
      const { attempt } = created;
      if (attempt === null || prepared === null)
        return { payment, attempts: [], refunds: [], disputes: [], isNew: true };
      deps.places.note(attempt);
      const paymentCode = body.payment_code ?? null;
      return { ...(await placeAmong(deps, { payment, attempt, prepared, paymentCode })), isNew: true };
    }
  }
}

type Prepared = NewPayment & { readonly prepared: PreparedAttempt | null };

/** The request as kept. A payment code is only compared, so only its keyed hash stays. */
function keptRequest(deps: PaymentsDeps, body: CreatePayment): string {
  if (body.payment_code === undefined) return canonical(body);
  const hash = deps.keyring.mac("payment_code", body.payment_code).toString("base64url");
  return canonical({ ...body, payment_code: hash });
}

type Wanted = {
  readonly body: CreatePayment;
  readonly request: string;
  readonly now: Date;
  readonly through: ChannelAccount | undefined;
};

async function prepare(
  deps: PaymentsDeps,
  merchant: Merchant,
  { body, request, now, through }: Wanted,
): Promise<Prepared> {
  deps.merchants.requireActive(merchant);
  if (!settlesIn(merchant, body.currency)) {
    const currencies = merchant.currencies.map((held) => held.currency).join(", ");
    throw problem("currency_not_supported", {
      field: "currency",
      detail: `this merchant settles in ${currencies}`,
    });
  }
  if (body.store !== undefined || body.terminal !== undefined) {
    await deps.merchants.place(merchant.id, {
      ...(body.store === undefined ? {} : { store: body.store }),
      ...(body.terminal === undefined ? {} : { terminal: body.terminal }),
    });
  }
  const expiresAt = plus(now, (body.expires_in ?? EXPIRES_IN_SECONDS) * SECOND);
  const payment: Payment = {
    id: deps.cell.newId(),
    merchantId: merchant.id,
    merchantOrderNo: body.merchant_order_no,
    amount: BigInt(body.amount),
    currency: body.currency,
    method: body.method ?? null,
    status: "created",
    liveAttemptId: null,
    successAttemptId: null,
    closingSince: null,
    closingFor: null,
    closedReason: null,
    request,
    expiresAt,
    watchedUntil: null,
    dueAt: expiresAt,
    createdAt: now,
    finishedAt: null,
  };
  await deps.checkPlan(payment);
  if (body.method === undefined && body.payment_code === undefined)
    return { payment, attempt: null, code: null, prepared: null };
  const wish = {
    method: body.method ?? null,
    paymentCode: body.payment_code ?? null,
    buyer: body.buyer ?? null,
    buyerIp: body.buyer_ip ?? null,
  };
  const prepared = await prepareAttempt(deps, deps.cell.newId(), payment, { ...wish, through }, now);
  const { choices } = prepared;
  const [{ attempt, demands }] = choices;
  return {
    payment: { ...payment, method: attempt.method, status: "processing", liveAttemptId: attempt.id },
    attempt,
    ...(demands.length === 0 ? {} : { choices }),
    code: usedCode(deps.keyring, attempt, wish.paymentCode),
    prepared,
  };
}

async function aboutLive(deps: PaymentsDeps, merchantId: Id, paymentId: Id) {
  const whole = await loadWhole(deps.cell, paymentId);
  const live = whole === null ? null : liveOf(whole);
  return { paymentId, merchantId, channelAccountId: live?.channelAccountId ?? null };
}

async function findEarlier(
  deps: PaymentsDeps,
  merchantId: Id,
  merchantOrderNo: string,
  request: string,
): Promise<{ existing: Payment } | null> {
  const [earlier] = await paymentsByNumber(deps.cell.db, [{ merchantId, merchantOrderNo }]);
  if (earlier === undefined) return null;
  if (earlier.request === request) return { existing: earlier };
  throw numberReused(merchantOrderNo, differingFields(earlier.request, request));
}

function numberReused(number: string, fields: readonly string[]) {
  return problem("number_reused", {
    field: fields[0] ?? "merchant_order_no",
    detail: `${number} was used with a different ${fields.join(", ")}`,
    members: { fields },
  });
}

async function watchPayment(deps: PaymentsDeps, payment: Payment): Promise<void> {
  const now = deps.cell.clock.now();
  if (isFinalPayment(payment.status)) return;
  // Written at most every half period: a page that polls each second costs a row version each ten.
  if (payment.watchedUntil !== null && payment.watchedUntil > plus(now, WATCHED_FOR_MS / 2)) return;
  await deps.cell.transact((tx) =>
    watch(tx, payment.id, plus(now, WATCHED_FOR_MS), plus(now, WATCHED_GAP_MS)),
  );
}
