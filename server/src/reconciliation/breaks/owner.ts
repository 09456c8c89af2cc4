/** Whose a surplus is, where it is not of the contract's own merchant. */
import type { Cell } from "../../kernel/database.ts";
import { cellOf } from "../../kernel/ids.ts";
import { accountIdOf, accountView, bookIdOf } from "../../ledger/index.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Break, Wish } from "./model.ts";

type OwnerDeps = { readonly cell: Cell; readonly merchants: Pick<Merchants, "get"> };

/**
 * Why a surplus may not be made this merchant's money, in one sentence; null: it may, or no merchant is
 * named. Both books have their side in one transaction, so they are of one cell.
 */
export async function ownerRefusal(
  { cell, merchants }: OwnerDeps,
  { merchantId, currency }: Pick<Break, "merchantId" | "currency">,
  { paidTo }: Pick<Wish, "paidTo">,
): Promise<string | null> {
  if (paidTo === null) return null;
  if (paidTo === merchantId) return "it is the contract's own merchant: pay_owner names another one";
  if ((await merchants.get(paidTo)) === null) return "there is no such merchant";
  if (cellOf(paidTo) !== cellOf(merchantId)) return "its books are in another cell";
  const book = bookIdOf("merchant", paidTo);
  for (const code of ["merchant_pending", "interbook"] as const) {
    const account = await accountView(cell.db, accountIdOf(book, code, currency, null));
    if (account === null) return `the merchant has no accounts in ${currency}`;
  }
  return null;
}
