import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { openShop, type Shop } from "../../payments/testing/shop.ts";
import { hire, type Person } from "./testing/world.ts";

let platform: TestPlatform;
let jun: Person;
let lan: Person;
let shop: Shop;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  jun = await hire(platform, "Jun", "finance");
  lan = await hire(platform, "Lan", "admin");
  shop = await openShop(platform);
});
after(() => platform.stop());

const fault = "The fee of 2026-11-20 was booked as other income, see ticket 7";
const line = (account: string, side: string, amount: number) => ({ account, side, amount });
const moved = (amount = 120) => [line("other_income", "debit", amount), line("fee_income", "credit", amount)];

const ask = (lines: unknown, more: Record<string, unknown> = {}) =>
  jun.ask("POST", "/v1/ops/manual_journals", {
    merchant_id: shop.id,
    currency: "CNY",
    lines,
    fault,
    ...more,
  });

const refusals: readonly [title: string, lines: unknown][] = [
  ["does not balance", [line("other_income", "debit", 120), line("fee_income", "credit", 119)]],
  ["is on an account that items explain", [line("merchant_pending", "debit", 1), line("loss", "credit", 1)]],
  ["is on a channel's account", [line("channel_receivable", "debit", 1), line("loss", "credit", 1)]],
  [
    "is on the twin of such an account",
    [line("memo_refund_clearing", "debit", 1), line("loss", "credit", 1)],
  ],
  ["mixes money that never passes us", [line("memo_fee_income", "debit", 1), line("loss", "credit", 1)]],
];
for (const [title, lines] of refusals) {
  test(`a free journal that ${title} is refused`, async () => {
    const { status, body } = await ask(lines);
    assert.deepEqual([status, body.code, body.field], [400, "invalid_request", "lines"]);
  });
}

test("a fault of the ledger is corrected once, by a second person whose rank covers it", async () => {
  const proposed = await ask(moved());
  assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
  assert.equal((await jun.decide(proposed.body.id, "approve")).status, 403);
  assert.equal((await lan.decide(proposed.body.id, "approve")).status, 200);
  assert.equal((await lan.decide(proposed.body.id, "approve")).status, 409);
  const { body } = await platform.ops("GET", `/v1/ops/trial_balance?book_id=${proposed.body.subject}`);
  const fees = body.rows.find((row: Json) => row.code === "fee_income");
  assert.ok(fees !== undefined, JSON.stringify(body));
  assert.equal(fees.credit, 120);
  await assertInvariants(platform);
});

test("what would break a floor is refused for good", async () => {
  const { body } = await ask([line("merchant_available", "debit", 5), line("other_income", "credit", 5)]);
  const approved = await lan.decide(body.id, "approve");
  assert.deepEqual([approved.status, approved.body.code], [409, "conflict"]);
  assert.match(approved.body.detail, /below its floor/);
});

test("beyond the approver's rank it waits", async () => {
  const proposed = await lan.ask("POST", "/v1/ops/manual_journals", {
    currency: "CNY",
    lines: [line("bank_own", "debit", 100_001), line("own_capital", "credit", 100_001)],
    fault,
  });
  assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
  assert.equal((await jun.decide(proposed.body.id, "approve")).status, 403);
});
