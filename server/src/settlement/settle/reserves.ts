/** Gives back what was kept for a term that is over. */
import { lockDay, post } from "../../ledger/index.ts";
import { reserveDraft } from "../drafts.ts";
import type { SettleDeps } from "./deps.ts";
import { releaseDueReserves } from "./finish-store.ts";

const RESERVES_PER_STEP = 400;

/** Releases every reserve that is due on `today`, in steps that may be repeated; gives how many. */
export async function releaseReserves(
  { cell }: SettleDeps,
  today: string,
  goOn: () => Promise<void>,
): Promise<number> {
  for (let released = 0; ; ) {
    await goOn();
    const count = await cell.transact(
      async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const now = cell.clock.now();
        const due = await releaseDueReserves(tx, today, now, RESERVES_PER_STEP);
        const drafts = due.map((reserve) => reserveDraft(reserve, cell.newId()));
        if (drafts.length > 0) await post(tx, day, drafts, now);
        return due.length;
      },
      { repeatable: true },
    );
    if (count === 0) return released;
    released += count;
  }
}
