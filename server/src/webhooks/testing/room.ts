import { createTestDatabase } from "../../../../tools/testing/database.ts";
import { systemRandom } from "../../kernel/clock.ts";
import { createKeyring } from "../../kernel/crypto.ts";
import { type Cell, openDatabase } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { createHttp, type Http } from "../../kernel/http.ts";
import { createIdMaker, formatId, type Id, parseId } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import { openPlatform, type Platform } from "../../kernel/revision.ts";
import { createWebhooks, type Delivery, type NewEvent, type Webhooks, type WebhooksDeps } from "../index.ts";
import { type TestClock, testClock } from "./clock.ts";

/** The room over a database of its own and a clock that the test moves. */
export type TestRoom = {
  readonly clock: TestClock;
  readonly cell: Cell;
  readonly platform: Platform;
  readonly webhooks: Webhooks;
  readonly http: Http;
  readonly newId: () => Id;
  /** Another process over the same database. */
  another(): Webhooks;
  /** Calls a route as a merchant (by id) or as `operator`. */
  call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    url: string,
    as: string,
    body?: unknown,
  ): Promise<Answered>;
  /** Adds an endpoint; its id and secret as the merchant sees them. */
  endpoint(
    merchantId: Id,
    url: string,
    settings?: Record<string, unknown>,
  ): Promise<{ id: string; secret: string }>;
  /** Records events of a merchant without sending anything. */
  record(merchantId: Id, count: number, changes?: Partial<NewEvent>): Promise<readonly Delivery[]>;
  close(): Promise<void>;
};

export type Answered = { readonly status: number; readonly body: Body };

/** Whatever JSON says: a test looks into it freely, and what it finds is asserted. */
type Body = ReturnType<typeof JSON.parse>;

const MASTER_KEY = Buffer.alloc(32, 7);

export async function openTestRoom(changes: Partial<WebhooksDeps> = {}): Promise<TestRoom> {
  const database = await createTestDatabase();
  const clock = testClock("2026-03-01T08:00:00.000Z");
  const log = silentLog();
  const connecting = { url: database.url, readersMax: 4, writersMax: 4, log };
  const newId = createIdMaker({ clock, random: systemRandom }, 0);
  const cell: Cell = {
    ...openDatabase({ ...connecting, schema: "cell_0" }),
    cell: 0,
    clock,
    random: systemRandom,
    newId,
  };
  const platform = openPlatform(connecting, clock);
  const started: Webhooks[] = [];
  const start = () => {
    const keyring = createKeyring(MASTER_KEY);
    const deps = { cell, platform, keyring, clock, random: systemRandom, newId, log, production: false };
    const webhooks = createWebhooks({ ...deps, ...changes });
    started.push(webhooks);
    return webhooks;
  };
  const webhooks = start();
  const http = await createHttp({
    log,
    random: systemRandom,
    version: "0",
    publicUrl: "http://localhost",
    trustProxy: false,
  });
  webhooks.routes(http, {
    authenticateMerchant: async ({ headers }) => {
      const merchantId = parseId("mch", headers.authorization ?? "");
      if (merchantId === null) throw problem("unauthenticated");
      return { merchantId };
    },
    authenticateOperator: async ({ headers }, permission) => {
      if (headers.authorization !== "operator") throw problem("unauthenticated");
      if (permission !== "payments.read") throw problem("forbidden");
    },
  });

  const call: TestRoom["call"] = async (method, url, as, body) => {
    const authorization = as === "operator" ? as : formatId("mch", as);
    const answer = await http.inject({
      method,
      url,
      headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: answer.json() };
  };
  return {
    clock,
    cell,
    platform,
    webhooks,
    http,
    newId,
    another: start,
    call,
    endpoint: async (merchantId, url, settings = {}) => {
      const { status, body } = await call("POST", "/v1/webhook_endpoints", merchantId, { url, ...settings });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body as { id: string; secret: string };
    },
    record: async (merchantId, count, changed = {}) => {
      const endpoints = await webhooks.endpointsOf([merchantId]);
      const events = Array.from({ length: count }, () => newEvent(newId, merchantId, clock.now(), changed));
      return cell.transact((tx) => webhooks.record(tx, endpoints, events));
    },
    close: async () => {
      await Promise.all(started.map((one) => one.stop()));
      await http.close();
      await Promise.all([cell.close(), platform.close()]);
      await database.drop();
    },
  };
}

function newEvent(newId: () => Id, merchantId: Id, createdAt: Date, changes: Partial<NewEvent>): NewEvent {
  const paymentId = newId();
  const data = { id: formatId("pay", paymentId), amount: 1_234, currency: "CNY" };
  const type = "payment.succeeded";
  return { id: newId(), merchantId, type, subjectId: paymentId, paymentId, data, createdAt, ...changes };
}
