/**
 * The door of shares: every wish for a share and every answer about one goes through it, under its payment's
 * lock, in the one order of locks: day, payment, share number, accounts. What it reads it reads there.
 */
import type { Channels, SharingTraits } from "../../channels/index.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { lockDay, post } from "../../ledger/index.ts";
import {
  insertShares,
  isBooked,
  presentShare,
  returnsOfPayments,
  type Share,
  type ShareBooking,
  type ShareReturn,
  type SharingRow,
  shareJournal,
  sharesOfPayments,
  sharingsOfPayments,
  updateReturns,
  updateShares,
  updateSharing,
} from "../../sharing/index.ts";
import type { EventType, NewEvent, Webhooks } from "../../webhooks/index.ts";
import { attemptsOfPayments } from "../attempt/store.ts";
import { disputesOfPayments } from "../dispute/store.ts";
import { type ExchangeRow, insertExchanges } from "../exchanges.ts";
import type { Attempt, Dispute, Payment, Refund } from "../model.ts";
import { lockPayments } from "../payment/store.ts";
import { refundsOfPayments, releaseRefunds } from "../refund/store.ts";

export type ShareDoorDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "channel">;
  readonly webhooks: Pick<Webhooks, "record" | "endpointsOf" | "deliver">;
  readonly onDue: () => void;
};

/** A payment with all that concerns its shares, as read under its lock. */
export type Locked = {
  readonly payment: Payment;
  readonly success: Attempt | null;
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
  readonly sharing: SharingRow | null;
  readonly shares: readonly Share[];
  readonly returns: readonly ShareReturn[];
  readonly traits: SharingTraits | null;
  readonly now: Date;
};

/** What is to happen, besides the value that the caller gets. */
export type Effects = {
  readonly sharing?: SharingRow;
  readonly newShares?: readonly Share[];
  readonly shares?: readonly Share[];
  readonly returns?: readonly ShareReturn[];
  readonly bookings?: readonly ShareBooking[];
  readonly events?: readonly { readonly type: EventType; readonly share: Share }[];
  readonly exchange?: ExchangeRow;
  /** Refunds that waited for what has happened now. */
  readonly release?: readonly Id[];
};

export type ShareDoor = {
  /**
   * Locks the payment, decides, writes and books in one transaction. `decide` may run more than once; null:
   * the merchant has no such payment.
   */
  under<T>(
    about: { readonly paymentId: Id; readonly merchantId: Id },
    decide: (locked: Locked, tx: Tx) => Promise<readonly [T, Effects]> | readonly [T, Effects],
  ): Promise<T | null>;
};

export function createShareDoor(deps: ShareDoorDeps): ShareDoor {
  const { cell } = deps;
  return {
    under: async ({ paymentId, merchantId }, decide) => {
      const endpoints = await deps.webhooks.endpointsOf([merchantId]);
      const done = await cell.transact(
        async (tx) => {
          const day = await lockDay(tx, cell.cell);
          const locked = await load(deps, tx, paymentId);
          if (locked?.payment.merchantId !== merchantId) return null;
          const [value, effects] = await decide(locked, tx);
          await persist(tx, effects, locked.now);
          const events = (effects.events ?? []).map((event) => shareEvent(cell.newId(), locked, event));
          const deliveries = await deps.webhooks.record(tx, endpoints, events);
          const drafts = (effects.bookings ?? [])
            .filter(({ share }) => isBooked(share))
            .map((booking) => shareJournal(booking, cell.newId()));
          if (drafts.length > 0) {
            for (const { result } of await post(tx, day, drafts, locked.now)) {
              if (result !== "posted") throw new Error(`the books ${result} a share of ${paymentId}`);
            }
          }
          return { value, deliveries };
        },
        { repeatable: true },
      );
      if (done === null) return null;
      deps.webhooks.deliver(done.deliveries);
      deps.onDue();
      return done.value;
    },
  };
}

async function load(deps: ShareDoorDeps, tx: Tx, paymentId: Id): Promise<Locked | null> {
  const ids = [paymentId];
  const [payment] = await lockPayments(tx, ids);
  if (payment === undefined) return null;
  const [attempts, refunds, disputes, sharings, shares, returns] = await Promise.all([
    attemptsOfPayments(tx, ids),
    refundsOfPayments(tx, ids),
    disputesOfPayments(tx, ids),
    sharingsOfPayments(tx, ids),
    sharesOfPayments(tx, ids),
    returnsOfPayments(tx, ids),
  ]);
  const success = attempts.find(({ id }) => id === payment.successAttemptId) ?? null;
  const traits = success === null ? null : (deps.channels.channel(success.channel)?.sharing?.traits ?? null);
  const sharing = sharings[0] ?? null;
  return {
    payment,
    success,
    refunds,
    disputes,
    sharing,
    shares,
    returns,
    traits: sharing?.mode === "channel" ? traits : null,
    now: deps.cell.clock.now(),
  };
}

async function persist(tx: Tx, effects: Effects, now: Date): Promise<void> {
  const { sharing, newShares = [], shares = [], returns = [], exchange, release = [] } = effects;
  await Promise.all([
    sharing === undefined ? null : updateSharing(tx, sharing),
    insertShares(tx, newShares),
    updateShares(tx, shares),
    updateReturns(tx, returns),
    exchange === undefined ? null : insertExchanges(tx, [exchange]),
    releaseRefunds(tx, release, now),
  ]);
}

/** Tells of a share. @param id the event's */
export function shareEvent(
  id: Id,
  { payment, now }: Pick<Locked, "payment" | "now">,
  { type, share }: { readonly type: EventType; readonly share: Share },
): NewEvent {
  return {
    id,
    merchantId: payment.merchantId,
    type,
    subjectId: share.id,
    paymentId: payment.id,
    data: { share: presentShare(share) },
    createdAt: now,
  };
}
