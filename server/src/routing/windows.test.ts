import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MINUTE } from "../kernel/clock.ts";
import { DEFAULT_SETTINGS, type Window } from "./model.ts";
import { meetsWindow, quotaDaysAt, tradesAt, windowAt } from "./windows.ts";

const ZONE = "Asia/Shanghai";
/** A moment by Beijing's clock; 2026-11-20 is a Friday. */
const at = (day: number, time: string) =>
  new Date(`2026-11-${String(day).padStart(2, "0")}T${time}:00+08:00`);

describe("windows of a channel", () => {
  const nightly: Window = { kind: "cut_over", time: { from: "23:50", to: "00:10" }, weekdays: null };
  const friday: Window = { kind: "maintenance", time: { from: "23:00", to: "02:00" }, weekdays: [5] };
  const once: Window = { kind: "maintenance", startsAt: at(20, "10:00"), endsAt: at(20, "11:00") };
  const cases: [string, Window, Date, string | null][] = [
    ["before it begins", nightly, at(20, "23:49"), null],
    ["from its first minute", nightly, at(20, "23:50"), "cut_over"],
    ["over midnight", nightly, at(21, "00:09"), "cut_over"],
    ["no longer in its last minute", nightly, at(21, "00:10"), null],
    ["on its weekday", friday, at(20, "23:30"), "maintenance"],
    ["after midnight, which is Saturday by then", friday, at(21, "01:59"), "maintenance"],
    ["not in the early hours of its weekday", friday, at(20, "01:00"), null],
    ["not on another day", friday, at(21, "23:30"), null],
    ["once, from its instant", once, at(20, "10:00"), "maintenance"],
    ["not at its end", once, at(20, "11:00"), null],
    ["not a day later", once, at(21, "10:30"), null],
  ];
  for (const [title, window, now, expected] of cases) {
    test(title, () => {
      assert.equal(windowAt({ ...DEFAULT_SETTINGS, windows: [window] }, ZONE, now), expected);
    });
  }
});

test("a buyer who has no time left before a window is known of", () => {
  const windows: Window[] = [{ kind: "cut_over", time: { from: "23:50", to: "00:10" }, weekdays: null }];
  const meets = (time: string) =>
    meetsWindow({ ...DEFAULT_SETTINGS, windows }, ZONE, at(20, time), 3 * MINUTE);
  assert.deepEqual(["23:46", "23:47", "23:55"].map(meets), [false, true, true]);
});

test("trading hours may go over midnight, and none means always", () => {
  const settings = { ...DEFAULT_SETTINGS, tradingHours: [{ from: "18:00", to: "02:00" }] };
  const trades = (time: string) => tradesAt(settings, ZONE, at(20, time));
  assert.deepEqual(["17:59", "18:00", "01:59", "02:00"].map(trades), [false, true, true, false]);
  assert.equal(tradesAt(DEFAULT_SETTINGS, ZONE, at(20, "03:00")), true);
});

describe("the day of a quota", () => {
  const cases: [string, string, Date, { day: string; month: string }][] = [
    ["is the channel's", "00:00", at(20, "00:30"), { day: "2026-11-20", month: "2026-11-01" }],
    [
      "begins in the evening before, as UnionPay's",
      "23:00",
      at(30, "23:00"),
      { day: "2026-12-01", month: "2026-12-01" },
    ],
    ["until then it is the day itself", "23:00", at(30, "22:59"), { day: "2026-11-30", month: "2026-11-01" }],
    ["lasts into the early hours", "03:00", at(1, "02:59"), { day: "2026-10-31", month: "2026-10-01" }],
    ["and then the next begins", "03:00", at(1, "03:00"), { day: "2026-11-01", month: "2026-11-01" }],
  ];
  for (const [title, dayStartsAt, now, expected] of cases) {
    test(title, () => {
      assert.deepEqual(quotaDaysAt({ ...DEFAULT_SETTINGS, dayStartsAt }, ZONE, now), expected);
    });
  }
});
