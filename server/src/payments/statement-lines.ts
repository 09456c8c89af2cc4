/**
 * Lines of channels' statements as reports to the door: a line of an order or a refund that is known here may
 * simply complete it. Nothing is decided in this file.
 */
import type { Channels, ExchangeRecord, StatementLine } from "../channels/index.ts";
import type { Cell } from "../kernel/database.ts";
import { type Id, parseChannelNumber } from "../kernel/ids.ts";
import { bookIdOf, journalsOfSources } from "../ledger/index.ts";
import type { AttemptPlaces } from "./attempt/places.ts";
import { type AttemptPlace, attemptPlaceByTradeNo } from "./attempt/store.ts";
import { foreignRefundId } from "./foreign-refunds.ts";
import type { Attempt, Refund } from "./model.ts";
import type { Door } from "./outcome/door.ts";
import type { Done } from "./outcome/execute.ts";
import { refundById } from "./refund/store.ts";

/** What a channel's statement says in one line, and where it stands. */
export type StatementWord = {
  readonly channelAccountId: Id;
  /** The channel's business date that the line belongs to, `yyyy-mm-dd`. */
  readonly channelDate: string;
  /** The statement, as people find it: its id on the wire. */
  readonly statement: string;
  /** Ours up to this accounting date, which is closed, was held against the statement. */
  readonly closedThrough: string;
  /** Its number in the file 0 where that is not known. */
  readonly line: StatementLine;
};

export type StatementAnswer =
  /** No order of the channel account has these numbers. */
  | { readonly end: "unknown" }
  /**
   * `booked`: by the door, now or since the closed dates, with what the line settles. `missing`: likewise, as
   * money that went without us, which lies in the shortage suspense. `known`: booked on a closed date, or
   * with another sum. `open`: the door kept what was said and booked nothing.
   */
  | {
      readonly end: "booked" | "missing" | "known" | "open";
      readonly paymentId: Id;
      readonly attemptId: Id;
      readonly refundId: Id | null;
    };

export type StatementLineDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "channel" | "account">;
  readonly door: Door;
  readonly places: Pick<AttemptPlaces, "of">;
};

const RETURNED = ["returned"] as const;

export type StatementSays = (word: StatementWord) => Promise<StatementAnswer>;

/**
 * Takes a statement's line to the door, with the line as its evidence. Safe to repeat: what is known already
 * is booked no second time. Claims are told by the channel's queries, not by lines: they are `unknown` here.
 */
export function createStatementSays(deps: StatementLineDeps): StatementSays {
  return async (word) => {
    if (word.line.kind === "dispute") return { end: "unknown" };
    const attempt = await attemptOf(deps, word);
    if (attempt === null) return { end: "unknown" };
    return word.line.kind === "payment" ? sayPaid(deps, attempt, word) : sayRefund(deps, attempt, word);
  };
}

async function attemptOf(
  deps: StatementLineDeps,
  { channelAccountId, line }: StatementWord,
): Promise<AttemptPlace | null> {
  const id = parseChannelNumber("att", line.channelOrderNo);
  const named = id === null ? null : await deps.places.of(id);
  if (named !== null) return named.channelAccountId === channelAccountId ? named : null;
  if (line.channelTradeNo === "") return null;
  return attemptPlaceByTradeNo(deps.cell.db, channelAccountId, line.channelTradeNo);
}

async function sayPaid(
  deps: StatementLineDeps,
  attempt: AttemptPlace,
  word: StatementWord,
): Promise<StatementAnswer> {
  const { line, channelDate } = word;
  const { amount, currency, settleAmount, channelTradeNo, finishedAt: paidAt } = line;
  const about = { paymentId: attempt.paymentId, attemptId: attempt.id, refundId: null };
  // A payment taken back in the same statement is a line of its own.
  if (amount <= 0n) return { end: "open", ...about };
  const facts = { amount, currency, settleAmount, channelTradeNo, paidAt, channelDate, buyer: null };
  const { decision, attempts } = await deps.door.submit({
    ...commonOf(deps, attempt, word),
    kind: "trade",
    source: "statement",
    end: { end: "answered", value: { outcome: "paid", ...facts } },
  });
  const taken = attempts.find(({ id }) => id === attempt.id)?.taken;
  const isSame = taken?.settleAmount === settleAmount;
  if (decision === "paid" || decision === "surplus") return { end: isSame ? "booked" : "known", ...about };
  if (decision !== "already_known") return { end: "open", ...about };
  const since = await bookedSince(deps, attempt, word, [attempt.id], /_success$/);
  return { end: since && isSame ? "booked" : "known", ...about };
}

async function sayRefund(
  deps: StatementLineDeps,
  attempt: AttemptPlace,
  word: StatementWord,
): Promise<StatementAnswer> {
  const { line, channelDate } = word;
  const refund = await refundOf(deps, attempt, line.channelRefundNo);
  if (refund === null) return sayForeign(deps, attempt, word);
  const about = { paymentId: attempt.paymentId, attemptId: attempt.id, refundId: refund.id };
  const facts = { settleAmount: -line.settleAmount, channelRefundNo: null, channelDate };
  const outcome = (await tellsArrival(deps, attempt)) ? "accepted" : "arrived";
  const cameBack = "The channel's statement carries it as come back from the buyer's bank.";
  const done = await deps.door.submit({
    ...commonOf(deps, attempt, word),
    kind: "refund_report",
    refundId: refund.id,
    source: "statement",
    end: {
      end: "answered",
      value:
        line.amount > 0n ? { outcome: "returned", channelDate, message: cameBack } : { outcome, ...facts },
    },
  });
  const { decision } = done;
  const present = done.refunds.find(({ id }) => id === refund.id);
  // Held for failed, its money had gone back to the merchant.
  const isMissing = line.amount < 0n && present?.afterFailure === true && !present.automatic;
  const isSame = present?.settleAmount === (line.amount > 0n ? line.settleAmount : -line.settleAmount);
  const booked = isMissing ? ("missing" as const) : isSame ? ("booked" as const) : ("known" as const);
  if (decision === "refund_accepted" || decision === "refund_succeeded" || decision === "refund_returned") {
    return { end: booked, ...about };
  }
  if (decision !== "already_known") return { end: "open", ...about };
  const kinds = line.amount > 0n ? /^refund_returned$/ : /^refund_accepted$|^break_refund_theirs$/;
  const since = await bookedSince(deps, attempt, word, [refund.id], kinds);
  return { end: since ? booked : "known", ...about };
}

/** A refund that nobody here asked for. */
async function sayForeign(
  deps: StatementLineDeps,
  attempt: AttemptPlace,
  word: StatementWord,
): Promise<StatementAnswer> {
  const { line, channelDate } = word;
  const about = { paymentId: attempt.paymentId, attemptId: attempt.id, refundId: null };
  const { channelRefundNo, amount, currency } = line;
  if (channelRefundNo === null || channelRefundNo === "") return { end: "open", ...about };
  const isBack = amount > 0n;
  const done = await deps.door.submit({
    ...commonOf(deps, attempt, word),
    kind: "foreign_refund",
    end: {
      end: "answered",
      value: {
        outcome: isBack ? "returned" : "given_back",
        channelRefundNo,
        amount: isBack ? amount : -amount,
        currency,
        channelDate,
        returnedDate: isBack ? channelDate : null,
      },
    },
  });
  switch (done.decision) {
    case "refunded_by_channel":
    case "reversed_by_channel":
      return { end: isSurplus(done, attempt.id) ? "booked" : "missing", ...about };
    case "reversed":
    case "refund_by_channel_returned":
      return { end: "booked", ...about };
    case "already_known": {
      const sources = [attempt.id, foreignRefundId(attempt.id, channelRefundNo, ...(isBack ? RETURNED : []))];
      const kinds = /^break_refund_theirs$|^reversed_by_channel$/;
      const since = await bookedSince(deps, attempt, word, sources, kinds);
      if (!since) return { end: "known", ...about };
      return { end: isBack || isSurplus(done, attempt.id) ? "booked" : "missing", ...about };
    }
    default:
      return { end: "open", ...about };
  }
}

/** Whether one of these causes was booked after the closed dates: the line is new to them alone. */
async function bookedSince(
  { cell }: StatementLineDeps,
  { merchantId }: AttemptPlace,
  { closedThrough }: StatementWord,
  sources: readonly Id[],
  kinds: RegExp,
): Promise<boolean> {
  const journals = await journalsOfSources(cell.db, bookIdOf("merchant", merchantId), sources);
  return journals.some(({ kind, accountingDate }) => kinds.test(kind) && accountingDate > closedThrough);
}

/** What goes back of a surplus goes where it should. */
function isSurplus({ attempts }: Done, id: Id): boolean {
  return attempts.find((attempt: Attempt) => attempt.id === id)?.surplus !== null;
}

async function refundOf(
  deps: StatementLineDeps,
  attempt: AttemptPlace,
  channelRefundNo: string | null,
): Promise<Refund | null> {
  const id = channelRefundNo === null ? null : parseChannelNumber("rfd", channelRefundNo);
  const refund = id === null ? null : await refundById(deps.cell.db, id);
  return refund?.attemptId === attempt.id ? refund : null;
}

/** Whether the channel tells of arrival otherwise; where it does not, its statement ends the refund. */
async function tellsArrival(deps: StatementLineDeps, { channelAccountId }: AttemptPlace): Promise<boolean> {
  const account = await deps.channels.account(channelAccountId);
  const channel = account === null ? null : deps.channels.channel(account.channel);
  return channel?.traits.tellsRefundArrival !== false;
}

function commonOf({ cell }: StatementLineDeps, attempt: AttemptPlace, word: StatementWord) {
  return {
    paymentId: attempt.paymentId,
    merchantId: attempt.merchantId,
    channelAccountId: attempt.channelAccountId,
    attemptId: attempt.id,
    reportId: cell.newId(),
    exchange: exchangeOf(cell.clock.now(), word),
  };
}

function exchangeOf(startedAt: Date, { statement, channelDate, line }: StatementWord): ExchangeRecord {
  const said = {
    line: line.line,
    kind: line.kind,
    trade_no: line.channelTradeNo,
    order_no: line.channelOrderNo,
    refund_no: line.channelRefundNo,
    amount: String(line.amount),
    settles: String(line.settleAmount),
    fee: String(line.fee),
    currency: line.currency,
    finished_at: line.finishedAt.toISOString(),
  };
  return {
    operation: "statement",
    startedAt,
    tookMs: 0,
    channelCode: null,
    request: `statement ${statement} of ${channelDate}${line.line > 0 ? `, line ${line.line}` : ""}`,
    response: JSON.stringify(said),
  };
}
