/**
 * How many of the orders that an account opened were paid: by the minute in which they were opened, beside
 * the account's own baseline. An order counts once its buyer has had time to pay.
 */
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { FLOOR_WINDOW_MINUTES_MAX, type SceneKind } from "../model.ts";

/** How long a buyer is given before an order that is not paid counts against its account. */
export const PATIENCE_MS: Readonly<Record<SceneKind, number>> = {
  payment_code: MINUTE,
  qr: 3 * MINUTE,
  redirect: 3 * MINUTE,
  app: 3 * MINUTE,
  jsapi: 3 * MINUTE,
};

/** The paid share of late is that of so many minutes. */
export const RECENT_MINUTES = 10;
/** Fewer orders say nothing. */
export const OPENED_MIN = 20;
/** Below this part of its baseline the account's pages do not work. */
export const SHARE_OF_BASELINE_MIN = 0.3;
/** An account whose buyers hardly ever pay has no baseline to fall from. */
export const BASELINE_MIN = 0.1;
/** What is left of a minute's weight in the baseline a minute later: it halves in some two hours. */
export const BASELINE_KEPT = 0.995;

/** A channel's page that opens for nobody is told by the cashier long before its orders count as unpaid. */
export const BEACON_MINUTES = 3;
/** Fewer buyers may have phones of their own kind. */
export const BEACONS_MIN = 5;
/** From this part of the orders on the page does not open. */
export const BEACON_SHARE_MIN = 0.5;

const MINUTES_KEPT = FLOOR_WINDOW_MINUTES_MAX + RECENT_MINUTES;

/** All before, in one: each minute weighs less than the one after it. */
type Past = { opened: number; paid: number; upTo: number };

/** `orders`: the first of the minute, by which it can be asked how many of all were paid. */
type Minute = { minute: number; opened: number; paid: number; beacons: number; readonly orders: Id[] };

/** So many orders of a minute are remembered by their ids. */
export const ORDERS_REMEMBERED = 8;

export type Share = { readonly opened: number; readonly paid: number };

/** The orders of one account for one kind of scene. */
export type Shares = {
  opened(at: number, orderId: Id): void;
  /** @param openedAt when the order that is paid was opened. */
  paid(openedAt: number): void;
  /** The cashier's page tells that the channel's did not open for a buyer. */
  beacon(at: number): void;
  /**
   * Of the orders whose buyers have had their time, the last `minutes` of them. @param from of these only the
   * whole minutes from this instant on.
   */
  recent(now: number, minutes: number, from?: number): Share;
  /** Orders of the last `minutes`, some of each, whether or not their buyers have had their time. */
  remembered(now: number, minutes: number): readonly Id[];
  /** Of those that are remembered, these were paid, whoever heard of it: as many of all. */
  heard(paid: ReadonlySet<Id>): void;
  /** Whether the channel's page opens for too few of the buyers of late. @param from as above. */
  failsToOpen(now: number, from?: number): boolean;
  /** Of all before, the older the less; null: too few. */
  baseline(now: number): number | null;
  /** Orders opened since an instant whose buyers have had their time. */
  openedSince(from: number, now: number): number;
};

export function createShares(kind: SceneKind): Shares {
  const patienceMs = PATIENCE_MS[kind];
  // The newest last.
  const minutes: Minute[] = [];
  const old: Past = { opened: 0, paid: 0, upTo: 0 };
  const mature = (now: number) => Math.floor((now - patienceMs) / MINUTE) - 1;
  const tidy = (now: number) => {
    settle(minutes, old, mature(now) - RECENT_MINUTES);
    const oldest = Math.floor(now / MINUTE) - MINUTES_KEPT;
    while (minutes.length > 0 && (minutes[0] as Minute).minute < oldest) minutes.shift();
  };
  return {
    opened: (at, orderId) => {
      tidy(at);
      const minute = minuteAt(minutes, at);
      if (minute === null) return;
      minute.opened += 1;
      if (minute.orders.length < ORDERS_REMEMBERED) minute.orders.push(orderId);
    },
    paid: (openedAt) => {
      const minute = minuteAt(minutes, openedAt);
      if (minute !== null) minute.paid += 1;
    },
    beacon: (at) => {
      const minute = minuteAt(minutes, at);
      if (minute !== null) minute.beacons += 1;
    },
    recent: (now, window, from = 0) => {
      const first = Math.max(mature(now) - window + 1, Math.ceil(from / MINUTE));
      const { opened, paid } = sum(minutes, first, mature(now));
      return { opened, paid };
    },
    remembered: (now, window) => {
      const first = mature(now) - window + 1;
      return minutes.filter(({ minute }) => minute >= first).flatMap(({ orders }) => orders);
    },
    heard: (paid) => {
      for (const one of minutes) {
        const known = one.orders.filter((id) => paid.has(id)).length;
        if (known > 0) one.paid = Math.max(one.paid, (one.opened * known) / one.orders.length);
      }
    },
    failsToOpen: (now, from = 0) => {
      const minute = Math.floor(now / MINUTE);
      const first = Math.max(minute - BEACON_MINUTES + 1, Math.ceil(from / MINUTE));
      const { opened, beacons } = sum(minutes, first, minute);
      // Beside no order that counts there is nothing that they could be a share of.
      return opened > 0 && beacons >= BEACONS_MIN && beacons >= opened * BEACON_SHARE_MIN;
    },
    baseline: (now) => {
      tidy(now);
      return old.opened < OPENED_MIN ? null : old.paid / old.opened;
    },
    openedSince: (from, now) => sum(minutes, Math.floor(from / MINUTE), mature(now)).opened,
  };
}

/** The minute of an instant, made where there is none; null: it is too long ago to be kept. */
function minuteAt(minutes: Minute[], at: number): Minute | null {
  const minute = Math.floor(at / MINUTE);
  const behind = minutes.findLastIndex((one) => one.minute <= minute);
  const known = minutes[behind];
  if (known?.minute === minute) return known;
  if (behind < 0 && minutes.length > 0) return null;
  const fresh = { minute, opened: 0, paid: 0, beacons: 0, orders: [] };
  minutes.splice(behind + 1, 0, fresh);
  return fresh;
}

/** What is neither recent nor waited for any more moves into the baseline, once. */
function settle(minutes: readonly Minute[], old: Past, upTo: number): void {
  for (const one of minutes) {
    if (one.minute > upTo || one.minute < old.upTo) continue;
    const kept = BASELINE_KEPT ** (one.minute + 1 - old.upTo);
    old.opened = old.opened * kept + one.opened;
    old.paid = old.paid * kept + Math.min(one.paid, one.opened);
    old.upTo = one.minute + 1;
  }
}

function sum(minutes: readonly Minute[], from: number, to: number) {
  const total = { opened: 0, paid: 0, beacons: 0 };
  for (const { minute, opened, paid, beacons } of minutes) {
    if (minute < from || minute > to) continue;
    total.opened += opened;
    total.paid += Math.min(paid, opened);
    total.beacons += beacons;
  }
  return total;
}

/** Whether the paid share has fallen away from the account's own baseline. */
export function hasFallen(recent: Share, baseline: number | null): boolean {
  if (baseline === null || baseline < BASELINE_MIN || recent.opened < OPENED_MIN) return false;
  return recent.paid / recent.opened < baseline * SHARE_OF_BASELINE_MIN;
}

/** How often the share of an account is looked at again. */
export const LOOK_MS = SECOND;
