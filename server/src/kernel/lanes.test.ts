import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inLanes } from "./lanes.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("work in lanes", () => {
  it("is done once for each, never more at once than there are lanes", async () => {
    const done: number[] = [];
    let under = 0;
    let most = 0;
    await inLanes([1, 2, 3, 4, 5, 6, 7], 3, async (one) => {
      under += 1;
      most = Math.max(most, under);
      await turn();
      under -= 1;
      done.push(one);
    });
    assert.deepEqual(
      done.toSorted((one, other) => one - other),
      [1, 2, 3, 4, 5, 6, 7],
    );
    assert.equal(most, 3);
  });

  it("ends with the first failure, after what was under way", async () => {
    const begun: number[] = [];
    let isOtherDone = false;
    const failing = inLanes([1, 2, 3, 4], 2, async (one) => {
      begun.push(one);
      if (one === 1) throw new Error("no");
      await turn();
      isOtherDone = true;
    });
    await assert.rejects(failing, /^Error: no$/);
    assert.deepEqual([begun, isOtherDone], [[1, 2], true]);
  });

  it("of nothing is nothing", () => inLanes([], 2, () => Promise.reject(new Error("never"))));
});
