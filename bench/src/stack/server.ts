/**
 * The platform's libraries on a payment's way, and nothing that decides: fastify reads and validates two
 * requests and serialises a view, a key is hashed, four transactions write the rows of schema.ts, undici
 * tells the merchant with a signature. What it costs is what the platform cannot go below. A process of its
 * own.
 */
import { createHash, createHmac } from "node:crypto";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { Pool } from "undici";
import { createBatcher } from "../skeleton/batcher.ts";
import { openStore, type Payment } from "./store.ts";

const MERCHANTS_MAX = 1_000;
const BEARER_AT = "Bearer ".length;
const CONNECTIONS = 64;
const SECRET = Buffer.alloc(32, 7);
/** An id ends in its count. */
const COUNT_DIGITS = 20;
const ORDER_DIGITS = 26;

const text = { type: "string", maxLength: 64 };
const OPTIONAL = Array.from({ length: 24 }, (_, index) => `field_${index}`);
const CREATE = {
  body: {
    type: "object",
    additionalProperties: false,
    required: ["merchant_order_no", "amount", "currency", "subject", "method"],
    properties: {
      merchant_order_no: text,
      amount: { type: "integer", minimum: 1 },
      currency: text,
      subject: text,
      method: text,
    },
  },
  response: {
    201: {
      type: "object",
      properties: {
        id: text,
        merchant_order_no: text,
        amount: { type: "integer" },
        currency: text,
        status: text,
        ...Object.fromEntries(OPTIONAL.map((name) => [name, { type: ["string", "null"] }])),
        attempts: {
          type: "array",
          items: { type: "object", properties: { channel_order_no: text, state: text } },
        },
      },
    },
  },
};
/** Two thirds of what a view may have are there. */
const OPTIONAL_VALUES = Object.fromEntries(
  OPTIONAL.map((name, index) => [name, index % 3 === 0 ? null : "2026-11-28T00:00:00.000Z"]),
);

function createIds(): () => string {
  const start = Date.now().toString(16).padStart(12, "0");
  let count = 0;
  return () => {
    count += 1;
    const tail = count.toString(16).padStart(COUNT_DIGITS, "0");
    return `${start.slice(0, 8)}-${start.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
  };
}

function orderOf({ attemptId }: Payment): string {
  return `att${attemptId.replaceAll("-", "").slice(-ORDER_DIGITS)}`;
}

function viewOf(payment: Payment, status: string) {
  const { id, orderNo, amount } = payment;
  const attempts = [{ channel_order_no: orderOf(payment), state: status }];
  const head = {
    id: `pay_${id}`,
    merchant_order_no: orderNo,
    amount: Number(amount),
    currency: "CNY",
    status,
  };
  return { ...head, ...OPTIONAL_VALUES, attempts };
}

function sha256(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

const nothing = () => {};

/** Tells a merchant; `arrived` once it has answered. */
function createTeller(receiverPort: number) {
  const pool = new Pool(`http://127.0.0.1:${receiverPort}`, { connections: CONNECTIONS });
  return (merchantId: number, id: string, payload: string, arrived: () => void) => {
    const at = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac("sha256", SECRET).update(`${id}.${at}.${payload}`).digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": at,
      "webhook-signature": `v1,${signature}`,
    };
    pool.dispatch(
      { path: `/shops/${merchantId}`, method: "POST", headers, body: payload },
      {
        onRequestStart: nothing,
        onResponseStart: nothing,
        onResponseData: nothing,
        onResponseEnd: arrived,
        onResponseError: (_controller, error) => end(error),
      },
    );
  };
}

/** Nothing is expected to fail, and a run with failures counts for nothing. */
function end(error: Error): void {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}

async function main(databaseUrl: string, receiverPort: number): Promise<void> {
  const store = await openStore(databaseUrl);
  const nextId = createIds();
  const creations = createBatcher(store.create);
  const answers = createBatcher(store.answer);
  const successes = createBatcher(store.succeed);
  const told = createBatcher(store.told);
  const tell = createTeller(receiverPort);
  const open = new Map<string, Payment>();
  const keys = new Map(Array.from({ length: MERCHANTS_MAX }, (_, id) => [sha256(String(id)), id]));

  const app = Fastify();
  app.post("/v1/payments", { schema: CREATE }, async (request, reply) => {
    const merchantId = keys.get(sha256(request.headers.authorization?.slice(BEARER_AT) ?? "")) as number;
    const { merchant_order_no: orderNo, amount } = request.body as {
      merchant_order_no: string;
      amount: number;
    };
    const payment = { id: nextId(), attemptId: nextId(), merchantId, orderNo, amount: String(amount) };
    await creations(payment);
    await answers({ payment, exchangeId: nextId() });
    open.set(orderOf(payment), payment);
    reply.code(201);
    return viewOf(payment, "processing");
  });
  app.post("/notify/stack/:merchant", async (request) => {
    const { order } = request.body as { order: string };
    const payment = open.get(order) as Payment;
    open.delete(order);
    const [eventId, deliveryId] = [nextId(), nextId()];
    const payload = JSON.stringify({ type: "payment.succeeded", data: viewOf(payment, "succeeded") });
    const ids = { journalId: nextId(), exchangeId: nextId(), eventId, deliveryId };
    await successes({ payment, payload, ...ids });
    tell(payment.merchantId, eventId, payload, () => void told(deliveryId).catch(end));
    return "success";
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  process.send?.((app.server.address() as AddressInfo).port);
  process.on("disconnect", () => process.exit(0));
}

await main(process.argv[2] as string, Number(process.argv[3]));
