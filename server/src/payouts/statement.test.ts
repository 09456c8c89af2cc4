import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { parseId } from "../kernel/ids.ts";
import type { PayoutsDeps } from "./deps.ts";
import type { BankEntry } from "./model.ts";
import { readBankStatement } from "./statement/read.ts";
import { CONNECTION, endToEnd, type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

const DAY = "2030-01-02";
const OWN_ACCOUNT = "31050161000000000009";
const FUNDED = 500_000n;

let platform: TestPlatform;
let office: Office;
let closing = FUNDED;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(FUNDED);
  await office.read();
});
after(async () => {
  await office.close();
  await platform.stop();
});

const entry = (entryRef: string, amount: bigint, more: Partial<BankEntry> = {}): BankEntry => ({
  entryRef,
  valueDate: DAY,
  bookingDate: DAY,
  amount,
  currency: "CNY",
  endToEndId: null,
  originalEndToEndId: null,
  msgId: null,
  counterpartyName: null,
  counterpartyAccount: null,
  returnReason: null,
  info: null,
  ...more,
});
const paid = (ref: string, payout: Json) =>
  entry(ref, -BigInt(payout.amount), { endToEndId: endToEnd(payout.id) });
const returned = (ref: string, payout: Json) =>
  entry(ref, BigInt(payout.amount), { endToEndId: endToEnd(payout.id), returnReason: "AC04" });

let days = 1;
/** The next day's statement, or again the newest one's. */
async function read(
  entries: readonly BankEntry[],
  deps: Partial<PayoutsDeps> = {},
  accountNumber = OUR_ACCOUNT,
) {
  const opening = accountNumber === OUR_ACCOUNT ? closing : 0n;
  const end = entries.reduce((sum, { amount }) => sum + amount, opening);
  days += 1;
  const date = `2030-01-${String(days).padStart(2, "0")}`;
  const statement = { accountNumber, date, version: 1, currency: "CNY", opening, closing: end, entries };
  const done = await readBankStatement({ ...office.deps, ...deps }, statement, async () => undefined);
  if (done.end === "read") {
    assert.deepEqual(
      await readBankStatement({ ...office.deps, ...deps }, statement, async () => undefined),
      done,
      "the same statement again is taken as it was",
    );
    if (accountNumber === OUR_ACCOUNT) closing = end;
  }
  return done;
}

async function sent(amount: number): Promise<Json> {
  const made = await office.payout(amount);
  await office.batch([made.id]);
  await office.work();
  return made;
}
const get = async ({ id }: Json) => (await platform.ops("GET", `/v1/ops/payouts/${id}`)).body;
const left = async (state: string): Promise<string[]> => {
  const { body } = await platform.ops("GET", `/v1/ops/bank_entries?state=${state}`);
  return body.data.map((row: Json) => row.entry_ref);
};

test("a bank that debits a payout twice is found out: the second entry is nobody's", async () => {
  const made = await sent(1_001);
  assert.deepEqual(await read([paid("D1", made)]), { end: "read", entries: 1, placed: 1, left: 0 });
  assert.equal((await get(made)).contradicted, false);
  assert.deepEqual(await read([paid("D2", made)]), { end: "read", entries: 1, placed: 0, left: 1 });
  const after = await get(made);
  assert.deepEqual([after.status, after.contradicted], ["succeeded", true]);
  assert.deepEqual(await left("contradiction"), ["D2"]);
  assert.deepEqual(await office.broken(), []);
});

test("money that left after the bank's no is in the books, and its entry is placed", async () => {
  const made = await office.payout(1_002);
  await office.fault("bank_rejects", { out_trade_no: endToEnd(made.id) }, { code: "AC01" });
  await office.batch([made.id]);
  await office.work();
  assert.equal((await get(made)).status, "rejected");
  assert.deepEqual(await read([paid("R1", made)]), { end: "read", entries: 1, placed: 1, left: 0 });
  const now = await get(made);
  assert.deepEqual([now.status, now.contradicted], ["succeeded", true]);
  assert.deepEqual(await office.broken(), []);
});

test("a reference is of one entry for good: another amount or a second one is refused", async () => {
  await read([entry("S1", 300n)]);
  const changed = await read([entry("S1", 301n)]);
  assert.match(JSON.stringify(changed), /refused.*the entry S1 is of 301, and of 300/);
  const twice = await read([entry("S2", 5n), entry("S2", 5n)]);
  assert.deepEqual(twice, { end: "refused", reason: "two of its entries have the reference S2" });
  assert.deepEqual(
    (await left("unplaced")).filter((ref) => ref.startsWith("S")),
    ["S1"],
  );
  assert.deepEqual(await office.broken(), []);
});

test("a settlement is told of its payout, also where its return is heard of in the same breath", async () => {
  const made = await sent(1_003);
  const settlement = office.deps.cell.newId();
  const mark = {
    name: "test_settlement",
    text: "update payouts set settlement_id = $1 where id = $2",
  };
  await office.deps.cell.transact((tx) => tx.run(mark, [settlement, parseId("pyt", made.id)]));
  const told: string[] = [];
  const settlementsPaid = async (ids: readonly string[]) => told.push(...ids);
  await read([paid("T1", made), returned("T2", made)], { settlementsPaid });
  assert.equal((await get(made)).status, "returned");
  assert.deepEqual([...new Set(told)], [settlement]);
  assert.deepEqual(await office.broken(), []);
});

const connection = (more: object) => ({
  url: office.bankUrl,
  account_number: OWN_ACCOUNT,
  holder_name: "Tributary",
  bank_code: "105100000017",
  currency: "CNY",
  holds: "own",
  removes_doubles: true,
  ...more,
});

test("a channel's payout that arrives on an account of our own is not taken for the reserve", async () => {
  await office.approved(await platform.ops("PUT", "/v1/ops/bank_connections/own", connection({})));
  const { body } = await platform.ops(
    "GET",
    `/v1/ops/channel_accounts?merchant_id=${platform.demo.merchant_id}`,
  );
  const account = body.data.find((one: Json) => one.fund_flow === "through_platform").id;
  await office.approved(
    await platform.ops("POST", "/v1/ops/channel_payouts", {
      channel_account: account,
      payout_no: "W1",
      amount: 700,
      currency: "CNY",
      covers_from: "2030-01-01",
      covers_through: "2030-01-01",
      announced_date: "2030-01-01",
      payer: "Bank of Channels",
    }),
  );
  const before = (await office.balances()).bank_reserve;
  const done = await read(
    [entry("O1", 700n, { info: "W1", counterpartyName: "Bank of Channels" })],
    {},
    OWN_ACCOUNT,
  );
  assert.deepEqual(done, { end: "read", entries: 1, placed: 0, left: 1 });
  assert.equal((await office.balances()).bank_reserve, before);
  const open = await platform.ops("GET", "/v1/ops/channel_payouts?received=false");
  const match = { connection: "own", entry_ref: "O1", channel_payouts: [open.body.data[0].id] };
  const refused = await platform.ops("POST", "/v1/ops/bank_entries/match", match);
  assert.deepEqual([refused.status, refused.body.field], [400, "connection"]);
});

test("a connection stays the account that its batches were sent from", async () => {
  const set = (name: string, more: object) =>
    platform.ops("PUT", `/v1/ops/bank_connections/${name}`, connection({ holds: "reserve", ...more }));
  const moved = await set(CONNECTION, { account_number: "31050161000000000008" });
  assert.deepEqual([moved.status, moved.body.field], [400, "account_number"]);
  const own = await set(CONNECTION, { account_number: OUR_ACCOUNT, holds: "own" });
  assert.deepEqual([own.status, own.body.field], [400, "holds"]);
  const doubled = await set("second", { account_number: OUR_ACCOUNT });
  assert.deepEqual([doubled.status, doubled.body.field], [400, "account_number"]);
  // Two that were proposed before either was there: the second approval is refused.
  const proposals = [
    await set("third", { account_number: "31050161000000000007" }),
    await set("fourth", { account_number: "31050161000000000007" }),
  ];
  const statuses: number[] = [];
  for (const { body } of proposals) statuses.push((await office.approve(body.id)).status);
  assert.deepEqual(statuses, [200, 409]);
});

const KEPT = {
  name: "test_kept_statement",
  text: `select opening, closing, entries, version
   from bank_statements
   where account_number = $1
     and statement_date = $2`,
};

test("one that was corrected, and is read after its correction, says no balances", async () => {
  const of = (version: number, ...entries: BankEntry[]) => {
    const end = entries.reduce((sum, { amount }) => sum + amount, closing);
    const told = { accountNumber: OUR_ACCOUNT, date: "2030-02-01", version, currency: "CNY" };
    const statement = { ...told, opening: closing, closing: end, entries };
    return readBankStatement(office.deps, statement, async () => undefined);
  };
  const [one, other] = [entry("V1", 10n), entry("V2", 20n)];
  await of(2, one, other);
  assert.deepEqual(await of(1, one), { end: "read", entries: 1, placed: 0, left: 1 });
  const kept = () => office.deps.cell.db.all(KEPT, [OUR_ACCOUNT, "2030-02-01"]);
  const second = { opening: closing, closing: closing + 30n, entries: 2, version: 2 };
  assert.deepEqual(await kept(), [second]);
  await of(3, one, other);
  assert.deepEqual(await kept(), [{ ...second, version: 3 }]);
});

test("what comes back of it pays first what it was sent of on credit", async () => {
  const made = await office.payout(1_004);
  await office.fault("bank_rejects", { out_trade_no: endToEnd(made.id) }, { code: "AC01" });
  await office.batch([made.id]);
  await office.work();
  assert.equal((await get(made)).status, "rejected");
  // All but a little is held for another payout when the bank's debit is read.
  const owed = async () => {
    const { merchant_available: available = 0n, merchant_receivable: receivable } = await office.balances();
    return { available: -available, receivable };
  };
  const held = (await owed()).available - 4n;
  await office.payout(Number(held));
  await read([paid("C1", made)]);
  assert.deepEqual(await owed(), { available: held, receivable: 1_000n });
  await read([returned("C2", made)]);
  assert.deepEqual(await owed(), { available: held + 4n, receivable: 0n });
  assert.equal((await get(made)).status, "returned");
  assert.deepEqual(await office.broken(), []);
});
