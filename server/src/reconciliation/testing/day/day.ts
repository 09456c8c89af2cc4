/**
 * A day with an answer key: what the platform booked, what the channel's statement says, and which breaks
 * must be found. The same seed makes the same day, but for the ids.
 */
import { channelNumber } from "../../../kernel/ids.ts";
import type { BreakKind } from "../../model.ts";
import {
  type Contract,
  type Movement,
  type Order,
  type OwnClaim,
  type OwnRefund,
  orderOf,
  successOf,
  type TestBooks,
} from "../books.ts";
import { type Chance, createChance } from "./chance.ts";
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
type Teller = {
  readonly books: Pick<TestBooks, "newId">;
  readonly contract: Contract;
  readonly chance: Chance;
  readonly date: string;
  readonly day: Day;
  at: number;
};

type Story = (teller: Teller, order: Order, line: WrittenLine) => void;

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
  noTrace: (teller, order, line) => {
    if (teller.contract.method !== "unionpay.code") return paid(teller, order, line);
    booked(teller, order, "surplus_success");
    move(teller, order, "surplus_reversed", order.attemptId, -(order.taken?.settle ?? 0n), -1n);
  },
};

type Broken =
  | BreakKind
  | "refund_status"
  | "taken_by_the_channel"
  | "given_by_the_channel"
  | "untold_adjustment";

/** What must be found. */
export const BROKEN: Readonly<Partial<Record<Broken, Story>>> = {
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
};

/** Some stories are those of some channels alone. */
const TOLD_BY: Readonly<Partial<Record<Broken, readonly string[]>>> = {
  currency: ["stripe"],
  dispute_theirs_only: ["stripe"],
  dispute_ours_only: ["stripe"],
  taken_by_the_channel: ["stripe", "unionpay"],
  given_by_the_channel: ["stripe", "unionpay"],
  untold_adjustment: ["unionpay"],
};

/** What the channel moves by itself has a number of its own alone. */
function nobodysOf({
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

export type DayOptions = {
  readonly seed: number;
  readonly contract: Contract;
  readonly date: string;
  readonly orders: number;
  /** Of a thousand orders so many are broken; each kind comes once at least. */
  readonly brokenPerMille: number;
};

export function makeDay(books: Pick<TestBooks, "newId">, options: DayOptions): Day {
  const { contract, date } = options;
  const chance = createChance(options.seed);
  const day: Day = {
    orders: [],
    refunds: [],
    claims: [],
    movements: [],
    lines: [],
    failed: [],
    strangers: new Set(),
    key: [],
  };
  const broken = Object.entries(BROKEN)
    .filter(([kind]) => TOLD_BY[kind as Broken]?.includes(contract.channel) ?? true)
    .map(([, story]) => story);
  const normal = Object.values(NORMAL);
  const teller: Teller = { books, contract, chance, date, day, at: 0 };
  for (let index = 0; index < options.orders; index += 1) {
    const amount = BigInt(2_000 + chance.below(1_000_000));
    const hasVoucher = contract.channel !== "stripe" && chance.below(10) === 0;
    const settle = hasVoucher ? amount - 100n : amount;
    const order = orderOf(books, contract, amount, date, { settle });
    const must = broken[index];
    const isBroken = must !== undefined || chance.below(1_000) < options.brokenPerMille;
    const story = must ?? chance.pick(isBroken ? broken : normal);
    teller.at += 1;
    story(teller, order, lineOf(teller, order));
  }
  for (let index = day.lines.length - 1; index > 0; index -= 1) {
    const other = chance.below(index + 1);
    [day.lines[index], day.lines[other]] = [day.lines[other] as WrittenLine, day.lines[index] as WrittenLine];
  }
  return day;
}

function answer(teller: Teller, kind: BreakKind, line: WrittenLine, settle: bigint, fee: bigint): void {
  teller.day.key.push({ kind, tradeNo: line.channelTradeNo, settle, fee });
}

function lineOf({ date, at }: Teller, order: Order): WrittenLine {
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

function paid(teller: Teller, order: Order, line: WrittenLine): void {
  booked(teller, order, "payment_success");
  teller.day.lines.push(line);
}

function booked(
  { day }: Teller,
  order: Order,
  kind: "payment_success" | "surplus_success",
  { again = false } = {},
): void {
  if (!again) day.orders.push(order);
  day.movements.push(successOf(order, kind));
}

function move(
  { day, date }: Teller,
  order: Order,
  kind: Movement["kind"],
  sourceId: string,
  settle: bigint,
  fee: bigint,
): void {
  day.movements.push({ kind, order, sourceId, settle, fee, channelDate: date });
}

function refunded(
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
function backLine({ contract, books }: Teller, line: WrittenLine, amount: bigint): WrittenLine {
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
function back(
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

function claimed(
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
