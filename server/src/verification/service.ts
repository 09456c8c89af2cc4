import type { ChannelAccount } from "../channels/index.ts";
import { MINUTE, plus, SECOND } from "../kernel/clock.ts";
import { ERRORS, Problem, problem } from "../kernel/errors.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import type { Actor } from "../operators/index.ts";
import type { Attempt, Whole } from "../payments/index.ts";
import { readBills } from "./bills.ts";
import { leastAmount, numberOf, SOON_MS, STATEMENT_GAP_MS, type Verification } from "./model.ts";
import { change, failed, later, lineOf, paymentOf, tryAgain, type VerificationsDeps } from "./progress.ts";
import * as store from "./store.ts";

/** How the payment is made; a payment code is used and never stored. */
export type VerificationWish = {
  readonly method: string;
  /** In minor units; null: the least that the account takes. */
  readonly amount: bigint | null;
  readonly currency: string | null;
  readonly paymentCode: string | null;
  readonly buyer: string | null;
  readonly buyerIp: string | null;
};

export type Verifications = {
  /**
   * Places the payment; whoever holds the device pays it. Throws `not_found`, `conflict` while another one of
   * the account is under way or without credentials, and whatever refuses the payment.
   */
  start(actor: Actor, channelAccountId: Id, wish: VerificationWish): Promise<Verification>;
  /** Does what can be done now, and says when to look again. Safe to repeat and to race. */
  advance(id: Id): Promise<Verification>;
  /** Throws `not_found`. */
  get(id: Id): Promise<Verification>;
  /** Newest first. */
  list(channelAccountId: Id, before: Id | null, limit: number): Promise<Verification[]>;
  /** The payment as it now is; null before there is one. */
  paymentOf(verification: Verification): Promise<Whole | null>;
};

/** How long the payment of a verification stays open. */
const OPEN_SECONDS = 1_800;
/** The placing belongs to the call that began it for so long. */
const PLACING_MS = 60 * SECOND;
const SUBJECT = "Verification";
/** What was refused, or told otherwise, may be possible later: what it lacks may come. */
const REFUSED_GAP_MS = MINUTE;

export function createVerifications(deps: VerificationsDeps): Verifications {
  const { cell } = deps;
  const get = async (id: Id) => {
    const found = await store.verificationById(cell.db, id);
    if (found === null) throw problem("not_found");
    return found;
  };
  return {
    start: (actor, channelAccountId, wish) => start(deps, actor, channelAccountId, wish),
    advance: async (id) => advance(deps, await get(id)),
    get,
    list: (channelAccountId, before, limit) =>
      store.listVerifications(cell.db, channelAccountId, before, limit),
    paymentOf: async ({ paymentId }) => (paymentId === null ? null : deps.room.payments.find(paymentId)),
  };
}

async function start(
  deps: VerificationsDeps,
  actor: Actor,
  channelAccountId: Id,
  wish: VerificationWish,
): Promise<Verification> {
  const { cell } = deps;
  const account = await deps.channels.account(channelAccountId);
  if (account === null) throw problem("not_found");
  if (account.credentialVersion === null) {
    throw problem("conflict", { detail: "the account has no credentials yet; save them first" });
  }
  const now = cell.clock.now();
  const currency = wish.currency ?? (account.currencies[0] as string);
  const least = deps.channels.channel(account.channel)?.traits.leastAmounts?.[currency] ?? null;
  const verification: Verification = {
    id: cell.newId(),
    channelAccountId,
    merchantId: account.merchantId,
    counterpartRevision: account.counterpartRevision,
    method: wish.method,
    amount: wish.amount ?? leastAmount(account.amountMin, least),
    currency,
    state: "placing",
    paymentId: null,
    refundId: null,
    channelDate: null,
    refundChannelDate: null,
    askedAt: null,
    notified: null,
    paymentBilled: false,
    refundBilled: false,
    detail: null,
    startedBy: actor.operator.id,
    dueAt: plus(now, PLACING_MS),
    createdAt: now,
    finishedAt: null,
  };
  const written = await cell.transact((tx) => store.insertVerification(tx, verification));
  if (!written) {
    throw problem("conflict", {
      detail: "another verification of this account is under way; look at it first",
    });
  }
  await deps.operators.auditAlone(actor, {
    action: "channel_account.verification_started",
    subject: formatId("cha", channelAccountId),
    before: null,
    after: { verification: formatId("vrf", verification.id), method: wish.method },
  });
  return place(deps, verification, account, wish);
}

async function place(
  deps: VerificationsDeps,
  verification: Verification,
  account: ChannelAccount,
  wish: VerificationWish,
): Promise<Verification> {
  const merchant = await deps.merchants.get(verification.merchantId);
  if (merchant === null) throw problem("not_found");
  const identity = { merchantId: merchant.id, keyId: verification.startedBy, merchant };
  const order = {
    merchant_order_no: numberOf(verification.id),
    amount: Number(verification.amount),
    currency: verification.currency,
    subject: SUBJECT,
    method: wish.method,
    expires_in: OPEN_SECONDS,
    ...(wish.paymentCode === null ? {} : { payment_code: wish.paymentCode }),
    ...(wish.buyer === null ? {} : { buyer: wish.buyer }),
    ...(wish.buyerIp === null ? {} : { buyer_ip: wish.buyerIp }),
  };
  try {
    const { payment } = await deps.room.payments.create(identity, order, account);
    return await placed(deps, verification, payment.id);
  } catch (error) {
    // One whose end is not known may be there, and be paid: it is looked for.
    if (error instanceof Problem && ERRORS[error.code].status < 500) {
      await change(deps, verification, failed(deps, `the payment was refused: ${error.message}`));
    }
    throw error;
  }
}

async function placed(deps: VerificationsDeps, verification: Verification, paymentId: Id) {
  const now = deps.cell.clock.now();
  return change(deps, verification, {
    state: "waiting_for_buyer",
    paymentId,
    detail: "the payment waits for whoever holds the device to pay it",
    dueAt: plus(now, SOON_MS),
  });
}

/** One step after the other, until something must be waited for. */
async function advance(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  let present = seen;
  for (;;) {
    const next = await step(deps, present);
    if (next.state === present.state || next.finishedAt !== null) return next;
    present = next;
  }
}

function step(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  switch (seen.state) {
    case "placing":
      return findPlaced(deps, seen);
    case "waiting_for_buyer":
      return lookAtPayment(deps, seen);
    case "refunding":
      return lookAtRefund(deps, seen);
    case "waiting_for_statement":
      return readBills(deps, seen);
    case "verified":
    case "failed":
      return Promise.resolve(seen);
  }
}

/** The process that placed it did not come back: its payment is there, or never was. */
async function findPlaced(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  const whole = await deps.room.payments.findByNumber(seen.merchantId, numberOf(seen.id));
  if (whole !== null) return placed(deps, seen, whole.payment.id);
  if (deps.cell.clock.now() < plus(seen.createdAt, PLACING_MS)) return later(deps, seen, SOON_MS);
  return change(deps, seen, failed(deps, "the platform stopped before the payment was made; start another"));
}

async function lookAtPayment(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  const { payment, attempts, refunds } = await paymentOf(deps, seen);
  const { status } = payment;
  if (status === "created" || status === "processing") return later(deps, seen, SOON_MS);
  const success = attempts.find((attempt) => attempt.id === payment.successAttemptId);
  if (success?.taken == null) {
    const reason = attempts.at(-1)?.failureMessage ?? "nobody paid it in time";
    return change(deps, seen, failed(deps, `the payment has ${status}: ${reason}`));
  }
  if (seen.askedAt !== null) return giveBack(deps, seen, payment.id, success.taken.channelDate);
  // Whoever made the refund and did not come back left it there: the channel may tell of it.
  const isRefunded = refunds.some((refund) => refund.merchantRefundNo === numberOf(seen.id));
  const answer = await ask(deps, success, isRefunded);
  if (answer !== null) return change(deps, seen, tryAgain(deps, seen, answer, REFUSED_GAP_MS));
  // Noted before anything is given back: afterwards the channel would tell another story.
  const asked = await change(deps, seen, { askedAt: deps.cell.clock.now() });
  if (asked.state !== seen.state) return asked;
  return giveBack(deps, asked, payment.id, success.taken.channelDate);
}

/** Repeating it finds the refund that is already there: its number and its request are fixed. */
async function giveBack(deps: VerificationsDeps, seen: Verification, paymentId: Id, channelDate: string) {
  const merchant = await deps.merchants.get(seen.merchantId);
  if (merchant === null) throw new Error(`the merchant ${seen.merchantId} is not there`);
  const identity = { merchantId: merchant.id, keyId: seen.startedBy, merchant };
  const request = { merchant_refund_no: numberOf(seen.id), reason: SUBJECT };
  const made = await deps.room.refunds.create(identity, paymentId, request).catch(asProblem);
  if (made instanceof Problem) {
    const detail = `the refund was refused, and is tried again: ${made.message}`;
    return change(deps, seen, tryAgain(deps, seen, detail, REFUSED_GAP_MS));
  }
  return change(deps, seen, {
    state: "refunding",
    refundId: made.refund.id,
    channelDate,
    detail: "the refund is on its way to the channel",
    dueAt: plus(deps.cell.clock.now(), SOON_MS),
  });
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/**
 * Whether the channel, asked, tells the payment as it was made: null, or what it says instead.
 * @param isRefunded our refund of it is made already, so that it may be told as given back
 */
async function ask(deps: VerificationsDeps, attempt: Attempt, isRefunded: boolean): Promise<string | null> {
  const { account, channel } = await lineOf(deps, attempt.channelAccountId);
  if (!(await deps.channels.budget.take(account, "background"))) {
    return "the account's calls per second are needed for payments";
  }
  const context = await deps.channels.contextOf(account, "current");
  const call = await channel.query(context, attempt);
  if (call.end !== "answered") {
    return `the channel was asked and did not answer: ${call.end === "refused" ? call.message : call.reason}`;
  }
  const { value } = call;
  const isTaken = value.outcome === "paid" || (isRefunded && value.outcome === "refunded");
  return isTaken && value.amount === attempt.amount
    ? null
    : `the channel was asked and says that the payment is ${value.outcome}`;
}

async function lookAtRefund(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  const refund = await deps.room.refunds.get(seen.merchantId, seen.refundId as Id);
  if (refund.state === "failed" || refund.state === "returned") {
    const reason = refund.failureMessage ?? refund.state;
    return change(deps, seen, failed(deps, `the refund has ${refund.state}: ${reason}`));
  }
  if (refund.acceptedAt === null) {
    // The refund itself is sent on; what is tried out has not worked.
    const detail = `the channel has not taken the refund: ${refund.failureMessage ?? "its end is not known"}`;
    return change(deps, seen, tryAgain(deps, seen, detail, SOON_MS));
  }
  const { payment } = await paymentOf(deps, seen);
  return change(deps, seen, {
    state: "waiting_for_statement",
    refundChannelDate: refund.channelDate,
    notified: await deps.room.wasNotified(payment.id),
    detail: `the channel publishes its bill of ${refund.channelDate} when that day is over`,
    dueAt: plus(deps.cell.clock.now(), STATEMENT_GAP_MS),
  });
}
