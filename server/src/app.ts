/** The composition root: builds every room from its dependencies. Nothing else does. */
import { createAlipay } from "./channels/alipay/index.ts";
import { createChannelHttp } from "./channels/http.ts";
import { type AccountOpening, createChannels, registerChannelAccounts } from "./channels/index.ts";
import { checkoutRoutes } from "./checkout/index.ts";
import type { Config } from "./config.ts";
import type { Clock, Random } from "./kernel/clock.ts";
import { createKeyring } from "./kernel/crypto.ts";
import { type Cell, openDatabase } from "./kernel/database.ts";
import { createHttp, type Http } from "./kernel/http.ts";
import { createIdMaker, type Id } from "./kernel/ids.ts";
import type { Log } from "./kernel/log.ts";
import type { Currency } from "./kernel/money.ts";
import { ensureDay, ledgerRoutes, openMerchantAccounts, startDayKeeper } from "./ledger/index.ts";
import { createMerchants, registerMerchants } from "./merchants/index.ts";
import { operationsRoutes } from "./operations/index.ts";
import { createApprovals, createOperators, registerOperators } from "./operators/index.ts";
import { createPaymentsRoom, type Opening } from "./payments/index.ts";
import { createWebhooks } from "./webhooks/index.ts";

export const VERSION = "0.1.0";

const CELL = 0;
const POOLS = { platform: { readersMax: 4, writersMax: 2 }, cell: { readersMax: 8, writersMax: 10 } };

export type AppDeps = {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type App = {
  /** Starts to answer; the address that it listens at. */
  listen(): Promise<string>;
  /** Answers no more, finishes what was accepted, closes every connection. */
  stop(): Promise<void>;
  readonly http: Http;
  readonly cell: Cell;
};

/** Builds a platform over a migrated database. Workers start with `listen`, in the roles that the configuration names. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, clock, random, log } = deps;
  const newId = createIdMaker({ clock, random }, CELL);
  const platform = openDatabase({ url: deps.databaseUrl, schema: "platform", ...POOLS.platform, log });
  const cell: Cell = {
    ...openDatabase({ url: deps.databaseUrl, schema: "cell_0", ...POOLS.cell, log }),
    cell: CELL,
    clock,
    random,
    newId,
  };
  const keyring = createKeyring(config.masterKey, { random });
  const address = createAddress(config);
  const production = config.production;
  const common = { platform, clock, random, newId, log };

  const operators = createOperators(common);
  const opened = createOpener(cell);
  const openMerchantBook = (merchantId: Id, currencies: readonly Currency[]) =>
    opened.book(merchantId, currencies);
  const merchants = createMerchants({ ...common, operators, openMerchantBook });
  const channelHttp = createChannelHttp({ clock });
  const channels = createChannels({
    ...common,
    channels: [createAlipay({ clock, random, http: channelHttp })],
    merchants,
    operators,
    keyring,
    production,
    openAccounts: opened.accounts,
  });
  const webhooks = createWebhooks({ ...common, cell, keyring, production });
  const room = createPaymentsRoom({
    cell,
    channels,
    merchants,
    webhooks,
    keyring,
    log,
    publicUrl: address.publicUrl,
    openAccounts: (opening) => opened.accounts([opening]),
  });
  const approvals = createApprovals({
    ...common,
    operators,
    actions: [...merchants.approvalActions, room.workItems.action],
  });

  const http = await createHttp({
    log,
    random,
    version: VERSION,
    publicUrl: config.publicUrl ?? "/",
    trustProxy: production,
  });
  const auth = {
    authenticateMerchant: merchants.authenticate,
    authenticateOperator: operators.authenticate,
  };
  await http.register(async (scope) => {
    registerOperators(scope, { platform, operators, approvals });
    registerMerchants(scope, { platform, clock, operators, merchants });
    registerChannelAccounts(scope, { platform, clock, operators, accounts: channels.accounts });
    ledgerRoutes(scope, { db: cell.db, ...auth });
    webhooks.routes(scope, auth);
    room.routes(scope, auth, operators);
    checkoutRoutes(scope, {
      payments: room.payments,
      channels,
      merchants,
      keyring,
      clock,
      assets: new URL("../../web/checkout/dist/", import.meta.url),
    });
    await operationsRoutes(scope, {
      cell,
      platform,
      gauges: { payments: room.gauges, webhooks: webhooks.gauges },
    });
  });

  await ensureDay(cell, config.timeZone);
  await operators.ensureBootstrap(config.operatorKey);
  const background = createBackground(deps, { cell, webhooks, room, resume: () => approvals.resume() });
  return {
    http,
    cell,
    listen: async () => {
      const url = await http.listen({ host: config.host, port: config.port });
      address.listening(url);
      if (config.roles.includes("worker")) background.start();
      return address.publicUrl();
    },
    stop: async () => {
      await http.close();
      await background.stop();
      await room.stop();
      await webhooks.stop();
      await channelHttp.close();
      await Promise.all([platform.close(), cell.close()]);
    },
  };
}

/** Where the platform is reached: as configured, else where it listens. */
function createAddress(config: Config) {
  let listening = `http://${config.host}:${config.port}`;
  return {
    publicUrl: () => config.publicUrl ?? listening,
    listening: (url: string) => {
      listening = url.replace(/\/$/, "");
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

type Background = {
  readonly cell: Cell;
  readonly webhooks: ReturnType<typeof createWebhooks>;
  readonly room: ReturnType<typeof createPaymentsRoom>;
  readonly resume: () => Promise<number>;
};

/** What runs without being asked: the pollers, the deliverer, the accounting day, what a crash left half done. */
function createBackground(deps: AppDeps, rooms: Background) {
  let keeper: ReturnType<typeof startDayKeeper> | null = null;
  return {
    start: () => {
      rooms.room.startWorkers();
      rooms.webhooks.startWorker();
      keeper = startDayKeeper(rooms.cell, deps.config.timeZone, deps.log);
      rooms
        .resume()
        .catch((error: unknown) => deps.log.error({ err: error }, "approvals could not be resumed"));
    },
    stop: async () => {
      await keeper?.stop();
    },
  };
}
