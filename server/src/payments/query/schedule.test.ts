import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import type { Attempt } from "../model.ts";
import { startStory } from "../testing/story.ts";
import { alipay } from "../testing/terms.ts";
import { nextCloseAt, nextQueryAt, nextReversalAt } from "./schedule.ts";
import { type NextStep, nextStep } from "./workers.ts";

const now = new Date("2026-11-20T04:00:00Z");
const scene = (method: string) => {
  const found = alipay.traits.scenes[method];
  assert.ok(found !== undefined);
  return found;
};
const nobody = { watchedUntil: null };

describe("when an open order is asked about", () => {
  const order = { queries: 0, createdAt: now, expiresAt: plus(now, 2 * HOUR) };

  test("a code or page: after 10 s, 30 s, 1, 2, 5 min, and then every 5 min", () => {
    const gaps = [10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE];
    for (const [queries, gap] of gaps.entries()) {
      assert.deepEqual(
        nextQueryAt({ ...order, queries }, nobody, scene("alipay.qr"), now),
        plus(now, gap),
        `${queries}`,
      );
    }
  });

  test("while somebody watches: every 5 s", () => {
    const watched = { watchedUntil: plus(now, SECOND) };
    const at = nextQueryAt({ ...order, queries: 4 }, watched, scene("alipay.qr"), now);
    assert.deepEqual(at, plus(now, 5 * SECOND));
  });

  test("once more just after its expiry, and then hourly", () => {
    const expiresAt = plus(now, MINUTE);
    const last = nextQueryAt({ ...order, queries: 4, expiresAt }, nobody, scene("alipay.qr"), now);
    assert.deepEqual(last, plus(expiresAt, 2 * SECOND));
    const later = plus(expiresAt, 2 * SECOND);
    assert.deepEqual(
      nextQueryAt({ ...order, queries: 4, expiresAt }, nobody, scene("alipay.qr"), later),
      plus(later, HOUR),
    );
  });

  test("a payment code: every 5 s, and at 40 s sharp it is given up", () => {
    const code = scene("alipay.code");
    assert.deepEqual(nextQueryAt(order, nobody, code, now), plus(now, 5 * SECOND));
    const late = plus(now, 37 * SECOND);
    assert.deepEqual(nextQueryAt(order, nobody, code, late), plus(now, 40 * SECOND));
  });
});

test("a reversal is repeated ever more rarely, and for ever", () => {
  const gaps = [0, 1, 2, 6, 7, 1000].map((queries) => nextReversalAt({ queries }, now).getTime() - +now);
  assert.deepEqual(
    gaps,
    [2, 5, 10, 1800, 1800, 1800].map((seconds) => seconds * SECOND),
  );
});

test("a closing is repeated after 2, 5, 10 s of waiting, then up to every 5 min", () => {
  const gapAfter = (waitedMs: number) => nextCloseAt(plus(now, -waitedMs), now).getTime() - now.getTime();
  assert.deepEqual([0, 2 * SECOND, 7 * SECOND, HOUR].map(gapAfter), [
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    5 * MINUTE,
  ]);
});

describe("what a due order needs", () => {
  const qr = startStory().attempt();
  const code = startStory({ method: "alipay.code" }).attempt();
  const later = (attempt: Attempt, ms: number) => plus(attempt.createdAt, ms);
  const cases: readonly [string, Attempt, Date, NextStep][] = [
    ["a code never answered is placed again", qr, later(qr, MINUTE), "place"],
    ["an unknown one too", { ...qr, state: "unknown" }, later(qr, MINUTE), "place"],
    ["a code never answered is not placed after its expiry", qr, qr.expiresAt, "query"],
    ["an open order is asked about", { ...qr, state: "pending" }, later(qr, MINUTE), "query"],
    ["an abandoned one is asked about", { ...qr, state: "abandoned" }, later(qr, MINUTE), "query"],
    [
      "a superfluous one is closed",
      { ...qr, state: "abandoned", closeWanted: true },
      later(qr, MINUTE),
      "close",
    ],
    ["a payment code is never placed again", code, later(code, 15 * SECOND), "query"],
    [
      "a payment code is given up after 40 s",
      { ...code, state: "pending" },
      later(code, 40 * SECOND),
      "give_up",
    ],
    [
      "a given up code is reversed until the channel answers",
      { ...code, state: "reversing" },
      later(code, HOUR),
      "reverse",
    ],
  ];
  for (const [title, attempt, at, step] of cases) {
    test(title, () => assert.equal(nextStep(attempt, scene(attempt.method), at), step));
  }
});
