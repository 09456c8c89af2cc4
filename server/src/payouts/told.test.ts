import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { DAY, dateIn, HOUR, MINUTE, plus, SECOND, startOfDate, systemClock } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { type Hands, handsOn } from "../payments/testing/hands.ts";
import { type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

// From the channel's fund bill to the bank's statement, over HTTP: nobody announces anything.

const ZONE = "Asia/Shanghai";
const DOLLARS = "8800000000001";

let platform: TestPlatform;
let office: Office;
let hands: Hands;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: "00:10" } });
  hands = handsOn(() => platform);
  office = await openOffice(platform);
  await office.another("dollars", DOLLARS, "reserve", "USD");
});
after(async () => {
  await office.close();
  await platform.stop();
});

const announced = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/channel_payouts?limit=100")).body.data;
const unplaced = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced&limit=100")).body.data;
const differences = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/bank_differences?limit=100")).body.data;

/**
 * Moves the clock on in steps, so that whoever looks for what is due finds it. A call that is under way has
 * time for its answer, however busy the machine is: on the clock it may wait for some steps at most.
 */
async function eventually<T>(what: string, look: () => Promise<T | null>, stepMs = 10 * SECOND): Promise<T> {
  for (let looks = 0; looks < 300; looks += 1) {
    const found = await look();
    if (found !== null) return found;
    platform.clock.advance(stepMs);
    await systemClock.sleep(stepMs >= MINUTE ? 200 : 50);
  }
  return assert.fail(`${what} did not come: ${JSON.stringify(await announced(), null, 2)}`);
}

async function jumpTo(hour: number): Promise<void> {
  const now = platform.clock.now();
  const today = startOfDate(ZONE, dateIn(ZONE, now));
  const at = plus(today, hour * HOUR);
  const to = at > now ? at : plus(at, DAY);
  platform.clock.advance(to.getTime() - now.getTime());
  await systemClock.sleep(100);
}

/** Ends the open day, whose fund bills are expected from then on; that day. */
async function endDay(): Promise<string> {
  const date = await days.next();
  await days.close(date);
  return date;
}

const payOut = async (channel: string, wanted: object = {}): Promise<Json> => {
  const { status, body } = await platform.sandbox("POST", `/${channel}/payout`, wanted);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
};

let earned = "";
let paidOn = "";
let total = 0;

test("what a channel's own bill tells is announced, and the bank's one transfer is all of it", async () => {
  await hands.paid({ method: "alipay.qr", amount: 50_000 });
  await hands.paid({ method: "wechat.native", amount: 30_000 });
  earned = await endDay();
  const app_id = platform.demo.alipay_app_id;
  const first = await payOut("alipay", { app_id, amount: 10_000 });
  const rest = await payOut("alipay", { app_id });
  total = [...first.payouts, ...rest.payouts].reduce((sum: number, { amount }: Json) => sum + amount, 0);
  assert.equal(total, 49_700);
  const name = "支付宝(中国)网络技术有限公司";
  await platform.sandbox("POST", "/bank/credit", { account: OUR_ACCOUNT, amount: total, name });
  const wechat = await payOut("wechat", { mchid: platform.demo.wechat_mchid, bank_account: OUR_ACCOUNT });
  paidOn = await endDay();
  // The bank's statement is read at night: before any channel has told.
  await eventually("the bank's entries", async () => ((await unplaced()).length === 2 ? true : null));
  assert.deepEqual(await announced(), []);
  await jumpTo(9);
  const rows = await eventually(
    "what channels tell",
    async () => {
      const told = await announced();
      return told.length === 3 && told.every(({ received }) => received) ? told : null;
    },
    MINUTE,
  );
  const shown = rows.map((row) => [row.payout_no, row.amount, row.told_by_channel, row.announced_date]);
  const told = [...first.payouts, ...rest.payouts, ...wechat.payouts].map(({ payout_no, amount }: Json) => [
    payout_no,
    amount,
    true,
    paidOn,
  ]);
  const sorted = (some: readonly (readonly unknown[])[]) => some.map((one) => one.join(" ")).toSorted();
  assert.deepEqual(sorted(shown), sorted(told));
  const whole = rows.find((row) => row.payout_no === rest.payouts[0].payout_no);
  assert.deepEqual([whole?.covers_from, whole?.covers_through], [earned, paidOn]);
  const part = rows.find((row) => row.payout_no === first.payouts[0].payout_no);
  assert.deepEqual([part?.covers_from, part?.covers_through], [null, null]);
  assert.deepEqual(await unplaced(), []);
  await assertInvariants(platform);
});

/** What the merchant's channel account still has by the books, and what is in transit. */
async function books(): Promise<{ owed: bigint; inTransit: bigint }> {
  const rows = await platform.app.cell.db.all<{ code: string; balance: bigint }>(
    sql(
      "test_channel_money",
      `select code, sum(balance)::bigint as balance
       from accounts
       where code in ('channel_receivable', 'bank_in_transit')
       group by code`,
    ),
  );
  const of = (code: string) => rows.find((row) => row.code === code)?.balance ?? 0n;
  return { owed: of("channel_receivable"), inTransit: of("bank_in_transit") };
}

test("Stripe's payouts are told by its balance transactions", async () => {
  // The demo's cards cost more than they earn.
  await platform.sandbox("POST", "/bank/credit", { account: DOLLARS, amount: 1_000, name: "The owner" });
  await endDay();
  const own = await eventually("the owner's money", async () => (await unplaced())[0] ?? null);
  const named = { connection: "dollars", entry_ref: own.entry_ref, evidence: "For what cards cost" };
  await office.approved(await platform.ops("POST", "/v1/ops/own_money", named));
  const payment = await hands.create({ method: "card", amount: 10_000, currency: "USD" });
  await platform.sandbox("POST", "/wallet/pay", { code: payment.next_action.url });
  await platform.until(payment.id, (seen) => seen.status === "succeeded");
  platform.clock.advance(10 * MINUTE);
  const account_id = platform.demo.stripe_account;
  const { payouts } = await payOut("stripe", { account_id, bank_account: DOLLARS });
  await endDay();
  await endDay();
  const row = await eventually(
    "Stripe's payout",
    async () => {
      const found = (await announced()).find((one) => one.payout_no === payouts[0].payout_no);
      return found?.received ? found : null;
    },
    MINUTE,
  );
  assert.deepEqual([row.currency, row.amount, row.payer], ["USD", payouts[0].amount, "STRIPE"]);
  await assertInvariants(platform);
});

const accountOf = (channel: string): string =>
  channel === "alipay" ? platform.demo.channel_account_id : (platform.demo.wechat_account_id as string);

const proposed = (channel: string, payout: Json, amount: number, date: string) =>
  platform.ops("POST", "/v1/ops/channel_payouts", {
    channel_account: accountOf(channel),
    payout_no: payout.payout_no,
    amount,
    currency: "CNY",
    covers_from: earned,
    covers_through: earned,
    announced_date: date,
    payer: channel === "alipay" ? "支付宝（中国）网络技术有限公司" : "财付通支付科技有限公司",
  });
const announce = async (...payout: Parameters<typeof proposed>): Promise<Json> =>
  office.approved(await proposed(...payout));

/** Has the channel asked again for a date's bill, which is another file whenever more moved. */
const fetchAgain = (channel: string, date: string) =>
  platform.ops("POST", `/v1/ops/channel_accounts/${accountOf(channel)}/statements/${date}/fetch?kind=fund`);

test("a corrected bill neither doubles nor loses, and what people announced is the same payout", async () => {
  await hands.paid({ method: "alipay.qr", amount: 20_000 });
  const date = days.today();
  const app_id = platform.demo.alipay_app_id;
  const { payouts: first } = await payOut("alipay", { app_id, amount: 1_000 });
  await announce("alipay", first[0], 1_000, date);
  const before = await books();
  await platform.sandbox("POST", "/alipay/close-day", { app_id, date });
  assert.equal((await fetchAgain("alipay", date)).status, 201);
  const byNumber = async (payoutNo: string) => (await announced()).find((one) => one.payout_no === payoutNo);
  await eventually("the channel's word", async () =>
    (await byNumber(first[0].payout_no))?.told_by_channel ? true : null,
  );
  assert.deepEqual(await books(), before);
  // The day goes on, and its bill is corrected by another payout.
  const { payouts: second } = await payOut("alipay", { app_id, amount: 2_000 });
  await platform.sandbox("POST", "/alipay/close-day", { app_id, date });
  const again = await fetchAgain("alipay", date);
  assert.deepEqual([again.status, again.body.version], [201, 2], JSON.stringify(again.body));
  await eventually("the second", async () => (await byNumber(second[0].payout_no)) ?? null);
  const expected = { owed: before.owed - 2_000n, inTransit: before.inTransit + 2_000n };
  const after = await eventually("the platform's side", async () => {
    const now = await books();
    return now.inTransit === expected.inTransit ? now : null;
  });
  assert.deepEqual(after, expected);
  const numbers = (await announced()).map((row) => row.payout_no);
  assert.equal(new Set(numbers).size, numbers.length);
  await assertInvariants(platform);
});

test("what a bill tells otherwise than people did is for people, who take theirs back", async () => {
  const date = days.today();
  const app_id = platform.demo.alipay_app_id;
  const { payouts } = await payOut("alipay", { app_id, amount: 500 });
  await announce("alipay", payouts[0], 505, date);
  const before = await books();
  await platform.sandbox("POST", "/alipay/close-day", { app_id, date });
  assert.equal((await fetchAgain("alipay", date)).status, 201);
  const doubted = await eventually(
    "the doubt",
    async () => (await differences()).find(({ kind }) => kind === "payout_doubted") ?? null,
  );
  assert.match(doubted.detail, /^version 3 of the statement says 5\.00 CNY\. /);
  const path = `/v1/ops/channel_payouts/${doubted.channel_payout}/withdraw`;
  const evidence = "The fund bill says 5.00";
  const proposal = await platform.ops("POST", path, { evidence });
  const twice = await platform.ops("POST", path, { evidence });
  await office.approved(proposal);
  assert.equal((await office.approve(twice.body.id)).status, 409);
  assert.deepEqual(await books(), { owed: before.owed + 505n, inTransit: before.inTransit - 505n });
  assert.equal((await platform.ops("POST", path, { evidence })).status, 409);
  assert.deepEqual(await differences(), []);
  const same = await proposed("alipay", payouts[0], 500, date);
  const refused = await office.approve(same.body.id);
  assert.equal(refused.status, 409, "nothing would be announced by a number that was withdrawn");
  assert.match(refused.body.detail, /was withdrawn: announce what the channel says by a number of its own/);
  await announce("alipay", { payout_no: `${payouts[0].payout_no}-2` }, 500, date);
  await assertInvariants(platform);
});

test("what the bank or the channel has not told in three business days is for people", async () => {
  const open = (await announced()).filter((row) => !row.received && row.withdrawn_at === null);
  assert.deepEqual(
    open.map(({ amount }) => amount).toSorted((a, b) => a - b),
    [500, 1_000, 2_000],
  );
  await platform.sandbox("POST", "/bank/credit", { account: OUR_ACCOUNT, amount: 77, name: "财付通" });
  const date = await endDay();
  assert.deepEqual(await differences(), []);
  const late = await eventually(
    "the end of the window",
    async () => {
      const found = await differences();
      return found.length === 4 ? found : null;
    },
    6 * HOUR,
  );
  const waited = (Date.parse(dateIn(ZONE, platform.clock.now())) - Date.parse(date)) / DAY;
  assert.ok(waited >= 4 && waited <= 12, `${waited} days`);
  assert.deepEqual(late.map(({ kind, amount }) => `${kind} ${amount}`).toSorted(), [
    "credit_unexplained 77",
    "payout_late 1000",
    "payout_late 2000",
    "payout_late 500",
  ]);
  assert.ok(late.every(({ age_days }) => age_days === waited));
  const metrics = await (await fetch(`${platform.baseUrl}/metrics`)).text();
  assert.match(metrics, /tributary_payouts_for_people\{what="payout_late"\} 3/);
  assert.match(metrics, new RegExp(`tributary_payouts_for_people_days\\{what="payout_late"\\} ${waited}`));
  const page = await platform.ops("GET", "/v1/ops/bank_differences?limit=3");
  const next = await platform.ops("GET", `/v1/ops/bank_differences?limit=3&cursor=${page.body.next_cursor}`);
  assert.deepEqual([...page.body.data, ...next.body.data], late);
  // One is found after all, the others never left.
  await platform.sandbox("POST", "/bank/credit", {
    account: OUR_ACCOUNT,
    amount: 2_000,
    name: "支付宝（中国）网络技术有限公司",
  });
  await endDay();
  await eventually("what came late", async () => ((await differences()).length === 3 ? true : null), MINUTE);
  await assertInvariants(platform);
});

test("of the bank's showing and people's taking back one wins", async () => {
  const row = (await announced()).find(({ amount }) => amount === 1_000);
  const proposal = await platform.ops("POST", `/v1/ops/channel_payouts/${row?.id}/withdraw`, {
    evidence: "Alipay says so",
  });
  await platform.sandbox("POST", "/bank/credit", {
    account: OUR_ACCOUNT,
    amount: 1_000,
    name: "支付宝（中国）网络技术有限公司",
  });
  const [read, approved] = await Promise.all([office.read(), office.approve(proposal.body.id)]);
  assert.equal(read.end, "read");
  const now = (await announced()).find(({ id }) => id === row?.id);
  assert.notEqual(now?.received, now?.withdrawn_at !== null);
  assert.equal(approved.status, now?.received ? 409 : 200);
  await assertInvariants(platform);
});
