/**
 * What merchants are told (https://www.standardwebhooks.com). This room knows no payment: an event has a
 * subject and what it carries is opaque here.
 *
 * Event: one thing that happened to one of a merchant's resources. Its payload is fixed when it is recorded.
 * Endpoint: an address of a merchant that hears of events; it subscribes to some types or, by default, to
 * all. Delivery: one event on its way to one endpoint: `scheduled`, `delivered`, or `dead` when the schedule
 * is over. Try: one request of a delivery. Failed tries are kept one by one; the last try stands on the
 * delivery. Round: the tries of one pass through the schedule; a resend begins a new round. Born leased: a
 * new delivery's due time lies one lease ahead, because the process that wrote it sends it from memory.
 * Health: how an endpoint fares at present; it is kept only while an endpoint fails.
 */
import type { KeyObject } from "node:crypto";
import { HOUR, MINUTE, plus, SECOND } from "../kernel/clock.ts";
import { formatId, ID_PREFIXES, type Id, parseId } from "../kernel/ids.ts";

/** Every type of event that an endpoint can subscribe to: the kind of its subject, and what it says. */
export const EVENT_TYPES = {
  "payment.succeeded": { subject: "payment", says: "The buyer's money was taken. Hand over the goods." },
  "payment.closed": {
    subject: "payment",
    says: "The payment ended without money: it expired or was cancelled.",
  },
  "payment.failed": { subject: "payment", says: "The payment was refused for good." },
  "payment.reversed_by_channel": {
    subject: "payment",
    says: "The channel took back a payment that had succeeded.",
  },
  "refund.accepted": {
    subject: "refund",
    says: "The channel took the refund; the money is on its way back.",
  },
  "refund.succeeded": { subject: "refund", says: "The refund arrived at the buyer." },
  "refund.failed": { subject: "refund", says: "The refund was refused; the money is yours again." },
  "refund.returned": { subject: "refund", says: "An accepted refund came back; the money is yours again." },
  "dispute.opened": {
    subject: "dispute",
    says: "A payer claims the money back through the channel; it is held back. Bring evidence.",
  },
  "dispute.won": {
    subject: "dispute",
    says: "The claim was decided for you; `amount_returned` and `fee_returned` are yours again.",
  },
  "dispute.lost": { subject: "dispute", says: "The claim was decided for the payer; the money is gone." },
  "settlement.approved": {
    subject: "settlement",
    says: "A settlement is decided: its `available` part may be paid out.",
  },
  "settlement.paid": { subject: "settlement", says: "A settlement's money was paid out to you." },
  "payout.succeeded": { subject: "payout", says: "The bank's statement shows the payout." },
  "payout.rejected": { subject: "payout", says: "The payout was refused; the amount is available again." },
  "payout.returned": {
    subject: "payout",
    says: "The bank sent the payout back later; the amount is available again.",
  },
  "receiver_payout.succeeded": {
    subject: "payout",
    says: "The bank's statement shows what was paid to a receiver of yours.",
  },
  "receiver_payout.returned": {
    subject: "payout",
    says: "The bank sent back what was paid to a receiver of yours; it is owed again.",
  },
  "share.succeeded": { subject: "share", says: "A receiver has got its share of a payment." },
  "share.failed": { subject: "share", says: "A receiver's share was refused; the money is yours again." },
  "share.returned": {
    subject: "share",
    says: "A receiver gave back a share, or a part of it, for a refund.",
  },
  ping: { subject: "webhookEndpoint", says: "Sent by an endpoint's test, whatever it subscribes to." },
} as const satisfies Record<string, { subject: keyof typeof ID_PREFIXES; says: string }>;
export type EventType = keyof typeof EVENT_TYPES;

/** An event's subject as written on the wire: `pay_…`, `rfd_…`. */
export function formatSubject(type: EventType, subjectId: Id): string {
  return formatId(ID_PREFIXES[EVENT_TYPES[type].subject], subjectId);
}

/** The id of a subject as written on the wire, or null for anything else. */
export function parseSubject(text: string): Id | null {
  const kinds = new Set(Object.values(EVENT_TYPES).map(({ subject }) => subject));
  for (const kind of kinds) {
    const id = parseId(ID_PREFIXES[kind], text);
    if (id !== null) return id;
  }
  return null;
}

/** An endpoint that subscribes to this hears of every type. */
export const ALL_EVENTS = "*";

export type EndpointStatus = "enabled" | "disabled";

/**
 * A key that signs deliveries until `expiresAt`; null: for good. It is held ready to sign: to sign with its
 * bare bytes takes five times as long.
 */
export type SigningKey = { readonly key: KeyObject; readonly expiresAt: Date | null };

export type Endpoint = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly url: string;
  readonly description: string;
  /** Types, or `*` alone. */
  readonly events: readonly string[];
  /** True: a 2xx counts only when its body is the word `success`. */
  readonly requireBodySuccess: boolean;
  readonly status: EndpointStatus;
  /** The present key, and the one before it while their overlap lasts. */
  readonly keys: readonly SigningKey[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** What JSON can say; an amount is a number here, checked by whoever presents it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [member: string]: Json };

/** An event to be recorded. `data` is what the merchant reads, as it goes on the wire. */
export type NewEvent = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly type: EventType;
  /** What happened to what: a payment or a refund. */
  readonly subjectId: Id;
  /** The payment whose timeline the event belongs to; null: none. */
  readonly paymentId: Id | null;
  readonly data: Readonly<Record<string, Json>>;
  readonly createdAt: Date;
};

/** A delivery in the hands of this process: it may be sent until its lease ends. */
export type Delivery = {
  readonly id: Id;
  readonly eventId: Id;
  readonly merchantId: Id;
  readonly endpointId: Id;
  /** The body, exactly as it is sent and signed at every try. */
  readonly payload: string;
  readonly leasedUntil: Date;
};

export const DELIVERY_STATES = ["scheduled", "delivered", "dead"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** An event as a timeline shows it. */
export type EventView = {
  readonly id: Id;
  readonly type: EventType;
  readonly subjectId: Id;
  readonly payload: string;
  readonly createdAt: Date;
};

/** A delivery as a timeline shows it, with its failed tries. */
export type DeliveryView = {
  readonly id: Id;
  readonly eventId: Id;
  readonly type: EventType;
  readonly endpointId: Id;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly dueAt: Date | null;
  readonly lastTriedAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastDurationMs: number | null;
  readonly deliveredAt: Date | null;
  readonly createdAt: Date;
  readonly failedTries: readonly FailedTry[];
};

export type FailedTry = {
  readonly number: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly status: number | null;
  readonly error: string;
  /** The beginning of what the endpoint answered. */
  readonly answer: string | null;
};

/** How long one try may take, from the name's resolution to the answer. */
export const TRY_TIMEOUT_MS = 10 * SECOND;
/** At least three times the time-out: a lease never ends while its try may still be under way. */
export const LEASE_MS = 3 * TRY_TIMEOUT_MS;
/** The gap after each failed try of a round; after one more failure the delivery is dead. */
export const RETRY_GAPS_MS: readonly number[] = [
  5 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  1 * HOUR,
  2 * HOUR,
  6 * HOUR,
  15 * HOUR,
];
/** Deliveries in flight to one endpoint, per process. */
export const IN_FLIGHT_PER_ENDPOINT_MAX = 16;

/** Why a try did not count as delivered. */
export type TryFault =
  | "status"
  | "body"
  | "redirect"
  | "timeout"
  | "connection"
  | "name"
  | "target"
  | "endpoint_disabled";

/** How one try ended. */
export type TryResult = {
  readonly deliveryId: Id;
  readonly endpointId: Id;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** The answer's HTTP status; null when none came. */
  readonly status: number | null;
  /** The beginning of the answer's body, fit to be kept; null when none came. */
  readonly answer: string | null;
  readonly fault: TryFault | null;
  /** A sentence for people; null when it was delivered. */
  readonly error: string | null;
};

/** What of a delivery a try's result may change. */
export type DeliveryProgress = {
  readonly id: Id;
  readonly state: DeliveryState;
  /** Every try ever made. */
  readonly tries: number;
  /** Failed tries since the delivery was recorded or last resent. */
  readonly roundFailures: number;
  readonly dueAt: Date | null;
  readonly lastTriedAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastDurationMs: number | null;
  readonly deliveredAt: Date | null;
};

/**
 * The delivery after a try, or null when nothing changes: this very result was written before, or it is the
 * failure of a delivery that ended meanwhile (a delivery that arrived never becomes undelivered by another of
 * its tries).
 */
export function settle(delivery: DeliveryProgress, result: TryResult): DeliveryProgress | null {
  if (delivery.lastTriedAt?.getTime() === result.startedAt.getTime()) return null;
  if (result.fault !== null && delivery.state !== "scheduled") return null;
  if (result.fault === "endpoint_disabled") {
    return { ...delivery, state: "dead", dueAt: null, lastError: result.error };
  }
  const tried = {
    ...delivery,
    tries: delivery.tries + 1,
    lastTriedAt: result.startedAt,
    lastStatus: result.status,
    lastError: result.error,
    lastDurationMs: result.endedAt.getTime() - result.startedAt.getTime(),
  };
  if (result.fault === null) {
    return {
      ...tried,
      state: "delivered",
      dueAt: null,
      deliveredAt: delivery.deliveredAt ?? result.endedAt,
    };
  }
  const gapMs = RETRY_GAPS_MS[delivery.roundFailures];
  return {
    ...tried,
    roundFailures: delivery.roundFailures + 1,
    state: gapMs === undefined ? "dead" : "scheduled",
    dueAt: gapMs === undefined ? null : plus(result.endedAt, gapMs),
  };
}

/** How an endpoint fares while it fails. */
export type Health = {
  /** Failures in a row, counting tries that ran side by side as one. */
  readonly failures: number;
  readonly failingSince: Date;
  readonly failedAt: Date;
  /** Nothing is sent before it; null while the failures are few. */
  readonly pausedUntil: Date | null;
};

/** From this many failures in a row an endpoint is paused, and then asked with one delivery at a time. */
export const FAILURES_BEFORE_PAUSE = 3;
const PAUSE_FIRST_MS = 5 * SECOND;
const PAUSE_MAX_MS = MINUTE;

/**
 * An endpoint's health after a failed try. Pauses grow from 5 s to 1 min: long enough that a dead endpoint
 * costs little, short enough to hardly shift the schedule.
 */
export function afterFailure(
  health: Health | null,
  attempt: { readonly startedAt: Date; readonly endedAt: Date },
): Health {
  const { startedAt, endedAt } = attempt;
  if (health === null) return { failures: 1, failingSince: startedAt, failedAt: endedAt, pausedUntil: null };
  // Sixteen tries that were under way together say the same thing once.
  if (startedAt < health.failedAt) return health;
  const failures = health.failures + 1;
  const doublings = failures - FAILURES_BEFORE_PAUSE;
  const pauseMs = doublings < 0 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** Math.min(doublings, 10), PAUSE_MAX_MS);
  return {
    failures,
    failingSince: health.failingSince,
    failedAt: endedAt,
    pausedUntil: pauseMs === 0 ? null : plus(endedAt, pauseMs),
  };
}

/** How many deliveries may be in flight to an endpoint of this health. */
export function sendsAllowed(health: Health | null, now: Date): number {
  if (health === null || health.failures < FAILURES_BEFORE_PAUSE) return IN_FLIGHT_PER_ENDPOINT_MAX;
  return health.pausedUntil !== null && health.pausedUntil > now ? 0 : 1;
}

/** Whether an endpoint hears of events of this type. */
export function subscribes(endpoint: Endpoint, type: EventType): boolean {
  if (endpoint.status !== "enabled") return false;
  return endpoint.events.includes(ALL_EVENTS) || endpoint.events.includes(type);
}
