/** The part of the port that tells what a channel bills. */
import type { Currency } from "../kernel/money.ts";

/** Whose statement of which day a file must be. */
export type StatementOf = {
  /** Whom the account's credentials make us at the channel; empty where they do not say. */
  readonly holder: Readonly<Record<string, string>>;
  /** The channel's business date, `yyyy-mm-dd`. */
  readonly channelDate: string;
};

/** One line of a channel's statement (bill) that moves money, signs as the merchant sees them. */
export type StatementLine = {
  /** Line number in the file, from 1, for people. */
  readonly line: number;
  readonly kind: "payment" | "refund" | "dispute";
  readonly channelTradeNo: string;
  /** Ours; empty where the channel tells only its own. */
  readonly channelOrderNo: string;
  /** For a refund: the number that we gave it. */
  readonly channelRefundNo: string | null;
  /**
   * Positive for a payment, negative for a refund or a claim; the other way round for a refund that came back
   * and a claim that was won. Minor units.
   */
  readonly amount: bigint;
  /** What settles: `amount` less vouchers that the merchant funded; same sign. */
  readonly settleAmount: bigint;
  /** The channel's fee: positive is a charge to us, negative a fee given back. */
  readonly fee: bigint;
  readonly currency: Currency;
  readonly createdAt: Date;
  readonly finishedAt: Date;
  readonly subject: string;
  /** Of a merchant number that is not this contract's, in a file that is. */
  readonly isStrangers?: boolean;
};

export type Statement = {
  readonly account: string;
  /** The channel's business date, `yyyy-mm-dd`. */
  readonly channelDate: string;
  readonly lines: readonly StatementLine[];
  /** What else stands in the file, for a person to look at; absent: nothing. */
  readonly notes?: readonly string[];
  /** The file as it came, to be kept with its hash. */
  readonly original: Buffer;
};

/**
 * A statement that memory may not hold, read piece by piece: its original is held as it came, packed.
 * `unpackedBytesMax` refuses one that unpacks to more.
 */
export type LargeReading = {
  /**
   * The lines, in the file's order, as `readStatement` reads them. Throws its StatementFault at the end:
   * until then nothing of what was given is to be used.
   */
  scan(of: StatementOf, original: Buffer, unpackedBytesMax: number): AsyncIterable<StatementLine>;
  /** The file itself, taken out of what it came in. Throws a StatementFault. */
  unpacked(original: Buffer, unpackedBytesMax: number): Promise<UnpackedStatement>;
};

export type UnpackedStatement = { readonly bytes: number; chunks(): AsyncIterable<Buffer> };

/** When a channel publishes the statement of a day, and what it means that there is none. */
export type StatementTraits = {
  /** When it is there as a rule, in minutes after the end of the business day. */
  readonly publishedAfterMinutes: number;
  /** Gaps between asking for one that is not there yet, in milliseconds; the last repeats. */
  readonly gapsMs: readonly number[];
  /**
   * How often the channel must have said, from the time of publication on, that there is none, until a day is
   * taken as one without trades, if the books know of none either. More for a channel that says the same of
   * one that is late.
   */
  readonly emptyAfterAsking: number;
  /** Whether a refund that came back from the payer's bank has a line of its own. */
  readonly showsReturns: boolean;
  /** Whether a refund that was accepted and then came to nothing has no line at all. */
  readonly omitsFailedRefunds: boolean;
  /** Methods whose payment leaves no line where it was reversed on its own day. */
  readonly omitsReversedOf: readonly string[];
  /**
   * The version of what reads it, from 1, which it is unless told. Raised, together with the version of the
   * rules that compare, when the same bytes come to other lines.
   */
  readonly readerVersion?: number;
};
