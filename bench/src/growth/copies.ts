/** Copies of payments: for each one new ids, a new order number, and its place in the books. */
import { channelNumber } from "../../../server/src/kernel/ids.ts";
import {
  appendLine,
  balanceSlot,
  SLOT,
  seqSlot,
  TABLE_NAMES,
  type TableName,
  type Template,
  textSlot,
  uuidSlot,
} from "./template.ts";

/** An account as copies move it on. */
export type Account = {
  readonly id: string;
  balance: bigint;
  lastSeq: bigint;
  postedAt: string;
};

/** What copies of one merchant's payment are made from. */
export type Source = {
  readonly template: Template;
  readonly accounts: ReadonlyMap<string, Account>;
  /** No earlier than the last entry of any of its accounts, as PostgreSQL writes it. */
  readonly postedAt: string;
};

export type Copier = {
  /** Appends the next copy of `source` to `into`, by table: texts that joined are lines. */
  copy(source: Source, into: Record<TableName, string[]>): void;
};

const PREFIX = "att";
const PER_MS = 5;
const TIME_DIGITS = 12;
const NUMBER_DIGITS = 9;

/** The 26 characters of an id in a TypeID or a channel's number. */
export function spell(uuid: string): string {
  return channelNumber(PREFIX, uuid).slice(PREFIX.length);
}

/**
 * @param name begins every order number
 * @param from instant of the first copy's ids, in milliseconds: they ascend as ids made by the platform do
 */
export function createCopier(name: string, from: number): Copier {
  let made = 0;
  return {
    copy: (source, into) => {
      const { template } = source;
      const values: string[] = [];
      values[SLOT.orderNo] = `${name}-${String(made).padStart(NUMBER_DIGITS, "0")}`;
      values[SLOT.postedAt] = source.postedAt;
      const time = (from + Math.floor(made / PER_MS)).toString(16).padStart(TIME_DIGITS, "0");
      for (let index = 0; index < template.ids.length; index += 1) {
        const id = idOf(time, made, index);
        values[uuidSlot(index)] = id;
        if (template.spelled[index] === true) values[textSlot(index)] = spell(id);
      }
      values[SLOT.entrySeqs] = post(source, values);
      for (const table of TABLE_NAMES) {
        for (const row of template.rows[table]) appendLine(row, values, into[table]);
      }
      made += 1;
    },
  };
}

/** A UUIDv7 of cell 0: what the platform fills with chance counts here, so that no two are the same. */
function idOf(time: string, made: number, index: number): string {
  const group = (made % PER_MS).toString(16);
  const rest = (made * 16 + index).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8${group}00-${rest}`;
}

/** Moves the accounts on by the payment's postings; the journal's list of places. */
function post({ template, accounts, postedAt }: Source, values: string[]): string {
  const ids = template.ids.length;
  const seqs = template.steps.map(({ accountId, amount }, step) => {
    const account = accounts.get(accountId);
    if (account === undefined) throw new Error(`the account ${accountId} is missing`);
    account.balance += amount;
    account.lastSeq += 1n;
    account.postedAt = postedAt;
    values[seqSlot(ids, step)] = String(account.lastSeq);
    values[balanceSlot(ids, step)] = String(account.balance);
    return account.lastSeq;
  });
  return `{${seqs.join(",")}}`;
}
