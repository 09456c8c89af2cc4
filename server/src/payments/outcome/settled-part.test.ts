import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CHANNEL_DATE, startStory } from "../testing/story.ts";

const word = { channelRefundNo: null, channelDate: CHANNEL_DATE };
const free = { merchant: { feeRateMillionths: 0n }, account: { costRateMillionths: 0n } };

/** A payment of which a tenth was the merchant's own voucher, half of it refunded. */
function halfRefunded() {
  const story = startStory(free);
  story.trade("query", story.paid({ settleAmount: 900n }));
  return { story, id: story.ask(500n).id };
}

describe("the settled part of a refund, where the merchant funded a voucher", () => {
  test("is not guessed from a notification that does not tell it: the channel is asked", () => {
    const { story, id } = halfRefunded();
    assert.equal(
      story.refundReport(id, "notification", { outcome: "accepted", settleAmount: null, ...word }),
      "open",
    );
    const { state, dueAt } = story.refund(id);
    assert.deepEqual([state, dueAt], ["unknown", story.now()]);
    story.refundReport(id, "refund_query", { outcome: "arrived", settleAmount: 500n, ...word });
    assert.deepEqual([story.refund(id).state, story.refund(id).settleAmount], ["succeeded", 500n]);
    assert.equal(story.books.natural("channel_receivable"), 400n);
  });

  test("is the channel's when the answer comes after the notification", () => {
    const { story, id } = halfRefunded();
    story.refundReport(id, "notification", { outcome: "accepted", settleAmount: null, ...word });
    story.refundReport(id, "refund", { outcome: "accepted", settleAmount: 500n, ...word });
    assert.equal(story.books.natural("channel_receivable"), 400n);
  });

  test("a call that says no does not undo what the channel's own word told before", () => {
    const { story, id } = halfRefunded();
    const told = { outcome: "accepted", settleAmount: null, refundedInAll: 500n, ...word } as const;
    story.refundReport(id, "notification", told);
    const no = { outcome: "failed", code: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", message: "no" } as const;
    assert.equal(story.refundReport(id, "refund", no), "contradiction");
    story.refundReport(id, "refund_query", { outcome: "arrived", settleAmount: 500n, ...word });
    assert.deepEqual([story.refund(id).state, story.attempt().takenBack], ["succeeded", 0n]);
  });

  test("is our share of it where the channel never tells", () => {
    const { story, id } = halfRefunded();
    story.refundReport(id, "notification", { outcome: "accepted", settleAmount: null, ...word });
    story.refundReport(id, "refund_query", { outcome: "arrived", settleAmount: null, ...word });
    assert.equal(story.refund(id).settleAmount, 450n);
  });

  test("needs no question where nothing but money was paid", () => {
    const story = startStory(free);
    story.trade("query", story.paid());
    const { id } = story.ask(500n);
    const told = story.refundReport(id, "notification", { outcome: "accepted", settleAmount: null, ...word });
    assert.equal(told, "refund_accepted");
  });
});

test("a refund that the channel holds stays given, and a person is told what to do", () => {
  const story = startStory(free);
  story.trade("query", story.paid());
  const { id } = story.ask(500n);
  const held = { outcome: "accepted", settleAmount: 500n, ...word, trouble: "Redirect it there." } as const;
  assert.equal(story.refundReport(id, "refund_query", held), "refund_accepted");
  assert.equal(story.refundReport(id, "notification", held), "already_known");
  const [item] = story.workItems;
  assert.deepEqual([item?.kind, item?.amount, item?.detail], ["refund_held", 500n, "Redirect it there."]);
  assert.equal(story.refundReport(id, "notification", { ...held, outcome: "arrived" }), "refund_succeeded");
});

test("the day under which a refund is billed is asked for where a notification does not tell it", () => {
  const story = startStory(free);
  story.trade("query", story.paid());
  const { id } = story.ask(500n);
  const told = { outcome: "arrived", settleAmount: null, channelRefundNo: null, channelDate: null } as const;
  assert.equal(story.refundReport(id, "notification", told), "open");
  assert.deepEqual([story.refund(id).state, story.refund(id).dueAt], ["unknown", story.now()]);
  story.refundReport(id, "refund_query", { ...told, channelDate: CHANNEL_DATE });
  assert.deepEqual([story.refund(id).state, story.refund(id).channelDate], ["succeeded", CHANNEL_DATE]);
});
