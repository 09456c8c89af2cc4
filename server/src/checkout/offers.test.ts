import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../channels/index.ts";
import { aNumber } from "../payments/testing/hands.ts";
import { openShop, type Shop } from "../payments/testing/shop.ts";
import { createOffers, type OffersDeps } from "./offers.ts";
import { openEvents } from "./testing.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const shopWith = (methods: string[]): Promise<Shop> => openShop(platform, { methods });
const create = async (shop: Shop): Promise<Json> => {
  const wanted = { merchant_order_no: aNumber(), amount: 1_000, currency: "CNY", subject: "Tea" };
  const { status, body } = await shop.api("POST", "/v1/payments", wanted);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
};
const pathOf = (payment: Json) => new URL(payment.cashier_url).pathname;
const waysOf = ({ methods }: Json): [string, string[]][] =>
  methods.map((one: Json) => [one.method, one.devices]);
const offeredBy = async (payment: Json) =>
  waysOf((await platform.api("GET", `${pathOf(payment)}/state`, undefined, null)).body);
const start = (payment: Json, method: string, device: string): Promise<Answer> =>
  platform.api("POST", `${pathOf(payment)}/attempts`, { method, device }, null);
const settings = async (shop: Shop, wanted: Record<string, unknown>) => {
  const path = `/v1/ops/routing/accounts/${shop.channelAccountId}`;
  const { version } = (await platform.ops("GET", path)).body;
  const { status, body } = await platform.ops("PATCH", path, { version, ...wanted });
  assert.equal(status, 200, JSON.stringify(body));
};
const exclude = async (shop: Shop, wanted: Record<string, unknown>) => {
  const effect = { type: "exclude", accounts: [{ id: shop.channelAccountId }] };
  const rule = { name: "No", merchant_id: shop.id, effect, ...wanted };
  const { status, body } = await platform.ops("POST", "/v1/ops/routing/rules", rule);
  assert.equal(status, 201, JSON.stringify(body));
};

const BOTH: [string, string[]][] = [
  ["alipay.qr", ["desktop", "phone"]],
  ["alipay.page", ["desktop"]],
];

describe("what routing refuses", () => {
  test("in a window of the channel nothing is offered, and nothing started", async () => {
    const shop = await shopWith(["alipay.qr", "alipay.page"]);
    const payment = await create(shop);
    assert.deepEqual(await offeredBy(payment), BOTH);
    await settings(shop, { windows: [{ kind: "maintenance", from: "00:00", to: "24:00" }] });
    assert.deepEqual(await offeredBy(payment), []);
    const refused = await start(payment, "alipay.qr", "desktop");
    assert.deepEqual([refused.status, refused.body.code], [422, "method_not_available"]);
  });

  test("a rule takes away a way, or a way on one device", async () => {
    const shop = await shopWith(["alipay.qr", "alipay.page"]);
    const payment = await create(shop);
    await exclude(shop, { method: "alipay.page" });
    await exclude(shop, { method: "alipay.qr", when: 'device == "phone"' });
    assert.deepEqual(await offeredBy(payment), [["alipay.qr", ["desktop"]]]);
  });

  test("is told to the buyer without its reasons, which name accounts and rules", async () => {
    const shop = await shopWith(["alipay.qr"]);
    const payment = await create(shop);
    await exclude(shop, { when: 'device == "phone"' });
    const { status, body } = await start(payment, "alipay.qr", "phone");
    assert.deepEqual([status, body.code, body.field], [422, "no_account_available", "method"]);
    assert.ok(!/cha_|rul_|excluded/.test(JSON.stringify(body)), JSON.stringify(body));
  });

  test("where a quota is used, the way that used it stays, and is offered to nobody else", async () => {
    const shop = await shopWith(["alipay.qr", "alipay.page"]);
    await settings(shop, { day_count_max: 1 });
    const [payment, other] = [await create(shop), await create(shop)];
    assert.deepEqual(await offeredBy(other), BOTH);
    const started = await start(payment, "alipay.qr", "desktop");
    assert.equal(started.status, 200, JSON.stringify(started.body));
    platform.clock.advance(2_000);
    assert.deepEqual(await offeredBy(payment), BOTH.slice(0, 1));
    assert.deepEqual(await offeredBy(other), []);
  });

  test("a page that is watched is told what it was told before, until it asks again", async () => {
    const shop = await shopWith(["alipay.qr", "alipay.page"]);
    await exclude(shop, { method: "alipay.page" });
    const payment = await create(shop);
    const events = await openEvents(`${platform.baseUrl}${pathOf(payment)}/events`);
    assert.deepEqual(waysOf(await events.state()), BOTH.slice(0, 1));
    await start(payment, "alipay.qr", "desktop");
    const paying = await events.state();
    assert.deepEqual([paying.view, waysOf(paying)], ["pay", BOTH.slice(0, 1)]);
    events.close();
  });
});

test("looking again asks routing nothing", async () => {
  let asked = 0;
  const traits = {
    displayName: "Test",
    scenes: {
      "t.qr": { kind: "qr", devices: ["desktop"] },
      "t.page": { kind: "redirect", devices: ["desktop"] },
    },
  };
  const account = {
    channel: "t",
    status: "active",
    currencies: ["CNY"],
    amountMin: 1n,
    amountMax: 10_000n,
    methods: ["t.qr", "t.page"],
  } as unknown as ChannelAccount;
  // Only what the decision reads.
  const offers = createOffers({
    channels: { accountsOfMerchant: async () => [account], channel: () => ({ traits }) },
    settings: { get: async () => ({ methods: [], hidden: [] }) },
    routing: {
      consider: async ({ method }: { method: string }) => {
        asked += 1;
        return method === "t.qr" ? { order: [] } : { refused: "no_account_available", put: [] };
      },
    },
    clock: platform.clock,
  } as unknown as OffersDeps);
  const payment = { id: "p", merchantId: "m", amount: 5n, currency: "CNY", request: "{}" };
  const known = payment as unknown as Parameters<typeof offers.now>[0];
  const names = async (kind: "now" | "remembered") =>
    (await offers[kind](known, null)).map(({ method }) => method);
  assert.deepEqual(await names("now"), ["t.qr"]);
  const before = asked;
  assert.deepEqual(await names("remembered"), ["t.qr"]);
  assert.deepEqual([before, asked], [3, 3]);
});
