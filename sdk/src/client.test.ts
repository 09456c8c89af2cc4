import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { startTestPlatform, type TestPlatform } from "../../tools/testing/platform.ts";
import { Tributary, TributaryError, verifyWebhook, type WebhookEvent } from "./index.ts";

let platform: TestPlatform;
let tributary: Tributary;
const heard: WebhookEvent[] = [];
let secret = "";
let endpointId = "";
const shop = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    verifyWebhook({ secret, headers: request.headers, body: Buffer.concat(chunks) }).then(
      (event) => {
        heard.push(event);
        response.writeHead(204).end();
      },
      () => response.writeHead(401).end(),
    );
  });
});

before(async () => {
  platform = await startTestPlatform();
  tributary = new Tributary({ baseUrl: platform.baseUrl, secretKey: platform.demo.secret_key });
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  const { port } = shop.address() as AddressInfo;
  const endpoint = await tributary.webhookEndpoints.create({ url: `http://127.0.0.1:${port}/hooks` });
  secret = endpoint.secret;
  endpointId = endpoint.id;
});
after(async () => {
  await platform.stop();
  shop.closeAllConnections();
  shop.close();
});

async function until<Found>(
  what: string,
  find: () => Promise<Found | undefined> | Found | undefined,
): Promise<Found> {
  for (let tries = 0; tries < 600; tries += 1) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain until ${what}`);
}
const heardOf = (type: WebhookEvent["type"]) =>
  until(`${type} is heard`, () => heard.find((event) => event.type === type));

const tea = { amount: 1_234, currency: "CNY", subject: "Tea", method: "alipay.qr" };

test("a merchant takes a payment, hears of it, refunds a part, and sees it in its accounts", async () => {
  const order = { ...tea, merchant_order_no: "SDK-1" };
  const payment = await tributary.payments.create(order);
  assert.equal(payment.status, "processing");
  assert.ok(payment.next_action?.type === "qr_code");
  assert.equal((await tributary.payments.create(order)).id, payment.id);
  await platform.payCode(payment.next_action.qr_code);

  const told = await heardOf("payment.succeeded");
  assert.ok(told.type === "payment.succeeded");
  assert.equal(told.data.payment.id, payment.id);
  const paid = await tributary.payments.get(payment.id);
  assert.equal(paid.status, "succeeded");

  const refund = await tributary.refunds.create(payment.id, { merchant_refund_no: "SDK-R1", amount: 234n });
  assert.equal(refund.amount, 234);
  const refunded = await heardOf("refund.accepted");
  assert.ok(refunded.type === "refund.accepted");
  assert.equal(refunded.data.refund.id, refund.id);
  assert.equal((await tributary.refunds.get(refund.id)).merchant_refund_no, "SDK-R1");
  assert.equal((await tributary.payments.get(payment.id)).amount_refunded, 234);

  const accounts = await tributary.accounts.list().take(50);
  const pending = accounts.find(({ code }) => code === "merchant_pending");
  assert.ok(pending);
  const entries = await tributary.accounts.entries(pending.id).take(10);
  assert.ok(entries.length >= 2);
  const { natural_balance: balance } = await tributary.accounts.balance(pending.id);
  assert.equal(balance, pending.natural_balance);

  const story = await tributary.payments.timeline(payment.id);
  for (const kind of ["payment", "attempt", "exchange", "journal", "refund", "event", "delivery"]) {
    assert.ok(
      story.some((item) => item.kind === kind),
      kind,
    );
  }
});

test("lists are walked, filtered and paged", async () => {
  for (const number of ["SDK-2", "SDK-3"]) {
    await tributary.payments.create({ ...tea, merchant_order_no: number });
  }
  const numbers: string[] = [];
  for await (const { merchant_order_no } of tributary.payments.list({ limit: 1 })) {
    numbers.push(merchant_order_no);
  }
  assert.deepEqual(numbers, ["SDK-3", "SDK-2", "SDK-1"]);
  const found = await tributary.payments.list({ number: "SDK-2" }).take(5);
  assert.deepEqual(
    found.map(({ merchant_order_no }) => merchant_order_no),
    ["SDK-2"],
  );
  const closed = await tributary.payments.close(found[0]?.id ?? "");
  assert.ok(["closed", "processing"].includes(closed.status));
  assert.equal((await tributary.refunds.list().take(5)).length, 1);
});

test("events and deliveries are read and sent again", async () => {
  const [event] = await tributary.events.list({ type: "payment.succeeded" }).take(1);
  assert.ok(event?.type === "payment.succeeded");
  assert.equal(event.subject, event.data.payment.id);
  assert.deepEqual((await tributary.events.get(event.id)).id, event.id);
  const ours = { event: event.id, webhook_endpoint: endpointId, state: "delivered" } as const;
  const [delivery] = await tributary.deliveries.list(ours).take(1);
  assert.ok(delivery);
  const before = heard.length;
  await tributary.deliveries.resend(delivery.id);
  await until("it is heard again", () => (heard.length > before ? true : undefined));
  assert.equal(heard.at(-1)?.id, event.id);
  await until("it is delivered", async () => {
    const { state } = await tributary.deliveries.get(delivery.id);
    return state === "delivered" ? true : undefined;
  });
});

test("an endpoint is tested, changed, given a new secret and disabled", async () => {
  const endpoints = await tributary.webhookEndpoints.list();
  const own = endpoints.find(({ id }) => id === endpointId);
  assert.ok(own);
  const ping = await tributary.webhookEndpoints.test(own.id);
  assert.equal(ping.event_type, "ping");
  await heardOf("ping");
  const changed = await tributary.webhookEndpoints.update(own.id, { description: "the shop" });
  assert.equal(changed.description, "the shop");
  const rotated = await tributary.webhookEndpoints.rotateSecret(own.id);
  assert.notEqual(rotated.secret, secret);
  secret = rotated.secret;
  const before = heard.length;
  await tributary.webhookEndpoints.test(own.id);
  await until("the new secret verifies", () => (heard.length > before ? true : undefined));
  assert.equal((await tributary.webhookEndpoints.disable(own.id)).status, "disabled");
  assert.equal((await tributary.webhookEndpoints.get(own.id)).status, "disabled");
});

test("a number that was used with another request is refused, naming what differs", async () => {
  await assert.rejects(
    tributary.payments.create({ ...tea, merchant_order_no: "SDK-1", amount: 99 }),
    (error: unknown) =>
      error instanceof TributaryError && error.code === "number_reused" && error.status === 409,
  );
});

test("a wrong key is an error that says so", async () => {
  const stranger = new Tributary({ baseUrl: platform.baseUrl, secretKey: "sk_wrong" });
  await assert.rejects(stranger.payments.list().page(), { code: "unauthenticated", status: 401 });
});
