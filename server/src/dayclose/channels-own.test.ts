import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { sql } from "../kernel/database.ts";
import { parseId } from "../kernel/ids.ts";
import { runAudit } from "../operations/index.ts";
import { hire, openWorld, type Person } from "../reconciliation/breaks/testing/world.ts";
import { invariants as ofComparisons } from "../reconciliation/invariants.ts";
import { daysOn } from "./testing/days.ts";

// What Stripe moves by itself, through two closes to breaks that people resolve, over HTTP.

let platform: TestPlatform;
let stripe: Json;
let account: string;
let mei: Person;
let lan: Person;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: "00:10" } });
  mei = await hire(platform, "Mei", "operations");
  lan = await hire(platform, "Lan", "admin");
  stripe = (await platform.sandbox("POST", "/stripe/accounts", { currencies: ["usd"] })).body;
  const created = async (path: string, body: unknown): Promise<Json> => {
    const made = await platform.ops("POST", path, body);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body;
  };
  const merchant = await created("/v1/ops/merchants", {
    name: "Card Shop",
    legal_name: "Card Shop Ltd.",
    fee_rate_millionths: 30_000,
    currencies: ["USD"],
  });
  const contract = await created("/v1/ops/channel_accounts", {
    merchant_id: merchant.id,
    channel: "stripe",
    label: "Cards at the sandbox",
    gateway_url: stripe.api_url,
    cost_rate_millionths: 29_000,
    fund_flow: "through_platform",
    currencies: ["USD"],
    credentials: {
      secret_key: stripe.secret_key,
      publishable_key: stripe.publishable_key,
      webhook_secret: stripe.webhook_secret,
      account_id: stripe.account_id,
    },
  });
  account = contract.id;
  const enabled = await platform.ops("POST", `/v1/ops/channel_accounts/${account}/enable`);
  assert.equal(enabled.status, 200, JSON.stringify(enabled.body));
});
after(() => platform.stop());

const move = async (wanted: object): Promise<Json> => {
  const body = { account_id: stripe.account_id, ...wanted };
  const moved = await platform.sandbox("POST", "/stripe/movements", body);
  assert.equal(moved.status, 201, JSON.stringify(moved.body));
  return moved.body;
};
const breaks = async (): Promise<Json[]> => {
  const { body } = await platform.ops("GET", `/v1/ops/breaks?state=all&channel_account=${account}&limit=100`);
  return body.data.toSorted((one: Json, other: Json) => one.settle_difference - other.settle_difference);
};

test("a monthly fee, a correction and a credit of Stripe's become breaks that are resolved", async () => {
  // Half past midnight here, Stripe's day is the one before, and ends with ours.
  await days.closeInTheMorning(await days.next());
  await days.next();
  const fee = await move({ amount: -2_500, description: "Radar (2026-11)" });
  await move({ amount: -9_000, fee: 40, type: "adjustment", description: "Correction" });
  await move({ amount: 700, type: "topup" });
  await move({ amount: -120, currency: "inr" });
  const compared = await days.next();
  await days.closeInTheMorning(compared);
  const { notes } = await days.report(compared);
  assert.match(
    notes.find((note: string) => note.includes("INR")),
    /^The statement cha_\w+ [\d-]+: movements in INR, .* no lines: 1, -120 in all\.$/,
  );
  const shown = (rows: readonly Json[]) =>
    rows.map(({ kind, state, settle_difference, fee_difference }) => [
      kind,
      state,
      settle_difference,
      fee_difference,
    ]);
  assert.deepEqual(shown(await breaks()), [
    ["refund_theirs_only", "pending", -9_000, 40],
    ["refund_theirs_only", "pending", -2_500, 0],
    ["payment_theirs_only", "pending", 700, 0],
  ]);
  await days.closeInTheMorning(await days.next());
  const [correction, monthly, credit] = await breaks();
  assert.deepEqual([correction?.state, monthly?.state, credit?.state], ["open", "open", "open"]);
  await assertInvariants(platform);

  const whole = (await mei.ask("GET", `/v1/ops/breaks/${monthly?.id}`)).body;
  assert.deepEqual(
    [whole.theirs.channel_trade_no, whole.theirs.subject, whole.payment],
    [fee.id, "stripe_fee: Radar (2026-11)", null],
  );
  const offered = whole.resolutions.filter(({ refusal }: Json) => refusal === null);
  assert.deepEqual(
    offered.map(({ resolution }: Json) => resolution),
    ["recover_from_merchant", "loss", "cost", "offset"],
  );
  const preview = await mei.ask("POST", `/v1/ops/breaks/${monthly?.id}/preview`, { resolution: "cost" });
  assert.deepEqual(preview.body.journals[0].lines, [
    { account: "channel_cost", debit: 2_500, credit: 0 },
    { account: "suspense_shortage", debit: 0, credit: 2_500 },
  ]);
  for (const [row, resolution] of [
    [monthly, "cost"],
    [correction, "recover_from_merchant"],
    [credit, "pay_merchant"],
  ] as const) {
    const approved = await lan.decide(await mei.propose(row?.id, resolution), "approve");
    assert.equal(approved.status, 200, JSON.stringify(approved.body));
  }
  const resolved = (await breaks()).filter(({ state }) => state === "resolved");
  assert.deepEqual(
    resolved.map(({ resolution }) => resolution),
    ["recover_from_merchant", "cost", "pay_merchant"],
  );
  await assertInvariants(platform);
});

test("one that tells no amount moves nothing while it is open, and is acknowledged", async () => {
  const world = await openWorld(platform);
  const untold = { settleDifference: 0n, feeDifference: 0n, theirsAmount: 0n };
  await world.found([{ matchKey: "an adjustment", kind: "refund_theirs_only", ...untold }]);
  assert.deepEqual(await world.state("an adjustment"), [["open", null, 0n]]);
  const approval = await mei.propose(await world.idOf("an adjustment"), "acknowledge");
  assert.equal((await lan.decide(approval, "approve")).status, 200);
  assert.deepEqual(await world.state("an adjustment"), [["resolved", "acknowledge", 0n]]);
  await assertInvariants(platform);
});

const acceptedSql = sql(
  "test_statement_of_older_reader",
  "update statements set reading = reading - 'version', lines = 0 where id = $1",
);
const totalledSql = sql(
  "test_totals_of_older_reader",
  "delete from statement_totals where statement_id = $1",
);

test("a statement that an older reader accepted has what it comes to now once it is compared", async () => {
  await days.closeInTheMorning(await days.next());
  const channelDate = await days.next();
  const fee = await move({ amount: -300, description: "Radar (2026-12)" });
  const compared = await days.next();
  const path = `/v1/ops/channel_accounts/${account}/statements/${channelDate}`;
  const fetched = await platform.ops("POST", `${path}/fetch`);
  assert.deepEqual([fetched.status, fetched.body.lines], [201, 1], JSON.stringify(fetched.body));
  const id = parseId("stm", fetched.body.id);
  // The reader before had no lines for what Stripe moves by itself.
  await platform.app.cell.transact(async (tx) => {
    await tx.run(acceptedSql, [id]);
    await tx.run(totalledSql, [id]);
  });
  await days.closeInTheMorning(compared);
  const { body: seen } = await platform.ops("GET", `/v1/ops/statements/${fetched.body.id}`);
  assert.deepEqual(seen.totals, [
    { currency: "USD", kind: "refund", count: 1, amount: -300, settle_amount: -300, fee: 0 },
  ]);
  assert.match(seen.notes.join(""), /it has 1 lines instead of 0/);
  const found = (await breaks()).filter(({ settle_difference }) => settle_difference === -300);
  assert.deepEqual(found.length, 1, fee.id);
  // Nobody has paid in yet what Stripe's own fees took of clients' money.
  const results = await runAudit(platform.app.cell.db, ofComparisons);
  assert.deepEqual(
    results.flatMap(({ violations }) => violations),
    [],
  );
});
