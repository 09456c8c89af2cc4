import type { Id } from "../../kernel/ids.ts";
import { type JournalDraft, lockDay, post } from "../../ledger/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout } from "../model.ts";
import { lockPayouts, updatePayouts } from "../payout/store.ts";
import { platformJournal } from "./postings.ts";

/**
 * Books the bank's side of payouts whose merchant's side is booked. The mark on the payout and the journal
 * commit together, so that what is instructed and what the bank holds never count a payout twice or not at
 * all. Safe to repeat: the mark, and journals unique by book, kind and source.
 */
export async function bookPlatformSides(deps: PayoutsDeps, ids: readonly Id[]): Promise<void> {
  const { cell } = deps;
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const locked = await lockPayouts(tx, ids);
      const at = cell.clock.now();
      const steps = locked
        .map((payout) => stepOf(deps, payout, at))
        .filter(({ drafts }) => drafts.length > 0);
      if (steps.length === 0) return;
      await updatePayouts(
        tx,
        steps.map(({ payout }) => payout),
      );
      const drafts = steps.flatMap((step) => step.drafts);
      for (const result of await post(tx, day, drafts, at)) {
        if (result.result === "refused")
          throw new Error(`the bank account ${result.account} refuses a journal`);
      }
    },
    { repeatable: true },
  );
}

function stepOf(deps: PayoutsDeps, payout: Payout, at: Date): { payout: Payout; drafts: JournalDraft[] } {
  const { cell, newId } = deps.cell;
  const drafts: JournalDraft[] = [];
  let { paidBookedAt, returnedBookedAt } = payout;
  if (payout.succeededAt !== null && paidBookedAt === null) {
    drafts.push(platformJournal(payout, "payout_confirmed", cell, newId));
    paidBookedAt = at;
  }
  if (payout.returnedAt !== null && returnedBookedAt === null) {
    drafts.push(platformJournal(payout, "payout_returned", cell, newId));
    returnedBookedAt = at;
  }
  return { payout: { ...payout, paidBookedAt, returnedBookedAt, dueAt: null }, drafts };
}
