/**
 * Holding what a channel says of a day against what the books say of it, both ways.
 *
 * - **Scope**: one channel account and one channel date.
 * - **Line**: one row of the channel's statement (theirs). **Movement**: what one journal did to what the
 *   channel owes us (ours).
 * - **Generation**: one comparison of a scope: a pure function of the statement's version, the closed
 *   accounting dates, what was carried in, and the version of the rules. The same inputs give the same
 *   findings, byte for byte. A corrected statement makes another generation of the same scope.
 * - **Finding**: one difference that a generation found; it never changes. Findings that the next channel
 *   date may still explain are *pending* (存疑) and carried into its generation.
 * - **Break** (差错): what people see of a finding through all generations: `pending` → `open` (挂账) →
 *   `proposed` → `resolved` | `voided`.
 */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export const BREAK_KINDS = [
  /** A statement line of a merchant number that is not this contract's. */
  "unknown_merchant",
  "currency",
  /** The same payment, refund or claim more than once there (an identical line twice too), or here. */
  "duplicate_theirs",
  "duplicate_ours",
  /** 长款: the channel took money that the books know nothing of. 短款: the other way round. */
  "payment_theirs_only",
  "payment_ours_only",
  "refund_theirs_only",
  "refund_ours_only",
  "dispute_theirs_only",
  "dispute_ours_only",
  /** Both have it: for different amounts, in different states, or at different fees. */
  "amount",
  "status",
  "fee",
] as const;
export type BreakKind = (typeof BREAK_KINDS)[number];

export type BreakSide = "theirs" | "ours" | "both";
export type BreakState = "pending" | "open" | "proposed" | "resolved" | "voided";

export type Scope = { readonly channelAccountId: Id; readonly channelDate: string };

/** One difference of a generation; amounts in minor units, signs as the merchant sees them. */
export type Finding = {
  readonly kind: BreakKind;
  readonly side: BreakSide;
  /** The same in every generation: what was to match, and which of several alike. */
  readonly matchKey: string;
  /** The channel date that it belongs to: earlier than the scope's where it was carried in. */
  readonly channelDate: string;
  readonly currency: Currency;
  readonly theirsAmount: bigint | null;
  readonly oursAmount: bigint | null;
  /** What settles there less what settles here; and what is charged there less what is booked here. */
  readonly settleDifference: bigint;
  readonly feeDifference: bigint;
  readonly paymentId: Id | null;
  readonly attemptId: Id | null;
  readonly refundId: Id | null;
  /** The rows that were compared, as JSON with sorted keys. */
  readonly theirs: string | null;
  readonly ours: string | null;
  /** The next channel date may still explain it. */
  readonly pending: boolean;
};

export type GenerationState = "found" | "applied";

/** One comparison of a scope. */
export type Generation = Scope & {
  readonly id: Id;
  readonly generation: number;
  readonly statementId: Id;
  readonly closedThrough: string;
  readonly carriedFrom: Id | null;
  readonly rulesVersion: number;
  readonly inputHash: Buffer;
  readonly resultHash: Buffer;
  readonly lines: number;
  readonly movements: number;
  readonly matched: number;
  readonly findings: number;
  readonly state: GenerationState;
  readonly madeAt: Date;
  readonly appliedAt: Date | null;
};
