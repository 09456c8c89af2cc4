import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { createLoopDelay } from "./loop-delay.ts";

describe("the delay of the event loop", () => {
  it("is what a turn takes beyond the next tick, and nothing before it is watched", () => {
    const clock = createMovableClock();
    let tick = () => {};
    let ticks = 0;
    const after = (_: number, run: () => void) => {
      ticks += 1;
      tick = run;
      return () => {
        tick = () => {};
      };
    };
    const delay = createLoopDelay({ ...clock, after });
    clock.advance(10_000);
    assert.equal(delay.ms(), 0);
    delay.start();
    delay.start();
    assert.equal(ticks, 1);
    assert.equal(delay.ms(), 0);
    clock.advance(3_000);
    const late = delay.ms();
    assert.ok(late >= 2_800 && late < 10_000, `${late}`);
    tick();
    assert.equal(delay.ms(), 0);
    delay.stop();
    tick();
    assert.equal(ticks, 2);
  });
});
