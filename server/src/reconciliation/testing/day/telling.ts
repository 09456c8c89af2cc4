/** What stories of orders are told with: rows of the books, lines of the statement, and the answers. */
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
  readonly tradeNo: string;
  readonly settle: bigint;
  readonly fee: bigint;
};

export type Day = {
  readonly orders: Order[];
  readonly refunds: OwnRefund[];
  readonly claims: OwnClaim[];
  readonly movements: Movement[];
  readonly lines: WrittenLine[];
  /** Refunds that the statement shows and that came to nothing. */
  readonly failed: WrittenLine[];
  /** Trades whose lines are of another merchant's number. */
  readonly strangers: Set<string>;
  readonly key: Answer[];
};

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
    channelTradeNo: contract.channel === "stripe" ? `txn_${number}` : adjustment,
    channelOrderNo: "",
    subject: "Billing (2026-03)",
  };
}

export function answer(
  teller: Teller,
  kind: BreakKind,
  line: WrittenLine,
  settle: bigint,
  fee: bigint,
): void {
  teller.day.key.push({ kind, tradeNo: line.channelTradeNo, settle, fee });
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
  },
): OwnRefund {
  const { books, day, chance } = teller;
  const id = books.newId();
  const refundNo = channelNumber("rfd", id);
  const amount = BigInt(1 + chance.below(500));
  const state = how.unbooked ? "failed" : how.returned ? "returned" : "succeeded";
  const refund: OwnRefund = { id, order, refundNo, amount, settle: amount, costReturned: 0n, state };
  day.refunds.push(refund);
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
  if (how.unbilled !== true) day.lines.push(there);
  else if (teller.contract.channel === "wechat" && how.returned) day.failed.push(there);
  if (how.unbooked) {
    answer(teller, "status", line, settleAmount, 0n);
    return refund;
  }
  move(teller, order, "refund_accepted", id, -amount, 0n);
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
  how: { readonly unbilled?: boolean; readonly unbooked?: boolean },
): void {
  const { day, books } = teller;
  const fee = 1_500n;
  const id = books.newId();
  if (how.unbilled !== true) {
    day.lines.push({
      ...line,
      kind: "dispute",
      channelOrderNo: "",
      amount: -line.amount,
      settleAmount: -line.amount,
      fee,
    });
  }
  if (how.unbooked === true) return;
  day.claims.push({ id, order, amount: line.amount, fee });
  move(teller, order, "dispute_opened", id, -line.amount, fee);
}
