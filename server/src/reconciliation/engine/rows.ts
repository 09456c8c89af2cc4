/** What the engine is given and gives back: rows as its files hold them. */
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

export type RowKind = "payment" | "refund" | "dispute";

/** What the rules have to know of a scope, and what of the books is new to it. */
export type ScopeRow = {
  /** Its number in this job. */
  readonly scope: number;
  readonly channelAccountId: Id;
  readonly channelDate: string;
  /** Ours are the journals of these accounting dates. */
  readonly readFrom: string;
  readonly closedThrough: string;
  /**
   * The channel date before, and how far the books went then: what both tell of is no news. Null: the first.
   */
  readonly dateBefore: string | null;
  readonly closedBefore: string | null;
  /** False where the channel's fee is none of these books'. */
  readonly comparesFee: boolean;
  /** The channel's statement leaves out refunds that came to nothing. */
  readonly dropsFailedRefunds: boolean;
  /** It has a line for a refund that came back. */
  readonly billsReturns: boolean;
};

/** A line of a statement; amounts in minor units, signs as the merchant sees them. */
export type TheirRow = {
  readonly kind: RowKind;
  readonly tradeNo: string;
  readonly orderNo: string;
  readonly refundNo: string;
  readonly amount: bigint;
  readonly settle: bigint;
  /** As the statement tells it: positive is charged. */
  readonly toldFee: bigint;
  readonly currency: Currency;
  readonly createdAt: string;
  readonly finishedAt: string;
  readonly subject: string;
  /** Of a merchant number that is not this contract's. */
  readonly stranger: boolean;
  readonly channelDate: string;
  /** Of what was carried in: under which it was told first; else empty. */
  readonly matchKey: string;
};

/** What one journal did to what the channel owes. */
export type OurRow = {
  readonly accountingDate: string;
  readonly channelDate: string;
  readonly journalId: Id;
  /** The journal's kind. */
  readonly origin: string;
  readonly kind: RowKind;
  readonly orderNo: string;
  readonly tradeNo: string;
  /** Ours; empty where the channel gave back by itself. */
  readonly refundNo: string;
  readonly amount: bigint;
  readonly settle: bigint;
  readonly fee: bigint;
  readonly currency: Currency;
  /** Ids are empty where there is none. */
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly refundId: Id;
  /** A voucher was a part of the payment. */
  readonly voucher: boolean;
  /** Of an order that leaves no trace in the statement when it is reversed. */
  readonly quiet: boolean;
  readonly matchKey: string;
};

/** A difference as the rules found it. */
export type FoundRow = {
  readonly scope: number;
  readonly kind: string;
  readonly side: "theirs" | "ours" | "both";
  readonly matchKey: string;
  /** Which of several alike, from 1. */
  readonly n: number;
  readonly settleDifference: bigint;
  readonly feeDifference: bigint;
  readonly theirs: TheirRow | null;
  readonly ours: OurRow | null;
};

export type TotalRow = {
  readonly scope: number;
  readonly currency: Currency;
  readonly kind: RowKind;
  readonly theirsCount: number;
  readonly theirsAmount: bigint;
  readonly theirsSettle: bigint;
  readonly theirsFee: bigint;
  readonly oursCount: number;
  readonly oursAmount: bigint;
  readonly oursSettle: bigint;
  readonly oursFee: bigint;
};

/** What the rules call normal though it differs: roundings, and returned refunds that nobody bills. */
export type AdjustedRow = {
  readonly scope: number;
  readonly currency: Currency;
  readonly settle: bigint;
  readonly fee: bigint;
};

/** Rows of both sides, with what was carried in. */
export type CountRow = { readonly scope: number; readonly theirs: number; readonly ours: number };

export type Compared = {
  readonly found: readonly FoundRow[];
  readonly totals: readonly TotalRow[];
  readonly adjusted: readonly AdjustedRow[];
  readonly counts: readonly CountRow[];
};
