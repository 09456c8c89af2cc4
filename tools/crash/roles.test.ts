/** Two processes that answer and two that work, on one database: the whole by locks alone. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startSandbox } from "../../sandbox/src/index.ts";
import { newRsaKey } from "../../server/src/kernel/crypto.ts";
import { claimDataDir } from "../../server/src/kernel/host/owner.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { type Books, openBooks } from "./books.ts";
import { createClient, type Json } from "./client.ts";
import { startHttpProxy } from "./http-proxy.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";
import { openShop, type Shop } from "./shop.ts";
import { openGate } from "./steps.ts";

const PAYMENTS = 40;

let folder = "";
let database: TestDatabase;
let books: Books;
let receiver: Receiver;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let front: Awaited<ReturnType<typeof startHttpProxy>>;
let apis: ServerProcess[] = [];
let workers: ServerProcess[] = [];
let shop: Shop;
/** Where requests and notifications go: each API process in turn, without those that were stopped. */
let open: ServerProcess[] = [];
let turns = 0;
const apiUrl = () => open[turns++ % open.length]?.baseUrl ?? "";
const wallet = createClient(() => sandbox.url, null);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  claimDataDir(folder, new Date());
  database = await createTestDatabase();
  books = openBooks(database.url);
  receiver = await startReceiver();
  sandbox = await startSandbox({ host: "127.0.0.1", port: 0, store: { kind: "memory" } });
  front = await startHttpProxy({ gate: openGate, target: apiUrl, nameOf: () => null });
  const operatorKey = `op_${randomBytes(32).toString("hex")}`;
  const env = {
    DATABASE_URL: database.url,
    TRIBUTARY_PUBLIC_URL: front.url,
    TRIBUTARY_MASTER_KEY: randomBytes(32).toString("base64"),
    TRIBUTARY_OPERATOR_KEY: operatorKey,
  };
  const start = async (role: "api" | "worker", number: number) => {
    const dataDir = join(folder, `${role}-${number}`);
    mkdirSync(dataDir);
    const server = await createServerProcess({ dataDir, env: { ...env, TRIBUTARY_ROLES: role } });
    await server.start();
    return server;
  };
  apis = [await start("api", 1), await start("api", 2)];
  workers = [await start("worker", 1), await start("worker", 2)];
  open = [...apis];
  const know = (secret: string) => receiver.know("shop", secret);
  const operator = createClient(apiUrl, operatorKey);
  const places = { baseUrl: apiUrl, channelUrl: sandbox.url, webhookUrl: `${receiver.url}/shop` };
  shop = await openShop({ ...places, operator, sandbox: wallet, keys: newRsaKey(), know }, "shop");
});

after(async () => {
  await Promise.all([...apis, ...workers].map((server) => server.end()));
  await books.close();
  await Promise.all([front, sandbox, receiver].map((one) => one.stop()));
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  const giveUpAt = performance.now() + 90_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > giveUpAt) throw new Error(`it never came: ${String(look)}`);
    await sleep(50);
  }
}

const read = async (id: string) => (await shop.client.ask("GET", `/v1/payments/${id}`)).body;

/** Creates a payment, pays it as the buyer, and waits for its success. */
async function trade(number: number): Promise<string> {
  const created = await shop.client.ask("POST", "/v1/payments", {
    merchant_order_no: `roles-${number}`,
    amount: 100 + number,
    currency: "CNY",
    subject: "Tea",
    method: "alipay.qr",
  });
  const id = String(created.body.id);
  const code = await until(
    async () => (((await read(id)).next_action as Json | null)?.qr_code as string) ?? null,
  );
  await wallet.ask("POST", "/wallet/pay", { code });
  await until(async () => ((await read(id)).status === "succeeded" ? true : null));
  return id;
}

test("a process that only works answers those who watch it, and sends everybody else on", async () => {
  for (const { baseUrl } of workers) {
    for (const path of ["/health", "/ready", "/metrics"]) {
      assert.equal((await fetch(baseUrl + path)).status, 200, path);
    }
    for (const path of ["/v1/payments", "/pay/x", "/docs", "/notify/alipay/cha_x"]) {
      const answer = await fetch(baseUrl + path);
      assert.equal(answer.status, 503, path);
      assert.equal(((await answer.json()) as Json).code, "not_served_here");
      assert.ok(Number(answer.headers.get("retry-after")) > 0);
    }
  }
});

test("payments go through two APIs and two workers, and one API stops in the middle", async () => {
  const numbers = Array.from({ length: PAYMENTS }, (_, number) => number);
  const trades = numbers.map(trade);
  await Promise.race(trades);
  const [leaving, staying] = apis as [ServerProcess, ServerProcess];
  // As a load balancer does it: first nobody is sent there any more, then it finishes what it has.
  open = [staying];
  leaving.signal("SIGTERM");
  const ids = await Promise.all(trades);
  await until(async () => (leaving.pid === null ? true : null));
  assert.equal(leaving.exitCode(), 0, leaving.output());
  assert.deepEqual(
    shop.client.setbacks.filter((status) => status === 500),
    [],
  );

  // Each API process delivers from memory what it recorded itself, without a worker.
  const succeeded = () =>
    new Set(
      receiver.received.filter(({ type }) => type === "payment.succeeded").map(({ subject }) => subject),
    );
  await until(async () => (ids.every((id) => succeeded().has(id)) ? true : null));
  assert.equal(receiver.refused(), 0);
  assert.deepEqual(await books.violations(), []);
  assert.equal(await books.deadlocks(), 0);
});

test("what an API process leaves behind is finished by the workers", async () => {
  const { body } = await shop.client.ask("POST", "/v1/payments", {
    merchant_order_no: "roles-expiring",
    amount: 100,
    currency: "CNY",
    subject: "Tea",
    method: "alipay.qr",
  });
  const id = String(body.id);
  // Hours pass: its order is asked about, closed at the channel, and the payment has expired.
  const ended = await until(async () => {
    await books.ageToNextDue(60_000);
    const present = await read(id);
    return present.status_final === true ? present : null;
  });
  assert.equal(ended.status, "closed");
  const told = () =>
    receiver.received.some(({ subject, type }) => subject === id && type === "payment.closed");
  await until(async () => (told() ? true : null));
  assert.deepEqual(await books.violations(), []);
});
