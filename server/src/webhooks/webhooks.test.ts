import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { deliveriesOfPayment, eventsOfPayment, invariants } from "./index.ts";
import { LEASE_MS, RETRY_GAPS_MS, TRY_TIMEOUT_MS } from "./model.ts";
import { until } from "./testing/clock.ts";
import { type Receiver, startReceiver, verified } from "./testing/receiver.ts";
import { openTestRoom, type TestRoom } from "./testing/room.ts";

let room: TestRoom;
let receiver: Receiver;

before(async () => {
  [room, receiver] = await Promise.all([openTestRoom(), startReceiver()]);
});
after(async () => {
  await room.close();
  await receiver.close();
});

const state = async (merchantId: Id, id: Id) => {
  const { body } = await room.call("GET", `/v1/deliveries/${formatId("dlv", id)}`, merchantId);
  return body;
};
const becomes = (merchantId: Id, id: Id, wanted: string) =>
  until(`the delivery is ${wanted}`, async () => (await state(merchantId, id)).state === wanted);

test("an event reaches the endpoint at once, signed, and is delivered", async () => {
  const merchantId = room.newId();
  const { secret } = await room.endpoint(merchantId, receiver.url("/at-once"));
  const deliveries = await room.record(merchantId, 1);
  room.webhooks.deliver(deliveries);
  await becomes(merchantId, deliveries[0]!.id, "delivered");

  const [got] = receiver.at("/at-once");
  assert.ok(got);
  const event = verified(got, secret);
  assert.equal(event.type, "payment.succeeded");
  assert.equal(event.id, got.headers["webhook-id"]);
  assert.deepEqual((event.data as { amount: number }).amount, 1_234);
  const shown = await state(merchantId, deliveries[0]!.id);
  assert.equal(shown.tries, 1);
  assert.equal(shown.last_try.status, 204);
  assert.deepEqual(shown.failed_tries, []);
});

test("only enabled endpoints that subscribe hear of an event, which is kept in any case", async () => {
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/refunds"), { events: ["refund.succeeded"] });
  const off = await room.endpoint(merchantId, receiver.url("/off"));
  await room.call("DELETE", `/v1/webhook_endpoints/${off.id}`, merchantId);
  assert.equal((await room.record(merchantId, 1)).length, 0);
  const refunds = await room.record(merchantId, 1, { type: "refund.succeeded" });
  assert.equal(refunds.length, 1);
  const { body } = await room.call("GET", "/v1/events", merchantId);
  assert.deepEqual(body.data.map((event: { type: string }) => event.type).toSorted(), [
    "payment.succeeded",
    "refund.succeeded",
  ]);
});

test("an event that is recorded again, as after a lost commit, is delivered once", async () => {
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/twice"));
  const id = room.newId();
  assert.equal((await room.record(merchantId, 1, { id })).length, 1);
  assert.equal((await room.record(merchantId, 1, { id })).length, 0);
  const { body } = await room.call("GET", `/v1/deliveries?event=${formatId("evt", id)}`, merchantId);
  assert.equal(body.data.length, 1);
});

test("a crash between commit and sending loses nothing: it is sent when the lease ends", async () => {
  const merchantId = room.newId();
  const { secret } = await room.endpoint(merchantId, receiver.url("/crash"));
  const [delivery] = await room.record(merchantId, 1);
  const survivor = room.another();
  const worker = survivor.startWorker();
  await until("the worker has looked", async () => worker.gauges.claimed >= 0);
  assert.equal(receiver.at("/crash").length, 0);
  room.clock.advance(LEASE_MS + SECOND);
  await until("it arrived", () => {
    room.clock.advance(SECOND);
    return receiver.at("/crash").length === 1;
  });
  verified(receiver.at("/crash")[0]!, secret);
  await becomes(merchantId, delivery!.id, "delivered");
  await survivor.stop();
});

test("a process that stops cuts what hangs, counts no try of it, and another one sends it", async () => {
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/stopping"));
  receiver.answer("/stopping", "never");
  const [delivery] = await room.record(merchantId, 1);
  const leaving = room.another();
  leaving.deliver([delivery!]);
  await until("the request is under way", () => receiver.at("/stopping").length === 1);
  const stopped = leaving.stop();
  room.clock.advance(2 * SECOND);
  await stopped;
  assert.equal((await state(merchantId, delivery!.id)).tries, 0);

  receiver.answer("/stopping", { status: 204 });
  const staying = room.another();
  staying.startWorker();
  room.clock.advance(LEASE_MS);
  await until("it arrived", async () => {
    room.clock.advance(SECOND);
    return (await state(merchantId, delivery!.id)).state === "delivered";
  });
  await staying.stop();
});

test("a failing delivery is retried on schedule under one webhook-id, dies visibly, is resent", async () => {
  const merchantId = room.newId();
  const { id } = await room.endpoint(merchantId, receiver.url("/schedule"));
  receiver.answer("/schedule", { status: 500, body: "oops\0" });
  const [delivery] = await room.record(merchantId, 1);
  const worker = room.another();
  room.webhooks.deliver([delivery!]);
  await until("the first try failed", async () => (await state(merchantId, delivery!.id)).tries === 1);
  worker.startWorker();
  for (const [index, gapMs] of RETRY_GAPS_MS.entries()) {
    // Right before the gap is over nothing is sent; right after it, one request is.
    room.clock.advance(gapMs - 2 * SECOND);
    assert.equal(receiver.at("/schedule").length, index + 1);
    await until(`try ${index + 2} failed`, async () => {
      room.clock.advance(SECOND);
      return (await state(merchantId, delivery!.id)).tries === index + 2;
    });
  }
  const dead = await state(merchantId, delivery!.id);
  assert.equal(dead.state, "dead");
  assert.equal(dead.next_try_at, null);
  assert.equal(dead.failed_tries.length, 9);
  assert.deepEqual(dead.failed_tries[0].error, "answered 500");
  assert.deepEqual(dead.failed_tries[0].answer, "oops ");
  assert.equal(new Set(receiver.at("/schedule").map(({ headers }) => headers["webhook-id"])).size, 1);

  const letters = await room.call("GET", "/v1/ops/deliveries", "operator");
  assert.ok(letters.body.data.some((row: { id: string }) => row.id === dead.id));
  const endpoint = await room.call("GET", `/v1/webhook_endpoints/${id}`, merchantId);
  assert.equal(endpoint.body.health.last_status, 500);

  receiver.answer("/schedule", { status: 200 });
  room.clock.advance(2 * MINUTE);
  const again = await room.call("POST", `/v1/deliveries/${dead.id}/resend`, merchantId);
  assert.equal(again.status, 202);
  assert.equal(again.body.state, "scheduled");
  await until("the resent delivery arrived", async () => {
    room.clock.advance(SECOND);
    return (await state(merchantId, delivery!.id)).state === "delivered";
  });
  assert.equal((await room.call("GET", `/v1/webhook_endpoints/${id}`, merchantId)).body.health, null);
  await worker.stop();
});

test("what was delivered can be resent, and arrives again under the same webhook-id", async () => {
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/again"));
  const deliveries = await room.record(merchantId, 1);
  room.webhooks.deliver(deliveries);
  const id = deliveries[0]!.id;
  await becomes(merchantId, id, "delivered");
  room.clock.advance(SECOND);
  await room.call("POST", `/v1/deliveries/${formatId("dlv", id)}/resend`, merchantId);
  await until("it arrived twice", () => receiver.at("/again").length === 2);
  await becomes(merchantId, id, "delivered");
  const [first, second] = receiver.at("/again");
  assert.equal(first!.headers["webhook-id"], second!.headers["webhook-id"]);
  assert.equal(first!.body, second!.body);
  assert.equal((await state(merchantId, id)).tries, 2);
});

test("an endpoint that never answers delays no other", async () => {
  const [slow, quick] = [room.newId(), room.newId()];
  await room.endpoint(slow, receiver.url("/slow"));
  await room.endpoint(quick, receiver.url("/quick"));
  receiver.answer("/slow", "never");
  const hanging = await room.record(slow, 40);
  room.webhooks.deliver(hanging);
  const deliveries = await room.record(quick, 40);
  room.webhooks.deliver(deliveries);
  await until("the quick endpoint has everything", () => receiver.at("/quick").length === 40);
  assert.equal(receiver.at("/slow").length, 16);
  receiver.answer("/slow", { status: 204 });
  room.clock.advance(TRY_TIMEOUT_MS);
  await until("what waited behind them was sent", () => receiver.at("/slow").length === 40);
  await until("nothing is in flight", () => room.webhooks.gauges.inFlight === 0);
});

test("the backlog of one endpoint starves no other of the worker", async () => {
  const [big, small] = [room.newId(), room.newId()];
  await room.endpoint(big, receiver.url("/big"));
  await room.endpoint(small, receiver.url("/small"));
  await room.record(big, 600);
  await room.record(small, 1);
  receiver.answer("/big", "never");
  room.clock.advance(LEASE_MS + SECOND);
  const worker = room.another();
  worker.startWorker();
  await until("the small endpoint has its delivery", () => receiver.at("/small").length === 1);
  assert.ok(receiver.at("/big").length <= 16);
  receiver.answer("/big", { status: 204 });
  room.clock.advance(TRY_TIMEOUT_MS);
  await until("the backlog is sent, sixteen at a time, without waiting for the idle gap", async () => {
    room.clock.advance(10);
    return new Set(receiver.at("/big").map(({ headers }) => headers["webhook-id"])).size >= 500;
  });
  await worker.stop();
});

test("a dead endpoint is paused: its backlog is neither claimed nor sent from memory", async () => {
  const merchantId = room.newId();
  const { id } = await room.endpoint(merchantId, receiver.url("/dead"));
  receiver.answer("/dead", { status: 503 });
  for (let failures = 0; failures < 3; failures += 1) {
    room.webhooks.deliver(await room.record(merchantId, 1));
    await until("it failed", async () => room.webhooks.gauges.inFlight === 0);
    room.clock.advance(1);
  }
  const { body } = await room.call("GET", `/v1/webhook_endpoints/${id}`, merchantId);
  assert.equal(body.health.failures, 3);
  assert.notEqual(body.health.paused_until, null);

  const before = receiver.at("/dead").length;
  const left = room.webhooks.gauges.left;
  room.webhooks.deliver(await room.record(merchantId, 5));
  assert.equal(room.webhooks.gauges.left, left + 5);
  assert.equal(receiver.at("/dead").length, before);
  // Changing the endpoint says that it was put right.
  await room.call("PATCH", `/v1/webhook_endpoints/${id}`, merchantId, { description: "put right" });
  receiver.answer("/dead", { status: 204 });
  room.webhooks.deliver(await room.record(merchantId, 1));
  await until("it is sent again", () => receiver.at("/dead").length === before + 1);
});

test("after a rotation both secrets verify; when the overlap is over only the new one does", async () => {
  const merchantId = room.newId();
  const { id, secret } = await room.endpoint(merchantId, receiver.url("/rotate"));
  const { body } = await room.call("POST", `/v1/webhook_endpoints/${id}/rotate_secret`, merchantId, {
    overlap_seconds: 3_600,
  });
  assert.notEqual(body.secret, secret);
  room.webhooks.deliver(await room.record(merchantId, 1));
  await until("it arrived", () => receiver.at("/rotate").length === 1);
  const [during] = receiver.at("/rotate");
  verified(during!, secret);
  verified(during!, body.secret);

  room.clock.advance(61 * MINUTE);
  room.webhooks.deliver(await room.record(merchantId, 1));
  await until("it arrived", () => receiver.at("/rotate").length === 2);
  const afterwards = receiver.at("/rotate")[1]!;
  verified(afterwards, body.secret);
  assert.throws(() => verified(afterwards, secret));
});

test("a secret that leaked is replaced at once: a rotation without overlap", async () => {
  const merchantId = room.newId();
  const { id, secret } = await room.endpoint(merchantId, receiver.url("/leaked"));
  const path = `/v1/webhook_endpoints/${id}/rotate_secret`;
  const first = await room.call("POST", path, merchantId);
  assert.notEqual(first.body.previous_secret_expires_at, null);
  const { body } = await room.call("POST", path, merchantId, { overlap_seconds: 0 });
  assert.equal(body.previous_secret_expires_at, null);
  room.webhooks.deliver(await room.record(merchantId, 1));
  await until("it arrived", () => receiver.at("/leaked").length === 1);
  const [got] = receiver.at("/leaked");
  verified(got!, body.secret);
  for (const old of [secret, first.body.secret]) assert.throws(() => verified(got!, old));
});

test("what was scheduled for an endpoint that is disabled since becomes a dead letter", async () => {
  const merchantId = room.newId();
  const { id } = await room.endpoint(merchantId, receiver.url("/disabled"));
  const [delivery] = await room.record(merchantId, 1);
  await room.call("DELETE", `/v1/webhook_endpoints/${id}`, merchantId);
  room.webhooks.deliver([delivery!]);
  await becomes(merchantId, delivery!.id, "dead");
  const shown = await state(merchantId, delivery!.id);
  assert.equal(shown.last_error, "the endpoint is disabled");
  assert.equal(receiver.at("/disabled").length, 0);
  const refused = await room.call("POST", `/v1/deliveries/${shown.id}/resend`, merchantId);
  assert.equal(refused.status, 409);
});

test("a payment's timeline shows its events and deliveries, with every failed try", async () => {
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/timeline"));
  receiver.answer("/timeline", { status: 502, body: "bad gateway" });
  const paymentId = room.newId();
  const deliveries = await room.record(merchantId, 1, { paymentId, subjectId: paymentId });
  room.webhooks.deliver(deliveries);
  await until("it failed", async () => (await deliveriesOfPayment(room.cell.db, paymentId))[0]?.tries === 1);
  const [event] = await eventsOfPayment(room.cell.db, paymentId);
  assert.equal(event?.type, "payment.succeeded");
  const [shown] = await deliveriesOfPayment(room.cell.db, paymentId);
  assert.equal(shown?.state, "scheduled");
  assert.equal(shown?.failedTries[0]?.answer, "bad gateway");
  assert.equal(shown?.failedTries[0]?.status, 502);
});

test("the invariants hold after all of this, and see a delivery whose event is gone", async () => {
  const violations = async () => {
    const found = await Promise.all(invariants.map(({ check }) => check(room.cell.db, null)));
    return found.flat();
  };
  assert.deepEqual(await violations(), []);
  assert.equal(room.cell.counters.deadlocks, 0);
  const merchantId = room.newId();
  await room.endpoint(merchantId, receiver.url("/gone"));
  const [delivery] = await room.record(merchantId, 1);
  const remove = { name: "test_remove_event", text: "delete from events where id = $1" };
  await room.cell.transact((tx) => tx.run(remove, [delivery!.eventId]));
  assert.deepEqual(
    (await violations()).map(({ subject }) => subject),
    [formatId("dlv", delivery!.id)],
  );
});
