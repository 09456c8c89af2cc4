import type { Id } from "../../kernel/ids.ts";
import type { Share, ShareReturn } from "../../sharing/index.ts";
import type { Attempt, Dispute, Payment, Refund, WorkItemKind } from "../model.ts";
import { ATTEMPT, assertStep, DISPUTE, type Machine, PAYMENT, REFUND } from "../states.ts";

/** One payment with what belongs to it, as read under the payment's lock. */
export type Box = {
  payment: Payment;
  readonly attempts: Map<Id, Attempt>;
  readonly refunds: Map<Id, Refund>;
  readonly disputes: Map<Id, Dispute>;
};

export type EventType =
  | "payment.succeeded"
  | "payment.closed"
  | "payment.failed"
  | "payment.reversed_by_channel"
  | "refund.accepted"
  | "refund.succeeded"
  | "refund.failed"
  | "refund.returned"
  | "dispute.opened"
  | "dispute.won"
  | "dispute.lost";

/** Something that happened to money, to be written as a journal (postings.ts). */
export type Booking =
  /**
   * What a receiver is to give back for a refund: the merchant's again, before the refund draws on it; or has
   * given back with one that was refused and carried out all the same.
   */
  | BookingOfShare
  | {
      readonly booking: "success" | "surplus";
      readonly attempt: Attempt;
    }
  /**
   * `channelDate` of what comes back: the channel's day on which it did, which its statement bears.
   * `settleAmount`: the settled part of what was still held. `costReturned`: what of the cost comes back with
   * it.
   */
  | {
      readonly booking: "reversed_by_channel" | "surplus_taken_back";
      readonly attempt: Attempt;
      readonly settleAmount: bigint;
      readonly costReturned: bigint;
      readonly channelDate: string;
    }
  /**
   * `settleAmount`: the settled part that the channel gave back by itself; negative: it came back. `sourceId`
   * names the report, or the refund where the channel told its number.
   */
  | {
      readonly booking: "refund_by_channel";
      readonly attempt: Attempt;
      readonly settleAmount: bigint;
      readonly sourceId: Id;
      readonly channelDate: string;
    }
  /** `claimed`: what payers' claims hold of the surplus; it lies where the refund's money lies. */
  | {
      readonly booking: "surplus_refund_created" | "refund_failed";
      readonly attempt: Attempt;
      readonly refund: Refund;
      readonly claimed: bigint;
    }
  | {
      readonly booking: "refund_after_failure";
      readonly attempt: Attempt;
      readonly refund: Refund;
    }
  | {
      readonly booking: "refund_returned";
      readonly attempt: Attempt;
      readonly refund: Refund;
      readonly channelDate: string;
    }
  /** A merchant's own refund: its money is put aside, on credit up to the line in minor units. */
  | {
      readonly booking: "refund_requested";
      readonly attempt: Attempt;
      readonly refund: Refund;
      readonly creditLine: bigint;
      /** What acceptance gives back of the fee: the merchant's pending money may fall short by as much. */
      readonly feeExpected: bigint;
    }
  /**
   * `reserved`: what the refund had taken aside at its creation, before the channel told its settled part.
   * `claimed`: as above.
   */
  | {
      readonly booking: "refund_accepted";
      readonly attempt: Attempt;
      readonly refund: Refund;
      readonly reserved: bigint;
      readonly claimed: bigint;
    }
  /** `home`: where the disputed money is. */
  | {
      readonly booking: "dispute_opened" | "dispute_won";
      readonly attempt: Attempt;
      readonly dispute: Dispute;
      readonly home: "merchant_pending" | "suspense_surplus" | "refund_clearing";
      readonly channelDate: string;
    };

type BookingOfShare = {
  readonly booking: "share_return_booked" | "share_returned";
  readonly attempt: Attempt;
  readonly share: Share;
  readonly shareReturn: ShareReturn;
  /** It had been held for failed with its refund. */
  readonly afterFailure?: boolean;
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export type NewWorkItem = {
  readonly kind: WorkItemKind;
  readonly subjectId: Id;
  readonly amount: bigint;
  readonly detail: string;
};

/**
 * A payment being decided on: working copies and what is to happen. Nothing shared changes before `keep`; a
 * decision that throws leaves the box as it was.
 */
export type Draft = {
  readonly payment: Mutable<Payment>;
  attempt(id: Id): Mutable<Attempt>;
  refund(id: Id): Mutable<Refund>;
  /** The refunds of an attempt as they are now. */
  refundsOf(attemptId: Id): readonly Refund[];
  addRefund(refund: Refund): void;
  dispute(id: Id): Mutable<Dispute>;
  /** The disputes about an attempt as they are now. */
  disputesOf(attemptId: Id): readonly Dispute[];
  addDispute(dispute: Dispute): void;
  addAttempt(attempt: Attempt): void;
  book(booking: Booking): void;
  /** `subjectId` for a refund's or a dispute's event; the payment itself otherwise. */
  tell(type: EventType, subjectId?: Id): void;
  open(item: NewWorkItem): void;
  readonly effects: Effects;
  /** Throws on a change of state that the table of states.ts does not have. */
  check(): void;
  /** Makes the working copies the box's present. */
  keep(): void;
};

export type Effects = {
  readonly bookings: Booking[];
  readonly events: { type: EventType; subjectId: Id | null }[];
  readonly workItems: NewWorkItem[];
  readonly newRefunds: Refund[];
  /** Refunds that the channel had refused and carried out all the same, as it told them. */
  readonly carriedOutLate: Refund[];
  readonly newDisputes: Dispute[];
  readonly newAttempts: Attempt[];
};

export function openDraft(box: Box): Draft {
  const payment = { ...box.payment };
  const attempts = new Map<Id, Mutable<Attempt>>();
  const refunds = new Map<Id, Mutable<Refund>>();
  const disputes = new Map<Id, Mutable<Dispute>>();
  const effects = noEffects();
  const attempt = (id: Id) => copyOf(id, box.attempts, attempts, "attempt");
  return {
    payment,
    attempt,
    refund: (id) => copyOf(id, box.refunds, refunds, "refund"),
    refundsOf: (attemptId) =>
      [...new Map([...box.refunds, ...refunds]).values()].filter((refund) => refund.attemptId === attemptId),
    addRefund: (refund) => {
      refunds.set(refund.id, { ...refund });
      effects.newRefunds.push(refund);
    },
    dispute: (id) => copyOf(id, box.disputes, disputes, "dispute"),
    disputesOf: (attemptId) =>
      [...new Map([...box.disputes, ...disputes]).values()].filter((one) => one.attemptId === attemptId),
    addDispute: (dispute) => {
      disputes.set(dispute.id, { ...dispute });
      effects.newDisputes.push(dispute);
    },
    addAttempt: (attempt) => {
      attempts.set(attempt.id, { ...attempt });
      effects.newAttempts.push(attempt);
    },
    book: (booking) => effects.bookings.push(snapshot(booking)),
    tell: (type, subjectId) => effects.events.push({ type, subjectId: subjectId ?? null }),
    open: (item) => effects.workItems.push(item),
    effects,
    check: () => {
      assertStep(PAYMENT, box.payment.status, payment.status);
      for (const [id, { state }] of attempts) assertStep(ATTEMPT, box.attempts.get(id)?.state ?? null, state);
      for (const [id, { state }] of refunds) checkSteps(REFUND, box.refunds.get(id)?.state ?? null, state);
      for (const [id, { state }] of disputes) checkSteps(DISPUTE, box.disputes.get(id)?.state ?? null, state);
    },
    keep: () => {
      box.payment = payment;
      for (const [id, copy] of attempts) box.attempts.set(id, copy);
      for (const [id, copy] of refunds) box.refunds.set(id, copy);
      for (const [id, copy] of disputes) box.disputes.set(id, copy);
    },
  };
}

function noEffects(): Effects {
  const added = { newRefunds: [], newDisputes: [], newAttempts: [] };
  return { bookings: [], events: [], workItems: [], carriedOutLate: [], ...added };
}

/**
 * One may begin and go on at once: a dispute that is told of first by its end, a refund of what was claimed
 * before.
 */
function checkSteps<S extends string>(made: Machine<S>, from: S | null, to: S): void {
  const [born] = made.born;
  if (from === null && born !== undefined) assertStep(made, null, born);
  assertStep(made, from ?? born ?? null, to);
}

function copyOf<T extends object>(
  id: Id,
  from: ReadonlyMap<Id, T>,
  copies: Map<Id, Mutable<T>>,
  what: string,
): Mutable<T> {
  let copy = copies.get(id);
  if (copy === undefined) {
    const present = from.get(id);
    if (present === undefined) throw new Error(`the ${what} ${id} is not one of the locked payment's`);
    copy = { ...present };
    copies.set(id, copy);
  }
  return copy;
}

/** A booking keeps the moment it was decided at, though the draft goes on changing. */
function snapshot(booking: Booking): Booking {
  const kept = { ...booking, attempt: { ...booking.attempt } };
  if ("dispute" in booking) return { ...booking, attempt: kept.attempt, dispute: { ...booking.dispute } };
  return "refund" in booking ? ({ ...kept, refund: { ...booking.refund } } as Booking) : (kept as Booking);
}
