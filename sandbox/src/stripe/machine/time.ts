import type { Order } from "../model.ts";
import { expireSession, finishProcessing } from "./payment.ts";
import { settleRefund } from "./refund.ts";
import type { Happening, Moment, Step } from "./step.ts";

/**
 * The order as it is now: an open session past its time has expired, a bank is done, refunds have arrived or
 * come back.
 */
export function settleTime(order: Order, moment: Moment): Step {
  const { now } = moment;
  let step: Step = { order, happened: [] };
  const { session, intent } = order;
  if (session?.status === "open" && now >= session.expiresAt) {
    const expired = expireSession(order, now);
    if ("order" in expired) step = expired;
  }
  if (intent?.processedAt && now >= intent.processedAt) step = finishProcessing(step.order, moment);
  const happened: Happening[] = [...step.happened];
  const refunds = step.order.refunds.map((refund) => {
    const settled = settleRefund(refund, moment);
    if (!settled) return refund;
    happened.push({ kind: settled.failed ? "refund_failed" : "refund_updated", refundId: refund.id });
    return settled.refund;
  });
  return happened.length === 0 ? step : { order: { ...step.order, refunds }, happened };
}

/** The next instant at which time does something to the order; null: never. */
export function nextAt(order: Order): Date | null {
  const { session, intent } = order;
  const all: Date[] = [];
  if (session?.status === "open") all.push(session.expiresAt);
  if (intent?.processedAt) all.push(intent.processedAt);
  for (const refund of order.refunds) {
    if (refund.status === "pending") all.push(refund.settlesAt);
    if (refund.failsAt && refund.status !== "failed") all.push(refund.failsAt);
  }
  return all.reduce<Date | null>((first, at) => (first === null || at < first ? at : first), null);
}
