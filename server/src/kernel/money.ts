/**
 * Money is an integer amount in the currency's minor unit (分 for CNY) beside its ISO 4217 code. Amounts on
 * the wire are integers up to 2^53−1, so that every JSON reader keeps them exact.
 */
export type Money = { readonly amount: bigint; readonly currency: Currency };

/** An ISO 4217 code. The list holds those whose exponent is known here. */
export type Currency = string;

/** Digits after the decimal point of the major unit, per ISO 4217. */
const EXPONENTS: Readonly<Record<string, number>> = {
  AUD: 2,
  CAD: 2,
  CHF: 2,
  CNY: 2,
  EUR: 2,
  GBP: 2,
  HKD: 2,
  IDR: 2,
  JPY: 0,
  KRW: 0,
  KWD: 3,
  MOP: 2,
  MYR: 2,
  NZD: 2,
  PHP: 2,
  SGD: 2,
  THB: 2,
  TWD: 2,
  USD: 2,
  VND: 0,
};

/** The largest amount on the wire: 2^53−1. */
export const AMOUNT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A rate of one, in millionths. */
export const RATE_ONE = 1_000_000n;

/** Every currency the platform can name, in alphabetical order. */
export const CURRENCIES: readonly Currency[] = Object.keys(EXPONENTS).sort();

export function isCurrency(text: string): text is Currency {
  return Object.hasOwn(EXPONENTS, text);
}

/** The number of decimal places of a currency's major unit; throws a RangeError for an unknown code. */
export function exponentOf(currency: Currency): number {
  const exponent = isCurrency(currency) ? EXPONENTS[currency] : undefined;
  if (exponent === undefined) throw new RangeError(`unknown currency ${currency}`);
  return exponent;
}

/** Millionths of the major unit that a minor unit is: 10,000 for CNY. */
export function millionthsPerMinorUnit(currency: Currency): bigint {
  return 10n ** BigInt(6 - exponentOf(currency));
}

/** `amount × rate`, rounded half away from zero to the minor unit. @param rateMillionths 0.6 % is 6000. */
export function applyRate(amount: bigint, rateMillionths: bigint): bigint {
  return divideHalfUp(amount * rateMillionths, RATE_ONE);
}

/** `numerator / denominator`, rounded half away from zero; the denominator is positive. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError("a divisor of money is positive");
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (magnitude * 2n + denominator) / (denominator * 2n);
  return numerator < 0n ? -rounded : rounded;
}

/** The decimal text of an amount in the major unit: 1234n CNY is "12.34". */
export function formatDecimal({ amount, currency }: Money): string {
  const exponent = exponentOf(currency);
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, "0");
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** For people: 1234n CNY is "12.34 CNY". */
export function moneyText(money: Money): string {
  return `${formatDecimal(money)} ${money.currency}`;
}

/**
 * The amount written as decimal text of the major unit, or null when the text is no decimal or has more
 * places than the currency (trailing zeros included in the allowed places only).
 */
export function parseDecimal(text: string, currency: Currency): bigint | null {
  const exponent = exponentOf(currency);
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.length > exponent) return null;
  const amount = BigInt(whole + fraction.padEnd(exponent, "0"));
  return sign === "-" ? -amount : amount;
}
