/**
 * The door's one transaction, written for many commands: lock in the one order, load, decide each in turn
 * with pure functions that see the effects of those before it, write with one statement per table, post.
 */
import type { Channels, SceneTraits } from "../../channels/index.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import { lockDay, type PostResult, post } from "../../ledger/index.ts";
import type { Delivery, Endpoint, NewEvent, Webhooks } from "../../webhooks/index.ts";
import type { Attempt, Payment, Refund, WorkItem } from "../model.ts";
import {
  attemptsOfPayments,
  type ExchangeRow,
  insertAttempts,
  insertExchanges,
  insertRefunds,
  insertWorkItems,
  lockPayments,
  refundsByNumber,
  refundsOfPayments,
  updateAttempts,
  updatePayments,
  updateRefunds,
} from "../store.ts";
import type { FeeTerms } from "../terms.ts";
import { presentPayment, presentRefund } from "../view.ts";
import type { Command, RefundRequest, Report, WishResult } from "./commands.ts";
import { addAttempt, beginClosing, requestRefund } from "./commands.ts";
import { decideRefund, type RefundDecision } from "./decide-refund.ts";
import {
  type Decision,
  decideCallEnd,
  decideGiveUp,
  decideReversal,
  decideTrade,
  type TradeContext,
} from "./decide-trade.ts";
import { type Booking, type Box, type Draft, openDraft } from "./draft.ts";
import { journalOf } from "./postings.ts";

export type Done = {
  readonly decision: Decision | RefundDecision | null;
  readonly wish: WishResult | null;
  readonly payment: Payment;
  readonly attempts: readonly Attempt[];
  readonly refunds: readonly Refund[];
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
  readonly cashierUrl: (paymentId: Id) => string;
};

/** What the batch may use besides the locked rows: read before the transaction, at most a second old. */
export type Surroundings = {
  readonly terms: (merchantId: Id, channelAccountId: Id) => FeeTerms;
  readonly endpoints: ReadonlyMap<Id, readonly Endpoint[]>;
};

export type Executed = {
  readonly results: readonly CommandResult[];
  readonly deliveries: readonly Delivery[];
  /** Refund commands that the merchant's money does not cover: nothing of this transaction may be kept. */
  readonly uncovered: ReadonlySet<Command>;
};

type Work = {
  readonly boxes: Map<Id, Box>;
  readonly before: { attempts: Map<Id, Attempt>; payments: Map<Id, Payment>; refunds: Map<Id, Refund> };
  readonly newAttempts: Map<Id, Attempt>;
  readonly newRefunds: Map<Id, Refund>;
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
  const day = await lockDay(tx, deps.cell.cell);
  const work = await load(tx, commands);
  const now = deps.cell.clock.now();
  const results = commands.map((command) => carryOut(deps, work, command, around, uncovered, now));
  await persist(tx, work, now);
  const deliveries = await deps.webhooks.record(tx, around.endpoints, work.events);
  const drafts = work.bookings.map(({ booking }) => journalOf(booking, deps.cell.newId()));
  const posted = drafts.length === 0 ? [] : await post(tx, day, drafts, now);
  return { results, deliveries, uncovered: await settlePosted(tx, work, posted) };
}

async function load(tx: Tx, commands: readonly Command[]): Promise<Work> {
  const ids = [...new Set(commands.map((command) => command.paymentId))].sort();
  const payments = await lockPayments(tx, ids);
  const attempts = await attemptsOfPayments(tx, ids);
  const withRefunds = new Set<Id>();
  for (const command of commands) {
    if (needsRefunds(command)) withRefunds.add(command.paymentId);
  }
  for (const attempt of attempts) {
    if (attempt.refundedAmount > 0n || attempt.surplus !== null) withRefunds.add(attempt.paymentId);
  }
  const refunds = withRefunds.size === 0 ? [] : await refundsOfPayments(tx, [...withRefunds].sort());
  const wanted = commands.flatMap((command) =>
    command.kind === "refund"
      ? [{ merchantId: command.merchantId, merchantRefundNo: command.refund.merchantRefundNo }]
      : [],
  );
  const numbered = wanted.length === 0 ? [] : await refundsByNumber(tx, wanted);
  const boxes = new Map<Id, Box>();
  for (const payment of payments) boxes.set(payment.id, { payment, attempts: new Map(), refunds: new Map() });
  for (const attempt of attempts) boxes.get(attempt.paymentId)?.attempts.set(attempt.id, attempt);
  for (const refund of refunds) boxes.get(refund.paymentId)?.refunds.set(refund.id, refund);
  return {
    boxes,
    before: { payments: byId(payments), attempts: byId(attempts), refunds: byId(refunds) },
    newAttempts: new Map(),
    newRefunds: new Map(),
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
  if (command.kind === "refund" || command.kind === "refund_report") return true;
  return (
    command.kind === "trade" && command.end.end === "answered" && command.end.value.outcome === "refunded"
  );
}

function byId<T extends { readonly id: Id }>(rows: readonly T[]): Map<Id, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function numberOf(merchantId: Id, merchantRefundNo: string | null): string {
  return `${merchantId}/${merchantRefundNo}`;
}

function carryOut(
  deps: ExecuteDeps,
  work: Work,
  command: Command,
  around: Surroundings,
  uncovered: ReadonlySet<Command>,
  now: Date,
): CommandResult {
  const box = work.boxes.get(command.paymentId);
  if (box === undefined || box.payment.merchantId !== command.merchantId) return { result: "no_payment" };
  const draft = openDraft(box);
  try {
    const decided = decide(deps, work, draft, command, around, uncovered, now, box);
    draft.keep();
    collect(deps, work, box, draft, command, decided.decision, now);
    return {
      result: "done",
      ...decided,
      payment: box.payment,
      attempts: [...box.attempts.values()],
      refunds: [...box.refunds.values()],
    };
  } catch (error) {
    deps.log.error(
      { err: error, payment: formatId("pay", command.paymentId) },
      "a report could not be decided on",
    );
    return { result: "failed", error };
  }
}

function decide(
  deps: ExecuteDeps,
  work: Work,
  draft: Draft,
  command: Command,
  around: Surroundings,
  uncovered: ReadonlySet<Command>,
  now: Date,
  box: Box,
): { decision: Decision | RefundDecision | null; wish: WishResult | null } {
  const context = (): TradeContext => contextOf(deps, command, around, now);
  switch (command.kind) {
    case "trade": {
      const { attemptId, source, end } = command;
      const decision =
        end.end === "answered"
          ? decideTrade(draft, attemptId, { source, trade: end.value }, context())
          : decideCallEnd(draft, attemptId, { source, end }, context());
      return { decision, wish: null };
    }
    case "reversal":
      return { decision: decideReversal(draft, command.attemptId, command.end, context()), wish: null };
    case "refund_report": {
      const channel = channelOf(deps, draft.attempt(command.attemptId));
      const terms = around.terms(command.merchantId, draft.attempt(command.attemptId).channelAccountId);
      const decision = decideRefund(draft, command.refundId, command, { now, terms, traits: channel.traits });
      return { decision, wish: null };
    }
    case "give_up":
      return { decision: decideGiveUp(draft, command.attemptId, context()), wish: null };
    case "begin_closing":
      return { decision: null, wish: beginClosing(draft, command.closingFor, context()) };
    case "new_attempt":
      return {
        decision: null,
        wish: addAttempt(draft, command.attempt, now, sceneOf(deps, command.attempt)),
      };
    case "refund":
      return { decision: null, wish: decideWantedRefund(work, draft, command, uncovered, now, box) };
  }
}

function decideWantedRefund(
  work: Work,
  draft: Draft,
  command: Extract<Command, { kind: "refund" }>,
  uncovered: ReadonlySet<Command>,
  now: Date,
  box: Box,
): WishResult {
  const wanted: RefundRequest = command.refund;
  const number = numberOf(command.merchantId, wanted.merchantRefundNo);
  const known = work.numbers.get(number);
  if (known !== undefined) {
    const same = known.paymentId === command.paymentId && known.request === wanted.request;
    if (same) return { done: true, refund: known, existing: known.id !== wanted.id };
    return { done: false, refusal: "number_reused", refund: known };
  }
  if (isUncovered(uncovered, command)) return { done: false, refusal: "insufficient_balance" };
  const result = requestRefund(draft, wanted, now, [...box.refunds.values()]);
  if (result.done && result.refund !== undefined) work.numbers.set(number, result.refund);
  return result;
}

/** The same request sent twice at once is beyond the merchant's money both times. */
function isUncovered(
  uncovered: ReadonlySet<Command>,
  { paymentId, refund }: Extract<Command, { kind: "refund" }>,
): boolean {
  for (const other of uncovered) {
    if (other.kind !== "refund" || other.paymentId !== paymentId) continue;
    const sameNumber = other.refund.merchantRefundNo === refund.merchantRefundNo;
    if (sameNumber && other.refund.request === refund.request) return true;
  }
  return false;
}

function contextOf(deps: ExecuteDeps, command: Command, around: Surroundings, now: Date): TradeContext {
  return {
    now,
    // Only money being taken asks for terms; a wish about a payment without an attempt has none.
    get terms() {
      if (command.channelAccountId === null)
        throw new Error("terms were asked for without a channel account");
      return around.terms(command.merchantId, command.channelAccountId);
    },
    sceneOf: (attempt) => sceneOf(deps, attempt),
    refundId: deps.cell.newId(),
    reportId: "reportId" in command ? command.reportId : deps.cell.newId(),
  };
}

function channelOf(deps: ExecuteDeps, attempt: Pick<Attempt, "channel">) {
  const channel = deps.channels.channel(attempt.channel);
  if (channel === null) throw new Error(`there is no channel ${attempt.channel}`);
  return channel;
}

function sceneOf(deps: ExecuteDeps, attempt: Pick<Attempt, "channel" | "method">): SceneTraits {
  const scene = channelOf(deps, attempt).traits.scenes[attempt.method];
  if (scene === undefined) throw new Error(`the channel ${attempt.channel} has no scene ${attempt.method}`);
  return scene;
}

function collect(
  deps: ExecuteDeps,
  work: Work,
  box: Box,
  draft: Draft,
  command: Command,
  decision: Decision | RefundDecision | null,
  now: Date,
): void {
  const { payment } = box;
  const { effects } = draft;
  for (const attempt of effects.newAttempts) work.newAttempts.set(attempt.id, attempt);
  for (const refund of effects.newRefunds) work.newRefunds.set(refund.id, refund);
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
  for (const { type, refundId } of effects.events) {
    work.events.push({
      id: deps.cell.newId(),
      merchantId: payment.merchantId,
      type,
      subjectId: refundId ?? payment.id,
      paymentId: payment.id,
      data: refundId === null ? { payment: viewOf(deps, box) } : { refund: refundViewOf(box, refundId) },
      createdAt: now,
    });
  }
  if ("reportId" in command) work.exchanges.push(exchangeOf(command, decision, now));
}

function viewOf(deps: ExecuteDeps, box: Box) {
  const automatic = [...box.refunds.values()].filter((refund) => refund.automatic);
  return presentPayment(box.payment, [...box.attempts.values()], automatic, deps.cashierUrl(box.payment.id));
}

function refundViewOf(box: Box, refundId: Id) {
  const refund = box.refunds.get(refundId);
  if (refund === undefined) throw new Error(`the refund ${refundId} is not one of the locked payment's`);
  return presentRefund(refund);
}

function exchangeOf(report: Report, decision: Decision | RefundDecision | null, now: Date): ExchangeRow {
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
  const { before, newAttempts, newRefunds } = work;
  const boxes = [...work.boxes.values()];
  const attempts = boxes.flatMap((box) => [...box.attempts.values()]);
  const refunds = boxes.flatMap((box) => [...box.refunds.values()]);
  const inserted = await insertRefunds(
    tx,
    refunds.filter((refund) => newRefunds.has(refund.id)),
  );
  if (inserted.size !== newRefunds.size) throw numberTaken();
  await updatePayments(
    tx,
    boxes.map((box) => box.payment).filter((payment) => differs(before.payments.get(payment.id), payment)),
  );
  await insertAttempts(
    tx,
    attempts.filter((attempt) => newAttempts.has(attempt.id)),
  );
  await updateAttempts(
    tx,
    attempts.filter(
      (attempt) => !newAttempts.has(attempt.id) && differs(before.attempts.get(attempt.id), attempt),
    ),
  );
  await updateRefunds(
    tx,
    refunds.filter((refund) => !newRefunds.has(refund.id) && differs(before.refunds.get(refund.id), refund)),
  );
  await insertExchanges(tx, work.exchanges);
  await insertWorkItems(tx, work.workItems, now);
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
