import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";

const accepted = {
  outcome: "accepted" as const,
  settleAmount: null,
  channelRefundNo: null,
  channelDate: CHANNEL_DATE,
};

describe("a refund on its way to the buyer's bank", () => {
  test("is asked about ever more rarely, not again at each end of a poller's lease", () => {
    const story = startStory({ account: { costRateMillionths: 0n }, merchant: { feeRateMillionths: 0n } });
    story.trade("query", story.paid());
    const { id } = story.ask(100n);
    story.refundReport(id, "refund", accepted);
    for (const gap of [MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR]) {
      assert.deepEqual(story.refund(id).dueAt, plus(story.now(), gap));
      story.advance(gap);
      story.refundReport(id, "refund_query", accepted);
    }
  });

  test("the answer to a call that was made twice does not put the next look off", () => {
    const story = startStory({ merchant: { feeRateMillionths: 0n } });
    story.trade("query", story.paid());
    const { id } = story.ask(100n);
    story.refundReport(id, "refund", accepted);
    const due = story.refund(id).dueAt;
    story.advance(SECOND);
    story.refundReport(id, "refund", accepted);
    assert.deepEqual(story.refund(id).dueAt, due);
    story.advance(MINUTE);
    story.refundReport(id, "refund_query", accepted);
    assert.deepEqual(story.refund(id).dueAt, plus(story.now(), 5 * MINUTE));
  });

  test("a notification that tells nothing new does not put the next look off", () => {
    const story = startStory({ merchant: { feeRateMillionths: 0n } });
    story.trade("query", story.paid());
    const { id } = story.ask(100n);
    story.refundReport(id, "refund", accepted);
    const due = story.refund(id).dueAt;
    story.advance(SECOND);
    story.refundReport(id, "notification", accepted);
    assert.deepEqual(story.refund(id).dueAt, due);
  });
});

describe("a channel that wants the parts of a refund apart", () => {
  test("gets each of many parts asked for at once in a turn of its own", () => {
    const spacing = 60;
    const story = startStory({
      account: { refundSpacingSeconds: spacing },
      merchant: { feeRateMillionths: 0n },
    });
    story.trade("query", story.paid());
    const parts = [100n, 100n, 100n, 100n].map((amount) => {
      story.advance(SECOND);
      return story.ask(amount).id;
    });
    const first = story.refund(parts[0] as string).createdAt;
    for (const [turn, id] of parts.entries()) {
      if (turn > 0) assert.deepEqual(story.refund(id).dueAt, plus(first, turn * spacing * SECOND));
    }
  });
});

describe("a part of a refund that the channel takes only from its next day on", () => {
  test("waits for that day, and is sent then under the same number", () => {
    const story = startStory({ merchant: { feeRateMillionths: 0n } });
    story.trade("query", story.paid());
    const { id } = story.ask(100n);
    const notBefore = plus(story.now(), 7 * HOUR);
    const waits = { end: "not_sent" as const, reason: "parts only from the next clearing day on", notBefore };
    assert.equal(story.refundReport(id, "refund", waits), "not_sent");
    const { state, dueAt } = story.refund(id);
    assert.deepEqual([state, dueAt], ["created", notBefore]);
  });
});
