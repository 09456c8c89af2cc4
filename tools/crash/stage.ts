/**
 * A platform in processes of its own, with a proxy on each of its ways out: to PostgreSQL, to the channel, to
 * merchants, and on the way of the channel's notifications back in.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startSandbox } from "../../sandbox/src/index.ts";
import { newRsaKey } from "../../server/src/kernel/crypto.ts";
import { claimDataDir } from "../../server/src/kernel/host/owner.ts";
import { type Books, openBooks } from "./books.ts";
import { type Client, createClient } from "./client.ts";
import { startHttpProxy } from "./http-proxy.ts";
import { type PostgresProxy, startPostgresProxy } from "./postgres-proxy.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";
import { openShop, type Shop } from "./shop.ts";
import type { Gate } from "./steps.ts";

export type Stage = {
  /** Every one answers the API and does what is due; requests and notifications go to each in turn. */
  readonly servers: readonly ServerProcess[];
  readonly sandbox: Client;
  readonly operator: Client;
  readonly shops: readonly Shop[];
  readonly receiver: Receiver;
  readonly books: Books;
  readonly database: PostgresProxy;
  /** Steps that have passed by the proxies, and the platform's calls to others that are not answered yet. */
  readonly traffic: () => { readonly steps: number; readonly calls: number };
  stop(): Promise<void>;
};

export type StageOptions = {
  /** A database in which nothing has run yet. */
  readonly databaseUrl: string;
  readonly gate: Gate;
  /** How many processes; one unless told otherwise. */
  readonly processes?: number;
  readonly shops?: number;
  /** Held before a notification goes on to the platform: the channel's network has no haste. */
  readonly turn?: () => Promise<void>;
};

/** Starts everything and opens the shops, with the gate asked from the beginning. */
export async function startStage(options: StageOptions): Promise<Stage> {
  let passed = 0;
  const gate: Gate = (step) => {
    passed += 1;
    return options.gate(step);
  };
  const folder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  // Named as an owner, so that the next run of tests sweeps what this one leaves when it is killed itself.
  claimDataDir(folder, new Date());
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const receiver = await startReceiver();
  const sandbox = await startSandbox({ host: "127.0.0.1", port: 0, store: { kind: "memory" } });
  const database = await startPostgresProxy(options.databaseUrl, gate);
  const channel = await startHttpProxy({ gate, target: () => sandbox.url, nameOf: channelStep });
  const merchants = await startHttpProxy({ gate, target: () => receiver.url, nameOf: webhookStep });
  let servers: readonly ServerProcess[] = [];
  let turns = 0;
  const apiUrl = () => servers[turns++ % servers.length]?.baseUrl ?? "";
  const front = await startHttpProxy({
    gate,
    target: apiUrl,
    nameOf: notificationStep,
    ...(options.turn === undefined ? {} : { turn: options.turn }),
  });
  const operatorKey = `op_${randomBytes(32).toString("hex")}`;
  const env = {
    DATABASE_URL: database.url,
    TRIBUTARY_PUBLIC_URL: front.url,
    TRIBUTARY_MASTER_KEY: randomBytes(32).toString("base64"),
    TRIBUTARY_OPERATOR_KEY: operatorKey,
  };
  servers = await startServers(folder, env, options.processes ?? 1);
  const operator = createClient(apiUrl, operatorKey);
  const wallet = createClient(() => sandbox.url, null);
  const shops: Shop[] = [];
  const keys = newRsaKey();
  for (let number = 1; number <= (options.shops ?? 1); number += 1) {
    const name = `shop-${number}`;
    const webhookUrl = `${merchants.url}/${name}`;
    const know = (secret: string) => receiver.know(name, secret);
    const common = { operator, sandbox: wallet, channelUrl: channel.url, keys };
    shops.push(await openShop({ ...common, baseUrl: apiUrl, webhookUrl, know }, name));
  }
  const books = openBooks(options.databaseUrl);
  return {
    servers,
    sandbox: wallet,
    operator,
    shops,
    receiver,
    books,
    database,
    traffic: () => ({ steps: passed, calls: channel.underWay() + merchants.underWay() }),
    stop: async () => {
      await Promise.all(servers.map((server) => server.end()));
      await books.close();
      await Promise.all([front, channel, merchants, database, sandbox, receiver].map((one) => one.stop()));
      process.removeListener("exit", remove);
      remove();
    },
  };
}

async function startServers(
  folder: string,
  env: Readonly<Record<string, string>>,
  processes: number,
): Promise<readonly ServerProcess[]> {
  const servers: ServerProcess[] = [];
  for (let number = 1; number <= processes; number += 1) {
    const dataDir = join(folder, `process-${number}`);
    mkdirSync(dataDir);
    const server = await createServerProcess({ dataDir, env });
    await server.start();
    servers.push(server);
  }
  return servers;
}

function channelStep(url: string, body: string): string | null {
  const query = new URLSearchParams(url.split("?", 2)[1] ?? "");
  const method = query.get("method") ?? new URLSearchParams(body).get("method");
  return method === null ? null : `channel call ${method}`;
}

function notificationStep(url: string, body: string): string | null {
  if (!url.startsWith("/notify/")) return null;
  const form = new URLSearchParams(body);
  const about = form.has("refund_fee") ? " with a refund" : "";
  return `notification ${form.get("trade_status") ?? ""}${about}`;
}

function webhookStep(_url: string, body: string): string | null {
  const { type } = JSON.parse(body) as { type: string };
  return `webhook ${type}`;
}

/** The longest that anything may take to come right, on a machine that has much else to do. */
const patienceMsDefault = 150_000;
const lookMs = 40;

/**
 * When time is let pass: after how many milliseconds without a movement, and how far beyond the next due row.
 * Null: it takes its own course.
 */
export type Skipping = () => { readonly afterMs: number; readonly beyondMs: number } | null;

/** Between two steps of its work a process takes at most as long as so many looks. */
const BUSY_LOOKS = 20;

/**
 * Looks until `look` finds what it wants. While nothing moves, time is let pass up to the next due row: what
 * it would take in reality is thirty seconds for a lease, minutes for a query. A lease that is let pass while
 * its call is under way would be a call made twice, which counts.
 */
export async function until<T>(
  { books, traffic }: Stage,
  what: string,
  skipping: Skipping,
  look: () => Promise<T | null>,
  patienceMs = patienceMsDefault,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  let shown = "";
  let movedAt = performance.now();
  for (;;) {
    const lookedAt = performance.now();
    const found = await look();
    if (found !== null) return found;
    const open = JSON.stringify(await books.openRows());
    const { steps, calls } = traffic();
    const now = performance.now();
    // On a machine that is busy with much else, looking takes longer, and so does everything.
    const busyMs = BUSY_LOOKS * (now - lookedAt);
    const seen = `${steps} steps, ${open}`;
    if (seen !== shown || calls > 0) {
      shown = seen;
      movedAt = now;
    }
    if (now > giveUpAt) throw new Error(`${what} did not come; not final: ${open}`);
    const skip = skipping();
    if (skip !== null && now - movedAt > skip.afterMs + busyMs) {
      await books.ageToNextDue(skip.beyondMs);
      movedAt = now;
    } else await sleep(lookMs);
  }
}
