import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, plus } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { claimBatches } from "./batch/store.ts";
import { LEASE_MS } from "./sending/instruct.ts";
import { workOn } from "./sending/send.ts";
import { endToEnd, type Office, openOffice } from "./testing/office.ts";

let platform: TestPlatform;
let office: Office;
let account: Json;
let name = "";
let accounts = 0;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  account = await office.verifiedAccount();
  name = account.holder_name;
  await office.fund(1_000_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});

const get = async (id: string): Promise<Json> => (await platform.ops("GET", `/v1/ops/payouts/${id}`)).body;
const batchOf = async (id: string): Promise<Json> =>
  (await platform.ops("GET", `/v1/ops/payout_batches/${id}`)).body;
const withdraw = (id: string) =>
  platform.ops("POST", `/v1/ops/payouts/${id}/withdraw`, { reason: "The account is a thief's" });
const disable = ({ id }: Json) => platform.ops("POST", `/v1/ops/bank_accounts/${id}/disable`);
const paidByBank = async (id: string): Promise<number> =>
  (await office.entries()).filter((entry) => entry.end_to_end_id === endToEnd(id)).length;

async function rename(legalName: string) {
  const path = `/v1/ops/merchants/${platform.demo.merchant_id}`;
  const { revision } = (await platform.ops("GET", path)).body;
  return platform.ops("PATCH", path, { revision, legal_name: legalName });
}

/** Another verified account, to which payouts go from now on. */
async function change(): Promise<Json> {
  accounts += 1;
  account = await office.verifiedAccount(`62220200000000007${String(accounts).padStart(2, "0")}`);
  platform.clock.advance(25 * HOUR);
  return account;
}

test("a batch is not approved while payouts in it go to an account that was stopped", async () => {
  const bad = [await office.payout(100), await office.payout(200)];
  const { body: proposed } = await office.propose(bad.map(({ id }) => id));
  await disable(account);
  await change();
  const good = await office.payout(400);
  const mixed = await office.propose([good.id]);
  const refused = await office.approve(proposed.approval.id);
  assert.deepEqual([refused.status, refused.body.code], [409, "payout_account_stopped"]);
  assert.deepEqual(
    refused.body.payouts,
    bad.map(({ id }) => id),
  );
  assert.match(refused.body.detail, /the bank account was stopped/);
  // Withdrawn, it leaves the batch, which is less by it; the last one takes the batch apart.
  assert.equal((await withdraw(bad[0]?.id)).status, 200);
  const less = await batchOf(proposed.batch.id);
  assert.deepEqual([less.payouts, less.amount, less.state], [1, 200, "proposed"]);
  assert.equal((await withdraw(bad[1]?.id)).status, 200);
  assert.equal((await batchOf(proposed.batch.id)).state, "dissolved");
  assert.equal((await office.approve(proposed.approval.id)).status, 409);
  await office.approved(mixed);
  assert.equal((await withdraw(good.id)).status, 409, "it is approved");
  await office.work();
  assert.equal((await get(good.id)).status, "sent");
  assert.deepEqual(await office.broken(), []);
});

test("nor while they go to an account in a name that the payee had before", async () => {
  const made = await office.payout(300);
  const { body } = await office.propose([made.id]);
  assert.equal((await rename("Somebody Else Ltd")).status, 200);
  const refused = await office.approve(body.approval.id);
  assert.deepEqual([refused.body.code, refused.body.payouts], ["payout_account_stopped", [made.id]]);
  assert.match(refused.body.detail, /not the payee's registered name any more/);
  await rename(name);
  assert.equal((await office.approve(body.approval.id)).status, 200);
  await office.work();
  assert.equal((await get(made.id)).status, "sent");
});

test("what may not be sent when its batch is instructed is rejected, and the rest goes on", async () => {
  const stops = await office.payout(500);
  const old = account;
  await change();
  const goes = await office.payout(600);
  const { id } = await office.batch([stops.id, goes.id]);
  await disable(old);
  await office.work();
  const rejected = await get(stops.id);
  assert.deepEqual([rejected.status, rejected.failure.code], ["rejected", "account_stopped"]);
  const { data } = (await platform.api("GET", `/v1/events?subject=${stops.id}`)).body;
  assert.deepEqual(
    data.map((event: Json) => [event.type, event.data.payout.failure.code]),
    [["payout.rejected", "account_stopped"]],
  );
  assert.equal((await get(goes.id)).status, "sent");
  const batch = await batchOf(id);
  assert.deepEqual([batch.state, batch.payouts, batch.amount], ["instructed", 1, 600]);
  assert.deepEqual([await paidByBank(stops.id), await paidByBank(goes.id)], [0, 1]);
  assert.deepEqual(await office.broken(), []);
});

test("a batch of which nothing may be sent any more is taken apart, and the bank hears nothing", async () => {
  const made = await office.payout(700);
  const { id } = await office.batch([made.id]);
  await rename("Somebody Else Ltd");
  await office.work();
  await rename(name);
  const rejected = await get(made.id);
  assert.deepEqual([rejected.status, rejected.failure.code], ["rejected", "account_renamed"]);
  assert.deepEqual([(await batchOf(id)).state, await paidByBank(made.id)], ["dissolved", 0]);
  assert.deepEqual(await office.broken(), []);
});

const WAITING = {
  name: "test_waiting",
  text: `select count(*) as count
    from pg_stat_activity
    where datname = current_database()
      and wait_event_type = 'Lock'`,
};

/** A sender that has looked at account and name, and has yet to write down that it sends. */
async function sending(): Promise<{ readonly sent: Promise<void>; goOn(): void }> {
  const { deps } = office;
  const looked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const legalNames = async (ids: readonly Id[]) => {
    const names = await deps.merchants.legalNames(ids);
    looked.resolve();
    await gate.promise;
    return names;
  };
  const now = platform.clock.now();
  const due = await deps.cell.transact((tx) => claimBatches(tx, now, plus(now, LEASE_MS), 10));
  const batch = due.find(({ state }) => state === "approved");
  assert.ok(batch);
  const sent = workOn({ ...deps, merchants: { ...deps.merchants, legalNames } }, batch);
  await Promise.race([looked.promise, sent]);
  return { sent, goOn: () => gate.resolve() };
}

const stops = {
  "stops an account": () => disable(account),
  "gives a payee another name": () => rename("Somebody Else Ltd"),
};
for (const [title, stop] of Object.entries(stops)) {
  test(`who ${title} hears so once what is being sent is sent, and nothing is sent after`, async () => {
    await change();
    const during = await office.payout(10);
    const later = await office.payout(20);
    await office.batch([during.id]);
    const sender = await sending();
    let status = "not answered";
    const stopped = stop().then(async (answer) => {
      status = (await get(during.id)).status;
      return answer;
    });
    const waits = async () =>
      ((await office.deps.platform.db.one<{ count: bigint }>(WAITING))?.count ?? 0n) > 0n;
    while (status === "not answered" && !(await waits())) await new Promise(setImmediate);
    sender.goOn();
    await sender.sent;
    assert.equal((await stopped).status, 200);
    assert.equal(status, "sent", "the answer came after it");
    const { body } = await office.propose([later.id]);
    assert.equal((await office.approve(body.approval.id)).body.code, "payout_account_stopped");
    assert.equal((await withdraw(later.id)).status, 200);
    await rename(name);
    assert.deepEqual(await office.broken(), []);
  });
}
