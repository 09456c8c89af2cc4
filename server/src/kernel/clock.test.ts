import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dateIn, plus, systemClock, systemRandom } from "./clock.ts";

describe("the machine's clock", () => {
  it("wakes a sleeper whose rest was cut short, without an error", async () => {
    const rest = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, rest.signal);
    rest.abort();
    await sleeping;
    await systemClock.sleep(3_600_000, rest.signal);
    await systemClock.sleep(1);
  });

  it("leaves no listener on a signal that outlives the sleeps", async () => {
    const rest = new AbortController();
    let listeners = 0;
    const { signal } = rest;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    for (let n = 0; n < 20; n += 1) await systemClock.sleep(0, signal);
    assert.equal(listeners, 0);
  });

  it("calls what was put off, unless it was called off", async () => {
    const called: string[] = [];
    systemClock.after(1, () => called.push("kept"));
    const callOff = systemClock.after(1, () => called.push("called off"));
    callOff();
    while (called.length === 0) await systemClock.sleep(2);
    assert.deepEqual(called, ["kept"]);
  });
});

describe("the machine's chance", () => {
  it("never hands out the same bytes twice, however they are asked for", () => {
    const lengths = [8, 12, 32, 8, 1_024, 1_025, 4_096, 16, 5_000, 8];
    const seen = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      for (const length of lengths) {
        const bytes = systemRandom.bytes(length);
        assert.equal(bytes.length, length);
        seen.add(bytes.toString("hex"));
      }
    }
    assert.equal(seen.size, 200 * lengths.length);
  });

  it("gives bytes that belong to their owner: later ones do not change them, nor they the later ones", () => {
    const first = systemRandom.bytes(16);
    const copy = Buffer.from(first);
    for (let n = 0; n < 1_000; n += 1) systemRandom.bytes(16).fill(0);
    assert.ok(first.equals(copy));
    assert.ok(!systemRandom.bytes(16).equals(Buffer.alloc(16)));
  });

  it("keeps integers below their bound, and reaches each of them", () => {
    const seen = new Set(Array.from({ length: 400 }, () => systemRandom.integer(4)));
    assert.deepEqual(seen, new Set([0, 1, 2, 3]));
    assert.equal(systemRandom.integer(1), 0);
  });
});

describe("calendar dates", () => {
  const dates: [timeZone: string, instant: string, date: string][] = [
    ["Asia/Shanghai", "2026-01-31T15:59:59.999Z", "2026-01-31"],
    ["Asia/Shanghai", "2026-01-31T16:00:00.000Z", "2026-02-01"],
    ["Asia/Shanghai", "2023-12-31T16:00:00.000Z", "2024-01-01"],
    ["UTC", "2024-02-29T23:59:59.999Z", "2024-02-29"],
    ["America/New_York", "2026-03-08T04:59:59.000Z", "2026-03-07"],
    ["America/New_York", "2026-03-09T03:59:59.000Z", "2026-03-08"],
  ];
  for (const [timeZone, instant, date] of dates) {
    it(`${instant} is ${date} in ${timeZone}`, () => assert.equal(dateIn(timeZone, new Date(instant)), date));
  }

  it("are refused for a time zone that does not exist", () => {
    assert.throws(() => dateIn("Asia/Nowhere", new Date(0)), RangeError);
  });

  it("an instant moves by milliseconds, and stays itself", () => {
    const at = new Date("2026-01-01T00:00:00.000Z");
    assert.equal(plus(at, 1).toISOString(), "2026-01-01T00:00:00.001Z");
    assert.equal(plus(at, -1).toISOString(), "2025-12-31T23:59:59.999Z");
    assert.equal(at.toISOString(), "2026-01-01T00:00:00.000Z");
  });
});
