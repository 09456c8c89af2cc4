// UnionPay speaks fen in digits without a point, in the API and in the statement.

/** What fits into `txnAmt`: one fen to twelve digits of fen. */
export const AMOUNT_MIN_FEN = 1n;
export const AMOUNT_MAX_FEN = 999_999_999_999n;

/** ISO 4217's number of CNY; nothing else is taken. */
export const CNY = "156";

/** Fen of at most twelve digits, or null for anything else. */
export function fenOf(text: string | undefined): bigint | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? BigInt(text) : null;
}

/**
 * Fen of the statement's `X+n12`: C is credited to the merchant, so positive, D debited. Null for anything
 * else.
 * @param digits how many follow the letter
 */
export function signedFenOf(text: string, digits: number): bigint | null {
  const match = /^([CD])(\d+)$/.exec(text);
  if (match === null || match[2]?.length !== digits) return null;
  const fen = BigInt(match[2]);
  return match[1] === "C" ? fen : -fen;
}
