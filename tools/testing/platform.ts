import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../../sandbox/src/index.ts";
import { type App, buildApp } from "../../server/src/app.ts";
import type { Channel } from "../../server/src/channels/index.ts";
import type { Config } from "../../server/src/config.ts";
import { type DemoFile, ensureDemoMerchant } from "../../server/src/demo-merchant.ts";
import { systemRandom } from "../../server/src/kernel/clock.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { createMovableClock, type MovableClock } from "./clock.ts";
import { testConfig } from "./config.ts";
import { createTestDatabase } from "./database.ts";

/** An answer of the platform or the sandbox. */
export type Json = any;
export type Answer = { readonly status: number; readonly body: Json; readonly headers: Headers };

/** A whole platform with its sandbox in this process, over HTTP, with a merchant that can take payments. */
export type TestPlatform = {
  readonly baseUrl: string;
  readonly sandboxUrl: string;
  readonly demo: DemoFile;
  readonly databaseUrl: string;
  readonly app: App;
  readonly clock: MovableClock;
  /** Calls the platform as the demo merchant, or with another key (null: none). */
  api(method: string, path: string, body?: unknown, key?: string | null): Promise<Answer>;
  /** Calls the platform as the operator. */
  ops(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Calls the sandbox. */
  sandbox(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Creates a payment with what differs from a plain one of 12.34 CNY; a number of its own each time. */
  pay(wanted?: Record<string, unknown>): Promise<Answer>;
  /** Pays a code as the buyer. */
  payCode(code: string): Promise<Answer>;
  /** Reads a payment until `done` says so; throws with the last state after 15 s of the machine's time. */
  until(paymentId: string, done: (payment: Json) => boolean): Promise<Json>;
  stop(): Promise<void>;
};

export type PlatformOptions = {
  readonly config?: Partial<Config>;
  /** Another process's database, for tests with two platforms on one. */
  readonly databaseUrl?: string;
  /** Connectors beside the platform's own. */
  readonly channels?: readonly Channel[];
};

let numbers = 0;

/** Starts a platform of a test's own; stop it in `after`. */
export async function startTestPlatform(options: PlatformOptions = {}): Promise<TestPlatform> {
  const clock = createMovableClock();
  const database = options.databaseUrl === undefined ? await createTestDatabase() : null;
  const databaseUrl = options.databaseUrl ?? (database?.url as string);
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const sandbox = await startSandbox({ host: "127.0.0.1", port: 0, store: { kind: "memory" }, clock });
  const config = testConfig({ dataDir, sandbox: { on: true, instant: false, port: 0 }, ...options.config });
  const log = silentLog();
  const { channels = [] } = options;
  const app = await buildApp({ config, databaseUrl, clock, random: systemRandom, log, channels });
  const baseUrl = await app.listen();
  const { operatorKey } = config;
  await ensureDemoMerchant({ baseUrl, sandboxUrl: sandbox.url, operatorKey, dataDir, log });
  const demo = JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8")) as DemoFile;

  const api: TestPlatform["api"] = (method, path, body, key = demo.secret_key) =>
    call(method, baseUrl + path, body, key);
  const platform: TestPlatform = {
    baseUrl,
    sandboxUrl: sandbox.url,
    demo,
    databaseUrl,
    app,
    clock,
    api,
    ops: (method, path, body) => call(method, baseUrl + path, body, operatorKey),
    sandbox: (method, path, body) => call(method, sandbox.url + path, body, null),
    pay: (wanted = {}) => {
      numbers += 1;
      const plain = {
        merchant_order_no: `T${Date.now()}-${numbers}`,
        amount: 1234,
        currency: "CNY",
        subject: "Tea",
      };
      return api("POST", "/v1/payments", { ...plain, ...wanted });
    },
    payCode: (code) => platform.sandbox("POST", "/wallet/pay", { code }),
    until: async (paymentId, done) => {
      const giveUpAt = Date.now() + 15_000;
      for (;;) {
        const { body } = await api("GET", `/v1/payments/${paymentId}`);
        if (done(body)) return body;
        if (Date.now() > giveUpAt)
          throw new Error(`the payment stayed as it is: ${JSON.stringify(body, null, 2)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop: async () => {
      await app.stop();
      await sandbox.stop();
      await database?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return platform;
}

async function call(method: string, url: string, body: unknown, key: string | null): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  let parsed: Json = text;
  try {
    parsed = text === "" ? null : JSON.parse(text);
  } catch {
    // Not every answer is JSON: the cashier page, an acknowledgement.
  }
  return { status: answer.status, body: parsed, headers: answer.headers };
}
