import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import { type Biz, BusinessRefusal, invalid, orRefuse, refusalAnswer } from "../biz.ts";
import { sandboxBuyer } from "../buyers.ts";
import { keepStep, lockOrder, newTradeNo, transact, type Work } from "../context.ts";
import { failTrade, openTrade } from "../machine/trade.ts";
import { type Order, orders, type PaymentCode, paymentCodes } from "../model.ts";
import { fundBills, vouchers } from "../notify.ts";
import { payAs } from "../paying.ts";
import { insertOrder, newOrder } from "../place.ts";
import { success, waitingForBuyer } from "../wire/answer.ts";
import type { Method } from "./call.ts";
import { paidFields } from "./query.ts";

/** alipay.trade.pay: charges the code that the buyer shows. 10000 is paid, 10003 waits for a password. */
export const pay: Method = async (deps, call) => {
  const outcome = await transact(deps, async (unit) => {
    const scene = call.biz.text("scene", 32) ?? "bar_code";
    if (scene !== "bar_code" && scene !== "wave_code") throw invalid("scene");
    const asked = newOrder(unit, { ...call, scene: "code" });
    const authCode = authCodeOf(call.biz);
    const known = await lockOrder(unit, asked.id);
    return known ? repeated(known, asked, authCode) : charged(unit, asked, authCode);
  });
  if ("refused" in outcome) throw new BusinessRefusal(outcome.refused);
  const { order } = outcome;
  if (order.trade!.payment) return success(paidAnswer(order));
  const names = { trade_no: order.trade!.tradeNo, out_trade_no: order.outTradeNo };
  return order.trade!.awaitsPassword
    ? waitingForBuyer({ ...names, ...zeroAmounts, total_amount: formatYuan(order.total) })
    : refusalAnswer("ACQ.BUYER_BALANCE_NOT_ENOUGH", undefined, { ...names, ...zeroAmounts });
};

/** What a refused alipay.trade.pay says of amounts. */
export const zeroAmounts = {
  buyer_pay_amount: "0.00",
  invoice_amount: "0.00",
  point_amount: "0.00",
  receipt_amount: "0.00",
};

type Outcome = { order: Order } | { refused: "ACQ.PAYMENT_AUTH_CODE_INVALID" };

/** The same call once more: the trade as it now is. A code is good for one order, an order for one code. */
function repeated(known: Order, asked: Order, authCode: string): Outcome {
  const { trade } = known;
  if (known.scene !== "code" || known.total !== asked.total || known.subject !== asked.subject) {
    throw new BusinessRefusal("ACQ.CONTEXT_INCONSISTENT");
  }
  if (trade?.payment) throw new BusinessRefusal("ACQ.TRADE_HAS_SUCCESS");
  if (trade?.status === "TRADE_CLOSED") throw new BusinessRefusal("ACQ.TRADE_HAS_CLOSE");
  return trade?.authCode === authCode && trade.awaitsPassword
    ? { order: known }
    : { refused: "ACQ.PAYMENT_AUTH_CODE_INVALID" };
}

async function charged(unit: Work, asked: Order, authCode: string): Promise<Outcome> {
  const code = await unit.tx.lock(paymentCodes, authCode);
  if (!code || code.usedByOrder !== null || unit.now >= code.expiresAt) {
    return { refused: "ACQ.PAYMENT_AUTH_CODE_INVALID" };
  }
  await unit.tx.update(paymentCodes, { ...code, usedByOrder: asked.id });
  const { order } = orRefuse(openTrade(asked, newTradeNo(unit), unit.now, authCode));
  await insertOrder(unit, order);
  return { order: await asTheBuyerBehaves(unit, order, code.behaviour) };
}

async function asTheBuyerBehaves(
  unit: Work,
  order: Order,
  behaviour: PaymentCode["behaviour"],
): Promise<Order> {
  if (behaviour === "pays") {
    return payAs(unit, order, { buyer: sandboxBuyer, amount: null, voucher: 0n });
  }
  if (behaviour === "insufficient_balance") {
    return keepStep(unit, orRefuse(failTrade(order, "ACQ.BUYER_BALANCE_NOT_ENOUGH", unit.now)));
  }
  const waiting = { ...order, trade: { ...order.trade!, awaitsPassword: true } };
  await unit.tx.update(orders, waiting);
  return waiting;
}

function authCodeOf(biz: Biz): string {
  const authCode = biz.required("auth_code", 64);
  if (!/^(2[5-9]|30)\d{14,22}$/.test(authCode)) throw new BusinessRefusal("ACQ.PAYMENT_AUTH_CODE_INVALID");
  return authCode;
}

function paidAnswer(order: Order): Record<string, unknown> {
  const payment = order.trade!.payment!;
  return {
    trade_no: order.trade!.tradeNo,
    out_trade_no: order.outTradeNo,
    total_amount: formatYuan(payment.total),
    ...paidFields(order),
    gmt_payment: formatBeijing(payment.paidAt),
    fund_bill_list: fundBills(order, "fund_channel"),
    store_name: order.storeId,
    voucher_detail_list: payment.voucher > 0n ? vouchers(order) : undefined,
  };
}
