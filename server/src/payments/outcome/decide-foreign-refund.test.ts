import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { foreignRefundId } from "../foreign-refunds.ts";
import { aForeignRefund, type Story, startStory } from "../testing/story.ts";

const accepted = {
  outcome: "accepted",
  settleAmount: null,
  channelRefundNo: null,
  channelDate: null,
} as const;
const returned = { outcome: "returned", channelDate: "2026-11-21", message: "account closed" } as const;
const unknown = { end: "unknown", reason: "time-out" } as const;
const refused = { end: "refused", code: "no", message: "no", retryable: false } as const;
/** A sum that falls when a refund comes back, as Stripe's does. */
const BY_NUMBER = { foreignRefunds: null } as const;
const cameBack = { outcome: "returned", returnedDate: "2026-11-22" } as const;

const paid = (): Story => {
  const story = startStory({ merchant: { currencies: [{ currency: "CNY", creditLine: 1000n }] } });
  story.trade("query", story.paid());
  return story;
};
/** What is booked as given back without us, and what the merchant's side is short of. */
const booked = (story: Story) => [story.attempt().takenBack, story.books.natural("suspense_shortage")];

describe("a refund that nobody here asked for", () => {
  test("is booked once by its number, however often it is told, and a person sees it", () => {
    const story = paid();
    assert.equal(story.foreignRefund("re_1", 400n), "refunded_by_channel");
    assert.equal(story.foreignRefund("re_1", 400n), "already_known");
    assert.deepEqual(booked(story), [400n, 400n]);
    const items = story.workItems.map(({ kind, subjectId, amount }) => [kind, subjectId, amount]);
    assert.deepEqual(items, [["refund_by_channel", foreignRefundId(story.first, "re_1"), 400n]]);
    assert.match(story.workItems[0]?.detail ?? "", /re_1/);
  });

  test("beside another of the same amount is another one", () => {
    const story = paid();
    story.foreignRefund("re_1", 400n);
    assert.equal(story.foreignRefund("re_2", 400n), "refunded_by_channel");
    assert.deepEqual(booked(story), [800n, 800n]);
    assert.equal(story.foreignRefund("re_3", 200n), "reversed_by_channel");
    assert.equal(story.attempt().state, "reversed_by_channel");
  });

  test("made after a refund of ours came back is booked, though the sum does not tell it from that", () => {
    const story = paid();
    const { id } = story.ask(600n);
    story.refundReport(id, "refund", accepted);
    story.trade("notification", story.refunded(600n, BY_NUMBER));
    assert.equal(story.refundReport(id, "notification", returned), "refund_returned");
    assert.equal(story.trade("notification", story.refunded(600n, BY_NUMBER)), "already_known");
    assert.equal(story.foreignRefund("re_1", 600n), "refunded_by_channel");
    assert.deepEqual(booked(story), [600n, 600n]);
  });

  test("made after one of ours came back is booked once, though the sum has fallen below that", () => {
    const story = paid();
    const { id } = story.ask(600n);
    story.refundReport(id, "refund", unknown);
    story.trade("notification", story.refunded(600n, BY_NUMBER));
    story.refundReport(id, "refund_query", accepted);
    story.refundReport(id, "notification", returned);
    assert.equal(story.trade("notification", story.refunded(2n, BY_NUMBER)), "refunded_by_channel");
    assert.equal(story.foreignRefund("re_1", 2n), "already_known");
    assert.deepEqual(booked(story), [2n, 2n]);
  });

  test("is not made of one of ours under way while another came back untold", () => {
    const story = paid();
    const [first, second] = [story.ask(100n), story.ask(200n)];
    story.refundReport(first.id, "refund", accepted);
    story.refundReport(second.id, "refund", unknown);
    // Of the first nothing is left in it.
    assert.equal(story.trade("notification", story.refunded(200n, BY_NUMBER)), "already_known");
    const asked = story.refunded(200n, { foreignRefunds: [] });
    assert.equal(story.trade("query", asked), "already_known");
    assert.deepEqual(booked(story), [0n, 0n]);
  });

  test("before the one that made room for it was told to have come back waits for that", () => {
    const story = paid();
    const { id } = story.ask(600n);
    story.refundReport(id, "refund", accepted);
    assert.equal(story.foreignRefund("re_1", 1000n), "waiting");
    assert.deepEqual(booked(story), [0n, 0n]);
    story.refundReport(id, "notification", returned);
    assert.equal(story.foreignRefund("re_1", 1000n), "reversed_by_channel");
    assert.deepEqual(booked(story), [1000n, 1000n]);
  });

  test("before its payment is told waits for that", () => {
    const story = startStory();
    assert.equal(story.foreignRefund("re_1", 400n), "waiting");
    story.trade("query", story.paid());
    assert.equal(story.foreignRefund("re_1", 400n), "refunded_by_channel");
  });

  test("while one of ours is under way is booked, and ours fails", () => {
    const story = paid();
    const { id } = story.ask(300n);
    story.trade("notification", story.refunded(1000n, BY_NUMBER));
    assert.equal(story.attempt().takenBack, 700n);
    assert.equal(story.foreignRefund("re_1", 1000n), "reversed_by_channel");
    story.refundReport(id, "refund", refused);
    assert.deepEqual(booked(story), [1000n, 1000n]);
  });

  test("of another currency, or of another amount than before, is a contradiction", () => {
    const story = paid();
    assert.equal(story.foreignRefund("re_1", 400n, { currency: "USD" }), "contradiction");
    story.foreignRefund("re_1", 400n);
    assert.equal(story.foreignRefund("re_1", 401n), "contradiction");
    assert.deepEqual(booked(story), [400n, 400n]);
  });
});

describe("a foreign refund that sums tell of too", () => {
  const NUMBER = (story: Story) => story.foreignRefund("re_1", 400n);
  const SUM = (story: Story) => story.trade("notification", story.refunded(400n, BY_NUMBER));
  const LIST = (story: Story) => {
    const foreignRefunds = [aForeignRefund("re_1", 400n)];
    return story.trade("query", story.refunded(400n, { foreignRefunds }));
  };
  const orders = permutations([NUMBER, SUM, LIST, NUMBER]);
  for (const [index, order] of orders.entries()) {
    test(`is booked once: order ${index + 1} of ${orders.length}`, () => {
      const story = paid();
      const decisions = order.map((tell) => tell(story));
      assert.deepEqual(decisions, ["refunded_by_channel", ...order.slice(1).map(() => "already_known")]);
      assert.deepEqual(booked(story), [400n, 400n]);
      assert.equal(story.workItems.length, 1);
    });
  }

  test("is booked once where only sums were told before there were numbers", () => {
    const story = paid();
    story.trade("notification", story.refunded(400n, BY_NUMBER));
    story.trade("notification", story.refunded(500n, BY_NUMBER));
    assert.equal(story.foreignRefund("re_2", 100n), "already_known");
    assert.equal(story.foreignRefund("re_1", 400n), "already_known");
    assert.equal(story.foreignRefund("re_3", 50n), "refunded_by_channel");
    assert.equal(story.trade("notification", story.refunded(550n, BY_NUMBER)), "already_known");
    assert.deepEqual(booked(story), [550n, 550n]);
  });

  test("is booked once where a sum told of a part alone, for a refund of ours seemed to be in it", () => {
    const story = paid();
    const { id } = story.ask(200n);
    assert.equal(story.trade("notification", story.refunded(300n, BY_NUMBER)), "refunded_by_channel");
    assert.equal(story.attempt().takenBack, 100n);
    assert.equal(story.foreignRefund("re_1", 300n), "refunded_by_channel");
    assert.deepEqual(booked(story), [300n, 300n]);
    story.refundReport(id, "refund", refused);
    assert.deepEqual(booked(story), [300n, 300n]);
  });

  test("and with a refund of ours under way that fails is booked once", () => {
    const story = paid();
    const { id } = story.ask(400n);
    story.trade("notification", story.refunded(400n, BY_NUMBER));
    story.foreignRefund("re_1", 400n);
    story.refundReport(id, "refund", refused);
    assert.deepEqual(booked(story), [400n, 400n]);
  });

  test("does not hide one of ours that was held for failed and carried out", () => {
    const story = paid();
    const { id } = story.ask(300n);
    story.refundReport(id, "refund", refused);
    story.foreignRefund("re_1", 400n);
    assert.equal(story.refundReport(id, "notification", accepted), "refund_accepted");
    assert.deepEqual(booked(story), [700n, 700n]);
    assert.equal(story.trade("notification", story.refunded(700n, BY_NUMBER)), "already_known");
  });

  test("found by a question together: each is booked, what came back first", () => {
    const story = paid();
    const { id } = story.ask(100n);
    story.refundReport(id, "refund", accepted);
    const told = [aForeignRefund("re_2", 900n), { ...aForeignRefund("re_1", 700n), ...cameBack }];
    const outcome = story.refunded(1000n, { foreignRefunds: told });
    assert.equal(story.trade("query", outcome), "refunded_by_channel");
    assert.deepEqual(booked(story), [900n, 900n]);
    assert.equal(story.trade("query", outcome), "already_known");
  });

  test("of an order that took money after its close: came and went, and no number is new", () => {
    const story = startStory();
    story.close();
    story.trade("close", { outcome: "closed" });
    const foreignRefunds = [aForeignRefund("re_1", 400n), aForeignRefund("re_2", 600n)];
    assert.equal(story.trade("query", story.refunded(1000n, { foreignRefunds })), "reversed");
    assert.equal(story.foreignRefund("re_1", 400n), "already_known");
    assert.equal(story.foreignRefund("re_2", 600n), "already_known");
    assert.equal(story.books.natural("suspense_surplus"), 0n);
  });
});

describe("a foreign refund that comes back from the buyer's bank", () => {
  test("is booked back once, and a person decides", () => {
    const story = paid();
    story.foreignRefund("re_1", 400n);
    assert.equal(story.foreignRefund("re_1", 400n, cameBack), "refund_by_channel_returned");
    assert.equal(story.foreignRefund("re_1", 400n, cameBack), "already_known");
    // The word that it was given back comes late, and so does the sum of then.
    assert.equal(story.foreignRefund("re_1", 400n), "already_known");
    assert.equal(story.trade("notification", story.refunded(400n, BY_NUMBER)), "already_known");
    assert.deepEqual(booked(story), [0n, 0n]);
    assert.equal(story.workItems.length, 2);
    assert.equal(story.foreignRefund("re_2", 1000n), "reversed_by_channel");
    assert.deepEqual(booked(story), [1000n, 1000n]);
  });

  test("is booked both ways where its end is told first", () => {
    const story = paid();
    assert.equal(story.foreignRefund("re_1", 400n, cameBack), "refund_by_channel_returned");
    assert.equal(story.foreignRefund("re_1", 400n), "already_known");
    assert.deepEqual(booked(story), [0n, 0n]);
  });

  test("after only a sum had told of it", () => {
    const story = paid();
    story.trade("notification", story.refunded(400n, BY_NUMBER));
    assert.equal(story.foreignRefund("re_1", 400n, cameBack), "refund_by_channel_returned");
    assert.deepEqual(booked(story), [0n, 0n]);
  });

  test("after it had made the whole leaves the payment reversed, and what follows is booked", () => {
    const story = paid();
    assert.equal(story.foreignRefund("re_1", 1000n), "reversed_by_channel");
    story.foreignRefund("re_1", 1000n, cameBack);
    assert.deepEqual(booked(story), [0n, 0n]);
    assert.equal(story.foreignRefund("re_2", 1000n), "refunded_by_channel");
    assert.deepEqual(booked(story), [1000n, 1000n]);
  });

  test("of a surplus puts it back in suspense, where a person finds it", () => {
    const story = startStory();
    story.close();
    story.trade("close", { outcome: "closed" });
    assert.equal(story.trade("query", story.paid()), "surplus");
    const [automatic] = [...story.box.refunds.keys()];
    assert.equal(story.foreignRefund("re_1", 1000n), "reversed_by_channel");
    story.refundReport(automatic as string, "refund", refused);
    assert.equal(story.books.natural("suspense_surplus"), 0n);
    story.foreignRefund("re_1", 1000n, cameBack);
    assert.equal(story.books.natural("suspense_surplus"), 1000n);
    const { kind, subjectId } = story.workItems.at(-1) ?? {};
    assert.deepEqual([kind, subjectId], ["surplus_refund_failed", story.first]);
    story.foreignRefund("re_2", 1000n);
    assert.equal(story.books.natural("suspense_surplus"), 0n);
  });
});

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
