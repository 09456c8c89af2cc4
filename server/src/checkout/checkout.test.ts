import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";
import { SECOND } from "../kernel/clock.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const create = async (wanted: Record<string, unknown> = {}): Promise<Json> => {
  const created = await platform.pay(wanted);
  assert.equal(created.status, 201, JSON.stringify(created.body));
  return created.body;
};
const pathOf = (payment: Json) => new URL(payment.cashier_url).pathname;
/** What the buyer's page reads; it needs no key. */
const stateOf = async (payment: Json): Promise<Json> => {
  const answer = await platform.api("GET", `${pathOf(payment)}/state`, undefined, null);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const start = (payment: Json, method: string): Promise<Answer> =>
  platform.api("POST", `${pathOf(payment)}/attempts`, { method, device: "desktop" }, null);
const untilView = async (payment: Json, view: string): Promise<Json> => {
  await platform.until(payment.id, () => true);
  const giveUpAt = Date.now() + 15_000;
  for (;;) {
    const state = await stateOf(payment);
    if (state.view === view) return state;
    assert.ok(Date.now() < giveUpAt, `the view stayed ${state.view}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe("what the buyer sees", () => {
  test("choose: what it costs, whose it is, and the ways to pay", async () => {
    const payment = await create({ subject: "Oolong", return_url: "https://shop.example/thanks" });
    const state = await stateOf(payment);
    assert.equal(state.view, "choose");
    assert.deepEqual(
      [state.payment.subject, state.payment.amount, state.payment.currency, state.payment.merchant_name],
      ["Oolong", 1234, "CNY", "Demo Shop"],
    );
    assert.equal(
      state.payment.return_url,
      `https://shop.example/thanks?payment_id=${payment.id}&status=created`,
    );
    const methods = state.methods.map((one: Json) => one.method);
    assert.deepEqual(methods.toSorted(), [
      "alipay.page",
      "alipay.qr",
      "alipay.wap",
      "unionpay.page",
      "unionpay.qr",
      "wechat.h5",
      "wechat.native",
    ]);
    assert.equal(state.next_action, null);
    assert.ok(Date.parse(state.server_time) <= Date.parse(state.payment.expires_at));
  });

  test("pay: the code that the shop asked for, and the other ways", async () => {
    const payment = await create({ method: "alipay.qr" });
    const state = await stateOf(payment);
    assert.equal(state.view, "pay");
    assert.deepEqual(state.next_action, payment.next_action);
    assert.ok(state.methods.length > 1);
  });

  test("paid: as soon as it is, and then nobody hurries any more", async () => {
    const payment = await create({ method: "alipay.qr" });
    await platform.payCode(payment.next_action.qr_code);
    const state = await untilView(payment, "paid");
    assert.deepEqual([state.payment.status, state.payment.status_final], ["succeeded", true]);
    assert.deepEqual([state.methods, state.next_action], [[], null]);
    assert.ok(state.poll_after_ms > 10_000);
  });

  test("closed: by the shop", async () => {
    const payment = await create();
    await platform.api("POST", `/v1/payments/${payment.id}/close`);
    const state = await stateOf(payment);
    assert.deepEqual([state.view, state.payment.closed_reason], ["closed", "cancelled"]);
    const refused = await start(payment, "alipay.qr");
    assert.ok(refused.status >= 400);
  });

  test("confirming: the channel has not said whether the order ended", async () => {
    const payment = await create({ method: "alipay.qr" });
    await platform.sandbox("POST", "/wallet/scan", { code: payment.next_action.qr_code });
    await platform.sandbox("POST", "/faults", {
      kind: "http_5xx",
      match: { out_trade_no: payment.attempts[0].channel_order_no, method: "alipay.trade.close" },
      count: 1,
    });
    const refused = await start(payment, "alipay.page");
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_confirming"]);
    const state = await stateOf(payment);
    assert.deepEqual([state.view, state.next_action, state.methods], ["confirming", null, []]);
    platform.clock.advance(3 * SECOND);
    await untilView(payment, "choose");
  });

  test("confirming: an order whose placing has no answer yet", async () => {
    await platform.sandbox("POST", "/faults", {
      kind: "http_5xx",
      match: { method: "alipay.trade.precreate" },
      count: 1,
    });
    const payment = await create({ method: "alipay.qr" });
    assert.equal((await stateOf(payment)).view, "confirming");
    platform.clock.advance(11 * SECOND);
    await untilView(payment, "pay");
  });

  test("confirming: a buyer who is asked for a password at the till", async () => {
    const { body: code } = await platform.sandbox("POST", "/wallet/payment-codes", {
      behaviour: "asks_password",
    });
    const payment = await create({ payment_code: code.code });
    assert.equal((await stateOf(payment)).view, "confirming");
    await platform.payCode(code.code);
    await untilView(payment, "paid");
  });

  test("choose: an order that waits in an app, with the other ways, which end it", async () => {
    const payment = await create({ method: "alipay.app" });
    const state = await stateOf(payment);
    assert.deepEqual([state.view, state.open_in_app, state.next_action], ["choose", true, null]);
    assert.ok(state.methods.length > 1);
    const other = await start(payment, "alipay.qr");
    assert.deepEqual([other.status, other.body.view, other.body.open_in_app], [200, "pay", false]);
    const { attempts } = (await platform.api("GET", `/v1/payments/${payment.id}`)).body;
    assert.ok(["closed", "abandoned"].includes(attempts[0].state), attempts[0].state);
  });

  test("expired: nothing can be started any more", async () => {
    const payment = await create({ expires_in: 60 });
    platform.clock.advance(61 * SECOND);
    const state = await stateOf(payment);
    assert.deepEqual([state.view, state.methods], ["expired", []]);
    const refused = await start(payment, "alipay.qr");
    assert.equal(refused.status, 409);
  });
});

describe("starting to pay", () => {
  test("a way is chosen, and another one instead", async () => {
    const payment = await create();
    const first = await start(payment, "alipay.qr");
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.deepEqual([first.body.view, first.body.next_action.type], ["pay", "qr_code"]);
    const second = await start(payment, "alipay.page");
    assert.deepEqual([second.body.view, second.body.next_action.type], ["pay", "redirect"]);
    await platform.payCode(second.body.next_action.url);
    await untilView(payment, "paid");
  });

  test("a channel that leads the buyer back by a form leads him to the page", async () => {
    const payment = await create();
    const address = new URL(payment.cashier_url);
    const answer = await fetch(address, {
      method: "POST",
      body: new URLSearchParams({ respCode: "00", signPubKeyCert: "-----BEGIN CERTIFICATE-----" }),
      redirect: "manual",
    });
    assert.equal(answer.status, 303);
    assert.equal(new URL(answer.headers.get("location") ?? "", address).href, address.href);
  });

  test("what the page does not offer is refused", async () => {
    const payment = await create();
    for (const method of ["alipay.code", "alipay.jsapi", "unionpay.app"]) {
      const refused = await start(payment, method);
      assert.deepEqual([refused.status, refused.body.code], [422, "method_not_available"], method);
    }
    assert.deepEqual((await platform.api("GET", `/v1/payments/${payment.id}`)).body.attempts, []);
  });

  test("after the success there is nothing to start", async () => {
    const payment = await create({ method: "alipay.qr" });
    await platform.payCode(payment.next_action.qr_code);
    await untilView(payment, "paid");
    const refused = await start(payment, "alipay.qr");
    assert.ok([409, 422].includes(refused.status));
    assert.equal((await platform.api("GET", `/v1/payments/${payment.id}`)).body.attempts.length, 1);
  });
});

describe("the page's address", () => {
  const open = (path: string) => fetch(platform.baseUrl + path);

  test("opens by its token alone, under a strict policy, and says nothing by itself", async () => {
    const payment = await create({ subject: "A secret tea" });
    const answer = await open(pathOf(payment));
    assert.equal(answer.status, 200);
    const policy = answer.headers.get("content-security-policy") ?? "";
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
    ]) {
      assert.ok(policy.includes(rule), rule);
    }
    assert.ok(!policy.includes("unsafe"));
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const page = await answer.text();
    assert.ok(!page.includes("A secret tea") && !page.includes("1234"));
    assert.ok(!/ on[a-z]+=|<script>|<style/.test(page), "nothing inline that the policy would stop");
  });

  test("no other token opens it: none can be guessed, changed or made from an id", async () => {
    const [payment, other] = [await create(), await create()];
    const token = pathOf(payment).replace("/pay/", "");
    assert.ok(token.length >= 44);
    const flipped = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    const swapped = token.slice(0, 20) + pathOf(other).replace("/pay/", "").slice(20);
    const tried = [flipped, swapped, payment.id, token.slice(0, 22), `${token}A`, "A".repeat(token.length)];
    for (const wrong of tried) {
      const answer = await platform.api("GET", `/pay/${wrong}/state`, undefined, null);
      assert.deepEqual([answer.status, answer.body.code], [404, "not_found"], wrong);
      const started = await platform.api(
        "POST",
        `/pay/${wrong}/attempts`,
        { method: "alipay.qr", device: "phone" },
        null,
      );
      assert.equal(started.status, 404, wrong);
    }
  });

  test("what the page reads tells no number of the shop's or the channel's", async () => {
    const payment = await create({ method: "alipay.qr", metadata: { note: "for our eyes" } });
    const text = JSON.stringify(await stateOf(payment));
    for (const secret of [
      payment.merchant_order_no,
      payment.attempts[0].channel_order_no,
      "for our eyes",
      payment.id,
    ]) {
      assert.ok(!text.includes(secret), secret);
    }
  });

  test("its files are served with their types, and nothing else is", async () => {
    for (const [file, type] of [
      ["checkout.js", "text/javascript; charset=utf-8"],
      ["checkout.css", "text/css; charset=utf-8"],
    ]) {
      const answer = await open(`/pay/assets/${file}`);
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, type]);
      await answer.body?.cancel();
    }
    const outside = await open("/pay/assets/..%2f..%2fpackage.json");
    assert.ok(outside.status >= 400);
    await outside.body?.cancel();
  });
});

test("while the page is looked at, the channel is asked every few seconds", async () => {
  const payment = await create({ method: "alipay.qr" });
  await platform.sandbox("POST", "/faults", {
    kind: "notification_lost",
    match: { out_trade_no: payment.attempts[0].channel_order_no },
    count: 1,
  });
  // Long after its creation the next query by itself is minutes away.
  for (const seconds of [11, 31, 61, 121]) {
    platform.clock.advance(seconds * SECOND);
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  await platform.payCode(payment.next_action.qr_code);
  assert.equal((await stateOf(payment)).view, "pay");
  platform.clock.advance(6 * SECOND);
  await untilView(payment, "paid");
});
