import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE, SECOND } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const DAY_SECONDS = 86_400;

const create = async (method: string, wanted: Record<string, unknown> = {}): Promise<Json> => {
  const created = await platform.pay({ method, expires_in: DAY_SECONDS, ...wanted });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  return created.body;
};
const pathOf = (payment: Json) => new URL(payment.cashier_url).pathname;
const read = async (payment: Json): Promise<Json> =>
  (await platform.api("GET", `/v1/payments/${payment.id}`)).body;
const stateOf = async (payment: Json): Promise<Json> =>
  (await platform.api("GET", `${pathOf(payment)}/state`, undefined, null)).body;
const renew = (payment: Json, method: string, renews: number): Promise<Answer> =>
  platform.api("POST", `${pathOf(payment)}/attempts`, { method, device: "desktop", renews }, null);
/** The same by a device with this address. */
const renewFrom = async (address: string, payment: Json, method: string, renews: number) => {
  const answer = await platform.app.http.inject({
    method: "POST",
    url: `${pathOf(payment)}/attempts`,
    remoteAddress: address,
    payload: { method, device: "desktop", renews },
  });
  return { status: answer.statusCode, body: answer.json() };
};

const codes: [string, number][] = [
  ["alipay.qr", 2 * HOUR],
  ["wechat.native", 2 * HOUR],
];

describe("a code that dies before its payment", () => {
  for (const [method, lifetimeMs] of codes) {
    test(`${method}: is replaced when it is due, and not before`, async () => {
      const payment = await create(method);
      const first = await stateOf(payment);
      assert.equal(first.attempt, 1);
      const dueInMs = Date.parse(first.renew_at) - platform.clock.now().getTime();
      assert.ok(dueInMs > lifetimeMs - MINUTE && dueInMs < lifetimeMs, `${dueInMs}`);
      const early = await renew(payment, method, 1);
      assert.deepEqual([early.status, early.body.attempt], [200, 1]);

      platform.clock.advance(lifetimeMs - SECOND);
      const renewed = await renew(payment, method, 1);
      assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
      assert.deepEqual([renewed.body.view, renewed.body.attempt], ["pay", 2]);
      assert.notEqual(renewed.body.next_action.qr_code, first.next_action.qr_code);
      const { attempts, live_attempt } = await read(payment);
      assert.equal(attempts.length, 2);
      assert.equal(live_attempt, attempts[1].id);
      assert.ok(["closed", "abandoned"].includes(attempts[0].state), attempts[0].state);

      await platform.payCode(renewed.body.next_action.qr_code);
      await platform.until(payment.id, (now) => now.status === "succeeded");
    });
  }

  test("pages that renew at once make one new order, and all of them show it", async () => {
    const payment = await create("wechat.native");
    platform.clock.advance(2 * HOUR);
    // A computer and a phone, on other networks.
    const addresses = ["203.0.113.7", "2001:db8::7", "203.0.113.7"];
    const answers = await Promise.all(addresses.map((from) => renewFrom(from, payment, "wechat.native", 1)));
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.view, body.attempt]),
      [1, 2, 3].map(() => [200, "pay", 2]),
    );
    assert.equal((await read(payment)).attempts.length, 2);
    const again = await renew(payment, "wechat.native", 1);
    assert.deepEqual([again.status, again.body.attempt], [200, 2]);
  });

  test("what the old code took at the last moment is the payment's, and nothing new begins", async () => {
    const payment = await create("wechat.native");
    platform.clock.advance(2 * HOUR - 5 * SECOND);
    await platform.sandbox("POST", "/faults", {
      kind: "notification_lost",
      match: { out_trade_no: payment.attempts[0].channel_order_no },
      count: 1,
    });
    await platform.payCode(payment.next_action.qr_code);
    const renewed = await renew(payment, "wechat.native", 1);
    // The poller may have found the money first; then there is nothing to renew.
    const answer = renewed.body.view ?? renewed.body.code;
    assert.ok(["paid", "payment_final"].includes(answer), JSON.stringify(renewed.body));
    const paid = await read(payment);
    assert.equal(paid.status, "succeeded");
    assert.equal(paid.attempts.length, 1);
  });

  test("a link of five minutes is replaced by a tap after them", async () => {
    const payment = await create("wechat.h5", { buyer_ip: "203.0.113.7" });
    const first = await stateOf(payment);
    platform.clock.advance(5 * MINUTE);
    const renewed = await renew(payment, "wechat.h5", first.attempt);
    assert.deepEqual([renewed.status, renewed.body.attempt], [200, 2]);
    assert.notEqual(renewed.body.next_action.url, first.next_action.url);
  });

  test("a payment that ends before its code does is never renewed", async () => {
    const state = await stateOf(await create("alipay.qr", { expires_in: 3_600 }));
    assert.equal(state.renew_at, null);
    const page = await stateOf(await create("alipay.page"));
    assert.equal(page.renew_at, null);
  });
});

const setAction = sql(
  "test_set_next_action",
  "update attempts set next_action = $2 where channel_order_no = $1",
);

describe("a channel that is reached by a form", () => {
  test("has a page of its own, whose form may go there alone, while the payment can be paid", async () => {
    const payment = await create("alipay.page");
    const form = { txnAmt: "1234", orderId: 'a"b' };
    const action = JSON.stringify({ type: "redirect", url: "https://gateway.example/front", form });
    const { channel_order_no: orderNo } = payment.attempts[0];
    await platform.app.cell.transact((tx) => tx.run(setAction, [orderNo, action]));
    assert.deepEqual((await read(payment)).next_action, JSON.parse(action));
    const state = await stateOf(payment);
    assert.deepEqual([state.view, state.next_action], ["pay", { type: "form" }]);

    const page = await platform.api("GET", `${pathOf(payment)}/go`, undefined, null);
    assert.equal(page.status, 200);
    assert.match(
      page.headers.get("content-security-policy") ?? "",
      /form-action https:\/\/gateway\.example;/,
    );
    assert.ok(page.body.includes('name="orderId" value="a&quot;b"'));

    await platform.api("POST", `/v1/payments/${payment.id}/close`);
    const gone = await fetch(`${platform.baseUrl}${pathOf(payment)}/go`, { redirect: "manual" });
    assert.deepEqual([gone.status, gone.headers.get("location")], [303, pathOf(payment)]);
  });
});
