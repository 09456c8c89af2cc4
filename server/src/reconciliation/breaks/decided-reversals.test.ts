import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { handsOn } from "../../payments/testing/hands.ts";
import { decidedReversalsOf } from "../reading.ts";
import { lineOf, order } from "./testing/orders.ts";
import { hire, openWorld, type Person } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun]: Person[] = [];
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

/** A payment of 100.00 of which the channel gave so much back at its console. */
async function tookBack(key: string, amount: bigint) {
  const world = await openWorld(platform);
  const payment = await order(world);
  await platform.payCode(payment.next_action.qr_code);
  const look = async () => (await world.shop.api("GET", `/v1/payments/${payment.id}`)).body;
  const paid = await hands.eventually(look, ({ status }) => status === "succeeded");
  const sum = { amount: String(-amount), settle_amount: String(-amount), fee: "0" };
  const theirs = lineOf(paid, { kind: "refund", channel_refund_no: `made of ${key}`, ...sum });
  const figures = { theirsAmount: -amount, settleDifference: -amount, feeDifference: 0n };
  const line = { matchKey: key, kind: "refund_theirs_only", theirs, ...figures } as const;
  await world.found([line]);
  const attemptId = parseId("att", paid.attempts[0].id) as Id;
  const decided = () => decidedReversalsOf(platform.app.cell.db, [attemptId]);
  return { world, line, id: await world.idOf(key), decided };
}

async function bear(id: string): Promise<void> {
  const approval = await (mei as Person).propose(id, "recover_from_merchant");
  assert.equal((await (jun as Person).decide(approval, "approve")).status, 200);
}

test("who bears what the channel took back is decided with its break, until that is denied", async () => {
  const { world, line, id, decided } = await tookBack("R1", 10_000n);
  assert.deepEqual(await decided(), []);
  await bear(id);
  assert.equal((await decided()).length, 1);
  await world.found([]);
  assert.deepEqual(await decided(), []);
  await world.found([line]);
  assert.deepEqual(await decided(), []);
});

test("of a part that was decided about the rest is open", async () => {
  const { id, decided } = await tookBack("R2", 4_000n);
  await bear(id);
  assert.deepEqual(await decided(), []);
});
