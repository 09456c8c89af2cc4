import { Refused } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import { type CardName, cardNames, cardOf } from "./cards.ts";
import { keepStep, type Locked, lockOrder, type StripeDeps, transact, type Work } from "./context.ts";
import { authenticate, confirm, declineOrder } from "./machine/payment.ts";
import { paidCharge, type Step } from "./machine/step.ts";
import { names, type Order, orders } from "./model.ts";
import { amountBuyerPays } from "./paying.ts";
import type { Refusal } from "./wire/refusals.ts";

// What a buyer does with a card: on the hosted page of a session, or in a shop's own form, which holds an
// intent's client secret.

/** A session, an intent or its client secret, bare or inside a link to the hosted page. */
const inHandPattern = /(?:^|\/c\/pay\/)((?:cs_test_|pi_)[0-9a-f]{24})(?:_secret_[0-9a-f]+)?(?:$|[?#])/;

/** Whether a text is something of Stripe's that a buyer can open. */
export function isStripeCode(code: string): boolean {
  return inHandPattern.test(code);
}

/** The order with this wallet token; undefined when there is none. */
export function stripeOrderOfToken(deps: StripeDeps, token: string): Promise<Order | undefined> {
  return deps.store.find(orders, "token", token);
}

/** The buyer opens the page. Nothing at Stripe changes. */
export async function openWithStripe(deps: StripeDeps, code: string): Promise<Order> {
  return acting(deps, code, async (unit, { order }) => {
    if (order.abandonedAt === null) return order;
    return keepStep(unit, { order: { ...order, abandonedAt: null }, happened: [] });
  });
}

export type CardPayment = {
  code: string;
  /** Null is the card that pays. */
  card: string | null;
  amount: bigint | null;
  /** Whether the buyer passes the authentication that the card asked for. */
  passes: boolean;
};

/**
 * The buyer pays with a card; where a card has asked for authentication, the buyer answers that. A card that
 * is declined is no refusal: the order says what happened.
 */
export async function payWithStripe(deps: StripeDeps, asked: CardPayment): Promise<Order> {
  const card = cardAsked(asked.card);
  return acting(deps, asked.code, async (unit, { order, moment }) => {
    const amount = asked.amount ?? (await amountBuyerPays(unit, order));
    const step =
      order.intent?.status === "requires_action" && asked.card === null
        ? authenticate(order, asked.passes, amount, moment)
        : confirm(order, { card, amount, evenClosed: false }, moment);
    return keepStep(unit, orRefused(step));
  });
}

/** The buyer could not pay; the reason is a decline code. An authentication under way fails. */
export async function failWithStripe(deps: StripeDeps, code: string, reason: string): Promise<Order> {
  return acting(deps, code, async (unit, { order, moment }) => {
    const step =
      order.intent?.status === "requires_action"
        ? authenticate(order, false, order.amount, moment)
        : declineOrder(order, reason, moment);
    return keepStep(unit, orRefused(step));
  });
}

/** The buyer leaves. Nothing ends: the page can be opened again until its time is over. */
export async function abandonWithStripe(deps: StripeDeps, code: string): Promise<Order> {
  return acting(deps, code, async (unit, { order }) => {
    if (paidCharge(order)) {
      throw new Refused(409, "trade_paid", "This payment is already made; there is nothing to leave.");
    }
    return keepStep(unit, { order: { ...order, abandonedAt: unit.now }, happened: [] });
  });
}

/** The buyer's money arrives whatever became of the order meanwhile. */
export async function payLate(unit: Work, { order, moment }: Locked): Promise<Order> {
  const amount = await amountBuyerPays(unit, order);
  return keepStep(unit, orRefused(confirm(order, { card: "4242", amount, evenClosed: true }, moment)));
}

/** Where the buyer's browser goes after paying: the session's success_url. */
export function stripeReturnUrl(order: Order): string | null {
  const { session } = order;
  if (session?.status !== "complete" || session.successUrl === null) return null;
  return session.successUrl.replaceAll("{CHECKOUT_SESSION_ID}", session.id);
}

/** The step, or Stripe's refusal as the wallet's own error. */
export function orRefused(step: Step | Refusal): Step {
  if (!("begun" in step)) return step;
  throw new Refused(409, step.code ?? "not_possible", step.message);
}

async function acting(
  deps: StripeDeps,
  code: string,
  act: (unit: Work, locked: Locked) => Promise<Order>,
): Promise<Order> {
  const id = await orderIdOf(deps.store, code);
  if (id === undefined) {
    const message = "Nothing to pay stands behind this; open a Checkout Session's url or a client secret.";
    throw new Refused(404, "code_unknown", message);
  }
  return transact(deps, async (unit) => act(unit, (await lockOrder(unit, id))!));
}

async function orderIdOf(reader: StoreReader, code: string): Promise<string | undefined> {
  const inHand = inHandPattern.exec(code)?.[1];
  if (inHand !== undefined) return (await reader.get(names, inHand))?.orderId;
  const token = /[?&]trade=([^&]+)/.exec(code)?.[1] ?? code;
  return (await reader.find(orders, "token", token))?.id;
}

function cardAsked(text: string | null): CardName {
  if (text === null) return "4242";
  const card = cardOf(text);
  if (card) return card;
  throw new Refused(400, "card_unknown", `card must be one of ${cardNames.join(", ")}.`);
}
