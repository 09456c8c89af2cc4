import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
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
