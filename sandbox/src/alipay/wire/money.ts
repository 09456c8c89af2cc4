// Alipay's amounts are yuan in decimal text with at most two places, from 0.01 to 100 000 000; ours are fen.

const fenMin = 1n;
const fenMax = 10_000_000_000n;
const yuanPattern = /^(0|[1-9]\d{0,8})(?:\.(\d{1,2}))?$/;

/** Fen for a yuan amount as a merchant sends it (text, or a JSON number), undefined when it is not one. */
export function parseYuan(value: unknown): bigint | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const match = yuanPattern.exec(String(value));
  if (!match) return undefined;
  const fen = BigInt(match[1]!) * 100n + BigInt((match[2] ?? "").padEnd(2, "0"));
  return fen >= fenMin && fen <= fenMax ? fen : undefined;
}

/** "12.34" for 1234 fen, "-0.07" for -7. */
export function formatYuan(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, "0");
  return `${fen < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** value · numerator / denominator, half up; all non-negative. */
export function proportion(value: bigint, numerator: bigint, denominator: bigint): bigint {
  return (2n * value * numerator + denominator) / (2n * denominator);
}
