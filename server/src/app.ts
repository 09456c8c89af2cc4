/** The composition root: builds every room from its dependencies. Nothing else does. */
import {
  type AccountOpening,
  type Channel,
  type ChannelHttp,
  createAlipay,
  createChannelHttp,
  createChannels,
  createStripe,
  createUnionpay,
  createWechat,
  registerChannelAccounts,
  statementRoutes,
} from "./channels/index.ts";
import { createCheckoutRoom } from "./checkout/index.ts";
import { type CloseEdges, type CloseRooms, createCloseRooms } from "./close-rooms.ts";
import type { Config } from "./config.ts";
import { createFees, feeRoutes } from "./fees/index.ts";
import type { Clock, Random } from "./kernel/clock.ts";
import { createKeyring } from "./kernel/crypto.ts";
import { type Cell, type OpenConnections, openDatabase } from "./kernel/database.ts";
import { createHttp, type Http } from "./kernel/http.ts";
import type { SchemaCompilers } from "./kernel/http-compilers.ts";
import { refuseUnwritableText } from "./kernel/http-text.ts";
import { answerWatchersAlone } from "./kernel/http-watchers.ts";
import { createIdMaker, type Id } from "./kernel/ids.ts";
import type { Log } from "./kernel/log.ts";
import { createLoopDelay } from "./kernel/loop-delay.ts";
import type { Currency } from "./kernel/money.ts";
import { openPlatform } from "./kernel/revision.ts";
import { startSchedules } from "./kernel/schedules.ts";
import { ensureDay, ledgerRoutes, openMerchantAccounts, startDayKeeper } from "./ledger/index.ts";
import { createMerchants, registerMerchants } from "./merchants/index.ts";
import {
  AUDIT_STATEMENT_TIMEOUT_MS,
  invariants,
  nightlyAudit,
  operationsRoutes,
} from "./operations/index.ts";
import { createApprovals, createOperators, registerOperators } from "./operators/index.ts";
import { createPaymentsRoom, idsInJournals, type Opening, paidOrders } from "./payments/index.ts";
import { passOpen } from "./payouts/index.ts";
import { platesRoutes } from "./plates/index.ts";
import { createRouting, registerRouting } from "./routing/index.ts";
import { createSharingRoom, sharingRoutes } from "./sharing/index.ts";
import { createVerifications, startVerificationWorker, verificationRoutes } from "./verification/index.ts";
import { createWebhooks, type Post } from "./webhooks/index.ts";

export const VERSION = "0.1.0";

const CELL = 0;
/**
 * Connections that wait to be taken, as far as the kernel allows (net.core.somaxconn). Beyond node's 511 a
 * crowd's would be dropped and tried again after 1, 3 and 7 s, where nobody could refuse them.
 */
const BACKLOG = 8_192;
/** Later than this the process creates no payments: what it reads now has waited as long already. */
const LOOP_DELAY_MS_MAX = 500;
const CHECKOUT_ASSETS = new URL("../../web/checkout/dist/", import.meta.url);
const POOLS = { platform: { readersMax: 4, writersMax: 2 }, cell: { readersMax: 8, writersMax: 10 } };

export type AppDeps = {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Connectors beside the platform's own: the bench's. */
  readonly channels?: readonly Channel[];
  /** What stands between the platform and the outside; the machine's own where absent. */
  readonly edges?: Partial<Edges>;
};

/** The ways out of the process. The simulation hands in all of them, so that nothing happens by itself. */
export type Edges = {
  readonly openConnections: OpenConnections;
  readonly channelHttp: ChannelHttp & { close(): Promise<void> };
  readonly post: Post;
  readonly compilers: SchemaCompilers;
} & CloseEdges;

export type App = {
  /** Starts the workers without listening: for whoever hands requests in by `http.inject`. */
  start(): void;
  /** Starts to answer; the address that it listens at, without a slash at its end. */
  listen(): Promise<string>;
  /** Answers no more, finishes what was accepted, closes every connection. */
  stop(): Promise<void>;
  readonly http: Http;
  readonly cell: Cell;
  /** For whoever applies what a comparison found without the close that would do it. */
  readonly breaks: CloseRooms["breaks"];
};

/**
 * Builds a platform over a migrated database. Workers start with `listen`, in the roles that the
 * configuration names.
 */
export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, log } = deps;
  const address = createAddress(config);
  const rooms = createRooms(deps, address.publicUrl);
  const loopDelay = createLoopDelay(deps.clock);
  const http = await createHttp({
    log,
    random: deps.random,
    version: VERSION,
    publicUrl: config.publicUrl ?? "/",
    trustProxy: config.production,
    isBehind: () => loopDelay.ms() > LOOP_DELAY_MS_MAX || rooms.room.payments.isBehind(),
    compilers: deps.edges?.compilers,
  });
  refuseUnwritableText(http);
  if (!config.roles.includes("api")) answerWatchersAlone(http);
  await http.register((scope) => addRoutes(scope, rooms, deps.clock));
  await ensureDay(rooms.cell, config.timeZone);
  await rooms.operators.ensureBootstrap(config.operatorKey);
  const background = createBackground(deps, rooms);
  return {
    http,
    cell: rooms.cell,
    breaks: rooms.close.breaks,
    start: background.start,
    listen: async () => {
      const url = (await http.listen({ host: config.host, port: config.port, backlog: BACKLOG })).replace(
        /\/$/,
        "",
      );
      address.listening(url);
      loopDelay.start();
      if (config.roles.includes("worker")) background.start();
      return url;
    },
    stop: async () => {
      await http.close();
      loopDelay.stop();
      await background.stop();
      await rooms.room.stop();
      await rooms.webhooks.stop();
      await rooms.channelHttp.close();
      await Promise.all([rooms.platform.close(), rooms.cell.close()]);
    },
  };
}

type Rooms = ReturnType<typeof createRooms>;

/** What takes payments: the rooms from the books up to the door. */
function createPaying(deps: AppDeps, publicUrl: () => string) {
  const { config, clock, random, log } = deps;
  const { production } = config;
  const newId = createIdMaker({ clock, random }, CELL);
  const connecting = { log, openConnections: deps.edges?.openConnections };
  const platform = openPlatform({ url: deps.databaseUrl, ...POOLS.platform, ...connecting }, clock);
  const ofCell = openDatabase({ url: deps.databaseUrl, schema: "cell_0", ...POOLS.cell, ...connecting });
  const cell: Cell = { ...ofCell, cell: CELL, clock, random, newId };
  const keyring = createKeyring(config.masterKey, { random, previous: config.previousMasterKeys });
  const common = { platform, clock, random, newId, log };

  const operators = createOperators(common);
  const opener = createOpener(cell);
  const merchants = createMerchants({
    ...common,
    operators,
    openMerchantBook: opener.book,
    renamed: (merchantId) => passOpen(cell, merchantId),
  });
  const channelHttp = deps.edges?.channelHttp ?? createChannelHttp({ clock });
  const edges = { clock, random, http: channelHttp };
  const channels = createChannels({
    ...common,
    channels: [
      ...[createAlipay, createWechat, createUnionpay, createStripe].map((create) => create(edges)),
      ...(deps.channels ?? []),
    ],
    merchants,
    operators,
    keyring,
    production,
    openAccounts: opener.accounts,
  });
  const webhooks = createWebhooks({ ...common, cell, keyring, production, post: deps.edges?.post });
  const fees = createFees({ ...common, cell, channels, merchants, operators });
  const lower = { ...common, cell, keyring, channels, merchants, operators, fees };
  const routing = createRouting({ ...lower, paidOrders });
  const sharing = createSharingRoom({ ...lower, ...config });
  const room = createPaymentsRoom({
    ...lower,
    sharing,
    routing,
    webhooks,
    publicUrl,
    openAccounts: (opening) => opener.accounts([opening]),
  });
  const openAccounts = opener.accounts;
  return { ...lower, channelHttp, webhooks, routing, sharing, room, openAccounts, publicUrl };
}

/** All rooms: those that take payments, and what stands on them. */
function createRooms(deps: AppDeps, publicUrl: () => string) {
  const paying = createPaying(deps, publicUrl);
  const { channels, fees, merchants, room, routing, sharing } = paying;
  const close = createCloseRooms({
    ...paying,
    settings: deps.config,
    edges: deps.edges,
    openWithTime: () => openForAudit(deps),
  });
  const actions = [
    ...merchants.approvalActions,
    ...fees.approvalActions,
    ...sharing.actions,
    room.workItems.action,
    channels.accounts.goingLive.action,
    ...close.actions,
  ];
  return {
    ...paying,
    close,
    approvals: createApprovals({ ...paying, actions }),
    verifications: createVerifications(paying),
    checkout: createCheckoutRoom({ ...paying, payments: room.payments, noteBeacon: routing.noteBeacon }),
  };
}

async function addRoutes(http: Http, rooms: Rooms, clock: Clock): Promise<void> {
  const { platform, cell, operators, approvals, merchants, channels, webhooks, room, checkout, routing } =
    rooms;
  const auth = {
    authenticateMerchant: merchants.authenticate,
    authenticateOperator: operators.authenticate,
  };
  registerOperators(http, { platform, operators, approvals });
  registerMerchants(http, { platform, clock, operators, merchants });
  registerChannelAccounts(http, { platform, clock, operators, accounts: channels.accounts });
  statementRoutes(http, { channels, ...auth });
  registerRouting(http, { routing, operators, channels, clock });
  feeRoutes(http, { fees: rooms.fees, ...auth });
  ledgerRoutes(http, { db: cell.db, namedIds: idsInJournals, ...auth });
  webhooks.routes(http, auth);
  room.routes(http, auth, operators);
  verificationRoutes(http, { verifications: rooms.verifications, accounts: channels.accounts, ...auth });
  const { payments, tokenOf } = room;
  platesRoutes(http, { ...rooms, payments, tokenOf }, auth);
  checkout.routes(http, auth, CHECKOUT_ASSETS);
  sharingRoutes(http, { cell, ...rooms.sharing, ...auth });
  rooms.close.routes(http, auth);
  const gauges = {
    payments: room.gauges,
    webhooks,
    calls: channels.counts,
    cashier: checkout.gauges,
    routing,
    statements: rooms.close.fetching,
    dayClose: rooms.close.dayClose,
    payouts: rooms.close.payouts,
  };
  const { authenticateOperator } = auth;
  await operationsRoutes(http, { cell, platform, gauges, authenticateOperator });
}

/** Connections whose statements may read a whole table or a whole day. */
function openForAudit({ databaseUrl, edges, log }: AppDeps) {
  return openDatabase({
    url: databaseUrl,
    schema: "cell_0",
    readersMax: 2,
    writersMax: 2,
    statementTimeoutMs: AUDIT_STATEMENT_TIMEOUT_MS,
    answerTimeoutMs: 2 * AUDIT_STATEMENT_TIMEOUT_MS,
    log,
    openConnections: edges?.openConnections,
  });
}

/** Where the platform is reached: as configured, else where it listens. */
function createAddress(config: Config) {
  let listening = `http://${config.host}:${config.port}`;
  return {
    publicUrl: () => config.publicUrl ?? listening,
    listening: (url: string) => {
      listening = url;
    },
  };
}

/** Opens books and accounts once per process; the ledger's own statements make repeating them safe. */
function createOpener(cell: Cell) {
  const done = new Set<string>();
  const open = async (opening: Omit<Opening, "channelAccountId"> & { channelAccountId: Id | null }) => {
    const key = `${opening.merchantId}/${opening.currency}/${opening.channelAccountId}/${opening.fundFlow}`;
    if (done.has(key)) return;
    await cell.transact((tx) => openMerchantAccounts(tx, opening, cell.clock.now()), { repeatable: true });
    done.add(key);
  };
  return {
    accounts: async (openings: readonly AccountOpening[]) => {
      for (const opening of openings) await open(opening);
    },
    book: async (merchantId: Id, currencies: readonly Currency[]) => {
      for (const currency of currencies) {
        await open({ merchantId, currency, channelAccountId: null, fundFlow: "through_platform" });
      }
    },
  };
}

/**
 * What runs without being asked: the pollers, the deliverer, the accounting day, what a crash left half
 * done.
 */
function createBackground(deps: AppDeps, rooms: Rooms) {
  const { cell, room, webhooks, approvals, channels, verifications } = rooms;
  let keeper: ReturnType<typeof startDayKeeper> | null = null;
  let schedules: ReturnType<typeof startSchedules> | null = null;
  let verifying: ReturnType<typeof startVerificationWorker> | null = null;
  const rewrap = async () => {
    if (deps.config.previousMasterKeys.length === 0) return;
    const rewrapped =
      (await channels.rewrapCredentials()) +
      (await webhooks.rewrapSecrets()) +
      (await rooms.close.payouts.rewrapSecrets());
    deps.log.info(
      { rewrapped },
      "every secret is under the present master key; the earlier ones can be left out",
    );
  };
  const tellUnreadable = async () => {
    const { all, unreadable } = await channels.readableCredentials();
    if (unreadable === 0) return;
    deps.log.error(
      { unreadable, all },
      "channel credentials do not open under the master key, and their payments fail: give the key that " +
        "sealed them again, behind the present one with a comma between (TRIBUTARY_MASTER_KEY=new,old)",
    );
  };
  return {
    start: () => {
      room.startWorkers();
      webhooks.startWorker();
      verifying = startVerificationWorker({ cell, verifications, log: deps.log });
      const { timeZone } = deps.config;
      rooms.close.start();
      keeper = startDayKeeper(cell, timeZone, deps.log);
      schedules = startSchedules({
        cell,
        timeZone,
        log: deps.log,
        jobs: [
          nightlyAudit({ cell, log: deps.log, invariants, open: () => openForAudit(deps) }),
          ...room.jobs,
          ...rooms.close.jobs,
        ],
      });
      approvals.resume().catch((error: unknown) => {
        deps.log.error({ err: error }, "what was approved before could not be carried out");
      });
      rewrap().catch((error: unknown) => {
        deps.log.error({ err: error }, "secrets could not be wrapped by the present master key");
      });
      tellUnreadable().catch((error: unknown) => {
        deps.log.error(
          { err: error },
          "it is not known whether the master key opens the channel credentials",
        );
      });
    },
    stop: async () => {
      await Promise.all([keeper?.stop(), schedules?.stop(), verifying?.stop(), rooms.close.stop()]);
    },
  };
}
