/**
 * The door's one transaction, written for many commands: lock in the one order, load, decide each in turn
 * with pure functions that see the effects of those before it, write with one statement per table, post.
 */
import type { Channels } from "../../channels/index.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import { lockDay, type PostResult, post } from "../../ledger/index.ts";
import { adjustQuotas } from "../../routing/index.ts";
import type { Delivery, Endpoint, NewEvent, Webhooks } from "../../webhooks/index.ts";
import { counts } from "../attempt/choices.ts";
import { type AttemptChange, addAttempts, attemptsOfPayments, updateAttempts } from "../attempt/store.ts";
import { disputesOfPayments, insertDisputes, updateDisputes } from "../dispute/store.ts";
import { type ExchangeRow, insertExchanges } from "../exchanges.ts";
import type { Attempt, Dispute, Payment, Refund, WorkItem } from "../model.ts";
import { lockPayments, updatePayments } from "../payment/store.ts";
import { insertRefunds, refundsByNumber, refundsOfPayments, updateRefunds } from "../refund/store.ts";
import { type ContractsOfBatch, type SharesInBatch, sharesInBatch, sharesOf } from "../sharing/in-batch.ts";
import type { FeeTerms } from "../terms.ts";
import { type PaymentPages, presentDispute, presentPayment, presentRefund } from "../view.ts";
import { insertWorkItems } from "../work/store.ts";
import type { Command, Report } from "./commands.ts";
import { type Around, type Decided, decide, numberOf } from "./decide.ts";
import { type Booking, type Box, type Draft, openDraft } from "./draft.ts";
import { journalOf } from "./postings.ts";
import { reserveAttempts } from "./reserve.ts";

export type Done = Decided & {
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
};

/**
 * What a command came to; `failed` only when deciding it threw: that item is dropped, loudly, and no other.
 */
export type CommandResult =
  | ({ readonly result: "done" } & Done)
  | { readonly result: "no_payment" }
  | { readonly result: "failed"; readonly error: unknown };

export type ExecuteDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "channel">;
  readonly webhooks: Pick<Webhooks, "record">;
  readonly log: Log;
  readonly pagesOf: (paymentId: Id) => PaymentPages;
};

/** What the batch may use besides the locked rows: read before the transaction, at most a second old. */
export type Surroundings = {
  readonly terms: (merchantId: Id, channelAccountId: Id) => FeeTerms;
  readonly endpoints: ReadonlyMap<Id, readonly Endpoint[]>;
  readonly contracts: ContractsOfBatch;
};

export type Executed = {
  readonly results: readonly CommandResult[];
  readonly deliveries: readonly Delivery[];
  /** Refund commands that the merchant's money does not cover: nothing of this transaction may be kept. */
  readonly uncovered: ReadonlySet<Command>;
  /** A row is due already: the workers need not wait for their next look. */
  readonly isWorkDue: boolean;
};

type Work = {
  readonly boxes: Map<Id, Box>;
  readonly before: {
    attempts: Map<Id, Attempt>;
    payments: Map<Id, Payment>;
    refunds: Map<Id, Refund>;
    disputes: Map<Id, Dispute>;
  };
  readonly newAttempts: Map<Id, Attempt>;
  readonly newRefunds: Map<Id, Refund>;
  readonly newDisputes: Map<Id, Dispute>;
  readonly bookings: { booking: Booking; command: Command }[];
  readonly events: NewEvent[];
  readonly workItems: WorkItem[];
  readonly exchanges: ExchangeRow[];
  readonly numbers: Map<string, Refund>;
};

/** @param uncovered refund commands known to be beyond the merchant's money. */
export async function execute(
  deps: ExecuteDeps,
  tx: Tx,
  commands: readonly Command[],
  around: Surroundings,
  uncovered: ReadonlySet<Command>,
): Promise<Executed> {
  // Sent together, carried out in turn: the day's lock is the first, and what belongs to the payments is read
  // by statements that start after their locks are held.
  const [day, work] = await Promise.all([lockDay(tx, deps.cell.cell), load(tx, commands)]);
  const now = deps.cell.clock.now();
  const { newId } = deps.cell;
  const { numbers } = work;
  const { channel } = deps.channels;
  const reserving = await reserveAttempts(tx, commands, work.before.attempts);
  const { reserved } = reserving;
  const known: Around = { now, newId, channel, terms: around.terms, numbers, uncovered, reserved };
  const { contracts } = around;
  const shares = await sharesInBatch(tx, commands, work.boxes, { contracts, channel, newId, now });
  const results = commands.map((command) => carryOut(deps, { ...work, shares }, command, known));
  await reserving.write(work.newAttempts);
  const drafts = work.bookings.map(({ booking }) => journalOf(booking, newId()));
  // Sent together, in this order: the accounts that `post` locks are the last locks.
  const [, , deliveries, posted] = await Promise.all([
    persist(tx, work, now),
    shares.write(tx),
    deps.webhooks.record(tx, around.endpoints, work.events),
    drafts.length === 0 ? [] : post(tx, day, drafts, now),
  ]);
  const uncoveredNow = await settlePosted(tx, work, posted);
  return { results, deliveries, uncovered: uncoveredNow, isWorkDue: hasDue(work, now) };
}

/** Whether a row of the batch waits for the workers at this very moment. */
function hasDue({ boxes }: Work, now: Date): boolean {
  const isDue = ({ dueAt }: { readonly dueAt: Date | null }) => dueAt !== null && dueAt <= now;
  for (const { payment, attempts, refunds } of boxes.values()) {
    if (isDue(payment)) return true;
    for (const attempt of attempts.values()) if (isDue(attempt)) return true;
    for (const refund of refunds.values()) if (isDue(refund)) return true;
  }
  return false;
}

async function load(tx: Tx, commands: readonly Command[]): Promise<Work> {
  const ids = [...new Set(commands.map((command) => command.paymentId))].sort();
  const [payments, attempts] = await Promise.all([lockPayments(tx, ids), attemptsOfPayments(tx, ids)]);
  const withRefunds = new Set<Id>();
  for (const command of commands) {
    if (needsRefunds(command)) withRefunds.add(command.paymentId);
  }
  for (const attempt of attempts) {
    if (attempt.refundedAmount > 0n || attempt.surplus !== null) withRefunds.add(attempt.paymentId);
  }
  const sorted = [...withRefunds].sort();
  const [refunds, disputes] =
    sorted.length === 0
      ? [[], []]
      : await Promise.all([refundsOfPayments(tx, sorted), disputesOfPayments(tx, sorted)]);
  const wanted = commands.flatMap((command) =>
    command.kind === "refund"
      ? [{ merchantId: command.merchantId, merchantRefundNo: command.refund.merchantRefundNo }]
      : [],
  );
  const numbered = wanted.length === 0 ? [] : await refundsByNumber(tx, wanted);
  const boxes = new Map<Id, Box>();
  for (const payment of payments) {
    boxes.set(payment.id, { payment, attempts: new Map(), refunds: new Map(), disputes: new Map() });
  }
  for (const attempt of attempts) boxes.get(attempt.paymentId)?.attempts.set(attempt.id, attempt);
  for (const refund of refunds) boxes.get(refund.paymentId)?.refunds.set(refund.id, refund);
  for (const dispute of disputes) boxes.get(dispute.paymentId)?.disputes.set(dispute.id, dispute);
  return {
    boxes,
    before: {
      payments: byId(payments),
      attempts: byId(attempts),
      refunds: byId(refunds),
      disputes: byId(disputes),
    },
    newAttempts: new Map(),
    newRefunds: new Map(),
    newDisputes: new Map(),
    bookings: [],
    events: [],
    workItems: [],
    exchanges: [],
    numbers: new Map(
      numbered.map((refund) => [numberOf(refund.merchantId, refund.merchantRefundNo), refund]),
    ),
  };
}

function needsRefunds(command: Command): boolean {
  if (["refund", "refund_report", "foreign_refund", "dispute_report"].includes(command.kind)) return true;
  return (
    command.kind === "trade" && command.end.end === "answered" && command.end.value.outcome === "refunded"
  );
}

function byId<T extends { readonly id: Id }>(rows: readonly T[]): Map<Id, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function carryOut(
  deps: ExecuteDeps,
  work: Work & { readonly shares: SharesInBatch },
  command: Command,
  around: Around,
): CommandResult {
  const box = work.boxes.get(command.paymentId);
  if (box === undefined || box.payment.merchantId !== command.merchantId) return { result: "no_payment" };
  const draft = openDraft(box);
  let decided: Decided;
  try {
    decided = decide(draft, command, around);
    draft.check();
  } catch (error) {
    deps.log.error(
      { err: error, payment: formatId("pay", command.paymentId) },
      "a report could not be decided on",
    );
    return { result: "failed", error };
  }
  draft.keep();
  const { wish, events } = sharesOf(work.shares, box, draft, decided.wish);
  work.events.push(...events);
  collect(deps, work, box, draft, command, decided.decision, around.now);
  const { payment, attempts, refunds, disputes } = box;
  return {
    result: "done",
    ...decided,
    wish,
    payment,
    attempts: [...attempts.values()],
    refunds: [...refunds.values()],
    disputes: [...disputes.values()],
  };
}

function collect(
  deps: ExecuteDeps,
  work: Work,
  box: Box,
  draft: Draft,
  command: Command,
  decision: Decided["decision"],
  now: Date,
): void {
  const { payment } = box;
  const { effects } = draft;
  for (const attempt of effects.newAttempts) work.newAttempts.set(attempt.id, attempt);
  for (const refund of effects.newRefunds) work.newRefunds.set(refund.id, refund);
  for (const dispute of effects.newDisputes) work.newDisputes.set(dispute.id, dispute);
  for (const booking of effects.bookings) work.bookings.push({ booking, command });
  for (const item of effects.workItems) {
    work.workItems.push({
      id: deps.cell.newId(),
      paymentId: payment.id,
      merchantId: payment.merchantId,
      currency: payment.currency,
      ...item,
    });
  }
  for (const { type, subjectId } of effects.events) {
    work.events.push({
      id: deps.cell.newId(),
      merchantId: payment.merchantId,
      type,
      subjectId: subjectId ?? payment.id,
      paymentId: payment.id,
      data: subjectId === null ? { payment: viewOf(deps, box) } : subjectViewOf(box, subjectId),
      createdAt: now,
    });
  }
  if ("reportId" in command) work.exchanges.push(exchangeOf(command, decision, now));
}

function viewOf(deps: ExecuteDeps, box: Box) {
  const automatic = [...box.refunds.values()].filter((refund) => refund.automatic);
  const { payment, attempts, disputes } = box;
  const about = { attempts: [...attempts.values()], disputes: [...disputes.values()] };
  return presentPayment(payment, about, automatic, deps.pagesOf(payment.id));
}

function subjectViewOf(box: Box, id: Id) {
  const [refund, dispute] = [box.refunds.get(id), box.disputes.get(id)];
  if (refund !== undefined) return { refund: presentRefund(refund) };
  if (dispute !== undefined) return { dispute: presentDispute(dispute) };
  throw new Error(`${id} is neither a refund nor a dispute of the locked payment`);
}

function exchangeOf(report: Report, decision: Decided["decision"], now: Date): ExchangeRow {
  const { exchange, end } = report;
  const detail =
    end.end === "refused" ? `${end.code}: ${end.message}` : end.end === "answered" ? null : end.reason;
  return {
    paymentId: report.paymentId,
    id: report.reportId,
    attemptId: report.attemptId,
    refundId: report.kind === "refund_report" ? report.refundId : null,
    operation: exchange.operation,
    callEnd: end.end,
    outcome: end.end === "answered" ? end.value.outcome : null,
    decision: decision ?? "none",
    channelCode: exchange.channelCode,
    detail,
    request: exchange.request,
    response: exchange.response,
    startedAt: exchange.startedAt,
    tookMs: exchange.tookMs,
    decidedAt: now,
  };
}

async function persist(tx: Tx, work: Work, now: Date): Promise<void> {
  const { before, newAttempts, newRefunds, newDisputes } = work;
  const boxes = [...work.boxes.values()];
  const attempts = boxes.flatMap((box) => [...box.attempts.values()]);
  const refunds = boxes.flatMap((box) => [...box.refunds.values()]);
  const disputes = boxes.flatMap((box) => [...box.disputes.values()]);
  const changes = attempts.flatMap((after): AttemptChange[] => {
    const known = before.attempts.get(after.id) ?? newAttempts.get(after.id);
    return known !== undefined && differs(known, after) ? [{ before: known, after }] : [];
  });
  const [inserted] = await Promise.all([
    insertRefunds(
      tx,
      refunds.filter((refund) => newRefunds.has(refund.id)),
    ),
    updatePayments(
      tx,
      boxes.map((box) => box.payment).filter((payment) => differs(before.payments.get(payment.id), payment)),
    ),
    addAttempts(tx, [...newAttempts.values()]),
    updateAttempts(tx, changes),
    updateRefunds(
      tx,
      refunds.filter(
        (refund) => !newRefunds.has(refund.id) && differs(before.refunds.get(refund.id), refund),
      ),
    ),
    insertDisputes(
      tx,
      disputes.filter((dispute) => newDisputes.has(dispute.id)),
    ),
    updateDisputes(
      tx,
      disputes.filter(
        (dispute) => !newDisputes.has(dispute.id) && differs(before.disputes.get(dispute.id), dispute),
      ),
    ),
    insertExchanges(tx, work.exchanges),
    insertWorkItems(tx, work.workItems, now),
    adjustQuotas(tx, quotaChanges(changes)),
  ]);
  if (inserted.size !== newRefunds.size) throw numberTaken();
}

/** Orders that ended without money count no more; one that is paid after its end counts again. */
function quotaChanges(changes: readonly AttemptChange[]) {
  return changes.flatMap(({ before, after }) => {
    if ((after.quotaDay ?? after.quotaMonth) === null || counts(before) === counts(after)) return [];
    return [{ ...after, by: counts(after) ? (1n as const) : (-1n as const) }];
  });
}

/** A repeated report copies rows and changes none: those are not written again. */
function differs<T extends object>(before: T | undefined, present: T): boolean {
  if (before === present) return false;
  return (
    before === undefined || (Object.keys(present) as (keyof T)[]).some((key) => before[key] !== present[key])
  );
}

/** Another payment's refund took the number after we looked: the whole batch decides again and sees it. */
function numberTaken(): Error {
  return Object.assign(new Error("a refund number was taken meanwhile"), { code: "40001" });
}

/**
 * Writes where refunds' money came from, and finds those that are not covered. Anything else unposted is a
 * broken rule.
 */
async function settlePosted(
  tx: Tx,
  work: Work,
  posted: readonly PostResult[],
): Promise<ReadonlySet<Command>> {
  const uncovered = new Set<Command>();
  const funded: Refund[] = [];
  for (const [index, result] of posted.entries()) {
    const { booking, command } = work.bookings[index] as Work["bookings"][number];
    if (result.result === "posted") {
      if (booking.booking === "refund_requested") funded.push(fund(work, booking.refund, result.drawn));
    } else if (result.result === "refused" && booking.booking === "refund_requested") {
      uncovered.add(command);
    } else {
      throw new Error(`the books ${result.result} a ${booking.booking} of the attempt ${booking.attempt.id}`);
    }
  }
  if (uncovered.size === 0) await updateRefunds(tx, funded);
  return uncovered;
}

function fund(work: Work, refund: Refund, drawn: readonly (readonly bigint[])[]): Refund {
  const [pending = refund.settleAmount, available = 0n, receivable = 0n] = drawn[0] ?? [];
  const box = work.boxes.get(refund.paymentId) as Box;
  const present = box.refunds.get(refund.id) as Refund;
  const funded = { ...present, fromPending: pending, fromAvailable: available, fromReceivable: receivable };
  box.refunds.set(refund.id, funded);
  return funded;
}
