import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { type Database, openDatabase } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import { insertDisputes } from "../dispute/store.ts";
import { createPayments } from "../payment/create.ts";
import { insertRefunds } from "../refund/store.ts";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";
import { claimAttempts, claimDisputes, claimPayments, claimRefunds } from "./store.ts";

const LEASE_MS = 30 * SECOND;
const LIMIT = 10;
const NOBODYS: Id = "00000000-0000-7000-8000-000000000000";

let database: TestDatabase;
let cell: Database;
before(async () => {
  database = await createTestDatabase();
  const pools = { schema: "cell_0", readersMax: 1, writersMax: 2 };
  cell = openDatabase({ url: database.url, ...pools, log: silentLog() });
});
after(async () => {
  await cell.close();
  await database.drop();
});

/** One payment with its attempt, a refund and a dispute, all of them due at the same moment. */
async function due(): Promise<{ now: Date; account: Id }> {
  const story = startStory();
  const { payment } = story.box;
  const attempt = story.attempt();
  story.trade("query", story.paid());
  const refund = story.refund(story.ask(100n).id);
  story.disputeReport({
    outcome: "opened",
    channelDisputeNo: "dp_1",
    amount: 100n,
    fee: 0n,
    currency: "CNY",
    openedDate: CHANNEL_DATE,
    reason: "general",
    respondBy: null,
  });
  const disputes = [...story.box.disputes.values()];
  const dueAt = story.now();
  await cell.transact(async (tx) => {
    await createPayments(tx, [
      { payment: { ...payment, dueAt }, attempt: { ...attempt, dueAt }, code: null },
    ]);
    await insertRefunds(tx, [{ ...refund, dueAt }]);
    await insertDisputes(
      tx,
      disputes.map((dispute) => ({ ...dispute, dueAt })),
    );
  });
  return { now: dueAt, account: attempt.channelAccountId };
}

test("a claimed row is nobody else's until its lease ends, and then anybody's", async () => {
  const { now, account } = await due();
  for (const claim of [claimAttempts, claimPayments, claimRefunds, claimDisputes]) {
    const at = async (moment: Date, except: readonly Id[] = []) =>
      (
        await cell.transact<readonly unknown[]>((tx) =>
          claim(tx, moment, plus(moment, LEASE_MS), { limit: LIMIT, except }),
        )
      ).length;
    assert.equal(await at(now, [account]), 0, claim.name);
    assert.deepEqual([await at(now, [NOBODYS]), await at(now)], [1, 0], claim.name);
    assert.equal(await at(plus(now, LEASE_MS - 1)), 0, claim.name);
    assert.equal(await at(plus(now, LEASE_MS)), 1, claim.name);
  }
});
