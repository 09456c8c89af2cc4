import {
  type ChannelAccount,
  type ChannelTraits,
  channelDayEnd,
  type StatementTraits,
} from "../channels/index.ts";
import { DAY, plus } from "../kernel/clock.ts";
import { type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import { accountIdOf, bookIdOf, entries, memoTwin, type StatementEntry } from "../ledger/index.ts";

/** An account that has so many entries since the day began is not quiet. */
const LOOKED_AT = 200;

const ATTEMPTS_OF_METHODS = sql(
  "statements_attempts_of_methods",
  `select id
   from attempts
   where id = any($1::uuid[])
     and method = any($2::text[])`,
);

/**
 * Whether the books know of no movement of a channel account on a channel date that a statement could show:
 * nothing was paid, given back or claimed through it, but for what its channel leaves out.
 */
export async function isQuiet(
  db: Db,
  account: ChannelAccount,
  { statements, ...traits }: ChannelTraits,
  channelDate: string,
): Promise<boolean> {
  const book = bookIdOf("merchant", account.merchantId);
  // What is dated on the day cannot have been booked before it, but for the clocks' difference.
  const began = plus(channelDayEnd(traits, channelDate), -2 * DAY);
  for (const currency of account.currencies) {
    for (const code of ["channel_receivable", memoTwin("channel_receivable")] as const) {
      const id = accountIdOf(book, code, currency, account.id);
      const newest = await entries(db, id, { before: null, limit: LOOKED_AT });
      const wentAway = await withoutTrace(db, newest, channelDate, statements);
      if (shown(newest, channelDate, statements, wentAway).length > 0) return false;
      const oldest = newest.at(-1);
      if (newest.length === LOOKED_AT && oldest !== undefined && oldest.postedAt > began) return false;
    }
  }
  return true;
}

/** What a statement of the date could show of an account's newest entries. */
export function shown(
  newest: readonly StatementEntry[],
  channelDate: string,
  { showsReturns, omitsFailedRefunds }: StatementTraits,
  wentAway: ReadonlySet<Id>,
): readonly StatementEntry[] {
  const returned = new Set(newest.flatMap((entry) => (isReturn(entry) ? [entry.sourceId] : [])));
  return newest.filter((entry) => {
    if (entry.channelDate !== channelDate || wentAway.has(entry.sourceId)) return false;
    if (DATED_BY_US.has(entry.kind) || NO_TRADE.has(entry.kind)) return false;
    if (isReturn(entry)) return showsReturns;
    return !(omitsFailedRefunds && entry.kind === "refund_accepted" && returned.has(entry.sourceId));
  });
}

/**
 * No channel says when it gave back by itself: that is dated by when it was heard of, and may stand in the
 * file of the day before.
 */
const DATED_BY_US = new Set<string>(["reversed_by_channel", "surplus_reversed", "break_refund_theirs"]);

/** What the channel owes changes by it, and no trade statement says so. */
const NO_TRADE = new Set<string>([
  "channel_payout",
  "channel_payout_withdrawn",
  "channel_movement",
  "manual_correction",
  "share_done",
  "share_returned",
]);

const isReturn = ({ kind }: StatementEntry) => kind === "refund_returned";

const TAKING = new Set<string>([
  "payment_success",
  "surplus_success",
  "surplus_reversed",
  "reversed_by_channel",
]);

/** Attempts of which all that was taken on the date was reversed on it. */
export function reversedWhole(newest: readonly StatementEntry[], channelDate: string): readonly Id[] {
  const taken = newest.filter((entry) => entry.channelDate === channelDate && TAKING.has(entry.kind));
  const sums = new Map<Id, bigint>();
  for (const { sourceId, amount } of taken) sums.set(sourceId, (sums.get(sourceId) ?? 0n) + amount);
  return [...sums].flatMap(([attemptId, sum]) => (sum === 0n ? [attemptId] : []));
}

/** Those of them whose method leaves no line then. */
async function withoutTrace(
  db: Db,
  newest: readonly StatementEntry[],
  channelDate: string,
  { omitsReversedOf }: StatementTraits,
): Promise<ReadonlySet<Id>> {
  const reversed = omitsReversedOf.length === 0 ? [] : reversedWhole(newest, channelDate);
  if (reversed.length === 0) return new Set();
  const rows = await db.all<{ id: Id }>(ATTEMPTS_OF_METHODS, [reversed, omitsReversedOf]);
  return new Set(rows.map(({ id }) => id));
}
