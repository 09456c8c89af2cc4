import type { FastifyInstance } from "fastify";
import { formatBeijing } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import type { Forgery } from "../notifications/index.ts";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import { BusinessRefusal } from "./biz.ts";
import { type AlipayDeps, lockOrder, notify, transact, type Work } from "./context.ts";
import { payLate, reverse } from "./jobs.ts";
import { refundedOf } from "./machine/refund.ts";
import { acqSentences } from "./machine/refusals.ts";
import { type Order, orders } from "./model.ts";
import { notificationParams } from "./notify.ts";
import { viewShares } from "./royalty/views.ts";

const amountMax = 10_000_000_000;
const forgeries = ["tampered", "foreign_key", "unsigned"] as const;

/** Things that a channel does on its own, done now: to one order, named by its out_trade_no. */
export function registerActionRoutes(app: FastifyInstance, deps: AlipayDeps): void {
  app.post("/alipay/trades/:out_trade_no/reverse", async (request) => {
    const body = bodyOf(request.body, ["app_id", "amount"]);
    const amount = integerField(body, "amount", 1, amountMax);
    return acting(deps, request.params, body, (unit, order) =>
      reverse(unit, order, amount === undefined ? null : BigInt(amount)),
    );
  });
  app.post("/alipay/trades/:out_trade_no/pay-late", async (request) => {
    const body = bodyOf(request.body, ["app_id"]);
    return acting(deps, request.params, body, payLate);
  });
  app.post("/alipay/trades/:out_trade_no/forge-notification", async (request) => {
    const body = bodyOf(request.body, ["app_id", "how", "trade_status"]);
    const how = forgeries.find((one) => one === (textField(body, "how") ?? "foreign_key"));
    if (!how) throw new Refused(400, "field_invalid", `how must be one of ${forgeries.join(", ")}.`);
    const status = textField(body, "trade_status", 32) ?? "TRADE_SUCCESS";
    return acting(deps, request.params, body, (unit, order) => forge(unit, order, how, status));
  });
  app.get("/alipay/trades/:out_trade_no/shares", async (request) =>
    viewShares(await named(deps, request.params, request.query as Record<string, unknown>)),
  );
}

async function named(deps: AlipayDeps, params: unknown, given: Record<string, unknown>): Promise<Order> {
  const { out_trade_no: outTradeNo } = params as { out_trade_no: string };
  const appId = textField(given, "app_id", 32);
  const { records } = await deps.store.list(orders, { group: outTradeNo, limit: 20 });
  const found = records.find((order) => appId === undefined || order.appId === appId);
  if (!found) throw new Refused(404, "trade_unknown", `There is no order ${outTradeNo}.`);
  return found;
}

async function acting(
  deps: AlipayDeps,
  params: unknown,
  body: Record<string, unknown>,
  act: (unit: Work, order: Order) => Promise<Order>,
): Promise<object> {
  const found = await named(deps, params, body);
  try {
    const order = await transact(deps, async (unit) => act(unit, (await lockOrder(unit, found.id))!));
    return {
      out_trade_no: order.outTradeNo,
      trade_no: order.trade?.tradeNo ?? null,
      status: order.trade?.status ?? "NOT_OPENED",
      amount_refunded: Number(refundedOf(order)),
    };
  } catch (error) {
    if (!(error instanceof BusinessRefusal)) throw error;
    throw new Refused(409, error.code, acqSentences[error.code]);
  }
}

/** A notification that Alipay never sent, about an order in whatever state it is. */
async function forge(unit: Work, order: Order, how: Forgery, status: string): Promise<Order> {
  if (!order.notifyUrl) throw new Refused(409, "notify_url_missing", "The order names no notify_url.");
  const claimed: Record<string, string> = order.trade
    ? notificationParams(order, { kind: "paid" })
    : {
        notify_type: "trade_status_sync",
        app_id: order.appId,
        auth_app_id: order.authAppId,
        charset: "utf-8",
        version: "1.0",
        trade_no: "2000010122001400000000000001",
        out_trade_no: order.outTradeNo,
        seller_id: order.sellerId,
        total_amount: formatYuan(order.total),
        subject: order.subject,
        gmt_create: formatBeijing(order.placedAt),
      };
  const params = { ...claimed, trade_status: status, gmt_payment: formatBeijing(unit.now) };
  await notify(unit, order, params, how);
  return order;
}
