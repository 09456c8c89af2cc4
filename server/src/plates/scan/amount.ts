import { type Currency, exponentOf, formatDecimal, parseDecimal } from "../../kernel/money.ts";

/** What an amount that a buyer enters must lie between, in minor units. */
export type AmountBounds = { readonly min: bigint; readonly max: bigint };

export type ReadAmount =
  | { readonly amount: bigint }
  | { readonly fault: "empty" | "not_a_number" | "too_many_decimals" | "too_small" | "too_large" };

const DIGITS_MAX = 12;

/**
 * Reads what a buyer typed: full-width digits, as Chinese keyboards write them, and a comma for the point are
 * taken; a sign, a space inside and thousands are not.
 */
export function readAmount(text: string, currency: Currency, bounds: AmountBounds): ReadAmount {
  const plain = text
    .normalize("NFKC")
    .replaceAll("。", ".")
    .trim()
    .replace(/^[¥￥$€£]\s*/, "")
    .replace(",", ".");
  if (plain === "") return { fault: "empty" };
  const match = /^(\d*)(?:\.(\d*))?$/.exec(plain);
  const [, whole = "", fraction = ""] = match ?? [];
  if (match === null || whole + fraction === "" || whole.length > DIGITS_MAX)
    return { fault: "not_a_number" };
  if (fraction.length > exponentOf(currency)) return { fault: "too_many_decimals" };
  const amount = parseDecimal(fraction === "" ? whole : `${whole || "0"}.${fraction}`, currency);
  if (amount === null) return { fault: "not_a_number" };
  if (amount < bounds.min || amount === 0n) return { fault: "too_small" };
  return amount > bounds.max ? { fault: "too_large" } : { amount };
}

const SYMBOLS: Readonly<Record<string, string>> = { CNY: "¥", USD: "US$", HKD: "HK$", EUR: "€", GBP: "£" };

/** The currency as a sign before the digits; its code where it has none of its own. */
export function currencySign(currency: Currency): string {
  return SYMBOLS[currency] ?? `${currency} `;
}

/** As a buyer reads it: ¥1,234.50. */
export function shownAmount(amount: bigint, currency: Currency): string {
  const [whole = "", fraction] = formatDecimal({ amount, currency }).split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return `${currencySign(currency)}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}
