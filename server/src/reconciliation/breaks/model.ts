/**
 * What becomes of the differences that generations find.
 *
 * - **Identity**: account, channel date, match key and kind. Every generation that finds the same finds the
 *   same break; one that no longer does has explained it.
 * - **Suspense** (挂账): what an open break holds in `suspense_surplus` (the channel has more) or
 *   `suspense_shortage` (it has less), until it is explained or resolved. A *round* is one such time.
 * - **Placed**: the door has booked what the statement tells; nothing is left to be decided.
 * - **Partner**: the other half of a movement that the two sides tell on days too far apart.
 * - **Resolution** (差错处理): what people decided, carried out once two of them agree, or a rule within its
 *   limits.
 * - **Contradiction**: a corrected statement denies what a resolution did, and nothing can undo it.
 */
import { createHash } from "node:crypto";
import type { Id } from "../../kernel/ids.ts";
import type { BreakState, Finding } from "../model.ts";

/** What people may decide. */
export const RESOLUTIONS = [
  "pay_merchant",
  "pay_owner",
  "refund_buyer",
  "adjust_fee",
  "recover_from_channel",
  "recover_from_merchant",
  "loss",
  "cost",
  "income",
  "acknowledge",
  "offset",
] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** What one person proposes. */
export type Wish = {
  readonly resolution: Resolution;
  /** Whose a surplus is; with `pay_owner` always, otherwise never. */
  readonly paidTo: Id | null;
  /** The break that is the other half; with `offset` always, otherwise never. */
  readonly against: Id | null;
};

/** How a break ends without anybody. */
export type Ending =
  /** The newest generation finds it no more. */
  | "explained"
  /** The door booked what the statement told. */
  | "placed"
  /** Its partner has the other half. */
  | "paired"
  /** It never was: a corrected statement took it back, and so did we. */
  | "undone";

export type Break = Omit<Finding, "pending"> & {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly state: BreakState;
  readonly firstReconciliationId: Id;
  /** The last generation that said something of it. */
  readonly lastReconciliationId: Id;
  readonly foundAt: Date;
  readonly openedAt: Date | null;
  readonly ownerId: Id | null;
  readonly resolution: Resolution | Ending | null;
  readonly explanation: string | null;
  readonly endedAt: Date | null;
  readonly memo: boolean;
  readonly round: number;
  readonly suspenseJournalId: Id | null;
  /** Natural sides: above zero where the account grew. */
  readonly surplusEffect: bigint;
  readonly shortageEffect: bigint;
  /** On merchant_pending: in the book of `paidTo` where it names one, else in the contract's merchant's. */
  readonly pendingEffect: bigint;
  readonly heldByDoor: boolean;
  readonly partnerId: Id | null;
  readonly contradiction: string | null;
  /** What was carried out for good on figures that the channel denies now, and those figures. */
  readonly standingResolution: Resolution | null;
  readonly standingSettle: bigint;
  readonly standingFee: bigint;
  readonly proposalId: Id | null;
  readonly ruleId: Id | null;
  /** The other merchant whose money the surplus was made. */
  readonly paidTo: Id | null;
};

/** Of a break to which nobody has done anything, and which holds nothing. */
export const UNTOUCHED = {
  openedAt: null,
  ownerId: null,
  resolution: null,
  explanation: null,
  endedAt: null,
  round: 0,
  suspenseJournalId: null,
  surplusEffect: 0n,
  shortageEffect: 0n,
  pendingEffect: 0n,
  heldByDoor: false,
  partnerId: null,
  contradiction: null,
  standingResolution: null,
  standingSettle: 0n,
  standingFee: 0n,
  proposalId: null,
  ruleId: null,
  paidTo: null,
} as const satisfies Partial<Break>;

export type JournalPurpose = "suspense" | "taken_back" | "resolution" | "undone";

export type BreakEventKind =
  | "found"
  | "pending"
  | "opened"
  | "placed"
  | "paired"
  | "explained"
  | "changed"
  | "reopened"
  | "undone"
  | "contradicted"
  | "owner"
  | "comment"
  | "claim"
  | "asked_again"
  | "proposed"
  | "rejected"
  /** The channel has made a part good; the rest is open. */
  | "recovered"
  | "resolved";

export type BreakEvent = {
  readonly id: Id;
  readonly breakId: Id;
  readonly at: Date;
  /** Its place among those of one instant. */
  readonly step: number;
  readonly kind: BreakEventKind;
  readonly operatorId: Id | null;
  readonly reconciliationId: Id | null;
  readonly detail: string | null;
};

export type ClaimState = "filed" | "paid" | "refused";

/** What the channel is asked to make good; in minor units of the break's currency. */
export type Claim = {
  readonly breakId: Id;
  readonly claimNo: string;
  readonly amount: bigint;
  /** Above zero, and up to the amount, once it is paid; zero before. */
  readonly paidAmount: bigint;
  /** The number of what shows it: a letter, a ticket, a bank entry. */
  readonly evidence: string | null;
  readonly filedAt: Date;
  readonly filedBy: Id | null;
  readonly state: ClaimState;
  readonly endedAt: Date | null;
  readonly endedBy: Id | null;
  readonly note: string | null;
  /** The approval by which what was paid is in the books. */
  readonly bookedBy: Id | null;
  /** What of what was paid is in the books: no more than was left of the break. */
  readonly bookedAmount: bigint;
};

/** Whether something is still to be done about it: answered by the channel, or booked. */
export function isUnbooked({ state, bookedBy }: Pick<Claim, "state" | "bookedBy">): boolean {
  return state === "filed" || (state === "paid" && bookedBy === null);
}

/** Whether something is still to be decided about it. */
export function isUnended({ state }: Pick<Break, "state">): boolean {
  return state === "pending" || state === "open" || state === "proposed";
}

/** Whether people or a rule of theirs decided how it ends. */
export function isDecided({ resolution }: Pick<Break, "resolution">): boolean {
  return (RESOLUTIONS as readonly (string | null)[]).includes(resolution);
}

/**
 * Whether the door has booked what it tells, so that none of it is in suspense by a journal of its own: what
 * was `placed`, and money that went without us, which the door holds as missing until somebody bears it.
 */
export function isByDoor({ resolution, heldByDoor }: Pick<Break, "resolution" | "heldByDoor">): boolean {
  return resolution === "placed" || (heldByDoor && resolution !== "undone" && resolution !== "explained");
}

/** What of a break's figures nothing covers: what is in suspense while it is open. */
export function openDifference(
  about: Pick<Break, "settleDifference" | "feeDifference" | "standingSettle" | "standingFee">,
): { readonly settle: bigint; readonly fee: bigint } {
  return {
    settle: about.settleDifference - about.standingSettle,
    fee: about.feeDifference - about.standingFee,
  };
}

/**
 * The source of a break's journals in a round: its own id in the first, and always the same one later, so
 * that each is posted once. @param what `undone` of the journals that take a resolution back
 */
export function sourceOf(breakId: Id, round: number, what?: "undone"): Id {
  if (round <= 1 && what === undefined) return breakId;
  const hex = createHash("sha256")
    .update([breakId, round, what ?? ""].join(" "))
    .digest("hex");
  const cell = breakId.slice(15, 18);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${cell}`, `8${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join("-");
}
