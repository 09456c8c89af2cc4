import assert from "node:assert/strict";
import { test } from "node:test";
import { firstDateOf, lastEndedDate } from "./scopes.ts";

const BEIJING = { timeZone: "Asia/Shanghai", dayStartMinutes: 0 };
const CLEARING = { timeZone: "Asia/Shanghai", dayStartMinutes: -60 };
const UTC = { timeZone: "UTC", dayStartMinutes: 0 };

/** Books that begin at 00:30 in Beijing, and a contract of that minute. */
const created = new Date("2026-03-06T16:30:00Z");

for (const [name, traits, first] of [
  ["Beijing's", BEIJING, "2026-03-07"],
  ["a clearing day that began at 23:00", CLEARING, "2026-03-07"],
  ["UTC's, which is the day before", UTC, "2026-03-06"],
] as const) {
  test(`no date is left out that had money before the books' first day ended: ${name}`, () => {
    assert.equal(firstDateOf(traits, "2026-03-07", created), first);
    assert.ok(first <= lastEndedDate(traits, "Asia/Shanghai", "2026-03-08"));
  });
}

test("of a contract that is older than the books nothing before them is asked for", () => {
  assert.equal(firstDateOf(BEIJING, "2026-03-07", new Date("2025-01-01T00:00:00Z")), "2026-03-06");
});
