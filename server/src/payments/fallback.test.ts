import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import type { Call, CallEnd, Channel, NewOrder, TradeOutcome } from "../channels/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { aNumber } from "./testing/hands.ts";
import { openShop, type Shop } from "./testing/shop.ts";
import { alipay } from "./testing/terms.ts";

/** What each account of the toy channel answers to an order, by its name. */
const answers = new Map<string, CallEnd<TradeOutcome>>();
const placed: string[] = [];
/** How long the first account's call takes: until this instant. */
let answersAt = 0;
/** Accounts whose orders are refused before they are sent. */
const refuses = new Set<string>();

const done = <T>(end: CallEnd<T>): Call<T> => ({
  ...end,
  exchange: {
    operation: "pay",
    startedAt: systemClock.now(),
    tookMs: 1,
    channelCode: null,
    request: "",
    response: null,
  },
});
const pending: CallEnd<TradeOutcome> = {
  end: "answered",
  value: { outcome: "pending", nextAction: { type: "qr_code", qrCode: "toy" } },
};
const none = () => Promise.resolve(done<never>({ end: "unknown", reason: "nobody asks a toy" }));

/** A channel of the test's own: no simulator refuses for reasons of the channel. */
const toy: Channel = {
  traits: {
    ...alipay.traits,
    name: "toy",
    displayName: "Toy",
    scenes: { "toy.qr": alipay.traits.scenes["alipay.jsapi"] ?? assert.fail() },
  },
  parseCredentials: (raw) => ({ ok: true, credentials: raw }),
  merchantOf: (credentials) => ({ name: (credentials as { readonly name: string }).name }),
  prove: () => Promise.resolve(done({ end: "answered", value: { proved: true } })),
  refuseOrder: (_order, context) => {
    const known = context?.credentials as { readonly name: string } | undefined;
    return known !== undefined && refuses.has(known.name) ? { field: "subject", detail: "not here" } : null;
  },
  pay: async ({ credentials }, order: NewOrder) => {
    const { name } = credentials as { readonly name: string };
    placed.push(`${name} ${order.channelOrderNo}`);
    if (name === "first") await systemClock.sleep(Math.max(0, answersAt - systemClock.now().getTime()));
    return done(answers.get(name) ?? pending);
  },
  query: none,
  close: none,
  reverse: none,
  refund: none,
  queryRefund: none,
  readNotification: () => assert.fail("a toy notifies nobody"),
  acknowledge: () => ({ status: 200, contentType: "text/plain", body: "" }),
  fetchStatement: none,
  readStatement: () => assert.fail("a toy has no statement"),
  downloadStatement: none,
};

let platform: TestPlatform;
let shop: Shop;
const ids: Record<string, string> = {};
before(async () => {
  platform = await startTestPlatform({ channels: [toy] });
  shop = await openShop(platform);
  for (const name of ["first", "second"]) ids[name] = await toyAccount(name);
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});
beforeEach(() => {
  answers.clear();
  refuses.clear();
  placed.length = 0;
});

async function toyAccount(name: string, of: Shop = shop): Promise<string> {
  const { status, body } = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: of.id,
    channel: "toy",
    label: name,
    gateway_url: platform.sandboxUrl,
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    credentials: { name },
  });
  assert.equal(status, 201, JSON.stringify(body));
  assert.equal((await platform.ops("POST", `/v1/ops/channel_accounts/${body.id}/enable`)).status, 200);
  return body.id;
}

async function pay(from: Shop = shop): Promise<Json> {
  const order = { merchant_order_no: aNumber(), amount: 100, currency: "CNY", subject: "Tea" };
  const paid = await from.api("POST", "/v1/payments", { ...order, method: "toy.qr", buyer: "me" });
  assert.equal(paid.status, 201, JSON.stringify(paid.body));
  return paid.body;
}

const refused = (side: "channel" | "order" | "buyer", retryable = false): CallEnd<TradeOutcome> => ({
  end: "refused",
  code: "NO",
  message: "no",
  retryable,
  side,
});

const cases: [string, CallEnd<TradeOutcome>, boolean, string][] = [
  ["refused for a reason of the channel's", refused("channel"), true, "failed"],
  ["refused for now, for a reason of the channel's", refused("channel", true), true, "failed"],
  ["certainly not sent", { end: "not_sent", reason: "connection refused" }, true, "failed"],
  [
    "turned away by the channel's rate limit",
    { end: "not_sent", reason: "rate", isRateRefusal: true },
    true,
    "failed",
  ],
  ["refused for what was asked", refused("order"), false, "failed"],
  ["refused by the buyer's bank", refused("buyer"), false, "failed"],
  [
    "answered with the issuer's refusal",
    { end: "answered", value: { outcome: "failed", code: "NOT_ENOUGH", message: "no money" } },
    false,
    "failed",
  ],
  ["without an answer", { end: "unknown", reason: "time-out" }, false, "unknown"],
];

for (const [title, answer, fallsBack, state] of cases) {
  const expected = fallsBack ? "another account takes it" : "no other account is tried";
  test(`an order ${title}: ${expected}`, async () => {
    answers.set("first", answer);
    const payment = await pay();
    const tried = payment.attempts.map((attempt: Json) => attempt.channel_account);
    assert.deepEqual(tried, fallsBack ? [ids.first, ids.second] : [ids.first]);
    assert.equal(payment.attempts[0].state, state);
    assert.equal(payment.next_action?.type, fallsBack ? "qr_code" : undefined);
    // Each account was asked once, under a number of its own.
    assert.deepEqual(
      placed,
      payment.attempts.map(
        (attempt: Json, index: number) => `${["first", "second"][index]} ${attempt.channel_order_no}`,
      ),
    );
  });
}

test("whoever sends the same payment at the same instant is shown the order that took it", async () => {
  answers.set("first", refused("channel"));
  const order = { merchant_order_no: aNumber(), amount: 100, currency: "CNY", subject: "Tea" };
  const wanted = { ...order, method: "toy.qr", buyer: "me" };
  const all = await Promise.all(Array.from({ length: 10 }, () => shop.api("POST", "/v1/payments", wanted)));
  assert.equal(all.filter(({ status }) => status === 201).length, 1);
  for (const { body } of all) {
    assert.equal(body.next_action?.type, "qr_code", JSON.stringify(body));
    assert.deepEqual(body.attempts, all[0]?.body.attempts);
  }
  assert.equal(placed.length, 2);
});

test("an account that refuses an order unseen has had no turn; the one that takes it has", async () => {
  const other = await openShop(platform);
  const effect = { type: "choose", strategy: "rotation" };
  const rule = { name: "in turn", merchant_id: other.id, effect };
  assert.equal((await platform.ops("POST", "/v1/ops/routing/rules", rule)).status, 201);
  const both = [await toyAccount("refusing", other), await toyAccount("willing", other)];
  const used = async () => (await pay(other)).attempts[0].channel_account;
  refuses.add("refusing");
  const turns = [await used()];
  refuses.clear();
  turns.push(await used(), await used());
  assert.deepEqual(turns, [both[1], both[0], both[1]]);
});

test("an account whose window began since the decision takes no order that gives way", async () => {
  answers.set("first", refused("channel"));
  const second = `/v1/ops/routing/accounts/${ids.second}`;
  const begins = systemClock.now().getTime() + 2_000;
  const instant = (ms: number) => new Date(ms).toISOString();
  const window = { kind: "maintenance", starts_at: instant(begins), ends_at: instant(begins + 600_000) };
  const set = await platform.ops("PATCH", second, { version: 0, windows: [window] });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  answersAt = begins;
  const payment = await pay();
  assert.deepEqual(
    payment.attempts.map((attempt: Json) => [attempt.channel_account, attempt.state]),
    [[ids.first, "failed"]],
  );
  assert.equal(placed.length, 1);
  // Whoever tries again meanwhile is told that there is nobody but the one that failed.
  const { order } = (
    await platform.ops("POST", "/v1/ops/routing/explain", {
      merchant_id: shop.id,
      amount: 100,
      currency: "CNY",
      method: "toy.qr",
    })
  ).body;
  assert.deepEqual(
    order.map((one: Json) => one.channel_account),
    [ids.first],
  );
});
