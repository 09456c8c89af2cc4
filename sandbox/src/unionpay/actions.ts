import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Forgery } from "../notifications/index.ts";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import {
  abandonWithUnionpay,
  failWithUnionpay,
  openWithUnionpay,
  payAs,
  payWithUnionpay,
  unionpayReturnUrl,
} from "./buyer.ts";
import { lockOrder, newMarks, transact, type UnionpayDeps, type Work } from "./context.ts";
import { refundedOf } from "./machine/follow-up.ts";
import { stateOf } from "./machine/purchase.ts";
import { type Order, orders } from "./model.ts";
import { claimedParams, notify, paymentParams } from "./notify.ts";

const amountMax = 10_000_000_000;
const forgeries = ["tampered", "foreign_key", "unsigned"] as const;

/** What the buyer and UnionPay itself do to one order, named by its orderId. */
export function registerUnionpayActionRoutes(app: FastifyInstance, deps: UnionpayDeps): void {
  const act = (path: string, more: string[], run: (found: Order, body: Body) => Promise<Order>): void => {
    app.post(`/unionpay/orders/:order_id/${path}`, async (request) => {
      const body = bodyOf(request.body, ["mer_id", ...more]);
      return view(deps, await run(await named(deps, request, body), body));
    });
  };
  act("open", [], ({ token }) => openWithUnionpay(deps, token));
  act("pay", ["amount"], ({ token }, body) => {
    const amount = integerField(body, "amount", 1, amountMax);
    const asked = { code: token, amount: amount === undefined ? null : BigInt(amount), voucher: 0n };
    return payWithUnionpay(deps, { ...asked, password: true });
  });
  act("fail", ["reason"], ({ token }, body) => failWithUnionpay(deps, token, textField(body, "reason", 200)));
  act("abandon", [], ({ token }) => abandonWithUnionpay(deps, token));
  act("pay-late", [], ({ id }) =>
    transact(deps, async (unit) =>
      payAs(unit, (await lockOrder(unit, id))!, { amount: null, evenOver: true }),
    ),
  );
  act("forge-notification", ["how"], ({ id }, body) => {
    const how = forgeries.find((one) => one === (textField(body, "how") ?? "foreign_key"));
    if (!how) throw new Refused(400, "field_invalid", `how must be one of ${forgeries.join(", ")}.`);
    return transact(deps, async (unit) => forge(unit, (await lockOrder(unit, id))!, how));
  });
}

type Body = Record<string, unknown>;

/** The newest order under this number, of the merchant that the body names where it names one. */
async function named(deps: UnionpayDeps, request: FastifyRequest, body: Body): Promise<Order> {
  const { order_id: orderId } = request.params as { order_id: string };
  const merId = textField(body, "mer_id", 32);
  const { records } = await deps.store.list(orders, { group: orderId, limit: 20 });
  const found = records.find((order) => merId === undefined || order.merId === merId);
  if (!found) throw new Refused(404, "order_unknown", `There is no order ${orderId}.`);
  return found;
}

function view(deps: UnionpayDeps, order: Order): object {
  const now = deps.clock.now();
  return {
    mer_id: order.merId,
    order_id: order.orderId,
    txn_time: order.txnTime,
    query_id: order.marks?.queryId ?? null,
    status: stateOf(order, now),
    amount_refunded: Number(refundedOf(order, now)),
    redirect_url: unionpayReturnUrl(deps, order),
  };
}

/** A notification of a payment that UnionPay never sent, about an order in whatever state it is. */
async function forge(unit: Work, order: Order, how: Forgery): Promise<Order> {
  if (order.backUrl === null) throw new Refused(409, "back_url_missing", "The order names no backUrl.");
  const params = order.payment ? paymentParams(order) : claimedParams(order, newMarks(unit));
  await notify(unit, order, order.backUrl, params, how);
  unit.madeDue = true;
  return order;
}
