import type { Account } from "../model.ts";
import type { Params } from "../wire/params.ts";
import { invalid } from "../wire/refusals.ts";

const amountMin = 50n;
/** Eight digits, whatever the currency. */
const amountMax = 99_999_999n;

/** A currency of the account's, in lower case. */
export function currencyOf(params: Params, account: Account): string {
  const currency = params.required("currency", 3).toLowerCase();
  if (account.currencies.includes(currency)) return currency;
  const known = account.currencies.join(", ");
  throw invalid(params.named("currency"), `Invalid currency: ${currency}. This account has: ${known}`);
}

/** An amount that a card can be charged with; minor units of its currency, which for JPY are whole yen. */
export function payableAmount(amount: bigint, param: string): bigint {
  if (amount < amountMin) {
    throw invalid(param, `Amount must be at least ${amountMin} minor units.`, "amount_too_small");
  }
  if (amount > amountMax) {
    throw invalid(param, "Amount must be no more than 99999999 minor units.", "amount_too_large");
  }
  return amount;
}
