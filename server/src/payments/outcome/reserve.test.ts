import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { type Database, openDatabase } from "../../kernel/database.ts";
import { silentLog } from "../../kernel/log.ts";
import type { Demand } from "../../routing/index.ts";
import type { Attempt } from "../model.ts";
import { startStory } from "../testing/story.ts";
import { reserveAttempts } from "./reserve.ts";

const COOL_DOWN_MS = 60 * SECOND;

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

/** Reserves for the attempts in one transaction, and keeps those that `added` names; which were reserved. */
async function reserve(attempts: readonly Attempt[], added: readonly Attempt[]): Promise<readonly boolean[]> {
  const commands = attempts.map((attempt) => {
    const { paymentId, merchantId, channelAccountId } = attempt;
    const choices = [{ attempt, demands: [restOf(attempt)] }];
    return { kind: "new_attempt", attempt, choices, paymentId, merchantId, channelAccountId } as const;
  });
  return cell.transact(async (tx) => {
    const reserving = await reserveAttempts(tx, commands, new Map());
    const reserved = commands.map((command) => reserving.reserved(command) !== null);
    await reserving.write(new Map(added.map((attempt) => [attempt.id, attempt])));
    return reserved;
  });
}

function restOf({ channelAccountId }: Attempt): Demand {
  const limits = { amountMax: null, countMax: null, coolDownMs: COOL_DOWN_MS };
  return { channelAccountId, period: "cool_down", startsOn: "2000-01-01", ...limits };
}

test("an attempt refused after its reservation lets its account rest no longer", async () => {
  const attempt = startStory().attempt();
  const at = (ms: number): Attempt => ({
    ...attempt,
    id: `${attempt.id.slice(0, -5)}${String(10_000 + ms / SECOND)}`,
    createdAt: plus(attempt.createdAt, ms),
  });
  const [refused, first, tooEarly, late, last] = [
    at(0),
    at(SECOND),
    at(30 * SECOND),
    at(61 * SECOND),
    at(62 * SECOND),
  ];
  assert.deepEqual(await reserve([refused], []), [true]);
  assert.deepEqual(await reserve([first], [first]), [true]);
  assert.deepEqual(await reserve([tooEarly], [tooEarly]), [false]);
  // The order of before is what counts again, not none.
  assert.deepEqual(await reserve([late], []), [true]);
  assert.deepEqual(await reserve([tooEarly], []), [false]);
  assert.deepEqual(await reserve([last], [last]), [true]);
});
