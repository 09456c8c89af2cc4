import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { sql } from "../../kernel/database.ts";
import { invariants } from "./invariants.ts";
import { openWorld } from "./testing/world.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  const world = await openWorld(platform);
  const ours = {
    kind: "payment_ours_only",
    side: "ours",
    settleDifference: -700n,
    feeDifference: -4n,
  } as const;
  await world.found([{ matchKey: "I1" }, { matchKey: "I2", ...ours }]);
});
after(() => platform.stop());

/** A lie told to the database, taken back after the audit has looked. */
const lies: readonly [invariant: string, title: string, lie: string, truth: string][] = [
  [
    "7 shortage equals open items",
    "a shortage that no break owns up to",
    "update breaks set shortage_effect = 0 where match_key = 'I2'",
    "update breaks set shortage_effect = 700 where match_key = 'I2'",
  ],
  [
    "7 breaks say what they did",
    "a row that says more than its journals did",
    "update breaks set surplus_effect = surplus_effect + 1 where match_key = 'I1'",
    "update breaks set surplus_effect = surplus_effect - 1 where match_key = 'I1'",
  ],
  [
    "7 suspense is of open breaks",
    "a break that ended with its money still in suspense",
    "update breaks set state = 'resolved', ended_at = found_at where match_key = 'I1'",
    "update breaks set state = 'open', ended_at = null where match_key = 'I1'",
  ],
];

async function say(name: string, text: string): Promise<void> {
  const said = await platform.app.cell.transact((tx) => tx.run(sql(name, text)));
  assert.ok(said > 0, `${text} touched nothing`);
}

for (const [index, [name, title, lie, truth]] of lies.entries()) {
  test(`${name}: ${title} is found`, async () => {
    const invariant = invariants.find((one) => one.name === name);
    assert.ok(invariant !== undefined, `there is no invariant ${name}`);
    await assertInvariants(platform);
    await say(`test_break_lie_${index}`, lie);
    try {
      const found = await invariant.check(platform.app.cell.db, null);
      assert.ok(found.length > 0);
    } finally {
      await say(`test_break_truth_${index}`, truth);
    }
    await assertInvariants(platform);
  });
}
