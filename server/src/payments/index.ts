/** Payments: from what a merchant asks for to what the books say, through one door. */
import type { FastifyRequest } from "fastify";
import type { Channels } from "../channels/index.ts";
import type { Fees } from "../fees/index.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Cell } from "../kernel/database.ts";
import type { Backlog } from "../kernel/due.ts";
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Job } from "../kernel/schedules.ts";
import type { MerchantIdentity, Merchants } from "../merchants/index.ts";
import type { Actor, Operators, Permission } from "../operators/index.ts";
import { type Routing, sceneOfMethod } from "../routing/index.ts";
import type { SharingRoom } from "../sharing/index.ts";
import type { Webhooks } from "../webhooks/index.ts";
import { type AskAgain, createAskAgain } from "./ask-again.ts";
import { createCalls } from "./attempt/calls.ts";
import { forgetUsedCodes } from "./attempt/codes.ts";
import { createAttemptPlaces } from "./attempt/places.ts";
import type { Opening } from "./attempt/prepare.ts";
import { disputeRoutes } from "./dispute/routes.ts";
import { exchangesOfPayment } from "./exchanges.ts";
import { inboundRoutes } from "./inbound.ts";
import { createDoor, type Door } from "./outcome/door.ts";
import { paymentRoutes } from "./payment/routes.ts";
import { createPaymentsService, type Payments } from "./payment/service.ts";
import { createCashierTokens } from "./payment/token.ts";
import { dueBacklog } from "./query/backlog.ts";
import { startWorkers, type Workers } from "./query/workers.ts";
import { refundRoutes } from "./refund/routes.ts";
import { createRefundsService, type Refunds } from "./refund/service.ts";
import { createPaymentShares } from "./sharing/index.ts";
import { createStatementSays, type StatementSays } from "./statement-lines.ts";
import { workRoutes } from "./work/routes.ts";
import { createWorkItems, type WorkItems } from "./work/service.ts";

export type { AskAgain } from "./ask-again.ts";
export type { AttemptWish, Opening } from "./attempt/prepare.ts";
export { paidOrders } from "./attempt/store.ts";
export { invariants } from "./invariants.ts";
export { idsInJournals } from "./journal-ids.ts";
export { type Attempt, liveOf, type Payment, type Refund } from "./model.ts";
export { canonical, differingFields, readRequest } from "./payment/request.ts";
export type { Payments } from "./payment/service.ts";
export { readCashierToken } from "./payment/token.ts";
export type { Refunds } from "./refund/service.ts";
export type { StatementAnswer, StatementSays, StatementWord } from "./statement-lines.ts";
export { presentNextAction, returnUrl } from "./view.ts";
export type { Whole } from "./whole.ts";
export { NextActionSchema } from "./wire.ts";

export type PaymentsRoomDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly merchants: Merchants;
  readonly fees: Pick<Fees, "schedulesOf">;
  readonly webhooks: Webhooks;
  readonly routing: Routing;
  readonly sharing: SharingRoom;
  readonly keyring: Keyring;
  readonly log: Log;
  /** Where channels and buyers reach this platform, without a slash at its end; known once it listens. */
  readonly publicUrl: () => string;
  /** Opens the ledger accounts of a merchant and channel account; safe to repeat. */
  readonly openAccounts: (opening: Opening) => Promise<void>;
};

export type PaymentsAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

export type PaymentsRoom = {
  readonly payments: Payments;
  readonly refunds: Refunds;
  /** What the room does by the calendar. */
  readonly jobs: readonly Job[];
  /** Whether a notification of the channel about the payment has arrived. */
  wasNotified(paymentId: Id): Promise<boolean>;
  readonly workItems: WorkItems;
  /**
   * Takes a line of a channel's statement to the door, which books it where it tells of an order or a refund
   * that is known here and not booked yet. Safe to repeat. Throws what the door's `submit` throws.
   */
  readonly statementSays: StatementSays;
  /** Asks the channel about an order or a refund once more, for a person who wants to know. */
  readonly askAgain: AskAgain;
  /** The token by which a payment's pages are reached. */
  readonly tokenOf: (paymentId: Id) => string;
  /** Adds the addresses of merchants, operators and channels. */
  routes(http: Http, auth: PaymentsAuth, operators: Pick<Operators, "propose">): void;
  /** Starts the pollers. */
  startWorkers(): void;
  /** Lets what was accepted finish. */
  stop(): Promise<void>;
  readonly gauges: {
    readonly creations: Payments["gauges"];
    readonly door: Door["gauges"];
    readonly workers: () => Workers["gauges"] | null;
    /** What is due and waits for a worker of any process. */
    readonly backlog: () => Promise<readonly Backlog[]>;
  };
};

/** Builds the room; nothing runs before it is asked to. */
export function createPaymentsRoom(deps: PaymentsRoomDeps): PaymentsRoom {
  const { cell, keyring, publicUrl } = deps;
  const tokenOf = createCashierTokens(keyring);
  const cashierUrl = (paymentId: Id) => `${publicUrl()}/pay/${tokenOf(paymentId)}`;
  const pagesOf = (paymentId: Id) => {
    const token = tokenOf(paymentId);
    return { cashierUrl: `${publicUrl()}/pay/${token}`, scanUrl: `${publicUrl()}/q/o/${token}` };
  };
  let workers: Workers | null = null;
  const shares = createPaymentShares({ ...deps, onDue: () => workers?.nudge() });
  const onDue = () => {
    workers?.nudge();
    shares.nudge();
  };
  const { contracts } = deps.sharing;
  const door = tellingRouting(deps, createDoor({ ...deps, contracts, pagesOf, onDue }));
  const { checkPlan, isHeldBack, orders: sharing } = shares;
  const calls = createCalls({ ...deps, sharing, door, cashierUrl, clock: cell.clock, newId: cell.newId });
  const places = createAttemptPlaces(deps);
  const payments = createPaymentsService({ ...deps, door, calls, places, checkPlan });
  const refunds = createRefundsService({ ...deps, door, calls, payments });
  const workItems = createWorkItems({ cell });
  return {
    payments,
    refunds,
    jobs: [forgetUsedCodes(cell)],
    wasNotified: async (paymentId) =>
      (await exchangesOfPayment(cell.db, paymentId)).some(({ operation }) => operation === "notification"),
    workItems,
    askAgain: createAskAgain({ cell, calls }),
    statementSays: createStatementSays({ ...deps, door, places }),
    tokenOf,
    routes: (http, auth, operators) => {
      paymentRoutes(http, { cell, payments, pagesOf, ...auth });
      shares.routes(http, auth);
      refundRoutes(http, { cell, refunds, ...auth });
      disputeRoutes(http, { cell, ...auth });
      workRoutes(http, { cell, workItems, operators, ...auth });
      inboundRoutes(http, { ...deps, door, places });
    },
    startWorkers: () => {
      workers ??= startWorkers({ ...deps, door, calls, payments, isHeldBack });
      shares.startWorkers();
    },
    stop: async () => {
      await Promise.all([workers?.stop(), shares.stop()]);
      await payments.stop();
      await door.stop();
    },
    gauges: {
      creations: payments.gauges,
      door: door.gauges,
      workers: () => workers?.gauges ?? null,
      backlog: () => dueBacklog(cell.db, cell.clock.now()),
    },
  };
}

/** The door, which tells routing of each order that is paid, whoever reports it. */
function tellingRouting({ channels, routing }: PaymentsRoomDeps, door: Door): Door {
  return {
    ...door,
    submit: async (command) => {
      const done = await door.submit(command);
      if (command.kind !== "trade" || done.decision !== "paid") return done;
      const attempt = done.attempts.find(({ id }) => id === command.attemptId);
      const scene = attempt === undefined ? null : sceneOfMethod(channels, attempt.method);
      if (attempt !== undefined && scene !== null)
        routing.notePaid(attempt.channelAccountId, scene.kind, attempt.createdAt);
      return done;
    },
  };
}
