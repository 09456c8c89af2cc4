import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { channelDateOf, channelDayEnd } from "./channel-day.ts";

const AT_MIDNIGHT = { timeZone: "Asia/Shanghai", dayStartMinutes: 0 };
const AT_ELEVEN = { timeZone: "Asia/Shanghai", dayStartMinutes: -60 };

const cases = [
  ["a day that begins at midnight", AT_MIDNIGHT, "2026-11-20T23:59:59+08:00", "2026-11-20"],
  ["midnight itself", AT_MIDNIGHT, "2026-11-21T00:00:00+08:00", "2026-11-21"],
  ["just before a cut-over at 23:00", AT_ELEVEN, "2026-11-20T22:59:59.999+08:00", "2026-11-20"],
  ["the cut-over at 23:00 itself", AT_ELEVEN, "2026-11-20T23:00:00+08:00", "2026-11-21"],
  ["the end of a year", AT_ELEVEN, "2026-12-31T23:30:00+08:00", "2027-01-01"],
] as const;

describe("a channel's business date", () => {
  for (const [title, traits, at, date] of cases) {
    it(`of ${title} is ${date}`, () => assert.equal(channelDateOf(traits, new Date(at)), date));
  }
});

test("a business day ends where the next begins, in any zone and on a day of 23 hours", () => {
  const ends: [traits: Parameters<typeof channelDayEnd>[0], date: string, end: string][] = [
    [AT_MIDNIGHT, "2026-11-20", "2026-11-20T16:00:00.000Z"],
    [AT_ELEVEN, "2026-11-20", "2026-11-20T15:00:00.000Z"],
    [{ timeZone: "UTC", dayStartMinutes: 0 }, "2026-12-31", "2027-01-01T00:00:00.000Z"],
    [{ timeZone: "America/New_York", dayStartMinutes: 0 }, "2026-03-08", "2026-03-09T04:00:00.000Z"],
    [{ timeZone: "Pacific/Auckland", dayStartMinutes: 30 }, "2026-11-20", "2026-11-20T11:30:00.000Z"],
  ];
  for (const [traits, date, end] of ends) {
    const at = channelDayEnd(traits, date);
    assert.equal(at.toISOString(), end);
    assert.equal(channelDateOf(traits, new Date(at.getTime() - 1)), date);
    assert.notEqual(channelDateOf(traits, at), date);
  }
});
