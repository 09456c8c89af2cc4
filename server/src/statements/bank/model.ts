/** What a bank tells of one account and one day, whatever the form of its file. */
import { StatementFault } from "../../channels/index.ts";
import { type Currency, exponentOf } from "../../kernel/money.ts";
import { type StatementTotal, sumUp } from "../model.ts";

/** One movement on the account. */
export type BankEntry = {
  /** Line number in the file, from 1, for people. */
  readonly line: number;
  /** The bank's own number of the movement; null: it gives none. */
  readonly bankReference: string | null;
  /** Of several transfers under one number their place among them, from 1; null: the number is its own. */
  readonly part: number | null;
  /** What we gave it as when we instructed it, and what it travelled in. */
  readonly endToEndId: string | null;
  readonly messageId: string | null;
  readonly paymentInformationId: string | null;
  readonly transactionId: string | null;
  /** Minor units: positive came in, negative went out. */
  readonly amount: bigint;
  readonly currency: Currency;
  /** It takes an earlier movement back, such as a transfer that was returned (退汇). */
  readonly isReversal: boolean;
  readonly bookedOn: string | null;
  readonly valueOn: string | null;
  /** The other side. */
  readonly counterpartyName: string | null;
  readonly counterpartyAccount: string | null;
  /** The bank's kind of movement, such as `PMNT/RCDT/ESCT`. */
  readonly code: string | null;
  /** Why it was returned, by the bank's code, such as `AC01`. */
  readonly returnReason: string | null;
  readonly text: string;
  /** What was left after it; null: not told. */
  readonly balanceAfter: bigint | null;
};

/** One account, one day. */
export type BankStatement = {
  /** The number of the account at the bank. */
  readonly account: string;
  readonly statementDate: string;
  readonly currency: Currency;
  /** The bank's own number of the statement; null: it gives none. */
  readonly statementId: string | null;
  /** Balances before and after the day; null: not told. */
  readonly opening: bigint | null;
  readonly closing: bigint | null;
  /** Booked movements, in the file's order. */
  readonly entries: readonly BankEntry[];
  /** What a person should look at; absent: nothing. */
  readonly notes?: readonly string[];
};

/** What came in and what went out. */
export function totalsOfBank({ entries }: BankStatement): StatementTotal[] {
  return sumUp(
    entries.map(({ amount, currency }) => [currency, amount < 0n ? "out" : "in", amount, amount, 0n]),
  );
}

/**
 * Minor units of a bank's decimal, which may have more places than the currency as long as they are noughts;
 * null for no such number.
 */
export function bankAmountOf(text: string, currency: Currency): bigint | null {
  const match = /^([+-]?)(\d{1,15})(?:\.(\d{1,12}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const exponent = exponentOf(currency);
  if (/[1-9]/.test(fraction.slice(exponent))) return null;
  const amount = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, "0"));
  return sign === "-" ? -amount : amount;
}

/** @throws StatementFault where the balances and the movements do not tie */
export function checkBalances(
  { opening, closing, entries }: Pick<BankStatement, "opening" | "closing" | "entries">,
  line: number,
): void {
  if (opening === null || closing === null) return;
  const moved = entries.reduce((sum, { amount }) => sum + amount, 0n);
  if (opening + moved === closing) return;
  throw new StatementFault(
    line,
    `the balance was ${opening} and is ${closing}, but the entries make ${opening + moved}`,
  );
}
