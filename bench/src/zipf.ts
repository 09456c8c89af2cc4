/** Merchants as they are in life: the first has as many payments as the next few together. */

/** The shares of merchants 1…count by Zipf's law, each with those before it. */
export function cumulativeZipf(count: number, exponent: number): Float64Array {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1) ** exponent);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return Float64Array.from(weights, (weight) => {
    sum += weight / total;
    return sum;
  });
}

/** The index whose part of the shares `chance` (0 to 1) falls into. */
export function drawFrom(cumulative: Float64Array, chance: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] as number) < chance) low = middle + 1;
    else high = middle;
  }
  return low;
}
