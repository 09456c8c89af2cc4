/**
 * Bank statements on their way into the books: asked for from our banks each day, and read once they were
 * received, by whatever way they came.
 */
import { DAY, dateIn, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Job } from "../../kernel/schedules.ts";
import type { Actor } from "../../operators/index.ts";
import { allConnections } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { fetchStatement } from "../sending/bank.ts";
import { type BankStatement, readBankStatement } from "./read.ts";
import { claimReadings, endReading, type Reading, readAgain, readingOf } from "./readings-store.ts";

/** What payouts see of the statements that were received. */
export type BankStatements = {
  /** A received one as it is read. */
  open(statementId: Id): Promise<BankStatement>;
  /** Hands in what a bank published; a file that breaks its promises is kept as refused. */
  receive(accountNumber: string, date: string, file: Buffer): Promise<void>;
  /** Whether one of an account's day was accepted. */
  isThere(accountNumber: string, date: string): Promise<boolean>;
};

const LEASE_MS = 5 * MINUTE;
const IDLE_MS = 10 * SECOND;

/** Reads what was received; any number of processes may. */
export function startReading(deps: PayoutsDeps): DueWorker {
  const { cell, log } = deps;
  return startDueWorker<Id>({
    name: "bank_readings",
    clock: cell.clock,
    log,
    concurrencyMax: 1,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => claimReadings(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (statementId) => readOne(deps, statementId),
  });
}

async function readOne(deps: PayoutsDeps, statementId: Id): Promise<void> {
  const { cell, log } = deps;
  const statement = await deps.bankStatements.open(statementId);
  const read = await readBankStatement(deps, statement, async () => {});
  const readAt = cell.clock.now();
  const about = { statement: formatId("stm", statementId) };
  const end =
    read.end === "read"
      ? ({ state: "read", reason: null, entries: read.entries, placed: read.placed } as const)
      : ({ state: "refused", reason: read.reason, entries: null, placed: null } as const);
  await cell.transact((tx) => endReading(tx, { statementId, ...end, readAt }), { repeatable: true });
  if (end.state === "refused")
    log.warn({ ...about, reason: end.reason }, "a bank's statement cannot be read");
}

/** Has a refused one read again. Throws `not_found`, and `conflict` for one that is not refused. */
export async function askAgain(deps: PayoutsDeps, actor: Actor, statementId: Id): Promise<Reading> {
  const { cell, operators } = deps;
  const known = await readingOf(cell.db, statementId);
  if (known === null) throw problem("not_found");
  const asked = await cell.transact((tx) => readAgain(tx, statementId, cell.clock.now()), {
    repeatable: true,
  });
  const now = await readingOf(cell.db, statementId);
  if (now === null) throw problem("not_found");
  if (asked === 0 && now.state !== "waiting") {
    throw problem("conflict", { detail: `the statement is ${now.state}, not refused` });
  }
  const subject = formatId("stm", statementId);
  const before = { state: known.state, reason: known.reason };
  await operators.auditAlone(actor, { action: "bank_statement.read_again", subject, before, after: null });
  return now;
}

/** Days that a bank may be asked for late. */
const DAYS_BACK = 14;

/** Asks banks for the days that are over and not there, an hour after midnight and every hour after that. */
export function bankStatementsJob(deps: PayoutsDeps): Job {
  return {
    name: "bank_statements_fetch",
    cron: "5 * * * *",
    run: async (goOn) => {
      for (const connection of await allConnections(deps.platform.db)) {
        await goOn();
        await fetchMissing(deps, connection, goOn);
      }
    },
  };
}

async function fetchMissing(
  deps: PayoutsDeps,
  connection: BankConnection,
  goOn: () => Promise<void>,
): Promise<void> {
  const { accountNumber } = connection;
  const now = deps.cell.clock.now();
  for (let back = DAYS_BACK; back >= 1; back -= 1) {
    const date = dateIn(deps.timeZone, plus(now, -back * DAY));
    if (await deps.bankStatements.isThere(accountNumber, date)) continue;
    await goOn();
    // Days before the account was there, and one that the bank has not published yet, it does not have.
    const file = await fetchStatement(deps.http, connection, date);
    if (file !== null) await deps.bankStatements.receive(accountNumber, date, file);
  }
}
