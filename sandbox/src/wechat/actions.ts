import type { FastifyInstance, FastifyRequest } from "fastify";
import { randomDigits } from "../clock.ts";
import type { Forgery } from "../notifications/index.ts";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import {
  abandonWithWechat,
  failWithWechat,
  openInWallet,
  payAs,
  payWithWechat,
  sandboxOpenid,
} from "./buyer.ts";
import { keepStep, lockOrder, newRefundId, transact, type WechatDeps, type Work } from "./context.ts";
import { tradeStateOf } from "./machine/order.ts";
import { refundDelayMs, refundedOf, refundOrder } from "./machine/refund.ts";
import { type Order, orders } from "./model.ts";
import { notify, paymentParams } from "./notify.ts";
import { viewShares } from "./sharing/views.ts";
import { viewTransaction } from "./views.ts";
import { formatRfc3339 } from "./wire/time.ts";

const amountMax = 10_000_000_000;
const forgeries = ["tampered", "foreign_key", "unsigned", "probe"] as const;
const reasonDefault = "余额不足";

/** What the buyer and WeChat Pay itself do to one order, named by its out_trade_no. */
export function registerWechatActionRoutes(app: FastifyInstance, deps: WechatDeps): void {
  registerBuyerRoutes(app, deps);
  registerConsoleRefund(app, deps);
  app.post("/wechat/orders/:out_trade_no/pay-late", async (request) => {
    const found = await named(deps, request, bodyOf(request.body, ["mchid"]));
    return acting(deps, found, (unit, order) =>
      payAs(unit, order, { amount: null, coupon: 0n, evenClosed: true }),
    );
  });
  app.post("/wechat/orders/:out_trade_no/forge-notification", async (request) => {
    const body = bodyOf(request.body, ["mchid", "how"]);
    const how = forgeries.find((one) => one === (textField(body, "how") ?? "foreign_key"));
    if (!how) throw new Refused(400, "field_invalid", `how must be one of ${forgeries.join(", ")}.`);
    return acting(deps, await named(deps, request, body), (unit, order) => forge(unit, order, how));
  });
  app.get("/wechat/orders/:out_trade_no/shares", async (request) => {
    const found = await named(deps, request, request.query as Record<string, unknown>);
    return viewShares(found, deps.clock.now());
  });
}

/** A refund made by hand in the merchant platform, which the merchant's own systems know nothing of. */
function registerConsoleRefund(app: FastifyInstance, deps: WechatDeps): void {
  app.post("/wechat/orders/:out_trade_no/console-refund", async (request) => {
    const body = bodyOf(request.body, ["mchid", "amount", "notify_url"]);
    const amount = integerField(body, "amount", 1, amountMax);
    const notifyUrl = textField(body, "notify_url", 256) ?? null;
    return acting(deps, await named(deps, request, body), async (unit, order) => {
      const total = order.payment?.total ?? 0n;
      const step = refundOrder(order, {
        outRefundNo: `console${randomDigits(unit.deps.random, 20)}`,
        refundId: newRefundId(unit),
        amount: amount === undefined ? total - refundedOf(order) : BigInt(amount),
        total,
        reason: null,
        notifyUrl,
        now: unit.now,
        outcome: "SUCCESS",
        settlesAt: new Date(unit.now.getTime() + refundDelayMs),
      });
      if ("refused" in step) throw new Refused(409, "refund_refused", step.message ?? step.refused);
      return keepStep(unit, step);
    });
  });
}

function registerBuyerRoutes(app: FastifyInstance, deps: WechatDeps): void {
  app.post("/wechat/orders/:out_trade_no/open", async (request) => {
    const found = await named(deps, request, bodyOf(request.body, ["mchid"]));
    return view(await openInWallet(deps, found.token, null));
  });
  app.post("/wechat/orders/:out_trade_no/pay", async (request) => {
    const body = bodyOf(request.body, ["mchid", "amount", "coupon_amount"]);
    const amount = integerField(body, "amount", 1, amountMax);
    const found = await named(deps, request, body);
    const paid = await payWithWechat(deps, {
      code: found.token,
      buyer: null,
      amount: amount === undefined ? null : BigInt(amount),
      coupon: BigInt(integerField(body, "coupon_amount", 0, amountMax) ?? 0),
      password: true,
    });
    return view(paid.order);
  });
  app.post("/wechat/orders/:out_trade_no/fail", async (request) => {
    const body = bodyOf(request.body, ["mchid", "reason"]);
    const found = await named(deps, request, body);
    return view(
      await failWithWechat(
        deps,
        { code: found.token, buyer: null },
        textField(body, "reason", 200) ?? reasonDefault,
      ),
    );
  });
  app.post("/wechat/orders/:out_trade_no/abandon", async (request) => {
    const found = await named(deps, request, bodyOf(request.body, ["mchid"]));
    return view(await abandonWithWechat(deps, found.token));
  });
}

/** The order under this number, of the merchant that the body names where it names one. */
async function named(
  deps: WechatDeps,
  request: FastifyRequest,
  body: Record<string, unknown>,
): Promise<Order> {
  const { out_trade_no: outTradeNo } = request.params as { out_trade_no: string };
  const mchid = textField(body, "mchid", 32);
  const { records } = await deps.store.list(orders, { group: outTradeNo, limit: 20 });
  const found = records.find((order) => mchid === undefined || order.mchid === mchid);
  if (!found) throw new Refused(404, "order_unknown", `There is no order ${outTradeNo}.`);
  return found;
}

async function acting(
  deps: WechatDeps,
  found: Order,
  act: (unit: Work, order: Order) => Promise<Order>,
): Promise<object> {
  return view(await transact(deps, async (unit) => act(unit, (await lockOrder(unit, found.id))!)));
}

function view(order: Order): object {
  return {
    mchid: order.mchid,
    out_trade_no: order.outTradeNo,
    transaction_id: order.payment?.transactionId ?? null,
    trade_state: tradeStateOf(order),
    amount_refunded: Number(refundedOf(order)),
  };
}

/** A notification of a payment that WeChat Pay never sent, about an order in whatever state it is. */
async function forge(unit: Work, order: Order, how: Forgery): Promise<Order> {
  const claimed = order.payment
    ? viewTransaction(order)
    : {
        ...viewTransaction(order),
        transaction_id: "4200000000200001010000000001",
        trade_type: "NATIVE",
        bank_type: "OTHERS",
        success_time: formatRfc3339(unit.now),
        trade_state: "SUCCESS",
        trade_state_desc: "支付成功",
        payer: { openid: sandboxOpenid },
        amount: { total: Number(order.total), payer_total: Number(order.total), currency: "CNY" },
      };
  await notify(unit, order, order.notifyUrl, paymentParams(claimed), how);
  unit.madeDue = true;
  return order;
}
