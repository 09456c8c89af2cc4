import type { AddressInfo } from "node:net";
import formbody from "@fastify/formbody";
import Fastify, {
  type FastifyInstance,
  type LightMyRequestResponse as InjectedAnswer,
  type InjectOptions,
} from "fastify";
import {
  type AlipayDeps,
  alipayCollections,
  alipayNotifications,
  composeAlipay,
  jobs,
  registerActionRoutes,
  registerAlipayOauth,
  registerAlipayPayout,
  registerAppRoutes,
  registerBillRoutes,
  registerGateway,
  runDueJobs,
} from "./alipay/index.ts";
import { bankCollections, bankReturns, registerBank, runDueReturns } from "./bank/index.ts";
import { authorities } from "./certificates/index.ts";
import { type SandboxClock, type SandboxRandom, systemClock, systemRandom } from "./clock.ts";
import { DueLoop, type DueWork } from "./due-loop.ts";
import { faults, registerFaultRoutes } from "./faults/index.ts";
import { type InboxStore, memoryInboxStore, postgresInboxStore, registerInbox } from "./inbox/index.ts";
import {
  Deliverer,
  notifications,
  type PostMessage,
  registerNotificationRoutes,
} from "./notifications/index.ts";
import { registerPages } from "./pages/index.ts";
import { acceptEmptyJson, answerErrorsAsJson } from "./refuse.ts";
import { type Collection, createMemoryStore, openPostgresStore } from "./store/index.ts";
import {
  composeStripe,
  registerStripe,
  runDueStripeJobs,
  type StripeDeps,
  stripeCollections,
  stripeJobs,
  stripeNotifications,
} from "./stripe/index.ts";
import {
  composeUnionpay,
  registerUnionpay,
  runDueUnionpayJobs,
  type UnionpayDeps,
  unionpayCollections,
  unionpayJobs,
  unionpayNotifications,
} from "./unionpay/index.ts";
import { registerWalletRoutes } from "./wallet/index.ts";
import {
  composeWechat,
  registerWechat,
  runDueWechatJobs,
  type WechatDeps,
  wechatCollections,
  wechatJobs,
  wechatNotifications,
} from "./wechat/index.ts";

export type SandboxOptions = {
  /** 0 is any free port. */
  port: number;
  host: string;
  store: { kind: "memory" } | { kind: "postgres"; url: string };
  log?: (line: string) => void;
  clock?: SandboxClock;
  random?: SandboxRandom;
  /**
   * Instead of sockets: nothing listens, requests are handed in by `inject`, and notifications leave by
   * `post`.
   */
  within?: { url: string; post: PostMessage };
};

export type RunningSandbox = {
  /** Where it is reached, without a trailing slash. */
  url: string;
  /** Stops accepting, lets what is under way end, and closes the store. */
  stop(): Promise<void>;
  /** Answers a request that comes by no socket. */
  inject(request: InjectOptions): Promise<InjectedAnswer>;
};

type ChannelDeps = AlipayDeps & WechatDeps & StripeDeps & UnionpayDeps;

const NOTIFICATION_KINDS = [
  alipayNotifications,
  wechatNotifications,
  stripeNotifications,
  unionpayNotifications,
] as const;

const bodyMax = 256 * 1_024;

/**
 * Starts the simulators, the buyer's wallet and the shop inbox on one port. On a PostgreSQL store all of it,
 * pending notifications and armed faults included, outlives the process. Throws when the port is taken or the
 * database cannot be reached.
 */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const log = options.log ?? (() => undefined);
  const { store, inboxStore } = await openStores(options.store);
  let url = "";

  const deliverer = new Deliverer({
    store,
    clock,
    log,
    channels: [
      { kind: alipayNotifications, compose: (one, now) => composeAlipay({ store, random }, one, now) },
      { kind: wechatNotifications, compose: (one, now) => composeWechat({ store, random }, one, now) },
      { kind: stripeNotifications, compose: (one, now) => composeStripe({ store, random }, one, now) },
      { kind: unionpayNotifications, compose: (one) => composeUnionpay({ store, clock, random }, one) },
    ],
    post: options.within?.post,
  });
  const deps: ChannelDeps = { store, clock, random, url: () => url, wake: () => loop.wake() };
  const works: DueWork<never>[] = [
    { collection: jobs as Collection<never>, run: () => runDueJobs(deps, log) },
    { collection: wechatJobs as Collection<never>, run: () => runDueWechatJobs(deps, log) },
    { collection: stripeJobs as Collection<never>, run: () => runDueStripeJobs(deps, log) },
    { collection: unionpayJobs as Collection<never>, run: () => runDueUnionpayJobs(deps, log) },
    { collection: bankReturns as Collection<never>, run: () => runDueReturns(deps, log) },
    { collection: notifications as Collection<never>, run: (again) => deliverer.startDue(again) },
  ];
  const loop = new DueLoop({ store, clock, log }, works);

  const app = Fastify({ bodyLimit: bodyMax, forceCloseConnections: true });
  await app.register(formbody, { bodyLimit: bodyMax });
  acceptEmptyJson(app);
  answerErrorsAsJson(app, log);
  registerRoutes(app, { ...deps, log, online: options.within === undefined }, inboxStore);

  const stop = async (): Promise<void> => {
    await loop.stop();
    await deliverer.stop();
    await app.close();
    await store.close();
  };
  try {
    for (const work of works) await store.releaseClaims(work.collection, clock.now());
    if (options.within) await app.ready();
    else await app.listen({ port: options.port, host: options.host });
  } catch (error) {
    await stop();
    throw error;
  }
  url = options.within?.url ?? urlOf(app, options.host);
  loop.wake();
  return { url, stop, inject: (request) => app.inject(request) };
}

function registerRoutes(
  app: FastifyInstance,
  deps: ChannelDeps & { log: (line: string) => void; online: boolean },
  inboxStore: InboxStore,
): void {
  registerGateway(app, deps);
  registerAlipayOauth(app, deps);
  registerAppRoutes(app, deps);
  registerActionRoutes(app, deps);
  registerBillRoutes(app, deps);
  registerAlipayPayout(app, deps);
  registerWechat(app, deps);
  registerStripe(app, deps);
  registerUnionpay(app, deps);
  registerBank(app, deps);
  for (const kind of NOTIFICATION_KINDS) {
    registerNotificationRoutes(app, deps, kind);
  }
  registerFaultRoutes(app, deps);
  registerWalletRoutes(app, deps);
  registerInbox(app, { store: inboxStore, clock: deps.clock });
  registerPages(app);
}

async function openStores(kind: SandboxOptions["store"]) {
  if (kind.kind === "memory") return { store: createMemoryStore(), inboxStore: memoryInboxStore() };
  const collections: Collection<never>[] = [
    authorities,
    ...alipayCollections,
    ...wechatCollections,
    ...stripeCollections,
    ...unionpayCollections,
    ...bankCollections,
    faults,
    notifications,
  ] as Collection<never>[];
  const { store, pool } = await openPostgresStore(kind.url, collections);
  return { store, inboxStore: postgresInboxStore(pool) };
}

function urlOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo;
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
