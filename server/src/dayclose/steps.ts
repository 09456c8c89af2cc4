/** The steps of a close, in their order. */
import { sha256 } from "../kernel/crypto.ts";
import type { Cell, Database } from "../kernel/database.ts";
import { writeClosedBalances } from "../ledger/index.ts";
import type { StepContext, StepEnd, StepWork } from "./model.ts";
import { booksReport } from "./report.ts";
import { type InvariantReport, jsonOf, type Report, readJson } from "./report-model.ts";
import * as store from "./store.ts";

export type CloseStepsDeps = {
  readonly cell: Cell;
  /** Connections whose statements may read a whole day's rows; given back when the work ends. */
  readonly withTime: <T>(work: (database: Database) => Promise<T>) => Promise<T>;
  /** Checks every invariant; `goOn` between its parts. */
  readonly audit: (goOn: () => Promise<void>) => Promise<readonly InvariantReport[]>;
};

export function closeSteps(deps: CloseStepsDeps): readonly StepWork[] {
  return [
    { name: "previous_day", title: "Wait for the day before", work: (date) => previousDay(deps, date) },
    { name: "balances", title: "Write down the balances", work: (date) => balances(deps, date) },
    { name: "audit", title: "Prove the books", work: (_, context) => audit(deps, context) },
    { name: "report", title: "Write the report", work: (date, context) => report(deps, date, context) },
  ];
}

/** What a day carries over belongs to the next one, so days are closed in their order. */
async function previousDay({ cell }: CloseStepsDeps, date: string): Promise<StepEnd> {
  const previous = (await store.dayState(cell.db, date))?.previous ?? null;
  const run = previous === null ? null : await store.runOfDate(cell.db, previous);
  if (previous === null) return { end: "done", detail: "it is the first day of the books", result: {} };
  if (run?.state === "done") return { end: "done", detail: `${previous} is closed`, result: { previous } };
  return { end: "waiting", waitsFor: `the close of ${previous}, which comes first` };
}

async function balances({ cell, withTime }: CloseStepsDeps, date: string): Promise<StepEnd> {
  const accounts = await withTime((database) =>
    database.transact((tx) => writeClosedBalances(tx, date, cell.clock.now()), { repeatable: true }),
  );
  return {
    end: "done",
    detail: `${accounts} accounts were changed by the day`,
    result: { accounts: BigInt(accounts) },
  };
}

async function audit(deps: CloseStepsDeps, { goOn }: StepContext): Promise<StepEnd> {
  const invariants = await deps.audit(() => goOn());
  const violated = invariants.filter(({ violations }) => violations > 0n);
  const detail =
    violated.length === 0
      ? `all ${invariants.length} invariants hold`
      : `${violated.length} of ${invariants.length} invariants are violated`;
  return { end: "done", detail, result: { invariants } };
}

async function report(deps: CloseStepsDeps, date: string, { run }: StepContext): Promise<StepEnd> {
  const { cell } = deps;
  const day = await store.dayState(cell.db, date);
  if (day?.closedAt == null) throw new Error(`${date} is not closed`);
  const results = new Map(
    (await store.stepsOfRun(cell.db, run.id)).map(({ name, result }) => [
      name,
      result === null ? {} : (readJson(result) as Partial<Report>),
    ]),
  );
  const invariants = results.get("audit")?.invariants ?? [];
  const books = await deps.withTime(({ db }) => booksReport(db, date, day.previous));
  const made: Report = {
    accounting_date: date,
    cut_over_at: day.closedAt.toISOString(),
    channels: [],
    chain: [],
    breaks: [],
    settled: [],
    payouts: [],
    ...books,
    invariants,
    notes: notesOf(invariants, books.positions),
  };
  const text = jsonOf(made);
  const stored = {
    accountingDate: date,
    runId: run.id,
    report: text,
    hash: sha256(text),
    madeAt: cell.clock.now(),
  };
  await cell.transact((tx) => store.insertReport(tx, stored), { repeatable: true });
  return { end: "done", detail: "it is at /v1/ops/days/{date}/report", result: {} };
}

function notesOf(invariants: Report["invariants"], positions: Report["positions"]): string[] {
  return [
    ...invariants
      .filter(({ violations }) => violations > 0n)
      .map(
        ({ name, violations }) => `The invariant "${name}" is violated ${violations} times: pay nothing out.`,
      ),
    ...positions
      .filter(({ own_money_inside: own }) => own < 0n)
      .map(({ currency }) => `Client money in ${currency} has paid for the platform: pay own money in.`),
  ];
}
