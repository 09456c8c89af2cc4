import { formatBeijing } from "../../china/beijing.ts";
import { numberParam } from "../../faults/index.ts";
import { BusinessRefusal, orRefuse } from "../biz.ts";
import { faultContext, jobOf, keepStep, plan, transact, type Work } from "../context.ts";
import { cancelTrade, closeTrade } from "../machine/trade.ts";
import type { Order } from "../model.ts";
import { success } from "../wire/answer.ts";
import { findNamedOrder, type Method } from "./call.ts";

/** alipay.trade.close: ends a trade that nobody has paid. */
export const close: Method = async (deps, call) => {
  // A refusal undoes its transaction; what the fault plans must stay, so the refusal is thrown afterwards.
  const result = await transact(deps, async (unit) => {
    const order = await findNamedOrder(unit, call);
    if (order) await planPaidAfterwards(unit, order, call.method);
    if (!order?.trade) return undefined;
    return keepStep(unit, orRefuse(closeTrade(order, unit.now)));
  });
  if (!result) throw new BusinessRefusal("ACQ.TRADE_NOT_EXIST");
  return success({ out_trade_no: result.outTradeNo, trade_no: result.trade!.tradeNo });
};

/**
 * alipay.trade.cancel: for a charge whose result is unknown. Closes or refunds; `action` says which, and is
 * absent where Alipay found no trade.
 */
export const cancel: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const order = await findNamedOrder(unit, call);
    const outTradeNo = order?.outTradeNo ?? call.biz.text("out_trade_no", 64);
    if (!order) return success({ out_trade_no: outTradeNo, retry_flag: "N" });
    const names = { out_trade_no: outTradeNo, trade_no: order.trade?.tradeNo };
    if (await unit.armed.take("cancel_retry_flag", faultContext(order, call.method))) {
      return success({ ...names, retry_flag: "Y" });
    }
    await planPaidAfterwards(unit, order, call.method);
    const step = orRefuse(cancelTrade(order, unit.now));
    const kept = await keepStep(unit, step);
    const refundedAt = step.action === "refund" ? kept.refunds.at(-1)?.refundedAt : undefined;
    return success({
      ...names,
      retry_flag: "N",
      action: step.action,
      gmt_refund_pay: refundedAt && formatBeijing(refundedAt),
    });
  });

/** The buyer's money that arrives after the merchant gave the order up, where a fault says so. */
async function planPaidAfterwards(unit: Work, order: Order, method: string): Promise<void> {
  if (order.trade && order.trade.status !== "WAIT_BUYER_PAY") return;
  const kind = order.trade ? "paid_after_close" : "abandoned_code_paid";
  const fault = await unit.armed.take(kind, faultContext(order, method));
  if (!fault) return;
  await plan(unit, jobOf(order, "pay", new Date(unit.now.getTime() + numberParam(fault, "ms"))));
}
