import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, plus } from "../kernel/clock.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
import { openShop, type Shop } from "./testing/shop.ts";

/** Enough that all fail within 2 s to open a circuit, or as many buyers with beacons. */
const ORDERS = 6;
const ALL_DAY = { kind: "cut_over", from: "00:00", to: "24:00" };

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

/** Sets the windows of a shop's account; the next decision, here an explanation, goes by them. */
async function setWindows(shop: Shop, windows: readonly Json[]): Promise<void> {
  const path = `/v1/ops/routing/accounts/${shop.channelAccountId}`;
  const { version } = (await platform.ops("GET", path)).body;
  const set = await platform.ops("PATCH", path, { version, windows });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const asked = { merchant_id: shop.id, amount: 1000, currency: "CNY", method: "alipay.qr" };
  assert.equal((await platform.ops("POST", "/v1/ops/routing/explain", asked)).status, 200);
}

async function pay(shop: Shop): Promise<Json> {
  const order = { merchant_order_no: aNumber("W"), amount: 1000, currency: "CNY", subject: "Tea" };
  const paid = await shop.api("POST", "/v1/payments", { ...order, method: "alipay.qr" });
  assert.equal(paid.status, 201, JSON.stringify(paid.body));
  return paid.body;
}

const payAll = (shop: Shop) => Promise.all(Array.from({ length: ORDERS }, () => pay(shop)));

async function lineOf(shop: Shop): Promise<Json> {
  const { data } = (await platform.ops("GET", "/v1/ops/routing/health")).body;
  return data.find((line: Json) => line.channel_account === shop.channelAccountId && line.scene === "qr");
}

/** Orders whose answers do not come in time; `meanwhile` happens while they are waited for. */
async function timeOut(shop: Shop, meanwhile: () => Promise<void>): Promise<readonly Json[]> {
  const match = { method: "alipay.trade.precreate" };
  for (let order = 0; order < ORDERS; order += 1) await hands.fault("slow", match, { ms: 8_000 });
  const all = payAll(shop);
  const path = `/v1/ops/payments?merchant=${shop.id}&limit=100`;
  await hands.eventually(
    async () => (await platform.ops("GET", path)).body.data,
    (payments) => payments.filter((payment: Json) => payment.next_action == null).length === ORDERS,
  );
  await meanwhile();
  const payments = await all;
  assert.deepEqual(
    payments.map(({ attempts }) => attempts[0].state),
    Array.from({ length: ORDERS }, () => "unknown"),
  );
  return payments;
}

async function tellBeacons(payments: readonly Json[]): Promise<void> {
  for (const { cashier_url: url } of payments) {
    const told = await platform.api("POST", `${new URL(url).pathname}/beacon`, {
      attempt: 1,
      kind: "does_not_open",
    });
    assert.equal(told.status, 204, JSON.stringify(told.body));
  }
}

test("calls that fail in a window of the channel trip nothing", async () => {
  const shop = await openShop(platform, { timeout_ms: 2_000 });
  await pay(shop);
  await timeOut(shop, () => setWindows(shop, [ALL_DAY]));
  const line = await lineOf(shop);
  assert.deepEqual([line?.circuit, line?.calls, line?.calls_failed], ["closed", 1, 0]);
});

test("the same calls outside of a window open the circuit", async () => {
  const shop = await openShop(platform, { timeout_ms: 2_000 });
  await timeOut(shop, () => setWindows(shop, []));
  const line = await lineOf(shop);
  assert.deepEqual([line?.circuit, line?.times_opened], ["open", 1]);
  assert.ok(line?.calls_failed >= 5, JSON.stringify(line));
});

test("buyers whose page does not open in a window of the channel trip nothing", async () => {
  const shop = await openShop(platform);
  const payments = await payAll(shop);
  await setWindows(shop, [ALL_DAY]);
  await tellBeacons(payments);
  const line = await lineOf(shop);
  assert.deepEqual([line?.circuit, line?.beacons], ["closed", 0]);
});

test("neither do those whose orders had no time left before one", async () => {
  const shop = await openShop(platform);
  const now = platform.clock.now();
  const [starts_at, ends_at] = [plus(now, 2 * MINUTE), plus(now, 12 * MINUTE)].map((at) => at.toISOString());
  await setWindows(shop, [{ kind: "maintenance", starts_at, ends_at }]);
  await tellBeacons(await payAll(shop));
  const line = await lineOf(shop);
  assert.deepEqual([line?.circuit, line?.beacons], ["closed", 0]);
});

test("the same beacons outside of a window open the circuit", async () => {
  const shop = await openShop(platform);
  await tellBeacons(await payAll(shop));
  const line = await lineOf(shop);
  assert.deepEqual([line?.circuit, line?.beacons], ["open", ORDERS]);
});
