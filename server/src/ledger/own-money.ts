/**
 * Whose money lies where: what clients are owed against what is there for them, and how much of what is there
 * is the platform's own. Pure.
 */
import type { Currency } from "../kernel/money.ts";
import { ACCOUNT_CODES, type AccountCode, CHART, naturalOf } from "./chart.ts";
import type { TrialBalanceRow } from "./model.ts";

const PAYABLES: readonly AccountCode[] = ["partner_payable", "channel_cost_payable"];
/**
 * What we may be owed by others than channels and banks. Not our commission: it is our own, and as long as
 * the channel has it, it is neither among the clients' money nor does it make up for any.
 */
const OWED_TO_US: readonly AccountCode[] = ["merchant_receivable", "sponsor_receivable"];
/** Where own money is that is not among the clients'. */
const ELSEWHERE: readonly AccountCode[] = ["bank_own", "commission_receivable"];
const HELD_FOR_CLIENTS: readonly AccountCode[] = [
  "bank_reserve",
  "bank_in_transit",
  "channel_receivable",
  "suspense_shortage",
];

const OWN_CLASSES = ["equity", "income", "expense"] as const;
/** The accounts whose signed balances sum to minus the own money inside. */
export const OWN_MONEY_CODES: readonly AccountCode[] = ACCOUNT_CODES.filter(
  (code) => OWN_CLASSES.some((name) => name === CHART[code].class) || ELSEWHERE.includes(code),
);

/** One currency of a trial balance; natural sides, so that each figure is positive where it should be. */
export type MoneyPosition = {
  readonly currency: Currency;
  /** What merchants, receivers, customers and buyers are owed, the payables apart. */
  readonly clientLiabilities: bigint;
  /** At banks and channels for them, and missing. */
  readonly heldForClients: bigint;
  readonly owedToUs: bigint;
  readonly payables: bigint;
  readonly income: bigint;
  readonly expense: bigint;
  /**
   * The platform's own money among the clients' (own capital, income less expense, less what was taken to
   * its own bank account and the commission that channels still owe it). Below zero, client money has paid
   * for the platform.
   */
  readonly ownMoneyInside: bigint;
};

/** The position of each currency of a trial balance, memorandum accounts left out. */
export function moneyPositions(rows: readonly TrialBalanceRow[]): MoneyPosition[] {
  const currencies = [...new Set(rows.map(({ currency }) => currency))].toSorted();
  return currencies.map((currency) => {
    const own = rows.filter((row) => row.currency === currency && CHART[row.code].class !== "memorandum");
    const natural = ({ code, debit, credit }: TrialBalanceRow) => naturalOf(code, debit - credit);
    const sum = (wanted: (code: AccountCode) => boolean) =>
      own.filter(({ code }) => wanted(code)).reduce((total, row) => total + natural(row), 0n);
    const ofClass = (name: string) => sum((code) => CHART[code].class === name);
    const payables = sum((code) => PAYABLES.includes(code));
    const [income, expense] = [ofClass("income"), ofClass("expense")];
    return {
      currency,
      clientLiabilities: ofClass("liability") - payables,
      heldForClients: sum((code) => HELD_FOR_CLIENTS.includes(code)),
      owedToUs: sum((code) => OWED_TO_US.includes(code)),
      payables,
      income,
      expense,
      ownMoneyInside: ofClass("equity") + income - expense - sum((code) => ELSEWHERE.includes(code)),
    };
  });
}
