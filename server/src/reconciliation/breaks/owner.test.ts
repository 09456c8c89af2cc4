import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { bookIdOf } from "../../ledger/index.ts";
import { openShop, type Shop } from "../../payments/testing/shop.ts";
import { booked } from "./testing/generations.ts";
import { DATE, hire, openWorld, type Person } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun, lan]: Person[] = [];
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
  lan = await hire(platform, "Lan", "admin", "finance");
});
after(() => platform.stop());

const people = () => ({ mei: mei as Person, jun: jun as Person, lan: lan as Person });
const bookOf = (shop: Shop) => bookIdOf("merchant", parseId("mch", shop.id) as Id);
const strangers = (amount: bigint) => ({
  kind: "unknown_merchant" as const,
  theirsAmount: amount,
  settleDifference: amount,
  feeDifference: 0n,
});

/** A contract in whose statement a line of another shop's stands. */
async function strangersLine(matchKey: string, amount = 10_000n) {
  const world = await openWorld(platform);
  const owner = await openShop(platform);
  await world.found([{ matchKey, ...strangers(amount) }]);
  return { ...world, owner, id: await world.idOf(matchKey) };
}

async function pendingOf(shop: Shop): Promise<number> {
  const { body } = await shop.api("GET", "/v1/accounts?limit=100");
  return body.data.find(({ code }: Json) => code === "merchant_pending").natural_balance;
}

test("a line of another merchant number is paid to its owner alone, who is named", async () => {
  const { id, owner, shop, state } = await strangersLine("W1");
  const { mei } = people();
  const propose = (wish: object) =>
    mei.ask("POST", `/v1/ops/breaks/${id}/propose`, { reason: "By the channel's letter", ...wish });
  const refused = await propose({ resolution: "pay_merchant" });
  assert.deepEqual([refused.status, refused.body.code], [409, "conflict"]);
  assert.match(refused.body.detail, /another merchant number.*propose pay_owner/);
  const unnamed = await propose({ resolution: "pay_owner" });
  assert.deepEqual(
    [unnamed.status, unnamed.body.errors?.[0]?.field ?? unnamed.body.field],
    [400, "merchant"],
  );
  assert.equal((await propose({ resolution: "income", merchant: owner.id })).status, 400);
  const same = await propose({ resolution: "pay_owner", merchant: shop.id });
  assert.match(same.body.detail, /contract's own merchant/);
  const nobody = await propose({
    resolution: "pay_owner",
    merchant: formatId("mch", platform.app.cell.newId()),
  });
  assert.match(nobody.body.detail, /no such merchant/);
  assert.deepEqual(await state("W1"), [["open", null, 10_000n]]);
});

test("the owner of a surplus has its money once another person has approved it, in both books", async () => {
  const { id, owner, state, books, shop } = await strangersLine("W2", 100_001n);
  const { mei, jun, lan } = people();
  const wish = { resolution: "pay_owner", merchant: owner.id };
  const { body: preview } = await mei.ask("POST", `/v1/ops/breaks/${id}/preview`, wish);
  const both = (debit: string, credit: string) => [
    { account: debit, debit: 100_001, credit: 0 },
    { account: credit, debit: 0, credit: 100_001 },
  ];
  const journal = { kind: "surplus_owner_found", currency: "CNY" };
  assert.deepEqual(preview.journals, [
    { book: "merchant", ...journal, lines: both("suspense_surplus", "interbook") },
    { book: "owner", ...journal, lines: both("interbook", "merchant_pending") },
  ]);
  assert.deepEqual([preview.merchant, preview.refusal], [owner.id, null]);
  const approval = await mei.propose(id, "pay_owner", { merchant: owner.id });
  assert.equal((await mei.decide(approval, "approve")).status, 403);
  const beyond = await jun.decide(approval, "approve");
  assert.match(beyond.body.detail, /100000 CNY/);
  assert.equal(await pendingOf(owner), 0);
  assert.equal((await lan.decide(approval, "approve")).status, 200);
  assert.equal((await lan.decide(approval, "approve")).status, 409);
  assert.deepEqual(await state("W2"), [["resolved", "pay_owner", 0n]]);
  assert.deepEqual([await pendingOf(owner), await pendingOf(shop)], [100_001, 0]);
  assert.deepEqual(await books(), {
    channel_receivable: { [DATE]: 100_001n },
    interbook: { "-": -100_001n },
    suspense_surplus: { [DATE]: -100_001n, "-": 100_001n },
  });
  const owners = { interbook: { "-": 100_001n }, merchant_pending: { "-": -100_001n } };
  assert.deepEqual(await booked(platform.app.cell, bookOf(owner)), owners);
  const { body: evidence } = await mei.ask("GET", `/v1/ops/breaks/${id}`);
  assert.equal(evidence.paid_to, owner.id);
  await assertInvariants(platform);
});

test("a corrected file that has no such line takes the owner's money back, in both books", async () => {
  const { found, id, owner, state, books } = await strangersLine("W3");
  const { mei, jun } = people();
  const approved = await jun.decide(await mei.propose(id, "pay_owner", { merchant: owner.id }), "approve");
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  await found([]);
  assert.deepEqual(await state("W3"), [["voided", "undone", 0n]]);
  assert.equal(await pendingOf(owner), 0);
  assert.deepEqual(await books(), {});
  assert.deepEqual(await booked(platform.app.cell, bookOf(owner)), {});
  await assertInvariants(platform);
});

test("what a corrected file has for another sum is decided anew, for another owner", async () => {
  const { found, id, owner, state } = await strangersLine("W4");
  const { mei, jun } = people();
  const other = await openShop(platform);
  const pay = async (to: Shop) =>
    (await jun.decide(await mei.propose(id, "pay_owner", { merchant: to.id }), "approve")).status;
  assert.equal(await pay(owner), 200);
  await found([{ matchKey: "W4", ...strangers(9_000n) }]);
  assert.deepEqual(await state("W4"), [["open", null, 9_000n]]);
  assert.deepEqual(
    [await pendingOf(owner), (await mei.ask("GET", `/v1/ops/breaks/${id}`)).body.paid_to],
    [0, null],
  );
  assert.equal(await pay(other), 200);
  assert.deepEqual([await pendingOf(owner), await pendingOf(other)], [0, 9_000]);
  await assertInvariants(platform);
});

test("an owner without accounts in the currency is not paid in it", async () => {
  const { found, idOf } = await openWorld(platform);
  const owner = await openShop(platform);
  await found([{ matchKey: "W5", ...strangers(500n), currency: "USD" }]);
  const wish = { resolution: "pay_owner", merchant: owner.id };
  const { body } = await people().mei.ask("POST", `/v1/ops/breaks/${await idOf("W5")}/preview`, wish);
  assert.match(body.refusal, /no accounts in USD/);
});
