import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { MINUTE, plus, SECOND } from "../kernel/clock.ts";
import {
  afterFailure,
  type DeliveryProgress,
  EVENT_TYPES,
  type Health,
  RETRY_GAPS_MS,
  sendsAllowed,
  settle,
  type TryResult,
} from "./model.ts";

const START = new Date("2026-03-01T08:00:00.000Z");

const fresh: DeliveryProgress = {
  id: "019cb000-0000-7000-8000-000000000001",
  state: "scheduled",
  tries: 0,
  roundFailures: 0,
  dueAt: plus(START, 30 * SECOND),
  lastTriedAt: null,
  lastStatus: null,
  lastError: null,
  lastDurationMs: null,
  deliveredAt: null,
};

function result(startedAt: Date, fault: TryResult["fault"], tookMs = 100): TryResult {
  return {
    deliveryId: fresh.id,
    endpointId: "019cb000-0000-7000-8000-000000000002",
    startedAt,
    endedAt: plus(startedAt, tookMs),
    status: fault === null ? 204 : 500,
    answer: "",
    fault,
    error: fault === null ? null : "answered 500",
  };
}

test("a delivery that keeps failing is tried nine times at the documented gaps, then it is dead", () => {
  let delivery = fresh;
  let at = START;
  const gaps: number[] = [];
  for (let tries = 1; delivery.state === "scheduled"; tries += 1) {
    delivery = settle(delivery, result(at, "status")) ?? delivery;
    assert.equal(delivery.tries, tries);
    if (delivery.dueAt !== null) {
      gaps.push(delivery.dueAt.getTime() - at.getTime() - 100);
      at = delivery.dueAt;
    }
  }
  assert.deepEqual(gaps, [...RETRY_GAPS_MS]);
  assert.deepEqual(
    gaps.map((ms) => ms / SECOND),
    [5, 120, 600, 900, 3_600, 7_200, 21_600, 54_000],
  );
  assert.equal(delivery.state, "dead");
  assert.equal(delivery.tries, 9);
});

test("a delivery to an endpoint that was disabled is dead without a try", () => {
  const dead = settle(fresh, { ...result(START, "endpoint_disabled"), status: null });
  assert.equal(dead?.state, "dead");
  assert.equal(dead?.tries, 0);
});

test("in whatever order tries end, what arrived stays delivered and what has not ended is due", () => {
  const steps = fc.array(fc.record({ offsetMs: fc.integer({ min: 0, max: 5 }), delivered: fc.boolean() }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, (tries) => {
      let delivery = fresh;
      let arrived = false;
      for (const { offsetMs, delivered } of tries) {
        const tried = result(plus(START, offsetMs), delivered ? null : "status");
        const next = settle(delivery, tried);
        // The same result again is known.
        if (next !== null) assert.equal(settle(next, tried), null);
        delivery = next ?? delivery;
        arrived ||= delivery.state === "delivered";
        assert.equal(delivery.state === "scheduled", delivery.dueAt !== null);
        if (arrived) assert.equal(delivery.state, "delivered");
        if (arrived) assert.notEqual(delivery.deliveredAt, null);
      }
    }),
  );
});

function failing(times: number): Health {
  let health: Health | null = null;
  let at = START;
  for (let count = 0; count < times; count += 1) {
    health = afterFailure(health, { startedAt: at, endedAt: plus(at, 10) });
    at = plus(at, 2 * MINUTE);
  }
  return health as Health;
}

test("an endpoint is paused from its third failure in a row, 5 s at first, a minute at most", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 40].map((times) => {
    const { pausedUntil, failedAt } = failing(times);
    return pausedUntil === null ? 0 : (pausedUntil.getTime() - failedAt.getTime()) / SECOND;
  });
  assert.deepEqual(pauses, [0, 0, 5, 10, 20, 40, 60, 60, 60]);
});

test("sixteen tries that fail side by side count as one failure", () => {
  let health: Health | null = null;
  for (let count = 0; count < 16; count += 1) {
    health = afterFailure(health, { startedAt: START, endedAt: plus(START, 10 * SECOND + count) });
  }
  assert.equal(health?.failures, 1);
});

test("a paused endpoint gets nothing, then one delivery at a time until one arrives", () => {
  const health = failing(3);
  const until = health.pausedUntil as Date;
  assert.equal(sendsAllowed(health, plus(until, -1)), 0);
  assert.equal(sendsAllowed(health, until), 1);
  assert.equal(sendsAllowed(failing(2), until), 16);
  assert.equal(sendsAllowed(null, until), 16);
});

test("the documentation lists every type of event with what it says", () => {
  const document = readFileSync(new URL("../../../docs/webhooks.md", import.meta.url), "utf8");
  const rows = [...document.matchAll(/^\| `(.+?)` \| (.+?) \|$/gm)].map(([, type, says]) => [type, says]);
  assert.deepEqual(
    rows,
    Object.entries(EVENT_TYPES).map(([type, { says }]) => [type, says]),
  );
});
