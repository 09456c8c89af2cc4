import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import type { Channels } from "../channels/index.ts";
import { SECOND, systemRandom } from "../kernel/clock.ts";
import { type Database, openDatabase } from "../kernel/database.ts";
import { createIdMaker } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { openPlatform, type Platform } from "../kernel/revision.ts";
import type { Merchants } from "../merchants/index.ts";
import type { Operators } from "../operators/index.ts";
import { FAILURES_IN_A_ROW_MAX } from "./health/breaker.ts";
import { createRouting, type Decision, type Routing } from "./service.ts";
import { anAccount, anOrder } from "./testing/world.ts";

const CROWD = 10;
const clock = createMovableClock();
const [broken, other] = [anAccount(1), anAccount(2)];

let database: TestDatabase;
let platform: Platform & { close(): Promise<void> };
let cell: Database;
let routing: Routing;
before(async () => {
  database = await createTestDatabase();
  const pools = { readersMax: 1, writersMax: 1, log: silentLog() };
  platform = openPlatform({ url: database.url, ...pools }, clock);
  cell = openDatabase({ url: database.url, schema: "cell_0", ...pools });
  const newId = createIdMaker({ clock, random: systemRandom }, 0);
  // One merchant's accounts, of channels without a word of their own.
  const channels: Pick<Channels, "account" | "accountsOfMerchant" | "all" | "channel"> = {
    account: () => Promise.resolve(null),
    accountsOfMerchant: async () => accounts,
    all: [],
    channel: () => null,
  };
  routing = createRouting({
    platform,
    cell: { ...cell, cell: 0, clock, random: systemRandom, newId },
    channels,
    merchants: { get: () => Promise.resolve(null) } satisfies Pick<Merchants, "get">,
    // Nobody changes a rule here.
    operators: {} as Operators,
    fees: { schedulesOf: () => Promise.resolve([]) },
    newId,
    log: silentLog(),
    paidOrders: () => Promise.resolve([]),
  });
});
after(async () => {
  await Promise.all([platform.close(), cell.close()]);
  await database.drop();
});
const accounts = [broken, other];

/** So many orders at the same instant; the first choice of each. */
async function decideAtOnce(): Promise<readonly { readonly decision: Decision; readonly first: string }[]> {
  const decided = await Promise.all(
    Array.from({ length: CROWD }, () => routing.decide(anOrder({ at: clock.now() }))),
  );
  return decided.map((decision) => {
    assert.ok(!("refused" in decision));
    return { decision, first: decision.choices[0]?.account.id ?? assert.fail() };
  });
}

test("of many orders decided at once one is the probe, and it can be given up for another", async () => {
  for (let call = 0; call < FAILURES_IN_A_ROW_MAX; call += 1) {
    const time = clock.now().getTime() + call;
    routing.health.call(broken.id, "qr", { failed: true, startedAt: time, endedAt: time });
  }
  clock.advance(20 * SECOND);
  const crowd = await decideAtOnce();
  const probes = crowd.filter(({ first }) => first === broken.id);
  assert.equal(probes.length, 1);
  assert.equal((await decideAtOnce()).filter(({ first }) => first === broken.id).length, 0);
  for (const { decision } of crowd) routing.giveUp(decision);
  assert.equal((await decideAtOnce()).filter(({ first }) => first === broken.id).length, 1);
});
