import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, SECOND, systemClock } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { type Hands, handsOn } from "../payments/testing/hands.ts";
import { type Office, openOffice } from "../payouts/testing/office.ts";
import { invariants } from "../reconciliation/index.ts";
import { daysOn, loadNextYear } from "./testing/days.ts";

let platform: TestPlatform;
let office: Office;
let hands: Hands;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: "00:10" } });
  await loadNextYear(platform);
  hands = handsOn(() => platform);
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(1n, 1_000_000n);
  await office.read();
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
  const [one, other] = made;
  const statuses = async () =>
    (await platform.api("GET", "/v1/settlements")).body.data.map(({ state }: Json) => state).toSorted();
  await office.batch([one.id]);
  await office.until(one.id, "sent");
  await office.read();
  await office.until(one.id, "succeeded");
  // Whoever read the statement died before it told of it: the next close does.
  assert.deepEqual(await statuses(), ["approved", "approved"]);

  await office.batch([other.id]);
  await office.until(other.id, "sent");
  const date = await days.next();
  // An hour after midnight the bank is asked for the day's statement, which is read when it is there.
  platform.clock.advance(HOUR);
  await office.until(other.id, "succeeded");
  const reading = await readingOf("read", (row) => row.statement_date === date);
  assert.deepEqual([reading.connection, reading.reason], ["reserve", null]);
  await days.close(date);
  assert.deepEqual(await statuses(), ["paid", "paid"]);
  await assertInvariants(platform);
});

/** Waits until a bank's statement has come to a state. */
async function readingOf(state: string, is: (row: Json) => boolean): Promise<Json> {
  for (let looks = 0; looks < 200; looks += 1) {
    const { data } = (await platform.ops("GET", `/v1/ops/bank_readings?state=${state}`)).body;
    const found = data.find(is);
    if (found !== undefined) return found;
    platform.clock.advance(10 * SECOND);
    await systemClock.sleep(20);
  }
  return assert.fail(`no statement of a bank is ${state}`);
}

test("a bank's statement that nobody can read says why, and is read again when somebody asks", async () => {
  const { body: account } = await platform.sandbox("POST", "/bank/accounts", {
    number: "62220299",
    name: "T",
  });
  await platform.sandbox("POST", "/bank/credit", { account: "62220299", amount: 700, name: "A customer" });
  const { body: closed } = await platform.sandbox("POST", "/bank/close-day", { account: "62220299" });
  const file = await (await fetch(`${account.url}/statements/${closed.date}`)).arrayBuffer();
  const sent = await fetch(`${platform.baseUrl}/v1/ops/bank_statements/62220299/${closed.date}`, {
    method: "POST",
    headers: {
      authorization: "Bearer op_only-for-tests-0123456789abcdef",
      "content-type": "application/octet-stream",
    },
    body: file,
  });
  assert.equal(sent.status, 201);
  const { id } = (await sent.json()) as Json;
  const until = (state: string) => readingOf(state, ({ statement }) => statement === id);
  assert.match((await until("refused")).reason, /ending in 0299 is no connection's/);
  await office.approved(
    await platform.ops("PUT", "/v1/ops/bank_connections/second", {
      url: account.url,
      account_number: "62220299",
      holder_name: "T",
      bank_code: "102100099996",
      currency: "CNY",
      holds: "reserve",
      removes_doubles: true,
    }),
  );
  const again = await platform.ops("POST", `/v1/ops/bank_readings/${id}/again`);
  assert.deepEqual([again.status, again.body.state], [202, "waiting"]);
  const read = await until("read");
  assert.deepEqual([read.connection, read.entries, read.placed], ["second", 1, 0]);
  assert.equal((await platform.ops("POST", `/v1/ops/bank_readings/${id}/again`)).status, 409);
  const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced")).body;
  assert.deepEqual(
    data.map(({ connection, amount }: Json) => [connection, amount]),
    [["second", 700]],
  );
  await assertInvariants(platform);
});

test("a statement that is corrected later is compared again, and takes back what it explains", async () => {
  const { channel_account_id: account, alipay_app_id } = platform.demo;
  await platform.sandbox("POST", "/alipay/close-day", { app_id: alipay_app_id, date: corrected });
  const path = `/v1/ops/channel_accounts/${account}/statements/${corrected}/fetch`;
  const fetched = await platform.ops("POST", path);
  assert.deepEqual([fetched.status, fetched.body.version], [201, 2], JSON.stringify(fetched.body));
  const closed = async (): Promise<string> => {
    const { steps } = await days.close(await days.next());
    return steps.find(({ name }: Json) => name === "reconcile").detail;
  };
  assert.match(await closed(), /, 1 of them again, /);
  const ends = (await breaks()).map((row) => `${row.kind} ${row.state} ${row.resolution}`);
  assert.deepEqual(ends.toSorted(), [
    "amount resolved explained",
    "duplicate_theirs resolved explained",
    "fee resolved explained",
    "payment_ours_only resolved explained",
    "payment_ours_only resolved explained",
  ]);
  await assertInvariants(platform);
  assert.doesNotMatch(await closed(), /again/);
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
