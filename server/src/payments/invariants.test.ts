import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { sql } from "../kernel/database.ts";
import { invariants } from "./invariants.ts";
import { handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  const payment = await hands.paid();
  await hands.refund(payment.id, { amount: 400 });
  const late = await hands.create({ method: "alipay.qr" });
  await platform.api("POST", `/v1/payments/${late.id}/close`);
  await platform.payCode(late.next_action.qr_code);
  await platform.until(late.id, (seen) => seen.refunds_automatic.length === 1);
  await hands.create();
});
after(() => platform.stop());

/** A lie told to the database, taken back after the audit has looked. */
const lies: readonly [invariant: string, title: string, lie: string, truth: string][] = [
  [
    "2 one success, one journal",
    "a success without its journal",
    "update journals set kind = 'surplus_success' where kind = 'payment_success'",
    `update journals set kind = 'payment_success'
     where kind = 'surplus_success' and source_id in (select success_attempt_id from payments)`,
  ],
  [
    "2 no success beside it",
    "a surplus booked as a success",
    "update journals set kind = 'payment_success' where kind = 'surplus_success'",
    `update journals set kind = 'surplus_success'
     where source_id in (select id from attempts where surplus is not null)`,
  ],
  [
    "3 never over-refunded",
    "an order that counts more refunded than its refunds are",
    "update attempts set refunded_amount = refunded_amount + 1 where surplus is null and paid_amount > 0",
    "update attempts set refunded_amount = refunded_amount - 1 where surplus is null and paid_amount > 0",
  ],
  [
    "4 all money has a place",
    "a surplus that nobody gives back",
    "update refunds set attempt_id = payment_id where automatic",
    "update refunds r set attempt_id = a.id from attempts a where automatic and a.payment_id = r.payment_id",
  ],
  [
    "5 every end is told",
    "a success that no event tells",
    "update events set type = 'payment.failed' where type = 'payment.succeeded'",
    "update events set type = 'payment.succeeded' where type = 'payment.failed'",
  ],
  [
    "7 partners are owed their part",
    "a part of a fee that was never booked for partners",
    "update attempts set partner_amount = 1 where surplus is null and paid_amount > 0",
    "update attempts set partner_amount = null where surplus is null and paid_amount > 0",
  ],
  [
    "7 clearing equals open items",
    "a surplus that settles other than was booked",
    "update attempts set settle_amount = settle_amount + 1 where surplus is not null",
    "update attempts set settle_amount = settle_amount - 1 where surplus is not null",
  ],
  [
    "7 pending money is what came in",
    "an order that settles other than was booked",
    "update attempts set settle_amount = settle_amount + 1 where surplus is null and paid_amount > 0",
    "update attempts set settle_amount = settle_amount - 1 where surplus is null and paid_amount > 0",
  ],
  [
    "8 quotas count what was taken",
    "an order that its account's quota has not seen",
    "update attempts set quota_day = '2026-11-20' where paid_amount > 0",
    "update attempts set quota_day = null where paid_amount > 0",
  ],
];

async function say(name: string, text: string): Promise<void> {
  const said = await platform.app.cell.transact((tx) => tx.run(sql(name, text)));
  assert.ok(said > 0, `${text} touched nothing`);
}

test("nothing is found where nothing is wrong", () => assertInvariants(platform));

for (const [index, [name, title, lie, truth]] of lies.entries()) {
  test(`${name}: ${title} is found`, async () => {
    const invariant = invariants.find((one) => one.name === name);
    assert.ok(invariant !== undefined, `there is no invariant ${name}`);
    await say(`test_lie_${index}`, lie);
    try {
      const found = await invariant.check(platform.app.cell.db, null);
      assert.ok(found.length > 0);
    } finally {
      await say(`test_truth_${index}`, truth);
    }
    await assertInvariants(platform);
  });
}
