import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY } from "../kernel/clock.ts";
import { openShop, type Shop } from "../payments/testing/shop.ts";
import { type FeeOffice, openFeeOffice, plainTerms } from "./testing.ts";

let platform: TestPlatform;
let office: FeeOffice;

before(async () => {
  platform = await startTestPlatform();
  office = await openFeeOffice(platform);
  // Some of the schedules here charge less than the channel costs, which somebody must have earned.
  const { body } = await platform.pay({ method: "alipay.qr", amount: 200_000 });
  await platform.payCode(body.next_action.qr_code);
  await platform.until(body.id, (seen) => seen.status === "succeeded");
});
after(() => platform.stop());

const dayOf = (ms: number) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(platform.clock.now().getTime() + ms);
const today = () => dayOf(0);
const place = (shop: Pick<Shop, "id">) => ({ merchant_id: shop.id, method: null, currency: "CNY" });
const costPlace = (shop: Shop) => ({
  channel_account_id: shop.channelAccountId,
  method: null,
  currency: "CNY",
});

let orders = 0;

async function paidAt(shop: Shop, amount: number): Promise<Json> {
  orders += 1;
  const wanted = { merchant_order_no: `F${orders}`, amount, currency: "CNY", subject: "Tea" };
  const made = await shop.api("POST", "/v1/payments", { ...wanted, method: "alipay.qr" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal((await platform.payCode(made.body.next_action.qr_code)).status, 200);
  return until(async () => (await shop.api("GET", `/v1/payments/${made.body.id}`)).body);
}

async function until(look: () => Promise<Json>): Promise<Json> {
  for (let tries = 0; tries < 300; tries += 1) {
    const seen = await look();
    if (seen.status === "succeeded") return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it was never paid");
}

const charged = async (payment: Json) => {
  const { body } = await platform.ops("GET", `/v1/ops/payments/${payment.id}`);
  return body.attempts[0];
};
const refund = async (shop: Shop, payment: Json, amount: number) => {
  orders += 1;
  const wanted = { merchant_refund_no: `FR${orders}`, amount };
  const made = await shop.api("POST", `/v1/payments/${payment.id}/refunds`, wanted);
  assert.deepEqual([made.status, made.body.state], [201, "accepted"], JSON.stringify(made.body));
  return made.body.fee_returned;
};
/** What an account of the merchant's book holds, on its natural side. */
const balance = async (shop: Pick<Shop, "id">, code: string) => {
  const query = `merchant_id=${shop.id}&code=${code}&limit=100`;
  const { body } = await platform.ops("GET", `/v1/ops/accounts?${query}`);
  return body.data.reduce((sum: number, account: Json) => sum + account.natural_balance, 0);
};

describe("fee schedules", () => {
  test("charge a payment by the tier of its own amount, and the payment says by which version", async () => {
    const shop = await openShop(platform);
    const tiers = [
      { from: 0, rate_millionths: 10_000, fixed: 5 },
      { from: 1_000, rate_millionths: 5_000 },
    ];
    const terms = { rules: [{ tiers, minimum: 8, cap: 100 }], refund: "cumulative" };
    const id = await office.set("fee", { ...place(shop), effective_from: today(), terms });
    const fees = [];
    for (const amount of [200, 999, 1_000, 50_000])
      fees.push((await charged(await paidAt(shop, amount))).fee);
    assert.deepEqual(fees, [8, 15, 8, 100], "the minimum, the first tier, the second for all of it, the cap");
    const payment = await paidAt(shop, 4_000);
    const seen = await charged(payment);
    const rules = [seen.fee, seen.fee_rule, seen.fee_rule_version, seen.cost, seen.cost_rule];
    assert.deepEqual(rules, [20, id, 1, 24, "account_rate"]);
    const { body } = await platform.ops("GET", `/v1/ops/payments/${payment.id}/timeline`);
    const ended = body.data.find((item: Json) => item.what === "Order succeeded");
    assert.deepEqual([ended.detail.fee_rule, ended.detail.cost], [id, 24]);
    const own = await shop.api("GET", `/v1/payments/${payment.id}/timeline`);
    const told = own.body.data.find((item: Json) => item.what === "Order succeeded").detail;
    assert.deepEqual([told.fee_rule, told.cost], [id, undefined], "what we pay is no merchant's business");
  });

  test("change at a date: what was paid before is charged as before, later payments anew", async () => {
    const shop = await openShop(platform);
    await office.set("fee", { ...place(shop), effective_from: today(), terms: plainTerms(10_000) });
    const anew = plainTerms(20_000, { refund: "kept" });
    await office.set("fee", { ...place(shop), effective_from: dayOf(DAY), terms: anew });
    const before = await paidAt(shop, 1_000);
    const first = await charged(before);
    platform.clock.advance(DAY);
    const second = await charged(await paidAt(shop, 1_000));
    assert.deepEqual([first.fee, first.fee_rule_version], [10, 1]);
    assert.deepEqual([second.fee, second.fee_rule_version], [20, 2]);
    assert.equal(first.fee_rule, second.fee_rule);
    assert.equal(await refund(shop, before, 1_000), 10, "given back by the version that it was charged by");
  });

  for (const [policy, backs] of [
    ["kept", [0, 0, 0]],
    ["returned", [0, 0, 8]],
    ["pro_rata", [0, 0, 7]],
    ["cumulative", [0, 1, 7]],
  ] as const) {
    test(`refunds give the fee back as agreed: ${policy}`, async () => {
      const shop = await openShop(platform);
      const terms = plainTerms(8_000, { refund: policy });
      await office.set("fee", { ...place(shop), effective_from: today(), terms });
      await office.set("cost", {
        ...costPlace(shop),
        effective_from: today(),
        terms: plainTerms(6_000, { refund: "kept" }),
      });
      await paidAt(shop, 5_000);
      const payment = await paidAt(shop, 1_000);
      const given = [];
      for (const part of [50, 50, 900]) given.push(await refund(shop, payment, part));
      assert.deepEqual(given, backs);
      const seen = await charged(payment);
      assert.deepEqual([seen.cost, seen.cost_returned], [6, 0], "the channel keeps its own");
      assert.match(seen.cost_rule, /^fsc_/);
    });
  }

  test("shares of the fee are owed to partners, and go back with the fee", async () => {
    const shop = await openShop(platform);
    const shares = [
      { party: "agent:li", rate_millionths: 200_000 },
      { party: "provider", rate_millionths: 300_000 },
    ];
    const terms = plainTerms(10_000, { shares });
    await office.set("fee", { ...place(shop), effective_from: today(), terms });
    const payment = await paidAt(shop, 1_500);
    assert.deepEqual([(await charged(payment)).fee, (await charged(payment)).fee_of_partners], [15, 8]);
    assert.deepEqual([await balance(shop, "partner_payable"), await balance(shop, "fee_income")], [8, 7]);
    await refund(shop, payment, 500);
    assert.deepEqual([await balance(shop, "partner_payable"), await balance(shop, "fee_income")], [5, 5]);
    await refund(shop, payment, 1_000);
    assert.deepEqual([await balance(shop, "partner_payable"), await balance(shop, "fee_income")], [0, 0]);
    const quoted = await office.quote("fee", { ...place(shop), method: "alipay.qr", amount: 1_500 });
    const parts = quoted.body.shares.map(({ party, amount }: Json) => [party, amount]);
    assert.deepEqual(parts, [
      ["agent:li", 3],
      ["provider", 5],
    ]);
  });

  test("leave the books whole", () => assertInvariants(platform));
});

describe("the office of fees", () => {
  test("takes a version only when a second person approves, and shows it with who did", async () => {
    const shop = await openShop(platform);
    const body = { ...place(shop), effective_from: today(), terms: plainTerms(1_000), reason: "signed" };
    const proposed = await office.propose("fee", body);
    assert.deepEqual([proposed.status, proposed.body.kind], [202, "fee_schedule.change"]);
    const again = await office.propose("fee", body);
    assert.equal(again.body.id, proposed.body.id, "the same proposal again is the first one");
    const other = await office.propose("fee", { ...body, terms: plainTerms(2_000) });
    assert.deepEqual([other.status, other.body.approval], [409, proposed.body.id]);
    const alone = await platform.ops("POST", `/v1/ops/approvals/${proposed.body.id}/approve`);
    assert.equal(alone.body.code, "second_person_required");
    const quote = { ...place(shop), method: "alipay.qr", amount: 10_000 };
    const unapproved = (await office.quote("fee", quote)).body;
    assert.deepEqual([unapproved.fee, unapproved.rule], [80, "merchant_rate"]);
    await office.approve(proposed.body);
    const { subject } = proposed.body;
    const { body: shown } = await platform.ops("GET", `/v1/ops/fee_schedules/${subject}`);
    assert.deepEqual([shown.in_force.version, shown.versions.length, shown.merchant_id], [1, 1, shop.id]);
    assert.notEqual(shown.in_force.proposed_by, shown.in_force.approved_by);
    const listed = await platform.ops("GET", `/v1/ops/fee_schedules?merchant_id=${shop.id}`);
    assert.deepEqual(
      [listed.body.data.map((one: Json) => one.id), listed.body.next_cursor],
      [[subject], null],
    );
    const approved = (await office.quote("fee", quote)).body;
    assert.deepEqual([approved.fee, approved.rule, approved.rule_version], [10, subject, 1]);
    const elsewhere = await platform.ops("GET", `/v1/ops/cost_schedules/${subject}`);
    assert.equal(elsewhere.status, 404);
  });

  test("makes one schedule and one version of what two send, and what two approve, at once", async () => {
    const shop = await openShop(platform);
    const body = { ...place(shop), effective_from: today(), terms: plainTerms(1_000) };
    const sent = await Promise.all([1, 2, 3, 4].map(() => office.propose("fee", body)));
    assert.deepEqual([...new Set(sent.map(({ status }) => status))], [202]);
    assert.equal(new Set(sent.map((answer) => answer.body.id)).size, 1);
    const proposed = sent[0]?.body;
    await Promise.all([1, 2, 3].map(() => office.approve(proposed)));
    const { body: shown } = await platform.ops("GET", `/v1/ops/fee_schedules/${proposed.subject}`);
    assert.deepEqual(
      shown.versions.map(({ version, approval }: Json) => [version, approval]),
      [[1, proposed.id]],
    );
  });

  test("previews terms before they are proposed; the end of a schedule brings the rate back", async () => {
    const shop = await openShop(platform);
    const quote = { ...place(shop), method: "alipay.qr", amount: 10_000 };
    const preview = await office.quote("fee", { ...quote, terms: plainTerms(1_000) });
    assert.deepEqual(
      [preview.body.fee, preview.body.rule, preview.body.rule_version],
      [10, "proposed", null],
    );
    await office.set("fee", { ...place(shop), effective_from: today(), terms: plainTerms(1_000) });
    await office.set("fee", { ...place(shop), effective_from: dayOf(DAY), terms: null });
    assert.equal((await office.quote("fee", quote)).body.fee, 10);
    const tomorrow = (await office.quote("fee", { ...quote, date: dayOf(DAY) })).body;
    assert.deepEqual([tomorrow.fee, tomorrow.rule], [80, "merchant_rate"]);
  });

  test("does not let an approval that comes too late change days that are closed", async () => {
    const shop = await openShop(platform);
    const body = { ...place(shop), effective_from: today(), terms: plainTerms(1_000) };
    const proposed = await office.propose("fee", body);
    platform.clock.advance(DAY);
    await until(async () => {
      const { body: shown } = await platform.ops("POST", "/v1/ops/fee_schedules/quote", {
        ...place(shop),
        method: "alipay.qr",
        amount: 1,
      });
      return { status: shown.date > body.effective_from ? "succeeded" : "the day is still open" };
    });
    const late = await office.approve(proposed.body);
    assert.deepEqual([late.status, late.body.code], [409, "conflict"]);
    assert.match(late.body.detail, /closed now/);
  });

  test("refuses what cannot be with the field and what to do", async () => {
    const shop = await openShop(platform);
    const direct = await openShop(platform, { fund_flow: "direct_to_merchant" });
    const good = { ...place(shop), effective_from: today(), terms: plainTerms(1_000) };
    const cost = { ...costPlace(shop), effective_from: today(), terms: plainTerms(1_000) };
    const rule = (changes: Record<string, unknown>) => ({
      rules: [{ tiers: [{ from: 0, rate_millionths: 1 }], ...changes }],
      refund: "kept",
    });
    const cases: [kind: "fee" | "cost", body: Json, field: string][] = [
      ["fee", { ...good, merchant_id: `mch_${"0".repeat(25)}1` }, "merchant_id"],
      ["fee", { ...good, currency: "USD" }, "currency"],
      ["fee", { ...good, method: "alipay.fax" }, "method"],
      ["fee", { ...good, effective_from: dayOf(-DAY) }, "effective_from"],
      ["fee", { ...good, effective_from: "2026-02-30" }, "effective_from"],
      ["fee", { ...good, terms: null }, "terms"],
      ["fee", { ...good, terms: plainTerms(1_000_001) }, "terms.rules.0.tiers.0.rate_millionths"],
      ["fee", { ...good, terms: rule({ minimum: 5, cap: 4 }) }, "terms.rules.0.cap"],
      ["fee", { ...good, terms: rule({ card_type: "debit" }) }, "terms.rules"],
      [
        "fee",
        {
          ...good,
          terms: rule({
            tiers: [
              { from: 0, rate_millionths: 1 },
              { from: 0, rate_millionths: 2 },
            ],
          }),
        },
        "terms.rules.0.tiers.1.from",
      ],
      ["fee", { ...good, terms: plainTerms(1, { monthly_minimum: 100 }) }, "terms.monthly_minimum"],
      ["fee", { ...good, terms: plainTerms(1, { surprise: 1 }) }, "terms.surprise"],
      ["cost", { ...cost, channel_account_id: direct.channelAccountId }, "channel_account_id"],
      ["cost", { ...cost, method: "stripe.card" }, "method"],
    ];
    for (const [kind, body, field] of cases) {
      const refused = await office.propose(kind, body);
      const got = [refused.status, refused.body.code, refused.body.field];
      assert.deepEqual(got, [400, "invalid_request", field], JSON.stringify(refused.body));
    }
  });
});
