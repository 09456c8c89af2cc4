/** The steps of a close, in their order. */
import type { ChannelAccount } from "../channels/index.ts";
import type { Fees } from "../fees/index.ts";
import { HOUR, plus } from "../kernel/clock.ts";
import { sha256 } from "../kernel/crypto.ts";
import type { Cell, Db, WithTime } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { GoOn } from "../kernel/progress.ts";
import {
  CLIENT_MONEY_INVARIANT,
  closedTrialBalance,
  moneyPositions,
  writeClosedBalances,
} from "../ledger/index.ts";
import type { Payouts } from "../payouts/index.ts";
import type { Breaks } from "../reconciliation/index.ts";
import type { SettlementRoom } from "../settlement/index.ts";
import { claimNotes } from "./claim-notes.ts";
import { applyFindings, type ComparingDeps, extract, reconcile, statements } from "./comparing.ts";
import type { StepContext, StepEnd, StepWork } from "./model.ts";
import { type BooksReport, booksReport, type ComparedReport, comparedReport } from "./report.ts";
import {
  type BreakReport,
  type InvariantReport,
  jsonOf,
  type Report,
  readJson,
  type SettledReport,
} from "./report-model.ts";
import * as store from "./store.ts";

/** Breaks of channel dates so long ago are told of. */
const BREAKS_SHOWN_DAYS = 30;

export type CloseStepsDeps = ComparingDeps & {
  readonly cell: Cell;
  readonly log: Log;
  readonly breaks: Breaks;
  readonly fees: Pick<Fees, "monthlyMinimums">;
  readonly settlement: Pick<SettlementRoom, "settle" | "bills">;
  readonly payouts: Pick<Payouts, "proposeSettled">;
  readonly accountOf: (id: Id) => Promise<ChannelAccount | null>;
  readonly withTime: WithTime;
  /** Checks every invariant; `goOn` between its parts. */
  readonly audit: (goOn: GoOn) => Promise<readonly InvariantReport[]>;
};

export function closeSteps(deps: CloseStepsDeps): readonly StepWork[] {
  const step = (
    name: string,
    title: string,
    work: (date: string, context: StepContext) => Promise<StepEnd>,
    after?: readonly string[],
  ): StepWork => ({ name, title, work, ...(after && { after }) });
  const resumed = (one: StepWork): StepWork => ({ ...one, countsRest: true });
  return [
    step("previous_day", "Wait for the day before", (date) => previousDay(deps, date)),
    step("balances", "Write down the balances", (date) => balances(deps, date)),
    step("extract", "Take out what moved at channels", (date, on) => extract(deps, date, on), [
      "previous_day",
    ]),
    step("statements", "Get the channels' statements", (date, on) => statements(deps, date, on), [
      "previous_day",
    ]),
    resumed(
      step("reconcile", "Compare them with the books", (date, on) => reconcile(deps, date, on), [
        "extract",
        "statements",
      ]),
    ),
    resumed(step("breaks", "Book what is not explained", (_, on) => applyFindings(deps, on))),
    step("minimums", "Book what channels bill at least", (date, on) => minimums(deps, date, on)),
    resumed(
      step("settle", "Settle to merchants", (date, on) => settle(deps, date, on), ["balances", "minimums"]),
    ),
    // They tell of the date alone, which has ended: no late channel keeps them from the merchants. The
    // database is busy with the extract, and is not while statements are compared.
    resumed(
      step("bills", "Make the merchants' bills", (date, on) => bills(deps, date, on), [
        "balances",
        "extract",
      ]),
    ),
    step("audit", "Prove the books", (_, on) => audit(deps, on), ["settle", "bills"]),
    // As long as the audit, and on a connection of its own.
    step("figures", "Add up what the day did", (date) => figures(deps, date), ["settle", "bills"]),
    step("payouts", "Propose what is to be paid out", (date, on) => proposePayouts(deps, date, on), [
      "audit",
    ]),
    step("report", "Write the report", (date, on) => report(deps, date, on), ["payouts", "figures"]),
  ];
}

/** What a day carries over belongs to the next one, so days are closed in their order. */
async function previousDay({ cell }: CloseStepsDeps, date: string): Promise<StepEnd> {
  const previous = (await store.dayState(cell.db, date))?.previous ?? null;
  const run = previous === null ? null : await store.runOfDate(cell.db, previous);
  if (previous === null) return { end: "done", detail: "it is the first day of the books", result: {} };
  if (run?.state === "done") return { end: "done", detail: `${previous} is closed`, result: { previous } };
  const until = plus(cell.clock.now(), HOUR);
  return { end: "waiting", waitsFor: `the close of ${previous}, which comes first`, until };
}

async function balances({ cell, withTime }: CloseStepsDeps, date: string): Promise<StepEnd> {
  const accounts = await withTime((database) =>
    database.transact((tx) => writeClosedBalances(tx, date, cell.clock.now()), { repeatable: true }),
  );
  return {
    end: "done",
    units: BigInt(accounts),
    detail: `${accounts} accounts were changed by the day`,
    result: { accounts: BigInt(accounts) },
  };
}

/** When the last date of a month is closed, whatever of the month's dates the books had. */
async function minimums(
  { cell, fees }: CloseStepsDeps,
  date: string,
  { goOn }: StepContext,
): Promise<StepEnd> {
  const month = date.slice(0, "yyyy-mm".length);
  const next = await store.dateAfter(cell.db, date);
  if (next === null || next.startsWith(month)) {
    return { end: "done", detail: "the month goes on", result: {} };
  }
  const booked = await fees.monthlyMinimums(month, () => goOn());
  return { end: "done", detail: `${counted(booked.length, "contract")} with a minimum`, result: {} };
}

async function settle({ settlement }: CloseStepsDeps, date: string, { goOn }: StepContext): Promise<StepEnd> {
  const made = await settlement.settle(date, goOn);
  const settled: readonly SettledReport[] = made.settled.map((row) => ({
    currency: row.currency,
    settlements: BigInt(row.settlements),
    items: BigInt(row.items),
    amount: row.amount,
    recovered: row.recovered,
    reserved: row.reserved,
    waiting_for_a_person: BigInt(row.waitingForAPerson),
  }));
  const notes = [
    ...made.alarms,
    ...made.waiting.map(
      ({ merchant, currency, reason }) => `${merchant} is not settled in ${currency}: ${reason}`,
    ),
  ];
  const count = made.settled.reduce((sum, row) => sum + row.settlements, 0);
  return { end: "done", detail: counted(count, "settlement"), result: { settled, notes } };
}

async function bills({ settlement }: CloseStepsDeps, date: string, { goOn }: StepContext): Promise<StepEnd> {
  const { totals } = await settlement.bills(date, goOn);
  const count = totals.reduce((sum, row) => sum + row.bills, 0);
  return { end: "done", detail: counted(count, "bill"), result: {} };
}

const counted = (count: number, of: string) => `${count} ${of}${count === 1 ? "" : "s"}`;

/**
 * Nothing is to leave while the books are not right, nor in a currency whose clients have paid for the
 * platform; the close of a later date proposes it.
 */
async function proposePayouts(
  { cell, payouts }: CloseStepsDeps,
  date: string,
  { run, goOn }: StepContext,
): Promise<StepEnd> {
  const { invariants = [] } = await resultOf(cell.db, run.id, "audit");
  if (invariants.some(({ name, violations }) => violations > 0n && name !== CLIENT_MONEY_INVARIANT)) {
    return { end: "done", detail: "nothing is proposed while an invariant is violated", result: {} };
  }
  const positions = moneyPositions(await closedTrialBalance(cell.db, date));
  const short = positions.flatMap(({ currency, ownMoneyInside }) => (ownMoneyInside < 0n ? [currency] : []));
  const proposed = await payouts.proposeSettled(date, goOn, new Set(short));
  const { made, known, refused } = proposed;
  const because = Map.groupBy(refused, ({ reason }) => reason);
  const notes = [...because].map(
    ([reason, { length }]) => `${counted(length, "settlement")} cannot be paid out: ${reason}.`,
  );
  const without = short.length === 0 ? "" : `; none in ${short.join(", ")}, where client money is not whole`;
  const others = `${known} before, ${refused.length} cannot be paid`;
  const detail = `${counted(made, "payout")} proposed, ${others}${without}`;
  return { end: "done", detail, result: { proposed: BigInt(made), notes } };
}

async function audit(deps: CloseStepsDeps, { goOn }: StepContext): Promise<StepEnd> {
  const invariants = await deps.audit(goOn);
  const violated = invariants.filter(({ violations }) => violations > 0n);
  if (violated.length > 0)
    deps.log.error({ invariants: violated.map(({ name }) => name) }, "a day's books are not right");
  const detail =
    violated.length === 0
      ? `all ${invariants.length} invariants hold`
      : `${violated.length} of ${invariants.length} invariants are violated`;
  return { end: "done", detail, result: { invariants } };
}

async function figures(deps: CloseStepsDeps, date: string): Promise<StepEnd> {
  const result = await addedUp(deps, await closedDay(deps, date));
  const loose = result.chain.filter(({ ties }) => !ties).length;
  const detail =
    loose === 0 ? "every chain ties" : `${counted(loose, "chain")} of ${result.chain.length} loose`;
  return { end: "done", detail, result };
}

type ClosedDay = { readonly date: string; readonly previous: string | null; readonly closedAt: Date };

async function closedDay({ cell }: CloseStepsDeps, date: string): Promise<ClosedDay> {
  const day = await store.dayState(cell.db, date);
  if (day?.closedAt == null) throw new Error(`${date} is not closed`);
  return { date, previous: day.previous, closedAt: day.closedAt };
}

/** What the books and the comparisons tell of a day that is settled. */
function addedUp(deps: CloseStepsDeps, { date, previous }: ClosedDay): Promise<BooksReport & ComparedReport> {
  return deps.withTime(async ({ db }) => {
    const parts = [booksReport(db, date, previous), comparedReport(db, date, deps.accountOf)] as const;
    const [books, compared] = await Promise.all(parts);
    return { ...books, ...compared };
  });
}

async function report(deps: CloseStepsDeps, date: string, { run }: StepContext): Promise<StepEnd> {
  const { cell } = deps;
  const day = await closedDay(deps, date);
  const of = (name: string) => resultOf(cell.db, run.id, name);
  const [audited, stated, settled, paid] = [
    await of("audit"),
    await of("statements"),
    await of("settle"),
    await of("payouts"),
  ];
  const { invariants = [] } = audited;
  const { missing = [], noted = [] } = stated;
  // A run that an earlier version began has no such step.
  const told = figuresIn(await of("figures")) ?? (await addedUp(deps, day));
  const claims = { filed: await deps.breaks.filedClaims(), excess: await deps.breaks.excessClaims() };
  const made: Report = {
    accounting_date: date,
    cut_over_at: day.closedAt.toISOString(),
    missing_statements: missing,
    breaks: await breaksReport(deps, date),
    settled: settled.settled ?? [],
    payouts_proposed: paid.proposed ?? 0n,
    ...told,
    invariants,
    notes: [
      ...(settled.notes ?? []),
      ...(paid.notes ?? []),
      ...claimNotes(claims, deps.timeZone),
      ...noted,
      ...notesOf({ ...told, invariants, missing }),
    ],
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

type Results = Partial<Report> & {
  readonly missing?: readonly string[];
  /** What statements note. */
  readonly noted?: readonly string[];
  readonly proposed?: bigint;
};

function figuresIn({
  margin,
  positions,
  trial_balance,
  channels,
  chain,
}: Results): (BooksReport & ComparedReport) | null {
  if (!margin || !positions || !trial_balance || !channels || !chain) return null;
  return { margin, positions, trial_balance, channels, chain };
}

/** What an earlier step of the run came to. */
async function resultOf(db: Db, runId: Id, name: string): Promise<Results> {
  const step = (await store.stepsOfRun(db, runId)).find((one) => one.name === name);
  return step?.result == null ? {} : (readJson(step.result) as Results);
}

/** Breaks that are not ended, and those of the channel dates that the day compared. */
async function breaksReport({ breaks }: CloseStepsDeps, date: string): Promise<readonly BreakReport[]> {
  const rows = await breaks.summary({ from: shiftDate(date, -BREAKS_SHOWN_DAYS), to: date });
  return rows.map((row) => ({
    kind: row.kind,
    state: row.state,
    currency: row.currency,
    count: BigInt(row.count),
    settle_difference: row.settleDifference,
    fee_difference: row.feeDifference,
    age_days_from: BigInt(row.ageDaysFrom),
  }));
}

function notesOf(
  of: Pick<Report, "invariants" | "positions" | "chain"> & { missing: readonly string[] },
): string[] {
  const violated = of.invariants.filter(({ violations }) => violations > 0n);
  const negative = of.positions.filter(({ own_money_inside: own }) => own < 0n);
  const loose = of.chain.filter(({ ties }) => !ties);
  return [
    ...of.missing.map((scope) => `The statement ${scope} was not there: it is compared when it comes.`),
    ...loose.map(({ currency }) => `The chain of ${currency} does not tie: look at its comparisons.`),
    ...violated.map(
      ({ name, violations }) => `The invariant "${name}" is violated ${violations} times: pay nothing out.`,
    ),
    ...negative.map(
      ({ currency }) => `Client money in ${currency} has paid for the platform: pay own money in.`,
    ),
  ];
}
