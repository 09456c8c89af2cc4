/**
 * A payment's story in order of time, read from what the rooms keep anyway: attempts, exchanges, journals,
 * refunds, events and deliveries. The first thing a person looks at.
 */
import type { Db } from "../kernel/database.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { moneyText } from "../kernel/money.ts";
import { bookIdOf, type Journal, journalsOfSources } from "../ledger/index.ts";
import {
  returnsOfPayments,
  type Share,
  type ShareReturn,
  sharesOfPayments,
  sharingsOfPayments,
} from "../sharing/index.ts";
import {
  type DeliveryView,
  deliveriesOfPayment,
  type EventView,
  eventsOfPayment,
} from "../webhooks/index.ts";
import { type ExchangeRow, exchangesOfPayment } from "./exchanges.ts";
import { foreignRefundSources } from "./foreign-refunds.ts";
import type { Attempt, Dispute, Payment, Refund } from "./model.ts";
import type { Whole } from "./whole.ts";

export type TimelineItem = {
  readonly at: string;
  readonly kind:
    | "payment"
    | "attempt"
    | "exchange"
    | "journal"
    | "refund"
    | "dispute"
    | "share"
    | "event"
    | "delivery";
  /** One sentence for people. */
  readonly what: string;
  readonly id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
};

type Entry = TimelineItem & { readonly time: number; readonly rank: number };

/** At one instant a cause stands before its effects. */
const RANKS: Readonly<Record<TimelineItem["kind"], number>> = {
  payment: 0,
  attempt: 1,
  refund: 2,
  dispute: 2,
  share: 2,
  exchange: 3,
  journal: 4,
  event: 5,
  delivery: 6,
};

/**
 * Everything that happened to a payment, oldest first. @param wholeBooks operators also see the platform's
 * accounts.
 */
export async function timelineOf(
  db: Db,
  whole: Whole,
  wholeBooks: boolean,
): Promise<readonly TimelineItem[]> {
  const { payment, attempts, refunds, disputes } = whole;
  const [exchanges, events, deliveries, shared] = await Promise.all([
    exchangesOfPayment(db, payment.id),
    eventsOfPayment(db, payment.id),
    deliveriesOfPayment(db, payment.id),
    sharedOfPayment(db, payment.id),
  ]);
  const rows = [...attempts, ...refunds, ...disputes, ...exchanges, ...shared.shares, ...shared.returns].map(
    (row) => row.id,
  );
  const sources = [...rows, ...attempts.flatMap(foreignRefundSources)];
  const journals = await journalsOfSources(db, bookIdOf("merchant", payment.merchantId), sources);
  const entries: Entry[] = [
    ...ofPayment(payment),
    ...attempts.flatMap((attempt) => ofAttempt(attempt, wholeBooks)),
    ...refunds.flatMap(ofRefund),
    ...disputes.flatMap(ofDispute),
    ...ofShared(shared),
    ...exchanges.map(ofExchange),
    ...journals.map((journal) => ofJournal(journal, wholeBooks)),
    ...events.map(ofEvent),
    ...deliveries.flatMap(ofDelivery),
  ];
  entries.sort((a, b) => a.time - b.time || a.rank - b.rank);
  return entries.map(({ time: _time, rank: _rank, ...item }) => item);
}

function entry(
  kind: TimelineItem["kind"],
  at: Date,
  what: string,
  id: string | null,
  detail: Readonly<Record<string, unknown>> = {},
): Entry {
  return { at: at.toISOString(), kind, what, id, detail, time: at.getTime(), rank: RANKS[kind] };
}

function ofPayment(payment: Payment): Entry[] {
  const id = formatId("pay", payment.id);
  const asked = `Payment of ${moneyText(payment)} created`;
  const made = entry("payment", payment.createdAt, asked, id, { merchant_order_no: payment.merchantOrderNo });
  if (payment.finishedAt === null) return [made];
  const reason = payment.closedReason === null ? "" : `, ${payment.closedReason}`;
  return [
    made,
    { ...entry("payment", payment.finishedAt, `Payment ${payment.status}${reason}`, id), rank: 3.5 },
  ];
}

function ofAttempt(attempt: Attempt, wholeBooks: boolean): Entry[] {
  const id = formatId("att", attempt.id);
  const numbers = { channel_order_no: attempt.channelOrderNo, channel_trade_no: attempt.channelTradeNo };
  const account = formatId("cha", attempt.channelAccountId);
  const made = entry("attempt", attempt.createdAt, `Order by ${attempt.method} written`, id, {
    ...numbers,
    channel_account: account,
    routed: attempt.routing,
    expires_at: attempt.expiresAt.toISOString(),
  });
  if (attempt.finishedAt === null) return [made];
  const surplus = attempt.surplus === null ? "" : `, as surplus (${attempt.surplus})`;
  const ended = entry("attempt", attempt.finishedAt, `Order ${attempt.state}${surplus}`, id, {
    ...numbers,
    failure_code: attempt.failureCode,
    failure_message: attempt.failureMessage,
    ...chargesOf(attempt, wholeBooks),
  });
  return [made, { ...ended, rank: 3.4 }];
}

/** What it was charged and by which rule; what the channel takes from us is no merchant's business. */
function chargesOf({ taken }: Attempt, wholeBooks: boolean): Readonly<Record<string, unknown>> {
  if (taken === null || taken.feeRule === null) return {};
  const { feeAmount, feeRule, feeRuleVersion, costAmount, costRule, costRuleVersion } = taken;
  return {
    fee: Number(feeAmount),
    fee_rule: feeRule,
    fee_rule_version: Number(feeRuleVersion),
    ...(wholeBooks
      ? { cost: Number(costAmount), cost_rule: costRule, cost_rule_version: Number(costRuleVersion) }
      : {}),
  };
}

function ofRefund(refund: Refund): Entry[] {
  const id = formatId("rfd", refund.id);
  const whose = refund.automatic ? "Automatic refund" : `Refund ${refund.merchantRefundNo}`;
  const made = entry("refund", refund.createdAt, `${whose} of ${moneyText(refund)} created`, id, {
    channel_refund_no: refund.channelRefundNo,
    reason: refund.reason,
  });
  // An automatic one is made by the same report that ended its order.
  const steps = [refund.automatic ? { ...made, rank: 3.45 } : made];
  if (refund.acceptedAt !== null) {
    steps.push({ ...entry("refund", refund.acceptedAt, "Refund accepted by the channel", id), rank: 3.3 });
  }
  if (refund.finishedAt !== null) {
    const why = { failure_code: refund.failureCode, failure_message: refund.failureMessage };
    steps.push({ ...entry("refund", refund.finishedAt, `Refund ${refund.state}`, id, why), rank: 3.4 });
  }
  return steps;
}

function ofDispute(dispute: Dispute): Entry[] {
  const id = formatId("dsp", dispute.id);
  const claimed = `Dispute of ${moneyText(dispute)} opened`;
  const made = entry("dispute", dispute.createdAt, claimed, id, {
    channel_dispute_no: dispute.channelDisputeNo,
    reason: dispute.reason,
    fee: Number(dispute.fee),
    respond_by: dispute.respondBy?.toISOString() ?? null,
  });
  const opened = { ...made, rank: 3.3 };
  if (dispute.finishedAt === null) return [opened];
  const end = entry("dispute", dispute.finishedAt, `Dispute ${dispute.state}`, id, {
    amount_returned: Number(dispute.returnedAmount),
    fee_returned: Number(dispute.returnedFee),
  });
  return [opened, { ...end, rank: 3.4 }];
}

async function sharedOfPayment(db: Db, paymentId: Id) {
  const ids = [paymentId];
  const [shares, returns, sharings] = await Promise.all([
    sharesOfPayments(db, ids),
    returnsOfPayments(db, ids),
    sharingsOfPayments(db, ids),
  ]);
  return { shares, returns, sharing: sharings[0] ?? null };
}

function ofShared({ shares, returns, sharing }: Awaited<ReturnType<typeof sharedOfPayment>>): Entry[] {
  const end =
    sharing?.finishedAt == null
      ? []
      : [{ ...entry("share", sharing.finishedAt, "Splitting finished", null), rank: 3.4 }];
  return [...shares.flatMap(ofShare), ...returns.flatMap((one) => ofReturn(one, shares)), ...end];
}

function ofShare(share: Share): Entry[] {
  const id = formatId("shr", share.id);
  const receiver = formatId("rcv", share.receiverId);
  const what = `Share of ${moneyText(share)} made`;
  const numbers = { receiver, channel_share_no: share.channelShareNo };
  return withEnd(entry("share", share.createdAt, what, id, numbers), share, `Share ${share.state}`);
}

function ofReturn(given: ShareReturn, shares: readonly Share[]): Entry[] {
  const share = shares.find(({ id }) => id === given.shareId);
  const id = share === undefined ? null : formatId("shr", share.id);
  const what = `Return of ${moneyText(given)} of a share asked for`;
  const numbers = { refund: formatId("rfd", given.refundId), channel_return_no: given.channelReturnNo };
  return withEnd(entry("share", given.createdAt, what, id, numbers), given, `Return ${given.state}`);
}

function withEnd(made: Entry, called: Share | ShareReturn, what: string): Entry[] {
  if (called.finishedAt === null) return [made];
  const why = { failure_code: called.failureCode, failure_message: called.failureMessage };
  return [made, { ...entry("share", called.finishedAt, what, made.id, why), rank: 3.4 }];
}

function ofExchange(row: ExchangeRow): Entry {
  const said = row.outcome ?? row.callEnd;
  const what =
    row.operation === "notification"
      ? `The channel notified: ${said}; decided: ${row.decision}`
      : `Called the channel (${row.operation}): ${said}; decided: ${row.decision}`;
  const at = new Date(row.startedAt.getTime() + row.tookMs);
  return entry("exchange", at > row.decidedAt ? row.decidedAt : at, what, formatId("exc", row.id), {
    operation: row.operation,
    started_at: row.startedAt.toISOString(),
    took_ms: row.tookMs,
    call_end: row.callEnd,
    outcome: row.outcome,
    channel_code: row.channelCode,
    reason: row.detail,
    decision: row.decision,
    request: row.request,
    response: row.response,
  });
}

function ofJournal(journal: Journal, wholeBooks: boolean): Entry {
  const shown = journal.entries.filter(
    (line) => wholeBooks || /^(memo_)?(merchant|receiver)_/.test(line.code),
  );
  const booked = entry("journal", journal.postedAt, `Booked: ${journal.kind}`, formatId("jnl", journal.id), {
    accounting_date: journal.accountingDate,
    channel_date: journal.channelDate,
    currency: journal.currency,
    entries: shown.map((line) => ({
      account: formatId("acc", line.account),
      code: line.code,
      amount: Number(line.amount),
      balance_after: Number(line.balanceAfter),
    })),
  });
  return { ...booked, rank: journal.kind.endsWith("_success") ? RANKS.journal : RANKS.journal + 0.1 };
}

function ofEvent(event: EventView): Entry {
  return entry("event", event.createdAt, `Event ${event.type}`, formatId("evt", event.id));
}

function ofDelivery(delivery: DeliveryView): Entry[] {
  const id = formatId("dlv", delivery.id);
  const endpoint = formatId("whe", delivery.endpointId);
  const failed = delivery.failedTries.map((tried) =>
    entry("delivery", tried.startedAt, `Delivery of ${delivery.type} failed: ${tried.error}`, id, {
      endpoint,
      try: tried.number,
      status: tried.status,
      took_ms: tried.durationMs,
      answer: tried.answer,
    }),
  );
  if (delivery.deliveredAt === null) return failed;
  const done = entry("delivery", delivery.deliveredAt, `Delivered ${delivery.type}`, id, {
    endpoint,
    tries: delivery.tries,
    status: delivery.lastStatus,
    took_ms: delivery.lastDurationMs,
  });
  return [...failed, done];
}
