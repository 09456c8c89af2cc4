/**
 * What a channel's answer about a share, a return or the end of a splitting means. Pure and monotone: what
 * was done stays done, and money that moved is always taken note of, however late it is told.
 */
import type { CallEnd, FinishOutcome, ShareOutcome } from "../channels/index.ts";
import { DAY, HOUR, MINUTE, plus, SECOND } from "../kernel/clock.ts";
import type { Called, SharingRow } from "./model.ts";

/** What became of it, for the timeline. */
export type ShareDecision =
  | "share_done"
  | "share_failed"
  | "already_known"
  | "contradiction"
  | "open"
  | "unknown"
  | "not_sent"
  | "sent_again"
  | "refused";

export type Decided<T> = { readonly next: T; readonly decision: ShareDecision };

/** What was certainly not done is sent again after these gaps; the last repeats. */
const SEND_GAPS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];

/** How long a question may find nothing of a call whose answer was lost before it is made again. */
const ON_ITS_WAY_MS = MINUTE;

export const LEASE_MS = 30 * SECOND;

function gapAt(gapsMs: readonly number[], index: number): number {
  return gapsMs[Math.min(Math.max(0, index), gapsMs.length - 1)] as number;
}

/**
 * What is about to be sent, written before the call: whoever comes after a process that died in between asks
 * first. The due time says whose call it was. Null: somebody else has sent it, or it is over.
 */
export function sending<T extends Called>(present: T, now: Date): T | null {
  return present.state === "created" ? { ...present, state: "unknown", dueAt: plus(now, LEASE_MS) } : null;
}

/**
 * An answer about a share or a return. `asked`: it was a question, so that "not found" means it was not
 * taken; @param since when the call was first made; @param sentUntil the due time that `sending` gave
 */
export function decideCalled<T extends Called>(
  given: T,
  end: CallEnd<ShareOutcome>,
  about: {
    readonly asked: boolean;
    readonly since: Date;
    readonly now: Date;
    readonly queryGapsMs: readonly number[];
    readonly sentUntil?: Date | null;
  },
): Decided<T> {
  const { now, asked, queryGapsMs, sentUntil = null } = about;
  // Nobody has looked at it since: the answer is to its only call.
  const isOnly = given.state === "unknown" && given.dueAt?.getTime() === sentUntil?.getTime();
  const present: T = isOnly ? { ...given, state: "created" } : given;
  if (end.end === "answered") return decideAnswer(present, end.value, about);
  if (present.finishedAt !== null) return { next: given, decision: "already_known" };
  const tries = present.tries + 1;
  if (end.end === "refused" && !end.retryable && !asked) {
    // It may have been taken before, where the answer to an earlier call was lost: then only asking tells.
    if (present.state !== "created") {
      return {
        next: { ...present, tries, dueAt: plus(now, gapAt(queryGapsMs, tries - 1)) },
        decision: "open",
      };
    }
    return { next: failed(present, end.code, end.message, now), decision: "share_failed" };
  }
  if (end.end === "unknown" && !asked) {
    const dueAt = plus(now, gapAt(queryGapsMs, 0));
    return { next: { ...present, state: "unknown", tries, dueAt }, decision: "unknown" };
  }
  const gaps = asked ? queryGapsMs : SEND_GAPS_MS;
  const next = { ...present, tries, dueAt: plus(now, gapAt(gaps, tries - 1)) };
  if (end.end === "refused") {
    const why = { failureCode: end.code, failureMessage: end.message };
    return { next: { ...next, ...why }, decision: asked ? "refused" : "sent_again" };
  }
  return { next, decision: end.end };
}

function decideAnswer<T extends Called>(
  present: T,
  answer: ShareOutcome,
  {
    since,
    now,
    queryGapsMs,
  }: { readonly since: Date; readonly now: Date; readonly queryGapsMs: readonly number[] },
): Decided<T> {
  const isDone = present.state === "succeeded";
  switch (answer.outcome) {
    case "done":
      if (isDone) return { next: present, decision: "already_known" };
      // Held for failed before, it moved all the same: what moved is booked.
      return { next: done(present, answer, now), decision: "share_done" };
    case "failed":
      if (present.state === "failed") return { next: present, decision: "already_known" };
      if (isDone) return { next: present, decision: "contradiction" };
      return { next: failed(present, answer.code, answer.message, now), decision: "share_failed" };
    case "pending": {
      if (present.finishedAt !== null) return { next: present, decision: "already_known" };
      const tries = present.state === "processing" ? present.tries + 1 : 1;
      const { channelOwnNo } = answer;
      const dueAt = plus(now, gapAt(queryGapsMs, tries - 1));
      return { next: { ...present, state: "processing", channelOwnNo, tries, dueAt }, decision: "open" };
    }
    case "not_found": {
      if (present.finishedAt !== null) return { next: present, decision: "already_known" };
      const tries = present.tries + 1;
      // Its number is the channel's idempotency key: made again it is made once.
      const lostAt = plus(since, ON_ITS_WAY_MS);
      const mayBeLost = present.state !== "processing";
      if (mayBeLost && now >= lostAt) {
        return { next: { ...present, state: "created", tries: 0, dueAt: now }, decision: "sent_again" };
      }
      const again = plus(now, gapAt(queryGapsMs, tries - 1));
      const dueAt = mayBeLost && lostAt < again ? lostAt : again;
      return { next: { ...present, tries, dueAt }, decision: "open" };
    }
  }
}

/** It has happened, as the channel tells it. */
export function done<T extends Called>(
  present: T,
  { channelOwnNo, channelDate }: Pick<Called, "channelOwnNo" | "channelDate">,
  now: Date,
): T {
  const why = { failureCode: null, failureMessage: null };
  return { ...present, ...why, state: "succeeded", channelOwnNo, channelDate, dueAt: null, finishedAt: now };
}

/** It will not happen under this number. */
export function failed<T extends Called>(present: T, code: string, message: string, now: Date): T {
  const why = { failureCode: code, failureMessage: message };
  return { ...present, ...why, state: "failed", dueAt: null, finishedAt: now };
}

/** The sharing after the call that finishes it. Refused for good, it is tried each day: money lies there. */
export function decideFinish(
  present: SharingRow,
  end: CallEnd<FinishOutcome>,
  now: Date,
): Decided<SharingRow> {
  if (present.finishedAt !== null) return { next: present, decision: "already_known" };
  const tries = present.tries + 1;
  const again = plus(now, gapAt(SEND_GAPS_MS, tries - 1));
  if (end.end === "answered" && end.value.outcome === "finished") {
    const why = { failureCode: null, failureMessage: null };
    return {
      next: { ...present, ...why, state: "finished", dueAt: null, finishedAt: now },
      decision: "share_done",
    };
  }
  if (end.end === "answered" && end.value.outcome === "pending") {
    return { next: { ...present, tries, dueAt: again }, decision: "open" };
  }
  if (end.end === "unknown" || end.end === "not_sent") {
    return { next: { ...present, tries, dueAt: again }, decision: end.end };
  }
  const said = end.end === "answered" ? end.value : end;
  const isLater = end.end === "refused" && end.retryable;
  const why =
    "code" in said ? { failureCode: said.code, failureMessage: said.message } : { failureCode: "refused" };
  return {
    next: { ...present, ...why, tries, dueAt: isLater ? again : plus(now, DAY) },
    decision: isLater ? "sent_again" : "refused",
  };
}

/**
 * When a sharing wants attention next, once its shares are as they are: at once to finish, else at the end of
 * its term. @param openShares those that are not final
 */
export function nextOfSharing(present: SharingRow, openShares: number, now: Date): SharingRow {
  if (present.finishedAt !== null || present.state === "finishing") return present;
  const isOver = now >= present.termEndsAt;
  const finishWanted = present.finishWanted || isOver;
  if (finishWanted && openShares === 0 && present.plan === null) {
    if (present.mode === "books") {
      return { ...present, finishWanted, state: "finished", dueAt: null, finishedAt: now };
    }
    return { ...present, finishWanted, state: "finishing", tries: 0, dueAt: now };
  }
  if (present.plan !== null) return { ...present, finishWanted };
  // Whoever makes the last share final looks here again; the hour is for a person who must.
  const dueAt = isOver ? plus(now, HOUR) : present.termEndsAt;
  return { ...present, finishWanted, dueAt };
}
