import type { Collection } from "../store/index.ts";

// Account   an account at this bank, its balance as booked
// Message   a pain.001 that the bank took, with what became of each transfer
// Entry     one line of an account's statement: a payment out, one that came back, money in
// Return    a payment that another bank will send back, and when
// Day       a day of an account that was published before it was over

export type BankAccount = {
  number: string;
  name: string;
  currency: string;
  bankCode: string;
  /** Whether a message that was taken before is refused (AM05). */
  removesDoubles: boolean;
  opening: bigint;
  balance: bigint;
  entries: number;
  createdAt: Date;
};

export type Transfer = {
  endToEndId: string;
  amount: bigint;
  name: string;
  number: string;
  /** `silent`: carried out, and the bank's answers do not say so. */
  state: "booked" | "silent" | "rejected";
  code: string | null;
  detail: string | null;
};

export type BankMessage = {
  id: string;
  account: string;
  messageId: string;
  transfers: Transfer[];
  /** How often it was taken; above one only where doubles are not removed. */
  times: number;
  receivedAt: Date;
};

export type BankEntry = {
  ref: string;
  account: string;
  seq: number;
  /** In Beijing. */
  date: string;
  /** Minor units; money in is positive. */
  amount: bigint;
  currency: string;
  balanceAfter: bigint;
  endToEndId: string | null;
  originalEndToEndId: string | null;
  messageId: string | null;
  name: string | null;
  number: string | null;
  returnCode: string | null;
  info: string | null;
  bookedAt: Date;
};

export type BankReturn = { entryRef: string; account: string; code: string; dueAt: Date };

export type BankDay = { id: string; account: string; date: string; publishedAt: Date };

export const bankAccounts: Collection<BankAccount> = {
  name: "bank_accounts",
  id: (account) => account.number,
  keys: {},
  group: null,
  dueAt: null,
};

export const bankMessages: Collection<BankMessage> = {
  name: "bank_messages",
  id: (message) => message.id,
  keys: {},
  group: (message) => message.account,
  dueAt: null,
};

export const bankEntries: Collection<BankEntry> = {
  name: "bank_entries",
  id: (entry) => entry.ref,
  keys: {},
  group: (entry) => entry.account,
  dueAt: null,
};

export const bankReturns: Collection<BankReturn> = {
  name: "bank_returns",
  id: (one) => one.entryRef,
  keys: {},
  group: null,
  dueAt: (one) => one.dueAt,
};

export const bankDays: Collection<BankDay> = {
  name: "bank_days",
  id: (day) => day.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const bankCollections = [bankAccounts, bankMessages, bankEntries, bankReturns, bankDays];

export function messageKey(account: string, messageId: string): string {
  return `${account}/${messageId}`;
}
