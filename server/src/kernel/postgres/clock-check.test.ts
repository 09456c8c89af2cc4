import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createEmptyDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { type Clock, plus, systemClock } from "../clock.ts";
import { StartRefused } from "../host/start-refused.ts";
import { clockOffset, refuseWrongClock } from "./clock-check.ts";

describe("how far two clocks are apart", () => {
  const cases = [
    { title: "not at all", askedAt: 1_000, answeredAt: 1_020, there: 1_010, offset: 0 },
    { title: "ours is behind", askedAt: 1_000, answeredAt: 1_020, there: 7_020, offset: 6_000 },
    { title: "ours is ahead", askedAt: 9_000, answeredAt: 9_020, there: 3_000, offset: -6_000 },
    {
      title: "a slow answer is nobody's wrong clock",
      askedAt: 0,
      answeredAt: 14_000,
      there: 13_900,
      offset: 0,
    },
    {
      title: "beyond what a slow answer explains",
      askedAt: 0,
      answeredAt: 4_000,
      there: 10_000,
      offset: 6_000,
    },
  ];
  for (const { title, offset, ...reading } of cases) {
    test(title, () => assert.equal(clockOffset(reading), offset));
  }
});

describe("a start against a database", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createEmptyDatabase();
  });
  after(() => database.drop());

  const shifted = (ms: number): Clock => ({ ...systemClock, now: () => plus(systemClock.now(), ms) });
  const start = (ms: number) => refuseWrongClock({ url: database.url, clock: shifted(ms) });

  for (const ms of [0, 3_000, -3_000]) {
    test(`with a clock that is ${ms} ms off goes on`, () => start(ms));
  }

  for (const [ms, words] of [
    [60_000, /clock is (59|60)\.\d s ahead of the database's/],
    [-60_000, /clock is (59|60)\.\d s behind the database's/],
  ] as const) {
    test(`with a clock that is ${ms} ms off is refused, with a sentence that says by how much`, async () => {
      await assert.rejects(start(ms), (error: Error) => {
        assert.ok(error instanceof StartRefused);
        assert.match(error.message, words);
        assert.match(error.message, /NTP/);
        return true;
      });
    });
  }
});
