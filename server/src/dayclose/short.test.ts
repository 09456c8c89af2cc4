import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { type Hands, handsOn } from "../payments/testing/hands.ts";
import { type Office, OUR_ACCOUNT, openOffice } from "../payouts/testing/office.ts";
import { daysOn } from "./testing/days.ts";

let platform: TestPlatform;
let office: Office;
let hands: Hands;
const days = daysOn(() => platform);
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: "00:10" } });
  hands = handsOn(() => platform);
  office = await openOffice(platform);
  await office.verifiedAccount();
});
after(async () => {
  await office.close();
  await platform.stop();
});

const payouts = async (): Promise<Json[]> => (await platform.api("GET", "/v1/payouts")).body.data;

test("a currency whose clients have paid for the platform pays out once own money is paid in", async () => {
  // A contract that costs half of what it takes: more than all fees of the day.
  const path = `/v1/ops/channel_accounts/${platform.demo.wechat_account_id}`;
  const { revision } = (await platform.ops("GET", path)).body;
  const terms = { revision, cost_rate_millionths: 500_000 };
  const { status, body } = await platform.ops("PATCH", path, terms);
  assert.equal(status, 200, JSON.stringify(body));
  await hands.paid({ method: "wechat.native", amount: 10_000 });
  await hands.paid({ method: "alipay.qr", amount: 50_000 });
  const date = await days.next();
  const run = await days.closeInTheMorning(date);
  const step = run.steps.find(({ name }: Json) => name === "payouts");
  assert.match(step.detail, /^0 payouts proposed, .*; none in CNY, where client money is not whole$/);
  assert.deepEqual(await payouts(), []);
  const report = await days.report(date);
  assert.ok(report.settled.some(({ currency, amount }: Json) => currency === "CNY" && amount > 0));
  const short = -report.positions.find(({ currency }: Json) => currency === "CNY").own_money_inside;
  assert.ok(short > 0);
  assert.ok(report.notes.includes("Client money in CNY has paid for the platform: pay own money in."));

  const credit = { account: OUR_ACCOUNT, amount: short, name: "Tributary's owner" };
  assert.equal((await platform.sandbox("POST", "/bank/credit", credit)).status, 201);
  await office.read();
  const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced")).body;
  const { connection, entry_ref } = data.find(({ amount }: Json) => amount === short);
  const paidIn = { connection, entry_ref, evidence: "Resolution of the board" };
  await office.approved(await platform.ops("POST", "/v1/ops/own_money", paidIn));

  const next = await days.next();
  await days.closeInTheMorning(next);
  assert.equal((await payouts()).length, 1, "what was settled before is proposed by this close");
  await assertInvariants(platform);
});
