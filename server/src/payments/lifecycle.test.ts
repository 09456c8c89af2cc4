import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, SECOND } from "../kernel/clock.ts";
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

describe("every scene, from the order to the success", () => {
  test("a code on a screen, scanned by the buyer", async () => {
    const payment = await hands.create({ method: "alipay.qr", metadata: { table: "7" } });
    assert.equal(payment.status, "processing");
    assert.deepEqual(payment.metadata, { table: "7" });
    assert.equal(payment.next_action.type, "qr_code");
    await platform.payCode(payment.next_action.qr_code);
    const paid = await platform.until(payment.id, (seen) => seen.status === "succeeded");
    const [attempt] = paid.attempts;
    assert.deepEqual(
      [attempt.state, attempt.amount_paid, attempt.amount_settled, attempt.fee, attempt.surplus],
      ["succeeded", 1234, 1234, 10, null],
    );
    assert.deepEqual([paid.status_final, paid.success_attempt, paid.live_attempt], [true, attempt.id, null]);
    assert.match(attempt.buyer, /\*/);
  });

  for (const method of ["alipay.page", "alipay.wap"]) {
    test(`${method}: a link to the wallet`, async () => {
      const payment = await hands.create({ method, return_url: "https://shop.example/thanks" });
      assert.equal(payment.next_action.type, "redirect");
      await platform.payCode(payment.next_action.url);
      const paid = await platform.until(payment.id, (seen) => seen.status === "succeeded");
      assert.equal(paid.attempts[0].method, method);
      assert.equal(paid.return_url, "https://shop.example/thanks");
    });
  }

  test("alipay.app: what the shop's app hands to the wallet", async () => {
    const payment = await hands.create({ method: "alipay.app" });
    assert.equal(payment.next_action.type, "app_params");
    await platform.payCode(payment.next_action.params);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
  });

  test("alipay.jsapi: inside the wallet, for a known buyer", async () => {
    const payment = await hands.create({ method: "alipay.jsapi", buyer: "2088102146225135" });
    assert.equal(payment.next_action.type, "jsapi_params");
    await platform.payCode(payment.next_action.params.tradeNO);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
  });

  test("a payment code that pays at once answers succeeded in the very call", async () => {
    const payment = await hands.create({ payment_code: await hands.paymentCode() });
    assert.equal(payment.status, "succeeded");
    assert.deepEqual(
      [payment.method, payment.attempts[0].state, payment.next_action],
      ["alipay.code", "succeeded", null],
    );
  });

  test("without a method: the cashier's address, no order yet", async () => {
    const payment = await hands.create();
    assert.deepEqual(
      [payment.status, payment.attempts, payment.next_action, payment.method],
      ["created", [], null, null],
    );
    assert.match(payment.cashier_url, /\/pay\/[A-Za-z0-9_-]{40,}$/);
  });

  test("a voucher that the merchant funded: what settles is less than what was paid", async () => {
    const payment = await hands.create({ method: "alipay.qr", amount: 1000 });
    const { qr_code } = payment.next_action;
    await platform.sandbox("POST", "/wallet/pay", { code: qr_code, voucher_amount: 300 });
    const paid = await platform.until(payment.id, (seen) => seen.status === "succeeded");
    const [attempt] = paid.attempts;
    assert.deepEqual([attempt.amount_paid, attempt.amount_settled, attempt.fee], [1000, 700, 6]);
  });
});

describe("the webhook", () => {
  test("tells the shop of a success, signed, with the payment as the API shows it", async () => {
    const payment = await hands.paid();
    const delivery = await hands.eventually(
      async () => {
        const { body } = await platform.sandbox("GET", "/inbox/demo?limit=50");
        return body.data.find((one: Json) => one.payload.data.payment?.id === payment.id);
      },
      (found) => found !== undefined,
    );
    assert.equal(delivery.verified, true);
    assert.equal(delivery.payload.type, "payment.succeeded");
    assert.deepEqual(delivery.payload.data.payment, payment);
  });
});

describe("the same request again", () => {
  test("is answered with the same payment as it now is", async () => {
    const wanted = { merchant_order_no: aNumber(), method: "alipay.qr" };
    const first = await platform.pay(wanted);
    assert.equal(first.status, 201);
    const again = await platform.pay(wanted);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, first.body);
    await platform.payCode(first.body.next_action.qr_code);
    const paid = await platform.until(first.body.id, (seen) => seen.status === "succeeded");
    assert.deepEqual((await platform.pay(wanted)).body, paid);
  });

  test("with a payment code is the same request, and the code is never stored", async () => {
    const code = await hands.paymentCode();
    const wanted = { merchant_order_no: aNumber(), payment_code: code };
    const first = await platform.pay(wanted);
    assert.equal(first.body.status, "succeeded");
    assert.deepEqual((await platform.pay(wanted)).body, first.body);
    const story = JSON.stringify(await hands.timeline(first.body.id));
    assert.ok(!story.includes(code));
    const other = await platform.pay({ ...wanted, payment_code: await hands.paymentCode() });
    assert.deepEqual([other.status, other.body.code], [409, "number_reused"]);
    assert.deepEqual(other.body.fields, ["payment_code"]);
  });

  test("fields in another order are the same request; another default is another request", async () => {
    const number = aNumber();
    const { api } = platform;
    const first = { merchant_order_no: number, amount: 100, currency: "CNY", subject: "Tea" };
    const turned = { subject: "Tea", currency: "CNY", amount: 100, merchant_order_no: number };
    assert.equal((await api("POST", "/v1/payments", first)).status, 201);
    assert.equal((await api("POST", "/v1/payments", turned)).status, 200);
    const spelled = await api("POST", "/v1/payments", { ...first, expires_in: 7200 });
    assert.deepEqual([spelled.status, spelled.body.fields], [409, ["expires_in"]]);
  });
});

describe("finding payments", () => {
  const list = async (query: string): Promise<Json[]> => {
    const answer = await platform.api("GET", `/v1/payments?${query}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.data;
  };
  const ids = async (query: string) => (await list(query)).map((payment) => payment.id);

  test("pages go newest first, through every payment, each once", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "limit=3" : `limit=3&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await platform.api("GET", `/v1/payments?${query}`);
      seen.push(...body.data.map((payment: Json) => payment.id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    const all = await ids("limit=100");
    assert.ok(all.length > 10);
    assert.deepEqual(seen, all);
    assert.deepEqual(
      all,
      [...all].sort((a, b) => (a < b ? 1 : -1)),
    );
  });

  test("by status, method and time of creation", async () => {
    assert.ok((await list("status=created")).every((payment) => payment.status === "created"));
    const succeeded = await list("status=succeeded&method=alipay.wap");
    assert.ok(succeeded.length > 0);
    assert.ok(succeeded.every((payment) => payment.method === "alipay.wap"));
    platform.clock.advance(SECOND);
    const from = encodeURIComponent(platform.clock.now().toISOString());
    const payment = await hands.create();
    assert.deepEqual(await ids(`created_from=${from}`), [payment.id]);
    platform.clock.advance(SECOND);
    const to = encodeURIComponent(platform.clock.now().toISOString());
    await hands.create();
    assert.deepEqual(await ids(`created_from=${from}&created_to=${to}`), [payment.id]);
  });

  test("by any number that anybody can quote", async () => {
    const payment = await hands.paid();
    const refund = (await hands.refund(payment.id, { amount: 100 })).body;
    const [attempt] = payment.attempts;
    const numbers = {
      "the payment's id": payment.id,
      "the merchant's order number": payment.merchant_order_no,
      "the attempt's id": attempt.id,
      "our number at the channel": attempt.channel_order_no,
      "the channel's own number": attempt.channel_trade_no,
      "the refund's id": refund.id,
      "the merchant's refund number": refund.merchant_refund_no,
      "the refund's number at the channel": refund.channel_refund_no,
    };
    for (const [which, number] of Object.entries(numbers)) {
      assert.deepEqual(await ids(`number=${encodeURIComponent(number)}`), [payment.id], which);
      const { body } = await platform.ops("GET", `/v1/ops/payments?number=${encodeURIComponent(number)}`);
      assert.deepEqual(
        body.data.map((one: Json) => one.id),
        [payment.id],
        which,
      );
    }
    assert.deepEqual(await ids("number=nobody-has-this"), []);
    assert.deepEqual(await ids(`number=${payment.id}&status=closed`), []);
  });

  test("a cursor or filter that means nothing is refused by name", async () => {
    const cases = {
      "cursor=garbage": 400,
      "limit=0": 400,
      "limit=1001": 400,
      "status=gone": 400,
      "colour=red": 400,
    };
    for (const [query, status] of Object.entries(cases)) {
      const answer = await platform.api("GET", `/v1/payments?${query}`);
      assert.equal(answer.status, status, query);
      assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
    }
  });
});

describe("closing", () => {
  const close = (id: string) => platform.api("POST", `/v1/payments/${id}/close`);

  test("a payment without an order is cancelled at once, and closing it again shows the same", async () => {
    const payment = await hands.create();
    const closed = await close(payment.id);
    assert.deepEqual(
      [closed.status, closed.body.status, closed.body.closed_reason],
      [200, "closed", "cancelled"],
    );
    assert.deepEqual((await close(payment.id)).body, closed.body);
    assert.deepEqual(await hands.events(payment.id), ["payment.closed"]);
  });

  test("a code that nobody opened is abandoned, and the payment closed", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const { body } = await close(payment.id);
    assert.deepEqual([body.status, body.attempts[0].state], ["closed", "abandoned"]);
  });

  test("an order that the buyer opened is closed at the channel", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
    const { body } = await close(payment.id);
    assert.deepEqual([body.status, body.attempts[0].state], ["closed", "closed"]);
    const paying = await platform.payCode(payment.next_action.qr_code);
    assert.equal(paying.status, 409);
  });

  test("a buyer who was quicker: the answer shows the success", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    await platform.payCode(payment.next_action.qr_code);
    const { status, body } = await close(payment.id);
    assert.deepEqual([status, body.status], [200, "succeeded"]);
  });

  test("a payment that succeeded is final", async () => {
    const payment = await hands.paid();
    const refused = await close(payment.id);
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_final"]);
  });

  test("a channel that does not answer: the payment is closing, and closes by itself", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
    await hands.fault("http_5xx", { out_trade_no: hands.order(payment), method: "alipay.trade.close" });
    const { body } = await close(payment.id);
    assert.deepEqual([body.status, body.closing], ["processing", true]);
    platform.clock.advance(3 * SECOND);
    const closed = await platform.until(payment.id, (seen) => seen.status === "closed");
    assert.equal(closed.closed_reason, "cancelled");
  });
});

describe("expiry", () => {
  test("an order that the buyer opened and left is closed when the payment expires", async () => {
    const payment = await hands.create({ method: "alipay.qr", expires_in: 60 });
    await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
    platform.clock.advance(61 * SECOND);
    const closed = await platform.until(payment.id, (seen) => seen.status === "closed");
    assert.equal(closed.closed_reason, "expired");
    const { body } = await platform.sandbox("GET", `/alipay/notifications?out_trade_no=none`);
    assert.deepEqual(body.data, []);
    await hands.eventually(
      async () => (await hands.get(payment.id)).attempts[0].state,
      (state) => state === "closed",
    );
  });

  test("a payment that nobody came for expires", async () => {
    const payment = await hands.create({ expires_in: 60 });
    platform.clock.advance(61 * SECOND);
    await platform.until(payment.id, (seen) => seen.closed_reason === "expired");
    const late = await platform.api("POST", `/v1/payments/${payment.id}/attempts`, { method: "alipay.qr" });
    assert.deepEqual([late.status, late.body.code], [409, "payment_final"]);
  });

  test("a code that nobody opened is asked about until its expiry, and then over", async () => {
    const payment = await hands.create({ method: "alipay.qr", expires_in: 120 });
    await platform.api("POST", `/v1/payments/${payment.id}/close`);
    platform.clock.advance(124 * SECOND);
    await hands.eventually(
      async () => (await hands.get(payment.id)).attempts[0].state,
      (state) => state === "closed",
    );
    platform.clock.advance(HOUR);
  });
});
