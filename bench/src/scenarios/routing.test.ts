import assert from "node:assert/strict";
import { test } from "node:test";
import { createRouter } from "./routing.ts";

test("the routing bench decides over quotas that are used and accounts whose orders are paid", () => {
  const router = createRouter();
  assert.equal(router.seen().linesWithoutShare, 0, "an account has no samples of its success");
  // More than one order of each merchant, method and amount, and some seconds of the clock.
  for (let nth = 0; nth < 40_000; nth += 1) router.decide(nth);
  router.trade();
  const { usesFound, quotaRefusals, linesWithoutShare } = router.seen();
  assert.ok(usesFound > 10_000, `only ${usesFound} uses were found in the book`);
  assert.ok(quotaRefusals > 500, `only ${quotaRefusals} orders met a used quota`);
  assert.equal(linesWithoutShare, 0);
});
