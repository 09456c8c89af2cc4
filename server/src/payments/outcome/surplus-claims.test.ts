import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { DisputeOutcome, RefundOutcome } from "../../channels/index.ts";
import { DAY } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { CHANNEL_DATE, type Story, type StoryOptions, startStory } from "../testing/story.ts";

const AMOUNT = 1000n;
const FEE = 15n;

function told(outcome: DisputeOutcome["outcome"], amount = AMOUNT, back = amount, fee = 0n): DisputeOutcome {
  const common = {
    channelDisputeNo: "dp_1",
    amount,
    fee: FEE,
    currency: "CNY",
    openedDate: "2026-11-21",
    reason: "fraudulent",
    respondBy: null,
  };
  if (outcome !== "won") return { ...common, outcome };
  return { ...common, outcome, returned: { amount: back, fee, channelDate: "2026-12-01" } };
}

const TAKEN = { settleAmount: null, channelRefundNo: null, channelDate: CHANNEL_DATE };
const NO: RefundOutcome = { outcome: "failed", code: "charge_disputed", message: "it is disputed" };

/** The second order is paid, and then the first one, whose money goes back by a refund. */
function paidTwice(options: StoryOptions = {}): { story: Story; refundId: Id } {
  const story = startStory({ amount: AMOUNT, ...options });
  story.trade("query", { outcome: "closed" });
  const second = story.another();
  story.trade("notification", story.paid(), second.id);
  story.trade("notification", story.paid());
  assert.equal(story.attempt().surplus, "payment_succeeded");
  const [refundId] = story.box.refunds.keys();
  return { story, refundId: refundId as Id };
}

const held = (story: Story) =>
  (["merchant_pending", "refund_clearing", "suspense_surplus", "channel_cost"] as const).map((code) =>
    story.books.natural(code),
  );
const workOf = (story: Story) => story.workItems.map(({ kind, amount }) => `${kind} ${amount}`);

describe("a claim on a surplus", () => {
  test("is taken from what was put aside for its refund, which waits; its fee is the platform's", () => {
    const { story, refundId } = paidTwice();
    const [pending, , , cost] = held(story) as [bigint, bigint, bigint, bigint];
    assert.equal(story.disputeReport(told("opened")), "disputed");
    assert.deepEqual(held(story), [pending, 0n, 0n, cost + FEE]);
    assert.deepEqual(workOf(story), ["dispute_opened 1000"]);
    assert.match(story.workItems[0]?.detail ?? "", /10\.00 CNY.*surplus.*rfd_.*waits.*Accept the claim/);
    const [dispute] = story.box.disputes.values();
    assert.ok((story.refund(refundId).dueAt ?? 0) > (dispute?.dueAt ?? 0));

    const before = story.refund(refundId).dueAt ?? story.now();
    story.advance(DAY);
    story.disputeReport(told("opened"));
    assert.equal(story.refund(refundId).dueAt?.getTime(), before.getTime() + DAY);
  });

  test("that is won lets the refund go", () => {
    const { story, refundId } = paidTwice();
    const [pending, , , cost] = held(story) as [bigint, bigint, bigint, bigint];
    story.disputeReport(told("opened"));
    assert.equal(story.disputeReport(told("won")), "dispute_won");
    assert.deepEqual(held(story), [pending, AMOUNT, 0n, cost + FEE]);
    assert.deepEqual(story.refund(refundId).dueAt, story.now());
    story.refundReport(refundId, "refund", { outcome: "arrived", ...TAKEN });
    assert.deepEqual(held(story).slice(0, 3), [pending, 0n, 0n]);
    assert.deepEqual(workOf(story), ["dispute_opened 1000"]);
  });

  test("that is lost gives the refund up; what it left stays in suspense, and a person is called", () => {
    for (const [amount, left, work] of [
      [AMOUNT, 0n, []],
      [400n, 600n, ["surplus_refund_failed 600"]],
    ] as const) {
      const { story, refundId } = paidTwice();
      const [pending] = held(story);
      story.disputeReport(told("opened", amount));
      assert.equal(story.disputeReport(told("lost", amount)), "dispute_lost");
      const { state, failureCode } = story.refund(refundId);
      assert.deepEqual([state, failureCode], ["failed", "payment_disputed"]);
      assert.deepEqual(held(story).slice(0, 3), [pending, 0n, left]);
      assert.deepEqual(workOf(story).slice(1), work);
    }
  });

  test("that is won in part leaves the rest in suspense; a fee that comes back is the platform's", () => {
    const { story, refundId } = paidTwice();
    const [pending, , , cost] = held(story) as [bigint, bigint, bigint, bigint];
    story.disputeReport(told("opened"));
    story.disputeReport(told("won", AMOUNT, 300n, FEE));
    assert.equal(story.refund(refundId).state, "failed");
    assert.deepEqual(held(story), [pending, 0n, 300n, cost]);
    assert.deepEqual(workOf(story), ["dispute_opened 1000", "surplus_refund_failed 300"]);
  });

  test("whose refund was refused because of it leaves a won amount in suspense, for a person", () => {
    const { story, refundId } = paidTwice();
    const [pending] = held(story);
    story.refundReport(refundId, "refund", { end: "unknown", reason: "time-out" });
    story.disputeReport(told("opened"));
    story.refundReport(refundId, "refund", NO);
    assert.deepEqual(held(story).slice(0, 3), [pending, 0n, 0n]);
    story.disputeReport(told("won"));
    assert.deepEqual(held(story).slice(0, 3), [pending, 0n, AMOUNT]);
    assert.deepEqual(workOf(story), ["dispute_opened 1000", "surplus_claim_won 1000"]);
  });

  test("beside a refund that was carried out leaves suspense short, and a person is called", () => {
    for (const isFirst of [true, false]) {
      const { story, refundId } = paidTwice();
      const [pending] = held(story);
      if (!isFirst) story.disputeReport(told("opened"));
      story.refundReport(refundId, "refund", { outcome: "accepted", ...TAKEN });
      if (isFirst) story.disputeReport(told("opened"));
      assert.deepEqual(held(story).slice(0, 3), [pending, 0n, -AMOUNT]);
      assert.deepEqual(workOf(story), ["dispute_opened 1000", "surplus_given_twice 1000"]);
      story.disputeReport(told("won"));
      assert.deepEqual(held(story).slice(0, 3), [pending, 0n, 0n]);
    }
  });

  test("of money that never passes us is on the twins, without the channel's fee", () => {
    const { story } = paidTwice({ account: { fundFlow: "direct_to_merchant" } });
    story.disputeReport(told("opened"));
    assert.deepEqual(story.books.lines.slice(-2), [
      "Dr memo_refund_clearing 1000",
      "Cr memo_channel_receivable 1000",
    ]);
  });
});

const SAYINGS = {
  opened: (story: Story, _: Id, amount: bigint) => story.disputeReport(told("opened", amount)),
  won: (story: Story, _: Id, amount: bigint) => story.disputeReport(told("won", amount)),
  won_part: (story: Story, _: Id, amount: bigint) => story.disputeReport(told("won", amount, 150n, FEE)),
  lost: (story: Story, _: Id, amount: bigint) => story.disputeReport(told("lost", amount)),
  accepted: (story: Story, id: Id) =>
    story.refundReport(id, "refund", { outcome: "accepted", ...TAKEN, settleAmount: AMOUNT }),
  arrived: (story: Story, id: Id) => story.refundReport(id, "refund_query", { outcome: "arrived", ...TAKEN }),
  failed: (story: Story, id: Id) => story.refundReport(id, "refund", NO),
  not_found: (story: Story, id: Id) => story.refundReport(id, "refund_query", { outcome: "not_found" }),
  returned: (story: Story, id: Id) =>
    story.refundReport(id, "notification", {
      outcome: "returned",
      channelDate: CHANNEL_DATE,
      message: "came back",
    }),
  silence: (story: Story, id: Id) => story.refundReport(id, "refund", { end: "unknown", reason: "time-out" }),
  a_week: (story: Story) => story.advance(7 * DAY),
} as const;
const saying = fc.constantFrom(...(Object.keys(SAYINGS) as (keyof typeof SAYINGS)[]));

test("in every order of what is told of claim and refund, no money of the merchant's moves", () => {
  fc.assert(
    fc.property(
      fc.array(saying, { maxLength: 12 }),
      fc.constantFrom(AMOUNT, 400n),
      fc.boolean(),
      (said, amount, feeReturnedOnRefund) => {
        const { story, refundId } = paidTwice({ account: { feeReturnedOnRefund } });
        const [pending, , , cost] = held(story) as [bigint, bigint, bigint, bigint];
        for (const what of said) {
          // The story itself asserts after each that every account is the sum of its open items.
          SAYINGS[what](story, refundId, amount);
          const [dispute] = story.box.disputes.values();
          const refund = story.refund(refundId);
          const claimed = dispute === undefined ? 0n : amount - dispute.returnedAmount;
          const isOut = refund.state === "accepted" || refund.state === "succeeded";
          const [mine, aside, suspended, spent] = held(story) as [bigint, bigint, bigint, bigint];
          assert.equal(mine, pending);
          assert.equal(aside + suspended, AMOUNT - claimed - (isOut ? AMOUNT : 0n));
          const fee = dispute === undefined ? 0n : FEE - dispute.returnedFee;
          assert.equal(spent, cost + fee - (isOut ? refund.costReturned : 0n));
          if (refund.state === "created" && dispute?.state === "opened") {
            assert.ok((refund.dueAt ?? 0) > (dispute.dueAt ?? 0), "it waits for the claim");
          }
          const isOver = dispute !== undefined && dispute.state !== "opened";
          assert.ok(!(isOver && claimed > 0n && refund.state === "created"), "it is not sent after a loss");
          const kinds = story.workItems.map((item) => item.kind);
          if (isOut && claimed > 0n) assert.ok(kinds.includes("surplus_given_twice"));
          if (suspended > 0n)
            assert.ok(
              kinds.some((kind) => kind.startsWith("surplus_")),
              "a person knows",
            );
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
