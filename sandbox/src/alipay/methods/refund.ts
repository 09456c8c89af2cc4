import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import { type Fault, numberParam, textParam } from "../../faults/index.ts";
import { orRefuse, refusalAnswer } from "../biz.ts";
import { faultContext, keepStep, transact, type Work } from "../context.ts";
import { findRefund, refundedOf, refundTrade } from "../machine/refund.ts";
import type { Order, Refund } from "../model.ts";
import { royaltyReturnsOf } from "../royalty/biz.ts";
import { keepRoyaltyReturn } from "../royalty/book.ts";
import { takeRoyaltyBack } from "../royalty/machine.ts";
import { type Answer, success } from "../wire/answer.ts";
import { type Call, lockNamedOrder, type Method } from "./call.ts";

const FOR_LACK_OF_FUNDS = "ACQ.SELLER_BALANCE_NOT_ENOUGH";
const FOR_GOOD = "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL";

const isSet = (fault: Fault, name: string) => textParam(fault, name) === "true";

/**
 * alipay.trade.refund: idempotent by out_request_no, which is the out_trade_no where the merchant gives none.
 */
export const refund: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const order = await lockNamedOrder(unit, call);
    const outRequestNo = call.biz.text("out_request_no", 64) ?? order.outTradeNo;
    const amount = call.biz.yuan("refund_amount");
    const repeat = findRefund(order, outRequestNo) !== undefined;
    const context = faultContext(order, call.method);
    const refused = repeat ? undefined : await unit.armed.take("refund_refused", context);
    // Returned, not thrown: the fault is used up.
    const refusal = refused && refusalAnswer(isSet(refused, "final") ? FOR_GOOD : FOR_LACK_OF_FUNDS);
    if (refusal && !isSet(refused, "executed")) return refusal;
    const returns = repeat ? [] : royaltyReturnsOf(call.biz, outRequestNo);
    const failed = returns.length > 0 && (await unit.armed.take("share_return_failed", context));
    if (failed) return refusalAnswer("ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST");
    const giving = orRefuse(takeRoyaltyBack(order, returns));
    const step = orRefuse(
      refundTrade(giving, {
        outRequestNo,
        amount,
        reason: call.biz.text("refund_reason", 256),
        now: unit.now,
        by: "merchant",
        depositBack: repeat ? null : await depositBackOf(unit, order, call.method),
      }),
    );
    const unmoved = repeat ? undefined : await unit.armed.take("fund_change_n", context);
    if (unmoved && textParam(unmoved, "moved") === "false") return refundAnswer(order, amount, null, call);
    const kept = await keepStep(unit, step);
    for (const one of returns) await keepRoyaltyReturn(unit, kept, one);
    if (refusal) return refusal;
    const made = findRefund(kept, outRequestNo)!;
    return refundAnswer(kept, amount, { refund: made, changed: !repeat && !unmoved }, call);
  });

/**
 * alipay.trade.fastpay.refund.query: knows a refund only by its own number, and says nothing of one it never
 * made.
 */
export const refundQuery: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const outRequestNo = call.biz.required("out_request_no", 64);
    const order = await lockNamedOrder(unit, call);
    const found = findRefund(order, outRequestNo);
    if (!found) return success({});
    return success({
      trade_no: order.trade!.tradeNo,
      out_trade_no: order.outTradeNo,
      out_request_no: found.outRequestNo,
      refund_reason: found.reason,
      total_amount: formatYuan(order.trade!.payment!.total),
      refund_amount: formatYuan(found.amount),
      refund_status: "REFUND_SUCCESS",
      gmt_refund_pay: formatBeijing(found.refundedAt),
      send_back_fee: formatYuan(found.receipt),
      deposit_back_info: depositBackShown(found, unit.now),
    });
  });

function refundAnswer(
  order: Order,
  amount: bigint,
  made: { refund: Refund; changed: boolean } | null,
  call: Call,
): Answer {
  const payment = order.trade!.payment!;
  const detail = call.biz.list("query_options").includes("refund_detail_item_list");
  return success({
    trade_no: order.trade!.tradeNo,
    out_trade_no: order.outTradeNo,
    buyer_logon_id: payment.buyer.logonId,
    buyer_user_id: payment.buyer.userId,
    buyer_open_id: payment.buyer.openId,
    fund_change: made?.changed ? "Y" : "N",
    refund_fee: formatYuan(refundedOf(order)),
    send_back_fee: made ? formatYuan(made.refund.receipt) : undefined,
    gmt_refund_pay: made ? formatBeijing(made.refund.refundedAt) : undefined,
    store_name: order.storeId,
    refund_detail_item_list: detail
      ? [{ fund_channel: "ALIPAYACCOUNT", amount: formatYuan(amount) }]
      : undefined,
  });
}

async function depositBackOf(unit: Work, order: Order, method: string): Promise<Refund["depositBack"]> {
  const returned = await unit.armed.take("refund_returned", faultContext(order, method));
  if (!returned) return null;
  return { outcome: "F", settlesAt: new Date(unit.now.getTime() + numberParam(returned, "ms")) };
}

function depositBackShown(found: Refund, now: Date): Record<string, string> | undefined {
  const back = found.depositBack;
  if (!back) return undefined;
  const settled = now >= back.settlesAt;
  return {
    has_deposit_back: "true",
    dback_status: settled ? back.outcome : "P",
    dback_amount: formatYuan(found.amount),
    ...(settled
      ? { bank_ack_time: formatBeijing(back.settlesAt) }
      : { est_bank_receipt_time: formatBeijing(back.settlesAt) }),
  };
}
