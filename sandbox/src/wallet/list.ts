import type { TradeView, WalletChannel } from "./channel.ts";

// One list over several channels: a page is read of each and merged, newest first; the cursor holds how far
// each has been read.

const done = "end";

/** A cursor is one position for each channel: nothing yet, a number, or the end. */
export function isCursor(text: string, channels: number): boolean {
  const parts = text.split(".");
  return parts.length === channels && parts.every((part) => /^(\d{1,18}|end)?$/.test(part));
}

/** A page of what all channels have; `cursor` is null on the last one. */
export async function listAll(
  channels: readonly WalletChannel[],
  limit: number,
  cursor: string | null,
): Promise<{ data: TradeView[]; cursor: string | null }> {
  const positions = cursor === null ? channels.map(() => "") : cursor.split(".");
  const found: Listed[][] = [];
  for (const [at, channel] of channels.entries()) {
    const position = positions[at]!;
    found.push(position === done ? [] : (await channel.list(limit, position || null)).trades);
  }
  const { data, taken } = merge(found, limit);
  for (const [at, channel] of channels.entries()) {
    const position = positions[at]!;
    if (found[at]!.length === 0) positions[at] = done;
    else if (taken[at]! > 0)
      positions[at] = (await channel.list(taken[at]!, position || null)).cursor ?? done;
  }
  const over = positions.every((position) => position === done);
  return { data, cursor: over ? null : positions.join(".") };
}

type Listed = { placedAt: Date; view: TradeView };

/** Takes the newest of the lists' heads again and again, so that each list's own order is kept. */
function merge(lists: readonly Listed[][], limit: number): { data: TradeView[]; taken: number[] } {
  const taken = lists.map(() => 0);
  const data: TradeView[] = [];
  while (data.length < limit) {
    let newest: { at: number; head: Listed } | null = null;
    for (const [at, list] of lists.entries()) {
      const head = list[taken[at]!];
      if (head && (newest === null || head.placedAt > newest.head.placedAt)) newest = { at, head };
    }
    if (newest === null) break;
    data.push(newest.head.view);
    taken[newest.at]! += 1;
  }
  return { data, taken };
}
