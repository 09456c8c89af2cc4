import type { Id } from "../../kernel/ids.ts";
import type { AccountCode } from "../../ledger/index.ts";
import { merchantAccount } from "../drafts.ts";

/** The accounts that are a merchant's money; what it owes lowers it. */
export const OWN_CODES = [
  "merchant_pending",
  "merchant_available",
  "merchant_reserve",
  "merchant_receivable",
] as const satisfies readonly AccountCode[];

export type OwnCode = (typeof OWN_CODES)[number];

/** The accounts of a merchant in one currency that are its money. */
export function ownAccounts(of: { readonly merchantId: Id; readonly currency: string }): Record<OwnCode, Id> {
  return Object.fromEntries(OWN_CODES.map((code) => [code, merchantAccount(of, code)])) as Record<
    OwnCode,
    Id
  >;
}
