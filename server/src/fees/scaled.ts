/**
 * Amounts that a channel writes with more places than the currency has, such as fees of five decimals: an
 * integer and its scale, which are money only once they are rounded. Pure.
 */
import { type Currency, divideHalfUp, exponentOf } from "../kernel/money.ts";

/** `digits` / 10^`places` of the major unit. */
export type Scaled = { readonly digits: bigint; readonly places: number };

const PLACES_MAX = 12;

/** Reads decimal text of the major unit exactly; null for anything else, or more than 12 places. */
export function parseScaled(text: string): Scaled | null {
  const match = /^([+-]?)(\d{1,18})(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.length > PLACES_MAX) return null;
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, places: fraction.length };
}

/** The amount in minor units, half away from zero: what a channel's fee of five decimals is booked as. */
export function roundScaled({ digits, places }: Scaled, currency: Currency): bigint {
  const exponent = exponentOf(currency);
  return places <= exponent
    ? digits * 10n ** BigInt(exponent - places)
    : divideHalfUp(digits, 10n ** BigInt(places - exponent));
}

/** Whether a channel's figure is ours: compared after rounding, because ours has been rounded too. */
export function isSameAmount(theirs: Scaled, ours: bigint, currency: Currency): boolean {
  return roundScaled(theirs, currency) === ours;
}
