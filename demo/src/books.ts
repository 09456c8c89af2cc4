/** Reading the merchant's book: what the story changed in it. */
import type { BookEntry, ChannelAccount } from "./office.ts";
import type { Stage } from "./stage.ts";

export type Changed = {
  readonly code: string;
  /** By the story's payments: debit +, credit −. */
  readonly byStory: bigint;
  /** By anything else that happened meanwhile. */
  readonly byOthers: bigint;
};

/** What each account code changed by since the story began. */
export async function changesInBook({ office, merchant, booksBefore, story }: Stage): Promise<Changed[]> {
  const seqBefore = new Map(booksBefore.map(({ id, entries_count: count }) => [id, count]));
  const changed = new Map<string, { byStory: bigint; byOthers: bigint }>();
  for (const account of await office.accounts(merchant.id)) {
    const sums = changed.get(account.code) ?? { byStory: 0n, byOthers: 0n };
    for await (const entry of office.entries(account.id)) {
      if (entry.seq <= (seqBefore.get(account.id) ?? 0)) break;
      if (entry.subject_id !== null && story.paymentIds.has(entry.subject_id)) {
        sums.byStory += BigInt(entry.amount);
      } else sums.byOthers += BigInt(entry.amount);
    }
    changed.set(account.code, sums);
  }
  return [...changed].map(([code, sums]) => ({ code, ...sums }));
}

/** The entries of one account that bear a channel date, by the attempt or refund that caused them. */
export async function entriesOfChannelDate(
  { office, booksBefore }: Stage,
  account: ChannelAccount,
  code: "channel_receivable" | "channel_cost",
  channelDate: string,
): Promise<Map<string, readonly BookEntry[]>> {
  const found: BookEntry[] = [];
  // Nothing of a day is booked before it begins.
  const beginsAt = Date.parse(`${channelDate}T00:00:00+08:00`);
  for (const held of booksBefore) {
    const ours = held.channel_account_id === null || held.channel_account_id === account.id;
    if (held.code !== code || !ours) continue;
    for await (const entry of office.entries(held.id)) {
      if (Date.parse(entry.posted_at) < beginsAt) break;
      if (entry.channel_date === channelDate) found.push(entry);
    }
  }
  return Map.groupBy(found, (entry) => entry.source_id);
}
