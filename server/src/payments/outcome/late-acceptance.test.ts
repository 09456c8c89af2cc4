import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";

const accepted = {
  outcome: "accepted" as const,
  settleAmount: null,
  channelRefundNo: null,
  channelDate: CHANNEL_DATE,
};
const failed = { outcome: "failed" as const, code: "ACQ.SYSTEM_BUSY", message: "no" };
const free = { merchant: { feeRateMillionths: 0n } };

describe("a refund held for failed that the channel carried out after all", () => {
  test("is booked once, though the channel's own sum told of it before", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    const { id } = story.ask(300n);
    story.refundReport(id, "refund", failed);
    story.trade("notification", story.refunded(300n));
    assert.equal(story.refundReport(id, "notification", accepted), "contradiction");
    assert.equal(story.attempt().takenBack, 300n);
    assert.equal(story.books.natural("suspense_shortage"), 300n);
  });

  test("is booked beside a part that the channel gave back by itself", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    const { id } = story.ask(300n);
    story.refundReport(id, "refund", failed);
    story.trade("notification", story.refunded(200n));
    assert.equal(story.refundReport(id, "notification", accepted), "refund_accepted");
    assert.equal(story.books.natural("suspense_shortage"), 500n);
    story.trade("notification", story.refunded(500n));
    assert.equal(story.books.natural("suspense_shortage"), 500n);
  });

  test("is booked though another refund of the same money is under way, which then fails", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    const { id } = story.ask(1000n);
    story.refundReport(id, "refund", failed);
    const second = story.ask(1000n).id;
    assert.equal(story.refundReport(id, "notification", accepted), "refund_accepted");
    assert.equal(story.books.natural("suspense_shortage"), 1000n);
    story.refundReport(second, "refund", failed);
    assert.deepEqual(story.ask(1n).wish, { done: false, refusal: "refund_exceeds_payment", left: 0n });
  });
});
