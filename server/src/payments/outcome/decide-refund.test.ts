import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { CHANNEL_DATE, type Story, type StoryOptions, startStory } from "../testing/story.ts";

const accepted = {
  outcome: "accepted" as const,
  settleAmount: null,
  channelRefundNo: null,
  channelDate: CHANNEL_DATE,
};
const arrived = { ...accepted, outcome: "arrived" as const };
const returned = { outcome: "returned" as const, channelDate: CHANNEL_DATE, message: "account closed" };
const failed = { outcome: "failed" as const, code: "ACQ.TRADE_HAS_FINISHED", message: "too late" };
const notFound = { outcome: "not_found" as const };
const pending = { outcome: "pending" as const };
const refused = (retryable: boolean) => ({
  end: "refused" as const,
  code: "ACQ.SELLER_BALANCE_NOT_ENOUGH",
  message: "no funds",
  retryable,
});
const notSent = { end: "not_sent" as const, reason: "budget" };
const unknown = { end: "unknown" as const, reason: "time-out" };

type Told = Parameters<Story["refundReport"]>[2];
type Step = readonly ["refund" | "refund_query" | "notification", Told, decision: string];

const cases: readonly {
  title: string;
  steps: readonly Step[];
  state: string;
  events: readonly string[];
  work?: readonly string[];
}[] = [
  {
    title: "accepted, then arrived",
    steps: [
      ["refund", accepted, "refund_accepted"],
      ["refund_query", arrived, "refund_succeeded"],
    ],
    state: "succeeded",
    events: ["refund.accepted", "refund.succeeded"],
  },
  {
    title: "arrival seen first is acceptance too",
    steps: [["notification", arrived, "refund_succeeded"]],
    state: "succeeded",
    events: ["refund.accepted", "refund.succeeded"],
  },
  {
    title: "accepted, told three ways, is accepted once",
    steps: [
      ["notification", accepted, "refund_accepted"],
      ["refund", accepted, "already_known"],
      ["refund_query", accepted, "already_known"],
    ],
    state: "accepted",
    events: ["refund.accepted"],
  },
  {
    title: "a refusal for lack of funds is tried again under the same number",
    steps: [
      ["refund", refused(true), "refused"],
      ["refund", accepted, "refund_accepted"],
    ],
    state: "accepted",
    events: ["refund.accepted"],
  },
  {
    title: "a call that was not sent is made again",
    steps: [["refund", notSent, "not_sent"]],
    state: "created",
    events: [],
  },
  {
    title: "a final refusal gives the money back to the merchant",
    steps: [["refund", refused(false), "refund_failed"]],
    state: "failed",
    events: ["refund.failed"],
  },
  {
    title: "a call without an answer is unknown, and asked about",
    steps: [["refund", unknown, "unknown"]],
    state: "unknown",
    events: [],
  },
  {
    title: "a refund that moved no money yet is asked about",
    steps: [["refund", pending, "open"]],
    state: "unknown",
    events: [],
  },
  {
    title: "a late refusal of a refund that is unknown to have failed",
    steps: [
      ["refund", unknown, "unknown"],
      ["refund_query", failed, "refund_failed"],
    ],
    state: "failed",
    events: ["refund.failed"],
  },
  {
    title: "a refusal after acceptance is a return",
    steps: [
      ["refund", accepted, "refund_accepted"],
      ["refund_query", failed, "refund_returned"],
    ],
    state: "returned",
    events: ["refund.accepted", "refund.returned"],
  },
  {
    title: "returned after it arrived",
    steps: [
      ["refund_query", arrived, "refund_succeeded"],
      ["notification", returned, "refund_returned"],
    ],
    state: "returned",
    events: ["refund.accepted", "refund.succeeded", "refund.returned"],
  },
  {
    title: "returned, told twice and followed by a late arrival, is returned",
    steps: [
      ["notification", returned, "refund_returned"],
      ["notification", returned, "already_known"],
      ["refund_query", arrived, "already_known"],
      ["refund", accepted, "already_known"],
    ],
    state: "returned",
    events: ["refund.accepted", "refund.returned"],
  },
  {
    title: "held for failed, then carried out: booked, and a person sees to it",
    steps: [
      ["refund", refused(false), "refund_failed"],
      ["notification", accepted, "refund_accepted"],
    ],
    state: "accepted",
    events: ["refund.failed", "refund.accepted"],
    work: ["refund_after_failure"],
  },
  {
    title: "held for failed, carried out, and returned",
    steps: [
      ["refund", refused(false), "refund_failed"],
      ["notification", arrived, "refund_succeeded"],
      ["notification", returned, "refund_returned"],
    ],
    state: "returned",
    events: ["refund.failed", "refund.accepted", "refund.succeeded", "refund.returned"],
    work: ["refund_after_failure"],
  },
  {
    title: "a refusal of the call, come after word of its acceptance, changes nothing",
    steps: [
      ["notification", accepted, "refund_accepted"],
      ["refund", refused(false), "contradiction"],
      ["refund", failed, "contradiction"],
      ["refund", unknown, "already_known"],
    ],
    state: "accepted",
    events: ["refund.accepted"],
  },
  {
    title: "a query without an answer changes nothing of an accepted refund",
    steps: [
      ["refund", accepted, "refund_accepted"],
      ["refund_query", unknown, "unknown"],
      ["refund_query", notFound, "open"],
    ],
    state: "accepted",
    events: ["refund.accepted"],
  },
];

describe("what a report about a refund means", () => {
  for (const { title, steps, state, events, work } of cases) {
    test(title, () => {
      const story = startStory();
      story.trade("query", story.paid());
      const { id } = story.ask(400n);
      for (const [source, told, decision] of steps) {
        assert.equal(story.refundReport(id, source, told), decision);
      }
      assert.equal(story.refund(id).state, state);
      assert.deepEqual(story.events.slice(1), events);
      assert.deepEqual(
        story.workItems.map((item) => item.kind),
        work ?? [],
      );
    });
  }

  test("a refund that the channel keeps not knowing is sent again, and not before its horizon", () => {
    const story = startStory();
    story.trade("query", story.paid());
    const { id } = story.ask(400n);
    story.refundReport(id, "refund", unknown);
    story.advance(9 * MINUTE);
    assert.equal(story.refundReport(id, "refund_query", notFound), "open");
    story.advance(MINUTE);
    assert.equal(story.refundReport(id, "refund_query", notFound), "sent_again");
    assert.deepEqual([story.refund(id).state, story.refund(id).dueAt], ["created", story.now()]);
  });

  test("retries of a refund without funds are spaced wider and wider", () => {
    const story = startStory();
    story.trade("query", story.paid());
    const { id } = story.ask(400n);
    const gaps = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, HOUR];
    for (const gap of gaps) {
      story.refundReport(id, "refund", refused(true));
      assert.deepEqual(story.refund(id).dueAt, plus(story.now(), gap));
    }
  });

  test("a surplus that could not be given back is a work item, and ends well when it could after all", () => {
    const story = startStory();
    story.close();
    story.trade("close", { outcome: "closed" });
    story.trade("notification", story.paid());
    const [id] = story.box.refunds.keys() as Iterable<string> as [string];
    assert.equal(story.refundReport(id, "refund", refused(false)), "refund_failed");
    assert.deepEqual(
      story.workItems.map((item) => [item.kind, item.amount]),
      [["surplus_refund_failed", 1000n]],
    );
    assert.equal(story.books.natural("suspense_surplus"), 1000n);
    assert.equal(story.refundReport(id, "notification", accepted), "refund_accepted");
    assert.equal(story.books.natural("suspense_surplus"), 0n);
    assert.equal(story.workItems.length, 1);
  });

  test("a refund is not believed with which more would go back than was taken, and asked about again", () => {
    const story = startStory();
    story.trade("pay", story.paid());
    const first = story.ask(null).id;
    story.refundReport(first, "refund", failed);
    const second = story.ask(null).id;
    assert.equal(story.refundReport(first, "refund_query", accepted), "refund_accepted");
    assert.equal(story.refundReport(second, "refund", accepted), "contradiction");
    assert.equal(story.refund(second).state, "unknown");
    assert.ok((story.refund(second).dueAt ?? story.now()) > story.now());
    // The channel has come to its senses.
    assert.equal(story.refundReport(second, "refund_query", failed), "refund_failed");
    assert.equal(story.books.natural("refund_clearing"), 0n);
  });

  test("a refund held for failed, whose money the channel's sum told of before, is not booked twice", () => {
    const story = startStory({ merchant: { currencies: [{ currency: "CNY", creditLine: 100n }] } });
    story.trade("query", story.paid());
    const { id } = story.ask(null);
    story.refundReport(id, "refund", refused(false));
    assert.equal(story.trade("notification", story.refunded(1000n)), "reversed_by_channel");
    assert.equal(story.refundReport(id, "notification", accepted), "contradiction");
    assert.equal(story.refund(id).state, "failed");
    assert.equal(story.books.natural("suspense_shortage"), 1000n);
  });
});

describe("a sum given back while a refund of ours is under way", () => {
  const paid = () => {
    const story = startStory({ merchant: { currencies: [{ currency: "CNY", creditLine: 100n }] } });
    story.trade("query", story.paid());
    return story;
  };

  test("went back by itself when that refund fails", () => {
    const story = paid();
    const { id } = story.ask(null);
    story.refundReport(id, "refund", unknown);
    assert.equal(story.trade("notification", story.refunded(1000n)), "already_known");
    assert.equal(story.refundReport(id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().state, "reversed_by_channel");
    assert.equal(story.books.natural("suspense_shortage"), 1000n);
    assert.equal(story.events.at(-2), "payment.reversed_by_channel");
    assert.equal(story.refundReport(id, "notification", accepted), "contradiction");
  });

  test("went back by itself for the part that other refunds do not make", () => {
    const story = paid();
    const [first, second] = [story.ask(300n), story.ask(200n)];
    assert.equal(story.trade("notification", story.refunded(300n)), "already_known");
    assert.equal(story.refundReport(second.id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().takenBack, 0n);
    assert.equal(story.refundReport(first.id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().takenBack, 300n);
    assert.equal(story.books.natural("suspense_shortage"), 300n);
  });

  test("went back by itself where no choice of those under way makes it", () => {
    const story = paid();
    const [first, second] = [story.ask(300n), story.ask(200n)];
    assert.equal(story.trade("notification", story.refunded(2n)), "refunded_by_channel");
    assert.equal(story.attempt().takenBack, 2n);
    assert.equal(story.trade("notification", story.refunded(202n)), "already_known");
    assert.equal(story.refundReport(second.id, "notification", accepted), "refund_accepted");
    assert.equal(story.trade("notification", story.refunded(352n)), "refunded_by_channel");
    assert.equal(story.attempt().takenBack, 152n);
    assert.equal(story.refundReport(first.id, "notification", accepted), "refund_accepted");
    assert.equal(story.trade("notification", story.refunded(652n)), "already_known");
    assert.equal(story.attempt().takenBack, 152n);
    assert.equal(story.books.natural("suspense_shortage"), 152n);
  });

  test("went back by itself though all was asked for and a part of that was carried out since", () => {
    const story = paid();
    const [first, second] = [story.ask(400n), story.ask(600n)];
    assert.equal(story.trade("notification", story.refunded(2n)), "already_known");
    const done = story.refundReport(second.id, "refund", { ...accepted, refundedInAll: 602n });
    assert.equal(done, "refund_accepted");
    assert.equal(story.attempt().takenBack, 0n);
    assert.equal(story.refundReport(first.id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().takenBack, 2n);
    assert.equal(story.books.natural("suspense_shortage"), 2n);
  });

  test("is not found in sums that come late and out of order", () => {
    const story = paid();
    const [first, second, third] = [story.ask(300n), story.ask(200n), story.ask(100n)];
    const sums = [
      [third.id, 600n],
      [second.id, 500n],
      [first.id, 300n],
    ] as const;
    for (const [id, refundedInAll] of sums) {
      assert.equal(story.refundReport(id, "refund", { ...accepted, refundedInAll }), "refund_accepted");
    }
    assert.equal(story.attempt().takenBack, 0n);
    assert.equal(story.books.natural("suspense_shortage"), 0n);
  });

  test("is not found twice where an older sum comes after a newer one", () => {
    const story = paid();
    story.ask(400n);
    assert.equal(story.trade("query", story.refunded(700n)), "refunded_by_channel");
    assert.equal(story.trade("notification", story.refunded(600n)), "already_known");
    assert.equal(story.attempt().takenBack, 300n);
  });

  test("is not made of refunds whose answers were lost and that others overtook", () => {
    const story = paid();
    const [slow, quick, other, last] = [story.ask(300n), story.ask(50n), story.ask(100n), story.ask(10n)];
    story.refundReport(slow.id, "refund", unknown);
    story.refundReport(quick.id, "refund", { ...accepted, refundedInAll: 350n });
    story.refundReport(other.id, "refund", unknown);
    story.refundReport(other.id, "refund_query", accepted);
    story.refundReport(slow.id, "refund_query", accepted);
    assert.equal(story.refundReport(last.id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().takenBack, 0n);
    assert.equal(story.books.natural("suspense_shortage"), 0n);
  });

  test("is told beside the word of a refund", () => {
    const story = paid();
    const { id } = story.ask(300n);
    const told = { ...accepted, refundedInAll: 350n };
    assert.equal(story.refundReport(id, "notification", told), "refund_accepted");
    assert.equal(story.attempt().takenBack, 50n);
    assert.equal(story.refundReport(id, "notification", told), "already_known");
    assert.equal(story.trade("notification", story.refunded(350n)), "already_known");
    assert.equal(story.books.natural("suspense_shortage"), 50n);
  });

  test("is taken for ours where so many are under way that their sums cannot be told apart", () => {
    const story = startStory({ amount: 1_000_000n });
    story.trade("query", story.paid());
    for (let n = 0; n < 14; n += 1) story.ask(2n << BigInt(n));
    assert.equal(story.trade("notification", story.refunded(20_001n)), "already_known");
    assert.equal(story.attempt().takenBack, 0n);
  });

  test("and the rest that went before make the whole: the channel has reversed the payment", () => {
    const story = paid();
    const { id } = story.ask(300n);
    assert.equal(story.trade("notification", story.refunded(1000n)), "refunded_by_channel");
    assert.equal(story.attempt().takenBack, 700n);
    assert.equal(story.refundReport(id, "refund", refused(false)), "refund_failed");
    assert.equal(story.attempt().state, "reversed_by_channel");
    assert.equal(story.books.natural("suspense_shortage"), 1000n);
    assert.equal(story.books.natural("channel_receivable"), 0n);
    assert.deepEqual(
      story.workItems.map((item) => [item.kind, item.amount]),
      [
        ["refund_by_channel", 700n],
        ["reversed_by_channel", 300n],
      ],
    );
  });

  test("is that refund when it is accepted, and nothing more when it comes back from the bank", () => {
    const story = paid();
    const { id } = story.ask(400n);
    story.trade("notification", story.refunded(400n));
    assert.equal(story.refundReport(id, "refund", accepted), "refund_accepted");
    assert.equal(story.refundReport(id, "notification", returned), "refund_returned");
    assert.equal(story.trade("notification", story.refunded(400n)), "already_known");
    assert.equal(story.attempt().takenBack, 0n);
  });

  test("of a surplus is home: no one has to look at the refund that could not give it back", () => {
    const story = startStory();
    story.close();
    story.trade("close", { outcome: "closed" });
    story.trade("notification", story.paid());
    const [id] = story.box.refunds.keys() as Iterable<string> as [string];
    story.trade("notification", story.refunded(1000n));
    assert.equal(story.refundReport(id, "refund", refused(false)), "refund_failed");
    assert.equal(story.books.natural("suspense_surplus"), 0n);
    assert.deepEqual(story.workItems, []);
  });
});

describe("asking for a refund", () => {
  const paid = (options: StoryOptions = {}) => {
    const story = startStory(options);
    story.trade("query", story.paid());
    return story;
  };
  const refusal = (asked: ReturnType<Story["ask"]>) =>
    asked.wish?.done === false ? asked.wish.refusal : "done";

  test("is refused before the payment has succeeded", () => {
    assert.equal(refusal(startStory().ask(1n)), "payment_not_refundable");
  });

  test("is refused when the channel took the success back", () => {
    const story = paid();
    story.trade("notification", story.refunded(1000n));
    assert.equal(refusal(story.ask(1n)), "payment_not_refundable");
  });

  test("is refused after the channel's window, and taken on its last day", () => {
    const story = paid({ account: { refundWindowDays: 90 } });
    story.advance(90 * 24 * HOUR);
    assert.equal(refusal(story.ask(1n)), "done");
    story.advance(1);
    assert.equal(refusal(story.ask(1n)), "refund_window_over");
  });

  test("is refused beyond what is left, naming it", () => {
    const story = paid();
    story.ask(400n);
    const { wish } = story.ask(601n);
    assert.ok(wish?.done === false);
    assert.deepEqual([wish.refusal, wish.left], ["refund_exceeds_payment", 600n]);
  });

  test("counts what the channel gave back by itself", () => {
    const story = paid();
    story.trade("notification", story.refunded(300n));
    const { wish } = story.ask(701n);
    assert.ok(wish?.done === false && wish.left === 700n);
  });

  test("is refused when nothing is left, even without an amount", () => {
    const story = paid({ merchant: { currencies: [{ currency: "CNY", creditLine: 100n }] } });
    assert.equal(refusal(story.ask(null)), "done");
    assert.equal(refusal(story.ask(null)), "refund_exceeds_payment");
  });

  test("gives the only payment back in full where the fee comes back with it", () => {
    const story = paid();
    const { wish, id } = story.ask(null);
    assert.equal(wish?.done, true);
    story.refundReport(id, "refund", { end: "answered", value: accepted });
    assert.equal(story.books.natural("merchant_pending"), 0n);
  });

  test("is refused where the merchant's money and credit do not cover it, leaving nothing behind", () => {
    const story = paid({ account: { feeReturnedOnRefund: false } });
    assert.equal(refusal(story.ask(993n)), "insufficient_balance");
    assert.equal(story.box.refunds.size, 0);
    assert.equal(story.attempt().refundedAmount, 0n);
    assert.equal(refusal(story.ask(992n)), "done");
  });

  test("is refused beyond the number of parts that the channel allows; failed ones do not count", () => {
    const story = paid({ account: { refundPartsMax: 2 } });
    const { id } = story.ask(1n);
    story.refundReport(id, "refund", refused(false));
    assert.equal(refusal(story.ask(1n)), "done");
    assert.equal(refusal(story.ask(1n)), "done");
    assert.equal(refusal(story.ask(1n)), "refund_parts_exhausted");
  });

  test("waits its turn where the channel wants parts apart", () => {
    const story = paid({ account: { refundSpacingSeconds: 60 } });
    const { wish: first } = story.ask(1n);
    const { wish: second, id } = story.ask(1n);
    assert.deepEqual(
      [first?.done === true && first.queued, second?.done === true && second.queued],
      [false, true],
    );
    assert.deepEqual(story.refund(id).dueAt, plus(story.now(), MINUTE));
  });

  test("is the same refund under the same number, and refused where anything differs", () => {
    const story = paid();
    const wanted = { merchantRefundNo: "R-1" };
    const { id } = story.ask(100n, wanted);
    const again = story.ask(100n, wanted).wish;
    assert.ok(again?.done === true && again.existing === true && again.refund?.id === id);
    assert.equal(refusal(story.ask(101n, wanted)), "number_reused");
    assert.equal(story.box.refunds.size, 1);
  });
});
