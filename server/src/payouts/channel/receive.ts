import { DAY, plus } from "../../kernel/clock.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { EntryRow } from "../statement/store.ts";
import { type Announced, matchEntry } from "./match.ts";
import { receive } from "./service.ts";
import { openChannelPayouts } from "./store.ts";

/** Banks and channels may need a week's holidays: an announced payout is looked for so long. */
const LOOK_BACK_MS = 14 * DAY;

/**
 * Takes what came in unexplained for what channels have announced, where exactly one way fits; gives the
 * references of the entries that found theirs. The rest is for people.
 */
export async function receiveChannelPayouts(
  deps: PayoutsDeps,
  entries: readonly EntryRow[],
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const entry of entries) {
    if (entry.state !== "unplaced" || entry.amount <= 0n) continue;
    const from = plus(new Date(`${entry.valueDate}T00:00:00Z`), -LOOK_BACK_MS);
    const open = await openChannelPayouts(deps.cell.db, entry.currency, from.toISOString().slice(0, 10));
    const payouts: readonly Announced[] | null = matchEntry(entry, open);
    if (payouts === null) continue;
    const ids = payouts.map(({ id }) => id);
    const outcome = await receive(deps, entry, ids, "rule");
    if ("done" in outcome) found.add(entry.entryRef);
  }
  return found;
}
