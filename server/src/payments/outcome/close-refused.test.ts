import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStep } from "../query/workers.ts";
import { startStory } from "../testing/story.ts";
import { alipay } from "../testing/terms.ts";

test("an order that the channel refuses to close is asked about until its expiry", () => {
  const story = startStory({ merchant: { feeRateMillionths: 0n } });
  const scene = alipay.traits.scenes["alipay.qr"];
  assert.ok(scene !== undefined);
  story.close("new_attempt");
  story.trade("close", { outcome: "not_found" });
  const { id } = story.another("alipay.page");
  // The first order is paid after all: the other one is let go and should end at the channel.
  story.trade("query", story.paid());
  assert.equal(nextStep(story.attempt(id), scene, story.now()), "close");
  story.trade("close", { end: "refused", code: "no-permission", message: "no", retryable: false }, id);
  assert.equal(nextStep(story.attempt(id), scene, story.now()), "query");
});
