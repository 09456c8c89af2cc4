// Stripe speaks of money in minor units throughout, as JSON integers; a currency without decimals (JPY, KRW)
// in whole units, which are its minor units. The currencies below are those that Stripe and ISO 4217 count
// alike.

/** What Stripe takes: eight digits. Its least amount is the currency's own. */
export const AMOUNT_MIN = 1n;
export const AMOUNT_MAX = 99_999_999n;

/**
 * The least charge by currency, in minor units, as Stripe publishes it; elsewhere it depends on the account.
 */
export const LEAST_CHARGES: Readonly<Record<string, bigint | null>> = {
  USD: 50n,
  EUR: 50n,
  GBP: 30n,
  HKD: 400n,
  JPY: 50n,
  SGD: 50n,
  AUD: 50n,
  CAD: 50n,
  CHF: 50n,
  CNY: null,
  KRW: null,
  MYR: 200n,
  NZD: 50n,
  THB: 1_000n,
};

/** The currencies that this connector takes, by ISO 4217; Stripe writes them in small letters. */
export const STRIPE_CURRENCIES: readonly string[] = Object.keys(LEAST_CHARGES);

/** Minor units of a JSON integer, or null for anything else. */
export function minorUnitsOf(value: unknown): bigint | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
}

/** The currency by ISO 4217 of Stripe's `usd`, or null for one that is not taken here. */
export function currencyOf(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const code = value.toUpperCase();
  return STRIPE_CURRENCIES.includes(code) ? code : null;
}
