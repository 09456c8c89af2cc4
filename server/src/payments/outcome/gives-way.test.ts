import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CallEnd, TradeOutcome } from "../../channels/index.ts";
import { SECOND } from "../../kernel/clock.ts";
import { type Story, startStory } from "../testing/story.ts";

const notSent = { end: "not_sent" as const, reason: "connection refused" };

function report(story: Story, end: CallEnd<TradeOutcome>, givesWay: boolean) {
  const { paymentId, merchantId, channelAccountId, id: attemptId } = story.attempt();
  const exchange = {
    operation: "pay" as const,
    startedAt: story.now(),
    tookMs: 1,
    channelCode: null,
    request: "",
    response: null,
  };
  const about = { paymentId, merchantId, channelAccountId, attemptId, reportId: attemptId, exchange };
  return story.submit({ ...about, kind: "trade", source: "pay", end, givesWay }).decision;
}

describe("an order that gives way to another account", () => {
  test("ends where it was certainly not sent, and the payment waits for the next", () => {
    const story = startStory();
    assert.equal(report(story, notSent, true), "failed");
    assert.deepEqual([story.attempt().state, story.attempt().failureCode], ["failed", "channel_unreachable"]);
    assert.deepEqual([story.box.payment.status, story.box.payment.liveAttemptId], ["created", null]);
    assert.equal(story.another().wish?.done, true);
  });

  test("without another account it is sent again", () => {
    const story = startStory();
    assert.equal(report(story, notSent, false), "not_sent");
    assert.deepEqual([story.attempt().state, story.attempt().queries], ["created", 1]);
  });

  test("does not end once it was sent again: that call may be under way", () => {
    const story = startStory();
    report(story, notSent, false);
    story.advance(SECOND);
    assert.equal(report(story, notSent, true), "not_sent");
    assert.equal(story.attempt().state, "created");
  });

  test("stands where a report overtook the call that says it was not sent", () => {
    const story = startStory();
    story.trade("query", { outcome: "pending" });
    assert.equal(report(story, notSent, true), "already_known");
    assert.equal(story.attempt().state, "pending");
  });

  test("is the success all the same where it is paid after its end", () => {
    const story = startStory();
    report(story, notSent, true);
    const { id } = story.another();
    assert.equal(story.trade("notification", story.paid()), "paid");
    assert.equal(story.box.payment.successAttemptId, story.first);
    assert.ok(story.attempt(id).closeWanted);
  });
});
