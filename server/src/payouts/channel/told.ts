/** What channels' statements tell of payouts, announced as each statement comes. */
import type { ToldPayout } from "../../channels/index.ts";
import { MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import type { Db } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import type { Id } from "../../kernel/ids.ts";
import { lockDay } from "../../ledger/index.ts";
import type { ToldPayouts } from "../../statements/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { keepMovements } from "../movements/store.ts";
import { coveredThrough } from "./covers.ts";
import {
  bookInTransit,
  type ChannelPayoutAnnounced,
  openAccountsFor,
  postAnnounced,
  rowOf,
} from "./service.ts";
import { type ChannelPayout, insertAnnounced } from "./store.ts";
import { confirmTold, daysBefore, doubtCameBack, doubtOthers, keepDays, lastCovered } from "./told-store.ts";

/** A large day's fund bill takes some seconds to read. */
const LEASE_MS = 5 * MINUTE;
const IDLE_MS = 10 * SECOND;
/** A channel holds back no longer than this. */
const DAYS_MAX = 60;

/** Reads what came; any number of processes may. */
export function startTold(deps: PayoutsDeps): DueWorker {
  const { cell, log } = deps;
  return startDueWorker<Id>({
    name: "channel_payouts_told",
    clock: cell.clock,
    log,
    concurrencyMax: 1,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => deps.payoutStatements.claim(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (statementId) => readTold(deps, statementId),
  });
}

/**
 * Announces what a statement tells: each payout once by its number, whichever version of the statement or
 * person told it first. What the version before told and this one does not, or tells otherwise, is marked for
 * people. What else moved the account's money, and no other statement tells, is kept beside. All of it
 * commits with the mark that the statement is read. Safe to repeat.
 */
export async function readTold(deps: PayoutsDeps, statementId: Id): Promise<void> {
  const { cell, payoutStatements } = deps;
  const statement = await payoutStatements.open(statementId);
  const { channelAccountId, channelDate, teller, told } = statement;
  const account = await deps.channels.account(channelAccountId);
  const rows: ChannelPayout[] = [];
  for (const one of await announcementsOf(cell.db, statement)) rows.push(await rowOf(deps, one, teller));
  await openAccountsFor(deps, rows);
  const made = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const isCurrent = await payoutStatements.lockCurrent(tx, statementId);
    await payoutStatements.done(tx, statementId);
    // The newer one is due as well, and tells all that counts.
    if (!isCurrent) return [];
    const written = await insertAnnounced(tx, rows);
    await confirmTold(tx, channelAccountId, teller, rows);
    await doubtOthers(tx, statement, rows);
    const cameBack = told.cameBack.map(({ payoutNo }) => payoutNo);
    await doubtCameBack(tx, channelAccountId, cameBack, channelDate);
    await keepDays(tx, statement, told.moved);
    if (account !== null) await keepMovements(tx, { ...statement, ...account }, told.others, cell.newId);
    await postAnnounced(deps, tx, day, rows, written);
    return [...written];
  });
  if (made.length > 0) await bookInTransit(deps, made);
}

async function announcementsOf(db: Db, statement: ToldPayouts): Promise<ChannelPayoutAnnounced[]> {
  const { channelAccountId, channelDate: announcedDate, payer, told } = statement;
  const announced: ChannelPayoutAnnounced[] = [];
  for (const payout of told.payouts) {
    const { payoutNo, amount, currency } = payout;
    const same = announced.findLast((one) => one.currency === currency && one.coversThrough !== null);
    const covers = await coversOf(db, statement, payout, same?.coversThrough ?? null);
    announced.push({ channelAccountId, payoutNo, amount, currency, ...covers, announcedDate, payer });
  }
  return announced;
}

/** The dates whose money is paid whole with it, and was not before. */
async function coversOf(
  db: Db,
  { channelAccountId, channelDate }: ToldPayouts,
  payout: ToldPayout,
  coveredToday: string | null,
): Promise<Pick<ChannelPayoutAnnounced, "coversFrom" | "coversThrough">> {
  const { currency } = payout;
  const earlier = await daysBefore(db, channelAccountId, currency, channelDate, DAYS_MAX);
  const through = coveredThrough(payout, channelDate, earlier);
  const before = coveredToday ?? (await lastCovered(db, channelAccountId, currency, channelDate));
  const first = earlier.at(-1)?.date ?? through;
  const from = before === null ? first : shiftDate(before, 1);
  if (through === null || from === null || from > through) return { coversFrom: null, coversThrough: null };
  return { coversFrom: from, coversThrough: through };
}
