import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { sql } from "../kernel/database.ts";
import { type Hands, handsOn } from "../payments/testing/hands.ts";
import { type Office, openOffice } from "../payouts/testing/office.ts";
import { invariants } from "../reconciliation/index.ts";
import { daysOn } from "./testing/days.ts";

let platform: TestPlatform;
let office: Office;
let hands: Hands;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  hands = handsOn(() => platform);
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(1n, 1_000_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

async function paidWith(difference: string | null, amount: number): Promise<Json> {
  const payment = await hands.create({ method: "alipay.qr", amount });
  if (difference !== null) {
    const match = { out_trade_no: hands.order(payment), method: "bill" };
    await hands.fault("bill_disagrees", match, { difference });
  }
  await platform.payCode(payment.next_action.qr_code);
  return platform.until(payment.id, (seen) => seen.status === "succeeded");
}

const breaks = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/breaks?state=all&limit=100")).body.data;

/** The day whose bill disagreed. */
let corrected = "";

const shown = (rows: readonly Json[]) =>
  rows
    .map((row) => `${row.kind} ${row.state}`)
    .toSorted()
    .join(", ");

test("bills that disagree leave a break of each kind, which the next day opens or explains", async () => {
  await paidWith(null, 50_000);
  await paidWith("amount_off", 10_000);
  await paidWith("fee_difference", 20_000);
  await paidWith("missing_row", 30_000);
  await paidWith("duplicate_row", 40_000);
  const late = await paidWith("wrong_day", 60_000);
  const first = await days.next();
  corrected = first;
  await days.closeInTheMorning(first);
  assert.equal(
    shown(await breaks()),
    [
      "amount open",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only pending",
      "payment_ours_only pending",
    ].join(", "),
  );
  const report = await days.report(first);
  assert.deepEqual(
    report.chain.map((row: Json) => row.ties),
    [true],
  );
  assert.deepEqual(report.notes, []);
  await assertInvariants(platform);

  await paidWith(null, 70_000);
  const second = await days.next();
  await days.closeInTheMorning(second);
  const now = await breaks();
  assert.equal(
    shown(now),
    [
      "amount open",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only open",
      "payment_ours_only resolved",
    ].join(", "),
  );
  const explained = now.find((row) => row.state === "resolved");
  assert.deepEqual([explained?.payment, explained?.resolution], [late.id, "explained"]);
  assert.ok((await days.report(second)).chain.every((row: Json) => row.ties));
  await assertInvariants(platform);
});

test("what a day settles arrives at the merchant's bank, and the settlement says it is paid", async () => {
  const { data } = (await platform.api("GET", "/v1/payouts")).body;
  const made = data.filter((payout: Json) => payout.status === "created");
  assert.equal(made.length, 2, JSON.stringify(data));
  await office.batch(made.map(({ id }: Json) => id));
  for (const { id } of made) await office.until(id, "sent");
  await office.read();
  for (const { id } of made) await office.until(id, "succeeded");
  // Whoever read the statement died before it told of it: the next close does.
  const statuses = async () =>
    (await platform.api("GET", "/v1/settlements")).body.data.map(({ state }: Json) => state);
  assert.deepEqual(await statuses(), ["approved", "approved"]);
  await days.close(await days.next());
  assert.deepEqual((await statuses()).toSorted(), ["paid", "paid"]);
  await assertInvariants(platform);
});

test("a statement that is corrected later is compared again, and takes back what it explains", async () => {
  const { channel_account_id: account, alipay_app_id } = platform.demo;
  await platform.sandbox("POST", "/alipay/close-day", { app_id: alipay_app_id, date: corrected });
  const path = `/v1/ops/channel_accounts/${account}/statements/${corrected}/fetch`;
  const fetched = await platform.ops("POST", path);
  assert.deepEqual([fetched.status, fetched.body.version], [201, 2], JSON.stringify(fetched.body));
  await days.close(await days.next());
  const ends = (await breaks()).map((row) => `${row.kind} ${row.state} ${row.resolution}`);
  assert.deepEqual(ends.toSorted(), [
    "amount resolved explained",
    "duplicate_theirs resolved explained",
    "fee resolved explained",
    "payment_ours_only resolved explained",
    "payment_ours_only resolved explained",
  ]);
  await assertInvariants(platform);
});

/** A lie told to the database, taken back after the audit has looked. */
const LIES: readonly [invariant: string, change: string][] = [
  ["6 what was compared is the statement", "reconciliation_totals set theirs_amount = theirs_amount + $1"],
  ["6 differences are findings", "findings set settle_difference = settle_difference + $1"],
  ["6 what was compared is the ledger", "reconciliation_totals set ours_fee = ours_fee + $1"],
];

for (const [name, change] of LIES) {
  test(`the audit finds a comparison that lies: ${name}`, async () => {
    const { cell } = platform.app;
    const lie = (by: bigint) =>
      cell.transact((tx) => tx.run(sql(`test_lie_${name}`, `update ${change}`), [by]));
    assert.ok((await lie(1n)) > 0);
    const found = await invariants.find((one) => one.name === name)?.check(cell.db, null);
    await lie(-1n);
    assert.ok(found !== undefined && found.length > 0, JSON.stringify(found));
    await assertInvariants(platform);
  });
}
