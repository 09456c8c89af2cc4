import { formatDecimal, parseDecimal } from "../../kernel/money.ts";

// The API speaks fen in JSON integers, the statement yuan in decimal text.

/** What WeChat Pay takes: from one fen to what its own SDKs carry, a signed integer of 32 bits. */
export const AMOUNT_MIN_FEN = 1n;
export const AMOUNT_MAX_FEN = 2_147_483_647n;

/** Fen of a JSON integer, or null for anything else. */
export function fenOf(value: unknown): bigint | null {
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
}

/** Fen of a yuan text with at most two places, or null for anything else. */
export function fenOfYuan(yuan: string): bigint | null {
  return parseDecimal(yuan, "CNY");
}

/** "12.34" for 1234n. */
export function yuanText(fen: bigint): string {
  return formatDecimal({ amount: fen, currency: "CNY" });
}
