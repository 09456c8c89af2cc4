import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { CHANNEL_DATE, type Story, startStory } from "../testing/story.ts";

const closed = { outcome: "closed" } as const;
const nothing = {
  outcome: "reversed" as const,
  moneyReturned: false,
  channelTradeNo: "2026112022001400000000000001",
  channelDate: CHANNEL_DATE,
};

/** A report of what was asked `secondsAgo`. */
function asked(story: Story, secondsAgo: number) {
  const { merchantId, channelAccountId, paymentId, id: attemptId } = story.attempt();
  const startedAt = plus(story.now(), -secondsAgo * SECOND);
  const exchange = {
    operation: "close" as const,
    startedAt,
    tookMs: 1,
    channelCode: null,
    request: "",
    response: null,
  };
  const reportId = `00000000-0000-7000-8000-${String(secondsAgo).padStart(12, "0")}` as Id;
  return { merchantId, channelAccountId, paymentId, attemptId, exchange, reportId };
}

/** An order of which the channel has told, unasked, that another amount was paid. */
function doubted(method?: string): Story {
  const story = startStory(method === undefined ? {} : { method });
  story.advance(10 * SECOND);
  if (method !== undefined) story.giveUp();
  assert.equal(story.trade("notification", story.paid({ amount: 999n })), "contradiction");
  return story;
}

describe("an order of which another amount was told", () => {
  test("is not over by the answer to a close that was sent before", () => {
    const story = doubted();
    story.advance(SECOND);
    const end = { end: "answered", value: closed } as const;
    const { decision } = story.submit({ ...asked(story, 5), kind: "trade", source: "close", end });
    assert.equal(decision, "open");
    assert.deepEqual([story.attempt().state, story.attempt().dueAt], ["pending", story.now()]);
    assert.equal(story.trade("query", story.paid()), "paid");
  });

  test("is not over by a word that nobody asked for, which may be older", () => {
    const story = doubted();
    assert.equal(story.trade("notification", closed), "open");
    assert.equal(story.attempt().finishedAt, null);
  });

  test("is over by the answer to a question asked since", () => {
    const story = doubted();
    story.advance(SECOND);
    assert.equal(story.trade("query", closed), "closed");
  });

  test("is not reversed without money by the answer to a reversal that was sent before", () => {
    const story = doubted("alipay.code");
    story.advance(SECOND);
    const end = { end: "answered", value: nothing } as const;
    const { decision } = story.submit({ ...asked(story, 5), kind: "reversal", end });
    assert.equal(decision, "waiting");
    assert.deepEqual([story.attempt().state, story.attempt().dueAt], ["reversing", story.now()]);
    assert.equal(story.reversal(nothing), "reversed");
  });
});
