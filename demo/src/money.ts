/** Money of the story: minor units, and the arithmetic that the books are held against. */
import type { Payment } from "@tributary/sdk";

const MILLION = 1_000_000n;

/** A part of an amount by a rate in millionths, half up: what a payment costs. */
export function rated(amount: bigint, rateMillionths: bigint): bigint {
  return (amount * rateMillionths + MILLION / 2n) / MILLION;
}

/** What of `total` is given back when `refunded` of `whole` is, half up and cumulative. */
export function givenBack(total: bigint, refunded: bigint, whole: bigint): bigint {
  return (2n * total * refunded + whole) / (2n * whole);
}

/** Currencies whose smallest coin is the unit itself; the story's others have two decimals. */
const WITHOUT_DECIMALS: ReadonlySet<string> = new Set(["JPY"]);

/** 1234 USD → "12.34", 1234 JPY → "1,234". */
export function moneyText(minor: bigint | number, currency: string): string {
  const decimals = WITHOUT_DECIMALS.has(currency) ? 0 : 2;
  const digits = String(minor)
    .replace("-", "")
    .padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  const units = digits.slice(0, at).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${minor < 0 ? "−" : ""}${units}${decimals === 0 ? "" : `.${digits.slice(at)}`}`;
}

/** 1234 → "12.34". */
export function yuan(fen: bigint | number): string {
  return moneyText(fen, "CNY");
}

/** With its sign, for differences: "+12.34", "−0.10", "·" for none. */
export function change(minor: bigint, currency: string): string {
  if (minor === 0n) return "·";
  return minor > 0n ? `+${moneyText(minor, currency)}` : moneyText(minor, currency);
}

export function amountOf(payment: Payment): bigint {
  return BigInt(payment.amount);
}

/** 8000 → "0.80 %", which no line break parts. */
export function percent(millionths: bigint | number): string {
  return `${(Number(millionths) / 10_000).toFixed(2)}\u00a0%`;
}
