/** What merchants are told: endpoints, events and their deliveries, by Standard Webhooks. */
import { type Batcher, createBatcher } from "../kernel/batcher.ts";
import type { Clock, Random } from "../kernel/clock.ts";
import { SECOND } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Cell, Tx } from "../kernel/database.ts";
import { type Backlog, type DueWorker, startDueWorker } from "../kernel/due.ts";
import type { Http } from "../kernel/http.ts";
import type { Id, IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import { deliveryBacklog } from "./deliveries/backlog.ts";
import { createClaim } from "./deliveries/claim.ts";
import { clearHealth } from "./deliveries/health-store.ts";
import { type Written, writeResults } from "./deliveries/results.ts";
import { createDeliveryService } from "./deliveries/service.ts";
import { createEndpoints } from "./endpoints/cache.ts";
import { rewrapSecrets } from "./endpoints/rewrap.ts";
import { createEndpointService } from "./endpoints/service.ts";
import { recordEvents, writePayload } from "./events/record.ts";
import { type Delivery, type Endpoint, type NewEvent, subscribes, type TryResult } from "./model.ts";
import { type WebhookAuth, webhookRoutes } from "./routes.ts";
import { createDeliverer } from "./sending/deliverer.ts";
import { createSender, type Post } from "./sending/sender.ts";
import { machineResolve, publicResolve, type Resolve, type TargetRules } from "./sending/target.ts";

export { deliveriesOfPayment, eventsOfPayment } from "./deliveries/service.ts";
export { invariants } from "./invariants.ts";
export {
  type Delivery,
  type DeliveryView,
  type Endpoint,
  EVENT_TYPES,
  type EventType,
  type EventView,
  type FailedTry,
  type NewEvent,
} from "./model.ts";
export type { WebhookAuth } from "./routes.ts";
export type { Post } from "./sending/sender.ts";
export type { Address, Resolve } from "./sending/target.ts";

export type WebhooksDeps = {
  readonly cell: Cell;
  /** The platform schema, where endpoints live. */
  readonly platform: Platform;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** True: https only, and no address that leads inside. False: a developer's own machine may be a target. */
  readonly production: boolean;
  /** How host names become addresses; the machine's name servers when absent. */
  readonly resolve?: Resolve;
  /** How requests leave; sockets when absent. */
  readonly post?: Post | undefined;
};

export type Webhooks = {
  /**
   * Each merchant's endpoints as they were at most a second ago; a merchant without any has an empty list.
   */
  endpointsOf(merchantIds: readonly Id[]): Promise<Map<Id, readonly Endpoint[]>>;
  /**
   * Writes events, and a delivery for each enabled endpoint that subscribes, within the caller's transaction.
   * Running it again with the same events writes nothing twice. The deliveries are born leased to this
   * process: hand them to
   * `deliver` after the commit; those that are not sent return by themselves when their lease ends.
   */
  record(
    tx: Tx,
    endpoints: ReadonlyMap<Id, readonly Endpoint[]>,
    events: readonly NewEvent[],
  ): Promise<readonly Delivery[]>;
  /**
   * Sends from memory, in the background. Never throws, and drops what it has no place for: the lease returns
   * it.
   */
  deliver(deliveries: readonly Delivery[]): void;
  /**
   * Sends what is due: retries, and what a crash or a full memory left behind. Starts once; `stop` below ends
   * it too.
   */
  startWorker(): DueWorker;
  /** Adds the routes of merchants and operators. */
  routes(http: Http, auth: WebhookAuth): void;
  /** Wraps secrets anew after the master key was replaced; gives how many endpoints. Safe to repeat. */
  rewrapSecrets(): Promise<number>;
  /** Sends nothing more, waits shortly for what is under way, writes its results, closes the connections. */
  stop(): Promise<void>;
  /** Counted since start, for metrics. */
  readonly gauges: WebhookGauges;
  readonly resultGauges: Batcher<TryResult, Written>["gauges"];
  /** What is due and waits for a worker of any process. */
  backlog(): Promise<readonly Backlog[]>;
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

/** In flight that the worker has claimed. */
const WORKER_CONCURRENCY_MAX = 512;
const WORKER_IDLE_MS = 1 * SECOND;
const USER_AGENT = "Tributary-Webhooks/1";

/** Builds the room. Nothing is read or sent before it is asked to. */
export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { cell, clock, newId } = deps;
  const { rules, endpoints, deliverer, results, startWorker, stop } = createMachinery(deps);
  const deliver = (deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) deliverer.offer(delivery);
  };
  const endpointService = createEndpointService({
    ...deps,
    endpoints,
    rules,
    onChange: async (endpointId) => {
      await cell.transact((tx) => clearHealth(tx, [endpointId]));
      deliverer.lanes.forget(endpointId);
    },
  });
  const deliveryService = createDeliveryService({ cell, clock, newId, endpoints: endpointService, deliver });

  return {
    rewrapSecrets: () => rewrapSecrets(deps),
    endpointsOf: async (merchantIds) => {
      const distinct = [...new Set(merchantIds)];
      const found = await Promise.all(distinct.map((merchantId) => endpoints.ofMerchant(merchantId)));
      return new Map(distinct.map((merchantId, index) => [merchantId, found[index] ?? []]));
    },
    record: (tx, known, events) =>
      recordEvents(
        tx,
        newId,
        events.map(({ data, ...event }) => ({
          event: { ...event, payload: writePayload({ ...event, data }) },
          endpoints: (known.get(event.merchantId) ?? []).filter((one) => subscribes(one, event.type)),
        })),
        clock.now(),
      ),
    deliver,
    startWorker,
    routes: (http, auth) =>
      webhookRoutes(http, { db: cell.db, endpoints: endpointService, deliveries: deliveryService }, auth),
    stop,
    gauges: deliverer.gauges,
    resultGauges: results.gauges,
    backlog: () => deliveryBacklog(cell.db, clock.now()),
  };
}

/** What runs in the background: the deliverer, the writer of its results, the worker over what is due. */
function createMachinery(deps: WebhooksDeps) {
  const { cell, clock, log } = deps;
  const resolve = deps.resolve ?? (deps.production ? publicResolve() : machineResolve());
  const rules: TargetRules = { production: deps.production, resolve };
  const endpoints = createEndpoints(deps);
  const sender = createSender({ clock, rules, userAgent: USER_AGENT, post: deps.post });
  const results = createBatcher<TryResult, Written>({
    name: "webhook results",
    log,
    clock,
    run: (tries) => writeResults(cell, tries),
  });
  let worker: DueWorker | null = null;
  const deliverer = createDeliverer({
    clock,
    log,
    sender,
    endpointOf: async (merchantId, endpointId) =>
      (await endpoints.ofMerchant(merchantId)).find(({ id }) => id === endpointId) ?? null,
    report: (result) => results.submit(result),
    onPlaces: () => worker?.nudge(),
  });
  const startWorker = () => {
    worker ??= startDueWorker({
      name: "webhooks",
      clock,
      log,
      claim: createClaim({ cell, clock, lanes: deliverer.lanes }),
      handle: (delivery) => deliverer.send(delivery),
      concurrencyMax: WORKER_CONCURRENCY_MAX,
      idleMs: WORKER_IDLE_MS,
    });
    return worker;
  };
  const stop = async () => {
    await Promise.all([worker?.stop(), deliverer.stop()]);
    await results.stop();
    await endpoints.stop();
    sender.close();
  };
  return { rules, endpoints, deliverer, results, startWorker, stop };
}
