import { AMOUNT_MAX } from "../kernel/money.ts";

/**
 * What a day came to, as it is stored and shown: plain JSON whose every number is an integer; amounts are in
 * minor units of the currency beside them.
 */
export type Report = {
  readonly accounting_date: string;
  readonly cut_over_at: string;
  /** Channel accounts and dates whose statement was not there when the day was closed. */
  readonly missing_statements: readonly string[];
  readonly channels: readonly ChannelReport[];
  readonly chain: readonly ChainReport[];
  readonly breaks: readonly BreakReport[];
  readonly settled: readonly SettledReport[];
  /** Payouts that the close proposed; two people send them. */
  readonly payouts_proposed: bigint;
  readonly margin: readonly MarginReport[];
  readonly positions: readonly PositionReport[];
  readonly trial_balance: readonly BalanceReport[];
  readonly invariants: readonly InvariantReport[];
  /** Sentences on what a person should look at. */
  readonly notes: readonly string[];
};

export type Figures = {
  readonly count: bigint;
  readonly amount: bigint;
  readonly settle: bigint;
  readonly fee: bigint;
};

/** One channel, date and currency: what its statements say, and what the books say. */
export type ChannelReport = {
  readonly channel: string;
  readonly channel_date: string;
  readonly currency: string;
  readonly statements: bigint;
  readonly theirs: Figures;
  readonly ours: Figures;
  readonly matched: bigint;
  readonly differences: bigint;
};

/**
 * One currency: the channels' bills, what they have and the books have not, and where what the books took
 * went.
 */
export type ChainReport = {
  readonly currency: string;
  readonly channel_bill: bigint;
  readonly differences: bigint;
  readonly ledger_movement: bigint;
  readonly merchants: bigint;
  readonly fees: bigint;
  readonly partners: bigint;
  readonly channel_cost: bigint;
  readonly suspense: bigint;
  readonly refunds_under_way: bigint;
  readonly other: bigint;
  readonly ties: boolean;
};

export type BreakReport = {
  readonly kind: string;
  readonly state: string;
  readonly currency: string;
  readonly count: bigint;
  readonly settle_difference: bigint;
  readonly fee_difference: bigint;
  /** Found so many days before the close, or more; in steps. */
  readonly age_days_from: bigint;
};

export type SettledReport = {
  readonly currency: string;
  readonly settlements: bigint;
  readonly items: bigint;
  readonly amount: bigint;
  /** Kept back for what merchants owed. */
  readonly recovered: bigint;
  readonly reserved: bigint;
  readonly waiting_for_a_person: bigint;
};

/** What the platform earned on the day. */
export type MarginReport = {
  readonly currency: string;
  readonly income: bigint;
  readonly expense: bigint;
  readonly margin: bigint;
};

export type PositionReport = {
  readonly currency: string;
  readonly client_liabilities: bigint;
  readonly held_for_clients: bigint;
  readonly owed_to_us: bigint;
  readonly payables: bigint;
  readonly own_money_inside: bigint;
};

export type BalanceReport = {
  readonly code: string;
  readonly currency: string;
  readonly accounts: bigint;
  readonly debit: bigint;
  readonly credit: bigint;
};

export type InvariantReport = {
  readonly name: string;
  readonly sentence: string;
  readonly violations: bigint;
  /** When the nightly audit looked, which reads all that ever was; null: the close itself did. */
  readonly audited_at: string | null;
};

/** A report, or a part of it, as JSON. Throws a RangeError for a number that not every reader keeps exact. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== "bigint") return each;
    if (each > AMOUNT_MAX || each < -AMOUNT_MAX) throw new RangeError(`${each} is beyond what JSON keeps`);
    return Number(each);
  });
}

/** What `jsonOf` made: every number a bigint again. */
export function readJson(text: string): unknown {
  return JSON.parse(text, (_, each: unknown) => (typeof each === "number" ? BigInt(each) : each));
}
