/**
 * Our commission on money that does not pass us, as channels' statements tell it.
 *
 * - Row: one line of a channel account's commission statement of a date: a number of a payment, and what the
 *   channel owes us for it; below zero it is taken back.
 * - Matched: booked, as income that the channel owes us. By itself where the number is a payment's, else when
 *   two people have said so.
 * - Unmatched: a difference, which people look at. Nothing of it is booked.
 * - Withdrawn: the statement's current version does not have it; what was booked is taken back.
 */
import { sha256 } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { ToldCommissions } from "../../statements/index.ts";

export const ROW_STATES = ["matched", "unmatched", "withdrawn"] as const;
export type RowState = (typeof ROW_STATES)[number];

/** Why a row was not booked by itself. */
export const REASONS = ["unknown_number", "another_currency", "repeated", "beyond_payment"] as const;
export type Reason = (typeof REASONS)[number];

export type ToldRow = ToldCommissions["rows"][number];

/** A row of a statement, and which of the identical ones of its date it is. */
export type CountedRow = {
  readonly told: ToldRow;
  /** Of all that the row says, its place in the file apart. */
  readonly hash: Buffer;
  /** From 1. */
  readonly occurrence: number;
};

export type CommissionRow = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly statementDate: string;
  /** The version that had it first. */
  readonly statementId: Id;
  readonly line: number;
  readonly rowHash: Buffer;
  readonly occurrence: number;
  readonly number: string;
  readonly kind: string;
  readonly at: Date;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: Currency;
  readonly state: RowState;
  readonly reason: Reason | null;
  readonly paymentId: Id | null;
  readonly attemptId: Id | null;
  readonly journalId: Id | null;
  /** The approval. */
  readonly acceptedBy: Id | null;
  readonly withdrawnBy: Id | null;
  readonly reversalId: Id | null;
  readonly toldAt: Date;
};

/** An attempt that took money through the account. */
export type PaidAttempt = {
  readonly attemptId: Id;
  readonly paymentId: Id;
  readonly paidAmount: bigint;
  readonly currency: Currency;
};

/** The rows in the file's order, each counted among those that say the same; one of zero tells nothing. */
export function countRows(rows: readonly ToldRow[]): CountedRow[] {
  const counts = new Map<string, number>();
  return rows
    .filter(({ amount }) => amount !== 0n)
    .map((told) => {
      const { number, kind, at, amount, settleAmount, fee, currency, store, text } = told;
      const figures = [amount, settleAmount, fee].map(String);
      const hash = sha256(
        JSON.stringify([number, kind, at.toISOString(), ...figures, currency, store, text]),
      );
      const key = hash.toString("hex");
      const occurrence = (counts.get(key) ?? 0) + 1;
      counts.set(key, occurrence);
      return { told, hash, occurrence };
    });
}

/** As a key of maps. */
export function keyOf({ hash, occurrence }: Pick<CountedRow, "hash" | "occurrence">): string {
  return `${hash.toString("hex")}/${occurrence}`;
}

export type Verdict = { readonly reason: Reason | null; readonly attempt: PaidAttempt | null };

/**
 * What becomes of a row. Pure. @param attempt the one that its number names; null: it names none
 * @param isElsewhere another date's statement of the account has the very same row
 * @param earned what is booked of the payment so far
 */
export function decideRow(
  { told, occurrence }: CountedRow,
  attempt: PaidAttempt | null,
  isElsewhere: boolean,
  earned: bigint,
): Verdict {
  if (occurrence > 1 || isElsewhere) return { reason: "repeated", attempt };
  if (attempt === null) return { reason: "unknown_number", attempt };
  if (attempt.currency !== told.currency) return { reason: "another_currency", attempt };
  const after = earned + told.amount;
  // What is taken back may be told before what it is taken back of: days come in any order.
  const isBeyond = (after < 0n ? -after : after) > attempt.paidAmount;
  return { reason: isBeyond ? "beyond_payment" : null, attempt };
}
