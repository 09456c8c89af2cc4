/** The part of the port that tells what a channel pays out of what it owes us. */
import type { Currency } from "../kernel/money.ts";
import type { StatementOf } from "./port-statements.ts";
import type { StatementFault } from "./statement-fault.ts";

/** One withdrawal to a bank account of ours, as a channel's statement tells it. */
export type ToldPayout = {
  /** Line number in the file, from 1, for people. */
  readonly line: number;
  /** The channel's number of it: letters, digits, `_` and `-`, 64 at most. */
  readonly payoutNo: string;
  /** Positive, minor units. */
  readonly amount: bigint;
  readonly currency: Currency;
  /**
   * What it left with the channel of the money that came before its date, in millionths of the major unit;
   * nought or less: nothing. `unavailable`: what was not available yet. Null: the channel does not tell.
   */
  readonly left: bigint | "unavailable" | null;
  /** It emptied the account, and nothing came on its date after it. */
  readonly isAll: boolean;
};

/** What a channel's statement of one day tells of payouts. */
export type ToldMoney = {
  /** Whose account at the channel; empty where the channel does not say. */
  readonly account: string;
  readonly payouts: readonly ToldPayout[];
  /** Numbers of payouts that came back to the channel, with the line. */
  readonly cameBack: readonly { readonly line: number; readonly payoutNo: string }[];
  /** What else moved that day, by currency. */
  readonly moved: readonly MovedMoney[];
  /** What of it stands in no trade statement and is no receiver's share, by currency and kind. */
  readonly others: readonly ToldMovement[];
};

export type MovedMoney = {
  readonly currency: Currency;
  readonly millionths: bigint;
  /**
   * What of it went to receivers of shares, or came back from them; null: the statement does not tell it
   * apart.
   */
  readonly sharedMillionths: bigint | null;
  /** The last date on which some of it becomes available; null: the channel does not tell. */
  readonly availableOn: string | null;
};

/** A day's movements of one kind. */
export type ToldMovement = {
  readonly currency: Currency;
  /** In the channel's own words: 提现手续费, 转账, … */
  readonly kind: string;
  readonly lines: number;
  /** What came less what went, in millionths of the major unit. */
  readonly millionths: bigint;
  /** The channel's numbers of the first of them, for people. */
  readonly numbers: readonly string[];
};

export type PayoutReading = {
  /** The kind of statement that tells. */
  readonly toldIn: "trade" | "fund";
  /** Who pays, as banks' statements name him. */
  readonly payer: string;
  /** Reads an original that was accepted as a statement: pure. The fault names what cannot be a payout. */
  read(of: StatementOf, original: Buffer): Promise<ToldMoney | StatementFault>;
};

/** What a payout's number may be, so that a bank's statement can name it as a word. */
export const PAYOUT_NUMBER = /^[0-9A-Za-z_-]{1,64}$/;
