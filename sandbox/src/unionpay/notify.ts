import { randomDigits } from "../clock.ts";
import { enqueueNotification, type Forgery } from "../notifications/index.ts";
import type { Work } from "./context.ts";
import { findFollowUp } from "./machine/follow-up.ts";
import type { Happening } from "./machine/purchase.ts";
import type { FollowUp, Marks, Order, Transaction } from "./model.ts";
import { unionpayNotifications } from "./notification-kind.ts";
import { own, said } from "./wire/message.ts";
import { messageOf } from "./wire/resp-codes.ts";
import type { Params } from "./wire/signing.ts";
import { clearingDate, compactTime, settleDate } from "./wire/time.ts";

/** Tells the merchant of a success, where it said where: payments, refunds and voids; never of a failure. */
export async function tell(unit: Work, order: Order, happening: Happening): Promise<boolean> {
  if (happening.kind === "reversed") return false;
  const followUp = happening.kind === "followed" ? findFollowUp(order, happening.queryId)! : null;
  const { backUrl } = followUp ?? order;
  if (backUrl === null) return false;
  await notify(unit, order, backUrl, followUp ? followUpParams(order, followUp) : paymentParams(order));
  return true;
}

/** What is told of a payment, in a notification and in the browser's return. */
export function paymentParams(order: Order): Params {
  const { total, accNo } = order.payment!;
  return transactionParams(order.merId, order, { marks: order.marks!, amount: total, accNo });
}

/** What is told of a payment that has not been made. */
export function claimedParams(order: Order, marks: Marks): Params {
  return transactionParams(order.merId, order, { marks, amount: order.total, accNo: "6216***********0018" });
}

/** UnionPay's marks of a transaction, as every message about it has them. */
export function markFields(marks: Marks, amount: bigint): Params {
  return {
    queryId: marks.queryId,
    traceNo: marks.traceNo,
    traceTime: compactTime(marks.at).slice(4),
    settleAmt: amount.toString(),
    settleCurrencyCode: "156",
    settleDate: settleDate(clearingDate(marks.at)),
  };
}

function followUpParams(order: Order, followUp: FollowUp): Params {
  const { marks, amount } = followUp;
  const accNo = order.payment!.accNo;
  const params = transactionParams(order.merId, followUp, { marks, amount, accNo });
  return { ...params, origQryId: order.marks!.queryId };
}

function transactionParams(
  merId: string,
  of: Transaction,
  moved: { marks: Marks; amount: bigint; accNo: string },
): Params {
  return said({
    ...own,
    txnType: of.txnType,
    txnSubType: of.txnSubType,
    bizType: of.bizType,
    accessType: of.accessType,
    merId,
    orderId: of.orderId,
    txnTime: of.txnTime,
    txnAmt: moved.amount.toString(),
    currencyCode: "156",
    reqReserved: of.reqReserved,
    accNo: moved.accNo,
    respCode: "00",
    respMsg: messageOf("00"),
    ...markFields(moved.marks, moved.amount),
  });
}

/** Writes a notification about the order; a forged one where `forgery` says how. */
export async function notify(
  unit: Work,
  order: Order,
  url: string,
  params: Params,
  forgery: Forgery | null = null,
): Promise<void> {
  const draft = {
    kind: unionpayNotifications,
    newNotifyId: () => `UP${randomDigits(unit.deps.random, 20)}`,
    appId: order.merId,
    mchid: order.merId,
    orderId: order.id,
    outTradeNo: order.orderId,
    url,
    params,
  };
  await enqueueNotification(unit.tx, unit.deps, unit.armed, draft, forgery);
}
