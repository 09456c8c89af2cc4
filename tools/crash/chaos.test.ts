import assert from "node:assert/strict";
import { test } from "node:test";
import { isClean, runChaos } from "./chaos.ts";

test("processes killed under load: nothing acknowledged is lost, nothing is doubled", async (t) => {
  const survived = await runChaos({
    rounds: 2,
    seed: 20_261_120,
    blows: ["both", "commits_cut"],
    durable: false,
    say: (line) => t.diagnostic(line),
  });
  assert.ok(isClean(survived), JSON.stringify(survived));
  assert.deepEqual([survived.kills.both, survived.kills.commits_cut], [1, 1]);
  assert.ok((survived.kills.cuts ?? 0) > 0, "no commit lost its answer");
  assert.ok(survived.acknowledged > 20, "there was hardly any load");
});
