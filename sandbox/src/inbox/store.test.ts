import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Pool } from "pg";
import { createEmptyDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { type InboxStore, memoryInboxStore, postgresInboxStore } from "./index.ts";
import type { DeliveryQuery, NewDelivery } from "./model.ts";
import { LIMITS } from "./model.ts";

const ALL: DeliveryQuery = {
  shop: null,
  verified: null,
  type: null,
  webhookId: null,
  before: null,
  limit: 100,
};

function delivery(shop: string, changes: Partial<NewDelivery> = {}): NewDelivery {
  return {
    shop,
    receivedAt: new Date("2026-03-04T12:00:00.123Z"),
    webhookId: "evt_1",
    type: "payment.succeeded",
    refusal: null,
    headers: { "webhook-id": "evt_1" },
    body: '{"type":"payment.succeeded"}',
    answered: 204,
    ...changes,
  };
}

const REFUSAL = { code: "bad_signature", message: "forged" } as const;

describe("the memory that keeps an inbox", () => keepsAnInbox(async () => memoryInboxStore()));

describe("the tables that keep an inbox", () => {
  let database: TestDatabase;
  let pool: Pool;

  before(async () => {
    database = await createEmptyDatabase();
    pool = new Pool({ connectionString: database.url });
    // Dropping the database cuts what the pool has not closed yet.
    pool.on("error", () => {});
  });

  after(async () => {
    await pool.end();
    await database.drop();
  });

  keepsAnInbox(async () => {
    const store = postgresInboxStore(pool);
    await store.prepare();
    return store;
  });

  test("what was kept is there for the next process, whose start changes nothing", async () => {
    const first = postgresInboxStore(pool);
    await first.setSecrets("outlives", ["whsec_a"]);
    await first.setBehaviour("outlives", { status: 500, delayMs: 0, body: "", timesLeft: 2 });
    await first.add(delivery("outlives"));
    const next = postgresInboxStore(pool);
    await next.prepare();
    assert.deepEqual(await next.secrets("outlives"), ["whsec_a"]);
    assert.equal((await next.takeBehaviour("outlives"))?.timesLeft, 1);
    assert.equal((await next.list({ ...ALL, shop: "outlives" })).length, 1);
  });
});

function keepsAnInbox(open: () => Promise<InboxStore>): void {
  test("a delivery is read as it was kept, strange characters included", async () => {
    const store = await open();
    const kept = delivery("strange", {
      body: "\u0000 茶 \u{1f375}",
      headers: { "user-agent": "\"quotes\" and 'more'" },
    });
    const number = await store.add(kept);
    assert.deepEqual(await store.list({ ...ALL, shop: "strange" }), [{ ...kept, number, repeat: false }]);
  });

  test("repeats are counted per shop and among what was believed", async () => {
    const store = await open();
    await store.add(delivery("one", { refusal: REFUSAL, answered: 401 }));
    await store.add(delivery("two"));
    await store.add(delivery("one"));
    await store.add(delivery("one"));
    const listed = await store.list({ ...ALL, shop: "one" });
    assert.deepEqual(
      listed.map((one) => [one.refusal?.code ?? null, one.repeat]),
      [
        [null, true],
        [null, false],
        ["bad_signature", false],
      ],
    );
  });

  test("lists by verdict, type, message and page", async () => {
    const store = await open();
    const shop = "listed";
    const first = await store.add(delivery(shop, { webhookId: "a", type: "refund.succeeded" }));
    await store.add(delivery(shop, { webhookId: "b", refusal: REFUSAL }));
    const last = await store.add(delivery(shop, { webhookId: null, type: null }));
    const numbers = async (query: Partial<DeliveryQuery>) =>
      (await store.list({ ...ALL, shop, ...query })).map((one) => one.number);
    assert.deepEqual(await numbers({ verified: true }), [last, first]);
    assert.deepEqual((await numbers({ verified: false })).length, 1);
    assert.deepEqual(await numbers({ type: "refund.succeeded" }), [first]);
    assert.deepEqual(await numbers({ webhookId: "a" }), [first]);
    assert.deepEqual(await numbers({ before: last, limit: 1, verified: true }), [first]);
  });

  test("a behaviour for a few deliveries is used that often, however many arrive at once", async () => {
    const store = await open();
    await store.setBehaviour("busy", { status: 503, delayMs: 10, body: "later", timesLeft: 3 });
    const taken = await Promise.all(Array.from({ length: 8 }, () => store.takeBehaviour("busy")));
    assert.equal(taken.filter((behaviour) => behaviour !== null).length, 3);
    const [shop] = (await store.shops()).filter(({ name }) => name === "busy");
    assert.equal(shop?.behaviour, null);
    await store.setBehaviour("busy", { status: 500, delayMs: 0, body: "", timesLeft: null });
    for (let n = 0; n < 5; n += 1) assert.equal((await store.takeBehaviour("busy"))?.status, 500);
  });

  test("an answer given late is noted, and clearing forgets deliveries only", async () => {
    const store = await open();
    const number = await store.add(delivery("late", { answered: null }));
    assert.equal((await store.list({ ...ALL, shop: "late" }))[0]?.answered, null);
    await store.setAnswered(number, 200);
    assert.equal((await store.list({ ...ALL, shop: "late" }))[0]?.answered, 200);
    await store.setSecrets("late", ["whsec_b"]);
    await store.clear("late");
    assert.deepEqual(await store.list({ ...ALL, shop: "late" }), []);
    assert.deepEqual(await store.secrets("late"), ["whsec_b"]);
  });

  test("keeps no more than the limit of a shop, and nothing of another is lost for it", async () => {
    const store = await open();
    const quiet = await store.add(delivery("quiet"));
    const more = LIMITS.deliveriesKeptPerShop + 300;
    for (let n = 0; n < more; n += 100) {
      await Promise.all(Array.from({ length: 100 }, () => store.add(delivery("loud"))));
    }
    const [shop] = (await store.shops()).filter(({ name }) => name === "loud");
    assert.ok(shop!.deliveries >= LIMITS.deliveriesKeptPerShop);
    assert.ok(shop!.deliveries <= LIMITS.deliveriesKeptPerShop + 200, `${shop!.deliveries} kept`);
    assert.equal((await store.list({ ...ALL, shop: "quiet" }))[0]?.number, quiet);
  });
}
