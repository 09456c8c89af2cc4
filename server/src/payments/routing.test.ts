import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
import { startSecondProcess } from "./testing/second-process.ts";
import { addAccount, openShop, type Shop } from "./testing/shop.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const explain = async (shop: Shop, wanted: Record<string, unknown> = {}) => {
  const asked = { merchant_id: shop.id, amount: 1000, currency: "CNY", method: "alipay.qr", ...wanted };
  const { status, body } = await platform.ops("POST", "/v1/ops/routing/explain", asked);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const rule = async (wanted: Record<string, unknown>) => {
  const { status, body } = await platform.ops("POST", "/v1/ops/routing/rules", { name: "A rule", ...wanted });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
};
const settings = async (account: string, wanted: Record<string, unknown>) => {
  const path = `/v1/ops/routing/accounts/${account}`;
  const { version } = (await platform.ops("GET", path)).body;
  const { status, body } = await platform.ops("PATCH", path, { version, ...wanted });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const pay = (shop: Shop, wanted: Record<string, unknown> = {}) =>
  shop.api("POST", "/v1/payments", {
    merchant_order_no: aNumber(),
    amount: 1000,
    currency: "CNY",
    subject: "Tea",
    method: "alipay.qr",
    ...wanted,
  });
/** A payment's accounts, in the order in which they were tried. */
const accountsOf = (payment: Json) => payment.attempts.map((attempt: Json) => attempt.channel_account);
const routedOf = async (payment: Json): Promise<string[]> => {
  const timeline = await hands.timeline(payment.id);
  return timeline.filter((item) => item.what.endsWith("written")).map((item) => String(item.detail.routed));
};

describe("rules", () => {
  test("the account that a rule names takes the order, and the reason is kept with it", async () => {
    const shop = await openShop(platform);
    const second = await addAccount(platform, shop);
    const plain = await pay(shop);
    assert.deepEqual(accountsOf(plain.body), [shop.channelAccountId]);
    assert.deepEqual(await routedOf(plain.body), ["oldest 1/2"]);
    const big = await rule({
      merchant_id: shop.id,
      when: 'amount >= 5000 && has(metadata.vip) && metadata.vip == "yes"',
      effect: { type: "choose", accounts: [{ id: second }] },
    });
    const order = { amount: 5000, metadata: { vip: "yes" } };
    const explained = await explain(shop, order);
    assert.deepEqual(
      [explained.order.map((one: Json) => one.channel_account), explained.rule.id],
      [[second], big.id],
    );
    const routed = await pay(shop, order);
    assert.deepEqual(accountsOf(routed.body), [second]);
    assert.deepEqual(await routedOf(routed.body), [explained.reasons]);
    assert.match(
      explained.reasons,
      new RegExp(`^rule ${big.id}@1 ordered 1/1; ${shop.channelAccountId} not_in_rule`),
    );
    assert.deepEqual(accountsOf((await pay(shop, { amount: 5000 })).body), [shop.channelAccountId]);
  });

  test("a window of the channel sends its orders to another account; alone, nothing is written", async () => {
    const shop = await openShop(platform);
    const window = { kind: "cut_over", from: "00:00", to: "24:00" };
    await settings(shop.channelAccountId, { windows: [window] });
    const number = aNumber();
    const refused = await pay(shop, { merchant_order_no: number });
    assert.deepEqual([refused.status, refused.body.code], [422, "no_account_available"]);
    assert.match(refused.body.detail, new RegExp(`${shop.channelAccountId} cut_over`));
    assert.equal((await explain(shop)).refusal, "no_account_available");
    assert.deepEqual((await shop.api("GET", `/v1/payments?number=${number}`)).body.data, []);
    const second = await addAccount(platform, shop);
    assert.deepEqual(accountsOf((await pay(shop, { merchant_order_no: number })).body), [second]);
  });
});

describe("rules are checked when saved", () => {
  let shop: Shop;
  let stranger: Shop;
  before(async () => {
    shop = await openShop(platform);
    stranger = await openShop(platform);
  });
  const refused = async (wanted: Record<string, unknown>) => {
    const body = { name: "A rule", merchant_id: shop.id, effect: { type: "choose" }, ...wanted };
    const answer = await platform.ops("POST", "/v1/ops/routing/rules", body);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    return [answer.body.field, answer.body.detail];
  };

  test("a condition that cannot be evaluated names the character and what to do", async () => {
    assert.deepEqual(await refused({ when: "amount >" }), ["when", "at character 9: Unexpected token: EOF"]);
    const [field, detail] = await refused({ when: "true && price > 3" });
    assert.equal(field, "when");
    assert.match(detail, /^at character 9: Unknown variable: price; there are amount, /);
    assert.match((await refused({ when: 'amount > "3"' }))[1], /no such overload: int > string/);
    assert.match((await refused({ when: "amount" }))[1], /write a comparison/);
    assert.match((await refused({ when: 'store.matches("(a+)+")' }))[1], /use startsWith/);
  });

  test("an account of another legal merchant is refused, and so is one that names no merchant", async () => {
    const effect = { type: "choose", accounts: [{ id: stranger.channelAccountId }] };
    assert.deepEqual(await refused({ effect }), [
      "effect.accounts.0.id",
      "the account belongs to another legal merchant: an order stays among its own",
    ]);
    assert.equal((await refused({ effect, merchant_id: null }))[0], "merchant_id");
  });

  test("an account whose channel does not have the rule's method is refused", async () => {
    const effect = { type: "choose", accounts: [{ id: shop.channelAccountId }] };
    assert.deepEqual(await refused({ effect, method: "wechat.native" }), [
      "effect.accounts.0.id",
      "wechat.native is not a method of alipay, so it never goes through this account",
    ]);
    await rule({ merchant_id: shop.id, method: "alipay.qr", effect });
  });

  test("every version is kept with who made it, and a stale change is refused", async () => {
    const first = await rule({ merchant_id: shop.id, effect: { type: "choose", strategy: "cost" } });
    const path = `/v1/ops/routing/rules/${first.id}`;
    const changed = await platform.ops("PATCH", path, { version: 1, status: "disabled" });
    assert.deepEqual([changed.body.version, changed.body.status], [2, "disabled"]);
    const stale = await platform.ops("PATCH", path, { version: 1, priority: 5 });
    assert.deepEqual([stale.status, stale.body.code, stale.body.version], [409, "conflict", 2]);
    const { data } = (await platform.ops("GET", `${path}/versions`)).body;
    assert.deepEqual(
      data.map((one: Json) => [one.version, one.rule.status, typeof one.changed_by.name]),
      [
        [2, "disabled", "string"],
        [1, "active", "string"],
      ],
    );
    const audit = (await platform.ops("GET", `/v1/ops/audit?subject=${first.id}`)).body;
    assert.ok(JSON.stringify(audit).includes("routing_rule.changed"), JSON.stringify(audit));
  });

  test("a merchant's key reads and writes none of it", async () => {
    for (const path of ["/v1/ops/routing/rules", "/v1/ops/routing/health"])
      assert.equal((await shop.api("GET", path)).status, 401);
  });
});

/** Nobody listens there: certainly nothing is sent. */
const NOWHERE = "http://127.0.0.1:1/gateway.do";

async function moveTo(account: string, gatewayUrl: string): Promise<string> {
  const path = `/v1/ops/channel_accounts/${account}`;
  const { revision, gateway_url: before } = (await platform.ops("GET", path)).body;
  const moved = await platform.ops("PATCH", path, { revision, gateway_url: gatewayUrl });
  assert.equal(moved.status, 200, JSON.stringify(moved.body));
  return before;
}

async function circuitOf(account: string): Promise<string | undefined> {
  const { data } = (await platform.ops("GET", "/v1/ops/routing/health")).body;
  return data.find((line: Json) => line.channel_account === account && line.scene === "qr")?.circuit;
}

describe("fallback", () => {
  test("an order that was certainly not sent goes through another account, and is paid once", async () => {
    const shop = await openShop(platform);
    const second = await addAccount(platform, shop);
    await moveTo(shop.channelAccountId, NOWHERE);
    const { body } = await pay(shop);
    assert.deepEqual(accountsOf(body), [shop.channelAccountId, second]);
    assert.deepEqual(
      body.attempts.map((attempt: Json) => [attempt.state, attempt.failure_code]),
      [
        ["failed", "channel_unreachable"],
        ["pending", null],
      ],
    );
    const [, reason] = await routedOf(body);
    assert.equal(reason, `oldest 2/2; after ${shop.channelAccountId} channel_unreachable`);
    await platform.payCode(body.next_action.qr_code);
    const paid = await hands.eventually(
      async () => (await shop.api("GET", `/v1/payments/${body.id}`)).body,
      (seen) => seen.status === "succeeded",
    );
    assert.equal(paid.success_attempt, paid.attempts[1].id);
    const trades = (await platform.sandbox("GET", "/wallet/trades?limit=100")).body.data;
    const numbers = paid.attempts.map((attempt: Json) => attempt.channel_order_no);
    assert.equal(trades.filter((trade: Json) => numbers.includes(trade.out_trade_no)).length, 1);
  });

  test("at most two further accounts are tried; then the payment waits for another attempt", async () => {
    const shop = await openShop(platform);
    const others = [await addAccount(platform, shop), await addAccount(platform, shop)];
    const last = await addAccount(platform, shop);
    for (const account of [shop.channelAccountId, ...others]) await moveTo(account, NOWHERE);
    const { body } = await pay(shop);
    assert.deepEqual(accountsOf(body), [shop.channelAccountId, ...others]);
    // The last of them may still be sent: it is the order's own account that repeats it.
    assert.equal(body.status, "processing");
    assert.equal(await circuitOf(last), undefined);
  });

  test("a payment code is never charged through another account", async () => {
    const shop = await openShop(platform);
    await addAccount(platform, shop);
    await moveTo(shop.channelAccountId, NOWHERE);
    const code = await hands.paymentCode();
    const { body } = await pay(shop, { method: undefined, payment_code: code });
    assert.deepEqual([accountsOf(body), body.status], [[shop.channelAccountId], "created"]);
  });

  test("an answer that is lost is no reason: the order may stand there", async () => {
    const shop = await openShop(platform);
    await addAccount(platform, shop);
    await hands.fault("answer_lost_after_success", { method: "alipay.trade.precreate" });
    const { body } = await pay(shop);
    assert.deepEqual(accountsOf(body), [shop.channelAccountId]);
    assert.equal(body.attempts[0].state, "unknown");
  });
});

describe("circuit breaking", () => {
  test("an account whose calls all fail leaves rotation, and returns after three probes", async () => {
    const shop = await openShop(platform);
    const second = await addAccount(platform, shop);
    const gateway = await moveTo(shop.channelAccountId, NOWHERE);
    const made: Json[] = [];
    for (let order = 0; order < 5; order += 1) made.push((await pay(shop)).body);
    assert.equal(await circuitOf(shop.channelAccountId), "open");
    const explained = await explain(shop);
    const after = await pay(shop);
    assert.deepEqual(accountsOf(after.body), [second]);
    assert.deepEqual(await routedOf(after.body), [explained.reasons]);
    assert.match(String(await routedOf(after.body)), new RegExp(`${shop.channelAccountId} circuit_open`));
    await moveTo(shop.channelAccountId, gateway);
    assert.deepEqual(accountsOf((await pay(shop)).body), [second]);
    platform.clock.advance(16 * SECOND);
    for (let probe = 0; probe < 3; probe += 1) {
      assert.equal(await circuitOf(shop.channelAccountId), "half_open");
      assert.deepEqual(accountsOf((await pay(shop)).body), [shop.channelAccountId]);
    }
    assert.equal(await circuitOf(shop.channelAccountId), "closed");
    // Nothing was lost: every payment meanwhile has an order that can be paid.
    assert.ok(made.every((payment) => payment.next_action?.type === "qr_code"));
  });

  test("orders sent again in a window of the channel, whose calls fail, trip nothing", async () => {
    const shop = await openShop(platform);
    const gateway = await moveTo(shop.channelAccountId, NOWHERE);
    const window = { kind: "cut_over", from: "00:00", to: "24:00" };
    const orders: Json[] = [];
    for (let order = 0; order < 4; order += 1) orders.push((await pay(shop)).body);
    await settings(shop.channelAccountId, { windows: [window] });
    // Orders placed just before the window are sent again in it, and no other is decided on meanwhile.
    const sent = async () => {
      const timelines = await Promise.all(orders.map(({ id }) => hands.timeline(id)));
      return timelines.flat().filter(({ what }) => what.startsWith("Called the channel (pay)")).length;
    };
    let before = await sent();
    for (let wave = 0; wave < 5; wave += 1) {
      platform.clock.advance((wave + 1) * 10 * SECOND);
      before = await hands.eventually(sent, (seen) => seen >= before + orders.length);
    }
    assert.ok(before >= 20, `${before} calls`);
    assert.equal(await circuitOf(shop.channelAccountId), "closed");
    await moveTo(shop.channelAccountId, gateway);
  });

  test("orders that are opened and those that are paid are counted, each once", async () => {
    const shop = await openShop(platform);
    const orders = [(await pay(shop)).body, (await pay(shop)).body, (await pay(shop)).body];
    await platform.payCode(orders[0].next_action.qr_code);
    const path = `/v1/payments/${orders[0].id}`;
    await hands.eventually(
      async () => (await shop.api("GET", path)).body.status,
      (seen) => seen === "succeeded",
    );
    platform.clock.advance(6 * MINUTE);
    const { data } = (await platform.ops("GET", "/v1/ops/routing/health")).body;
    const line = data.find((one: Json) => one.channel_account === shop.channelAccountId);
    assert.deepEqual([line.scene, line.orders, line.orders_paid], ["qr", 3, 1]);
    const metrics = String((await platform.api("GET", "/metrics")).body);
    assert.match(
      metrics,
      new RegExp(`tributary_routing_in_rotation\\{channel_account="${shop.channelAccountId}"`),
    );
  });

  test("a rate refusal counts for nothing", async () => {
    const shop = await openShop(platform);
    for (let order = 0; order < 6; order += 1) {
      await hands.fault("rate_refusal", { method: "alipay.trade.precreate" });
      await pay(shop);
    }
    assert.notEqual(await circuitOf(shop.channelAccountId), "open");
  });
});

describe("probes", () => {
  test("an order that is repeated or refused is no probe, and of a crowd one is", async () => {
    const shop = await openShop(platform);
    await addAccount(platform, shop);
    const number = { merchant_order_no: aNumber() };
    await pay(shop, number);
    const waiting = (await pay(shop, { method: undefined })).body;
    const gateway = await moveTo(shop.channelAccountId, NOWHERE);
    // The first success is two seconds ago: from then on all fail.
    platform.clock.advance(3 * SECOND);
    for (let order = 0; order < 5; order += 1) await pay(shop);
    await moveTo(shop.channelAccountId, gateway);
    platform.clock.advance(16 * SECOND);
    assert.equal((await pay(shop, number)).status, 200);
    assert.equal((await pay(shop, { ...number, amount: 2000 })).body.code, "number_reused");
    const attempts = `/v1/payments/${waiting.id}/attempts`;
    const wrong = { method: "alipay.qr", payment_code: await hands.paymentCode() };
    assert.equal((await shop.api("POST", attempts, wrong)).body.field, "payment_code");
    assert.equal(await circuitOf(shop.channelAccountId), "half_open");
    // None ends before all are decided.
    for (let order = 0; order < 10; order += 1)
      await hands.fault("slow", { method: "alipay.trade.precreate" }, { ms: 1_500 });
    const crowd = await Promise.all(Array.from({ length: 10 }, () => pay(shop)));
    const probes = crowd.filter(({ body }) => accountsOf(body)[0] === shop.channelAccountId);
    assert.equal(probes.length, 1);
  });
});

describe("quotas", () => {
  test("an order that ends without money leaves room again; one that is paid does not", async () => {
    const shop = await openShop(platform);
    await settings(shop.channelAccountId, { day_count_max: 1 });
    const first = (await pay(shop)).body;
    assert.equal((await pay(shop)).body.code, "no_account_available");
    await platform.sandbox("POST", "/wallet/scan", { code: first.next_action.qr_code });
    await shop.api("POST", `/v1/payments/${first.id}/close`);
    platform.clock.advance(2 * SECOND);
    const second = await pay(shop);
    assert.equal(second.status, 201, JSON.stringify(second.body));
    await platform.payCode(second.body.next_action.qr_code);
    await hands.eventually(
      async () => (await shop.api("GET", `/v1/payments/${second.body.id}`)).body,
      (seen) => seen.status === "succeeded",
    );
    platform.clock.advance(2 * SECOND);
    assert.equal((await pay(shop)).body.code, "no_account_available");
  });

  test("a further attempt counts too, and takes the next account when the first has no room", async () => {
    const shop = await openShop(platform);
    const second = await addAccount(platform, shop);
    await settings(shop.channelAccountId, { day_amount_max: 1_000 });
    const waiting = (await pay(shop, { method: undefined })).body;
    assert.deepEqual(accountsOf((await pay(shop)).body), [shop.channelAccountId]);
    const path = `/v1/payments/${waiting.id}/attempts`;
    const { body } = await shop.api("POST", path, { method: "alipay.qr" });
    assert.deepEqual(accountsOf(body), [second]);
  });

  test("a rotation with cool-down goes from number to number", async () => {
    const shop = await openShop(platform);
    const all = [shop.channelAccountId, await addAccount(platform, shop), await addAccount(platform, shop)];
    for (const account of all) await settings(account, { cool_down_seconds: 60 });
    await rule({ merchant_id: shop.id, effect: { type: "choose", strategy: "rotation" } });
    const used: string[] = [];
    for (let order = 0; order < 3; order += 1) used.push(...accountsOf((await pay(shop)).body));
    assert.deepEqual(used, all);
    assert.equal((await pay(shop)).body.code, "no_account_available");
    platform.clock.advance(61 * SECOND);
    const again: string[] = [];
    for (let order = 0; order < 3; order += 1) again.push(...accountsOf((await pay(shop)).body));
    assert.deepEqual(again.sort(), [...all].sort());
  });

  test("a rotation is moved on by orders that are placed, not by repeated or refused ones", async () => {
    const shop = await openShop(platform);
    const all = [shop.channelAccountId, await addAccount(platform, shop)];
    await rule({ merchant_id: shop.id, effect: { type: "choose", strategy: "rotation" } });
    const number = { merchant_order_no: aNumber() };
    const used = accountsOf((await pay(shop, number)).body);
    for (let repeat = 0; repeat < 3; repeat += 1) {
      assert.equal((await pay(shop, number)).status, 200);
      assert.equal((await pay(shop, { ...number, amount: 2000 })).body.code, "number_reused");
      assert.equal((await pay(shop, { method: "alipay.jsapi" })).body.field, "buyer");
    }
    used.push(...accountsOf((await pay(shop)).body));
    // Those that come at once each see the turns of those before.
    const crowd = await Promise.all(Array.from({ length: 10 }, () => pay(shop)));
    const count = (account: string) => crowd.filter(({ body }) => accountsOf(body)[0] === account).length;
    assert.deepEqual([used, all.map(count)], [all, [5, 5]]);
  });

  test("a thousand payments at once take exactly what there is room for", async () => {
    const shop = await openShop(platform, { calls_per_second: 100_000 });
    const second = await addAccount(platform, shop, { calls_per_second: 100_000 });
    await settings(shop.channelAccountId, { day_count_max: 137, month_count_max: 5_000 });
    await settings(second, { day_amount_max: 100_500, day_count_max: 1_000 });
    const created = async (): Promise<Json> => {
      for (const wanted = { merchant_order_no: aNumber("Q") }; ; ) {
        const { status, body } = await pay(shop, wanted);
        if (status < 500 && status !== 429) return { status, body };
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const answers = await Promise.all(Array.from({ length: 1_000 }, created));
    const made = answers.filter(({ status }) => status < 300);
    const byAccount = made.flatMap(({ body }) => accountsOf(body).slice(0, 1));
    const count = (account: string) => byAccount.filter((one) => one === account).length;
    assert.deepEqual([count(shop.channelAccountId), count(second), made.length], [137, 100, 237]);
    const refused = answers.filter(({ body }) => body.code === "no_account_available");
    assert.equal(refused.length, 763);
    const { data } = (await platform.ops("GET", `/v1/ops/payments?merchant=${shop.id}&limit=100`)).body;
    assert.ok(data.every((payment: Json) => payment.attempts.length === 1));
    await assertInvariants(platform);
    const used = (await platform.ops("GET", `/v1/ops/routing/accounts/${second}/quotas`)).body.data;
    assert.deepEqual(
      used.map((one: Json) => [one.period, one.used_amount, one.used_count]),
      [["day", 100_000, 100]],
    );
  });

  test("two processes take together no more than there is room for, and never deadlock", async () => {
    const shop = await openShop(platform, { calls_per_second: 100_000 });
    const spare = await addAccount(platform, shop, { calls_per_second: 100_000 });
    for (const account of [shop.channelAccountId, spare]) await settings(account, { day_count_max: 20 });
    const other = await startSecondProcess(platform);
    try {
      const order = () => ({
        merchant_order_no: aNumber("Z"),
        amount: 100,
        currency: "CNY",
        subject: "Tea",
        method: "alipay.qr",
      });
      /** Once more where a process is too busy, as a client does. */
      const create = async (index: number) => {
        const wanted = order();
        for (;;) {
          const at = index % 2 === 0 ? platform : other;
          const answer = await at.api("POST", "/v1/payments", wanted, shop.key);
          if (answer.body.code !== "overloaded") return answer;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => create(index)));
      assert.equal(answers.filter(({ status }) => status === 201).length, 40);
      assert.equal(answers.filter(({ body }) => body.code === "no_account_available").length, 60);
      assert.deepEqual(await other.counters(), { deadlocks: 0 });
    } finally {
      await other.stop();
    }
  });
});
