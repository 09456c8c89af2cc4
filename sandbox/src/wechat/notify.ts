import { beijingDate } from "../china/beijing.ts";
import { randomDigits } from "../clock.ts";
import { enqueueNotification, type Forgery } from "../notifications/index.ts";
import type { Work } from "./context.ts";
import type { Happening } from "./machine/order.ts";
import { findRefund } from "./machine/refund.ts";
import { merchants, type Order, type RefundStatus } from "./model.ts";
import { wechatNotifications } from "./notification-kind.ts";
import { viewRefundTold, viewTransaction } from "./views.ts";

const refundSentences: Record<RefundStatus, string> = {
  PROCESSING: "",
  SUCCESS: "退款成功",
  ABNORMAL: "退款异常",
  CLOSED: "退款关闭",
};

/**
 * Tells the merchant of what happened, where WeChat Pay does: payments, and ends of refunds; never a close.
 */
export async function tell(unit: Work, order: Order, happening: Happening): Promise<boolean> {
  // Of a payment code the merchant learns by the answer, or by asking.
  if (happening.kind === "paid" && order.code) return false;
  if (happening.kind === "paid") {
    await notify(unit, order, order.notifyUrl, paymentParams(viewTransaction(order)));
    return true;
  }
  if (happening.kind !== "refund_ended") return false;
  const refund = findRefund(order, happening.outRefundNo)!;
  const url = refund.notifyUrl ?? (await unit.tx.get(merchants, order.mchid))?.refundNotifyUrl ?? null;
  if (url === null) return false;
  await notify(unit, order, url, {
    event_type: `REFUND.${refund.status}`,
    summary: refundSentences[refund.status],
    original_type: "refund",
    resource: JSON.stringify(viewRefundTold(order, refund)),
  });
  return true;
}

/** What is told of a payment. */
export function paymentParams(transaction: Record<string, unknown>): Record<string, string> {
  return {
    event_type: "TRANSACTION.SUCCESS",
    summary: "支付成功",
    original_type: "transaction",
    resource: JSON.stringify(transaction),
  };
}

/** Writes a notification about the order; a forged one where `forgery` says how. */
export async function notify(
  unit: Work,
  order: Order,
  url: string,
  params: Record<string, string>,
  forgery: Forgery | null = null,
): Promise<void> {
  const day = beijingDate(unit.now).replaceAll("-", "");
  const draft = {
    kind: wechatNotifications,
    newNotifyId: () => `EV-${day}${randomDigits(unit.deps.random, 15)}`,
    appId: order.appid,
    mchid: order.mchid,
    orderId: order.id,
    outTradeNo: order.outTradeNo,
    url,
    params,
  };
  await enqueueNotification(unit.tx, unit.deps, unit.armed, draft, forgery);
}
