/** Reading the merchant's book: what the story changed in it. */
import type { BookEntry, ChannelAccount } from "./office.ts";
import type { Stage } from "./stage.ts";
import { bookKey } from "./story.ts";

export type Changed = {
  readonly code: string;
  readonly currency: string;
  /** By the story's payments: debit +, credit −. */
  readonly byStory: bigint;
  /** By anything else that happened meanwhile. */
  readonly byOthers: bigint;
};

/** What each account code changed by in each currency since the story began. */
export async function changesInBook({ office, merchant, booksBefore, story }: Stage): Promise<Changed[]> {
  const seqBefore = new Map(booksBefore.map(({ id, entries_count: count }) => [id, count]));
  const changed = new Map<string, Changed>();
  for (const account of await office.accounts(merchant.id)) {
    const { code, currency } = account;
    let { byStory, byOthers } = changed.get(bookKey(code, currency)) ?? { byStory: 0n, byOthers: 0n };
    for await (const entry of office.entries(account.id)) {
      if (entry.seq <= (seqBefore.get(account.id) ?? 0)) break;
      if (entry.subject_id !== null && story.paymentIds.has(entry.subject_id)) {
        byStory += BigInt(entry.amount);
      } else byOthers += BigInt(entry.amount);
    }
    changed.set(bookKey(code, currency), { code, currency, byStory, byOthers });
  }
  return [...changed.values()];
}

/** No channel's day begins earlier: UnionPay's does at 23:00 in Beijing, nine hours before the UTC date. */
const EARLIEST_MS = 9 * 3_600_000;

/** Entries of one account that bear a channel date, by what caused them: an attempt, refund or dispute. */
export async function entriesOfChannelDate(
  { office, merchant }: Stage,
  account: ChannelAccount,
  code: "channel_receivable" | "channel_cost",
  channelDate: string,
): Promise<Map<string, readonly BookEntry[]>> {
  const found: BookEntry[] = [];
  // Nothing of a day is booked before it begins.
  const beginsAt = Date.parse(`${channelDate}T00:00:00Z`) - EARLIEST_MS;
  for (const held of await office.accounts(merchant.id)) {
    const ours = held.channel_account_id === null || held.channel_account_id === account.id;
    if (held.code !== code || !ours) continue;
    for await (const entry of office.entries(held.id)) {
      if (Date.parse(entry.posted_at) < beginsAt) break;
      if (entry.channel_date === channelDate) found.push(entry);
    }
  }
  return Map.groupBy(found, (entry) => entry.source_id);
}

/** The channel's dates on which the story moved money through one of its accounts, in order. */
export async function channelDatesOfStory(
  { office, merchant, story }: Stage,
  account: ChannelAccount,
): Promise<readonly string[]> {
  const dates = new Set<string>();
  for (const held of await office.accounts(merchant.id)) {
    if (held.code !== "channel_receivable" || held.channel_account_id !== account.id) continue;
    for await (const entry of office.entries(held.id)) {
      if (Date.parse(entry.posted_at) < story.startedAt.getTime()) break;
      const isOurs = entry.subject_id !== null && story.paymentIds.has(entry.subject_id);
      if (isOurs && entry.channel_date !== null) dates.add(entry.channel_date);
    }
  }
  return [...dates].sort();
}
