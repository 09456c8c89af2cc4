import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { daysOn } from "../dayclose/testing/days.ts";
import { MINUTE, SECOND, systemClock } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { type SharingHands, sharingHandsOn } from "../payments/testing/sharing.ts";
import { compareShares } from "./movements/shares.ts";
import { type Office, openOffice } from "./testing/office.ts";

// What a channel's fund bill tells beside trades, payouts and shares is for people, over HTTP.

let platform: TestPlatform;
let office: Office;
const hands: SharingHands = sharingHandsOn(() => platform);
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  office = await openOffice(platform);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const differences = async (): Promise<Json[]> =>
  (await platform.ops("GET", "/v1/ops/fund_differences")).body.data;

async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (let looks = 0; looks < 300; looks += 1) {
    const found = await look();
    if (found !== null) return found;
    platform.clock.advance(10 * SECOND);
    await systemClock.sleep(50);
  }
  return assert.fail(`${what} did not come: ${JSON.stringify(await differences())}`);
}

const accountOf = (channel: string): string =>
  channel === "alipay" ? platform.demo.channel_account_id : (platform.demo.wechat_account_id as string);
const whoOf = (channel: string) =>
  channel === "alipay" ? { app_id: platform.demo.alipay_app_id } : { mchid: platform.demo.wechat_mchid };

/** The channel publishes the bill of the day so far, and the platform fetches it. */
async function fetched(channel: string): Promise<void> {
  const date = days.today();
  await platform.sandbox("POST", `/${channel}/close-day`, { ...whoOf(channel), date });
  const path = `/v1/ops/channel_accounts/${accountOf(channel)}/statements/${date}/fetch?kind=fund`;
  const { status, body } = await platform.ops("POST", path);
  assert.equal(status, 201, JSON.stringify(body));
}

async function payOut(channel: string, amount: number, fee: number): Promise<void> {
  const wanted = { ...whoOf(channel), amount, fee };
  const { status, body } = await platform.sandbox("POST", `/${channel}/payout`, wanted);
  assert.equal(status, 201, JSON.stringify(body));
}

const balancesSql = sql(
  "test_channel_movement_balances",
  `select a.code, sum(a.balance)::bigint as balance
   from accounts a
   where a.code in ('channel_cost', 'merchant_pending')
      or a.code = 'channel_receivable' and a.channel_account_id is not null
   group by a.code`,
);
/** Signed: debit is positive. */
async function balances(): Promise<Record<string, bigint>> {
  const rows = await platform.app.cell.db.all<{ code: string; balance: bigint }>(balancesSql);
  return Object.fromEntries(rows.map(({ code, balance }) => [code, balance]));
}

async function moves(act: () => Promise<unknown>): Promise<Record<string, bigint>> {
  const before = await balances();
  await act();
  const now = await balances();
  const codes = Object.keys(now).toSorted();
  return Object.fromEntries(
    codes.flatMap((code) => {
      const by = (now[code] ?? 0n) - (before[code] ?? 0n);
      return by === 0n ? [] : [[code, by]];
    }),
  );
}

const proposed = (id: string, as: string) =>
  platform.ops("POST", `/v1/ops/channel_movements/${id}/place`, { as, evidence: "The channel's price list" });

test("what withdrawing costs is booked as two people say, and a corrected bill opens the rest", async () => {
  await hands.paid({ method: "alipay.qr", amount: 50_000 });
  await payOut("alipay", 1_000, 12);
  await fetched("alipay");
  const row = await eventually("the cost", async () => (await differences())[0] ?? null);
  assert.deepEqual(
    [row.what, row.kind, row.amount, row.amount_millionths, row.lines, row.date],
    ["fund_unexplained", "提现手续费", -12, -120_000, 1, days.today()],
  );
  assert.equal(row.numbers.length, 1);
  assert.equal((await proposed(row.movement, "income")).body.field, "as");
  const first = await proposed(row.movement, "cost");
  assert.equal(first.status, 202, JSON.stringify(first.body));
  assert.equal((await proposed(row.movement, "merchant")).status, 409, "one at a time");
  await payOut("alipay", 500, 5);
  await fetched("alipay");
  const more = await eventually("the second cost", async () => {
    const [now] = await differences();
    return now?.lines === 2 ? now : null;
  });
  assert.deepEqual([more.movement, more.amount], [row.movement, -17]);
  const late = await office.approve(first.body.id);
  assert.equal(late.status, 409, JSON.stringify(late.body));
  assert.match(late.body.detail, /another amount is open/);
  const moved = await moves(async () => office.approved(await proposed(row.movement, "cost")));
  assert.deepEqual(moved, { channel_cost: 17n, channel_receivable: -17n });
  assert.deepEqual(await differences(), []);
  assert.equal((await proposed(row.movement, "cost")).status, 409);
  await payOut("alipay", 300, 4);
  await fetched("alipay");
  const again = await eventually("the rest", async () => (await differences())[0] ?? null);
  assert.deepEqual([again.movement, again.amount, again.lines], [row.movement, -4, 3]);
  const charged = await moves(async () => office.approved(await proposed(row.movement, "merchant")));
  assert.deepEqual(charged, { channel_receivable: -4n, merchant_pending: 4n });
  assert.deepEqual(await differences(), []);
  await assertInvariants(platform);
});

test("the audit finds a movement that is placed otherwise than booked", async () => {
  const lie = (by: number) =>
    platform.app.cell.transact((tx) =>
      tx.run(sql("test_lie_of_placements", "update channel_movement_placements set amount = amount + $1"), [
        by,
      ]),
    );
  await lie(1);
  const broken = await office.broken();
  await lie(-1);
  const found = broken.filter((text) => text.startsWith("7 channels' movements are booked as placed"));
  const told = found.map((text) => text.slice(text.indexOf("placed as ")));
  assert.deepEqual(told.toSorted(), [
    "placed as cost with -16, and booked is -17",
    "placed as merchant with -3, and booked is -4",
  ]);
  assert.deepEqual(await office.broken(), []);
});

test("what another announcement explains is booked by nothing, and metrics tell what is open", async () => {
  await hands.paid({ method: "wechat.native", amount: 9_000 });
  await payOut("wechat", 700, 3);
  await fetched("wechat");
  const row = await eventually("the cost", async () => (await differences())[0] ?? null);
  const metrics = await (await fetch(`${platform.baseUrl}/metrics`)).text();
  assert.match(metrics, /tributary_payouts_for_people\{what="fund_unexplained"\} 1/);
  assert.deepEqual(await moves(async () => office.approved(await proposed(row.movement, "elsewhere"))), {});
  assert.deepEqual(await differences(), []);
  const nobody = await proposed("cmv_00000000000000000000000000", "cost");
  assert.equal(nobody.status, 404);
});

const olderSql = sql(
  "test_older_days",
  "update channel_money_days set channel_date = channel_date - $1::integer, booked_share_millionths = null",
);
const olderSharesSql = sql(
  "test_older_shares",
  "update shares set channel_date = channel_date - $1::integer",
);
/** Moves fund bills and shares so many days back, as if the bills had just come. */
const older = (by: number) =>
  platform.app.cell.transact(async (tx) => {
    await tx.run(olderSql, [by]);
    await tx.run(olderSharesSql, [by]);
  });

test("a day's shares are what the fund bill says, or people see it", async () => {
  await hands.contract(platform.demo.wechat_account_id as string);
  const receiver = await hands.wechatReceiver();
  const payment = await hands.wechatPaid();
  platform.clock.advance(2 * MINUTE);
  const made = await hands.share(payment.id, [{ receiver: receiver.id, amount: 200 }], { finish: true });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await hands.untilShared(
    payment.id,
    hands.goingOn((seen) => seen.state === "finished"),
  );
  await fetched("wechat");
  const readSql = sql(
    "test_shared_read",
    "select channel_date from channel_money_days where shared_millionths = -2000000",
  );
  await eventually("the bill", async () => (await platform.app.cell.db.all(readSql))[0] ?? null);
  const compared = async () => {
    await compareShares(office.deps, async () => {});
    return differences();
  };
  assert.deepEqual(await compared(), []);
  const lie = (amount: number) =>
    platform.app.cell.transact((tx) =>
      tx.run(sql("test_lie_of_shares", "update shares set amount = amount + $1"), [amount]),
    );
  await lie(1);
  const [row, ...more] = await compared();
  assert.deepEqual([row?.what, row?.amount, row?.movement, more], ["shares_differ", 1, null, []]);
  await lie(-1);
  assert.deepEqual(await compared(), []);
  // A bill that comes long after its date is compared all the same.
  await older(40);
  await lie(1);
  assert.deepEqual(
    (await compared()).map(({ what, age_days }) => [what, age_days]),
    [["shares_differ", 40]],
  );
  await lie(-1);
  await older(-40);
  assert.deepEqual(await compared(), []);
});
