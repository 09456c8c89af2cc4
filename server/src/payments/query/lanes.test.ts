import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMovableClock } from "../../../../tools/testing/clock.ts";
import { SECOND } from "../../kernel/clock.ts";
import { createLanes } from "./lanes.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

function start() {
  const clock = createMovableClock();
  const events: string[] = [];
  const lanes = createLanes({ clock, freed: () => events.push("freed") });
  const ends = new Map<string, (error?: Error) => void>();
  const row = (name: string, account: string, callsInFlightMax = 2) =>
    lanes
      .run({ id: account, callsInFlightMax }, () => {
        events.push(`${name} begins`);
        return new Promise<void>((resolve, reject) => {
          ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
        });
      })
      .then(
        () => void events.push(`${name} is over`),
        () => void events.push(`${name} failed`),
      );
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error);
    await turn();
  };
  return { clock, events, lanes, row, end };
}

describe("the lanes of channel accounts", () => {
  it("a slow account holds up its own rows and nobody else's", async () => {
    const { events, lanes, row, end } = start();
    for (const name of ["slow 1", "slow 2", "slow 3"]) void row(name, "slow");
    assert.deepEqual(lanes.full(), ["slow"]);
    void row("quick", "quick");
    await end("quick");
    assert.deepEqual(events, ["slow 1 begins", "slow 2 begins", "quick begins", "quick is over"]);
    assert.deepEqual(lanes.full(), ["slow"]);
  });

  it("gives a freed place to who has waited longest, and tells when there is room again", async () => {
    const { events, lanes, row, end } = start();
    for (const name of ["a", "b", "c"]) void row(name, "one");
    await end("a", new Error("the channel's fault"));
    assert.deepEqual(events.splice(0), ["a begins", "b begins", "c begins", "a failed"]);
    await end("b");
    assert.deepEqual(events.splice(0), ["freed", "b is over"]);
    assert.deepEqual(lanes.full(), []);
    await end("c");
    void row("d", "one");
    assert.deepEqual(events, ["c is over", "d begins"]);
  });

  it("leaves a row whose turn comes too late to its lease", async () => {
    const { clock, events, row, end } = start();
    for (const name of ["a", "b", "late"]) void row(name, "one");
    clock.advance(9 * SECOND);
    void row("in time", "one");
    clock.advance(2 * SECOND);
    await end("a");
    const expected = ["a begins", "a is over", "b begins", "in time begins", "late is over"];
    assert.deepEqual([...events].sort(), expected);
  });

  it("takes up a changed number of places", async () => {
    const { events, row } = start();
    void row("a", "one", 1);
    void row("b", "one", 1);
    void row("c", "one", 3);
    assert.deepEqual(events, ["a begins", "c begins"]);
  });
});
