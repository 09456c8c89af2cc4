import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DAY } from "../../kernel/clock.ts";
import { CHANNEL_DATE, type Story, startStory } from "../testing/story.ts";

const NEXT_DATE = "2026-11-21";
const free = { merchant: { feeRateMillionths: 0n } };

/** The channel's date of the only journal of a kind. */
function dateOf(story: Story, kind: string): string | null | undefined {
  const found = story.books.journals.filter((journal) => journal.kind === kind);
  assert.equal(found.length, 1, kind);
  return found[0]?.channelDate;
}

describe("money that comes back on another day than it went stands in that day's statement", () => {
  test("a reversal after the channel's midnight", () => {
    const story = startStory({ method: "alipay.code" });
    story.giveUp();
    story.trade("query", story.paid());
    story.advance(DAY);
    const tradeNo = "2026112022001400000000000001";
    const reversed = { outcome: "reversed" as const, moneyReturned: true, channelTradeNo: tradeNo };
    story.reversal({ ...reversed, channelDate: NEXT_DATE });
    assert.equal(dateOf(story, "surplus_success"), CHANNEL_DATE);
    assert.equal(dateOf(story, "surplus_reversed"), NEXT_DATE);
  });

  test("a success that the channel took back", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    story.advance(DAY);
    story.trade("notification", story.refunded(1000n, { paidAt: story.now() }));
    assert.equal(dateOf(story, "payment_success"), CHANNEL_DATE);
    assert.equal(dateOf(story, "reversed_by_channel"), NEXT_DATE);
  });

  test("a part that the channel gave back by itself", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    story.advance(DAY);
    story.trade("notification", story.refunded(100n));
    assert.equal(dateOf(story, "break_refund_theirs"), NEXT_DATE);
  });

  test("a refund that the buyer's bank sent back", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    const { id } = story.ask(400n);
    const accepted = { settleAmount: null, channelRefundNo: null, channelDate: CHANNEL_DATE };
    story.refundReport(id, "refund", { outcome: "accepted", ...accepted });
    story.advance(DAY);
    story.refundReport(id, "notification", {
      outcome: "returned",
      channelDate: NEXT_DATE,
      message: "closed",
    });
    assert.equal(dateOf(story, "refund_accepted"), CHANNEL_DATE);
    assert.equal(dateOf(story, "refund_returned"), NEXT_DATE);
  });
});
