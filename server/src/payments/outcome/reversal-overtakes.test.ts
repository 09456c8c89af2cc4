import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plus, SECOND } from "../../kernel/clock.ts";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";

const nothingThere = {
  outcome: "reversed" as const,
  moneyReturned: false,
  channelTradeNo: null,
  channelDate: CHANNEL_DATE,
};
const ended = { ...nothingThere, channelTradeNo: "2026112022001400000000000001" };

describe("a payment code that is cancelled while its call may be under way", () => {
  test("is cancelled again after the call has ended, where the channel knew of no order yet", () => {
    const story = startStory({ method: "alipay.code" });
    story.advance(3 * SECOND);
    story.close();
    assert.equal(story.reversal(nothingThere), "waiting");
    const { state, dueAt, createdAt } = story.attempt();
    assert.deepEqual([state, dueAt], ["reversing", plus(createdAt, 15 * SECOND)]);
    story.advance(12 * SECOND);
    assert.equal(story.reversal(nothingThere), "reversed");
  });

  test("is over at once where the channel ended an order that it knew", () => {
    const story = startStory({ method: "alipay.code" });
    story.close();
    assert.equal(story.reversal(ended), "reversed");
  });

  test("gives the money back when the call overtaken by the cancel took it after all", () => {
    const story = startStory({ method: "alipay.code" });
    story.close();
    story.reversal(nothingThere);
    assert.equal(story.trade("pay", story.paid()), "surplus");
    assert.equal(story.box.refunds.size, 0, "the reversal does it");
    story.advance(15 * SECOND);
    assert.equal(story.reversal({ ...ended, moneyReturned: true }), "reversed");
    assert.equal(story.books.natural("suspense_surplus"), 0n);
  });
});
