/** Generations: scopes compared, date by date, and what was found written whole. */
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { Cell } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import type { Engine } from "../engine/engine.ts";
import type { Finding, Generation, Scope } from "../model.ts";
import { comparePlans } from "./compare.ts";
import { type ExtractDeps, extractOf, extractPath, packedPath } from "./extract.ts";
import type { Extract } from "./extract-store.ts";
import { type GivenStatement, type Plan, type PlanDeps, plansOf } from "./plan.ts";
import {
  findFindings,
  findGeneration,
  findGenerations,
  insertGenerations,
  type Made,
  newestNext,
  newestOf,
  type PlacedFinding,
} from "./store.ts";

/** Where statements are; the room that reads them is handed in. */
export type StatementSource = {
  /** The newest accepted statement of each scope, in their order; null while there is none. */
  statementsOf(scopes: readonly Scope[]): Promise<readonly (GivenStatement | null)[]>;
};

export type ReconciliationDeps = {
  readonly cell: Cell;
  readonly engine: Engine;
  /** Where extracts are kept; several machines may share it. */
  readonly folder: string;
  readonly statements: StatementSource;
  readonly accountOf: PlanDeps["accountOf"];
  readonly traitsOf: PlanDeps["traitsOf"];
  /** Methods whose payment leaves no line where it was reversed on its own day. */
  readonly quietMethods: readonly string[];
  readonly withTime?: ExtractDeps["withTime"];
  readonly sideBySideMin?: ExtractDeps["sideBySideMin"];
  /**
   * From how many bytes on an extract is packed, 64 MB by default, and an Alipay statement read by the engine
   * itself, 16 MB by default.
   */
  readonly largeBytesMin?: number;
};

export type Reconciled = Scope &
  (
    | {
        readonly end: "done";
        readonly generation: Generation;
        /** False: the same inputs had been compared before, and nothing was written. */
        readonly isNew: boolean;
      }
    | { readonly end: "waiting"; readonly reason: string }
  );

export type ReconcileOptions = {
  /** The last accounting date to count; it must be closed. */
  readonly closedThrough: string;
  /**
   * Called before each step that takes time; it throws to stop. After each date it is told how many of the
   * scopes asked for have been compared.
   */
  readonly goOn: GoOn;
};

export type Reconciliation = {
  /**
   * The movements of a closed accounting date as a file, complete by its own proof. Safe to repeat: the same
   * bytes. Throws where the date is not closed, or ledger and extract differ.
   */
  extract(accountingDate: string, goOn: GoOn): Promise<Extract>;
  /**
   * Compares scopes, earlier dates first, and writes a generation for each whose inputs are new, in state
   * `found`. Later dates of an account that were compared before follow where what is carried into them has
   * changed; they are among the results. A scope without a statement waits. Throws `EngineFailed` when the
   * engine dies: it may be asked for again.
   */
  reconcile(scopes: readonly Scope[], options: ReconcileOptions): Promise<readonly Reconciled[]>;
  /** The newest generation of a scope; null: it was never compared. */
  currentGeneration(scope: Scope): Promise<Generation | null>;
  /** Every generation of a scope, the first one first. */
  generations(scope: Scope): Promise<readonly Generation[]>;
  generation(id: Id): Promise<Generation | null>;
  /** The findings of a generation in their order, from 1. */
  findings(generationId: Id): AsyncIterable<Finding & { readonly place: number }>;
};

/** Of an extract, which is packed then. */
const LARGE_BYTES_MIN = 67_108_864;
/** Read by the engine itself, each is compared alone, which costs what is gained by some 70,000 lines. */
const LARGE_STATEMENT_BYTES_MIN = 16_777_216;
const FINDINGS_PER_PAGE = 1_000;
const GENERATIONS_PER_TRANSACTION = 200;
/** Findings that are written with others; one generation with more is written alone. */
const FINDINGS_PER_TRANSACTION = 2_000;

export function createReconciliation(deps: ReconciliationDeps): Reconciliation {
  const { db } = deps.cell;
  return {
    extract: (accountingDate, goOn) => extractAndPack(deps, accountingDate, goOn),
    reconcile: (scopes, options) => reconcile(deps, scopes, options),
    currentGeneration: async (scope) => (await newestOf(db, [scope]))[0] ?? null,
    generations: (scope) => findGenerations(db, scope),
    generation: (id) => findGeneration(db, id),
    findings: (generationId) => findingsOf(deps, generationId),
  };
}

async function* findingsOf({ cell }: ReconciliationDeps, generationId: Id): AsyncGenerator<PlacedFinding> {
  for (let after = 0; ; ) {
    const page = await findFindings(cell.db, generationId, after, FINDINGS_PER_PAGE);
    yield* page;
    if (page.length < FINDINGS_PER_PAGE) return;
    after += page.length;
  }
}

async function reconcile(
  deps: ReconciliationDeps,
  scopes: readonly Scope[],
  options: ReconcileOptions,
): Promise<readonly Reconciled[]> {
  // What a step of it counts are no scopes.
  const inner = { ...options, goOn: () => options.goOn() };
  const waiting = new Map(scopes.map((scope) => [keyOf(scope), scope]));
  const results = new Map<string, Reconciled>();
  while (waiting.size > 0) {
    const date = [...waiting.values()].reduce(earlier).channelDate;
    const ofDate = [...waiting.values()].filter((scope) => scope.channelDate === date);
    for (const scope of ofDate) waiting.delete(keyOf(scope));
    const reconciled = await reconcileDate(deps, ofDate, inner);
    for (const one of reconciled) results.set(keyOf(one), one);
    // What is carried into the next date may be another now; its input hash tells.
    const changed = reconciled.filter((one) => one.end === "done" && one.isNew);
    for (const next of await newestNext(deps.cell.db, changed)) {
      if (next !== null) {
        const { channelAccountId, channelDate } = next;
        waiting.set(keyOf(next), { channelAccountId, channelDate });
      }
    }
    const done = scopes.filter((scope) => results.get(keyOf(scope))?.end === "done").length;
    await options.goOn(progressOf(done, scopes.length));
  }
  return [...results.values()];
}

/** A large extract is packed beside its file, which stays what its hash is of. */
async function extractAndPack(
  deps: ReconciliationDeps,
  accountingDate: string,
  goOn: GoOn,
): Promise<Extract> {
  const extract = await extractOf(deps, accountingDate, goOn);
  const packed = packedPath(deps.folder, accountingDate);
  if (extract.bytes < (deps.largeBytesMin ?? LARGE_BYTES_MIN) || existsSync(packed)) return extract;
  const part = `${packed}.${deps.cell.newId()}`;
  try {
    await deps.engine.pack(extractPath(deps.folder, accountingDate), part);
    // Nobody looks into it again before it is read.
    await sync(part);
    await rename(part, packed);
  } finally {
    await rm(part, { force: true });
  }
  return extract;
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function quickestPath(folder: string, accountingDate: string): string {
  const packed = packedPath(folder, accountingDate);
  return existsSync(packed) ? packed : extractPath(folder, accountingDate);
}

function keyOf({ channelAccountId, channelDate }: Scope): string {
  return `${channelDate} ${channelAccountId}`;
}

function earlier(one: Scope, other: Scope): Scope {
  return other.channelDate < one.channelDate ? other : one;
}

async function reconcileDate(
  deps: ReconciliationDeps,
  scopes: readonly Scope[],
  { closedThrough, goOn }: ReconcileOptions,
): Promise<readonly Reconciled[]> {
  const planDeps: PlanDeps = {
    db: deps.cell.db,
    statementsOf: (asked) => deps.statements.statementsOf(asked),
    accountOf: deps.accountOf,
    traitsOf: deps.traitsOf,
    extractHash: async (date, step) => (await extractAndPack(deps, date, step)).hash,
  };
  const planned = await plansOf(planDeps, scopes, { closedThrough, goOn });
  const fresh = planned.flatMap((one) => (one.end === "planned" && !isKnown(one.plan) ? [one.plan] : []));
  await goOn();
  const compareDeps = {
    ...deps,
    extractPath: (date: string) => quickestPath(deps.folder, date),
    largeBytesMin: deps.largeBytesMin ?? LARGE_STATEMENT_BYTES_MIN,
  };
  const made = fresh.length === 0 ? [] : await comparePlans(compareDeps, fresh);
  const written = await write(deps.cell, made, goOn);
  return planned.map((one): Reconciled => {
    if (one.end === "waiting") return { ...one.scope, end: "waiting", reason: one.reason };
    const { scope, newest } = one.plan;
    const generation = written.get(keyOf(scope));
    if (generation !== undefined) return { ...scope, end: "done", generation, isNew: true };
    if (isKnown(one.plan) && newest !== null)
      return { ...scope, end: "done", generation: newest, isNew: false };
    return { ...scope, end: "waiting", reason: "another process is comparing it" };
  });
}

function isKnown({ newest, inputHash }: Plan): boolean {
  return newest?.inputHash.equals(inputHash) === true;
}

/**
 * Writes generations, many of them in a transaction, each whole. A generation's number is taken once: where
 * another process took it, theirs stands and those that came with it are tried alone.
 */
async function write(
  cell: Cell,
  made: readonly Made[],
  goOn: GoOn,
): Promise<ReadonlyMap<string, Generation>> {
  const written = new Map<string, Generation>();
  for (const group of groupsOf(made)) {
    await goOn();
    const inserted = await writeGroup(cell, group);
    for (const { generation } of inserted) written.set(keyOf(generation), generation);
  }
  return written;
}

async function writeGroup(cell: Cell, group: readonly Made[]): Promise<readonly Made[]> {
  try {
    await cell.transact(async (tx) => {
      if (!(await insertGenerations(tx, group))) throw new Taken();
    });
    return group;
  } catch (error) {
    if (!(error instanceof Taken)) throw error;
    if (group.length === 1) return [];
    const alone: Made[] = [];
    for (const one of group) alone.push(...(await writeGroup(cell, [one])));
    return alone;
  }
}

/** The number of a generation is another's. */
class Taken extends Error {}

function* groupsOf(made: readonly Made[]): Iterable<readonly Made[]> {
  let group: Made[] = [];
  let findings = 0;
  for (const one of made) {
    const isFull = group.length === GENERATIONS_PER_TRANSACTION;
    const isTooMuch = findings + one.findings.length > FINDINGS_PER_TRANSACTION;
    if (group.length > 0 && (isFull || isTooMuch)) {
      yield group;
      group = [];
      findings = 0;
    }
    group.push(one);
    findings += one.findings.length;
  }
  if (group.length > 0) yield group;
}
