/**
 * What merchants are owed, and when.
 *
 * - **Item**: what one journal did to a merchant's pending money (`merchant_pending`), whatever its kind,
 *   settlements apart. It is *open* until a settlement takes it. Pending money is the sum of its open items,
 *   by construction: an item is taken in the transaction that lists it, and counts as open until the
 *   settlement's journal is posted.
 * - **Settlement** (结算): the items that a merchant gets at once in one currency: `open` → `approved` →
 *   `paid`; `open` ⇄ `held`. Its journal is posted when it is approved. *Regular*: what is due after a closed
 *   date. *Supplementary*: what was due earlier and had been held or unexplained. *Same-day* (T+0): listed
 *   journals of the open date.
 * - **Policy**: on what grounds an item settles (`basis`), after how many days, what is kept back, and how it
 *   is paid out.
 * - **Reserve** (保证金): a part of a settlement that becomes available later. **Recovery**: what the merchant
 *   owes us (`merchant_receivable`), taken first.
 * - **Carried**: left open for a later date, because the sum is negative or below the minimum.
 */
import type { Id } from "../kernel/ids.ts";
import { applyRate, type Currency } from "../kernel/money.ts";

export const BASES = ["on_success", "on_reconciled", "on_funds_received"] as const;
/** When an item may settle: booked; its channel's statement explained; the channel's money here. */
export type Basis = (typeof BASES)[number];

export type DayKind = "business" | "calendar";
export const PAYOUTS = ["automatic", "on_request"] as const;
export type Payout = (typeof PAYOUTS)[number];

/** The terms of a policy. */
export type Terms = {
  readonly basis: Basis;
  /** T+`days`, counted from the item's accounting date. */
  readonly days: number;
  readonly dayKind: DayKind;
  /** Whose business days; null for calendar days. */
  readonly calendar: string | null;
  /** Minor units; less is carried. */
  readonly minimumAmount: bigint;
  readonly reserveRateMillionths: bigint;
  /** Calendar days after the settlement's date until the reserve becomes available. */
  readonly reserveDays: number;
  readonly payout: Payout;
  /** A settlement that makes more than this available waits for a person; null: none does. */
  readonly personAbove: bigint | null;
};

export type Policy = Terms & {
  readonly id: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly version: number;
  /** It counts for settlements after this closed date and later ones. */
  readonly effectiveFrom: string;
  readonly proposedBy: Id;
  readonly approvedBy: Id;
  readonly approvalId: Id;
  readonly madeAt: Date;
};

/** What counts for a merchant without a policy: the next calendar day, so that no calendar is needed. */
export const DEFAULT_TERMS: Terms = Object.freeze({
  basis: "on_success",
  days: 1,
  dayKind: "calendar",
  calendar: null,
  minimumAmount: 0n,
  reserveRateMillionths: 0n,
  reserveDays: 0,
  payout: "automatic",
  personAbove: null,
});

export type SettlementKind = "regular" | "supplementary" | "same_day";
export const SETTLEMENT_STATES = ["open", "held", "approved", "paid"] as const;
export type SettlementState = (typeof SETTLEMENT_STATES)[number];

/** A settlement; amounts in minor units: `amount` = `recovered` + `reserved` + `available`. */
export type Settlement = {
  readonly id: Id;
  readonly accountId: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  /** The closed date after which it was made; of a same-day one the open date. */
  readonly accountingDate: string;
  readonly kind: SettlementKind;
  readonly number: number;
  readonly state: SettlementState;
  /** Null: the default terms. */
  readonly policyId: Id | null;
  /** How many items it took, and their sum. */
  readonly items: number;
  readonly amount: bigint;
  /** Set off against what the merchant owed. */
  readonly recovered: bigint;
  readonly reserved: bigint;
  /** What it adds to the money that may be paid out. */
  readonly available: bigint;
  readonly payout: Payout;
  /** Null until it is approved, and for a settlement whose items sum to zero. */
  readonly journalId: Id | null;
  readonly holdReason: string | null;
  readonly heldBy: Id | null;
  readonly madeAt: Date;
  readonly approvedAt: Date | null;
  /** Null: by its policy. */
  readonly approvedBy: Id | null;
  readonly paidAt: Date | null;
};

/** One item of a settlement, or one that waits. */
export type Item = {
  readonly journalId: Id;
  readonly amount: bigint;
  readonly accountingDate: string;
  readonly channelDate: string | null;
  readonly kind: string;
  readonly sourceId: Id;
  readonly subjectId: Id | null;
  readonly channelAccountId: Id | null;
};

export const HOLD_KINDS = ["break", "dispute", "risk", "channel_reversal", "sharing", "operator"] as const;
export type HoldKind = (typeof HOLD_KINDS)[number];

/** How the sum of a settlement is divided. */
export type Shares = Pick<Settlement, "amount" | "recovered" | "reserved" | "available">;

/**
 * Divides what settles: first what the merchant owes, then the reserve (its rate of the whole, half up, at
 * most what is left), the rest is available. @param amount ≥ 0. @param owed ≥ 0.
 */
export function sharesOf(amount: bigint, owed: bigint, terms: Terms): Shares {
  if (amount < 0n || owed < 0n) throw new RangeError("what settles and what is owed are zero or more");
  const recovered = least(amount, owed);
  const reserved = least(applyRate(amount, terms.reserveRateMillionths), amount - recovered);
  return { amount, recovered, reserved, available: amount - recovered - reserved };
}

/** What was gathered for one account: sums over the items of each kind of settlement. */
export type Gathered = {
  readonly regular: { readonly items: number; readonly amount: bigint };
  readonly supplementary: { readonly items: number; readonly amount: bigint };
  /** Pending money less what earlier settlements have listed and not moved yet. */
  readonly movable: bigint;
  /** What the merchant owes. */
  readonly owed: bigint;
};

export type Carried = "below_minimum" | "negative" | "short";

/** What comes of one account: which settlements with which shares, or why its items stay open. */
export type Verdict =
  | { readonly settle: "nothing" }
  | { readonly settle: "carried"; readonly because: Carried }
  | {
      readonly settle: "made";
      readonly regular: Shares | null;
      readonly supplementary: Shares | null;
      /** The supplementary items are needed to cover what the regular ones take: one settlement has all. */
      readonly merged: boolean;
    };

/**
 * Decides one account, in this order: nothing is due; the sum is negative and carried; it is below the
 * minimum and carried; pending money is *short*: settling would take more than is there, because money of the
 * open date has gone out (whoever calls takes those items along and asks again). A regular part that cannot
 * stand alone takes the supplementary items in.
 */
export function verdictOf(gathered: Gathered, terms: Terms): Verdict {
  const { regular, supplementary, movable, owed } = gathered;
  const total = regular.amount + supplementary.amount;
  if (regular.items + supplementary.items === 0) return { settle: "nothing" };
  if (total < 0n) return { settle: "carried", because: "negative" };
  if (total < terms.minimumAmount) return { settle: "carried", because: "below_minimum" };
  if (total > 0n && total > movable) return { settle: "carried", because: "short" };
  const alone = regular.items === 0 || (regular.amount >= 0n && regular.amount >= terms.minimumAmount);
  if (!alone || supplementary.items === 0) {
    const merged = supplementary.items > 0;
    return { settle: "made", regular: sharesOf(total, owed, terms), supplementary: null, merged };
  }
  const first = regular.items === 0 ? null : sharesOf(regular.amount, owed, terms);
  const stillOwed = owed - (first?.recovered ?? 0n);
  const second = sharesOf(supplementary.amount, stillOwed, terms);
  return { settle: "made", regular: first, supplementary: second, merged: false };
}

/** Whether a settlement waits for a person before its money moves. */
export function needsPerson(shares: Shares, terms: Terms): boolean {
  return terms.personAbove !== null && shares.available > terms.personAbove;
}

export function isHoldable(item: Pick<Item, "amount">): boolean {
  return item.amount > 0n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
