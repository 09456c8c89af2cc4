import type { Currency } from "../kernel/money.ts";

/** The numbers of the currencies that the platform knows; a test compares the list with the kernel's. */
export const NUMBERS: Readonly<Record<Currency, string>> = {
  AUD: "036",
  CAD: "124",
  CHF: "756",
  CNY: "156",
  EUR: "978",
  GBP: "826",
  HKD: "344",
  IDR: "360",
  JPY: "392",
  KRW: "410",
  KWD: "414",
  MOP: "446",
  MYR: "458",
  NZD: "554",
  PHP: "608",
  SGD: "702",
  THB: "764",
  TWD: "901",
  USD: "840",
  VND: "704",
};

const CURRENCIES = new Map(Object.entries(NUMBERS).map(([currency, number]) => [number, currency]));

/** Null: a number of no currency that is known here. */
export function currencyOfNumber(number: string): Currency | null {
  return CURRENCIES.get(number) ?? null;
}

/** The three digits; throws a RangeError for a code that is unknown. */
export function numberOfCurrency(currency: Currency): string {
  const number = NUMBERS[currency];
  if (number === undefined) throw new RangeError(`unknown currency ${currency}`);
  return number;
}
