import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
import { type SecondProcess, startSecondProcess } from "./testing/second-process.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  await hands.paid({ amount: 1_000_000 });
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

describe("the same number at the same instant", () => {
  test("one hundred creations are one payment, and every answer shows it", async () => {
    const wanted = { merchant_order_no: aNumber(), method: "alipay.qr" };
    const answers = await Promise.all(Array.from({ length: 100 }, () => platform.pay(wanted)));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    assert.equal(answers.filter((answer) => answer.status === 200).length, 99);
    const [first] = answers;
    for (const answer of answers) assert.deepEqual(answer.body, first?.body);
    const listed = await platform.api("GET", `/v1/payments?number=${wanted.merchant_order_no}`);
    assert.equal(listed.body.data.length, 1);
    assert.equal(listed.body.data[0].attempts.length, 1);
  });

  test("two creations with a payment code charge the buyer once", async () => {
    const wanted = { merchant_order_no: aNumber(), payment_code: await hands.paymentCode() };
    const answers = await Promise.all([platform.pay(wanted), platform.pay(wanted)]);
    assert.deepEqual(
      answers.map((answer) => answer.status).sort((a, b) => a - b),
      [200, 201],
    );
    assert.equal(answers[0].body.id, answers[1].body.id);
    const { body } = await platform.api("GET", `/v1/payments/${answers[0].body.id}`);
    assert.deepEqual([body.status, body.attempts.length], ["succeeded", 1]);
  });

  test("different requests with one number: one is made, the others are told what differs", async () => {
    const merchantOrderNo = aNumber();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        platform.pay({ merchant_order_no: merchantOrderNo, amount: 100 + index }),
      ),
    );
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    const refused = answers.filter((answer) => answer.status === 409);
    assert.equal(refused.length, 19);
    for (const { body } of refused) assert.deepEqual([body.code, body.fields], ["number_reused", ["amount"]]);
  });
});

test("one hundred partial refunds at once never exceed the payment: as many as fit succeed", async () => {
  const payment = await hands.paid({ amount: 1000 });
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => hands.refund(payment.id, { amount: 37 })),
  );
  const made = answers.filter((answer) => answer.status === 201);
  const refused = answers.filter((answer) => answer.body.code === "refund_exceeds_payment");
  assert.deepEqual([made.length, refused.length], [27, 73]);
  for (const { body } of made) {
    await hands.untilRefund(body.id, (refund) => refund.accepted_at !== null);
  }
  const seen = await hands.get(payment.id);
  assert.deepEqual([seen.amount_refunded, seen.refund_status], [999, "partial"]);
  const { body } = await platform.sandbox("GET", "/wallet/trades?limit=100");
  const trade = body.data.find((one: Json) => one.out_trade_no === hands.order(payment));
  assert.equal(trade.amount_refunded, 999);
});

test("a payment paid twice at once has one success, and the other money goes back", async () => {
  const payment = await hands.create({ method: "alipay.qr" });
  const { body } = await platform.api("POST", `/v1/payments/${payment.id}/attempts`, { method: "alipay.qr" });
  await Promise.all([
    platform.payCode(payment.next_action.qr_code),
    platform.payCode(body.next_action.qr_code),
  ]);
  const seen = await platform.until(
    payment.id,
    (one) => one.refunds_automatic[0]?.accepted_at != null && one.status === "succeeded",
  );
  assert.equal(seen.refunds_automatic.length, 1);
  const surpluses = seen.attempts.map((attempt: Json) => attempt.surplus);
  assert.deepEqual(surpluses.filter((surplus: string | null) => surplus === null).length, 1);
});

describe("two processes on one database", () => {
  let second: SecondProcess;
  before(async () => {
    second = await startSecondProcess(platform);
  });
  after(() => second.stop());

  test("answer alike: what one made the other knows", async () => {
    const payment = await hands.create();
    const seen = await second.api("GET", `/v1/payments/${payment.id}`);
    assert.equal(seen.body.id, payment.id);
    const wanted = { merchant_order_no: aNumber(), amount: 5, currency: "CNY", subject: "Tea" };
    const answers = await Promise.all([
      platform.api("POST", "/v1/payments", wanted),
      second.api("POST", "/v1/payments", wanted),
    ]);
    assert.deepEqual(
      answers.map((answer) => answer.status).sort((a, b) => a - b),
      [200, 201],
    );
    assert.equal(answers[0].body.id, answers[1].body.id);
  });

  test("create, pay and refund the same payments in opposite orders, and never deadlock", async () => {
    const numbers = Array.from({ length: 40 }, () => aNumber("X"));
    const backwards = [...numbers].reverse();
    const create = (api: TestPlatform["api"]) => (number: string) =>
      api("POST", "/v1/payments", {
        merchant_order_no: number,
        amount: 1000,
        currency: "CNY",
        subject: "Tea",
        method: "alipay.qr",
      });
    const [forth, back] = await Promise.all([
      Promise.all(numbers.map(create(platform.api))),
      Promise.all(backwards.map(create(second.api))),
    ]);
    const ids = forth.map((answer) => answer.body.id);
    assert.deepEqual(back.map((answer) => answer.body.id).reverse(), ids);

    const codes = await Promise.all(
      ids.map(
        async (id) => (await platform.until(id, (seen) => seen.next_action !== null)).next_action.qr_code,
      ),
    );
    // The channel notifies the first process; the second one's pollers ask about the same orders.
    await Promise.all(codes.map((code) => platform.payCode(code)));
    for (const id of ids) await platform.until(id, (seen) => seen.status === "succeeded");

    const refund = (api: TestPlatform["api"]) => (id: string, index: number) =>
      api("POST", `/v1/payments/${id}/refunds`, { merchant_refund_no: `F-${id}`, amount: 1 + index });
    const amountOf = new Map(ids.map((id, index) => [id, index]));
    const all = await Promise.all([
      ...ids.map((id) => refund(platform.api)(id, amountOf.get(id) as number)),
      ...[...ids].reverse().map((id) => refund(second.api)(id, amountOf.get(id) as number)),
    ]);
    const statuses = all.map((answer) => answer.status);
    assert.deepEqual(
      [
        statuses.filter((status) => status === 201).length,
        statuses.filter((status) => status === 200).length,
      ],
      [40, 40],
      JSON.stringify(all.find((answer) => answer.status >= 300)?.body),
    );
    for (const [index, id] of ids.entries()) {
      assert.equal((await hands.get(id)).amount_refunded, 1 + index);
    }
    assert.deepEqual(await second.counters(), { deadlocks: 0 });
    await assertInvariants(platform);
  });

  test("one hundred partial refunds through both never exceed the payment", async () => {
    const payment = await hands.paid({ amount: 500 });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? platform : second).api("POST", `/v1/payments/${payment.id}/refunds`, {
          merchant_refund_no: aNumber("R"),
          amount: 30,
        }),
      ),
    );
    assert.equal(answers.filter((answer) => answer.status === 201).length, 16);
    assert.equal((await hands.get(payment.id)).amount_refunded, 480);
    assert.deepEqual(await second.counters(), { deadlocks: 0 });
  });
});
