import { dayMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import type { FollowUp, Order, Payment } from "../model.ts";
import { type Refusal, type RespCode, refusal } from "../wire/resp-codes.ts";
import { clearingDate } from "../wire/time.ts";
import type { Step } from "./purchase.ts";

export type FollowUpAsked = Omit<FollowUp, "fee">;

/** The follow-up with this number of UnionPay's. */
export function findFollowUp(order: Order, queryId: string): FollowUp | undefined {
  return order.followUps.find((one) => one.marks.queryId === queryId);
}

/** What a query says of a refund or void. */
export function followUpCode(followUp: FollowUp, now: Date): RespCode {
  if (!followUp.returnsAt) return "00";
  return now >= followUp.returnsAt ? "01" : "05";
}

/** What was given back so far, voids included; what came back from the buyer's bank was not. */
export function refundedOf(order: Order, now: Date): bigint {
  return sumOf(order, now, (one) => one.amount);
}

/** The order's void, where it has one. */
export function voidOf(order: Order): FollowUp | undefined {
  return order.followUps.find((one) => one.kind === "void");
}

/** 撤销: all of a payment back, on its own clearing day. */
export function voidOrder(order: Order, asked: FollowUpAsked, now: Date): Step | Refusal {
  const payment = paidOrRefusal(order);
  if ("refused" in payment) return payment;
  if (clearingDate(payment.paidAt) !== clearingDate(now)) return refusal("39", "the clearing day is over");
  if (order.followUps.length > 0) return refusal("35", "the payment is refunded");
  if (asked.amount !== payment.total) return refusal("36", "txnAmt");
  return followed(order, asked, payment.fee);
}

/** 退货: part or all of a payment back, from its next clearing day on and within the merchant's window. */
export function refundOrder(order: Order, asked: FollowUpAsked, now: Date): Step | Refusal {
  const payment = paidOrRefusal(order);
  if ("refused" in payment) return payment;
  if (clearingDate(payment.paidAt) === clearingDate(now)) {
    return refusal("39", "the clearing day is not over: void it");
  }
  if (now.getTime() > payment.paidAt.getTime() + order.refundWindowDays * dayMs) {
    return refusal("39", "the time to refund is over");
  }
  const refunded = refundedOf(order, now) + asked.amount;
  if (refunded > payment.total) return refusal("36", "txnAmt");
  // Each part gives back what is missing to its share of the fee, so that all parts add up.
  const feesBefore = sumOf(order, now, (one) => one.fee);
  return followed(order, asked, proportion(payment.fee, refunded, payment.total) - feesBefore);
}

function paidOrRefusal(order: Order): Payment | Refusal {
  if (!order.payment) return refusal("34");
  if (order.reversedAt) return refusal("35", "the order is reversed");
  if (voidOf(order)) return refusal("35", "the order is void");
  return order.payment;
}

function followed(order: Order, asked: FollowUpAsked, fee: bigint): Step {
  const next = { ...order, followUps: [...order.followUps, { ...asked, fee }] };
  // What the bank sends back has never moved, so neither book nor merchant hears of it.
  if (asked.returnsAt) return { order: next, happened: [] };
  return { order: next, happened: [{ kind: "followed", queryId: asked.marks.queryId }] };
}

function sumOf(order: Order, now: Date, of: (one: FollowUp) => bigint): bigint {
  const lasting = order.followUps.filter((one) => followUpCode(one, now) !== "01");
  return lasting.reduce((sum, one) => sum + of(one), 0n);
}
