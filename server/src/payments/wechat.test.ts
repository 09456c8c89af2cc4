import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const BUYER_IP = "203.0.113.7";
const paidWith = (id: string) => platform.until(id, (seen) => seen.status === "succeeded");

/** What the buyer has in hand, as the wallet takes it. */
function inHand({ next_action: action }: Json): string {
  return (
    action.qr_code ??
    action.url ??
    (typeof action.params === "string" ? action.params : JSON.stringify(action.params))
  );
}

async function paid(wanted: Record<string, unknown> = {}): Promise<Json> {
  const payment = await hands.create({ method: "wechat.native", ...wanted });
  assert.equal((await platform.payCode(inHand(payment))).status, 200);
  return paidWith(payment.id);
}

describe("a second channel beside Alipay, from the order to the success", () => {
  const scenes: readonly [method: string, action: string, wanted: object][] = [
    ["wechat.native", "qr_code", {}],
    ["wechat.jsapi", "jsapi_params", { buyer: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }],
    ["wechat.h5", "redirect", { buyer_ip: BUYER_IP }],
    ["wechat.app", "app_params", {}],
  ];
  for (const [method, action, wanted] of scenes) {
    test(`${method} is paid, booked with its fee, and told`, async () => {
      const payment = await hands.create({ method, ...wanted });
      assert.equal(payment.next_action.type, action);
      assert.equal((await platform.payCode(inHand(payment))).status, 200);
      const { attempts } = await paidWith(payment.id);
      assert.deepEqual(
        [attempts[0].channel, attempts[0].amount_paid, attempts[0].amount_settled, attempts[0].fee],
        ["wechat", 1234, 1234, 10],
      );
      assert.ok((await hands.events(payment.id)).includes("payment.succeeded"));
    });
  }

  test("what a scene needs and is not given is named, and no order is placed", async () => {
    for (const [method, field] of [
      ["wechat.h5", "buyer_ip"],
      ["wechat.jsapi", "buyer"],
    ]) {
      const refused = await platform.pay({ method });
      assert.deepEqual([refused.status, refused.body.field], [400, field], JSON.stringify(refused.body));
    }
    for (const method of ["wechat.h5", "alipay.qr"]) {
      const nonsense = await platform.pay({ method, buyer_ip: "1.2.3" });
      assert.deepEqual([nonsense.status, nonsense.body.field], [400, "buyer_ip"]);
    }
  });
});

describe("money given back through it", () => {
  test("is accepted at once, told as arrived by WeChat itself, and by parts makes the whole", async () => {
    const payment = await paid();
    const first = await hands.refund(payment.id, { amount: 234 });
    assert.equal(first.status, 201, JSON.stringify(first.body));
    await hands.untilRefund(first.body.id, (seen) => seen.state === "succeeded");
    // WeChat wants a minute between two parts, so the second waits for its turn.
    const second = await hands.refund(payment.id, { amount: 1000 });
    assert.equal(second.status, 201, JSON.stringify(second.body));
    assert.equal(second.body.state, "created");
    platform.clock.advance(MINUTE);
    await hands.untilRefund(second.body.id, (seen) => seen.state === "succeeded");
    const { body } = await hands.refund(payment.id, { amount: 1 });
    assert.equal(body.code, "refund_exceeds_payment");
  });

  test("that the channel can't cover yet is sent again under the same number", async () => {
    const payment = await paid();
    await hands.fault("refund_refused", { out_trade_no: hands.order(payment) });
    const { body } = await hands.refund(payment.id, { amount: 100 });
    await hands.eventually(
      async () => {
        platform.clock.advance(MINUTE);
        return (await platform.api("GET", `/v1/refunds/${body.id}`)).body;
      },
      (seen) => seen.state === "succeeded",
    );
  });
});

test("an account keeps what its channel asks of refunds, unless it says otherwise", async () => {
  const paced = async (id: string | undefined) => {
    const { body } = await platform.ops("GET", `/v1/ops/channel_accounts/${id}`);
    return [body.refund_spacing_seconds, body.refund_parts_max];
  };
  const { channel_account_id: alipay, wechat_account_id: wechat, merchant_id: merchantId } = platform.demo;
  assert.deepEqual(await paced(wechat), [60, 50]);
  assert.deepEqual(await paced(alipay), [0, null]);
  const { body: told } = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: merchantId,
    channel: "wechat",
    label: "Told",
    gateway_url: "https://api.mch.weixin.qq.com",
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    refund_spacing_seconds: 5,
    refund_parts_max: null,
  });
  assert.deepEqual(await paced(told.id), [5, null]);
});

test("a refund made by hand in WeChat's console is booked by nobody, and a person sees it once", async () => {
  const payment = await paid();
  const order = hands.order(payment);
  const account = payment.attempts[0].channel_account;
  const notifyUrl = `${platform.baseUrl}/notify/wechat/${account}`;
  const made = await platform.sandbox("POST", `/wechat/orders/${order}/console-refund`, {
    amount: 234,
    notify_url: notifyUrl,
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const [item, ...others] = await hands.eventually(
    () => hands.work(payment.id),
    ([one]) => one !== undefined,
  );
  assert.deepEqual(
    [item.kind, item.amount, item.currency, others],
    ["refund_not_ours", 234, "CNY", []],
    item.detail,
  );
  assert.match(item.detail, /console\d{20}/);
  const [stray] = (await hands.strays()).filter((one) => one.channel_order_no === order);
  assert.equal(stray.kind, "orphan");

  // WeChat repeats what it said, and what was seen is not opened again.
  const { body } = await platform.sandbox("GET", `/wechat/notifications?out_trade_no=${order}`);
  const told = body.data.find((one: Json) => one.url === notifyUrl && /REFUND/.test(JSON.stringify(one)));
  assert.ok(told, JSON.stringify(body.data));
  const again = await platform.sandbox("POST", `/wechat/notifications/${told.id}/resend`);
  assert.ok(again.status < 300, JSON.stringify(again.body));
  await hands.eventually(
    () => hands.strays(),
    (strays) => strays.filter((one) => one.channel_order_no === order).length === 2,
  );
  assert.equal((await hands.work(payment.id)).length, 1);
});

describe("when answers are lost or late", () => {
  test("an order whose answer was lost is placed again and stays one order", async () => {
    await hands.fault("answer_lost_after_success", { method: "transactions.native" });
    const payment = await hands.create({ method: "wechat.native" });
    assert.equal(payment.next_action, null);
    const placed = await hands.eventually(
      async () => {
        platform.clock.advance(MINUTE);
        return hands.get(payment.id);
      },
      (seen) => seen.next_action !== null || seen.attempts.length > 1,
    );
    assert.equal(placed.attempts.length, 1);
  });

  test("a notification that never comes is made up for by asking", async () => {
    const payment = await hands.create({ method: "wechat.native" });
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    assert.equal((await platform.payCode(inHand(payment))).status, 200);
    await hands.eventually(
      async () => {
        platform.clock.advance(MINUTE);
        return hands.get(payment.id);
      },
      (seen) => seen.status === "succeeded",
    );
    const heard = (await hands.timeline(payment.id)).map((item) => String(item.what));
    assert.ok(heard.some((what) => what.includes("(query): paid")));
    assert.ok(!heard.some((what) => what.startsWith("The channel notified")));
  });

  test("closed by the merchant, the code takes no money any more", async () => {
    const payment = await hands.create({ method: "wechat.native" });
    const closed = await platform.api("POST", `/v1/payments/${payment.id}/close`);
    assert.equal(closed.body.status, "closed", JSON.stringify(closed.body));
    assert.notEqual((await platform.payCode(inHand(payment))).status, 200);
  });

  test("a buyer who changes the wallet half-way pays once", async () => {
    const payment = await hands.create({ method: "alipay.qr" });
    const changed = await platform.api("POST", `/v1/payments/${payment.id}/attempts`, {
      method: "wechat.native",
    });
    assert.equal(changed.status, 201, JSON.stringify(changed.body));
    const code = inHand(changed.body);
    assert.equal((await platform.payCode(code)).status, 200);
    const done = await paidWith(payment.id);
    assert.deepEqual(
      done.attempts.map((one: Json) => one.channel),
      ["alipay", "wechat"],
    );
  });
});

describe("WeChat's payment code, told from others by its digits alone", () => {
  const reversing = (payment: Json) =>
    hands.eventually(
      () => hands.get(payment.id),
      (seen) => seen.attempts[0].state === "reversing",
    );
  /** A reversal is repeated until WeChat has answered it, so time goes on. */
  const reversed = (payment: Json) =>
    hands.eventually(
      async () => {
        platform.clock.advance(3 * SECOND);
        return hands.get(payment.id);
      },
      (seen) => seen.attempts[0].state === "reversed",
    );
  const charge = async (behaviour: "pays" | "asks_password" | "insufficient_balance" = "pays") => {
    const code = await hands.paymentCode(behaviour, "wechat");
    return { code, payment: await hands.create({ payment_code: code }) };
  };

  test("that pays at once succeeds in the very call, and is refunded like any other", async () => {
    const { payment } = await charge();
    const [attempt] = payment.attempts;
    assert.deepEqual(
      [payment.status, attempt.method, attempt.amount_paid, attempt.amount_settled],
      ["succeeded", "wechat.code", 1234, 1234],
    );
    const { body } = await hands.refund(payment.id, { amount: 234 });
    await hands.untilRefund(body.id, (seen) => seen.state === "succeeded");
  });

  test("that asks for the password is processing, and succeeds when it is entered", async () => {
    const { code, payment } = await charge("asks_password");
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "pending"]);
    assert.equal((await platform.payCode(code)).status, 200);
    platform.clock.advance(11 * SECOND);
    await paidWith(payment.id);
  });

  test("whose buyer has no money fails with WeChat's reason, and the payment stays open", async () => {
    const { payment } = await charge("insufficient_balance");
    assert.deepEqual([payment.status, payment.attempts[0].state], ["created", "failed"]);
    assert.equal(payment.attempts[0].failure_code, "NOTENOUGH");
  });

  test("whose password never comes is reversed after 45 s, and takes no money any more", async () => {
    const { code, payment } = await charge("asks_password");
    platform.clock.advance(46 * SECOND);
    await reversed(payment);
    assert.equal((await platform.payCode(code)).status, 409);
  });

  test("whose answer was lost is found paid by asking", async () => {
    await hands.fault("answer_lost_after_success", { method: "micropay" });
    const { payment } = await charge();
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "unknown"]);
    platform.clock.advance(16 * SECOND);
    await paidWith(payment.id);
  });

  test("whose call never arrived is guessed by nobody, and reversed in the end", async () => {
    await hands.fault("timeout_before", { method: "micropay" }, { ms: 0 });
    const { payment } = await charge();
    assert.equal(payment.attempts[0].state, "unknown");
    platform.clock.advance(46 * SECOND);
    await reversed(payment);
    assert.equal((await hands.get(payment.id)).status, "created");
  });

  test("paid while its reversal was put off goes back by the reversal alone", async () => {
    const { code, payment } = await charge("asks_password");
    const order = hands.order(payment);
    await hands.fault("cancel_retry_flag", { out_trade_no: order });
    platform.clock.advance(46 * SECOND);
    await reversing(payment);
    assert.equal((await platform.payCode(code)).status, 200);
    const ended = await reversed(payment);
    assert.deepEqual([ended.status, ended.refunds_automatic], ["created", []]);
    const { body } = await platform.sandbox("GET", "/wallet/trades?limit=20");
    const trade = body.data.find((one: Json) => one.out_trade_no === order);
    assert.deepEqual([trade.status, trade.amount_refunded], ["REVOKED", 1234]);
  });

  const refusals: readonly (readonly [title: string, wanted: () => Promise<object>, says: RegExp])[] = [
    ["of no known wallet", async () => ({ payment_code: "991234567890123456" }), /no wallet/],
    [
      "of another wallet than its method",
      async () => ({ method: "alipay.code", payment_code: await hands.paymentCode("pays", "wechat") }),
      /WeChat Pay.*wechat\.code/,
    ],
    [
      "of Alipay with WeChat's method",
      async () => ({ method: "wechat.code", payment_code: await hands.paymentCode() }),
      /Alipay.*alipay\.code/,
    ],
  ];
  for (const [title, wanted, says] of refusals) {
    test(`one ${title} is refused before anything is sent`, async () => {
      const { status, body } = await platform.pay({ ...(await wanted()) });
      assert.deepEqual([status, body.code, body.field], [422, "order_refused", "payment_code"]);
      assert.match(body.detail, says);
    });
  }
});

test("the bill of the day, read from WeChat, has a line for each payment and refund", async () => {
  const payment = await paid();
  const { body: refund } = await hands.refund(payment.id, { amount: 34 });
  await hands.untilRefund(refund.id, (seen) => seen.state === "succeeded");
  const account = payment.attempts[0].channel_account;
  const { body: published } = await platform.sandbox("POST", "/wechat/close-day", {});
  const found = await platform.ops("GET", `/v1/ops/channel_accounts/${account}/statements/${published.date}`);
  assert.equal(found.status, 200, JSON.stringify(found.body));
  const order = hands.order(payment);
  const lines = found.body.lines.filter((line: Json) => line.channel_order_no === order);
  assert.deepEqual(
    lines.map((line: Json) => [line.kind, line.channel_refund_no, line.amount, line.fee]),
    [
      ["payment", null, 1234, 7],
      ["refund", refund.channel_refund_no, -34, 0],
    ],
  );
});
