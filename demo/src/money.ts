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

/** 1234 → "12.34". */
export function yuan(fen: bigint | number): string {
  const minus = fen < 0 ? "−" : "";
  const digits = String(fen).replace("-", "").padStart(3, "0");
  return `${minus}${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",")}.${digits.slice(-2)}`;
}

/** With its sign, for differences: "+12.34", "−0.10", "·" for none. */
export function change(fen: bigint): string {
  if (fen === 0n) return "·";
  return fen > 0n ? `+${yuan(fen)}` : yuan(fen);
}

export function amountOf(payment: Payment): bigint {
  return BigInt(payment.amount);
}

/** 8000 → "0.80 %", which no line break parts. */
export function percent(millionths: bigint | number): string {
  return `${(Number(millionths) / 10_000).toFixed(2)}\u00a0%`;
}
