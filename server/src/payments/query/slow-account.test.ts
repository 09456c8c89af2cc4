import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createMovableClock } from "../../../../tools/testing/clock.ts";
import { createTestDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { DAY, plus, systemRandom } from "../../kernel/clock.ts";
import { type Cell, type Database, openDatabase } from "../../kernel/database.ts";
import { createIdMaker, type Id } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import type { Calls } from "../attempt/calls.ts";
import { createPayments } from "../payment/create.ts";
import { startStory } from "../testing/story.ts";
import { startWorkers, type WorkersDeps } from "./workers.ts";

const SLOW: Id = "01990000-0000-7000-8000-00000000000a";
const QUICK: Id = "01990000-0000-7000-8000-00000000000b";
const PLACES = 2;
const clock = createMovableClock();
const newId = createIdMaker({ clock, random: systemRandom }, 0);

let database: TestDatabase;
let opened: Database;
before(async () => {
  database = await createTestDatabase();
  const pools = { schema: "cell_0", readersMax: 2, writersMax: 2 };
  opened = openDatabase({ url: database.url, ...pools, log: silentLog() });
});
after(async () => {
  await opened.close();
  await database.drop();
});

/** An order of an account that is due since `agoMs`. */
async function due(channelAccountId: Id, agoMs: number): Promise<void> {
  const story = startStory();
  const dueAt = new Date(clock.now().getTime() - agoMs);
  const [paymentId, attemptId] = [newId(), newId()];
  const payment = {
    ...story.box.payment,
    id: paymentId,
    merchantOrderNo: paymentId,
    liveAttemptId: attemptId,
  };
  const attempt = {
    ...story.attempt(),
    id: attemptId,
    paymentId,
    channelAccountId,
    channelOrderNo: attemptId,
    dueAt,
  };
  await opened.transact((tx) =>
    createPayments(tx, [{ payment: { ...payment, dueAt: plus(clock.now(), DAY) }, attempt, code: null }]),
  );
}

test("an account whose channel is silent holds up none of another's, however much of it is due", async () => {
  for (let index = 0; index < 80; index += 1) await due(SLOW, 60_000);
  await due(QUICK, 1_000);

  const events: string[] = [];
  const ends: (() => void)[] = [];
  const scene = { reverseAfterMs: null, afterCrash: "query_then_cancel" };
  const calls: Pick<Calls, "query"> = {
    query: async ({ channelAccountId }) => {
      events.push(channelAccountId === SLOW ? "slow" : "quick");
      if (channelAccountId === SLOW) await new Promise<void>((end) => ends.push(end));
      return {} as Awaited<ReturnType<Calls["query"]>>;
    },
  };
  const workers = startWorkers({
    cell: { ...opened, clock, newId } as unknown as Cell,
    channels: {
      channel: () => ({ traits: { scenes: new Proxy({}, { get: () => scene }) } }),
      account: async (id: Id) => ({ id, callsInFlightMax: PLACES }),
    } as unknown as WorkersDeps["channels"],
    door: {} as WorkersDeps["door"],
    calls: calls as Calls,
    payments: {} as WorkersDeps["payments"],
    isHeldBack: async () => false,
    log: silentLog(),
  });
  const slowCalls = () => events.filter((event) => event === "slow").length;
  while (!events.includes("quick") || slowCalls() < PLACES) {
    workers.nudge();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(slowCalls(), PLACES);
  assert.ok(workers.gauges.attempts.inFlight < 80, "every row of the slow account was claimed");

  // Its own go on as it answers, without waiting for a lease to end.
  const stopping = workers.stop();
  while (ends.length > 0 || workers.gauges.attempts.inFlight > 0) {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await stopping;
  assert.ok(slowCalls() > PLACES);
});
