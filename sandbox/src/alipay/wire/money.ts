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
