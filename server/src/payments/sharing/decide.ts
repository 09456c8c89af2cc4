/** What answers about shares do to a locked payment. Pure. */
import type { CallEnd, FinishOutcome, ShareOutcome } from "../../channels/index.ts";
import { plus } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  decideCalled,
  decideFinish,
  failed,
  isFinal,
  LEASE_MS,
  nextOfSharing,
  type Share,
  type ShareBooking,
  type ShareDecision,
  type ShareReturn,
} from "../../sharing/index.ts";
import type { Refund } from "../model.ts";
import type { Effects, Locked } from "./door.ts";
import { isHeldBack } from "./room.ts";

/** An answer, and whether a question asked for it; of a call, until when it was leased. */
export type Answer<T> = {
  readonly end: CallEnd<T>;
  readonly asked: boolean;
  readonly sentUntil?: Date | null;
};

const NO_GAPS = [LEASE_MS];

export type AnswerDecided = { readonly decision: ShareDecision; readonly effects: Effects };

/** An answer about a share. */
export function answerShare(locked: Locked, shareId: Id, answer: Answer<ShareOutcome>): AnswerDecided {
  const { now } = locked;
  const present = locked.shares.find(({ id }) => id === shareId);
  if (present === undefined) throw new Error(`the share ${shareId} is not one of the locked payment's`);
  const { asked, sentUntil = null } = answer;
  const about = { asked, sentUntil, since: present.createdAt, now, queryGapsMs: gapsOf(locked) };
  const { next, decision } = decideCalled(present, answer.end, about);
  const wasFailed = present.state === "failed";
  if (next.state === present.state || !isFinal(next)) {
    return { decision, effects: next === present ? {} : { shares: [next] } };
  }
  const isDone = next.state === "succeeded";
  const bookings: ShareBooking[] = [
    { booking: isDone ? "share_done" : "share_failed", share: next, afterFailure: wasFailed },
  ];
  const given = locked.returns.filter((one) => one.shareId === shareId && !isFinal(one));
  // What was never given cannot come back; what was given now can be asked for.
  const returns = given.map((one) =>
    isDone
      ? { ...one, dueAt: now }
      : failed(one, "share_failed", "The share that it should come back of was not done.", now),
  );
  if (!isDone) bookings.push(...returns.map((one) => undone(next, one)));
  const back = isDone ? 0n : given.reduce((sum, { amount }) => sum + amount, 0n);
  const share = { ...next, returnedAmount: next.returnedAmount - back };
  const others = locked.shares.map((one) => (one.id === shareId ? share : one));
  const turn = nextTurn(others, now);
  return {
    decision,
    effects: {
      ...after(locked, others, merged(locked.returns, returns)),
      shares: turn === null ? [share] : [share, turn],
      returns,
      bookings,
      events: [{ type: isDone ? "share.succeeded" : "share.failed", share }],
    },
  };
}

/** An answer about what a receiver gives back. */
export function answerReturn(locked: Locked, returnId: Id, answer: Answer<ShareOutcome>): AnswerDecided {
  const { now } = locked;
  const present = locked.returns.find(({ id }) => id === returnId);
  const share = locked.shares.find(({ id }) => id === present?.shareId);
  if (present === undefined || share === undefined) {
    throw new Error(`the return ${returnId} is not one of the locked payment's`);
  }
  const { asked, sentUntil = null } = answer;
  const about = { asked, sentUntil, since: present.createdAt, now, queryGapsMs: gapsOf(locked) };
  const { next, decision } = decideCalled(present, answer.end, about);
  if (next.state === present.state || !isFinal(next)) {
    return { decision, effects: next === present ? {} : { returns: [next] } };
  }
  const isDone = next.state === "succeeded";
  const afterFailure = present.state === "failed";
  const booking: ShareBooking = isDone
    ? { booking: "share_returned", share, shareReturn: next, afterFailure }
    : undone(share, next);
  const returnedAmount = share.returnedAmount + (isDone ? (afterFailure ? next.amount : 0n) : -next.amount);
  const changed = returnedAmount === share.returnedAmount ? share : { ...share, returnedAmount };
  const returns = merged(locked.returns, [next]);
  return {
    decision,
    effects: {
      ...after(locked, locked.shares, returns),
      shares: changed === share ? [] : [changed],
      returns: [next],
      bookings: [booking],
      events: isDone ? [{ type: "share.returned", share: changed }] : [],
    },
  };
}

/**
 * An answer about the end of the splitting. A channel that refuses it of a payment that it has given back
 * whole has nothing frozen any more; a refund that was only asked for may come to nothing.
 */
export function answerFinish(locked: Locked, end: CallEnd<FinishOutcome>): AnswerDecided {
  const { sharing, success } = locked;
  if (sharing === null) throw new Error(`the payment ${locked.payment.id} is not split`);
  const taken = success?.taken ?? null;
  const isEmpty = taken !== null && givenBack(locked) >= taken.paidAmount;
  const isNo =
    (end.end === "refused" && !end.retryable) || (end.end === "answered" && end.value.outcome === "failed");
  const meant: CallEnd<FinishOutcome> =
    isEmpty && isNo ? { end: "answered", value: { outcome: "finished" } } : end;
  const { next, decision } = decideFinish(sharing, meant, locked.now);
  return { decision, effects: next === sharing ? {} : { sharing: next } };
}

/** What the channel has given back of the success, by us or by itself, wherever it went then. */
function givenBack({ success, refunds }: Locked): bigint {
  if (success === null) return 0n;
  return (
    refunds
      .filter(({ attemptId, acceptedAt }) => attemptId === success.id && acceptedAt !== null)
      // Of one that was carried out after it had failed the sum of what was taken back knows.
      .filter(({ afterFailure, state }) => !afterFailure || state === "returned")
      .reduce((sum, { amount }) => sum + amount, success.takenBack)
  );
}

/** The shortfall is the merchant's: the refund goes on without it. */
function undone(share: Share, shareReturn: ShareReturn): ShareBooking {
  return { booking: "share_return_failed", share, shareReturn };
}

function merged<T extends { readonly id: Id }>(all: readonly T[], changed: readonly T[]): readonly T[] {
  return all.map((one) => changed.find(({ id }) => id === one.id) ?? one);
}

function openInTurn(shares: readonly Share[]): readonly Share[] {
  return shares.filter((share) => !isFinal(share)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Shares of one order are sent one after the other: the next one's turn has come. */
export function nextTurn(shares: readonly Share[], now: Date): Share | null {
  const open = openInTurn(shares);
  const [first] = open;
  if (first === undefined || open.some(({ state }) => state !== "created")) return null;
  return first.dueAt !== null && first.dueAt <= now ? null : { ...first, dueAt: now };
}

/** Whether it is this share's turn to be sent. */
export function isItsTurn(shares: readonly Share[], shareId: Id): boolean {
  const [first, ...others] = openInTurn(shares);
  return first?.id === shareId && others.every(({ state }) => state === "created");
}

/** What follows once shares and returns are as they are: the end of the splitting, refunds that waited. */
function after(locked: Locked, shares: readonly Share[], returns: readonly ShareReturn[]): Effects {
  const { sharing, refunds, traits, now } = locked;
  const open = shares.filter((share) => !isFinal(share)).length;
  const next = sharing === null ? null : nextOfSharing(sharing, open, now);
  const waits = (refund: Refund, present: Pick<Locked, "shares" | "returns">) =>
    isHeldBack(present.shares, present.returns, refund, traits);
  // One that waited for nothing here has a due time for reasons of its own: a gap, or a call under way.
  const release = refunds
    .filter(
      (refund) => refund.state === "created" && waits(refund, locked) && !waits(refund, { shares, returns }),
    )
    .map(({ id }) => id);
  return { ...(next === null || next === sharing ? {} : { sharing: next }), release };
}

function gapsOf({ traits }: Locked): readonly number[] {
  return traits?.queryGapsMs ?? NO_GAPS;
}

/** A due time for what only others can bring on. */
export function lookAgainAt(now: Date): Date {
  return plus(now, LEASE_MS);
}
