import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, plus, SECOND } from "../../kernel/clock.ts";
import { startStory } from "../testing/story.ts";

const closed = { outcome: "closed" as const };
const notFound = { outcome: "not_found" as const };
const pending = { outcome: "pending" as const };
const unknown = { end: "unknown" as const, reason: "time-out" };

describe("ending a payment", () => {
  test("without a live order it is closed at once", () => {
    const story = startStory({ method: null });
    assert.deepEqual(story.close(), { done: true });
    const { status, closedReason } = story.box.payment;
    assert.deepEqual([status, closedReason], ["closed", "cancelled"]);
    assert.deepEqual(story.events, ["payment.closed"]);
  });

  test("with a live order that order is ended first, and the payment waits for it", () => {
    const story = startStory();
    assert.deepEqual(story.close(), { done: true, callAttemptId: story.first });
    const { status, closingSince, dueAt } = story.box.payment;
    assert.deepEqual([status, closingSince], ["processing", story.now()]);
    assert.deepEqual(dueAt, plus(story.now(), 30 * SECOND), "a crash loses no closing");
    story.trade("close", closed);
    assert.deepEqual([story.box.payment.status, story.attempt().state], ["closed", "closed"]);
  });

  test("a buyer who was quicker wins", () => {
    const story = startStory();
    story.close();
    story.trade("close", story.paid());
    assert.equal(story.box.payment.status, "succeeded");
    assert.deepEqual(story.events, ["payment.succeeded"]);
  });

  test("a closing without an answer is repeated soon", () => {
    const story = startStory();
    story.trade("pay", pending);
    story.close();
    story.trade("close", unknown);
    assert.equal(story.box.payment.status, "processing");
    assert.deepEqual(story.box.payment.dueAt, plus(story.now(), 2 * SECOND));
  });

  test("a payment code is reversed, and the payment over for the buyer at once", () => {
    const story = startStory({ method: "alipay.code" });
    assert.deepEqual(story.close(), { done: true, callAttemptId: story.first });
    assert.deepEqual([story.box.payment.status, story.attempt().state], ["closed", "reversing"]);
  });

  test("an ended payment cannot be ended again", () => {
    const story = startStory();
    story.trade("query", story.paid());
    assert.deepEqual(story.close(), { done: false, refusal: "payment_final" });
  });

  test("expiry is refused before its time, and says expired after it", () => {
    const story = startStory({ method: null });
    assert.deepEqual(story.close("expire"), { done: false, refusal: "conflict" });
    story.advance(2 * HOUR);
    story.close("expire");
    assert.deepEqual([story.box.payment.status, story.box.payment.closedReason], ["closed", "expired"]);
  });

  test("a merchant's close outweighs making room for another order", () => {
    const story = startStory();
    story.close("new_attempt");
    story.close("close");
    story.trade("close", closed);
    assert.deepEqual([story.box.payment.status, story.box.payment.closedReason], ["closed", "cancelled"]);
  });
});

describe("making room for another order", () => {
  test("closed: the payment is open again", () => {
    const story = startStory();
    story.close("new_attempt");
    story.trade("close", closed);
    assert.equal(story.box.payment.status, "created");
    assert.deepEqual(story.another().wish, { done: true });
    assert.equal(story.box.payment.status, "processing");
  });

  test("nobody has opened it yet: it is abandoned, and asked about until it expires", () => {
    const story = startStory();
    story.close("new_attempt");
    story.trade("close", notFound);
    assert.equal(story.attempt().state, "abandoned");
    assert.ok(story.attempt().dueAt !== null);
    assert.deepEqual(story.another().wish, { done: true });
  });

  test("no answer: no other order until there is one", () => {
    const story = startStory();
    story.close("new_attempt");
    story.trade("close", unknown);
    assert.deepEqual(story.another().wish, { done: false, refusal: "payment_closing" });
    assert.deepEqual(story.close("new_attempt"), { done: false, refusal: "payment_closing" });
    story.trade("close", closed);
    assert.deepEqual(story.another().wish, { done: true });
  });

  test("paid: there is no other order", () => {
    const story = startStory();
    story.close("new_attempt");
    story.trade("close", story.paid());
    assert.deepEqual(story.another().wish, { done: false, refusal: "payment_final" });
  });

  test("a second live order is refused", () => {
    assert.deepEqual(startStory().another().wish, { done: false, refusal: "payment_confirming" });
  });

  test("after the expiry there is no other order", () => {
    const story = startStory({ method: null });
    story.advance(2 * HOUR);
    assert.deepEqual(story.another().wish, { done: false, refusal: "payment_expired" });
    assert.deepEqual(story.close("new_attempt"), { done: false, refusal: "payment_expired" });
  });
});
