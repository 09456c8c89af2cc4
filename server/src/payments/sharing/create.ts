/** Shares that are asked for: by a merchant's request, or by the plan that came with the payment. */
import type { Tx } from "../../kernel/database.ts";
import { channelNumber, type Id, type IdMaker } from "../../kernel/ids.ts";
import {
  fitted,
  insertRequest,
  isFinal,
  type KnownReceiver,
  nextOfSharing,
  type Part,
  partsOf,
  requestByNumber,
  roomOf,
  type Share,
  type ShareBooking,
  type ShareRule,
  type SharingRow,
} from "../../sharing/index.ts";
import type { EventType } from "../../webhooks/index.ts";
import { lookAgainAt } from "./decide.ts";
import type { Effects, Locked } from "./door.ts";
import { roomOfPayment } from "./room.ts";

export type ShareWish = {
  /** Null: the plan of the payment, which is cut down to what is left instead of being refused. */
  readonly number: { readonly merchantShareNo: string; readonly request: string } | null;
  readonly rules: readonly ShareRule[];
  readonly description: string;
  /** What is left is the merchant's once these shares are done. */
  readonly finish: boolean;
  /** The receivers that the rules name, as they are. */
  readonly receivers: readonly KnownReceiver[];
};

export type ShareRefusal =
  | { readonly refusal: "number_reused"; readonly request: string; readonly samePayment: boolean }
  | { readonly refusal: "payment_not_shareable"; readonly detail: string }
  | { readonly refusal: "receiver_not_available"; readonly index: number; readonly detail: string }
  | { readonly refusal: "shares_exhausted"; readonly max: number }
  | { readonly refusal: "share_exceeds_payment"; readonly left: bigint; readonly limit: "rest" | "maximum" }
  | { readonly refusal: "share_empty" };

export type ShareResult = { readonly shares: readonly Share[]; readonly isNew: boolean } | ShareRefusal;

type Answered = readonly [ShareResult, Effects];

/** Decides a wish for shares under the payment's lock. The ladder of refusals is part of the contract. */
export async function createShares(
  locked: Locked,
  tx: Tx,
  wish: ShareWish,
  newId: IdMaker,
): Promise<Answered> {
  const { payment, now } = locked;
  const no = (refusal: ShareRefusal): Answered => [refusal, {}];
  if (wish.number !== null) {
    const { merchantShareNo, request } = wish.number;
    const known = await requestByNumber(tx, payment.merchantId, merchantShareNo);
    if (known !== null) return repeated(locked, known, wish.number);
    const decided = decideShares(locked, wish, newId);
    if ("refusal" in decided[0]) return decided;
    const row = { merchantId: payment.merchantId, merchantShareNo, paymentId: payment.id, request };
    if (await insertRequest(tx, { ...row, createdAt: now })) return decided;
    // Another payment's request took the number meanwhile: the next statement sees it.
    const winner = await requestByNumber(tx, payment.merchantId, merchantShareNo);
    if (winner === null) throw new Error(`the share number ${merchantShareNo} vanished`);
    return no({
      refusal: "number_reused",
      request: winner.request,
      samePayment: winner.paymentId === payment.id,
    });
  }
  return decideShares(locked, wish, newId);
}

function repeated(
  { payment, shares }: Locked,
  known: { readonly paymentId: Id; readonly request: string },
  number: { readonly merchantShareNo: string; readonly request: string },
): Answered {
  const samePayment = known.paymentId === payment.id;
  if (!samePayment || known.request !== number.request) {
    return [{ refusal: "number_reused", request: known.request, samePayment }, {}];
  }
  const made = shares.filter(({ merchantShareNo }) => merchantShareNo === number.merchantShareNo);
  return [{ shares: made, isNew: false }, {}];
}

function decideShares(locked: Locked, wish: ShareWish, newId: IdMaker): Answered {
  const { payment, success, sharing, shares, traits, now } = locked;
  const no = (refusal: ShareRefusal): Answered => [refusal, {}];
  const unshareable = (detail: string) => no({ refusal: "payment_not_shareable", detail });
  if (success === null) return unshareable(`the payment is ${payment.status}`);
  if (sharing === null) return unshareable("it was not created with profit_sharing");
  // Who comes second, after a lease that ran out or a commit that nobody heard of, finds it carried out.
  if (wish.number === null && sharing.plan === null) return unshareable("its plan is carried out");
  const room = roomOfPayment({ ...locked, success }, sharing);
  if (room === null) return unshareable("the channel took the payment back");
  if (sharing.state !== "open" || sharing.finishWanted || now >= sharing.termEndsAt) {
    return unshareable("its splitting is finished");
  }
  const unavailable = wish.rules.findIndex((rule) => lackOf(rule.receiver, wish.receivers, sharing) !== null);
  if (unavailable !== -1) {
    const { receiver } = wish.rules[unavailable] as ShareRule;
    const detail = lackOf(receiver, wish.receivers, sharing) ?? "";
    return no({ refusal: "receiver_not_available", index: unavailable, detail });
  }
  const wanted = partsOf(wish.rules, room.settled - room.refunded);
  if (wanted.length === 0) return no({ refusal: "share_empty" });
  if (traits !== null && shares.length + wanted.length > traits.sharesMax) {
    return no({ refusal: "shares_exhausted", max: traits.sharesMax });
  }
  const { left, limit } = roomOf(room, shares);
  const parts = wish.number === null ? fitted(wanted, left) : wanted;
  const sum = parts.reduce((total, { amount }) => total + amount, 0n);
  if (sum > left || sum === 0n) return no({ refusal: "share_exceeds_payment", left, limit });
  return made(locked, sharing, parts, wish, newId);
}

function made(
  locked: Locked,
  sharing: SharingRow,
  parts: readonly Part[],
  wish: ShareWish,
  newId: IdMaker,
): Answered {
  const { shares, now } = locked;
  const isIdle = shares.every(isFinal);
  const newShares = parts.map((part, index) =>
    newShare(locked, sharing, part, {
      wish,
      id: newId(),
      // One after the other: the channel splits an order one call at a time.
      dueAt: isIdle && index === 0 ? now : lookAgainAt(now),
    }),
  );
  const finishWanted = sharing.finishWanted || wish.finish;
  const open = [...shares, ...newShares].filter((share) => !isFinal(share)).length;
  // What came with the payment is still made after shares that are asked for, unless those are the last.
  const planned =
    wish.number === null
      ? { plan: null, failureCode: null, failureMessage: null }
      : { plan: wish.finish ? null : sharing.plan };
  const next = nextOfSharing({ ...sharing, ...planned, finishWanted }, open, now);
  return [
    { shares: newShares, isNew: true },
    {
      sharing: next,
      newShares,
      bookings: newShares.map((share): ShareBooking => ({ booking: "share_booked", share })),
      events: newShares
        .filter(isFinal)
        .map((share): { type: EventType; share: Share } => ({ type: "share.succeeded", share })),
    },
  ];
}

function newShare(
  { payment, success, now }: Locked,
  sharing: SharingRow,
  { party, amount }: Part,
  { wish, id, dueAt }: { readonly wish: ShareWish; readonly id: Id; readonly dueAt: Date },
): Share {
  const binding = bindingOf(party, wish.receivers, sharing);
  if (success === null || binding === undefined) throw new Error(`nothing to share of ${payment.id}`);
  const inBooks = sharing.mode === "books";
  return {
    id,
    paymentId: payment.id,
    attemptId: success.id,
    merchantId: payment.merchantId,
    channel: success.channel,
    channelAccountId: success.channelAccountId,
    fundFlow: success.fundFlow,
    mode: sharing.mode,
    receiverId: party,
    receiverType: binding.type,
    receiverAccount: binding.account,
    merchantShareNo: wish.number?.merchantShareNo ?? null,
    amount,
    currency: payment.currency,
    description: wish.description,
    returnedAmount: 0n,
    state: inBooks ? "succeeded" : "created",
    channelShareNo: channelNumber("shr", id),
    channelOwnNo: null,
    channelDate: null,
    failureCode: null,
    failureMessage: null,
    tries: 0,
    dueAt: inBooks ? null : dueAt,
    createdAt: now,
    finishedAt: inBooks ? now : null,
  };
}

function bindingOf(receiver: Id, known: readonly KnownReceiver[], { channelAccountId }: SharingRow) {
  return known
    .find((one) => one.receiver.id === receiver)
    ?.bindings.find((binding) => binding.channelAccountId === channelAccountId);
}

/** What keeps a receiver from a share; null: nothing. */
function lackOf(receiver: Id, known: readonly KnownReceiver[], sharing: SharingRow): string | null {
  const found = known.find((one) => one.receiver.id === receiver);
  if (found === undefined) return "this merchant has no such receiver";
  if (found.receiver.state !== "active") return `the receiver is ${found.receiver.state}`;
  const binding = bindingOf(receiver, known, sharing);
  if (binding === undefined) return "the receiver has no account at the payment's channel";
  return binding.state === "bound"
    ? null
    : `the receiver is not bound at ${binding.channel}: ${binding.state}`;
}
