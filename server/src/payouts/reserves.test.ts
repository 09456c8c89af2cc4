import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { CONNECTION, type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

const SECOND_ACCOUNT = "31050161000000000077";

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(200_000n, 100_000n);
  await office.read();
});
after(async () => {
  await office.close();
  await platform.stop();
});

const funds = async (): Promise<Json> =>
  (await platform.ops("GET", "/v1/ops/payout_funds?currency=CNY")).body;
const through = async (connection: string): Promise<Json> =>
  (await funds()).connections.find((one: Json) => one.connection === connection);

async function proposed(connection: string, amount: number): Promise<string> {
  const { id } = await office.payout(amount);
  const body = { connection, payouts: [id] };
  const answer = await platform.ops("POST", "/v1/ops/payout_batches", body);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body.approval.id;
}

/** From the first bank to the second, as both banks' statements show it. */
async function moved(amount: number): Promise<void> {
  await platform.sandbox("POST", "/bank/debit", { account: OUR_ACCOUNT, amount, name: "T" });
  await platform.sandbox("POST", "/bank/credit", { account: SECOND_ACCOUNT, amount, name: "T" });
  await office.read();
  await office.read(SECOND_ACCOUNT);
  const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced")).body;
  const named = (wanted: number) => {
    const { connection, entry_ref } = data.find((entry: Json) => entry.amount === wanted);
    return { connection, entry_ref };
  };
  const sides = { from: named(-amount), to: named(amount), evidence: "The bank's advice" };
  await office.approved(await platform.ops("POST", "/v1/ops/bank_transfers", sides));
}

test("what the bank took and nobody can place is not paid out, with one account too", async () => {
  const bank = (way: string) =>
    platform.sandbox("POST", `/bank/${way}`, { account: OUR_ACCOUNT, amount: 99_000, name: "Bank" });
  await bank("debit");
  await office.read();
  assert.deepEqual([(await funds()).free, (await through(CONNECTION)).free], [100_000, 1_000]);
  const approval = await proposed(CONNECTION, 2_000);
  const refused = await office.approve(approval);
  assert.deepEqual([refused.status, refused.body.code], [409, "reserve_insufficient"]);
  assert.match(refused.body.detail, /^10\.00 CNY of what .* is confirmed to hold/);
  // It gives it back, of which nobody can say more either.
  await bank("credit");
  await office.read();
  assert.equal((await through(CONNECTION)).free, 100_000);
});

test("a batch is paid from what its own bank's account holds, not from another bank's", async () => {
  await office.another("second", SECOND_ACCOUNT, "reserve");
  const first = await proposed("second", 40_000);
  const refused = await office.approve(first);
  assert.deepEqual([refused.status, refused.body.code], [409, "reserve_insufficient"]);
  const { connection, reserve, instructed, detail } = refused.body;
  assert.deepEqual([connection, reserve, instructed], ["second", 0, 0]);
  assert.match(detail, /^0\.00 CNY of what second is confirmed to hold is not instructed yet$/);
  await moved(60_000);
  const others = [await proposed("second", 30_000), await proposed(CONNECTION, 45_000)];
  const answers = await Promise.all([first, ...others].map((id) => office.approve(id)));
  const done = answers.map(({ status }) => status);
  // The first bank has 40,000 left, the second 60,000: of two batches of 40,000 and 30,000 it pays one.
  assert.deepEqual([done.slice(0, 2).sort((a, b) => a - b), done[2]], [[200, 409], 409]);
  const open = await through("second");
  assert.equal(open.free, 60_000 - open.instructed);
  const { connections, ...all } = await funds();
  assert.deepEqual(
    connections.map((one: Json) => one.connection),
    [CONNECTION, "second"],
  );
  assert.equal(all.free, 100_000 - open.instructed);
});

test("what is paid counts until the statement that shows it has been read to its end", async () => {
  const before = await through("second");
  await office.work();
  const sent = await through("second");
  assert.deepEqual(sent, before, "sent is not shown");
  await office.read(SECOND_ACCOUNT);
  const after = await through("second");
  assert.deepEqual([after.reserve, after.instructed], [before.free, 0]);
  // As it is between the entry's booking and the statement's end: the closing before it counts, and the
  // entry.
  const back = {
    name: "test_back",
    text: `update bank_statements
      set closing = closing + $2, read_at = read_at - interval '1 hour'
      where account_number = $1`,
  };
  await office.deps.cell.transact((tx) => tx.run(back, [SECOND_ACCOUNT, before.instructed]));
  assert.deepEqual(await through("second"), before);
  const forget = {
    name: "test_forget",
    text: "delete from bank_entries where account_number = $1 and placed_as = 'payout_paid'",
  };
  await office.deps.cell.transact((tx) => tx.run(forget, [SECOND_ACCOUNT]));
  assert.deepEqual(await through("second"), before, "and before its entry is kept");
});
