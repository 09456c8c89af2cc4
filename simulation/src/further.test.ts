import assert from "node:assert/strict";
import { test } from "node:test";
import { layAmbush, seedsInWait, seedsOf, seedsOfStillness } from "./ambush.ts";
import { createChance } from "./chance.ts";
import { EXPECTED } from "./expected.ts";
import { createFurther, type Missing } from "./further.ts";

const LAST = 500;

function firstOf(count: number, seeds: Generator<number, void>): number[] {
  const first: number[] = [];
  for (const seed of seeds) {
    first.push(seed);
    if (first.length === count) break;
  }
  return first;
}

/** What lies in wait in a seed's world, tried out. */
function strikesAt(seed: number) {
  const ambush = layAmbush(seed, createChance(seed));
  // It does not strike each time.
  const often = <T>(strike: () => T | null) =>
    Array.from({ length: 50 }, strike).find((fate) => fate !== null);
  return {
    transaction: (name: string) => often(() => ambush.transaction(name)),
    message: (name: string) => often(() => ambush.message(name)),
  };
}

test("each broken transaction and message that is expected has seeds that lie in wait for it", () => {
  for (const group of ["transactions", "messages"]) {
    const broken = (EXPECTED[group] ?? []).filter((name) =>
      /^(crash|COMMIT|not sent|lost|answer)/.test(name),
    );
    assert.ok(broken.length > 100, group);
    for (const name of broken) {
      const [first, second] = firstOf(2, seedsInWait(name, LAST)) as [number, number];
      assert.ok(first > LAST && second > first, name);
    }
  }
});

test("the world of such a seed is struck at that very point, and at no other", () => {
  const [seed] = firstOf(1, seedsInWait("not sent: unionpay.refund", LAST)) as [number];
  assert.equal(strikesAt(seed).message("unionpay.refund"), "not_sent");
  assert.equal(strikesAt(seed).message("unionpay.void"), undefined);
  const [other] = firstOf(1, seedsInWait("crash after receiving commission", LAST)) as [number];
  assert.equal(strikesAt(other).transaction("receiving commission"), "crash_after_commit");
  assert.equal(strikesAt(other).message("receiving commission"), undefined);
  assert.deepEqual(firstOf(1, seedsInWait("not sent: nothing of the kind", LAST)), []);
});

test("what is missing is looked for in seeds of its own, each once, until none are left", () => {
  const next = createFurther(LAST);
  const missing: Missing[] = [
    { group: "messages", name: "not sent: unionpay.refund" },
    { group: "messages", name: "lost: unionpay.refund" },
    { group: "decisions about shares", name: "…: already_known" },
    { group: "buyers", name: "whatever" },
  ];
  const rounds = [next(missing), next(missing)].flat();
  assert.equal(new Set(rounds).size, 8);
  assert.ok(rounds.every((seed) => seed > LAST));
  const still = firstOf(2, seedsOfStillness(LAST)) as [number, number];
  assert.deepEqual([rounds[2], rounds[6]], still);
  assert.equal(firstOf(1, seedsOf("shares", still[0] - 1))[0], still[0], "its world has shares");
  assert.deepEqual(next([]), []);
  const [unknown] = next([{ group: "transactions", name: "no connection to be had" }]);
  assert.ok(unknown !== undefined && unknown > LAST && !rounds.includes(unknown));
});
