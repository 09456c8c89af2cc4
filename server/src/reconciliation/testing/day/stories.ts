/** What becomes of an order: what goes as it should, and every way in which it does not. */
import type { BreakKind } from "../../model.ts";
import type { Contract } from "../books.ts";
import {
  answer,
  answerLater,
  back,
  backLine,
  booked,
  claimed,
  late,
  move,
  nextDay,
  nobodysOf,
  paid,
  refunded,
  type Story,
} from "./telling.ts";

/** What goes as it should. */
export const NORMAL: Readonly<Record<string, Story>> = {
  payment: paid,
  refunded: (teller, order, line) => {
    paid(teller, order, line);
    for (let parts = 1 + teller.chance.below(2); parts > 0; parts -= 1) refunded(teller, order, line, {});
  },
  reversed: (teller, order, line) => {
    booked(teller, order, "surplus_success");
    teller.day.lines.push(line);
    back(teller, order, line, order.taken?.amount ?? 0n, "surplus_reversed", order.attemptId);
  },
  reversedByChannel: (teller, order, line) => {
    paid(teller, order, line);
    back(teller, order, line, order.taken?.amount ?? 0n, "reversed_by_channel", order.attemptId);
  },
  partsByItself: (teller, order, line) => {
    paid(teller, order, line);
    // Two parts there, of which the books hear the sum.
    const [one, other] = [5n, 7n];
    teller.day.lines.push(backLine(teller, line, one), backLine(teller, line, other));
    move(teller, order, "break_refund_theirs", teller.books.newId(), -(one + other), 0n);
  },
  cameBack: (teller, order, line) => {
    paid(teller, order, line);
    if (teller.contract.channel === "wechat") {
      refunded(teller, order, line, { returned: true, unbilled: true });
    } else {
      refunded(teller, order, line, { returned: true, returnBilled: teller.contract.channel === "stripe" });
    }
  },
  cameAndWent: (teller, order, line) => {
    booked(teller, order, "surplus_success");
    move(teller, order, "surplus_reversed", order.attemptId, -(order.taken?.settle ?? 0n), -1n);
    const other = { ...line, amount: line.amount + 9n, settleAmount: line.settleAmount + 9n };
    teller.day.lines.push(other, {
      ...backLine(teller, other, other.amount),
      settleAmount: -other.settleAmount,
      fee: -1n,
    });
  },
  claimed: (teller, order, line) => {
    paid(teller, order, line);
    if (teller.contract.channel === "stripe") claimed(teller, order, line, {});
  },
  toldAgain: (teller, order, line) => {
    paid(teller, order, line);
    // No break of this date, but of the next.
    const again = nextDay(line);
    teller.day.late.lines.push(again);
    answerLater(teller, "duplicate_theirs", again);
  },
  otherFee: (teller, order, line) => {
    booked(teller, order, "payment_success");
    // What is charged where the money does not pass us is none of these books'.
    const fee = teller.contract.fundFlow === "through_platform" ? line.fee : line.fee + 2n;
    teller.day.lines.push({ ...line, fee });
  },
  noTrace: (teller, order, line) => {
    if (teller.contract.method !== "unionpay.code") return paid(teller, order, line);
    booked(teller, order, "surplus_success");
    move(teller, order, "surplus_reversed", order.attemptId, -(order.taken?.settle ?? 0n), -1n);
  },
};

/** A way in which an order is broken: the kind that is found, or a story of its own that ends as such. */
export type BrokenKind =
  | BreakKind
  | "refund_status"
  | "taken_by_the_channel"
  | "given_by_the_channel"
  | "untold_adjustment"
  | "payment_told_late"
  | "payment_booked_late"
  | "refund_told_late"
  | "refund_booked_late"
  | "dispute_told_late"
  | "dispute_booked_late";

/** What must be found. */
export const BROKEN: Readonly<Record<BrokenKind, Story>> = {
  payment_theirs_only: (teller, _, line) => {
    const unknown = { ...line, channelOrderNo: `X${line.channelOrderNo.slice(1)}` };
    teller.day.lines.push(unknown);
    answer(teller, "payment_theirs_only", line, line.settleAmount, line.fee);
  },
  status: (teller, order, line) => {
    teller.day.orders.push({ ...order, taken: null });
    teller.day.lines.push(line);
    answer(teller, "status", line, line.settleAmount, line.fee);
  },
  refund_status: (teller, order, line) => {
    paid(teller, order, line);
    refunded(teller, order, line, { unbooked: true });
  },
  payment_ours_only: (teller, order, line) => {
    booked(teller, order, "payment_success");
    answer(teller, "payment_ours_only", line, -line.settleAmount, -line.fee);
  },
  refund_theirs_only: (teller, order, line) => {
    paid(teller, order, line);
    const found = backLine(teller, line, 11n);
    teller.day.lines.push(found);
    answer(teller, "refund_theirs_only", line, found.settleAmount, found.fee);
  },
  refund_ours_only: (teller, order, line) => {
    paid(teller, order, line);
    const { settle, costReturned } = refunded(teller, order, line, { unbilled: true });
    answer(teller, "refund_ours_only", line, settle, costReturned);
  },
  taken_by_the_channel: (teller, _, line) => {
    const taken = { ...line, ...nobodysOf(teller), kind: "refund" as const, amount: -250n, fee: 3n };
    teller.day.lines.push({ ...taken, settleAmount: taken.amount });
    answer(teller, "refund_theirs_only", taken, taken.amount, taken.fee);
  },
  given_by_the_channel: (teller, _, line) => {
    const given = { ...line, ...nobodysOf(teller), fee: 0n };
    teller.day.lines.push({ ...given, settleAmount: given.amount });
    answer(teller, "payment_theirs_only", given, given.amount, given.fee);
  },
  untold_adjustment: (teller, _, line) => {
    const untold = { ...line, ...nobodysOf(teller), amount: 0n, settleAmount: 0n, fee: 0n };
    teller.day.lines.push(untold);
    answer(teller, "refund_theirs_only", untold, 0n, 0n);
  },
  dispute_theirs_only: (teller, order, line) => {
    paid(teller, order, line);
    claimed(teller, order, line, { unbooked: true });
    answer(teller, "dispute_theirs_only", line, -line.amount, 1_500n);
  },
  dispute_ours_only: (teller, order, line) => {
    paid(teller, order, line);
    claimed(teller, order, line, { unbilled: true });
    answer(teller, "dispute_ours_only", line, line.amount, -1_500n);
  },
  amount: (teller, order, line) => {
    booked(teller, order, "payment_success");
    teller.day.lines.push({ ...line, amount: line.amount + 3n, settleAmount: line.settleAmount + 3n });
    answer(teller, "amount", line, 3n, 0n);
  },
  fee: (teller, order, line) => {
    booked(teller, order, "payment_success");
    teller.day.lines.push({ ...line, fee: line.fee + 2n });
    answer(teller, "fee", line, 0n, 2n);
  },
  currency: (teller, order, line) => {
    booked(teller, order, "payment_success");
    teller.day.lines.push({ ...line, currency: "EUR" });
    answer(teller, "currency", line, line.settleAmount, line.fee);
    answer(teller, "currency", line, -line.settleAmount, -line.fee);
  },
  duplicate_theirs: (teller, order, line) => {
    paid(teller, order, line);
    teller.day.lines.push(line);
    answer(teller, "duplicate_theirs", line, line.settleAmount, line.fee);
  },
  duplicate_ours: (teller, order, line) => {
    paid(teller, order, line);
    booked(teller, order, "surplus_success", { again: true });
    answer(teller, "duplicate_ours", line, -line.settleAmount, -line.fee);
  },
  unknown_merchant: (teller, _, line) => {
    teller.day.lines.push(line);
    teller.day.strangers.add(line.channelTradeNo);
    answer(teller, "unknown_merchant", line, line.settleAmount, line.fee);
  },
  payment_told_late: (teller, order, line) => {
    booked(teller, order, "payment_success");
    teller.day.late.lines.push(nextDay(line));
    answer(teller, "payment_ours_only", line, -line.settleAmount, -line.fee, { isExplained: true });
  },
  payment_booked_late: (teller, order, line) => {
    booked(late(teller), order, "payment_success");
    teller.day.lines.push(line);
    answer(teller, "payment_theirs_only", line, line.settleAmount, line.fee, { isExplained: true });
  },
  refund_told_late: (teller, order, line) => {
    paid(teller, order, line);
    const { settle, costReturned } = refunded(teller, order, line, { toldLate: true });
    answer(teller, "refund_ours_only", line, settle, costReturned, { isExplained: true });
  },
  refund_booked_late: (teller, order, line) => {
    paid(teller, order, line);
    refunded(teller, order, line, { bookedLate: true });
  },
  dispute_told_late: (teller, order, line) => {
    paid(teller, order, line);
    claimed(teller, order, line, { toldLate: true });
    answer(teller, "dispute_ours_only", line, line.amount, -1_500n, { isExplained: true });
  },
  dispute_booked_late: (teller, order, line) => {
    paid(teller, order, line);
    claimed(teller, order, line, { bookedLate: true });
    answer(teller, "dispute_theirs_only", line, -line.amount, 1_500n, { isExplained: true });
  },
};

/** Some stories are those of some channels alone. */
const TOLD_BY: Readonly<Partial<Record<BrokenKind, readonly string[]>>> = {
  currency: ["stripe"],
  dispute_theirs_only: ["stripe"],
  dispute_ours_only: ["stripe"],
  dispute_told_late: ["stripe"],
  dispute_booked_late: ["stripe"],
  taken_by_the_channel: ["stripe", "unionpay"],
  given_by_the_channel: ["stripe", "unionpay"],
  untold_adjustment: ["unionpay"],
};

/** Ways in which an order of the contract may be broken. */
export function brokenKindsOf({ channel, fundFlow }: Pick<Contract, "channel" | "fundFlow">): BrokenKind[] {
  return (Object.keys(BROKEN) as BrokenKind[])
    .filter((kind) => TOLD_BY[kind]?.includes(channel) ?? true)
    .filter((kind) => kind !== "fee" || fundFlow === "through_platform");
}
