import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";

const notSent = { end: "not_sent" as const, reason: "the channel account's calls per second are spent" };
const accepted = {
  outcome: "accepted" as const,
  settleAmount: null,
  channelRefundNo: null,
  channelDate: CHANNEL_DATE,
};

describe("a question that was never sent, because the call budget was spent", () => {
  test("about an order: it is asked as soon as it would have been", () => {
    const story = startStory();
    story.trade("pay", { outcome: "pending" });
    for (let time = 0; time < 5; time += 1) {
      story.trade("query", notSent);
      assert.deepEqual(story.attempt().dueAt, plus(story.now(), 10 * SECOND));
      story.advance(10 * SECOND);
    }
  });

  test("about a refund: it is asked as soon as it would have been", () => {
    const story = startStory({ merchant: { feeRateMillionths: 0n } });
    story.trade("query", story.paid());
    const { id } = story.ask(100n);
    story.refundReport(id, "refund", accepted);
    for (let time = 0; time < 5; time += 1) {
      story.refundReport(id, "refund_query", notSent);
      assert.deepEqual(story.refund(id).dueAt, plus(story.now(), MINUTE));
      story.advance(MINUTE);
    }
  });
});
