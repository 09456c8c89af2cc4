import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SECOND } from "../../kernel/clock.ts";
import {
  afterCall,
  type Breaker,
  BURST_CALLS_MIN,
  BURST_MS,
  breakerAt,
  closed,
  FAILURES_IN_A_ROW_MAX,
  mayProbe,
  OPEN_MS,
  OPEN_MS_MAX,
  PROBE_MS,
  PROBES_TO_CLOSE,
  probed,
} from "./breaker.ts";

const NOW = 1_000_000;

/** Calls that end at these times, one after the other; each began when it ended unless told. */
function ends(breaker: Breaker, ...calls: [at: number, failed: boolean][]): Breaker {
  return calls.reduce(
    (state, [at, failed]) => afterCall(state, { failed, startedAt: at, endedAt: at }),
    breaker,
  );
}

const failures = (count: number, gapMs: number, from = NOW): [number, boolean][] =>
  Array.from({ length: count }, (_, index) => [from + index * gapMs, true]);

const opened = () => ends(closed(), ...failures(FAILURES_IN_A_ROW_MAX, 10 * SECOND));
const openedAt = NOW + (FAILURES_IN_A_ROW_MAX - 1) * 10 * SECOND;

describe("a closed breaker", () => {
  test("opens after 20 failed calls in a row, however slow", () => {
    assert.equal(ends(closed(), ...failures(19, 10 * SECOND)).state, "closed");
    assert.equal(opened().state, "open");
  });
  test("starts to count again after a success", () => {
    const almost = ends(closed(), ...failures(19, 10 * SECOND), [NOW + 200 * SECOND, false]);
    assert.equal(ends(almost, ...failures(19, 10 * SECOND, NOW + 300 * SECOND)).state, "closed");
  });
  test("opens when all of 5 calls that ended within 2 s failed", () => {
    assert.equal(ends(closed(), ...failures(BURST_CALLS_MIN - 1, 100)).state, "closed");
    assert.equal(ends(closed(), ...failures(BURST_CALLS_MIN, 100)).state, "open");
  });
  test("stays closed when the five took longer than 2 s", () => {
    assert.equal(
      ends(closed(), ...failures(BURST_CALLS_MIN, BURST_MS / (BURST_CALLS_MIN - 1))).state,
      "closed",
    );
  });
  test("stays closed when one of those that ended within 2 s succeeded", () => {
    const one = ends(closed(), [NOW, false]);
    assert.equal(ends(one, ...failures(10, 100, NOW + 100)).state, "closed");
    assert.equal(ends(one, ...failures(5, 100, NOW + BURST_MS)).state, "open");
  });
});

describe("an open breaker", () => {
  test("hears nothing until its time is over, then lets one probe through at a time", () => {
    const open = ends(opened(), [openedAt + 1, false]);
    assert.equal(breakerAt(open, openedAt + OPEN_MS - 1).state, "open");
    const half = breakerAt(open, openedAt + OPEN_MS);
    assert.equal(half.state, "half_open");
    assert.ok(mayProbe(half, openedAt + OPEN_MS));
    const probing = probed(half, openedAt + OPEN_MS);
    assert.ok(!mayProbe(probing, openedAt + OPEN_MS + PROBE_MS - 1));
    assert.ok(mayProbe(probing, openedAt + OPEN_MS + PROBE_MS));
  });
  test("closes after three probes that succeed", () => {
    let state: Breaker = opened();
    for (let probe = 0; probe < PROBES_TO_CLOSE; probe += 1) {
      assert.notEqual(state.state, "closed");
      state = ends(state, [openedAt + OPEN_MS + probe, false]);
    }
    assert.equal(state.state, "closed");
  });
  test("opens for twice as long when a probe fails, up to a bound", () => {
    let [state, at, openMs] = [opened(), openedAt, OPEN_MS];
    for (let round = 0; round < 8; round += 1) {
      at += openMs;
      state = ends(state, [at, true]);
      openMs = Math.min(openMs * 2, OPEN_MS_MAX);
      assert.deepEqual(state, { state: "open", since: at, until: at + openMs, openMs });
    }
    assert.equal(openMs, OPEN_MS_MAX);
  });
  test("is told nothing by a call that began before it let probes through", () => {
    const half = breakerAt(opened(), openedAt + OPEN_MS);
    const late = { failed: true, startedAt: openedAt - 1, endedAt: openedAt + OPEN_MS + 1 };
    assert.deepEqual(afterCall(half, late), half);
  });
});
