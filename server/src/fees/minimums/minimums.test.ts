import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { DAY } from "../../kernel/clock.ts";
import { sql } from "../../kernel/database.ts";
import { parseId } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import { openPlatform, type Platform } from "../../kernel/revision.ts";
import { openDay } from "../../ledger/index.ts";
import { addAccount, openShop, type Shop } from "../../payments/testing/shop.ts";
import { invariants } from "../invariants.ts";
import { openFeeOffice, plainTerms } from "../testing.ts";
import { monthlyMinimums } from "./service.ts";

const LIE = sql("lie_of_minimums", "update channel_cost_minimums set cost = cost + 1");
const TRUTH = sql("truth_of_minimums", "update channel_cost_minimums set cost = cost - 1");

let platform: TestPlatform;
let rows: Platform;

before(async () => {
  platform = await startTestPlatform();
  const pools = { readersMax: 2, writersMax: 1, log: silentLog() };
  rows = openPlatform({ url: platform.databaseUrl, ...pools }, platform.clock);
});
after(async () => {
  await rows.close();
  await platform.stop();
});

const today = async () => (await openDay(platform.app.cell.db))?.accountingDate ?? "";

/** A success of 1000 through the shop's only account, of which 500 is refunded: 6 of cost, 3 given back. */
async function sell(shop: Shop): Promise<void> {
  const order = { merchant_order_no: "M1", amount: 1_000, currency: "CNY", subject: "Tea" };
  const { body: made } = await shop.api("POST", "/v1/payments", { ...order, method: "alipay.qr" });
  await platform.payCode(made.next_action.qr_code);
  for (let tries = 0; tries < 300; tries += 1) {
    const { body } = await shop.api("GET", `/v1/payments/${made.id}`);
    if (body.status === "succeeded") break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const wanted = { merchant_refund_no: "M1", amount: 500 };
  const refunded = await shop.api("POST", `/v1/payments/${made.id}/refunds`, wanted);
  assert.equal(refunded.body.state, "accepted");
}

async function untilMonthIsOver(month: string): Promise<void> {
  for (let days = 0; (await today()).startsWith(month); days += 1) {
    assert.ok(days < 400, "the accounting days go on");
    platform.clock.advance(DAY);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("what a channel bills for a month above its costs is booked once, however often asked", async () => {
  const office = await openFeeOffice(platform);
  const shop = await openShop(platform);
  const place = { method: null, currency: "CNY", effective_from: await today() };
  const set = (id: string, minimum: number | null) => {
    const terms = plainTerms(6_000, { monthly_minimum: minimum });
    return office.set("cost", { ...place, channel_account_id: id, terms });
  };
  await set(shop.channelAccountId, 100);
  await sell(shop);
  // Of the same merchant: one that nothing went through, and one without a minimum.
  const idle = await addAccount(platform, shop, { label: "idle" });
  await set(idle, 40);
  await set(await addAccount(platform, shop, { label: "free" }), null);
  const month = (await today()).slice(0, 7);
  const merchantId = parseId("mch", shop.id);
  const channels = { account: async (id: string) => ({ id, merchantId }) };
  const deps = { platform: rows, cell: platform.app.cell, channels: channels as Json };
  await assert.rejects(monthlyMinimums(deps, month), RangeError);
  await untilMonthIsOver(month);
  let steps = 0;
  const stops = async () => {
    steps += 1;
    if (steps > 2) throw new Error("stopped");
  };
  await assert.rejects(monthlyMinimums(deps, month, stops), /stopped/);
  await Promise.all([monthlyMinimums(deps, month), monthlyMinimums(deps, month)]);
  const made = await monthlyMinimums(deps, month);
  const shown = made.map(({ minimum, cost, gap }) => [minimum, cost, gap]);
  shown.sort((a, b) => Number((b[0] ?? 0n) - (a[0] ?? 0n)));
  assert.deepEqual(shown, [
    [100n, 3n, 97n],
    [40n, 0n, 40n],
  ]);
  const { body } = await platform.ops("GET", "/v1/ops/accounts?code=channel_cost_payable&limit=100");
  const owed = body.data.map((one: Json) => one.natural_balance).filter((amount: number) => amount !== 0);
  assert.deepEqual(
    owed.sort((a: number, b: number) => b - a),
    [97, 40],
  );
  const listed = await platform.ops("GET", `/v1/ops/cost_minimums?channel_account_id=${idle}`);
  const told = listed.body.data.map((one: Json) => [one.month, one.minimum, one.cost, one.gap]);
  assert.deepEqual(told, [[month, 40, 0, 40]]);
  await assertInvariants(platform);
  const wrong = await platform.app.cell.transact(async (tx) => {
    await tx.run(LIE, []);
    return Promise.all(invariants.map(({ check }) => check(tx, null)));
  });
  assert.equal(wrong.flat().length, 2, "the audit names each month that was booked otherwise");
  await platform.app.cell.transact((tx) => tx.run(TRUTH, []));
});

test("a month before the first day, and one that is none, are told apart", async () => {
  const deps = { platform: rows, cell: platform.app.cell, channels: {} as Json };
  assert.deepEqual(await monthlyMinimums(deps, "2020-02"), []);
  await assert.rejects(monthlyMinimums(deps, "2020-13"), RangeError);
});
