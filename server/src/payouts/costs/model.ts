/**
 * Costs that channels bill apart (gross settlement, monthly minimums), and what was paid of them.
 *
 * - Month: what an account's costs of a month's accounting dates come to, less what came back in it, and what
 *   its minimum is above that.
 * - Payment: a debit of our own account at a bank that pays months of channel accounts (its *items*). A
 *   person
 *   at the bank sends it; two people say what it was. Sent back by the bank, it is owed again.
 */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** Items of one payment: each is a line of a journal. */
export const ITEMS_MAX = 50;

/** What an operator says that a payment pays. */
export type WantedCost = {
  readonly channelAccountId: Id;
  /** `yyyy-mm`. */
  readonly month: string;
  /** Minor units. */
  readonly amount: bigint;
};

export type CostItem = {
  readonly paymentId: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  /** Its first day. */
  readonly month: string;
  /** Of costs in the merchant's book, and of the minimum in the platform's. */
  readonly merchantAmount: bigint;
  readonly minimumAmount: bigint;
};

export type CostPayment = {
  readonly id: Id;
  readonly accountNumber: string;
  readonly entryRef: string;
  readonly currency: Currency;
  readonly amount: bigint;
  readonly merchantAmount: bigint;
  readonly evidence: string;
  readonly madeAt: Date;
  readonly paidOn: string;
  readonly paidBookedAt: Date | null;
  readonly returnedAt: Date | null;
  readonly returnedOn: string | null;
  readonly returnedBookedAt: Date | null;
  readonly dueAt: Date | null;
};

/** One channel account's month, minor units. */
export type CostMonth = {
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  /** Costs less what came back; below zero where more came back. */
  readonly charged: bigint;
  /** Above that, up to the month's minimum. */
  readonly gap: bigint;
  /** Payments of either that were not sent back. */
  readonly paidOfCharged: bigint;
  readonly paidOfGap: bigint;
};

export function owedOf({ charged, gap, paidOfCharged, paidOfGap }: CostMonth): bigint {
  return charged - paidOfCharged + gap - paidOfGap;
}

/** How a payment of a month is shared: the merchant's book first. Null: more than is owed. */
export function splitOf(
  month: CostMonth,
  amount: bigint,
): Pick<CostItem, "merchantAmount" | "minimumAmount"> | null {
  if (amount <= 0n || amount > owedOf(month)) return null;
  const ofCharged = month.charged - month.paidOfCharged;
  const merchantAmount = ofCharged < 0n ? 0n : amount < ofCharged ? amount : ofCharged;
  return { merchantAmount, minimumAmount: amount - merchantAmount };
}

export type Month = { readonly first: string; readonly last: string };

/** The first and the last day of `yyyy-mm`; null for anything else. */
export function daysOf(month: string): Month | null {
  const [year, number] = month.split("-").map(Number);
  if (!/^[1-9]\d{3}-(0[1-9]|1[0-2])$/.test(month) || year === undefined || number === undefined) return null;
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return { first: `${month}-01`, last: `${month}-${days}` };
}
