import { type ChannelAccount, type ChannelTraits, channelDayEnd } from "../channels/index.ts";
import { DAY, plus } from "../kernel/clock.ts";
import type { Db } from "../kernel/database.ts";
import { accountIdOf, bookIdOf, entries, memoTwin } from "../ledger/index.ts";

/** An account that has so many entries since the day began is not quiet. */
const LOOKED_AT = 200;

/**
 * Whether the books know of no movement of a channel account on a channel date that a statement could show:
 * nothing was paid, given back or claimed through it.
 */
export async function isQuiet(
  db: Db,
  account: ChannelAccount,
  traits: ChannelTraits,
  channelDate: string,
): Promise<boolean> {
  const book = bookIdOf("merchant", account.merchantId);
  // What is dated on the day cannot have been booked before it, but for the clocks' difference.
  const began = plus(channelDayEnd(traits, channelDate), -2 * DAY);
  for (const currency of account.currencies) {
    for (const code of ["channel_receivable", memoTwin("channel_receivable")] as const) {
      const id = accountIdOf(book, code, currency, account.id);
      const newest = await entries(db, id, { before: null, limit: LOOKED_AT });
      const shown = newest.filter(({ kind }) => kind !== "refund_returned" || traits.statements.showsReturns);
      if (shown.some((entry) => entry.channelDate === channelDate)) return false;
      const oldest = newest.at(-1);
      if (newest.length === LOOKED_AT && oldest !== undefined && oldest.postedAt > began) return false;
    }
  }
  return true;
}
