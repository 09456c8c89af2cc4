/**
 * Entries of banks that came before what explains them: compared once more when a payout is in transit. A
 * channel tells of a payout on the next morning, and the bank may show it the same night.
 */
import { DAY, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { sql, type Tx } from "../../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { connectionByAccount } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type EntryRow, unplacedCredits } from "../statement/store.ts";
import { receiveChannelPayouts } from "./receive.ts";

const LEASE_MS = MINUTE;
const IDLE_MS = 10 * SECOND;
/** Of one currency and one payer: more than that stay unexplained only where something is very wrong. */
const ENTRIES_MAX = 1_000;
/** Payouts that one comparison is for: it looks at all that is in transit anyhow. */
const TOGETHER_MAX = 1_000;

export type ToMatch = { readonly id: Id; readonly currency: Currency; readonly announcedDate: string };

const claimSql = sql(
  "channel_payouts_claim_match",
  `with due as materialized (
     select id
     from channel_payouts
     where match_due_at <= $1
     order by id
     limit $3
     for no key update skip locked
   )
   update channel_payouts p
   set match_due_at = $2
   from due
   where p.id = due.id
   returning p.id, p.currency, p.announced_date`,
);

const waitingSql = sql(
  "channel_payouts_to_match",
  `select id
   from channel_payouts
   where match_due_at is not null
     and currency = $1
     and announced_date >= $2
   order by id <> $3, id
   limit $4`,
);

const doneSql = sql(
  "channel_payouts_matched",
  `update channel_payouts
   set match_due_at = null
   where id in (
     select id
     from channel_payouts
     where id = any($1::uuid[])
     order by id
     for no key update
   )`,
);

function claim(tx: Tx, now: Date, until: Date, limit: number): Promise<ToMatch[]> {
  return tx.all<ToMatch>(claimSql, [now, until, limit]);
}

/** Any number of processes may: who comes second finds the entry placed. */
export function startMatching(deps: PayoutsDeps): DueWorker {
  const { cell, log } = deps;
  return startDueWorker<ToMatch>({
    name: "channel_payouts_match",
    clock: cell.clock,
    log,
    concurrencyMax: 1,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => claim(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (payout) => matchAgain(deps, payout),
  });
}

/**
 * Compares what came in since the payout was announced, and nothing explains, with all that is in transit.
 * That is done with for every payout that waited for it before and was announced no earlier: a thousand that
 * channels tell in one morning are not compared a thousand times.
 */
export async function matchAgain(deps: PayoutsDeps, { id, currency, announcedDate }: ToMatch): Promise<void> {
  const { cell } = deps;
  const waiting = await cell.db.all<{ id: Id }>(waitingSql, [currency, announcedDate, id, TOGETHER_MAX]);
  const ids = waiting.map((one) => one.id);
  if (!ids.includes(id)) return;
  // What the channel dates in its own zone may be a day behind the bank's.
  const from = plus(new Date(`${announcedDate}T00:00:00Z`), -DAY)
    .toISOString()
    .slice(0, 10);
  const entries = await unplacedCredits(cell.db, currency, from, ENTRIES_MAX);
  await receiveChannelPayouts(deps, await ofTheReserve(deps, entries));
  // Of more entries than were looked at, later payouts have others.
  const done = entries.length < ENTRIES_MAX ? ids : [id];
  await cell.transact((tx) => tx.run(doneSql, [done]), { repeatable: true });
}

async function ofTheReserve(deps: PayoutsDeps, entries: readonly EntryRow[]): Promise<EntryRow[]> {
  const holds = new Map<string, string | undefined>();
  for (const number of new Set(entries.map(({ accountNumber }) => accountNumber))) {
    holds.set(number, (await connectionByAccount(deps.platform.db, number))?.holds);
  }
  return entries.filter(({ accountNumber }) => holds.get(accountNumber) === "reserve");
}
