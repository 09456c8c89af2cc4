import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { type Delivery, type Endpoint, LEASE_MS, TRY_TIMEOUT_MS } from "../model.ts";
import { testClock, until } from "../testing/clock.ts";
import { type Receiver, startReceiver, verified } from "../testing/receiver.ts";
import { createSender, type Sender } from "./sender.ts";
import { writeSecret } from "./signature.ts";
import type { TargetRules } from "./target.ts";

const clock = testClock("2026-03-01T08:00:00.000Z");
const never = new AbortController().signal;
const key = Buffer.alloc(32, 9);
let receiver: Receiver;
const senders: Sender[] = [];

before(async () => {
  receiver = await startReceiver();
});
after(async () => {
  for (const sender of senders) sender.close();
  await receiver.close();
});

function senderWith(rules: Partial<TargetRules> = {}): Sender {
  const resolve: TargetRules["resolve"] = async () => [{ address: "127.0.0.1", family: 4 }];
  const sender = createSender({ clock, rules: { production: false, resolve, ...rules }, userAgent: "test" });
  senders.push(sender);
  return sender;
}

const delivery: Delivery = {
  id: "019cb000-0000-7000-8000-000000000001",
  eventId: "019cb000-0000-7000-8000-000000000002",
  merchantId: "019cb000-0000-7000-8000-000000000003",
  endpointId: "019cb000-0000-7000-8000-000000000004",
  payload: '{"hello":"世界"}',
  leasedUntil: new Date(clock.now().getTime() + LEASE_MS),
};

function endpointAt(url: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    id: delivery.endpointId,
    merchantId: delivery.merchantId,
    url,
    description: "",
    events: ["*"],
    requireBodySuccess: false,
    status: "enabled",
    keys: [{ key: createSecretKey(key), expiresAt: null }],
    createdAt: clock.now(),
    updatedAt: clock.now(),
    ...changes,
  };
}

const send = (url: string, changes: Partial<Endpoint> = {}, sender = senderWith()) =>
  sender.send(delivery, endpointAt(url, changes), clock.now(), never);

test("a merchant receives the payload byte for byte, signed, with the event's id", async () => {
  const sent = await send(receiver.url("/plain?shop=1"));
  assert.deepEqual(sent, { status: 204, answer: "", fault: null, error: null });
  const [got] = receiver.at("/plain?shop=1");
  assert.ok(got);
  assert.equal(got.body, delivery.payload);
  assert.equal(got.headers["content-type"], "application/json");
  assert.match(String(got.headers["webhook-id"]), /^evt_[0-9a-z]{26}$/);
  verified(got, writeSecret(key));
});

const judged = [
  { title: "any 2xx is an acknowledgement", answer: { status: 202 }, fault: null },
  { title: "a client error is a failure", answer: { status: 400 }, fault: "status" },
  { title: "a server error is a failure", answer: { status: 503 }, fault: "status" },
  { title: "410 Gone is a failure that says what to do", answer: { status: 410 }, fault: "status" },
  {
    title: "where the body success is required, another body is a failure",
    answer: { status: 200, body: "ok" },
    fault: "body",
    strict: true,
  },
  {
    title: "where the body success is required, it is an acknowledgement",
    answer: { status: 200, body: "success\n" },
    fault: null,
    strict: true,
  },
  {
    title: "the body success does not make up for an error",
    answer: { status: 500, body: "success" },
    fault: "status",
    strict: true,
  },
] as const;
for (const [index, { title, answer, fault, ...rest }] of judged.entries()) {
  test(title, async () => {
    receiver.answer(`/judged/${index}`, answer);
    const sent = await send(receiver.url(`/judged/${index}`), { requireBodySuccess: "strict" in rest });
    assert.equal(sent.fault, fault);
    assert.equal(sent.status, answer.status);
    assert.equal(sent.error === null, fault === null);
  });
}

test("a try that was given up while it waited for a connection is not sent afterwards", async () => {
  const found = Promise.withResolvers<readonly { address: string; family: 4 }[]>();
  const sender = senderWith({ resolve: () => found.promise });
  const port = new URL(receiver.url("/")).port;
  const given = sender.send(delivery, endpointAt(`http://shop.example:${port}/late`), clock.now(), never);
  await new Promise(setImmediate);
  clock.advance(TRY_TIMEOUT_MS);
  assert.equal((await given).fault, "timeout");
  found.resolve([{ address: "127.0.0.1", family: 4 }]);
  // The same connection serves the next one: had the first been sent, it would have come before it.
  const next = await sender.send(
    delivery,
    endpointAt(`http://shop.example:${port}/next`),
    clock.now(),
    never,
  );
  assert.equal(next.status, 204);
  assert.equal(receiver.at("/late").length, 0);
});

test("a redirect is a failure and is not followed", async () => {
  receiver.answer("/moved", { status: 307, headers: { location: receiver.url("/elsewhere") } });
  const sent = await send(receiver.url("/moved"));
  assert.equal(sent.fault, "redirect");
  assert.equal(receiver.at("/elsewhere").length, 0);
});

test("of a huge answer only the beginning is read and kept, and its status counts", async () => {
  receiver.answer("/huge", { status: 200, body: `\0a\u0007${"x".repeat(5_000_000)}` });
  const sent = await send(receiver.url("/huge"));
  assert.equal(sent.fault, null);
  assert.equal(sent.answer?.length, 500);
  assert.match(sent.answer ?? "", /^ a x/);
});

test("an endpoint that never answers is given up after ten seconds", async () => {
  receiver.answer("/never", "never");
  const sending = send(receiver.url("/never"));
  await until("the request arrived", () => receiver.at("/never").length === 1);
  clock.advance(TRY_TIMEOUT_MS);
  const sent = await sending;
  assert.equal(sent.fault, "timeout");
  assert.match(sent.error ?? "", /10 s/);
});

test("a server that accepts no connection is a failed try", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  const sent = await send(`http://127.0.0.1:${port}/`);
  assert.equal(sent.fault, "connection");
  assert.match(sent.error ?? "", /ECONNREFUSED/);
});

test("a name without an address is a failed try", async () => {
  const sender = senderWith({
    resolve: async () => {
      throw new Error("ENOTFOUND");
    },
  });
  const sent = await send("http://shop.test/hooks", {}, sender);
  assert.equal(sent.fault, "name");
});

test("the connection goes to the address that was checked", async () => {
  const sent = await send(`http://shop.test:${receiver.port}/pinned`);
  assert.equal(sent.fault, null);
  assert.equal(receiver.at("/pinned")[0]?.headers.host, `shop.test:${receiver.port}`);
});

test("a name that was public when it was saved and now leads inside is not connected to", async () => {
  const before = receiver.connections;
  const sent = await send(`https://shop.test:${receiver.port}/rebound`, {}, senderWith({ production: true }));
  assert.equal(sent.fault, "target");
  assert.match(sent.error ?? "", /127\.0\.0\.1/);
  assert.equal(receiver.connections, before);
});

test("a literal inside address in an old row is not connected to", async () => {
  const before = receiver.connections;
  const sent = await send(`https://127.0.0.1:${receiver.port}/`, {}, senderWith({ production: true }));
  assert.equal(sent.fault, "target");
  assert.equal(receiver.connections, before);
});
