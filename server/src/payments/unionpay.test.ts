import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY, dateIn, HOUR, MINUTE, plus, SECOND } from "../kernel/clock.ts";
import { handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
const now = () => platform.clock.now();
const BEIJING = "Asia/Shanghai";
/** An instant of Beijing's wall clock on the calendar day of another. */
const beijing = (day: Date, time: string) => new Date(`${dateIn(BEIJING, day)}T${time}+08:00`);

before(async () => {
  platform = await startTestPlatform();
  // Far from the change of the clearing day, whatever the machine's time is.
  platform.clock.advance(beijing(plus(now(), DAY), "10:00:00").getTime() - now().getTime());
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const paidWith = (id: string) => platform.until(id, (seen) => seen.status === "succeeded");

/** What the buyer has in hand, as the wallet takes it. */
function inHand({ next_action: action }: Json): string {
  return action.qr_code ?? action.params ?? new URLSearchParams(action.form).toString();
}

async function paid(): Promise<Json> {
  const payment = await hands.create({ method: "unionpay.qr" });
  assert.equal((await platform.payCode(inHand(payment))).status, 200);
  return paidWith(payment.id);
}

/** Time goes on until `done`. */
const passing = (paymentId: string, step: number, done: (seen: Json) => boolean) =>
  hands.eventually(async () => {
    platform.clock.advance(step);
    return hands.get(paymentId);
  }, done);

const tradeOf = async (payment: Json): Promise<Json> => {
  const { body } = await platform.sandbox("GET", "/wallet/trades?limit=50");
  return body.data.find((one: Json) => one.out_trade_no === hands.order(payment));
};

describe("UnionPay, from the order to the success", () => {
  const scenes: readonly [method: string, action: string][] = [
    ["unionpay.page", "redirect"],
    ["unionpay.qr", "qr_code"],
    ["unionpay.app", "app_params"],
  ];
  for (const [method, action] of scenes) {
    test(`${method} is paid, booked with its fee, and told`, async () => {
      const payment = await hands.create({ method });
      assert.equal(payment.next_action.type, action);
      assert.equal((await platform.payCode(inHand(payment))).status, 200);
      const { attempts } = await paidWith(payment.id);
      assert.deepEqual(
        [attempts[0].channel, attempts[0].amount_paid, attempts[0].amount_settled, attempts[0].fee],
        ["unionpay", 1234, 1234, 10],
      );
      assert.ok((await hands.events(payment.id)).includes("payment.succeeded"));
    });
  }

  test("a browser takes the form there, pays, and is led back to the cashier by another", async () => {
    const payment = await hands.create({ method: "unionpay.page" });
    const { url, form } = payment.next_action;
    const cashier = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
    const pay = /action="(\/unionpay\/cashier\/[^"]+\/pay)"/.exec(await cashier.text())?.[1];
    assert.ok(cashier.status === 200 && pay !== undefined);
    const returning = await fetch(new URL(pay, url), { method: "POST", body: new URLSearchParams() });
    const page = await returning.text();
    const back = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
    assert.equal(back, payment.cashier_url);
    const landed = await fetch(back as string, { method: "POST", body: new URLSearchParams("respCode=00") });
    assert.deepEqual([landed.status, landed.url], [200, payment.cashier_url]);
    await paidWith(payment.id);
  });

  test("a code whose answer was lost is over, and the buyer chooses again", async () => {
    await hands.fault("answer_lost_after_success", { method: "purchase.qr" });
    const payment = await hands.create({ method: "unionpay.qr" });
    assert.equal(payment.next_action, null);
    const seen = await passing(payment.id, MINUTE, ({ attempts }) => attempts[0].state === "failed");
    assert.deepEqual([seen.status, seen.attempts[0].failure_code], ["created", "12"]);
    const again = await platform.api("POST", `/v1/payments/${payment.id}/attempts`, {
      method: "unionpay.qr",
    });
    assert.equal((await platform.payCode(inHand(again.body))).status, 200);
    await paidWith(payment.id);
  });

  test("an order that nobody paid is let go by closing, and late money goes back", async () => {
    const payment = await hands.create({ method: "unionpay.qr" });
    const closed = await platform.api("POST", `/v1/payments/${payment.id}/close`);
    assert.equal(closed.body.status, "closed", JSON.stringify(closed.body));
    assert.equal((await platform.payCode(inHand(payment))).status, 200);
    const seen = await hands.eventually(
      () => hands.get(payment.id),
      ({ attempts }) => attempts[0].surplus !== null,
    );
    assert.equal(seen.status, "closed");
    await hands.eventually(
      () => tradeOf(payment),
      (trade) => trade.amount_refunded === 1234,
    );
  });

  test("a notification that comes late changes nothing that was learned by asking", async () => {
    const payment = await hands.create({ method: "unionpay.qr" });
    await hands.fault("notification_late", { out_trade_no: hands.order(payment) }, { ms: 10 * MINUTE });
    assert.equal((await platform.payCode(inHand(payment))).status, 200);
    await passing(payment.id, 20 * SECOND, (seen) => seen.status === "succeeded");
    const heard = async () => (await hands.timeline(payment.id)).map((item) => String(item.what));
    assert.ok(!(await heard()).some((what) => what.startsWith("The channel notified")));
    platform.clock.advance(11 * MINUTE);
    await hands.eventually(heard, (whats) => whats.some((what) => what.startsWith("The channel notified")));
    const events = await hands.events(payment.id);
    assert.equal(events.filter((event) => event === "payment.succeeded").length, 1);
  });
});

describe("money given back through UnionPay", () => {
  test("is voided whole on the clearing day of the payment", async () => {
    const payment = await paid();
    const { body } = await hands.refund(payment.id, { amount: 1234 });
    const refund = await hands.untilRefund(body.id, (seen) => seen.state === "succeeded");
    assert.equal(refund.amount, 1234);
    assert.deepEqual(
      (await tradeOf(payment)).refunds.map((one: Json) => one.kind),
      ["void"],
    );
  });

  test("a part waits until the next clearing day, and is refunded then", async () => {
    const payment = await paid();
    const { status, body } = await hands.refund(payment.id, { amount: 234 });
    assert.equal(status, 201, JSON.stringify(body));
    const sent = () => tradeOf(payment).then((trade: Json) => trade.refunds.length);
    const change = beijing(now(), "23:00:00");
    platform.clock.advance(change.getTime() - now().getTime() - MINUTE);
    await hands.eventually(
      async () => (await platform.api("GET", `/v1/refunds/${body.id}`)).body,
      (seen) => seen.failure_code === "not_sent",
    );
    assert.equal(await sent(), 0);
    platform.clock.advance(7 * MINUTE);
    const refund = await hands.untilRefund(body.id, (seen) => seen.state === "succeeded");
    assert.equal(refund.amount, 234);
    assert.deepEqual(
      (await tradeOf(payment)).refunds.map((one: Json) => [one.kind, one.amount]),
      [["refund", 234]],
    );
    // In the new day, on with the rest.
    const rest = await hands.refund(payment.id, { amount: 1000 });
    await hands.untilRefund(rest.body.id, (seen) => seen.state === "succeeded");
    platform.clock.advance(12 * HOUR);
  });

  test("by a void whose answer was lost goes back once, though it is sent again as a refund", async () => {
    const payment = await paid();
    const change = beijing(now(), "23:00:00");
    platform.clock.advance(change.getTime() - now().getTime() - 8 * MINUTE);
    const lost = { out_trade_no: hands.order(payment) };
    await hands.fault("answer_lost_after_success", lost);
    await hands.fault("notification_lost");
    await hands.fault("query_lag", lost, { not_found: 4 });
    const { body } = await hands.refund(payment.id, { amount: 1234 });
    await hands.eventually(
      async () => {
        platform.clock.advance(31 * MINUTE);
        return (await platform.api("GET", `/v1/refunds/${body.id}`)).body;
      },
      (seen) => seen.state === "succeeded",
    );
    assert.deepEqual(
      (await tradeOf(payment)).refunds.map((one: Json) => [one.kind, one.amount]),
      [["void", 1234]],
    );
    const timeline = await hands.timeline(payment.id);
    assert.ok(
      timeline.some((item) => item.detail.decision === "sent_again"),
      JSON.stringify(timeline),
    );
  });

  test("that UnionPay can't cover yet is sent again under the same number", async () => {
    const payment = await paid();
    platform.clock.advance(DAY);
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

describe("UnionPay's payment code, told from others by its digits alone", () => {
  const reversed = (payment: Json) =>
    passing(payment.id, 3 * SECOND, (seen) => seen.attempts[0].state === "reversed");
  const charge = async (behaviour: "pays" | "asks_password" | "insufficient_balance" = "pays") => {
    const code = await hands.paymentCode(behaviour, "unionpay");
    return { code, payment: await hands.create({ payment_code: code }) };
  };

  test("that pays at once succeeds in the very call", async () => {
    const { payment } = await charge();
    const [attempt] = payment.attempts;
    assert.deepEqual(
      [payment.status, attempt.method, attempt.amount_paid, attempt.amount_settled],
      ["succeeded", "unionpay.code", 1234, 1234],
    );
  });

  test("that asks for the password is processing, and succeeds when it is entered", async () => {
    const { code, payment } = await charge("asks_password");
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "pending"]);
    assert.equal((await platform.payCode(code)).status, 200);
    platform.clock.advance(11 * SECOND);
    await paidWith(payment.id);
  });

  test("whose buyer has no money fails with UnionPay's reason, and the payment stays open", async () => {
    const { payment } = await charge("insufficient_balance");
    assert.deepEqual([payment.status, payment.attempts[0].state], ["created", "failed"]);
    assert.equal(payment.attempts[0].failure_code, "64");
  });

  test("whose password never comes is reversed after a minute, and takes no money any more", async () => {
    const { code, payment } = await charge("asks_password");
    platform.clock.advance(61 * SECOND);
    await reversed(payment);
    assert.equal((await platform.payCode(code)).status, 409);
  });

  test("whose answer was lost is found paid by asking", async () => {
    await hands.fault("answer_lost_after_success", { method: "purchase.code" });
    await hands.fault("notification_lost");
    const { payment } = await charge();
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "unknown"]);
    platform.clock.advance(16 * SECOND);
    await paidWith(payment.id);
  });

  test("that is under way for a while is found paid by asking", async () => {
    await hands.fault("query_lag", { method: "purchase.code" }, { not_found: 1, unknown: 1 });
    await hands.fault("notification_lost");
    const { payment } = await charge();
    assert.deepEqual([payment.status, payment.attempts[0].state], ["processing", "pending"]);
    await passing(payment.id, 6 * SECOND, (seen) => seen.status === "succeeded");
  });

  test("whose call never arrived is guessed by nobody, and reversed in the end", async () => {
    await hands.fault("timeout_before", { method: "purchase.code" }, { ms: 0 });
    const { payment } = await charge();
    assert.equal(payment.attempts[0].state, "unknown");
    platform.clock.advance(61 * SECOND);
    await reversed(payment);
    assert.equal((await hands.get(payment.id)).status, "created");
  });
});

test("the statement of the clearing day has a line for each payment and what gave it back", async () => {
  const payment = await paid();
  const { body: refund } = await hands.refund(payment.id, { amount: 1234 });
  await hands.untilRefund(refund.id, (seen) => seen.state === "succeeded");
  const account = payment.attempts[0].channel_account;
  const { body: published } = await platform.sandbox("POST", "/unionpay/close-day", {});
  const found = await platform.ops("GET", `/v1/ops/channel_accounts/${account}/statements/${published.date}`);
  assert.equal(found.status, 200, JSON.stringify(found.body));
  const order = hands.order(payment);
  const lines = found.body.lines.filter((line: Json) => line.channel_order_no === order);
  assert.deepEqual(
    lines.map((line: Json) => [line.kind, line.channel_refund_no, line.amount, line.fee]),
    [
      ["payment", null, 1234, 7],
      ["refund", refund.channel_refund_no, -1234, -7],
    ],
  );
});

test("its codes are refused where the merchant has no contract with it", async () => {
  const { unionpay_account_id: account } = platform.demo;
  const disabled = await platform.ops("POST", `/v1/ops/channel_accounts/${account}/disable`);
  assert.equal(disabled.status, 200, JSON.stringify(disabled.body));
  await hands.eventually(
    () => platform.pay({ payment_code: "6212345678901234567" }),
    ({ status, body }) => status === 422 && body.code === "method_not_available" && body.field === "method",
  );
});
