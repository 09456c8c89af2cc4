import { type CardName, cardNamed } from "../cards.ts";
import type { Charge, Failure, Intent, IntentStatus, Order } from "../model.ts";
import { type Refusal, refused } from "../wire/refusals.ts";
import { openDispute } from "./dispute.ts";
import { feeOf, type Happening, type Moment, type Step } from "./step.ts";

// The life of an intent, and of the session around it where there is one.

/** How long a bank debit is `processing`. */
export const processingMs = 2_000;

const declineMessages: Record<string, string> = {
  generic_decline: "Your card was declined.",
  insufficient_funds: "Your card has insufficient funds.",
};

/** The session's intent, made when the buyer first confirms; an order that has one stays as it is. */
export function withIntent(order: Order, moment: Moment): Step {
  const { session } = order;
  if (order.intent || !session) return { order, happened: [] };
  const id = moment.mint("pi_");
  const intent: Intent = {
    ...newIntent(id, moment),
    metadata: session.intentMetadata,
    description: session.intentDescription,
  };
  return { order: { ...order, intent }, happened: [{ kind: "intent_created" }] };
}

/** An intent in its first state, without anything of the merchant's. */
export function newIntent(id: string, moment: Moment): Intent {
  return {
    id,
    clientSecret: `${id}_secret_${moment.mint("")}`,
    status: "requires_payment_method",
    metadata: {},
    description: null,
    paymentMethodTypes: ["card"],
    automatic: true,
    createdAt: moment.now,
    card: null,
    processedAt: null,
    lastError: null,
    canceledAt: null,
    cancellationReason: null,
  };
}

export type Confirming = {
  card: CardName;
  /** What the buyer really pays for; the order's amount unless a fault says otherwise. */
  amount: bigint;
  /** Whether what has ended is paid all the same: what a channel's races look like from outside. */
  evenClosed: boolean;
};

/** The buyer confirms with a card. */
export function confirm(order: Order, asked: Confirming, moment: Moment): Step | Refusal {
  if (!asked.evenClosed && order.session && order.session.status !== "open") {
    return sessionOver(order.session.status);
  }
  const begun = withIntent(order, moment);
  const status = begun.order.intent!.status;
  const confirmable = status === "requires_payment_method" || status === "requires_action";
  if (!confirmable && !(asked.evenClosed && status === "canceled")) return unexpected(status, "confirm");
  const { behaviour } = cardNamed(asked.card);
  const ready = changed(begun, { card: asked.card, lastError: null });
  switch (behaviour) {
    case "declines":
      return failed(ready, declineOf(asked.card), moment);
    case "asks":
      return also(changed(ready, { status: "requires_action" }), { kind: "action_required" });
    case "slow": {
      const processedAt = new Date(moment.now.getTime() + processingMs);
      const step = also(changed(ready, { status: "processing", processedAt }), { kind: "processing" });
      return completed(step, "unpaid");
    }
    case "pays":
      return paid(ready, asked.amount, moment);
    case "disputes": {
      const step = paid(ready, asked.amount, moment);
      const disputed = openDispute(step.order, { amount: null, reason: "fraudulent" }, moment);
      if ("begun" in disputed) return disputed;
      return { order: disputed.order, happened: [...step.happened, ...disputed.happened] };
    }
  }
}

/** The buyer has authenticated, or has failed to. */
export function authenticate(order: Order, passed: boolean, amount: bigint, moment: Moment): Step | Refusal {
  const { intent } = order;
  if (intent?.status !== "requires_action") return unexpected(intent?.status ?? "none", "authenticate");
  const step = { order, happened: [] };
  if (passed) return paid(step, amount, moment);
  const message = "We are unable to authenticate your payment method. Please choose a different one.";
  const failure = { code: "payment_intent_authentication_failure", declineCode: null, message };
  return failed(step, failure, moment, false);
}

/** The buyer could not pay with whatever he tried: the intent waits for another card. */
export function declineOrder(order: Order, declineCode: string, moment: Moment): Step | Refusal {
  if (order.session && order.session.status !== "open") return sessionOver(order.session.status);
  const begun = withIntent(order, moment);
  const { status } = begun.order.intent!;
  if (status !== "requires_payment_method" && status !== "requires_action")
    return unexpected(status, "confirm");
  const ready = changed(begun, { card: "0002" });
  const message = declineMessages[declineCode] ?? "Your card was declined.";
  return failed(ready, { code: "card_declined", declineCode, message }, moment);
}

/** Nobody can pay any more. The intent of an expired session is cancelled with it. */
export function expireSession(order: Order, now: Date): Step | Refusal {
  const { session, intent } = order;
  if (session?.status !== "open") return sessionOver(session?.status ?? "none");
  const step: Step = { order: { ...order, session: { ...session, status: "expired" } }, happened: [] };
  const ended = intent ? canceled(step, "automatic", now) : step;
  return also(ended, { kind: "session_expired" });
}

/** The merchant takes an intent of its own back. */
export function cancelIntent(order: Order, reason: string | null, now: Date): Step | Refusal {
  const { status } = order.intent!;
  if (order.session) {
    const message = "A PaymentIntent of a Checkout Session cannot be canceled; expire the session instead.";
    return refused("payment_intent_unexpected_state", message);
  }
  if (status !== "requires_payment_method" && status !== "requires_action")
    return unexpected(status, "cancel");
  return canceled({ order, happened: [] }, reason, now);
}

/** The bank debit that was processing is done. */
export function finishProcessing(order: Order, moment: Moment): Step {
  return paid({ order, happened: [] }, order.amount, moment);
}

function paid(step: Step, amount: bigint, moment: Moment): Step {
  const { account, mint } = moment;
  const { card } = step.order.intent!;
  const charge: Charge = {
    ...newCharge(card ?? "4242", amount, moment),
    status: "succeeded",
    fee: feeOf(account, amount),
    movementId: mint("txn_"),
  };
  const order = { ...step.order, amount, charges: [...step.order.charges, charge] };
  const late = order.session?.status === "complete";
  const done = changed(
    { order, happened: [...step.happened, { kind: "charge_succeeded", chargeId: charge.id }] },
    { status: "succeeded", canceledAt: null, cancellationReason: null, processedAt: null, lastError: null },
  );
  const told = also(done, { kind: "paid" });
  if (!late) return completed({ ...told, order: { ...told.order, abandonedAt: null } }, "paid");
  const session = { ...told.order.session!, paymentStatus: "paid" as const };
  return also({ ...told, order: { ...told.order, session } }, { kind: "session_paid_late" });
}

function completed(step: Step, paymentStatus: "paid" | "unpaid"): Step {
  const { session } = step.order;
  if (!session) return step;
  const order = { ...step.order, session: { ...session, status: "complete" as const, paymentStatus } };
  return also({ ...step, order }, { kind: "session_completed" });
}

function failed(step: Step, failure: Omit<Failure, "chargeId">, moment: Moment, attempted = true): Step {
  const card = step.order.intent!.card ?? "0002";
  const charge = { ...newCharge(card, step.order.amount, moment), status: "failed" as const };
  const told: Failure = { ...failure, chargeId: attempted ? charge.id : null };
  const charges = attempted ? [...step.order.charges, { ...charge, failure: told }] : step.order.charges;
  const happened: Happening[] = [...step.happened];
  if (attempted) happened.push({ kind: "charge_failed", chargeId: charge.id });
  const next = { order: { ...step.order, charges }, happened };
  const back = changed(next, { status: "requires_payment_method", card: null, lastError: told });
  return also(back, { kind: "payment_failed" });
}

function newCharge(card: CardName, amount: bigint, { mint, now }: Moment): Charge {
  return {
    id: mint("ch_"),
    paymentMethodId: mint("pm_"),
    card,
    status: "failed",
    amount,
    fee: 0n,
    createdAt: now,
    movementId: null,
    failure: null,
  };
}

function declineOf(card: CardName): Omit<Failure, "chargeId"> {
  const declineCode = cardNamed(card).declineCode ?? "generic_decline";
  return { code: "card_declined", declineCode, message: declineMessages[declineCode]! };
}

function canceled(step: Step, cancellationReason: string | null, now: Date): Step {
  const next = changed(step, { status: "canceled", canceledAt: now, cancellationReason, card: null });
  return also(next, { kind: "canceled" });
}

function changed(step: Step, change: Partial<Intent>): Step {
  return { ...step, order: { ...step.order, intent: { ...step.order.intent!, ...change } } };
}

function also(step: Step, happening: Happening): Step {
  return { ...step, happened: [...step.happened, happening] };
}

function unexpected(status: IntentStatus | "none", act: string): Refusal {
  const message = `You cannot ${act} this PaymentIntent because it has a status of ${status}.`;
  return refused("payment_intent_unexpected_state", message);
}

function sessionOver(status: string): Refusal {
  const message = `Only Checkout Sessions with a status of open can be used; this one's is ${status}.`;
  return { status: 400, type: "invalid_request_error", message, begun: true };
}
