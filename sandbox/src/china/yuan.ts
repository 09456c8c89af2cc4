// Amounts in yuan, as bills and some wires write them; ours are fen.

/** "12.34" for 1234 fen, "-0.07" for -7. */
export function formatYuan(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(3, "0");
  return `${fen < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** value · numerator / denominator, half up; all non-negative. */
export function proportion(value: bigint, numerator: bigint, denominator: bigint): bigint {
  return (2n * value * numerator + denominator) / (2n * denominator);
}
