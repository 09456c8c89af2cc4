import { formatDecimal, parseDecimal } from "../../kernel/money.ts";

// On the wire an amount is yuan in decimal text with two places; ours are fen.

/** What Alipay takes: from 0.01 to 100,000,000 yuan. */
export const AMOUNT_MIN_FEN = 1n;
export const AMOUNT_MAX_FEN = 10_000_000_000n;

/** "12.34" for 1234n, "-0.07" for -7n. */
export function yuanText(fen: bigint): string {
  return formatDecimal({ amount: fen, currency: "CNY" });
}

/** Fen of a yuan text with at most two places, or null for anything else. */
export function fenOf(yuan: unknown): bigint | null {
  return typeof yuan === "string" ? parseDecimal(yuan, "CNY") : null;
}
