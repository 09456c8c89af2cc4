import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { plus } from "../kernel/clock.ts";
import { estimatedRunEnd, type Measured } from "./estimate.ts";
import type { Step, StepWork } from "./model.ts";

const NOW = new Date("2031-05-06T16:10:00Z");
const work = async () => ({ end: "done", detail: "", result: {} }) as const;
/** Two that go on side by side after the extract, and one after both. */
const WORKS: readonly StepWork[] = [
  { name: "extract", title: "", work },
  { name: "settle", title: "", work, after: ["extract"] },
  { name: "bills", title: "", work, after: ["extract"] },
  { name: "report", title: "", work, after: ["settle", "bills"] },
];
/** A day of 100 movements: 10 s, then 20 s beside 40 s, then 1 s. */
const MEASURED: readonly Measured[] = [
  { name: "extract", unitsDone: 100n, unitsWorked: 100n, workedMs: 10_000n },
  { name: "settle", unitsDone: 10n, unitsWorked: 10n, workedMs: 20_000n },
  { name: "bills", unitsDone: 20n, unitsWorked: 20n, workedMs: 40_000n },
  { name: "report", unitsDone: 0n, unitsWorked: 0n, workedMs: 1_000n },
];

function stepsOf(states: Readonly<Record<string, Partial<Step>>>): Step[] {
  return WORKS.map(({ name }, index) => ({
    runId: "01900000-0000-7000-8000-000000000000",
    place: index + 1,
    name,
    state: "expected",
    unitsDone: 0n,
    unitsLeft: null,
    detail: null,
    result: null,
    tries: 0,
    failedSince: null,
    workedMs: null,
    unitsWorked: 0n,
    toldAt: null,
    beganAt: null,
    endedAt: null,
    ...states[name],
  }));
}

/** Seconds from now; null: no estimate. */
function secondsLeft(states: Parameters<typeof stepsOf>[0], measured = MEASURED): number | null {
  const end = estimatedRunEnd(WORKS, stepsOf(states), measured, NOW);
  return end === null ? null : (end.getTime() - NOW.getTime()) / 1_000;
}

const began = { state: "running", beganAt: NOW, toldAt: NOW, unitsDone: 0n } as const;
const workedOn = (unitsWorked: bigint, workedMs: bigint) => ({ unitsWorked, workedMs });

describe("the estimate of a run", () => {
  it("is the longest way through its steps, each as it took on days before by the day's size", () => {
    assert.equal(secondsLeft({ extract: { ...began, unitsLeft: 100n } }), 10 + 40 + 1);
    assert.equal(secondsLeft({ extract: { ...began, unitsLeft: 300n } }), 30 + 120 + 3);
  });

  it("goes by a step's own size and pace once these are known", () => {
    const extract = { state: "done", unitsDone: 100n, unitsLeft: 0n } as const;
    assert.equal(secondsLeft({ extract, bills: { ...began, unitsLeft: 5n } }), 20 + 1);
    const half = { ...began, ...workedOn(10n, 30_000n), unitsDone: 10n, unitsLeft: 10n };
    assert.equal(secondsLeft({ extract, settle: { state: "done" }, bills: half }), 30 + 1);
  });

  it("is by the middle of several days", () => {
    const slow = MEASURED.map((one) => ({ ...one, workedMs: one.workedMs * 50n }));
    const quick = MEASURED.map((one) => ({ ...one, workedMs: one.workedMs / 10n }));
    const extract = { ...began, unitsLeft: 100n };
    assert.equal(secondsLeft({ extract }, [...slow, ...MEASURED, ...quick]), 51);
  });

  it("is by what all tries worked on, where one waited half-way or began anew", () => {
    const extract = { state: "done", unitsDone: 100n, unitsLeft: 0n } as const;
    // A night of waits lies between its beginning and now.
    const waited = { ...began, beganAt: plus(NOW, -36_000_000), unitsDone: 10n, unitsLeft: 10n };
    const resumed = { ...waited, ...workedOn(10n, 30_000n) };
    assert.equal(secondsLeft({ extract, settle: { state: "done" }, bills: resumed }), 30 + 1);
    const told = { ...resumed, toldAt: plus(NOW, -5_000) };
    assert.equal(secondsLeft({ extract, settle: { state: "done" }, bills: told }), 25 + 1);
    const silent = {
      ...waited,
      unitsDone: 0n,
      unitsLeft: null,
      workedMs: 15_000n,
      toldAt: plus(NOW, -5_000),
    };
    assert.equal(secondsLeft({ extract, settle: { state: "done" }, bills: silent }), 20 + 1);
    const anew = MEASURED.map((one) => ({
      ...one,
      unitsWorked: one.unitsWorked * 3n,
      workedMs: one.unitsWorked > 0n ? one.workedMs * 3n : one.workedMs,
    }));
    assert.equal(secondsLeft({ extract: { ...began, unitsLeft: 100n } }, anew), 10 + 40 + 1);
  });

  it("is none without a basis: a first day, a size not known yet, a step not measured", () => {
    const extract = { ...began, unitsLeft: 100n };
    assert.equal(secondsLeft({ extract }, []), null);
    assert.equal(secondsLeft({}), null);
    assert.equal(
      secondsLeft(
        { extract },
        MEASURED.filter(({ name }) => name !== "bills"),
      ),
      null,
    );
  });

  it("is none while a step waits or fails", () => {
    const extract = { state: "done", unitsDone: 100n, unitsLeft: 0n } as const;
    for (const state of ["waiting", "failed"] as const) {
      assert.equal(secondsLeft({ extract, settle: { state } }), null);
    }
  });
});
