import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { lockDay, postWithHolds } from "../../ledger/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type Payout, SOURCE_CODES } from "../model.ts";
import { holdAccount } from "../outcome/postings.ts";
import { deletePayouts, insertSources } from "./sources.ts";
import { insertPayouts } from "./store.ts";

export type Inserted = {
  /** Their numbers or settlements have a payout already; nothing happened to them. */
  readonly duplicates: ReadonlySet<Id>;
  /** By how much the merchant's available balance falls short, of those that were not made. */
  readonly short: ReadonlyMap<Id, bigint>;
};

/**
 * Writes merchants' payouts and puts their money aside: a hold of amount and fee on the merchant's available
 * balance, which neither a refund nor another payout can draw. The numbers are taken first and the accounts
 * last.
 */
export async function insertWithHolds(
  deps: PayoutsDeps,
  tx: Tx,
  payouts: readonly Payout[],
  at: Date,
): Promise<Inserted> {
  const day = await lockDay(tx, deps.cell.cell);
  const written = await insertPayouts(tx, payouts, at);
  const made = payouts.filter(({ id }) => written.has(id));
  await insertSources(
    tx,
    made.map(({ id, payeeId, amount }) => ({
      payoutId: id,
      merchantId: payeeId,
      code: SOURCE_CODES.merchant,
      amount,
    })),
  );
  const holds = made.map((payout) => ({
    hold: "place" as const,
    // A hold is the payout's own: nobody else makes one with its id.
    id: payout.id,
    account: holdAccount(payout),
    amount: payout.amount + payout.fee,
    sourceId: payout.id,
  }));
  const placed = await postWithHolds(tx, day, { drafts: [], holds }, at);
  const short = new Map<Id, bigint>();
  for (const [index, result] of placed.holds.entries()) {
    if (result.result !== "refused") continue;
    if (result.code !== "insufficient_balance") throw new Error("a new payout's hold has ended already");
    short.set((made[index] as Payout).id, result.short);
  }
  await deletePayouts(tx, [...short.keys()]);
  const duplicates = new Set(payouts.filter(({ id }) => !written.has(id)).map(({ id }) => id));
  return { duplicates, short };
}
