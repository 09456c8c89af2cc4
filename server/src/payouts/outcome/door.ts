import { isDeepStrictEqual } from "node:util";
import { MINUTE, plus } from "../../kernel/clock.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Day, type JournalDraft, lockDay, post } from "../../ledger/index.ts";
import type { Delivery, NewEvent } from "../../webhooks/index.ts";
import { finishBatches } from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout, PayoutSource, ReportEvidence, ReportOutcome, Verdict } from "../model.ts";
import { formatPayee } from "../payees/payee.ts";
import { countSources, type SourcesOf, sourcesOfPayouts } from "../payout/sources.ts";
import { lockPayouts, merchantsOfPayouts, updatePayouts } from "../payout/store.ts";
import { presentPayout } from "../payout/wire.ts";
import { type Decision, decideReport } from "./decide.ts";
import { bookPlatformSides } from "./platform-side.ts";
import { bookingJournal } from "./postings.ts";
import { insertReports, type ReportRow } from "./store.ts";

export type Report = {
  readonly payoutId: Id;
  readonly outcome: ReportOutcome;
  readonly evidence: ReportEvidence;
};

export type Reported = {
  readonly payout: Payout;
  readonly verdict: Verdict;
  /** Whether the money that the word is about is in the books. */
  readonly isBooked: boolean;
};

/** What is to hold when a report is taken; it may lock batches, which come before payouts, and throw. */
export type Guard = (tx: Tx) => Promise<void>;

/** The platform's side belongs to whoever booked the merchant's for so long. */
const PLATFORM_SIDE_LEASE_MS = MINUTE;
const REPORTS_MAX = 250;
/** Of the payouts of one transaction: a word may book three journals for each. */
const REPORTED_SOURCES_MAX = 600;

/**
 * The one door: every word about payouts, from wherever. Under the payouts' row locks it decides, keeps the
 * word, posts the merchant's side and records what merchants are told, in one transaction; then the
 * platform's book has its side, in another. Saying a thing again changes nothing. Results are in the order
 * of the reports. Throws `not_found` for a payout that does not exist.
 */
export async function reportAll(
  deps: PayoutsDeps,
  reports: readonly Report[],
  guard: Guard = async () => undefined,
): Promise<Reported[]> {
  const sources = await countSources(deps.cell.db, [...new Set(reports.map(({ payoutId }) => payoutId))]);
  const done: Reported[] = [];
  for (const some of inTransactions(reports, sources)) done.push(...(await reportSome(deps, some, guard)));
  return done;
}

function inTransactions(reports: readonly Report[], sources: ReadonlyMap<Id, number>): Report[][] {
  const all: Report[][] = [];
  let room = 0;
  for (const report of reports) {
    const weight = sources.get(report.payoutId) ?? 1;
    const last = all.at(-1);
    if (last === undefined || last.length >= REPORTS_MAX || weight > room) {
      all.push([report]);
      room = REPORTED_SOURCES_MAX - weight;
    } else {
      last.push(report);
      room -= weight;
    }
  }
  return all;
}

async function reportSome(deps: PayoutsDeps, reports: readonly Report[], guard: Guard): Promise<Reported[]> {
  const { cell, webhooks } = deps;
  const ids = [...new Set(reports.map(({ payoutId }) => payoutId))].sort();
  const known = await endpointsFor(deps, ids);
  const { results, deliveries } = await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      await guard(tx);
      const locked = await lockPayouts(tx, ids);
      const decided = decideAll(deps, { locked, sourcesOf: await sourcesOfPayouts(tx, ids) }, reports);
      await updatePayouts(tx, decided.changed);
      await insertReports(tx, decided.rows, cell.clock.now());
      const recorded = await webhooks.record(tx, known, decided.events);
      await postAll(tx, day, decided.drafts, cell.clock.now());
      return { results: decided.results, deliveries: recorded };
    },
    { repeatable: true },
  );
  await afterwards(deps, results, deliveries);
  return results;
}

async function endpointsFor(deps: PayoutsDeps, ids: readonly Id[]) {
  return deps.webhooks.endpointsOf(await merchantsOfPayouts(deps.cell.db, ids));
}

/** The commit has happened: what fails here is done by the workers when its lease ends. */
async function afterwards(
  deps: PayoutsDeps,
  results: readonly Reported[],
  deliveries: readonly Delivery[],
): Promise<void> {
  deps.webhooks.deliver(deliveries);
  const due = results.filter(({ payout }) => payout.dueAt !== null).map(({ payout }) => payout.id);
  if (due.length > 0) await bookPlatformSides(deps, due);
  await tellPaid(
    deps,
    results.map(({ payout }) => payout),
  );
  const batches = results.flatMap(({ payout }) => (payout.batchId === null ? [] : [payout.batchId]));
  const distinct = [...new Set(batches)].sort();
  const at = deps.cell.clock.now();
  await deps.cell.transact((tx) => finishBatches(tx, distinct, at), { repeatable: true });
}

/** Settlements of payouts that have succeeded. The day's close tells of them again, should this be lost. */
export async function tellPaid(
  { settlementsPaid }: Pick<PayoutsDeps, "settlementsPaid">,
  payouts: readonly Pick<Payout, "succeededAt" | "settlementId">[],
): Promise<void> {
  // What came back had arrived before: it is the same settlement whether both were heard of at once or not.
  const paid = payouts.flatMap(({ succeededAt, settlementId }) =>
    succeededAt !== null && settlementId !== null ? [settlementId] : [],
  );
  if (paid.length > 0) await settlementsPaid([...new Set(paid)].sort());
}

async function postAll(tx: Tx, day: Day, drafts: readonly JournalDraft[], at: Date): Promise<void> {
  if (drafts.length === 0) return;
  for (const result of await post(tx, day, drafts, at)) {
    if (result.result === "refused") {
      throw new Error(`a payout's journal was refused: ${result.account} is short of ${result.short}`);
    }
  }
}

type Decided = {
  readonly results: Reported[];
  readonly changed: Payout[];
  readonly rows: ReportRow[];
  readonly drafts: JournalDraft[];
  readonly events: NewEvent[];
};

/** Each report sees the effects of those before it. */
function decideAll(
  deps: PayoutsDeps,
  { locked, sourcesOf }: { readonly locked: readonly Payout[]; readonly sourcesOf: SourcesOf },
  reports: readonly Report[],
): Decided {
  const { newId, clock } = deps.cell;
  const payouts = new Map(locked.map((payout) => [payout.id, payout]));
  const changed = new Set<Id>();
  const decided: Decided = { results: [], changed: [], rows: [], drafts: [], events: [] };
  for (const { payoutId, outcome, evidence } of reports) {
    const before = payouts.get(payoutId);
    if (before === undefined) throw problem("not_found", { detail: "there is no such payout" });
    const decision = decideReport(before, outcome, evidence);
    const contradicted = before.contradicted || decision.verdict === "contradiction";
    const now = clock.now();
    const moved = decision.state !== before.state || decision.verdict === "applied";
    const after = moved ? movedTo(before, decision.state, { outcome, evidence }, now) : before;
    const payout = { ...after, ...entriesOf(before, { outcome, evidence }, decision), contradicted };
    payouts.set(payoutId, payout);
    if (!isDeepStrictEqual(payout, before)) changed.add(payoutId);
    for (const booking of decision.bookings) {
      for (const one of sourcesOf(payoutId)) {
        decided.drafts.push(bookingJournal(payout, one, booking, newId));
      }
    }
    const { source, reference, code, detail } = evidence;
    const { verdict } = decision;
    decided.rows.push({ id: newId(), payoutId, outcome, source, reference, code, detail, verdict, at: now });
    const event = eventOf(before, payout, sourcesOf(payoutId));
    if (event !== null) decided.events.push({ ...event, id: newId(), createdAt: now });
    decided.results.push({ payout, verdict, isBooked: decision.isBooked });
  }
  decided.changed.push(...[...changed].sort().map((id) => payouts.get(id) as Payout));
  const last = decided.results.map((result) => ({
    ...result,
    payout: payouts.get(result.payout.id) as Payout,
  }));
  return { ...decided, results: last };
}

/** By which entries its money moved. */
function entriesOf(
  { paidEntry, returnedEntry }: Payout,
  { outcome, evidence }: Pick<Report, "outcome" | "evidence">,
  { isBooked }: Decision,
): Pick<Payout, "paidEntry" | "returnedEntry"> {
  return {
    paidEntry: isBooked && outcome === "paid" ? evidence.reference : paidEntry,
    returnedEntry: isBooked && outcome === "returned" ? evidence.reference : returnedEntry,
  };
}

function movedTo(
  before: Payout,
  state: Payout["state"],
  { outcome, evidence }: Pick<Report, "outcome" | "evidence">,
  now: Date,
): Payout {
  const failed = state === "rejected" || state === "returned";
  const left = state === "succeeded" || state === "returned";
  const ended = state !== before.state && left;
  return {
    ...before,
    state,
    failureCode: failed ? evidence.code : null,
    failureMessage: failed ? evidence.detail : null,
    acceptedAt: outcome === "accepted" ? (before.acceptedAt ?? now) : before.acceptedAt,
    rejectedAt: state === "rejected" ? (before.rejectedAt ?? now) : before.rejectedAt,
    succeededAt: left ? (before.succeededAt ?? now) : null,
    returnedAt: state === "returned" ? (before.returnedAt ?? now) : null,
    dueAt: ended ? plus(now, PLATFORM_SIDE_LEASE_MS) : before.dueAt,
  };
}

/** Merchants are told of their own payouts, and when money has left, or is back, of their receivers'. */
function eventOf(
  before: Payout,
  after: Payout,
  sources: readonly PayoutSource[],
): Omit<NewEvent, "id" | "createdAt"> | null {
  const { state, payeeKind } = after;
  const [source] = sources;
  if (before.state === state || payeeKind === "partner" || source === undefined) return null;
  const about = { merchantId: source.merchantId, subjectId: after.id, paymentId: null };
  const payout = presentPayout(after);
  if (payeeKind === "receiver") {
    if (state !== "succeeded" && state !== "returned") return null;
    return { ...about, type: `receiver_payout.${state}`, data: { payout, receiver: formatPayee(after) } };
  }
  if (state !== "succeeded" && state !== "rejected" && state !== "returned") return null;
  return { ...about, type: `payout.${state}`, data: { payout } };
}
