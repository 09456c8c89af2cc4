// Digits after the decimal point by ISO 4217, where they are not two. The browser's own table is not used: it
// follows everyday usage (no filler, no old coins), which for some currencies differs from the minor unit.
const DIGITS: { readonly [currency: string]: number } = {
  BHD: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};

/**
 * An amount of minor units as people of `locale` write it. Its digits are moved, never divided, so that every
 * amount is exact to the last one: a number up to 2^53−1, or beyond that a bigint.
 */
export function formatMoney(amount: number | bigint, currency: string, locale: string): string {
  const digits = DIGITS[currency] ?? 2;
  const negative = amount < 0;
  const text = String(amount)
    .replace("-", "")
    .padStart(digits + 1, "0");
  const whole = grouped(text.slice(0, text.length - digits), locale);
  const fraction = text.slice(text.length - digits);
  // A stand-in shows where the symbol, the digits and the decimal mark belong.
  const written = currencyFormat(currency, locale, digits)
    .formatToParts(1)
    .map(({ type, value }) => (type === "integer" ? whole : type === "fraction" ? fraction : value))
    .join("");
  return negative ? `-${written}` : written;
}

function grouped(whole: string, locale: string): string {
  const format = new Intl.NumberFormat(locale);
  return typeof BigInt === "function" ? format.format(BigInt(whole)) : format.format(Number(whole));
}

function currencyFormat(currency: string, locale: string, digits: number): Intl.NumberFormat {
  const options = {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  } as const;
  try {
    return new Intl.NumberFormat(locale, { ...options, currencyDisplay: "narrowSymbol" });
  } catch {
    // Browsers before 2020 do not know the narrow symbol.
    return new Intl.NumberFormat(locale, options);
  }
}
