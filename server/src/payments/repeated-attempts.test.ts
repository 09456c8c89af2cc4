import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { plus, SECOND } from "../kernel/clock.ts";
import { formatId, parseId } from "../kernel/ids.ts";
import { aNumber, handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

/** Another attempt, under an Idempotency-Key when one is given. */
async function another(payment: Json, wanted: Record<string, unknown>, key?: string) {
  const answer = await fetch(`${platform.baseUrl}/v1/payments/${payment.id}/attempts`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${platform.demo.secret_key}`,
      "content-type": "application/json",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: JSON.stringify(wanted),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}

describe("a new attempt whose answer was lost, asked for again", () => {
  test("under the same Idempotency-Key it is the same attempt, as it now is", async () => {
    const payment = await hands.create();
    const key = aNumber("key");
    const first = await another(payment, { method: "alipay.qr" }, key);
    const again = await another(payment, { method: "alipay.qr" }, key);
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(again.body, first.body);
    await platform.payCode(first.body.next_action.qr_code);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
    const later = await another(payment, { method: "alipay.qr" }, key);
    assert.deepEqual([later.status, later.body.status, later.body.attempts.length], [200, "succeeded", 1]);
  });

  test("at the same instant it is made once", async () => {
    const payment = await hands.create();
    const key = aNumber("key");
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => another(payment, { method: "alipay.qr" }, key)),
    );
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    assert.ok(answers.every((answer) => answer.status === 200 || answer.status === 201));
    assert.equal((await hands.get(payment.id)).attempts.length, 1);
  });

  test("with another wish under the same key it is refused by name", async () => {
    const payment = await hands.create();
    const key = aNumber("key");
    await another(payment, { method: "alipay.qr" }, key);
    const { status, body } = await another(payment, { method: "alipay.page" }, key);
    assert.deepEqual([status, body.code, body.fields], [409, "idempotency_key_reused", ["method"]]);
  });

  test("with the same payment code it does not cancel the buyer who is typing the password", async () => {
    const payment = await hands.create();
    const wanted = { payment_code: await hands.paymentCode("asks_password") };
    const first = await another(payment, wanted);
    assert.equal(first.body.attempts[0].state, "pending");
    const again = await another(payment, wanted);
    assert.deepEqual([again.status, again.body.attempts.length], [200, 1]);
    assert.equal(again.body.attempts[0].state, "pending");
  });

  test("another payment code for the same order is another attempt", async () => {
    const payment = await hands.create();
    await another(payment, { payment_code: await hands.paymentCode("insufficient_balance") });
    const { status, body } = await another(payment, { payment_code: await hands.paymentCode() });
    assert.deepEqual([status, body.status, body.attempts.length], [200, "succeeded", 2]);
  });

  test("after a refusal the same key tries again", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
    await hands.fault("http_5xx", { out_trade_no: hands.order(payment), method: "alipay.trade.close" });
    const key = aNumber("key");
    const refused = await another(payment, { method: "alipay.page" }, key);
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_confirming"]);
    assert.equal(refused.headers.get("retry-after"), "2");
    const closing = await another(payment, { method: "alipay.page" }, key);
    assert.deepEqual([closing.body.code, closing.headers.get("retry-after")], ["payment_closing", "2"]);
    platform.clock.advance(3 * SECOND);
    await platform.until(payment.id, (seen) => seen.attempts[0].state === "closed");
    const made = await another(payment, { method: "alipay.page" }, key);
    assert.deepEqual([made.status, made.body.attempts.length], [201, 2]);
  });

  test("a call that died before it made anything is carried on by the next as the same attempt", async () => {
    const payment = await hands.create();
    const { cell } = platform.app;
    const claim = async (key: string, claimedAt: Date) => {
      const attemptId = cell.newId();
      const text = "insert into attempt_requests values ($1, $2, $3, $4, $5)";
      const insert = { name: "test_dead_wish", text };
      const request = '{"buyer":null,"method":"alipay.qr","payment_code":null}';
      const paymentId = parseId("pay", payment.id);
      await cell.transact((tx) => tx.run(insert, [paymentId, `key ${key}`, request, attemptId, claimedAt]));
      return formatId("att", attemptId);
    };
    const dead = await claim("dead", plus(platform.clock.now(), -60 * SECOND));
    const carriedOn = await another(payment, { method: "alipay.qr" }, "dead");
    assert.deepEqual([carriedOn.status, carriedOn.body.attempts[0].id], [201, dead]);
    await claim("busy", platform.clock.now());
    const busy = await another(payment, { method: "alipay.qr" }, "busy");
    assert.deepEqual([busy.status, busy.body.code], [409, "payment_confirming"]);
  });

  test("a buyer who tries without end is stopped before the channel is called", async () => {
    const payment = await hands.create();
    const token = payment.cashier_url.split("/pay/")[1];
    const wish = { method: "alipay.qr", device: "desktop" };
    const start = () => platform.api("POST", `/pay/${token}/attempts`, wish, null);
    for (let tries = 0; tries < 30; tries += 1) assert.equal((await start()).status, 200);
    const { status, body } = await start();
    assert.deepEqual([status, body.code], [409, "conflict"]);
    assert.equal((await hands.get(payment.id)).attempts.length, 30);
  });

  test("a key that is no key is refused", async () => {
    const payment = await hands.create();
    const { status, body } = await another(payment, { method: "alipay.qr" }, "k".repeat(256));
    assert.deepEqual([status, body.code, body.field], [400, "invalid_request", "headers.idempotency-key"]);
  });
});
