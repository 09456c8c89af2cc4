import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMovableClock } from "../../../../tools/testing/clock.ts";
import { HOUR, plus } from "../../kernel/clock.ts";
import type { Delivery } from "../model.ts";
import { createLanes } from "./lanes.ts";

const ENDPOINT = "00000000-0000-7000-8000-000000000001";
const PLACES = 16;

/** An endpoint that answers, and results that are written, when a test says so. */
function heldLanes() {
  const clock = createMovableClock();
  const answers: (() => void)[] = [];
  const written: ((finished: boolean) => void)[] = [];
  let placesAgain = 0;
  const lanes = createLanes({
    clock,
    run: (_, answered) => {
      answers.push(answered);
      return new Promise((resolve) => written.push(resolve));
    },
    onPlaces: () => {
      placesAgain += 1;
    },
  });
  const delivery = (n: number): Delivery => ({
    id: `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`,
    eventId: ENDPOINT,
    merchantId: ENDPOINT,
    endpointId: ENDPOINT,
    payload: "{}",
    leasedUntil: plus(clock.now(), HOUR),
  });
  let done = 0;
  const take = (count: number) => {
    for (let n = 0; n < count; n += 1) {
      lanes.take(delivery(n), () => {
        done += 1;
      });
    }
  };
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { lanes, answers, written, take, settled, done: () => done, placesAgain: () => placesAgain };
}

describe("a lane of deliveries to one endpoint", () => {
  it("has sixteen places, each free again when the endpoint has answered", async () => {
    const { lanes, answers, written, take, settled, done } = heldLanes();
    take(20);
    assert.equal(answers.length, PLACES);
    assert.equal(lanes.busy(ENDPOINT), 20);
    answers[0]?.();
    answers[0]?.();
    assert.equal(answers.length, PLACES + 1, "one answer, called twice, frees one place");
    assert.equal(done(), 0);
    written[0]?.(true);
    await settled();
    assert.equal(done(), 1);
    assert.equal(answers.length, PLACES + 1, "what was written had given its place back already");
    written[1]?.(true);
    await settled();
    assert.equal(answers.length, PLACES + 2, "written without a word of the answer: the place is free too");
  });

  it("keeps at most four times as many in hand while results wait to be written", async () => {
    const { lanes, answers, written, take, settled } = heldLanes();
    take(100);
    for (let answered = 0; answered < answers.length; answered += 1) answers[answered]?.();
    assert.equal(answers.length, 4 * PLACES);
    assert.equal(lanes.busy(ENDPOINT), 100);
    written[0]?.(true);
    await settled();
    assert.equal(answers.length, 4 * PLACES + 1);
  });

  it("asks for more when half of its places are free and written, and is forgotten when idle", async () => {
    const { lanes, answers, written, take, settled, placesAgain } = heldLanes();
    take(PLACES);
    lanes.expectMore(ENDPOINT);
    for (const answered of answers) answered();
    assert.equal(placesAgain(), 0, "what is in hand counts");
    for (const write of written.slice(0, PLACES / 2)) write(true);
    await settled();
    assert.equal(placesAgain(), 1);
    for (const write of written) write(true);
    await lanes.idle();
    assert.equal(lanes.busy(ENDPOINT), 0);
    assert.deepEqual({ ...lanes.gauges }, { inFlight: 0, waiting: 0, left: 0 });
  });
});
