import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const BATCH_MAX = 256;

/** A value of the creations' batcher, as /metrics tells it. */
async function creations(metric: string): Promise<number> {
  const { body } = await platform.app.http.inject({ method: "GET", url: "/metrics" });
  return Number(new RegExp(`^${metric}\\{batcher="creations"\\} (\\d+)$`, "m").exec(body)?.[1]);
}

async function until(metric: string, enough: number): Promise<void> {
  while ((await creations(metric)) < enough) await new Promise((resolve) => setImmediate(resolve));
}

/** A creation without a socket: quick enough to fill a queue while the database gives up no lock. */
function create(number: number) {
  return platform.app.http.inject({
    method: "POST",
    url: "/v1/payments",
    headers: { authorization: `Bearer ${platform.demo.secret_key}` },
    payload: { merchant_order_no: `overload-${number}`, amount: 1, currency: "CNY", subject: "Tea" },
  });
}

test("creations that would wait too long are refused before anything happened", async () => {
  const blocker = new pg.Client({ connectionString: platform.databaseUrl });
  await blocker.connect();
  const batches = await creations("tributary_batches");
  await blocker.query("begin");
  // Nothing is written while this lasts, and everything can be read.
  await blocker.query("lock table cell_0.payments in share row exclusive mode");
  const accepted = [create(0)];
  await until("tributary_batches", batches + 1);
  for (let number = 1; number <= BATCH_MAX; number += 1) accepted.push(create(number));
  await until("tributary_batch_queue", BATCH_MAX);
  platform.clock.advance(10_000);

  const last = { merchant_order_no: "overload-last" };
  const refused = await platform.pay(last);
  assert.deepEqual([refused.status, refused.body.code], [503, "overloaded"]);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await platform.api("GET", "/v1/payments?limit=1")).status, 200, "readers are kept out");

  await blocker.query("rollback");
  await blocker.end();
  for (const { statusCode } of await Promise.all(accepted)) assert.equal(statusCode, 201);
  const listed = await platform.api("GET", "/v1/payments?number=overload-last");
  assert.deepEqual(listed.body.data, [], "the refused one left something behind");
  assert.equal((await platform.pay(last)).status, 201, "it did not recover by itself");
});
