import { channelDayEnd } from "../channels/index.ts";
import { MINUTE, plus, SECOND } from "../kernel/clock.ts";
import { type DueWorker, startDueWorker } from "../kernel/due.ts";
import { problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import { fetchStatement } from "./fetch.ts";
import * as store from "./fetches-store.ts";
import { afterAsking, LATE_MS, type Scope, type StatementFetch } from "./model.ts";
import { isQuiet } from "./quiet.ts";
import type { Received, Statements, StatementsDeps } from "./service.ts";

export type FetchingDeps = StatementsDeps & { readonly statements: Statements };

/** A channel's statement of a day that is to come. */
export type ExpectedScope = {
  readonly channelAccountId: Id;
  readonly statementDate: string;
  /** `trade` unless told. */
  readonly kind?: "trade" | "fund";
  /** Of kind `fund`, in the channel's words; its main account unless told. */
  readonly account?: string;
};

export type Fetching = {
  /**
   * From now on each of these is asked for, from its channel's time of publication until it is there. Safe to
   * repeat; gives how many were not expected yet. Throws `not_found` for an account that is not there.
   */
  expect(scopes: readonly ExpectedScope[]): Promise<number>;
  /**
   * An operator's word that there is no statement because nothing happened. Throws `conflict` where there is
   * one.
   */
  noneWasPublished(scope: Scope, receivedBy: Id): Promise<Received>;
  /** What is expected, newest first. @param late those alone that should be there */
  list(
    filter: Omit<store.FetchFilter, "publishedBefore"> & { readonly late: boolean },
    before: Id | null,
    limit: number,
  ): Promise<StatementFetch[]>;
  /** Whether the books know of nothing that a channel account's statement of a date could show. */
  isQuiet(channelAccountId: Id, channelDate: string): Promise<boolean>;
  /** When something is asked for next; null: nothing is expected. */
  nextDue(): Promise<Date | null>;
  /** How many are due, how many are late, and since when. */
  counts(): Promise<store.FetchCounts>;
  /** Asks for what is due; any number of processes may run it. */
  startWorker(log: Log): DueWorker;
};

/** Longer than a statement takes, five minutes at the worst. */
const LEASE_MS = 8 * MINUTE;
const IDLE_MS = 10 * SECOND;
const CONCURRENCY_MAX = 2;
/** Scopes that are written in one transaction. */
const CHUNK = 500;

export function createFetching(deps: FetchingDeps): Fetching {
  const { cell } = deps;
  let worker: DueWorker | null = null;
  return {
    expect: async (scopes) => {
      const added = await expect(deps, scopes);
      if (added > 0) worker?.nudge();
      return added;
    },
    noneWasPublished: (scope, receivedBy) => declareNone(deps, scope, receivedBy),
    list: ({ late, ...filter }, before, limit) => {
      const publishedBefore = late ? plus(cell.clock.now(), -LATE_MS) : null;
      return store.listFetches(cell.db, { ...filter, publishedBefore }, before, limit);
    },
    isQuiet: async (channelAccountId, channelDate) => {
      const { account, traits } = await lineOf(deps, channelAccountId);
      return isQuiet(cell.db, account, traits, channelDate);
    },
    nextDue: () => store.nextDue(cell.db),
    counts: () => {
      const now = cell.clock.now();
      return store.countFetches(cell.db, now, plus(now, -LATE_MS));
    },
    startWorker: (log) => {
      worker = startWorker(deps, log);
      return worker;
    },
  };
}

async function expect(deps: FetchingDeps, scopes: readonly ExpectedScope[]): Promise<number> {
  const { cell } = deps;
  const rows: store.Expected[] = [];
  for (const { channelAccountId, statementDate, kind = "trade", account = "" } of scopes) {
    const { traits } = await lineOf(deps, channelAccountId);
    const end = channelDayEnd(traits, statementDate);
    const publishedAt = plus(end, traits.statements.publishedAfterMinutes * MINUTE);
    rows.push({ id: cell.newId(), kind, channelAccountId, account, statementDate, publishedAt });
  }
  let added = 0;
  for (let at = 0; at < rows.length; at += CHUNK) {
    const chunk = rows.slice(at, at + CHUNK);
    added += await cell.transact((tx) => store.insertFetches(tx, chunk, cell.clock.now()), {
      repeatable: true,
    });
  }
  return added;
}

async function declareNone({ statements }: FetchingDeps, scope: Scope, receivedBy: Id): Promise<Received> {
  const nothing = { original: Buffer.alloc(0), source: "none_published" } as const;
  const received = await statements.receive({ scope, ...nothing, receivedBy });
  const { record } = received;
  const current = received.outcome === "accepted" ? record : await statements.current(scope);
  if (current !== null && current.source !== "none_published") {
    throw problem("conflict", { detail: `the day has a statement already, version ${current.version}` });
  }
  return received;
}

async function lineOf(deps: FetchingDeps, channelAccountId: Id) {
  const account = await deps.channels.account(channelAccountId);
  const channel = account === null ? null : deps.channels.channel(account.channel);
  if (account === null || channel === null) throw problem("not_found");
  return { account, traits: channel.traits };
}

function startWorker(deps: FetchingDeps, log: Log): DueWorker {
  const { cell } = deps;
  return startDueWorker<StatementFetch>({
    name: "statements",
    clock: cell.clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => store.claimFetches(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (fetch) => advance(deps, fetch),
  });
}

/** Asks once. What is received ends the fetch in its own transaction; all else is asked for again. */
async function advance(deps: FetchingDeps, fetch: StatementFetch): Promise<void> {
  const { cell, statements } = deps;
  const { account, traits } = await lineOf(deps, fetch.channelAccountId);
  const current = await statements.current(fetch);
  if (current !== null) {
    // It came by another way before it was expected.
    await cell.transact((tx) => store.endFetch(tx, fetch, current.id, cell.clock.now()));
    return;
  }
  const said = account.credentialVersion === null ? WITHOUT_CREDENTIALS : await askFor(deps, fetch);
  if (said === null) return;
  const asking = afterAsking(fetch, traits.statements, said.isNone, cell.clock.now());
  const { asked, noneTold, dueAt, maybeEmpty } = asking;
  const isEmpty = maybeEmpty && (await isQuiet(cell.db, account, traits, fetch.statementDate));
  if (isEmpty) {
    const nothing = { original: Buffer.alloc(0), source: "none_published", receivedBy: null } as const;
    await statements.receive({ scope: scopeOf(fetch), ...nothing });
    return;
  }
  const detail = maybeEmpty ? `${said.detail}; the books know of movements on that day` : said.detail;
  await cell.transact((tx) => store.putOff(tx, { id: fetch.id, dueAt, asked, noneTold, detail }));
}

const WITHOUT_CREDENTIALS = { isNone: false, detail: "the account has no credentials yet" };

/** What stands against it; null: it is there. */
async function askFor(
  deps: FetchingDeps,
  fetch: StatementFetch,
): Promise<{ readonly isNone: boolean; readonly detail: string } | null> {
  const fetched = await fetchStatement(deps, scopeOf(fetch), null);
  switch (fetched.outcome) {
    case "accepted":
    case "same":
      return null;
    case "refused": {
      const { faultLine, faultReason } = fetched.record;
      return { isNone: false, detail: `the file was refused: line ${faultLine}: ${faultReason}` };
    }
    case "none":
      return { isNone: true, detail: fetched.detail };
    case "unavailable":
    case "denied":
      return { isNone: false, detail: fetched.detail };
  }
}

function scopeOf({ kind, channelAccountId, account, statementDate }: StatementFetch): Scope {
  return { kind, channelAccountId, account, statementDate };
}
