/** What a comparison of a scope is a function of, gathered and hashed before anything is compared. */
import { createHash } from "node:crypto";
import type { StatementLine, StatementTraits } from "../../channels/index.ts";
import type { Db, Tx } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import type { Id } from "../../kernel/ids.ts";
import type { GoOn } from "../../kernel/progress.ts";
import { RULES_VERSION } from "../engine/rules.ts";
import type { Generation, Scope } from "../model.ts";
import { closedDates, firstDate } from "./extract-store.ts";
import { textOf } from "./findings.ts";
import { findPending, newestBefore, newestNext, newestOf, type PendingFinding } from "./store.ts";
import { type ChannelTerms, termsOf } from "./terms.ts";

/** The newest accepted statement of a scope. */
export type GivenStatement = {
  readonly id: Id;
  /** SHA-256 of the original. */
  readonly hash: Buffer;
  /** Whole, or of a large one while it is read. Throws where the file is missing or damaged. */
  readonly lines: () => Promise<readonly StatementLine[] | AsyncIterable<StatementLine>>;
  /**
   * An Alipay statement (业务明细) as it came, unpacked: one too large to be read line by line is read by the
   * engine itself. Null: it is of another channel.
   */
  readonly alipayFile?: () => Promise<AlipayFile | null>;
  /**
   * Writes down what it comes to by the reader that gives its lines, with the generation made of them.
   * Absent and null: it is written down.
   */
  readonly readAnew?: ((tx: Tx) => Promise<void>) | null;
};

export type AlipayFile = { readonly bytes: number; writeTo(path: string): Promise<void> };

export type PlanDeps = {
  readonly db: Db;
  /** In the order of the scopes; null where there is none. */
  readonly statementsOf: (scopes: readonly Scope[]) => Promise<readonly (GivenStatement | null)[]>;
  /** The contract, or null where there is none. */
  readonly accountOf: (id: Id) => Promise<{ readonly channel: string; readonly fundFlow: string } | null>;
  /** How a channel's statements are, or null where it has no connector. */
  readonly traitsOf: (channel: string) => StatementTraits | null;
  /** The hash of a closed date's extract, which is made if need be. */
  readonly extractHash: (accountingDate: string, goOn: GoOn) => Promise<Buffer>;
};

/** A scope with all that its comparison needs. */
export type Plan = {
  readonly scope: Scope;
  readonly statement: GivenStatement;
  readonly terms: ChannelTerms;
  readonly comparesFee: boolean;
  readonly newest: Generation | null;
  readonly before: Generation | null;
  readonly closedThrough: string;
  /** The closed dates that are read. */
  readonly dates: readonly string[];
  readonly readFrom: string;
  readonly carried: readonly PendingFinding[];
  readonly inputHash: Buffer;
};

export type Planned =
  | { readonly end: "planned"; readonly plan: Plan }
  | { readonly end: "waiting"; readonly scope: Scope; readonly reason: string };

/** How far a channel's date may be ahead of the accounting date on which its money is booked, in days. */
const AHEAD_DAYS = 2;

const AT_ONCE = 250;

/** Scopes of one channel date, each account once. */
export async function plansOf(
  deps: PlanDeps,
  scopes: readonly Scope[],
  asked: { readonly closedThrough: string; readonly goOn: GoOn },
): Promise<readonly Planned[]> {
  const { db } = deps;
  const newest = await newestOf(db, scopes);
  const before = await newestBefore(db, scopes);
  const next = await newestNext(db, scopes);
  const carried = await carriedBy(db, before);
  const first = (await firstDate(db)) ?? asked.closedThrough;
  const dates = createDates(deps, asked.goOn);
  const planned: Planned[] = [];
  for (let at = 0; at < scopes.length; at += AT_ONCE) {
    await asked.goOn();
    const some = scopes.slice(at, at + AT_ONCE);
    const statements = await deps.statementsOf(some);
    const part = some.map((scope, index) => {
      const statement = statements[index] ?? null;
      const place = at + index;
      const own = { newest: newest[place] ?? null, before: before[place] ?? null, next: next[place] ?? null };
      const pending = carried.get(own.before?.id ?? "") ?? [];
      return planOf(
        deps,
        dates,
        { scope, statement },
        { ...own, carried: pending, asked: asked.closedThrough, first },
      );
    });
    planned.push(...(await Promise.all(part)));
  }
  return planned;
}

async function carriedBy(
  db: Db,
  before: readonly (Generation | null)[],
): Promise<ReadonlyMap<Id, readonly PendingFinding[]>> {
  const ids = before.flatMap((generation) => (generation === null ? [] : [generation.id]));
  const pending = ids.length === 0 ? [] : await findPending(db, ids);
  return Map.groupBy(pending, ({ reconciliationId }) => reconciliationId);
}

type Dates = (
  from: string,
  through: string,
) => Promise<readonly { readonly date: string; readonly hash: string }[]>;

/** The closed dates of a range with their hashes, each range once. */
function createDates({ db, extractHash }: PlanDeps, goOn: GoOn): Dates {
  const known = new Map<string, ReturnType<Dates>>();
  const hashes = new Map<string, Promise<Buffer>>();
  const load: Dates = async (from, through) => {
    const found: { date: string; hash: string }[] = [];
    for (const date of await closedDates(db, from, through)) {
      const hash = hashes.get(date) ?? extractHash(date, goOn);
      hashes.set(date, hash);
      found.push({ date, hash: (await hash).toString("hex") });
    }
    return found;
  };
  return (from, through) => {
    const range = `${from}/${through}`;
    const loading = known.get(range) ?? load(from, through);
    known.set(range, loading);
    return loading;
  };
}

type Around = {
  readonly newest: Generation | null;
  readonly before: Generation | null;
  readonly next: Generation | null;
  readonly carried: readonly PendingFinding[];
  readonly asked: string;
  readonly first: string;
};

async function planOf(
  deps: PlanDeps,
  dates: Dates,
  { scope, statement }: { readonly scope: Scope; readonly statement: GivenStatement | null },
  around: Around,
): Promise<Planned> {
  const waiting = (reason: string): Planned => ({ end: "waiting", scope, reason });
  if (statement === null) return waiting("its statement is not there yet");
  const account = await deps.accountOf(scope.channelAccountId);
  if (account === null) return waiting("there is no such channel account");
  const { newest, before, carried } = around;
  const closedThrough = closedThroughOf(around);
  const readFrom = before === null ? around.first : shiftDate(before.channelDate, -AHEAD_DAYS);
  const read = await dates(readFrom, closedThrough);
  if (read.at(-1)?.date !== closedThrough)
    return waiting(`the accounting date ${closedThrough} is not closed`);
  const terms = termsOf(deps.traitsOf(account.channel));
  const comparesFee = account.fundFlow === "through_platform";
  const inputs = [
    RULES_VERSION,
    scope.channelAccountId,
    scope.channelDate,
    statement.hash.toString("hex"),
    closedThrough,
    before === null ? null : [before.channelDate, before.closedThrough],
    read.map(({ date, hash }) => [date, hash]),
    [comparesFee, terms.windowDays, terms.dropsFailedRefunds, terms.billsReturns],
    carried.map(({ reconciliationId: _, ...finding }) => textOf(finding)),
  ];
  const inputHash = createHash("sha256").update(JSON.stringify(inputs)).digest();
  const plan: Plan = {
    scope,
    statement,
    terms,
    comparesFee,
    newest,
    before,
    closedThrough,
    dates: read.map(({ date }) => date),
    readFrom,
    carried,
    inputHash,
  };
  return { end: "planned", plan };
}

/**
 * A scope that was compared before keeps its dates; a new one never reaches behind the date before it, nor
 * beyond the one after.
 */
function closedThroughOf({ newest, before, next, asked }: Around): string {
  if (newest !== null) return newest.closedThrough;
  const atLeast = before !== null && before.closedThrough > asked ? before.closedThrough : asked;
  return next !== null && next.closedThrough < atLeast ? next.closedThrough : atLeast;
}
