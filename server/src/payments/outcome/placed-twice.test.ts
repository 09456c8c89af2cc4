import assert from "node:assert/strict";
import { test } from "node:test";
import { startStory } from "../testing/story.ts";

test("an order that the channel took stays open when its second placing is refused", () => {
  const story = startStory();
  const nextAction = { type: "qr_code" as const, qrCode: "https://qr.example/1" };
  story.trade("pay", { outcome: "pending", nextAction });
  const refused = { end: "refused" as const, code: "ACQ.CONTEXT_INCONSISTENT", message: "no" };
  assert.equal(story.trade("pay", { ...refused, retryable: false }), "contradiction");
  const notSent = { end: "not_sent" as const, reason: "budget" };
  assert.equal(story.trade("pay", notSent), "already_known");
  assert.deepEqual([story.box.payment.status, story.attempt().state], ["processing", "pending"]);
  assert.deepEqual(story.attempt().nextAction, nextAction);
});
