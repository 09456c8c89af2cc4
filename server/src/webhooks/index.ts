/** What merchants are told: endpoints, events and their deliveries, by Standard Webhooks. */
import type { FastifyRequest } from "fastify";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Cell, Database, Db, Tx } from "../kernel/database.ts";
import type { DueWorker } from "../kernel/due.ts";
import type { Http } from "../kernel/http.ts";
import type { Id, IdMaker } from "../kernel/ids.ts";
import type { Invariant } from "../kernel/invariants.ts";
import type { Log } from "../kernel/log.ts";
import type { Delivery, DeliveryState, Endpoint, EventType, NewEvent } from "./model.ts";

export { type Delivery, type Endpoint, EVENT_TYPES, type EventType, type NewEvent } from "./model.ts";

export type WebhooksDeps = {
  readonly cell: Cell;
  /** The platform schema, where endpoints live. */
  readonly platform: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** True: https only, and no address that leads inside. False: a developer's own machine may be a target. */
  readonly production: boolean;
};

/** Who asks, decided by the rooms that know keys and tokens; both throw `unauthenticated` or `forbidden`. */
export type WebhookAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<{ readonly merchantId: Id }>;
  readonly authenticateOperator: (request: FastifyRequest, permission: "deliveries.read") => Promise<unknown>;
};

export type Webhooks = {
  /** Each merchant's endpoints as they were at most a second ago; a merchant without any has an empty list. */
  endpointsOf(merchantIds: readonly Id[]): Promise<Map<Id, readonly Endpoint[]>>;
  /**
   * Writes events, and a delivery for each enabled endpoint that subscribes, within the caller's transaction. Running it
   * again with the same events writes nothing twice. The deliveries are born leased to this process: hand them to
   * `deliver` after the commit; those that are not sent return by themselves when their lease ends.
   */
  record(
    tx: Tx,
    endpoints: ReadonlyMap<Id, readonly Endpoint[]>,
    events: readonly NewEvent[],
  ): Promise<readonly Delivery[]>;
  /** Sends from memory, in the background. Never throws, and drops what it has no place for: the lease returns it. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Sends what is due: retries, and what a crash or a full memory left behind. One per process is enough. */
  startWorker(): DueWorker;
  /** Adds the routes of merchants and operators. */
  routes(http: Http, auth: WebhookAuth): void;
  /** Sends nothing more, waits shortly for what is under way, writes its results, closes the connections. */
  stop(): Promise<void>;
  /** Counted since start, for metrics. */
  readonly gauges: WebhookGauges;
};

export type WebhookGauges = {
  readonly inFlight: number;
  /** Waiting in memory for a place. */
  readonly waiting: number;
  readonly delivered: number;
  readonly failedTries: number;
  readonly dead: number;
  /** Left to their lease: no place in memory, or a paused endpoint. */
  readonly left: number;
};

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

/** Builds the room. Nothing is read or sent before it is asked to. */
export declare function createWebhooks(deps: WebhooksDeps): Webhooks;

/** The events of a payment's timeline, in order of time; at most 200. */
export declare function eventsOfPayment(db: Db, paymentId: Id): Promise<readonly EventView[]>;

/** The deliveries of a payment's timeline, in order of time; at most 200. */
export declare function deliveriesOfPayment(db: Db, paymentId: Id): Promise<readonly DeliveryView[]>;

/** What must hold in a cell, for `audit`. */
export declare const invariants: readonly Invariant[];
