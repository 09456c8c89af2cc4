import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { dateIn } from "../kernel/clock.ts";
import { type Office, OUR_ACCOUNT, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const ROUNDS = 6;
const RECEIVED = 800n;

async function announced(round: number): Promise<string> {
  const { body } = await platform.ops(
    "GET",
    `/v1/ops/channel_accounts?merchant_id=${platform.demo.merchant_id}`,
  );
  const today = dateIn("Asia/Shanghai", platform.clock.now());
  const channel = body.data.find((one: Json) => one.fund_flow === "through_platform").id;
  await office.approved(
    await platform.ops("POST", "/v1/ops/channel_payouts", {
      channel_account: channel,
      payout_no: `RACE-${round}`,
      amount: Number(RECEIVED),
      currency: "CNY",
      covers_from: today,
      covers_through: today,
      announced_date: today,
      payer: "The channel",
    }),
  );
  const { data } = (await platform.ops("GET", "/v1/ops/channel_payouts")).body;
  return data.find(({ payout_no: no }: Json) => no === `RACE-${round}`).id;
}

test("an entry is taken once, whatever is approved of it in the same moment", async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const payout = await announced(round);
    // Of nobody whom a channel pays by: only people can say what it is.
    const credit = { account: OUR_ACCOUNT, amount: Number(RECEIVED), name: `Somebody ${round}` };
    assert.equal((await platform.sandbox("POST", "/bank/credit", credit)).status, 201);
    await office.read();
    const { data } = (await platform.ops("GET", "/v1/ops/bank_entries?state=unplaced")).body;
    assert.equal(data.length, 1, JSON.stringify(data));
    const { connection, entry_ref } = data[0];
    const evidence = "Resolution of the board";
    const own = () => platform.ops("POST", "/v1/ops/own_money", { connection, entry_ref, evidence });
    const match = () =>
      platform.ops("POST", "/v1/ops/bank_entries/match", {
        connection,
        entry_ref,
        channel_payouts: [payout],
      });
    const ids = [await own(), await match()].map(({ status, body }) => {
      assert.equal(status, 202, JSON.stringify(body));
      return String(body.approval?.id ?? body.id);
    });
    const before = (await office.balances()).bank_reserve ?? 0n;
    // Each by two people at once, who both hear of the one that was carried out.
    const approvals = await Promise.all([...ids, ...ids].map((id) => office.approve(id)));
    const done = new Set(approvals.flatMap(({ status, body }) => (status === 200 ? String(body.id) : [])));
    assert.equal(done.size, 1, JSON.stringify(approvals.map(({ body }) => body)));
    const others = approvals.filter(({ body }) => !done.has(String(body.id)));
    assert.deepEqual(new Set(others.map(({ status }) => status)), new Set([409]));
    const after = (await office.balances()).bank_reserve ?? 0n;
    assert.equal(after - before, RECEIVED);
    assert.deepEqual(await office.broken(), []);
    // What the channel has announced comes all the same, and is placed by itself.
    if (done.has(ids[0] as string))
      await platform.sandbox("POST", "/bank/credit", { ...credit, name: "The channel" });
    await office.read();
  }
});
