import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE } from "../kernel/clock.ts";
import { createKeyring } from "../kernel/crypto.ts";
import { sql } from "../kernel/database.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import { openNumber } from "./accounts/number.ts";
import { findBankAccounts, rewrapBankAccounts } from "./accounts/service.ts";
import { connectionByName } from "./accounts/store.ts";
import { batchById } from "./batch/store.ts";
import type { Batch } from "./model.ts";
import { instruct, LEASE_MS, openInstruction, rewrapInstructions } from "./sending/instruct.ts";
import { CONNECTION, endToEnd, type Office, openOffice } from "./testing/office.ts";

/** Nothing here runs by itself: each step of a worker is taken by hand. */
let platform: TestPlatform;
let office: Office;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  office = await openOffice(platform);
  await office.verifiedAccount();
  await office.fund(1_000_000n);
});
after(async () => {
  await office.close();
  await platform.stop();
});
beforeEach(() => office.connect(true));

const NOT_NOTED = sql(
  "test_approval_not_noted",
  "update approvals set status = 'approved', carried_out_at = null where id = $1",
);
const get = async (payout: Json) => (await platform.ops("GET", `/v1/ops/payouts/${payout.id}`)).body;
const batchOf = async (id: string) => (await platform.ops("GET", `/v1/ops/payout_batches/${id}`)).body;
const paid = async (payout: Json) =>
  (await office.entries()).filter((entry) => entry.end_to_end_id === endToEnd(payout.id)).length;

async function later(ms: number): Promise<void> {
  platform.clock.advance(ms);
  await office.work();
}

async function confirmed(payout: Json): Promise<void> {
  await office.read();
  assert.equal((await get(payout)).status, "succeeded");
  assert.equal(await paid(payout), 1);
  assert.deepEqual(await office.broken(), []);
}

test("an answer that is lost makes a payout unknown, and asking the bank finds it", async () => {
  const made = await office.payout(1_001);
  const batch = await office.batch([made.id]);
  await office.fault("answer_lost_after_success", { method: "pain.001" });
  await office.work();
  assert.equal((await get(made)).status, "unknown");
  await later(MINUTE);
  const found = await get(made);
  assert.deepEqual([found.status, (await batchOf(batch.id)).sends], ["sent", 1]);
  await confirmed(made);
});

test("a message that never arrived is sent again as it was, where the bank removes doubles", async () => {
  const made = await office.payout(1_002);
  const batch = await office.batch([made.id]);
  await office.fault("timeout_before", { method: "pain.001" }, { ms: 0 });
  await office.work();
  const before = await batchOf(batch.id);
  assert.deepEqual([(await get(made)).status, before.sends], ["unknown", 1]);
  await later(MINUTE);
  const after = await batchOf(batch.id);
  assert.deepEqual([(await get(made)).status, after.sends], ["sent", 2]);
  assert.equal(after.instruction_sha256, before.instruction_sha256);
  await confirmed(made);
});

test("a process killed between persisting and sending pays once: the next one asks first", async () => {
  const made = await office.payout(1_003);
  const { id } = await office.batch([made.id]);
  const batch = (await batchById(office.deps.cell.db, parseId("pyb", id) as Id)) as Batch;
  const connection = await connectionByName(office.deps.platform.db, CONNECTION);
  assert.ok(connection !== null);
  const instructed = await instruct(office.deps, batch, connection);
  assert.ok(instructed !== null);
  const message = await openInstruction(office.deps, instructed);
  // Killed here; and a second worker that had claimed it too finds that the message is another's.
  assert.equal(await instruct(office.deps, batch, connection), null);
  assert.equal((await get(made)).status, "sent");
  await later(LEASE_MS);
  const now = (await batchById(office.deps.cell.db, batch.id)) as Batch;
  assert.equal(await openInstruction(office.deps, now), message);
  await confirmed(made);
});

test("a bank that has the message refuses it as a double, and nothing is taken for rejected", async () => {
  const made = await office.payout(1_004);
  const { id } = await office.batch([made.id]);
  await office.fault("answer_lost_after_success", { method: "pain.001" });
  await office.work();
  // Asked while its own books lag, the bank says that it never had it.
  const statement = {
    name: "test_bank_forgets",
    text: "update payout_batches set uncertain = false where state = 'instructed' and not bank_has_it",
  };
  await office.deps.cell.transact((tx) => tx.run(statement));
  await later(MINUTE);
  assert.deepEqual([(await batchOf(id)).sends, (await get(made)).status], [2, "unknown"]);
  await confirmed(made);
});

test("where the bank may pay doubles, only two people send a message again", async () => {
  await office.connect(false);
  const made = await office.payout(1_005);
  const { id } = await office.batch([made.id]);
  await office.fault("timeout_before", { method: "pain.001" }, { ms: 0 });
  await office.work();
  await later(MINUTE);
  const waiting = await batchOf(id);
  assert.deepEqual([waiting.needs_people, waiting.sends, await paid(made)], [true, 1, 0]);
  await later(HOUR);
  assert.equal((await batchOf(id)).sends, 1);
  const path = `/v1/ops/payout_batches/${id}/resend`;
  const proposal = await platform.ops("POST", path, { evidence: "The bank's letter of today" });
  assert.equal((await platform.ops("POST", `/v1/ops/approvals/${proposal.body.id}/approve`)).status, 403);
  await office.approved(proposal);
  // Approved twice over, as after a crash, it sends once.
  await office.work();
  await later(MINUTE);
  assert.deepEqual([(await batchOf(id)).sends, (await get(made)).status], [2, "sent"]);
  await confirmed(made);
});

test("what people end on the bank's written no is never sent again", async () => {
  await office.connect(false);
  const made = await office.payout(1_006);
  const { id } = await office.batch([made.id]);
  const path = `/v1/ops/payouts/${made.id}/reject`;
  await office.fault("timeout_before", { method: "pain.001" }, { ms: 0 });
  await office.work();
  const evidence = { evidence: "The bank's letter of today" };
  const early = await platform.ops("POST", path, evidence);
  assert.equal((await office.approve(early.body.id)).status, 409);
  await later(MINUTE);
  assert.equal((await batchOf(id)).needs_people, true);
  const done = await office.approve(early.body.id);
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual([(await get(made)).status, (await batchOf(id)).state], ["rejected", "done"]);
  // Whoever carried it out died before it was noted: the next one finds it done.
  await office.deps.platform.transact((tx) => tx.run(NOT_NOTED, [parseId("apr", early.body.id)]));
  const again = await office.approve(early.body.id);
  assert.deepEqual([again.status, again.body.status], [200, "carried_out"], JSON.stringify(again.body));
  await later(HOUR);
  assert.equal(await paid(made), 0);
  assert.deepEqual(await office.broken(), []);
});

test("account numbers and messages outlive a change of the master key", async () => {
  const [old, next] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)];
  const changing = { ...office.deps, keyring: createKeyring(next, { previous: [old] }) };
  assert.ok((await rewrapBankAccounts(changing)) > 0);
  assert.ok((await rewrapInstructions(changing)) > 0);
  assert.equal((await rewrapBankAccounts(changing)) + (await rewrapInstructions(changing)), 0);
  const after = { ...office.deps, keyring: createKeyring(next) };
  const filter = { payeeId: null, number: "6222020000000000001" };
  const [account] = await findBankAccounts(after, filter, null, 1);
  assert.ok(account !== undefined);
  assert.equal(await openNumber(after.keyring, account), "6222020000000000001");
  const { body } = await platform.ops("GET", "/v1/ops/payout_batches?limit=1");
  const batch = (await batchById(after.cell.db, parseId("pyb", body.data[0].id) as Id)) as Batch;
  assert.match(await openInstruction(after, batch), /6222020000000000001/);
});
