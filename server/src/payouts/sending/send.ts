/** A batch on its way: instruct, send, ask, until each of its payouts has ended. */
import { HOUR, MINUTE, plus } from "../../kernel/clock.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { connectionByName } from "../accounts/store.ts";
import { finishBatches, lockBatch, updateBatch } from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Batch, Payout } from "../model.ts";
import { type Report, reportAll } from "../outcome/door.ts";
import { lockPayoutsOfBatch, payoutsOfBatch } from "../payout/store.ts";
import { unpayable } from "../payout/unsent.ts";
import { askAbout, type BankAnswer, sendMessage } from "./bank.ts";
import { instruct, LEASE_MS, openInstruction } from "./instruct.ts";
import { endToEndIdOf, messageIdOf } from "./pain001.ts";
import type { StatusReport } from "./pain002.ts";

/** Between questions, the first ones; then hourly for a day, then every six hours. */
const ASK_GAPS_MS = [MINUTE, 5 * MINUTE, 30 * MINUTE];
const HOURLY_ASKS_MAX = 27;
const NOT_SENT_GAP_MS = MINUTE;

/** Does what is due of a batch that this process has claimed. Safe to repeat and to race. */
export async function workOn(deps: PayoutsDeps, batch: Batch): Promise<void> {
  const connection = await connectionByName(deps.platform.db, batch.connection);
  if (connection === null) throw new Error(`there is no bank connection ${batch.connection}`);
  if (batch.state === "approved") {
    const mine = await instruct(deps, batch, connection);
    if (mine !== null) await send(deps, mine, connection);
    return;
  }
  if (batch.state !== "instructed" || (await finished(deps, batch.id))) return;
  if (batch.uncertain || batch.bankHasIt) await ask(deps, batch, connection);
  else await sendOnceMore(deps, batch, connection);
}

async function finished(deps: PayoutsDeps, batchId: Id): Promise<boolean> {
  const at = deps.cell.clock.now();
  const done = await deps.cell.transact((tx) => finishBatches(tx, [batchId], at), { repeatable: true });
  return done === 1;
}

async function send(deps: PayoutsDeps, batch: Batch, connection: BankConnection): Promise<void> {
  const message = await openInstruction(deps, batch);
  const answer = await sendMessage(deps.http, connection, messageIdOf(batch.id), message);
  if (answer.end !== "not_sent") return heard(deps, batch, answer);
  const now = deps.cell.clock.now();
  await change(deps, batch.id, (locked) => ({
    ...locked,
    // An earlier send of it may have arrived: then the bank is asked first.
    uncertain: locked.sends > 1,
    lastError: answer.reason,
    dueAt: plus(now, NOT_SENT_GAP_MS),
  }));
}

/**
 * The doubt is written down before the first byte leaves. The same message, under the same ids; never where
 * one of its payouts has ended meanwhile, such as by the word of people, or may not go to its account any
 * more: then people are waited for, who may reject it.
 */
async function sendOnceMore(deps: PayoutsDeps, batch: Batch, connection: BankConnection): Promise<void> {
  const now = deps.cell.clock.now();
  const begun = await deps.cell.transact(async (tx) => {
    const locked = await lockBatch(tx, batch.id);
    // Another worker has begun to send it, or has heard of it.
    if (locked?.state !== "instructed" || locked.sends !== batch.sends || locked.bankHasIt) return null;
    const payouts = await lockPayoutsOfBatch(tx, batch.id);
    const against = await reasonAgainst(deps, payouts);
    const next: Batch =
      against === null
        ? {
            ...locked,
            sends: locked.sends + 1,
            uncertain: true,
            resendApproved: false,
            needsPeople: false,
            dueAt: plus(now, LEASE_MS),
          }
        : {
            ...locked,
            resendApproved: false,
            needsPeople: true,
            lastError: against,
            dueAt: plus(now, HOUR),
          };
    await updateBatch(tx, next);
    return against === null ? next : null;
  });
  if (begun !== null) await send(deps, begun, connection);
}

/** Why the message of these payouts, which are locked, must not leave again; null: it may. */
async function reasonAgainst(deps: PayoutsDeps, payouts: readonly Payout[]): Promise<string | null> {
  if (!payouts.every(({ state }) => state === "sent" || state === "unknown")) {
    return "one of its payouts has ended: the message is not sent again";
  }
  const failures = await unpayable(deps, payouts);
  const [first] = failures;
  if (first === undefined) return null;
  const [id, { message }] = first;
  const more = failures.size === 1 ? "" : ` (and ${failures.size - 1} more)`;
  return `${formatId("pyt", id)}${more}: ${message}; the message is not sent again`;
}

async function ask(deps: PayoutsDeps, batch: Batch, connection: BankConnection): Promise<void> {
  const answer = await askAbout(deps.http, connection, messageIdOf(batch.id));
  if (answer.end === "never_had" && !batch.bankHasIt) {
    if (connection.removesDoubles || batch.resendApproved) return sendOnceMore(deps, batch, connection);
  }
  await heard(deps, batch, answer);
}

async function heard(deps: PayoutsDeps, batch: Batch, answer: BankAnswer): Promise<void> {
  const payouts = await payoutsOfBatch(deps.cell.db, batch.id);
  const isReport = answer.end === "report";
  const reports = isReport
    ? reportsOf(payouts, answer.report)
    : payouts.filter(({ state }) => state === "sent").map((payout) => inDoubt(payout, answer.reason));
  if (reports.length > 0) await reportAll(deps, reports);
  const now = deps.cell.clock.now();
  await change(deps, batch.id, (locked) => ({
    ...locked,
    asks: locked.asks + 1,
    uncertain: isReport ? false : locked.uncertain,
    bankHasIt: locked.bankHasIt || isReport,
    // The bank's word alone sends nothing twice: people get its no in writing first.
    needsPeople: answer.end === "never_had" && !locked.resendApproved,
    lastError: isReport ? null : answer.reason,
    dueAt: plus(now, askGapMs(locked.asks)),
  }));
}

function reportsOf(payouts: readonly Payout[], { overall, transfers }: StatusReport): Report[] {
  const told = new Map(transfers.map((transfer) => [transfer.endToEndId, transfer]));
  return payouts.flatMap((payout): Report[] => {
    const said = told.get(endToEndIdOf(payout.id)) ?? overall;
    if (said === null || said.outcome === "pending") return [];
    const { status, outcome, code, detail } = said;
    const reference = code === null || code === status ? status : `${status} ${code}`;
    const evidence = { source: "pain.002" as const, reference, code, detail, amount: null, currency: null };
    return [{ payoutId: payout.id, outcome, evidence }];
  });
}

function inDoubt(payout: Payout, reason: string): Report {
  const evidence = {
    source: "call" as const,
    reference: "no answer",
    code: null,
    detail: reason.slice(0, 500),
    amount: null,
    currency: null,
  };
  return { payoutId: payout.id, outcome: "unknown", evidence };
}

function askGapMs(asks: number): number {
  return ASK_GAPS_MS[asks] ?? (asks < HOURLY_ASKS_MAX ? HOUR : 6 * HOUR);
}

/** Changes an instructed batch under its lock; null where it has ended, or `next` says that nothing is to. */
async function change(
  deps: PayoutsDeps,
  batchId: Id,
  next: (locked: Batch) => Batch | null,
): Promise<Batch | null> {
  return deps.cell.transact(async (tx) => {
    const locked = await lockBatch(tx, batchId);
    if (locked === null || locked.state !== "instructed") return null;
    const changed = next(locked);
    if (changed !== null) await updateBatch(tx, changed);
    return changed;
  });
}
