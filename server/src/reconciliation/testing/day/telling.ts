/** What stories of orders are told with: rows of the books, lines of the statement, and the answers. */
import { DAY } from "../../../kernel/clock.ts";
import { shiftDate } from "../../../kernel/dates.ts";
import { channelNumber } from "../../../kernel/ids.ts";
import type { BreakKind } from "../../model.ts";
import {
  type Contract,
  type Movement,
  type Order,
  type OwnClaim,
  type OwnRefund,
  successOf,
  type TestBooks,
} from "../books.ts";
import type { Chance } from "./chance.ts";
import type { WrittenLine } from "./writers.ts";

/** A break that must be found, by the channel's number of the trade. */
export type Answer = {
  readonly kind: BreakKind;
  readonly channelDate: string;
  readonly tradeNo: string;
  readonly settle: bigint;
  readonly fee: bigint;
  /** The next date may still explain it. */
  readonly pending: boolean;
};

/** What is booked on a date, and what the statement of it has. */
export type Rows = {
  readonly orders: Order[];
  readonly refunds: OwnRefund[];
  readonly claims: OwnClaim[];
  readonly movements: Movement[];
  readonly lines: WrittenLine[];
  /** Refunds that the statement shows and that came to nothing. */
  readonly failed: WrittenLine[];
};

export type Day = Rows & {
  /** Trades whose lines are of another merchant's number. */
  readonly strangers: Set<string>;
  readonly key: Answer[];
  /** What of its trades comes on the next date, and what of them must be found there. */
  readonly late: Rows & { readonly key: Answer[] };
};

export function noRows(): Rows {
  return { orders: [], refunds: [], claims: [], movements: [], lines: [], failed: [] };
}

/** What a story is told with. */
export type Teller = {
  readonly books: Pick<TestBooks, "newId">;
  readonly contract: Contract;
  readonly chance: Chance;
  readonly date: string;
  readonly day: Day;
  at: number;
};

export type Story = (teller: Teller, order: Order, line: WrittenLine) => void;

/** What the channel moves by itself has a number of its own alone. */
export function nobodysOf({
  at,
  contract,
  date,
}: Teller): Pick<WrittenLine, "channelTradeNo" | "channelOrderNo" | "subject"> {
  const number = String(at).padStart(6, "0");
  const monthDay = date.slice(5).replace("-", "");
  const adjustment = `ZME/01020000/00010000/${number}/${monthDay}100000`;
  return {
    channelTradeNo: contract.channel === "stripe" ? `txn_${monthDay}${number}` : adjustment,
    channelOrderNo: "",
    subject: "Billing (2026-03)",
  };
}

const WAITS: readonly BreakKind[] = [
  "payment_theirs_only",
  "payment_ours_only",
  "refund_theirs_only",
  "refund_ours_only",
  "dispute_theirs_only",
  "dispute_ours_only",
  "status",
];

/**
 * A break that must be found; one that waits is found on the next date again, unless that explains it. What
 * is charged where the money does not pass us is no difference.
 */
export function answer(
  { contract, date, day }: Teller,
  kind: BreakKind,
  line: WrittenLine,
  settle: bigint,
  fee: bigint,
  { isExplained = false } = {},
): void {
  const own = contract.fundFlow === "through_platform" ? fee : 0n;
  const pending = WAITS.includes(kind);
  const found = { kind, channelDate: date, tradeNo: line.channelTradeNo, settle, fee: own };
  day.key.push({ ...found, pending });
  if (pending && !isExplained) day.late.key.push({ ...found, pending: false });
}

/** A break of the next date, by the whole of its line. */
export function answerLater({ contract, date, day }: Teller, kind: BreakKind, line: WrittenLine): void {
  day.late.key.push({
    kind,
    channelDate: shiftDate(date, 1),
    tradeNo: line.channelTradeNo,
    settle: line.settleAmount,
    fee: contract.fundFlow === "through_platform" ? line.fee : 0n,
    pending: false,
  });
}

/** The same story, told to the next date. */
export function late(teller: Teller): Teller {
  return { ...teller, day: { ...teller.day, ...teller.day.late, key: teller.day.key } };
}

/** A line of the next date. */
export function nextDay(line: WrittenLine): WrittenLine {
  const after = (at: Date) => new Date(at.getTime() + DAY);
  return { ...line, createdAt: after(line.createdAt), finishedAt: after(line.finishedAt) };
}

export function lineOf({ date, at }: Teller, order: Order): WrittenLine {
  const time = new Date(Date.parse(`${date}T02:00:00Z`) + at * 1_000);
  return {
    kind: "payment",
    channelTradeNo: order.tradeNo,
    channelOrderNo: order.orderNo,
    channelRefundNo: null,
    amount: order.taken?.amount ?? order.amount,
    settleAmount: order.taken?.settle ?? order.amount,
    fee: order.taken?.cost ?? 1n,
    currency: order.currency,
    createdAt: time,
    finishedAt: time,
    subject: "一杯茶",
  };
}

export function paid(teller: Teller, order: Order, line: WrittenLine): void {
  booked(teller, order, "payment_success");
  teller.day.lines.push(line);
}

export function booked(
  { day }: Teller,
  order: Order,
  kind: "payment_success" | "surplus_success",
  { again = false } = {},
): void {
  if (!again) day.orders.push(order);
  day.movements.push(successOf(order, kind));
}

export function move(
  { day, date }: Teller,
  order: Order,
  kind: Movement["kind"],
  sourceId: string,
  settle: bigint,
  fee: bigint,
): void {
  day.movements.push({ kind, order, sourceId, settle, fee, channelDate: date });
}

export function refunded(
  teller: Teller,
  order: Order,
  line: WrittenLine,
  how: {
    readonly returned?: boolean;
    readonly returnBilled?: boolean;
    readonly unbilled?: boolean;
    readonly unbooked?: boolean;
    readonly bookedLate?: boolean;
    readonly toldLate?: boolean;
  },
): OwnRefund {
  const { books, day, chance } = teller;
  const booking = how.bookedLate === true ? late(teller) : teller;
  const id = books.newId();
  const refundNo = channelNumber("rfd", id);
  const amount = BigInt(1 + chance.below(500));
  const state = how.unbooked ? "failed" : how.returned ? "returned" : "succeeded";
  const refund: OwnRefund = { id, order, refundNo, amount, settle: amount, costReturned: 0n, state };
  booking.day.refunds.push(refund);
  // Where a voucher was a part, the channel may round what settles the other way.
  const off = order.taken?.settle !== order.taken?.amount && chance.below(2) === 0 ? 1n : 0n;
  const settleAmount = -amount + off;
  const there = {
    ...line,
    kind: "refund" as const,
    channelRefundNo: refundNo,
    amount: -amount,
    settleAmount,
    fee: 0n,
  };
  if (how.toldLate === true) day.late.lines.push(nextDay(there));
  else if (how.unbilled !== true) day.lines.push(there);
  else if (teller.contract.channel === "wechat" && how.returned) day.failed.push(there);
  if (how.unbooked) {
    answer(teller, "status", line, settleAmount, 0n);
    return refund;
  }
  if (how.bookedLate) answer(teller, "refund_theirs_only", line, settleAmount, 0n, { isExplained: true });
  move(booking, order, "refund_accepted", id, -amount, 0n);
  if (!how.returned) return refund;
  move(teller, order, "refund_returned", id, amount, 0n);
  if (how.returnBilled) day.lines.push({ ...there, amount, settleAmount: amount });
  return refund;
}

/** A line of what the channel gave back by itself. */
export function backLine({ contract, books }: Teller, line: WrittenLine, amount: bigint): WrittenLine {
  // Alipay has a number for each; Stripe names the payment alone.
  const channelRefundNo = contract.channel === "alipay" ? `X${books.newId()}` : null;
  const channelOrderNo = contract.channel === "stripe" ? "" : line.channelOrderNo;
  return {
    ...line,
    kind: "refund",
    channelOrderNo,
    channelRefundNo,
    amount: -amount,
    settleAmount: -amount,
    fee: 0n,
  };
}

/** The whole of an order, by itself. */
export function back(
  teller: Teller,
  order: Order,
  line: WrittenLine,
  amount: bigint,
  kind: Movement["kind"],
  sourceId: string,
): void {
  const settle = order.taken?.settle ?? amount;
  teller.day.lines.push({ ...backLine(teller, line, amount), settleAmount: -settle, fee: -line.fee });
  move(teller, order, kind, sourceId, -settle, -line.fee);
}

export function claimed(
  teller: Teller,
  order: Order,
  line: WrittenLine,
  how: {
    readonly unbilled?: boolean;
    readonly unbooked?: boolean;
    readonly bookedLate?: boolean;
    readonly toldLate?: boolean;
  },
): void {
  const { day, books } = teller;
  const fee = 1_500n;
  const id = books.newId();
  const there = {
    ...line,
    kind: "dispute" as const,
    channelOrderNo: "",
    amount: -line.amount,
    settleAmount: -line.amount,
    fee,
  };
  if (how.toldLate === true) day.late.lines.push(nextDay(there));
  else if (how.unbilled !== true) day.lines.push(there);
  if (how.unbooked === true) return;
  const booking = how.bookedLate === true ? late(teller) : teller;
  booking.day.claims.push({ id, order, amount: line.amount, fee });
  move(booking, order, "dispute_opened", id, -line.amount, fee);
}
