/**
 * What a finding, or that there is none any more, makes of a break. Pure: the rows as they are locked go in,
 * the name of the step comes out; the history of every step is kept.
 */
import type { StatementAnswer } from "../../payments/index.ts";
import type { BreakKind, Finding } from "../model.ts";
import { type Break, isByDoor, isDecided, isUnended } from "./model.ts";
import { lineOf } from "./rows.ts";

export type Step =
  /** Told before, or of a date that a later one has said more of. */
  | "nothing"
  /** It is as it was; this generation is the last to say so. */
  | "seen"
  /** Its figures changed, and nothing hangs on them. */
  | "noted"
  /** The next date may explain it: nothing is posted. */
  | "wait"
  /** Into suspense. */
  | "open"
  /** Open, with the suspense that the door has booked. */
  | "hold"
  /** The door has booked what the line tells. */
  | "place"
  /** It and its partner are one movement. */
  | "pair"
  /** Out of suspense, and into it by the new figures. */
  | "change"
  /** What was decided stands on other figures: undone, then into suspense; or for people. */
  | "undo_and_open";

const OPPOSITES: Partial<Record<BreakKind, readonly BreakKind[]>> = {
  payment_theirs_only: ["payment_ours_only"],
  payment_ours_only: ["payment_theirs_only", "status"],
  refund_theirs_only: ["refund_ours_only"],
  refund_ours_only: ["refund_theirs_only", "status"],
  dispute_theirs_only: ["dispute_ours_only"],
  dispute_ours_only: ["dispute_theirs_only"],
  status: ["payment_ours_only", "refund_ours_only"],
};

/**
 * A finding with what people decide about. What a channel charges for a payer's claim goes with the claim:
 * whoever bears the one bears the other, as when the door books it.
 */
export function asBorne<F extends Finding>(finding: F): F {
  const { kind, settleDifference, feeDifference } = finding;
  if (kind !== "dispute_theirs_only" && kind !== "dispute_ours_only") return finding;
  return { ...finding, settleDifference: settleDifference - feeDifference, feeDifference: 0n };
}

/** What a finding makes of its break; `existing` null: it is found for the first time. */
export function stepOf(
  finding: Finding,
  around: {
    readonly existing: Break | null;
    /** The generation is of an earlier date than the one that said the last of it. */
    readonly isEarlier: boolean;
    /** This very generation has told it already. */
    readonly isTold: boolean;
  } & Told,
): Step {
  const { existing } = around;
  if (existing === null) return firstStep(finding, around);
  if (around.isTold || around.isEarlier) return "nothing";
  const isSame = sameFigures(existing, finding);
  switch (existing.state) {
    case "pending":
      return finding.pending && around.answer?.end !== "missing" ? "noted" : firstStep(finding, around);
    case "open":
      if (isBooked(around) && isAlone(existing) && around.half !== null) return "place";
      if (existing.heldByDoor && existing.partnerId === null && around.half !== null && isSame) return "hold";
      // Both are in suspense and one movement by what is told now, or the door has booked the other.
      if (around.partner !== null && isFree(existing, around.partner)) return "pair";
      return isSame ? "seen" : changed(existing);
    case "proposed":
      return isSame ? "seen" : changed(existing);
    default:
  }
  // It was explained, and is not any more.
  if (existing.resolution === "explained" || existing.resolution === "undone") {
    return firstStep(finding, around);
  }
  if (isSame || !isDecided(existing)) return "seen";
  return "undo_and_open";
}

/**
 * In suspense, so that it may become a half of a movement: by its own figures alone, unless the booking by
 * the door of the other half covers all but what was carried out.
 */
export function isFree(known: Break, partner: Break): boolean {
  if (!isHeld(known) || known.partnerId !== null) return false;
  return known.standingResolution === null || isByDoor(partner);
}

function changed({ heldByDoor }: Break): "noted" | "change" {
  return heldByDoor ? "noted" : "change";
}

type Told = {
  readonly partner: Break | null;
  /** As `halfOfPlaced` finds it. */
  readonly half: Break | null;
  readonly answer: StatementAnswer | null;
  /** What the books told of it stands by itself, and cannot be made one movement with it. */
  readonly hasLoneHalf: boolean;
};

function isBooked({ answer }: Pick<Told, "answer">): boolean {
  return answer?.end === "booked";
}

/** In suspense by its own figures alone. */
function isAlone(known: Break): boolean {
  return isHeld(known) && known.partnerId === null && known.standingResolution === null;
}

function firstStep(finding: Finding, { partner, half, answer, hasLoneHalf }: Told): Step {
  if (answer?.end === "missing") return "hold";
  if (finding.pending) return partner?.state === "pending" ? "pair" : "wait";
  const booked = isBooked({ answer });
  if (booked && half !== null) return "place";
  if (partner !== null) return "pair";
  return booked && !hasLoneHalf ? "place" : "open";
}

/** What it makes of a break that the newest generation of its date finds it no more. */
export function stepOfAbsence(
  known: Break,
): "explain" | "keep" | "settle" | "undo" | "undo_to_nothing" | "part" | "unplace" | "nothing" {
  // What was carried out for good stays to be accounted for.
  if (isUnended(known) && known.standingResolution !== null) return "settle";
  if (isUnended(known)) return known.heldByDoor ? "keep" : "explain";
  if (known.resolution === "paired") return "part";
  if (known.resolution === "placed") return "unplace";
  if (!isDecided(known)) return "nothing";
  if (known.standingResolution === null) return "undo";
  // It was gone before: what was decided is about what had been carried out for good.
  return known.settleDifference === 0n && known.feeDifference === 0n ? "nothing" : "undo_to_nothing";
}

const UNKNOWN_REFUND = /^refund\/([^/]+)\//;

/** What the break about an order's payment is called, for a refund of an order that nobody here knows. */
export function paymentKeyOf({ kind, attemptId, matchKey }: Finding): string | null {
  const [, name] =
    kind === "refund_theirs_only" && attemptId === null ? (UNKNOWN_REFUND.exec(matchKey) ?? []) : [];
  return name === undefined ? null : `payment/${name}`;
}

/**
 * The break about money of an unknown order that this refund gave back: all of it, so that nothing is owed.
 * One is told after the other, since findings are in the order of their dates and kinds. Where both still
 * wait, they are of one day: nothing is booked of either.
 */
function givenBack(finding: Finding, others: readonly Break[]): Break | null {
  const key = paymentKeyOf(finding);
  const isWaiting = ({ state, channelDate }: Break) =>
    state === "pending" && finding.pending && channelDate === finding.channelDate;
  return (
    others.find(
      (other) =>
        other.kind === "payment_theirs_only" &&
        other.matchKey === key &&
        other.attemptId === null &&
        isOpposite(finding, other) &&
        other.feeDifference === -finding.feeDifference &&
        (isHeld(other) || isWaiting(other)),
    ) ?? null
  );
}

function isOpposite(finding: Found, other: Break): boolean {
  return (
    other.currency === finding.currency &&
    other.settleDifference === -finding.settleDifference &&
    other.partnerId === null &&
    other.standingResolution === null
  );
}

/** The break that tells the other half of what a finding tells; null: there is none. */
export function partnerOf(finding: Finding, others: readonly Break[]): Break | null {
  const opposites = OPPOSITES[finding.kind] ?? [];
  const isOther = (other: Break) =>
    opposites.includes(other.kind) && isSameThing(finding, other) && isOpposite(finding, other);
  return (
    others.find((other) => isOther(other) && isByDoor(other)) ??
    others.find(
      (other) => isOther(other) && isHeld(other) && other.feeDifference === -finding.feeDifference,
    ) ??
    givenBack(finding, others)
  );
}

/** By the number that was to match, or as the books know it. */
function isSameThing(finding: Found, { matchKey, attemptId, refundId }: Break): boolean {
  if (matchKey === finding.matchKey) return true;
  return attemptId !== null && attemptId === finding.attemptId && refundId === finding.refundId;
}

/** In suspense by a journal of its own, and nobody is deciding about it. */
function isHeld({ state, heldByDoor }: Break): boolean {
  return state === "open" && !heldByDoor;
}

/**
 * Whether the half of a movement is another movement by now: a corrected statement tells other figures of it,
 * or the half was paired by this very generation, which tells those only now.
 */
export function isOtherThanPaired(known: Break, finding: Finding): boolean {
  return known.resolution === "paired" && !sameFigures(known, finding);
}

/** Whether a corrected statement tells other figures than those on whose word the door has booked it. */
export function isOtherThanBooked(known: Break, finding: Finding): boolean {
  return isByDoor(known) && !sameFigures(known, finding);
}

type Found = Omit<Finding, "pending">;

/**
 * What the door makes of a line, unless another break has its booking already, or waits with it for the next
 * date: whoever tells a movement twice, in two files or under two names, has it booked once, and the second
 * line is in suspense.
 */
export function answerOf(
  answer: StatementAnswer | null,
  finding: Finding,
  { existing, others }: { readonly existing: Break | null; readonly others: readonly Break[] },
): StatementAnswer | null {
  if (answer?.end !== "booked" || existing?.resolution === "placed") return answer;
  const isTaken = others.some(
    (other) =>
      other.id !== existing?.id &&
      (other.resolution === "placed" || other.state === "pending") &&
      isSameBooking(other, finding),
  );
  return isTaken ? { ...answer, end: "known" } : answer;
}

/** Kinds of findings that are lines of the channel's, which the door is asked about. */
export const FOR_THE_DOOR: readonly BreakKind[] = ["payment_theirs_only", "refund_theirs_only", "status"];

/** The line in suspense that tells again what a placed one told, by the same sum; null: there is none. */
export function nextOfBooking(placed: Break, others: readonly Break[]): Break | null {
  return (
    others.find(
      (other) =>
        other.id !== placed.id &&
        FOR_THE_DOOR.includes(other.kind) &&
        isAlone(other) &&
        isSameBooking(other, placed) &&
        other.currency === placed.currency &&
        other.settleDifference === placed.settleDifference,
    ) ?? null
  );
}

/** The line that was placed by the booking that this one told too, and has no half; null: there is none. */
export function placedWith(known: Break, others: readonly Break[]): Break | null {
  return (
    others.find(
      (other) =>
        other.id !== known.id &&
        other.resolution === "placed" &&
        other.partnerId === null &&
        isSameBooking(other, known),
    ) ?? null
  );
}

function isSameBooking(one: Found, other: Found): boolean {
  const booking = bookingOf(one);
  return booking !== null && booking === bookingOf(other);
}

/** What the door books once; null: it is told by no line of an order that is known here. */
function bookingOf({ attemptId, refundId, theirs }: Found): string | null {
  const line = attemptId === null ? null : lineOf(theirs, { at: new Date(0) });
  if (line === null) return null;
  // Of a refund that nobody here asked for, the channel's number is all there is.
  const refund = line.kind === "refund" ? (refundId ?? line.channelRefundNo) : null;
  return [line.kind, attemptId, refund, line.amount < 0n ? "out" : "in"].join(" ");
}

/**
 * The half that the books told of what the door has booked; null: there is none that is in suspense. Its fee
 * may be another, and some of it carried out for good.
 */
export function halfOfPlaced(found: Found, others: readonly Break[]): Break | null {
  return (
    halvesOf(found, others).find(
      (other) =>
        isHeld(other) &&
        other.partnerId === null &&
        other.currency === found.currency &&
        other.settleDifference === -found.settleDifference,
    ) ?? null
  );
}

/**
 * Whether a half that the books told stands by itself and cannot be paired, being decided, or of another sum:
 * then what the door has booked is in suspense against it, and people decide about both.
 */
export function hasLoneHalf(found: Found, others: readonly Break[]): boolean {
  if (halfOfPlaced(found, others) !== null) return false;
  return halvesOf(found, others).some(
    (other) =>
      other.partnerId === null &&
      areAgainst(other, found) &&
      (other.state === "open" || other.state === "proposed" || isDecided(other)),
  );
}

/** What went out of an order is no half of what came in, nor is what has come to nothing. */
function areAgainst(one: Found, other: Found): boolean {
  return one.settleDifference > 0n
    ? other.settleDifference < 0n
    : one.settleDifference < 0n && other.settleDifference > 0n;
}

function halvesOf(found: Found, others: readonly Break[]): readonly Break[] {
  const opposites = OPPOSITES[found.kind] ?? [];
  return others.filter((other) => opposites.includes(other.kind) && isSameThing(found, other));
}

function sameFigures(known: Break, finding: Finding): boolean {
  return (
    known.settleDifference === finding.settleDifference &&
    known.feeDifference === finding.feeDifference &&
    known.currency === finding.currency
  );
}
