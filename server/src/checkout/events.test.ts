import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { SECOND } from "../kernel/clock.ts";
import { type EventStream, openEvents } from "./testing.ts";
import { BEAT_MS, STREAM_MS_MAX } from "./watchers.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const create = async (wanted: Record<string, unknown> = {}): Promise<Json> => {
  const created = await platform.pay(wanted);
  assert.equal(created.status, 201, JSON.stringify(created.body));
  return created.body;
};
const pathOf = (payment: Json) => new URL(payment.cashier_url).pathname;
const listen = (payment: Json): Promise<EventStream> =>
  openEvents(`${platform.baseUrl}${pathOf(payment)}/events`);

describe("live status", () => {
  test("tells the present state at once, every change, and ends with the payment", async () => {
    const payment = await create({ method: "alipay.qr" });
    const events = await listen(payment);
    assert.equal(events.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(events.headers.get("cache-control"), "no-store");
    const first = await events.state();
    assert.deepEqual([first.view, first.next_action.type], ["pay", "qr_code"]);
    await platform.payCode(payment.next_action.qr_code);
    const paid = await events.state();
    assert.deepEqual([paid.view, paid.payment.status_final], ["paid", true]);
    assert.equal(await events.next(), null);
    const again = await fetch(`${platform.baseUrl}${pathOf(payment)}/events`);
    assert.equal(again.status, 204);
  });

  test("says nothing twice, but that it lives", async () => {
    const events = await listen(await create({ method: "alipay.qr" }));
    await events.state();
    platform.clock.advance(BEAT_MS);
    assert.deepEqual(await events.next(), { event: "beat", data: "1", comment: "beat" });
    events.close();
  });

  test("ends by itself after a while, for a page that never closes", async () => {
    const events = await listen(await create({ method: "alipay.qr", expires_in: 7_200 }));
    await events.state();
    platform.clock.advance(STREAM_MS_MAX);
    for (let said = await events.next(); said !== null; said = await events.next()) {
      assert.ok(["beat", "state"].includes(said.event));
    }
  });

  test("has room for a buyer's screens and not for a crowd's on one link", async () => {
    const payment = await create();
    const all = await Promise.all(Array.from({ length: 8 }, () => listen(payment)));
    const refused = await fetch(`${platform.baseUrl}${pathOf(payment)}/events`);
    assert.equal(refused.status, 503);
    assert.equal(((await refused.json()) as Json).code, "overloaded");
    all[0]?.close();
    await platform.until(payment.id, () => true);
    const other = await listen(await create());
    assert.equal((await other.state()).view, "choose");
    for (const events of [...all, other]) events.close();
  });

  test("opens by its token alone", async () => {
    const answer = await fetch(`${platform.baseUrl}/pay/${"A".repeat(46)}/events`);
    assert.equal(answer.status, 404);
  });

  test("has the channel asked every few seconds, as a page that polls has", async () => {
    const payment = await create({ method: "alipay.qr" });
    await platform.sandbox("POST", "/faults", {
      kind: "notification_lost",
      match: { out_trade_no: payment.attempts[0].channel_order_no },
      count: 1,
    });
    for (const seconds of [11, 31, 61, 121]) {
      platform.clock.advance(seconds * SECOND);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    const events = await listen(payment);
    assert.equal((await events.state()).view, "pay");
    await platform.payCode(payment.next_action.qr_code);
    platform.clock.advance(6 * SECOND);
    assert.equal((await events.state()).view, "paid");
  });
});

test("a platform that stops waits for no watcher", async () => {
  const own = await startTestPlatform();
  const { body } = await own.pay({ method: "alipay.qr" });
  const events = await openEvents(`${own.baseUrl}${pathOf(body)}/events`);
  await events.state();
  await own.stop();
  assert.equal(await events.next(), null);
});
