/** Plans compared by the engine, and what it found made into generations. */
import type { StatementLine } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { aheadOf } from "../../kernel/lanes.ts";
import { type Comparison, type Engine, type InScope, IrregularStatement } from "../engine/engine.ts";
import { frameOf } from "../engine/large/frame.ts";
import type { LargeStatement } from "../engine/large/large.ts";
import type { AdjustedRow, Compared, CountRow, FoundRow, OurRow, TheirRow } from "../engine/rows.ts";
import { RULES_VERSION } from "../engine/rules.ts";
import type { Finding } from "../model.ts";
import { ourRowFrom, theirRowFrom } from "./evidence.ts";
import { findingOf, hashOf, inOrder } from "./findings.ts";
import { type Standing, standingsOf } from "./known.ts";
import { withLargeFile } from "./large-file.ts";
import type { Plan } from "./plan.ts";
import type { Made } from "./store.ts";

export type CompareDeps = {
  readonly cell: Cell;
  readonly engine: Engine;
  readonly extractPath: (accountingDate: string) => string;
  /** Where a large statement is while it is compared. */
  readonly folder: string;
  /** An Alipay statement of so many bytes is large. */
  readonly largeBytesMin: number;
};

/** Compares scopes of one channel date, each account once: together, and large statements each alone. */
export async function comparePlans(deps: CompareDeps, plans: readonly Plan[]): Promise<readonly Made[]> {
  const made: Made[] = [];
  const together: Plan[] = [];
  for (const plan of plans) {
    const alone = await compareLarge(deps, plan);
    if (alone === null) together.push(plan);
    else made.push(alone);
  }
  return [...made, ...(together.length === 0 ? [] : await compareTogether(deps, together))];
}

/** Null: it is no large one, or one that only the strict reader can read. */
async function compareLarge(deps: CompareDeps, plan: Plan): Promise<Made | null> {
  const file = (await plan.statement.alipayFile?.()) ?? null;
  if (file === null || file.bytes < deps.largeBytesMin) return null;
  try {
    return await withLargeFile({ folder: deps.folder, id: deps.cell.newId() }, file, async (path) => {
      // What is wrong with a frame is for the strict reader to say.
      const frame = await frameOf(path).catch(() => null);
      return frame === null ? null : ((await compareTogether(deps, [plan], { path, frame }))[0] ?? null);
    });
  } catch (error) {
    if (error instanceof IrregularStatement) return null;
    throw error;
  }
}

async function compareTogether(
  deps: CompareDeps,
  plans: readonly Plan[],
  large?: LargeStatement,
): Promise<readonly Made[]> {
  const carriedTheirs = plans.flatMap(carriedLines);
  const carriedOurs = plans.flatMap(carriedMovements);
  const comparison: Comparison = {
    scopes: plans.map(({ scope, before, ...plan }, index) => ({
      scope: index,
      channelAccountId: scope.channelAccountId,
      channelDate: scope.channelDate,
      readFrom: plan.readFrom,
      closedThrough: plan.closedThrough,
      dateBefore: before?.channelDate ?? null,
      closedBefore: before?.closedThrough ?? null,
      comparesFee: plan.comparesFee,
      dropsFailedRefunds: plan.terms.dropsFailedRefunds,
      billsReturns: plan.terms.billsReturns,
    })),
    theirs: large === undefined ? linesOf(plans, carriedTheirs) : [carriedTheirs],
    ...(large === undefined ? {} : { large }),
    carried: carriedOurs,
    movements: [...new Set(plans.flatMap(({ dates }) => dates))].sort().map(deps.extractPath),
  };
  const compared = await deps.engine.compare(comparison);
  const standings = await standingsOfFound(deps, plans, compared.found);
  const ofScope = <Row extends { readonly scope: number }>(rows: readonly Row[]) =>
    Map.groupBy(rows, ({ scope }) => scope);
  const rows = {
    found: ofScope(compared.found),
    totals: ofScope(compared.totals),
    adjusted: ofScope(compared.adjusted),
    counts: ofScope(compared.counts),
    carriedTheirs: ofScope(carriedTheirs),
    carriedOurs: ofScope(carriedOurs),
  };
  return plans.map((plan, index) => {
    const own: OwnRows = {
      found: rows.found.get(index) ?? [],
      totals: rows.totals.get(index) ?? [],
      adjusted: rows.adjusted.get(index) ?? [],
      count: rows.counts.get(index)?.[0] ?? { scope: index, theirs: 0, ours: 0 },
      carriedTheirs: rows.carriedTheirs.get(index) ?? [],
      carriedOurs: rows.carriedOurs.get(index) ?? [],
    };
    checkSums(plan, own);
    return madeOf(deps.cell, plan, own, standings);
  });
}

type OwnRows = Pick<Compared, "found" | "totals" | "adjusted"> & {
  readonly count: CountRow;
  readonly carriedTheirs: readonly InScope<TheirRow>[];
  readonly carriedOurs: readonly InScope<OurRow>[];
};

function carriedLines({ carried }: Plan, scope: number): InScope<TheirRow>[] {
  return carried.flatMap(({ theirs, matchKey }) =>
    theirs === null ? [] : [{ ...theirRowFrom(theirs, matchKey), scope }],
  );
}

/** What waits with a line of theirs and an order of ours that holds no money is the line alone. */
function carriedMovements({ carried }: Plan, scope: number): InScope<OurRow>[] {
  return carried.flatMap(({ side, ours, matchKey }) =>
    side !== "ours" || ours === null ? [] : [{ ...ourRowFrom(ours, matchKey), scope }],
  );
}

/** Files that are read ahead of what is made of their lines; none of those that may be large. */
const READ_AHEAD = 4;
const LINES_PER_BATCH = 1_000;

async function* linesOf(
  plans: readonly Plan[],
  carried: readonly InScope<TheirRow>[],
): AsyncGenerator<readonly InScope<TheirRow>[]> {
  yield carried;
  const read = async ([scope, { statement, scope: of }]: readonly [number, Plan]) => {
    return { scope, channelDate: of.channelDate, lines: await statement.lines() };
  };
  const isLarge = plans.some(({ statement }) => statement.alipayFile !== undefined);
  for await (const { scope, channelDate, lines } of aheadOf(
    plans.entries(),
    isLarge ? 1 : READ_AHEAD,
    read,
  )) {
    if (Symbol.iterator in lines) {
      for (let at = 0; at < lines.length; at += LINES_PER_BATCH) {
        yield lines.slice(at, at + LINES_PER_BATCH).map((line) => rowOf(line, channelDate, scope));
      }
      continue;
    }
    let batch: InScope<TheirRow>[] = [];
    for await (const line of lines) {
      batch.push(rowOf(line, channelDate, scope));
      if (batch.length < LINES_PER_BATCH) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  }
}

const CONTROL = /\p{Cc}/u;
const CONTROLS = /\p{Cc}/gu;

function rowOf(line: StatementLine, channelDate: string, scope: number): InScope<TheirRow> {
  const { subject, createdAt, finishedAt } = line;
  const created = createdAt.toISOString();
  return {
    scope,
    kind: line.kind,
    tradeNo: line.channelTradeNo,
    orderNo: line.channelOrderNo,
    refundNo: line.channelRefundNo ?? "",
    amount: line.amount,
    settle: line.settleAmount,
    toldFee: line.fee,
    currency: line.currency,
    createdAt: created,
    finishedAt: finishedAt.getTime() === createdAt.getTime() ? created : finishedAt.toISOString(),
    // Also what no text of PostgreSQL may hold.
    subject: CONTROL.test(subject) ? subject.replaceAll(CONTROLS, " ") : subject,
    stranger: line.isStrangers === true,
    channelDate,
    matchKey: "",
  };
}

async function standingsOfFound(
  { cell }: CompareDeps,
  plans: readonly Plan[],
  found: readonly FoundRow[],
): Promise<ReadonlyMap<FoundRow, Standing>> {
  const unexplained = found.filter(({ kind }) => kind.endsWith("_theirs_only"));
  const standings = await standingsOf(
    cell.db,
    unexplained.map((row) => {
      const { scope, closedThrough } = plans[row.scope] as Plan;
      return { ...scope, closedThrough, row: row.theirs as TheirRow };
    }),
  );
  return new Map(unexplained.map((row, index) => [row, standings[index] as Standing]));
}

function madeOf(cell: Cell, plan: Plan, own: OwnRows, standings: ReadonlyMap<FoundRow, Standing>): Made {
  const terms = { channelDate: plan.scope.channelDate, windowDays: plan.terms.windowDays };
  const findings = inOrder(own.found.map((row) => findingOf(row, standings.get(row) ?? null, terms)));
  const generation = {
    ...plan.scope,
    id: cell.newId(),
    generation: (plan.newest?.generation ?? 0) + 1,
    statementId: plan.statement.id,
    closedThrough: plan.closedThrough,
    carriedFrom: plan.before?.id ?? null,
    rulesVersion: RULES_VERSION,
    inputHash: plan.inputHash,
    resultHash: hashOf(findings),
    lines: own.count.theirs - own.carriedTheirs.length,
    movements: own.count.ours - own.carriedOurs.length,
    matched: own.count.theirs - findings.filter(hasLine).length,
    findings: findings.length,
    state: "found",
    madeAt: cell.clock.now(),
    appliedAt: null,
  } as const;
  const { readAnew = null } = plan.statement;
  return { generation, findings, totals: own.totals, adjusted: own.adjusted, readAnew };
}

function hasLine({ theirs }: Finding): boolean {
  return theirs !== null;
}

/**
 * What the two sides differ by is the findings and what the rules call normal, to the minor unit: else a rule
 * has lost a row.
 */
function checkSums(plan: Plan, own: OwnRows): void {
  const off = new Map<string, { settle: bigint; fee: bigint }>();
  const add = (currency: string, settle: bigint, fee: bigint) => {
    const sum = off.get(currency) ?? { settle: 0n, fee: 0n };
    off.set(currency, { settle: sum.settle + settle, fee: sum.fee + (plan.comparesFee ? fee : 0n) });
  };
  for (const row of own.totals) {
    add(row.currency, row.theirsSettle - row.oursSettle, row.theirsFee - row.oursFee);
  }
  for (const row of own.carriedTheirs) add(row.currency, row.settle, row.toldFee);
  for (const row of own.carriedOurs) add(row.currency, -row.settle, -row.fee);
  for (const row of own.adjusted) add(row.currency, -row.settle, -row.fee);
  for (const row of own.found) add(currencyOf(row), -row.settleDifference, -row.feeDifference);
  for (const [currency, { settle, fee }] of off) {
    if (settle === 0n && fee === 0n) continue;
    const { channelAccountId, channelDate } = plan.scope;
    throw new Error(
      `${channelAccountId} of ${channelDate} does not add up: ` +
        `${settle} and fees of ${fee} ${currency} are told by no finding`,
    );
  }
}

function currencyOf({ theirs, ours }: FoundRow): AdjustedRow["currency"] {
  return (theirs ?? ours)?.currency ?? "";
}
