import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { DAY } from "../../kernel/clock.ts";
import { hire, NEXT, openWorld, type Person } from "./testing/world.ts";

let platform: TestPlatform;
let mei: Person;
let jun: Person;
let lan: Person;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
  lan = await hire(platform, "Lan", "admin");
});
after(() => platform.stop());

const fee = (matchKey: string, feeDifference: bigint) =>
  ({ matchKey, kind: "fee", side: "both", settleDifference: 0n, feeDifference }) as const;
const short = (matchKey: string, by: bigint) =>
  ({ matchKey, kind: "amount", side: "both", settleDifference: -by, feeDifference: 0n }) as const;

async function set(policy: Record<string, unknown>): Promise<void> {
  const body = { reason: "As the board decided", ...policy };
  const proposed = await mei.ask("POST", "/v1/ops/break_policies", body);
  assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
  assert.equal((await jun.decide(proposed.body.id, "approve")).status, 403);
  const approved = await lan.decide(proposed.body.id, "approve");
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
}

test("the list shows what has not ended, by state, kind, date, owner and age, page by page", async () => {
  const world = await openWorld(platform);
  await world.found([{ matchKey: "W1" }, fee("W2", 3n), { matchKey: "W3", pending: true }]);
  await world.found([{ matchKey: "W4" }], { channelDate: NEXT });
  const keys = async (query: string) => {
    const listed = await mei.ask("GET", `/v1/ops/breaks?merchant=${world.shop.id}&${query}`);
    assert.equal(listed.status, 200, JSON.stringify(listed.body));
    return listed.body.data.map((row: Json) => row.match_key).sort();
  };
  assert.deepEqual(await keys(""), ["W1", "W2", "W3", "W4"]);
  assert.deepEqual(await keys("state=pending"), ["W3"]);
  assert.deepEqual(await keys("kind=fee"), ["W2"]);
  assert.deepEqual(await keys(`channel_date=${NEXT}`), ["W4"]);
  assert.deepEqual(await keys(`channel_account=${world.shop.channelAccountId}&state=open`), [
    "W1",
    "W2",
    "W4",
  ]);
  assert.deepEqual(await keys("older_than_days=1"), []);
  await world.found([{ matchKey: "W1" }, { matchKey: "W3", pending: true }]);
  assert.deepEqual(await keys("state=resolved"), ["W2"]);
  assert.deepEqual(await keys("state=all"), ["W1", "W2", "W3", "W4"]);
  const id = await world.idOf("W1");
  const operators = await platform.ops("GET", "/v1/ops/operators?limit=100");
  const owner = operators.body.data.find((row: Json) => row.name === "Mei").id;
  assert.equal((await mei.ask("POST", `/v1/ops/breaks/${id}/owner`, { owner })).body.owner, owner);
  assert.deepEqual(await keys(`owner=${owner}`), ["W1"]);
  const pages: string[] = [];
  for (let cursor = ""; ; ) {
    const page = await mei.ask("GET", `/v1/ops/breaks?merchant=${world.shop.id}&limit=2${cursor}`);
    pages.push(...page.body.data.map((row: Json) => row.match_key));
    if (page.body.next_cursor === null) break;
    cursor = `&cursor=${page.body.next_cursor}`;
  }
  assert.deepEqual(pages.toSorted(), ["W1", "W3", "W4"]);
  platform.clock.advance(2 * DAY);
  assert.deepEqual(await keys("older_than_days=1"), ["W1", "W3", "W4"]);
  const merchants = await platform.api("GET", "/v1/ops/breaks");
  assert.equal(merchants.status, 401);
});

test("a break tells both rows, the contract, what may be decided, and what colleagues wrote", async () => {
  const world = await openWorld(platform);
  const [theirs, ours] = ['{"line":6,"tradeNo":"T"}', '{"journal":"J"}'];
  await world.found([{ matchKey: "W5", kind: "amount", side: "both", theirs, ours }]);
  const id = await world.idOf("W5");
  const said = await mei.ask("POST", `/v1/ops/breaks/${id}/comments`, { text: "I called the channel" });
  assert.equal(said.status, 201, JSON.stringify(said.body));
  const { body } = await jun.ask("GET", `/v1/ops/breaks/${id}`);
  assert.deepEqual([body.theirs, body.ours], [{ line: 6, trade_no: "T" }, { journal: "J" }]);
  assert.deepEqual(body.contract.costs, [
    { rule: "account_rate", version: 1, method: null, terms: null, rate_millionths: 6_000 },
  ]);
  assert.equal(body.events.at(-1).detail, "I called the channel");
  const allowed = body.resolutions.filter((choice: Json) => choice.refusal === null);
  assert.deepEqual(
    allowed.map((choice: Json) => choice.resolution),
    ["pay_merchant", "pay_owner", "offset"],
  );
  assert.deepEqual(
    body.journals[0].lines.map((line: Json) => line.account),
    ["channel_receivable", "suspense_surplus", "channel_cost", "channel_receivable"],
  );
  const asked = await mei.ask("POST", `/v1/ops/breaks/${id}/query_again`);
  assert.deepEqual([asked.status, asked.body.decision], [200, null]);
});

test("no rule resolves anything before it is set; then only within its limits, and it says so", async () => {
  const world = await openWorld(platform);
  await world.found([fee("W6", 2n)]);
  assert.deepEqual(await world.state("W6"), [["open", null, 0n]]);
  const rule = { policy: "rule", currency: "CNY", enabled: true };
  await set({ ...rule, kind: "fee", per_break_max: 5, per_day_max: 9 });
  await set({ ...rule, kind: "amount", per_break_max: 1, per_day_max: 10 });
  await world.found([fee("W7", 5n), fee("W8", -4n), fee("W9", 1n), fee("W10", 6n), short("W11", 1n)], {
    channelDate: NEXT,
  });
  assert.deepEqual(await world.state("W7"), [["resolved", "adjust_fee", 0n]]);
  assert.deepEqual(await world.state("W8"), [["resolved", "adjust_fee", 0n]]);
  assert.deepEqual(await world.state("W9"), [["open", null, 0n]], "the day's limit is used up");
  assert.deepEqual(await world.state("W10"), [["open", null, 0n]]);
  assert.deepEqual(await world.state("W11"), [["resolved", "loss", 0n]]);
  const { body } = await platform.ops("GET", `/v1/ops/breaks/${await world.idOf("W7")}`);
  assert.match(body.explanation, /rule rule\/fee\/CNY, version 1/);
  const later = { channelDate: "2026-11-30" };
  await world.found([short("W20", 2n)], later);
  const claim = await mei.ask("POST", `/v1/ops/breaks/${await world.idOf("W20")}/claim`, { claim_no: "K-1" });
  assert.equal(claim.status, 200, JSON.stringify(claim.body));
  await world.found([short("W20", 1n)], later);
  assert.deepEqual(await world.state("W20"), [["open", null, -1n]], "the channel is asked to make it good");
  await set({ ...rule, kind: "fee", per_break_max: 5, per_day_max: 9, enabled: false });
  const policies = await jun.ask("GET", "/v1/ops/break_policies");
  assert.deepEqual(
    policies.body.data.map((row: Json) => [row.name, row.version]),
    [
      ["rule/fee/CNY", 2],
      ["rule/amount/CNY", 1],
      ["rule/fee/CNY", 1],
    ],
  );
  await world.found([fee("W12", 1n)], { channelDate: "2026-11-22" });
  assert.deepEqual(await world.state("W12"), [["open", null, 0n]]);
});

test("who may approve how much is what was set last", async () => {
  const world = await openWorld(platform);
  await set({ policy: "limit", role: "finance", currency: "CNY", amount_max: 500 });
  await world.found([{ matchKey: "W13", settleDifference: 501n }]);
  const approval = await mei.propose(await world.idOf("W13"), "pay_merchant");
  assert.equal((await jun.decide(approval, "approve")).status, 403);
  await set({ policy: "limit", role: "finance", currency: "CNY", amount_max: null });
  assert.equal((await jun.decide(approval, "approve")).status, 200);
});

test("the report's sums are those of the breaks", async () => {
  const world = await openWorld(platform);
  const date = "2026-10-01";
  await world.found([{ matchKey: "W14" }, { matchKey: "W15", settleDifference: 1n }, short("W16", 7n)], {
    channelDate: date,
  });
  const rows = await platform.app.breaks.summary({ from: date, to: date });
  assert.deepEqual(
    rows.map(({ kind, state, count, surplus, shortage, ageDaysFrom }) => [
      kind,
      state,
      count,
      surplus,
      shortage,
      ageDaysFrom,
    ]),
    [
      ["amount", "open", 1, 0n, 7n, 0],
      ["payment_theirs_only", "open", 2, 10_001n, 0n, 0],
    ],
  );
  const later = await platform.app.breaks.summary({ from: "2027-01-01", to: "2027-01-01" });
  const states = new Set(later.map(({ state }) => state));
  assert.ok(states.has("open"), "what has not ended is told of, however old it is");
  assert.ok(!states.has("resolved"), "what ended is not of these dates");
  await assertInvariants(platform);
});
