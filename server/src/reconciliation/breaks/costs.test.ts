import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { type FeeOffice, openFeeOffice, plainTerms } from "../../fees/testing.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { openDay } from "../../ledger/index.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import type { Shop } from "../../payments/testing/shop.ts";
import { openWorld, type World } from "./testing/world.ts";

let platform: TestPlatform;
let fees: FeeOffice;
let today: string;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  fees = await openFeeOffice(platform);
  today = (await openDay(platform.app.cell.db))?.accountingDate ?? "";
});
after(() => platform.stop());

/** The order of a payment of 50.00 that the buyer has paid. */
async function paidOrder(shop: Shop): Promise<Id> {
  const wish = { amount: 5_000, currency: "CNY", subject: "Tea", method: "alipay.qr" };
  const created = await shop.api("POST", "/v1/payments", { merchant_order_no: "C1", ...wish });
  await platform.payCode(created.body.next_action.qr_code);
  const paid = await handsOn(() => platform).eventually(
    async () => (await shop.api("GET", `/v1/payments/${created.body.id}`)).body,
    (seen) => seen.status === "succeeded",
  );
  return parseId("att", paid.attempts[0].id) as Id;
}

async function costsOf({ idOf }: World, matchKey: string): Promise<Json[]> {
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${await idOf(matchKey)}`);
  return body.contract.costs.map(({ rule, version, method, terms, rate_millionths }: Json) => [
    rule,
    version,
    method,
    terms?.rules[0].tiers.map((tier: Json) => [tier.from, tier.rate_millionths, tier.fixed]) ?? null,
    rate_millionths,
  ]);
}

const tiers = (rate: number, fixed: number) => ({
  rules: [
    {
      tiers: [
        { from: 0, rate_millionths: rate },
        { from: 3_000, rate_millionths: rate, fixed },
      ],
    },
  ],
  refund: "kept",
});

test("the evidence has the rule that priced the order, in its version, and not today's", async () => {
  const world = await openWorld(platform);
  const { shop, found } = world;
  const place = { channel_account_id: shop.channelAccountId, method: null, currency: "CNY" };
  const schedule = await fees.set("cost", { ...place, effective_from: today, terms: tiers(5_000, 10) });
  const attemptId = await paidOrder(shop);
  await fees.set("cost", { ...place, effective_from: today, terms: plainTerms(9_000) });
  const about = { attemptId, channelDate: today };
  await found(
    [
      { matchKey: "C1", kind: "fee", side: "both", settleDifference: 0n, feeDifference: 3n, ...about },
      { matchKey: "C2", kind: "refund_theirs_only", settleDifference: -500n, feeDifference: 0n, ...about },
      { matchKey: "C3", channelDate: today },
    ],
    { channelDate: today },
  );
  const priced = [
    [
      schedule,
      1,
      null,
      [
        [0, 5_000, 0],
        [3_000, 5_000, 10],
      ],
      null,
    ],
  ];
  assert.deepEqual(await costsOf(world, "C1"), priced);
  assert.deepEqual(await costsOf(world, "C2"), priced);
  // A line of no known order may have been priced by what was in force on its date.
  assert.deepEqual(await costsOf(world, "C3"), [[schedule, 2, null, [[0, 9_000, 0]], null]]);
});

test("of a line of no known order each rule in force on its date is shown", async () => {
  const world = await openWorld(platform);
  const { shop, found } = world;
  const place = { channel_account_id: shop.channelAccountId, currency: "CNY", effective_from: today };
  const ofCodes = await fees.set("cost", { ...place, method: "alipay.qr", terms: plainTerms(3_000) });
  await found([{ matchKey: "C4", channelDate: today }], { channelDate: today });
  assert.deepEqual(await costsOf(world, "C4"), [
    [ofCodes, 1, "alipay.qr", [[0, 3_000, 0]], null],
    ["account_rate", 1, null, null, 6_000],
  ]);
  // Before any schedule began.
  await found([{ matchKey: "C5" }]);
  assert.deepEqual(await costsOf(world, "C5"), [["account_rate", 1, null, null, 6_000]]);
});

test("a single rate is the one that the order was priced by, whatever it is now", async () => {
  const world = await openWorld(platform);
  const { shop, found } = world;
  const attemptId = await paidOrder(shop);
  const url = `/v1/ops/channel_accounts/${shop.channelAccountId}`;
  const { revision } = (await platform.ops("GET", url)).body;
  const changed = await platform.ops("PATCH", url, { revision, cost_rate_millionths: 7_000 });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  await found([{ matchKey: "C6", kind: "amount", side: "both", attemptId }]);
  assert.deepEqual(await costsOf(world, "C6"), [["account_rate", revision, null, null, 6_000]]);
});

test("money that never passes us has no cost of ours", async () => {
  const world = await openWorld(platform, { fund_flow: "direct_to_merchant" });
  await world.found([{ matchKey: "C7" }]);
  assert.deepEqual(await costsOf(world, "C7"), []);
});
