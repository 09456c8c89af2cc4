import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE, plus } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { claimBatches } from "./batch/store.ts";
import type { PayoutsDeps } from "./deps.ts";
import type { BatchState } from "./model.ts";
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

/** Works on what is due of a state, as a process does whose parts are these. */
async function workOnDue(state: BatchState, parts: Partial<PayoutsDeps>): Promise<void> {
  const deps = { ...office.deps, ...parts };
  const now = platform.clock.now();
  const due = await deps.cell.transact((tx) => claimBatches(tx, now, plus(now, LEASE_MS), 10));
  const batch = due.find((one) => one.state === state);
  assert.ok(batch, `no batch is due that is ${state}`);
  await workOn(deps, batch);
}

/** The bank cannot be reached: not one byte leaves. */
async function failsToSend(): Promise<void> {
  const request = async () => ({ end: "not_sent" as const, reason: "connection refused" });
  await workOnDue("approved", { http: { ...office.deps.http, request } });
  platform.clock.advance(MINUTE);
}

/** A sender that has looked at account and name, and has yet to write down that it sends. */
async function sending(state: BatchState): Promise<{ readonly sent: Promise<void>; goOn(): void }> {
  const { merchants } = office.deps;
  const looked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const legalNames = async (ids: readonly Id[]) => {
    const names = await merchants.legalNames(ids);
    looked.resolve();
    await gate.promise;
    return names;
  };
  const sent = workOnDue(state, { merchants: { ...merchants, legalNames } });
  await Promise.race([looked.promise, sent]);
  return { sent, goOn: () => gate.resolve() };
}

const stops = {
  "stops an account": () => disable(account),
  "gives a payee another name": () => rename("Somebody Else Ltd"),
};
const sendings = [
  ["", "approved", 1],
  [" again", "instructed", 2],
] as const;
for (const [title, stop] of Object.entries(stops)) {
  for (const [again, state, sends] of sendings) {
    test(`who ${title} hears so when what is being sent${again} is sent; nothing is after`, async () => {
      await change();
      const during = await office.payout(10);
      const later = await office.payout(20);
      const { id } = await office.batch([during.id]);
      if (state === "instructed") await failsToSend();
      const sender = await sending(state);
      let seen = 0;
      let answered = false;
      const stopped = stop().then(async (answer) => {
        seen = (await batchOf(id)).sends;
        answered = true;
        return answer;
      });
      const waits = async () =>
        ((await office.deps.platform.db.one<{ count: bigint }>(WAITING))?.count ?? 0n) > 0n;
      while (!answered && !(await waits())) await new Promise(setImmediate);
      sender.goOn();
      await sender.sent;
      assert.equal((await stopped).status, 200);
      assert.equal(seen, sends, "the answer came after it");
      assert.equal((await get(during.id)).status, "sent");
      const { body } = await office.propose([later.id]);
      assert.equal((await office.approve(body.approval.id)).body.code, "payout_account_stopped");
      assert.equal((await withdraw(later.id)).status, 200);
      await rename(name);
      assert.deepEqual(await office.broken(), []);
    });
  }
}

const hasNot = {
  "never reached the bank": failsToSend,
  "the bank never had": async () => {
    await office.fault("timeout_before", { method: "pain.001" }, { ms: 0 });
    await office.work();
    platform.clock.advance(MINUTE);
  },
};
for (const [title, fail] of Object.entries(hasNot)) {
  test(`a message that ${title} is not sent to an account that was stopped since`, async () => {
    await change();
    const made = await office.payout(30);
    const { id } = await office.batch([made.id]);
    await fail();
    assert.equal((await disable(account)).status, 200);
    await office.work();
    const waiting = await batchOf(id);
    assert.deepEqual([waiting.state, waiting.sends, waiting.needs_people], ["instructed", 1, true]);
    assert.match(
      waiting.last_error,
      /^pyt_\w+: the bank account was stopped; the message is not sent again$/,
    );
    assert.equal(await paidByBank(made.id), 0);
    const evidence = { evidence: "The account is a thief's, and nothing has left" };
    const resend = await platform.ops("POST", `/v1/ops/payout_batches/${id}/resend`, evidence);
    await office.approved(resend);
    await office.work();
    assert.deepEqual([(await batchOf(id)).needs_people, await paidByBank(made.id)], [true, 0]);
    await office.approved(await platform.ops("POST", `/v1/ops/payouts/${made.id}/reject`, evidence));
    assert.deepEqual([(await get(made.id)).status, (await batchOf(id)).state], ["rejected", "done"]);
    platform.clock.advance(HOUR);
    await office.work();
    assert.equal(await paidByBank(made.id), 0);
    assert.deepEqual(await office.broken(), []);
  });
}

test("a payee that has its name again is sent what waited for people", async () => {
  await change();
  const made = await office.payout(40);
  const { id } = await office.batch([made.id]);
  await failsToSend();
  await rename("Somebody Else Ltd");
  await office.work();
  assert.match((await batchOf(id)).last_error, /not the payee's registered name any more/);
  await rename(name);
  platform.clock.advance(HOUR);
  await office.work();
  const sent = await batchOf(id);
  assert.deepEqual([sent.needs_people, sent.sends, await paidByBank(made.id)], [false, 2, 1]);
});
