/**
 * A bill held against the books, both ways: every line is explained by a row of ours, every row of ours that
 * moved money at the channel has its line, and what each payment did to the channel's debt to us is what its
 * lines say. Pure.
 */
import type { StatementLine } from "../../server/src/channels/index.ts";
import type { Id } from "../../server/src/kernel/ids.ts";

const SECOND_MS = 1_000;
/** Methods whose statements have no line of a refund that came to nothing. */
const LEAVES_OUT_FAILED = /^(wechat|unionpay)\./;

/** A line with the date of the bill that it stands on. */
export type DatedLine = StatementLine & { readonly date: string };

export type OwnAttempt = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly method: string;
  readonly state: string;
  readonly finishedAt: Date | null;
  readonly channelOrderNo: string;
  readonly channelTradeNo: string | null;
  readonly paidAmount: bigint | null;
  readonly settleAmount: bigint | null;
  readonly costAmount: bigint | null;
  readonly channelDate: string | null;
  readonly takenBack: bigint;
  /**
   * The channel told something of it that was kept as a contradiction: its bill is the first to be believed.
   */
  readonly contradicted: boolean;
};

export type OwnRefund = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly state: string;
  readonly channelRefundNo: string;
  readonly amount: bigint;
  readonly settleAmount: bigint;
  readonly costReturned: bigint;
  readonly channelDate: string | null;
  readonly accepted: boolean;
  /** Accepted after it had been held for failed: booked as taken back. */
  readonly afterFailure: boolean;
  /** The channel's words about it were kept as a contradiction. */
  readonly contradicted: boolean;
};

export type OwnDispute = {
  readonly id: Id;
  readonly attemptId: Id;
  readonly state: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly returnedAmount: bigint;
  readonly returnedFee: bigint;
  /** The channel's date of what was booked; null: nothing was. */
  readonly openedDate: string | null;
  readonly wonDate: string | null;
};

/** What a payment's journals did to what the channel owes us, less what we owe it of costs billed apart. */
export type Receivable = { readonly paymentId: Id; readonly amount: bigint };

export type Books = {
  readonly attempts: readonly OwnAttempt[];
  readonly refunds: readonly OwnRefund[];
  readonly disputes: readonly OwnDispute[];
  readonly receivables: readonly Receivable[];
  /** False: the channel charges the merchant itself, and no cost is booked. */
  readonly bearsFees: boolean;
};

/** The lines of one order. */
type Lines = {
  /** What it took. */
  readonly payments: DatedLine[];
  /** What we gave back. */
  readonly refunds: DatedLine[];
  /** What of that came back from the buyer's bank, where the bill tells so. */
  readonly returns: DatedLine[];
  /** What went back by itself. */
  readonly theirs: DatedLine[];
  /** What payers claimed, and what was given back of it. */
  readonly disputes: DatedLine[];
};

const noLines = (): Lines => ({ payments: [], refunds: [], returns: [], theirs: [], disputes: [] });

/** What is not explained, a sentence each. */
export function explain(lines: readonly DatedLine[], books: Books): readonly string[] {
  const found: string[] = [];
  const say = (what: string) => found.push(what);
  const known = new Set(books.attempts.map((row) => row.channelOrderNo));
  const byTrade = new Map(books.attempts.map((row) => [row.channelTradeNo, row.channelOrderNo]));
  const ours = ownNumbers(books.refunds);
  const byOrder = new Map<string, Lines>();
  for (const line of lines) {
    // What Stripe or a payer's bank does by itself bears the payment's number alone.
    const orderNo = line.channelOrderNo || (byTrade.get(line.channelTradeNo) ?? "");
    if (!known.has(orderNo)) say(`an order that is not ours: ${orderNo} ${line.channelTradeNo}`);
    const of = byOrder.get(orderNo) ?? noLines();
    byOrder.set(orderNo, of);
    if (line.kind === "payment") of.payments.push(line);
    else if (line.kind === "dispute") of.disputes.push(line);
    else if (line.amount > 0n) of.returns.push(line);
    else if (ours.has(line.channelRefundNo ?? "")) of.refunds.push(line);
    else of.theirs.push(line);
  }
  const expected = new Map<Id, Expected>();
  for (const attempt of books.attempts) {
    const of = byOrder.get(attempt.channelOrderNo) ?? noLines();
    const own = books.refunds.filter((refund) => refund.attemptId === attempt.id);
    const sum = expected.get(attempt.paymentId) ?? NOTHING;
    expected.set(attempt.paymentId, sum);
    if (cameAndWent(attempt, of) || cameUnheard(attempt, of) || leftNoTrace(attempt, of)) continue;
    explainPayment(attempt, own, of, books.bearsFees, say);
    explainRefunds(attempt, own, of, say);
    explainDisputes(
      attempt,
      books.disputes.filter((one) => one.attemptId === attempt.id),
      of,
      say,
    );
    expected.set(attempt.paymentId, plus(sum, expectedOf(attempt, own, of, books.bearsFees)));
  }
  const booked = new Map(books.receivables.map((row) => [row.paymentId, row.amount]));
  for (const [paymentId, { amount, tolerance }] of expected) {
    const off = (booked.get(paymentId) ?? 0n) - amount;
    if (off > tolerance || -off > tolerance) {
      say(`the payment ${paymentId}: the channel owes ${amount} by its bill, ${off + amount} by the books`);
    }
  }
  return found;
}

/**
 * What stayed with us of all that a channel's bills tell, before the fees of payments: what was paid less
 * what went back, and what came back of that again, which no bill of some channels shows.
 */
export function cameIn(lines: readonly DatedLine[], refunds: readonly OwnRefund[]): bigint {
  const back = untoldReturns(lines, refunds).reduce((sum, { settleAmount }) => sum + settleAmount, 0n);
  // What a claim costs is the merchant's to bear.
  const left = ({ kind, settleAmount, fee }: DatedLine) => settleAmount - (kind === "dispute" ? fee : 0n);
  return lines.reduce((sum, line) => sum + left(line), back);
}

/** Refunds that a bill tells, and that came back afterwards, which it does not. */
function untoldReturns(lines: readonly DatedLine[], refunds: readonly OwnRefund[]): readonly OwnRefund[] {
  const billed = new Set(lines.filter((line) => line.amount < 0n).map((line) => line.channelRefundNo));
  const told = new Set(lines.filter((line) => line.amount > 0n).map((line) => line.channelRefundNo));
  return refunds.filter(
    ({ state, channelRefundNo: no }) => state === "returned" && billed.has(no) && !told.has(no),
  );
}

/**
 * What a channel has charged for payments less what it gave back: not of a refund that came to nothing. How
 * far rounding may be off, twice for each refund.
 */
export function chargedIn(
  lines: readonly DatedLine[],
  refunds: readonly OwnRefund[],
): { readonly charged: bigint; readonly rounded: bigint } {
  const came = new Set(untoldReturns(lines, refunds).map(({ channelRefundNo }) => channelRefundNo));
  const ofPayments = lines.filter(
    ({ kind, amount, channelRefundNo }) =>
      kind !== "dispute" && !(kind === "refund" && amount < 0n && came.has(channelRefundNo ?? "")),
  );
  const charged = ofPayments.reduce((sum, { fee }) => sum + fee, 0n);
  const back = lines.filter(({ kind }) => kind === "refund").length;
  return { charged, rounded: BigInt(2 * back) };
}

/**
 * Reversed by a call whose answer names no amount: it is booked as asked, in and out. Where the buyer had
 * paid another amount the channel's later words are kept as a contradiction, and nothing is owed on either
 * side.
 */
function cameAndWent(attempt: OwnAttempt, { payments, theirs }: Lines): boolean {
  const sum = (lines: readonly DatedLine[]) => lines.reduce((total, line) => total + line.amount, 0n);
  const differs = sum(payments) !== attempt.paidAmount;
  const isReversed = attempt.state === "reversed" && attempt.takenBack === attempt.paidAmount;
  return isReversed && attempt.contradicted && differs && sum(payments) === -sum(theirs);
}

/**
 * Taken by a payment code and reversed: UnionPay's statement shows neither of the two, while the books tell
 * of both. Nothing is owed then, so that the books' two must cancel.
 */
function leftNoTrace(attempt: OwnAttempt, of: Lines): boolean {
  const { method, state, paidAmount, takenBack } = attempt;
  if (method !== "unionpay.code" || state !== "reversed" || paidAmount === null) return false;
  return takenBack === paidAmount && Object.values(of).every((lines) => lines.length === 0);
}

/**
 * Taken by a payment code of WeChat Pay after its order was over: WeChat tells nobody of a code, so only the
 * bill shows it, and reconciliation finds it. Bills tell time by the second.
 */
function cameUnheard({ method, paidAmount, finishedAt }: OwnAttempt, { payments }: Lines): boolean {
  if (method !== "wechat.code" || paidAmount !== null || finishedAt === null) return false;
  return payments.every((line) => line.createdAt.getTime() + SECOND_MS >= finishedAt.getTime());
}

/**
 * Held for failed and carried out, and the channel's own sum told of it first: its money is booked as given
 * back by the channel, and its own late word is kept as a contradiction.
 */
function isToldBySum(refund: OwnRefund): boolean {
  return refund.state === "failed" && refund.contradicted;
}

/** The channel's numbers of refunds that are booked as ours; a line of any other went back by itself. */
export function ownNumbers(refunds: readonly OwnRefund[]): ReadonlySet<string> {
  return new Set(refunds.filter((row) => !isToldBySum(row)).map((row) => row.channelRefundNo));
}

/** What went back without a refund of ours. */
function wentByItself(attempt: OwnAttempt, own: readonly OwnRefund[]): bigint {
  const late = own.filter((refund) => refund.afterFailure && refund.state !== "returned");
  return late.reduce((sum, refund) => sum - refund.amount, attempt.takenBack);
}

function explainPayment(
  attempt: OwnAttempt,
  own: readonly OwnRefund[],
  { payments, theirs }: Lines,
  bearsFees: boolean,
  say: (what: string) => void,
): void {
  const { channelOrderNo } = attempt;
  const [line] = payments;
  if (payments.length > 1) say(`${channelOrderNo} is billed ${payments.length} times`);
  if (line === undefined) {
    if (attempt.paidAmount !== null) say(`${channelOrderNo} took ${attempt.paidAmount} without a line`);
  } else {
    compare(say, channelOrderNo, {
      amount: [line.amount, attempt.paidAmount],
      settle_amount: [line.settleAmount, attempt.settleAmount],
      fee: [bearsFees ? line.fee : 0n, attempt.costAmount],
      date: [line.date, attempt.channelDate],
      trade_no: [line.channelTradeNo, attempt.channelTradeNo],
    });
  }
  const back = theirs.reduce((sum, each) => sum - each.amount, 0n);
  const booked = wentByItself(attempt, own);
  if (back !== booked && !attempt.contradicted) {
    say(`${channelOrderNo}: ${back} went back by itself, ${booked} is booked (${attempt.state})`);
  }
}

function explainRefunds(
  attempt: OwnAttempt,
  own: readonly OwnRefund[],
  { refunds }: Lines,
  say: (what: string) => void,
): void {
  for (const refund of own) {
    const { channelRefundNo } = refund;
    const billed = refunds.filter((line) => line.channelRefundNo === channelRefundNo);
    const [line] = billed;
    if (billed.length > 1) say(`the refund ${channelRefundNo} is billed ${billed.length} times`);
    if (line === undefined) {
      // WeChat Pay's bill says of a refund that came to nothing that it failed, UnionPay's file nothing.
      const isNothing = refund.state === "returned" && LEAVES_OUT_FAILED.test(attempt.method);
      if (refund.accepted && !isNothing) say(`the refund ${channelRefundNo} was accepted without a line`);
    } else if (!refund.accepted) {
      say(`the refund ${channelRefundNo} is billed, and ${refund.state} here`);
    } else {
      compare(say, channelRefundNo, {
        amount: [-line.amount, refund.amount],
        ...(isRounded(attempt, refund, line)
          ? {}
          : { settle_amount: [-line.settleAmount, refund.settleAmount] }),
        date: [line.date, refund.channelDate],
      });
    }
  }
}

/** Each claim has the line that took it, and where it was won the one that gave it back; and no others. */
function explainDisputes(
  { channelOrderNo }: OwnAttempt,
  own: readonly OwnDispute[],
  { disputes }: Lines,
  say: (what: string) => void,
): void {
  const shown = (amount: bigint, fee: bigint, date: string | null) => `${amount} fee ${fee} of ${date}`;
  const booked = own.flatMap(({ amount, fee, returnedAmount, returnedFee, openedDate, wonDate, state }) => [
    shown(-amount, fee, openedDate),
    ...(state === "won" ? [shown(returnedAmount, -returnedFee, wonDate)] : []),
  ]);
  const billed = disputes.map(({ amount, fee, date }) => shown(amount, fee, date));
  const [ours, theirs] = [booked.sort().join(", "), billed.sort().join(", ")];
  if (ours !== theirs)
    say(`${channelOrderNo}: disputed is ${theirs || "nothing"}, booked ${ours || "nothing"}`);
}

/**
 * Where a voucher was a part of the payment, a refund that a notification accepted has our own estimate of
 * what settles: the notification names none, and rounding follows the order of the parts.
 */
function isRounded(attempt: OwnAttempt, refund: OwnRefund, line: DatedLine): boolean {
  const off = refund.settleAmount + line.settleAmount;
  return attempt.paidAmount !== attempt.settleAmount && (off === 1n || off === -1n);
}

type Expected = { readonly amount: bigint; readonly tolerance: bigint };

const NOTHING: Expected = { amount: 0n, tolerance: 0n };

/** What an order should have done to what the channel owes us, by its lines and by what no bill shows. */
function expectedOf(attempt: OwnAttempt, own: readonly OwnRefund[], of: Lines, bearsFees: boolean): Expected {
  const net = (lines: readonly DatedLine[]) =>
    lines.reduce((sum, line) => sum + line.settleAmount - (bearsFees ? line.fee : 0n), 0n);
  const billed = new Set(of.refunds.map((line) => line.channelRefundNo));
  const returned = own.filter((refund) => refund.state === "returned" && billed.has(refund.channelRefundNo));
  // A refund that the buyer's bank sent back is money that the channel owes again, by whatever line tells.
  const told = new Set(of.returns.map((line) => line.channelRefundNo));
  const untold = returned.filter((refund) => !told.has(refund.channelRefundNo));
  const back = untold.reduce((sum, refund) => sum + refund.settleAmount - refund.costReturned, 0n);
  const byItself = wentByItself(attempt, own);
  const isBooked = of.theirs.reduce((sum, line) => sum - line.amount, 0n) === byItself;
  const theirs = isBooked ? net(of.theirs) : 0n;
  // What came back or went by itself shifts how rounding spreads over the parts: a fen each at most.
  const withVoucher = attempt.paidAmount !== attempt.settleAmount;
  const cameBack = own.some((refund) => refund.state === "returned");
  const isShifted = cameBack || of.theirs.length > 0 || withVoucher;
  return {
    amount: net(of.payments) + net(of.refunds) + net(of.returns) + net(of.disputes) + back + theirs,
    tolerance: isShifted ? BigInt(2 * (of.refunds.length + of.theirs.length)) : 0n,
  };
}

function plus(one: Expected, other: Expected): Expected {
  return { amount: one.amount + other.amount, tolerance: one.tolerance + other.tolerance };
}

function compare(
  say: (what: string) => void,
  number: string,
  fields: Readonly<Record<string, readonly [theirs: unknown, ours: unknown]>>,
): void {
  const off = Object.entries(fields).filter(([, [theirs, ours]]) => theirs !== ours);
  if (off.length === 0) return;
  const shown = off.map(([name, [theirs, ours]]) => `${name} ${String(theirs)} against ${String(ours)}`);
  say(`${number}: ${shown.join(", ")}`);
}
