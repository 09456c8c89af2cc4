/** What each step of a finding does to its break: the row, its history, its journals. */
import type { Id } from "../../kernel/ids.ts";
import type { StatementAnswer } from "../../payments/index.ts";
import type { Finding } from "../model.ts";
import { isFree, type Step } from "./decide.ts";
import { type Break, isByDoor, isDecided, openDifference, type Resolution, UNTOUCHED } from "./model.ts";
import { coverOf, otherHalf, pair } from "./pairs.ts";
import type { About } from "./under-lock.ts";
import { end, suspend, suspending, takeBack, undoResolution, type Work } from "./work.ts";

export type StepContext = About & {
  readonly finding: Finding;
  readonly existing: Break | null;
  readonly partner: Break | null;
  /** Where the door books the finding: the half in suspense that the books told of it. */
  readonly half: Break | null;
  readonly answer: StatementAnswer | null;
  readonly newId: () => Id;
};

/** Carries out one step. */
export async function takeStep(work: Work, step: Step, context: StepContext): Promise<void> {
  if (step === "nothing") return;
  const { existing, finding, partner } = context;
  if (step === "seen" && existing !== null) {
    work.keep({ ...existing, lastReconciliationId: context.generation.id });
    return;
  }
  const row = tellFound(work, context);
  switch (step) {
    case "seen":
      throw new Error("what is found for the first time was not seen before");
    case "noted":
      work.keep(row);
      return;
    case "wait":
      work.keep({ ...row, ...UNDECIDED, heldByDoor: false, state: "pending" });
      work.tell(row, "pending", bookedSentence(context) ?? "The next channel date may explain it.");
      return;
    case "open":
      work.tell(row, existing?.endedAt != null ? "reopened" : "opened", null);
      suspend(work, uncovered(row), suspending(context));
      return;
    case "hold": {
      const openedAt = existing?.heldByDoor ? existing.openedAt : work.now;
      // What was decided before, and taken back, has journals of the round before.
      const round = existing?.endedAt == null ? row.round : Math.max(row.round, 1) + 1;
      const held = work.keep({ ...row, ...UNDECIDED, state: "open", openedAt, round, heldByDoor: true });
      if (!existing?.heldByDoor) {
        work.tell(row, "opened", "The door booked what went back; the shortage is to be resolved.");
      }
      if (context.half !== null) await join(work, context.half, held, context);
      return;
    }
    case "place": {
      const free = await takeBack(work, { ...uncovered(row), heldByDoor: false }, context.newId);
      const placed = end(work, free, "placed", bookedSentence(context) ?? "The door booked it.");
      if (context.half !== null) await join(work, context.half, placed, context);
      return;
    }
    case "pair":
      if (partner === null) throw new Error("a pair needs two");
      await join(work, uncovered(row), partner, context);
      return;
    case "change":
      work.tell(row, "changed", figures(finding));
      await change(work, row, context);
      await joinIfFree(work, row.id, context);
      return;
    case "undo_and_open":
      await contradict(work, { before: existing ?? row, row }, context);
      await joinIfFree(work, row.id, context);
  }
}

/** By its new figures it may be the half of a movement. */
async function joinIfFree(work: Work, id: Id, context: StepContext): Promise<void> {
  const row = work.present(id);
  const { partner } = context;
  if (row === undefined || partner === null || !isFree(row, partner)) return;
  await join(work, row, partner, context);
}

/**
 * Makes two breaks the halves of one movement. What was carried out of one for good stays so: only the door's
 * booking of the other can cover the rest of it.
 */
export async function join(
  work: Work,
  row: Break,
  partner: Break,
  context: Pick<StepContext, "account" | "newId">,
): Promise<void> {
  if (row.standingResolution === null || !isByDoor(partner)) {
    await pair(work, await takeBack(work, row, context.newId), partner, context);
    return;
  }
  const { standingSettle, standingFee } = coverOf(partner);
  work.keep({ ...partner, partnerId: row.id });
  work.tell(partner, "paired", `It and what was found on ${row.channelDate} are one movement.`);
  work.tell(row, "paired", `It and what was found on ${partner.channelDate} are one movement.`);
  const covered = {
    standingSettle: row.standingSettle + standingSettle,
    standingFee: row.standingFee + standingFee,
  };
  await change(work, { ...row, ...covered, partnerId: partner.id }, context);
}

/** How it ended before counts no more. */
const UNDECIDED = {
  openedAt: null,
  resolution: null,
  explanation: null,
  endedAt: null,
  partnerId: null,
  proposalId: null,
  ruleId: null,
} as const;

/** The row by what the generation tells; a new one is told to be found. */
function tellFound(work: Work, context: StepContext): Break {
  const { existing, finding, generation, account } = context;
  const { kind, side, matchKey, channelDate, currency } = finding;
  const told = {
    side,
    currency,
    theirsAmount: finding.theirsAmount,
    oursAmount: finding.oursAmount,
    settleDifference: finding.settleDifference,
    feeDifference: finding.feeDifference,
    paymentId: finding.paymentId ?? existing?.paymentId ?? null,
    attemptId: finding.attemptId ?? existing?.attemptId ?? null,
    refundId: finding.refundId ?? existing?.refundId ?? null,
    theirs: finding.theirs,
    ours: finding.ours,
    lastReconciliationId: generation.id,
  };
  if (existing !== null) return { ...existing, ...told };
  const made: Break = {
    ...told,
    id: context.newId(),
    channelAccountId: account.id,
    merchantId: account.merchantId,
    kind,
    matchKey,
    channelDate,
    state: "pending",
    firstReconciliationId: generation.id,
    foundAt: work.now,
    memo: account.fundFlow !== "through_platform",
    ...UNTOUCHED,
  };
  work.tell(made, "found", figures(finding));
  return made;
}

/** Nothing covers its figures but what was carried out for good. */
function uncovered(row: Break): Break {
  return row.standingResolution === null ? { ...row, standingSettle: 0n, standingFee: 0n } : row;
}

/** What money that has left nothing can take back. */
const CANNOT_BE_UNDONE: readonly (string | null)[] = ["refund_buyer", "recover_from_channel"];

/**
 * The newest statement denies what a resolution was made on. What stays in our books is taken back; where
 * money has gone the other way, the opposite goes into suspense, for people.
 * @param row with the figures as they are now, and what still covers them beside what was decided
 * @param isGone the statement has nothing of it any more
 */
export async function contradict(
  work: Work,
  { before, row, isGone = false }: { before: Break; row: Break; isGone?: boolean },
  context: Pick<StepContext, "account" | "newId">,
): Promise<void> {
  if (!isDecided(before)) throw new Error(`nobody decided about the break ${before.id}`);
  const { newId } = context;
  const decided = before.resolution;
  if (!CANNOT_BE_UNDONE.includes(decided)) {
    const undone = await undoResolution(work, row, newId);
    const sentence = `A corrected statement denies it: ${decided} was taken back.`;
    if (isGone) {
      end(work, await takeBack(work, undone, newId), "undone", sentence);
      return;
    }
    work.tell(row, "undone", sentence);
    await change(work, undone, context);
    return;
  }
  if (isGone && before.heldByDoor) {
    // What the door has booked stays booked, and the channel has made it good: what the books tell of it and
    // the statement does not is a break of its own.
    work.keep(row);
    work.tell(row, "changed", `No statement tells it any more; what ${decided} moved stands.`);
    return;
  }
  const contradiction =
    `A corrected statement denies what ${decided} was done for, and it cannot be taken back. ` +
    "What is missing or left over is in suspense: decide about it.";
  const carriedOut = openDifference(before);
  const standing = {
    standingResolution: decided as Resolution,
    standingSettle: row.standingSettle + carriedOut.settle,
    standingFee: row.standingFee + carriedOut.fee,
  };
  const figures = isGone ? { settleDifference: 0n, feeDifference: 0n } : {};
  work.tell(row, "contradicted", contradiction);
  const open = suspend(work, { ...row, ...figures, ...standing, contradiction }, suspending(context));
  work.keep({ ...open, partnerId: row.partnerId });
}

/** Out of suspense, and into it by the row's figures; settled where what was carried out covers them. */
export async function change(
  work: Work,
  row: Break,
  context: Pick<StepContext, "account" | "newId">,
): Promise<void> {
  const free = await takeBack(work, row, context.newId);
  const { settle, fee } = openDifference(free);
  const isCovered = settle === 0n && fee === 0n;
  const placed = otherHalf(work, free);
  if (free.standingResolution === null && isCovered && placed !== null && isByDoor(placed)) {
    const whole = { ...free, openedAt: null, standingSettle: 0n, standingFee: 0n };
    end(work, whole, "paired", `It and what was found on ${placed.channelDate} are one movement.`);
    return;
  }
  if (free.standingResolution === null || !isCovered) {
    const again = suspend(work, free, suspending(context));
    work.keep({ ...again, partnerId: free.partnerId });
    return;
  }
  const explanation = `What was carried out before covers it: ${free.standingResolution}.`;
  work.tell(free, "resolved", explanation);
  work.keep({
    ...free,
    state: "resolved",
    resolution: free.standingResolution,
    explanation,
    endedAt: work.now,
    contradiction: null,
    standingResolution: null,
    ...coverOfHalf(work, free),
    proposalId: null,
  });
}

/** What still covers a half when all else of it is carried out. */
function coverOfHalf(work: Work, row: Break): Pick<Break, "standingSettle" | "standingFee"> {
  const other = otherHalf(work, row);
  return other !== null && isByDoor(other) ? coverOf(other) : { standingSettle: 0n, standingFee: 0n };
}

function bookedSentence({ answer }: StepContext): string | null {
  return answer?.end === "booked" ? "The door booked what the statement tells." : null;
}

export function figures({ settleDifference, feeDifference, currency }: Finding): string {
  return `${settleDifference} settles and ${feeDifference} is charged beyond the books, ${currency}`;
}
