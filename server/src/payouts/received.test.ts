import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../channels/index.ts";
import { dateIn } from "../kernel/clock.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import { announceChannelPayouts, bookInTransit, fundsReceived } from "./channel/service.ts";
import { CONNECTION, type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
let channelAccount: string;
let today: string;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  channelAccount = platform.demo.channel_account_id;
  today = dateIn("Asia/Shanghai", platform.clock.now());
});
after(async () => {
  await office.close();
  await platform.stop();
});

const payer = "支付宝（中国）网络技术有限公司";
const propose = (payoutNo: string, amount: number) =>
  platform.ops("POST", "/v1/ops/channel_payouts", {
    channel_account: channelAccount,
    payout_no: payoutNo,
    amount,
    currency: "CNY",
    covers_from: today,
    covers_through: today,
    announced_date: today,
    payer,
  });
const announce = async (payoutNo: string, amount: number) => office.approved(await propose(payoutNo, amount));
/** Where our own money lies. */
const OWN_ACCOUNT = "31050161000000000002";
const credit = (amount: number, more: object = {}) =>
  platform.sandbox("POST", "/bank/credit", { account: OUR_ACCOUNT, amount, name: payer, ...more });
const debit = (amount: number, account: string) =>
  platform.sandbox("POST", "/bank/debit", { account, amount, name: "Tributary" });
const open = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced")).body.data;
const isReceived = (currency = "CNY") =>
  fundsReceived(office.deps, {
    channelAccountId: parseId("cha", channelAccount) as Id,
    channelDate: today,
    currency,
  });

test("what a channel announced is in transit until the bank shows it, many in one transfer", async () => {
  assert.equal(await isReceived(), false);
  await announce("W1", 10_000);
  await announce("W2", 5_001);
  // The same number again is the same payout.
  await announce("W2", 5_001);
  const other = await office.approve((await propose("W2", 5_002)).body.id);
  assert.deepEqual([other.status, /of 50\.01 CNY/.test(other.body.detail)], [409, true], other.body.detail);
  assert.equal(await isReceived(), false);
  assert.deepEqual(await office.broken(), []);
  await credit(15_000);
  const read = await office.read();
  assert.deepEqual(read, { end: "read", entries: 1, placed: 1, left: 0 });
  assert.equal(await isReceived(), true);
  assert.equal(await isReceived("USD"), false, "each currency is paid out by itself");
  const { bank_reserve: reserve, platform_interbook: interbook } = await office.balances();
  assert.deepEqual([reserve, interbook], [15_000n, -15_001n]);
  assert.deepEqual(await office.read(), read);
  assert.deepEqual(await office.broken(), []);
});

test("funds are not all there while a statement that came is not read for payouts", async () => {
  const day = { app_id: platform.demo.alipay_app_id, date: today };
  assert.ok((await platform.sandbox("POST", "/alipay/close-day", day)).status < 300);
  const path = `/v1/ops/channel_accounts/${channelAccount}/statements/${today}/fetch?kind=fund`;
  const { status, body } = await platform.ops("POST", path);
  assert.deepEqual([status, body.state], [201, "accepted"], JSON.stringify(body));
  assert.equal(await isReceived(), false, "it may tell of a payout before those that are received");
  const text = "update statements set payouts_due_at = null where payouts_due_at is not null";
  await office.deps.cell.transact((tx) => tx.run({ name: "test_statements_read", text }));
  assert.equal(await isReceived(), true);
});

test("a payout that only the merchant's book has yet is on its way, and no fault of the books", async () => {
  const { cell } = office.deps;
  let isAnnounced = false;
  const transact: typeof cell.transact = async (work, options) => {
    if (isAnnounced) throw new Error("killed");
    const done = await cell.transact(work, options);
    // The only one of them that is not simply repeated.
    isAnnounced = options?.repeatable !== true;
    return done;
  };
  const merchantId = parseId("mch", platform.demo.merchant_id);
  const account = async () => ({ merchantId, fundFlow: "through_platform" }) as ChannelAccount;
  const dying = { ...office.deps, channels: { account }, cell: { ...cell, transact } };
  const dates = { coversFrom: today, coversThrough: today, announcedDate: today };
  const about = { channelAccountId: parseId("cha", channelAccount) as Id, currency: "CNY", payer };
  const one = { ...dates, ...about, payoutNo: "W0", amount: 3_000n };
  await assert.rejects(announceChannelPayouts(dying, [one]), /killed/);
  assert.deepEqual(await office.broken(), []);
  const { body } = await platform.ops("GET", "/v1/ops/channel_payouts?received=false");
  const id = parseId("cpo", body.data.find((row: Json) => row.payout_no === "W0").id) as Id;
  await bookInTransit(office.deps, [id]);
  assert.deepEqual(await office.broken(), []);
});

test("a transfer that no announcement explains is a line for people, and two of them match it", async () => {
  await announce("W3", 7_000);
  await announce("W4", 7_000);
  await credit(7_000);
  const read = await office.read();
  assert.equal(read.end === "read" && read.left, 1);
  const [entry] = await open();
  const { body } = await platform.ops("GET", "/v1/ops/channel_payouts?received=false");
  const third = body.data.find((one: Json) => one.payout_no === "W3");
  const match = (payouts: string[]) =>
    platform.ops("POST", "/v1/ops/bank_entries/match", {
      connection: CONNECTION,
      entry_ref: entry.entry_ref,
      channel_payouts: payouts,
    });
  const wrong = await match(body.data.map(({ id }: Json) => id));
  assert.equal((await office.approve(wrong.body.id)).status, 409);
  const right = await match([third.id]);
  const own = await platform.ops("POST", `/v1/ops/approvals/${right.body.id}/approve`);
  assert.equal(own.body.code, "second_person_required");
  await office.approved(right);
  assert.deepEqual(await open(), []);
  assert.equal(await isReceived(), false);
  assert.deepEqual(await office.broken(), []);
});

test("our own money is paid in by two people, from the entry that the bank shows and once", async () => {
  const number = OWN_ACCOUNT;
  await office.another("own", number, "own");
  const refused = await platform.ops("POST", "/v1/ops/payout_batches", { connection: "own" });
  assert.deepEqual([refused.status, refused.body.field], [400, "connection"]);
  await credit(900, { name: "Somebody" });
  await office.read();
  const evidence = "Resolution of the board";

  await credit(50_000, { account: number, name: "Tributary's owner" });
  await office.read(number);
  const paidIn = (await open()).find(({ connection }) => connection === "own");
  const named = { connection: "own", entry_ref: paidIn.entry_ref, evidence };
  const proposal = await platform.ops("POST", "/v1/ops/own_money", named);
  await office.approved(proposal);
  assert.equal((await platform.ops("POST", "/v1/ops/own_money", named)).status, 409);
  const { body: books } = await platform.ops("GET", "/v1/ops/trial_balance");
  assert.match(JSON.stringify(books), /bank_own/);
  // The other entry is still nobody's, and the books say how much of the banks' money that is.
  assert.deepEqual(await office.broken(), []);
});

test("own money moves between our account and the reserve, both entries at once", async () => {
  const positions = async (): Promise<Json> => {
    const { body } = await platform.ops("GET", "/v1/ops/own_money");
    return body.data.find(({ currency }: Json) => currency === "CNY");
  };
  const before = await positions();
  await credit(7_000, { name: "Tributary" });
  await debit(7_000, OWN_ACCOUNT);
  await credit(6_999, { name: "Tributary" });
  await office.read();
  await office.read(OWN_ACCOUNT);
  const entries = await open();
  const named = (amount: number) => {
    const { connection, entry_ref } = entries.find((entry) => entry.amount === amount);
    return { connection, entry_ref };
  };
  const transfer = (from: number, to: number) =>
    platform.ops("POST", "/v1/ops/bank_transfers", {
      from: named(from),
      to: named(to),
      evidence: "The reserve had paid the channel's fees",
    });
  const refusals = [
    [await transfer(7_000, 6_999), "from", /came in/],
    [await transfer(-7_000, -7_000), "to", /went out/],
    [await transfer(-7_000, 6_999), "to", /6999 came in and 7000 went out/],
  ] as const;
  for (const [{ body }, field, detail] of refusals) {
    assert.deepEqual([body.code, body.field], ["invalid_request", field]);
    assert.match(body.detail, detail);
  }
  const proposal = await transfer(-7_000, 7_000);
  const twice = await transfer(-7_000, 7_000);
  await office.approved(proposal);
  assert.equal((await office.approve(twice.body.id)).status, 409, "each entry is taken once");
  const after = await positions();
  assert.equal(after.inside - before.inside, 7_000, "it is among the clients' money now");
  assert.deepEqual(await office.broken(), []);
  // Paid straight into the reserve, it is there as well.
  const straight = { ...named(6_999), evidence: "Paid by the owner" };
  await office.approved(await platform.ops("POST", "/v1/ops/own_money", straight));
  assert.equal((await positions()).inside - after.inside, 6_999);
  assert.deepEqual(await office.broken(), []);
});
