import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { shiftDate } from "../../kernel/dates.ts";
import { alarmsOf, missingText } from "../settle/run.ts";
import { createWorld, type World } from "../testing/world.ts";
import { type Calendars, cutoffOf, dueDate, isBusinessDay, isDate } from "./model.ts";
import { calendarsOf, listYears } from "./store.ts";

let world: World;
let calendars: Calendars;
before(async () => {
  world = await createWorld();
  calendars = calendarsOf(await listYears(world.platform.db));
});
after(() => world.close());

const cn = (days: number) => ({ days, calendar: "CN" });

describe("mainland China in 2026, by the State Council's notice", () => {
  const cases: readonly [string, string, number, string][] = [
    ["a Friday's money is there on Monday", "2026-11-20", 1, "2026-11-23"],
    ["a Saturday's and a Sunday's too", "2026-11-21", 1, "2026-11-23"],
    ["three business days over a weekend", "2026-11-19", 3, "2026-11-24"],
    ["the Spring Festival takes nine days", "2026-02-14", 1, "2026-02-24"],
    ["the Saturday before it is worked", "2026-02-13", 1, "2026-02-14"],
    ["the Saturday after it too", "2026-02-27", 1, "2026-02-28"],
    ["the Sunday after New Year is worked", "2026-01-02", 1, "2026-01-04"],
    ["the National Day takes seven", "2026-09-30", 1, "2026-10-08"],
    ["and its Saturday is worked", "2026-10-09", 1, "2026-10-10"],
    ["a Sunday in September is worked", "2026-09-18", 1, "2026-09-20"],
    ["the Labour Day takes five", "2026-04-30", 1, "2026-05-06"],
    ["T+0 is the day itself", "2026-10-01", 0, "2026-10-01"],
  ];
  for (const [title, from, days, due] of cases) {
    test(title, () => assert.equal(dueDate(calendars, from, cn(days)), due));
  }

  test("it has as many business days as the notice leaves", () => {
    let days = 0;
    for (let date = "2026-01-01"; date <= "2026-12-31"; date = shiftDate(date, 1)) {
      if (isBusinessDay(calendars, "CN", date) === true) days += 1;
    }
    assert.equal(days, 248);
  });

  test("what needs the next year waits, and is told what to load", () => {
    const missing = dueDate(calendars, "2026-12-31", cn(1));
    assert.deepEqual(missing, { calendar: "CN", year: 2027 });
    assert.equal(
      missingText({ calendar: "CN", year: 2027 }),
      "no calendar CN for 2027 yet: load it by PUT /v1/ops/business_days/CN/2027 and the next close " +
        "settles it",
    );
    assert.equal(cutoffOf(calendars, "2026-12-31", cn(1)), "2026-12-30");
    assert.deepEqual(cutoffOf(calendars, "2027-01-01", cn(1)), { calendar: "CN", year: 2027 });
  });

  test("from December on the next year is asked for, every day", () => {
    assert.deepEqual(alarmsOf(calendars, "2026-11-30"), []);
    assert.equal(alarmsOf(calendars, "2026-12-01").length, 1);
    assert.match(alarmsOf(calendars, "2026-12-24")[0] ?? "", /^no calendar CN for 2027 yet/);
  });
});

const date = fc.integer({ min: 0, max: 300 }).map((days) => shiftDate("2026-01-20", days));
const counting = fc.record({
  days: fc.integer({ min: 0, max: 10 }),
  calendar: fc.constantFrom("CN", null),
});

test("an item is due exactly when its date is not after the cut-off", () => {
  fc.assert(
    fc.property(date, fc.integer({ min: 0, max: 20 }), counting, (today, back, by) => {
      const cutoff = cutoffOf(calendars, today, by);
      assert.ok(typeof cutoff === "string");
      const from = shiftDate(today, -back);
      const due = dueDate(calendars, from, by);
      assert.equal(typeof due === "string" && due <= today, from <= cutoff, from);
    }),
  );
});

test("later items are never due earlier, and a due date of business is one", () => {
  fc.assert(
    fc.property(date, fc.integer({ min: 1, max: 10 }), (from, days) => {
      const [due, next] = [
        dueDate(calendars, from, cn(days)),
        dueDate(calendars, shiftDate(from, 1), cn(days)),
      ];
      assert.ok(typeof due === "string" && typeof next === "string" && due <= next);
      assert.equal(isBusinessDay(calendars, "CN", due), true);
    }),
  );
});

test("only dates that exist are dates", () => {
  for (const text of ["2026-02-29", "2026-2-1", "2026-13-01", "", "2026-01-01x", "0000-00-00"]) {
    assert.equal(isDate(text), false, text);
  }
  assert.equal(isDate("2028-02-29"), true);
});
