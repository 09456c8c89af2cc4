import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemRandom } from "./clock.ts";
import { createHttp, type Http } from "./http.ts";
import { silentLog } from "./log.ts";

let http: Http;
let url = "";
let held: PromiseWithResolvers<void>[] = [];
let isBehind = false;

const IN_FLIGHT_MAX = 8;

before(async () => {
  http = await createHttp({
    log: silentLog(),
    random: systemRandom,
    version: "1",
    publicUrl: "/",
    trustProxy: false,
    requestsInFlightMax: IN_FLIGHT_MAX,
    isBehind: () => isBehind,
  });
  const hold = async () => {
    const gate = Promise.withResolvers<void>();
    held.push(gate);
    await gate.promise;
    return { ok: true };
  };
  http.post("/notify/held", hold);
  http.get("/pay/:token/events", hold);
  for (const path of ["/health", "/ready", "/metrics"]) http.get(path, () => ({ ok: true }));
  for (const path of ["/v1/payments", "/v1/payments/:id/refunds", "/notify/alipay/x"]) {
    http.post(path, () => ({ ok: true }));
  }
  url = await http.listen({ host: "127.0.0.1", port: 0 });
});
after(() => http.close());

/** Keeps exactly `count` requests waiting for their answers. */
async function keepWaiting(
  count: number,
  during: () => Promise<void>,
  [method, path]: readonly [string, string] = ["POST", "/notify/held"],
): Promise<void> {
  const waiting = Array.from({ length: count }, () => fetch(url + path, { method }));
  while (held.length < count) await new Promise((resolve) => setImmediate(resolve));
  try {
    await during();
  } finally {
    for (const gate of held) gate.resolve();
    held = [];
    for (const answer of await Promise.all(waiting)) await answer.text();
  }
}

async function statusOf(method: string, path: string): Promise<number> {
  const answer = await fetch(url + path, { method });
  const text = await answer.text();
  if (answer.status !== 503) return answer.status;
  assert.equal((JSON.parse(text) as { code: string }).code, "overloaded");
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  return 503;
}

describe("with many pages that wait to be told of changes", () => {
  it("nobody is refused for them", () =>
    keepWaiting(2 * IN_FLIGHT_MAX, async () => assert.equal(await statusOf("POST", "/v1/payments"), 200), [
      "GET",
      "/pay/any-token/events",
    ]));
});

describe("with more requests under way than there is room for", () => {
  const statuses = async () => ({
    creation: await statusOf("POST", "/v1/payments"),
    refund: await statusOf("POST", "/v1/payments/1/refunds"),
    notification: await statusOf("POST", "/notify/alipay/x"),
    health: await statusOf("GET", "/health"),
  });
  const cases = [
    { waiting: 3, creation: 200, refund: 200, notification: 200 },
    { waiting: 4, creation: 503, refund: 200, notification: 200 },
    { waiting: 6, creation: 503, refund: 503, notification: 200 },
    { waiting: 8, creation: 503, refund: 503, notification: 503 },
  ];
  for (const { waiting, ...expected } of cases) {
    it(`${waiting} of ${IN_FLIGHT_MAX} taken: creations are refused first, notifications last`, async () => {
      await keepWaiting(waiting, async () => {
        assert.deepEqual(await statuses(), { ...expected, health: 200 });
      });
      assert.equal(await statusOf("POST", "/v1/payments"), 200, "it did not recover by itself");
    });
  }

  it("creations alone are refused, unread, while what is behind the requests is late", async () => {
    isBehind = true;
    try {
      assert.deepEqual(await statuses(), { creation: 503, refund: 200, notification: 200, health: 200 });
    } finally {
      isBehind = false;
    }
    assert.equal(await statusOf("POST", "/v1/payments"), 200);
  });
});
