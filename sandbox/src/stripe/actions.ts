import type { FastifyInstance } from "fastify";
import type { Forgery } from "../notifications/index.ts";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import { orRefused, payLate } from "./buyer.ts";
import { keepStep, type Locked, lockOrder, type StripeDeps, transact, type Work } from "./context.ts";
import { newId } from "./ids.ts";
import { reverse } from "./jobs.ts";
import { decideDispute, openDispute } from "./machine/dispute.ts";
import { newIntent } from "./machine/payment.ts";
import { refundedOf } from "./machine/refund.ts";
import { names, type Order, orders, type StripeEvent } from "./model.ts";
import { notify } from "./tell.ts";
import { viewIntent } from "./views.ts";

const amountMax = 10_000_000_000;
const failsAfterMsMax = 30 * 86_400_000;
const forgeries = ["tampered", "foreign_key", "unsigned"] as const;
const outcomes = ["won", "lost"] as const;

/**
 * What the cardholder's bank and Stripe itself do to one order, named by its number, a token or the id of
 * anything in it.
 */
export function registerStripeActionRoutes(app: FastifyInstance, deps: StripeDeps): void {
  registerDisputes(app, deps);
  app.post("/stripe/orders/:order/pay-late", async (request) => {
    const body = bodyOf(request.body, ["account_id"]);
    return acting(deps, orderOf(request.params), body, payLate);
  });
  app.post("/stripe/orders/:order/refund", async (request) => {
    const body = bodyOf(request.body, ["account_id", "amount", "fails_after_ms"]);
    const amount = amountIn(body);
    const failsAfterMs = integerField(body, "fails_after_ms", 1, failsAfterMsMax) ?? null;
    return acting(deps, orderOf(request.params), body, (unit, locked) =>
      reverse(unit, locked, amount, failsAfterMs),
    );
  });
  app.post("/stripe/orders/:order/forge-notification", async (request) => {
    const body = bodyOf(request.body, ["account_id", "how"]);
    const how = forgeries.find((one) => one === (textField(body, "how") ?? "foreign_key"));
    if (!how) throw new Refused(400, "field_invalid", `how must be one of ${forgeries.join(", ")}.`);
    return acting(deps, orderOf(request.params), body, (unit, locked) => forge(unit, locked, how));
  });
}

function registerDisputes(app: FastifyInstance, deps: StripeDeps): void {
  app.post("/wallet/dispute", async (request) => {
    const body = bodyOf(request.body, ["order", "account_id", "amount", "reason"]);
    const asked = { amount: amountIn(body), reason: textField(body, "reason", 64) ?? "fraudulent" };
    return acting(deps, orderIn(body), body, (unit, { order, moment }) =>
      keepStep(unit, orRefused(openDispute(order, asked, moment))),
    );
  });
  app.post("/wallet/dispute-decide", async (request) => {
    const body = bodyOf(request.body, ["order", "account_id", "outcome"]);
    const outcome = outcomes.find((one) => one === textField(body, "outcome"));
    if (!outcome) throw new Refused(400, "field_invalid", `outcome must be one of ${outcomes.join(", ")}.`);
    return acting(deps, orderIn(body), body, (unit, { order, moment }) =>
      keepStep(unit, orRefused(decideDispute(order, outcome, moment))),
    );
  });
}

function orderOf(params: unknown): string {
  return (params as { order: string }).order;
}

function orderIn(body: Record<string, unknown>): string {
  const order = textField(body, "order", 256);
  if (order !== undefined) return order;
  throw new Refused(
    400,
    "field_missing",
    "order is required: its number, a token, or the id of anything in it.",
  );
}

function amountIn(body: Record<string, unknown>): bigint | null {
  const amount = integerField(body, "amount", 1, amountMax);
  return amount === undefined ? null : BigInt(amount);
}

async function acting(
  deps: StripeDeps,
  order: string,
  body: Record<string, unknown>,
  act: (unit: Work, locked: Locked) => Promise<Order>,
): Promise<object> {
  const found = await named(deps, order, textField(body, "account_id", 32));
  return view(await transact(deps, async (unit) => act(unit, (await lockOrder(unit, found.id))!)));
}

async function named(deps: StripeDeps, text: string, accountId: string | undefined): Promise<Order> {
  const { store } = deps;
  const name = await store.get(names, text);
  const direct = name ? await store.get(orders, name.orderId) : await store.find(orders, "token", text);
  if (direct) return direct;
  const { records } = await store.list(orders, { group: text, limit: 20 });
  const ofAccount = records.filter((order) => accountId === undefined || order.accountId === accountId);
  // A payment that was tried again under the same number: the one with money in it is meant.
  const found = ofAccount.find((order) => order.charges.length > 0) ?? ofAccount[0];
  if (found) return found;
  throw new Refused(404, "order_unknown", `There is no order ${text}.`);
}

function view(order: Order): object {
  return {
    account_id: order.accountId,
    order_no: order.orderNo,
    checkout_session: order.session?.id ?? null,
    payment_intent: order.intent?.id ?? null,
    status: order.intent?.status ?? "requires_payment_method",
    amount: Number(order.amount),
    currency: order.currency.toUpperCase(),
    amount_refunded: Number(refundedOf(order)),
    refunds: order.refunds.map((refund) => ({
      id: refund.id,
      amount: Number(refund.amount),
      status: refund.status,
      by: refund.by,
    })),
    disputes: order.disputes.map((dispute) => ({
      id: dispute.id,
      amount: Number(dispute.amount),
      fee: Number(dispute.fee),
      status: dispute.status,
    })),
  };
}

/** An event of a payment that Stripe never sent, about an order in whatever state it is. */
async function forge(unit: Work, { order, moment }: Locked, how: Forgery): Promise<Order> {
  const intent = order.intent ?? newIntent(newId(unit.deps.random, "pi_"), moment);
  const claimed = viewIntent({ ...order, intent: { ...intent, status: "succeeded" } }, unit.deps.url());
  const event: StripeEvent = {
    id: newId(unit.deps.random, "evt_"),
    accountId: order.accountId,
    type: "payment_intent.succeeded",
    object: JSON.stringify({ ...claimed, amount_received: Number(order.amount) }),
    orderId: order.id,
    createdAt: unit.now,
  };
  if (await notify(unit, order, event, how)) unit.madeDue = true;
  return order;
}
