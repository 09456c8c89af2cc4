import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "../../kernel/clock.ts";
import { sharedSchedules } from "../testing/schedules.ts";
import { CHANNEL_DATE, type Story, type StoryOptions, startStory } from "../testing/story.ts";

type Case = {
  readonly title: string;
  readonly options?: StoryOptions;
  /** What leads there; its journals are not looked at. */
  readonly before?: (story: Story) => void;
  readonly when: (story: Story) => void;
  readonly lines: readonly string[];
};

const accepted = (settleAmount: bigint | null = null) => ({
  outcome: "accepted" as const,
  settleAmount,
  channelRefundNo: null,
  channelDate: CHANNEL_DATE,
});
const refused = { end: "refused" as const, code: "ACQ.NO", message: "no", retryable: false };
const reversed = (moneyReturned: boolean) => ({
  outcome: "reversed" as const,
  moneyReturned,
  channelTradeNo: null,
  channelDate: CHANNEL_DATE,
});
const pay = (story: Story) => void story.trade("query", story.paid());
const onCredit = { currencies: [{ currency: "CNY", creditLine: 50n }] };
const gross: StoryOptions = { account: { costSettlement: "gross" } };
const memo: StoryOptions = { account: { fundFlow: "direct_to_merchant" } };
const code: StoryOptions = { method: "alipay.code" };

/** Takes 1000, asks for a refund and lets the channel take it; what it has returned comes back by `end`. */
function refundOf(story: Story, amount: bigint, wanted = {}): string {
  return story.ask(amount, wanted).id;
}

const cases: readonly Case[] = [
  {
    title: "a success: what settles, our fee, the cost kept back by the channel",
    when: pay,
    lines: [
      "Dr channel_receivable 1000",
      "Cr merchant_pending 1000",
      "Dr merchant_pending 8",
      "Cr fee_income 8",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
    ],
  },
  {
    title: "a success with partners: their part of the fee is owed to them",
    options: { schedules: sharedSchedules("cumulative") },
    when: pay,
    lines: [
      "Dr channel_receivable 1000",
      "Cr merchant_pending 1000",
      "Dr merchant_pending 8",
      "Cr fee_income 8",
      "Dr fee_income 3",
      "Cr partner_payable 3",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
    ],
  },
  {
    title: "a refund accepted by a schedule: partners give their part of the fee back with it",
    options: { schedules: sharedSchedules("cumulative") },
    before: (story) => {
      pay(story);
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted());
    },
    lines: [
      "Dr refund_clearing 500",
      "Cr channel_receivable 500",
      "Dr fee_income 4",
      "Cr merchant_pending 4",
      "Dr partner_payable 2",
      "Cr fee_income 2",
      "Dr channel_receivable 3",
      "Cr channel_cost 3",
    ],
  },
  {
    title: "a refund that comes back by a schedule: fee, cost and the partners' part are taken again",
    options: { schedules: sharedSchedules("returned") },
    before: (story) => {
      pay(story);
      const refund = refundOf(story, 1000n);
      story.refundReport(refund, "refund", accepted());
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      const came = { outcome: "returned", channelDate: CHANNEL_DATE, message: "account closed" } as const;
      story.refundReport(refund as string, "refund_query", came);
    },
    lines: [
      "Dr channel_receivable 1000",
      "Cr refund_clearing 1000",
      "Dr refund_clearing 1000",
      "Cr merchant_pending 1000",
      "Dr merchant_pending 8",
      "Cr fee_income 8",
      "Dr fee_income 3",
      "Cr partner_payable 3",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
    ],
  },
  {
    title: "a refund under a schedule that keeps fee and cost, whatever the contract says",
    options: { schedules: sharedSchedules("kept") },
    before: (story) => {
      pay(story);
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted());
    },
    lines: ["Dr refund_clearing 500", "Cr channel_receivable 500"],
  },
  {
    title: "all taken back by a channel whose schedule keeps its cost",
    options: { schedules: sharedSchedules("kept") },
    before: pay,
    when: (story) => {
      assert.equal(story.trade("query", story.refunded(1000n)), "reversed_by_channel");
    },
    lines: ["Dr suspense_shortage 1000", "Cr channel_receivable 1000"],
  },
  {
    title: "a surplus earns no fee, so nothing of it is owed to partners",
    options: { ...code, schedules: sharedSchedules("cumulative") },
    before: (story) => story.giveUp(),
    when: pay,
    lines: [
      "Dr channel_receivable 1000",
      "Cr suspense_surplus 1000",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
    ],
  },
  {
    title: "a success whose cost is billed apart",
    options: gross,
    when: pay,
    lines: [
      "Dr channel_receivable 1000",
      "Cr merchant_pending 1000",
      "Dr merchant_pending 8",
      "Cr fee_income 8",
      "Dr channel_cost 6",
      "Cr channel_cost_payable 6",
    ],
  },
  {
    title:
      "a success with a voucher that the merchant funded: only what settles is booked, fee and cost of it",
    when: (story) => void story.trade("query", story.paid({ settleAmount: 500n })),
    lines: [
      "Dr channel_receivable 500",
      "Cr merchant_pending 500",
      "Dr merchant_pending 4",
      "Cr fee_income 4",
      "Dr channel_cost 3",
      "Cr channel_receivable 3",
    ],
  },
  {
    title: "a success that vouchers paid in full moves nothing",
    when: (story) => void story.trade("query", story.paid({ settleAmount: 0n })),
    lines: [],
  },
  {
    title: "money that does not pass us: the memo twins, no fee, no cost",
    options: memo,
    when: pay,
    lines: ["Dr memo_channel_receivable 1000", "Cr memo_merchant_pending 1000"],
  },
  {
    title: "a surplus: held in suspense, with its cost, and at once on its way back",
    before: (story) => void story.close("close"),
    when: (story) => {
      story.trade("close", { outcome: "not_found" });
      story.trade("notification", story.paid());
    },
    lines: [
      "Dr channel_receivable 1000",
      "Cr suspense_surplus 1000",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
      "Dr suspense_surplus 1000",
      "Cr refund_clearing 1000",
    ],
  },
  {
    title: "a surplus that never passes us",
    options: memo,
    before: (story) => {
      story.close("close");
      story.trade("close", { outcome: "closed" });
    },
    when: pay,
    lines: [
      "Dr memo_channel_receivable 1000",
      "Cr memo_suspense_surplus 1000",
      "Dr memo_suspense_surplus 1000",
      "Cr memo_refund_clearing 1000",
    ],
  },
  {
    title: "a surplus refund that the channel takes: the cost comes back with it",
    before: (story) => {
      story.close("close");
      story.trade("close", { outcome: "closed" });
      pay(story);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted(1000n));
    },
    lines: [
      "Dr refund_clearing 1000",
      "Cr channel_receivable 1000",
      "Dr channel_receivable 6",
      "Cr channel_cost 6",
    ],
  },
  {
    title: "a surplus refund that the channel refuses: back in suspense",
    before: (story) => {
      story.close("close");
      story.trade("close", { outcome: "closed" });
      pay(story);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", refused);
    },
    lines: ["Dr refund_clearing 1000", "Cr suspense_surplus 1000"],
  },
  {
    title: "a payment code reversed after the buyer had paid: taken and given back, cost and all",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => void story.reversal(reversed(true)),
    lines: [
      "Dr channel_receivable 1000",
      "Cr suspense_surplus 1000",
      "Dr channel_cost 6",
      "Cr channel_receivable 6",
      "Dr suspense_surplus 1000",
      "Cr channel_receivable 1000",
      "Dr channel_receivable 6",
      "Cr channel_cost 6",
    ],
  },
  {
    title: "a reversal where the cost is billed apart",
    options: { ...code, ...gross },
    before: (story) => {
      story.giveUp();
      pay(story);
    },
    when: (story) => void story.reversal(reversed(true)),
    lines: [
      "Dr suspense_surplus 1000",
      "Cr channel_receivable 1000",
      "Dr channel_cost_payable 6",
      "Cr channel_cost 6",
    ],
  },
  {
    title: "a refund asked for: out of what is not settled yet",
    before: pay,
    when: (story) => void refundOf(story, 300n),
    lines: ["Dr merchant_pending 300", "Cr refund_clearing 300"],
  },
  {
    title: "a refund beyond what is pending: then out of the available, then on credit",
    options: { merchant: onCredit },
    before: (story) => {
      pay(story);
      story.books.give("merchant_pending", -900n);
      story.books.give("merchant_available", 25n);
    },
    when: (story) => {
      // The books hold less than this payment brought: another one took it.
      assert.throws(() => refundOf(story, 150n), /not the sum of its open items/);
    },
    lines: [
      // 92 are there, and 1 of the fee comes back with these 150.
      "Dr merchant_pending 93",
      "Dr merchant_available 25",
      "Dr merchant_receivable 32",
      "Cr refund_clearing 150",
    ],
  },
  {
    title: "a refund of money that does not pass us: the channel decides whether it is covered",
    options: memo,
    before: pay,
    when: (story) => void refundOf(story, 1000n),
    lines: ["Dr memo_merchant_pending 1000", "Cr memo_refund_clearing 1000"],
  },
  {
    title: "a refund accepted: fee and cost come back in proportion",
    before: (story) => {
      pay(story);
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted());
    },
    lines: [
      "Dr refund_clearing 500",
      "Cr channel_receivable 500",
      "Dr fee_income 4",
      "Cr merchant_pending 4",
      "Dr channel_receivable 3",
      "Cr channel_cost 3",
    ],
  },
  {
    title: "a refund accepted where cost is billed apart",
    options: { ...gross, merchant: onCredit },
    before: (story) => {
      pay(story);
      refundOf(story, 1000n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted());
    },
    lines: [
      "Dr refund_clearing 1000",
      "Cr channel_receivable 1000",
      "Dr fee_income 8",
      "Cr merchant_pending 8",
      "Dr channel_cost_payable 6",
      "Cr channel_cost 6",
    ],
  },
  {
    title: "a refund accepted under a contract that gives neither fee nor cost back",
    options: { account: { feeReturnedOnRefund: false, costReturnedOnRefund: false } },
    before: (story) => {
      pay(story);
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted());
    },
    lines: ["Dr refund_clearing 500", "Cr channel_receivable 500"],
  },
  {
    title: "all taken back by a channel that keeps its cost",
    options: { account: { costReturnedOnRefund: false } },
    before: pay,
    when: (story) => {
      assert.equal(story.trade("query", story.refunded(1000n)), "reversed_by_channel");
    },
    lines: ["Dr suspense_shortage 1000", "Cr channel_receivable 1000"],
  },
  {
    title: "the channel's own figure for the settled part: the difference is posted at acceptance",
    before: (story) => {
      story.trade("query", story.paid({ settleAmount: 500n }));
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      assert.equal(story.refund(refund as string).settleAmount, 250n);
      story.refundReport(refund as string, "refund", accepted(400n));
    },
    lines: [
      "Dr merchant_pending 150",
      "Cr refund_clearing 150",
      "Dr refund_clearing 400",
      "Cr channel_receivable 400",
      "Dr fee_income 3",
      "Cr merchant_pending 3",
      "Dr channel_receivable 2",
      "Cr channel_cost 2",
    ],
  },
  {
    title: "a settled part smaller than put aside goes back to the merchant",
    before: (story) => {
      story.trade("query", story.paid({ settleAmount: 500n }));
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", accepted(0n));
    },
    lines: ["Dr refund_clearing 250", "Cr merchant_pending 250"],
  },
  {
    title: "arrival moves nothing",
    before: (story) => {
      pay(story);
      const refund = refundOf(story, 500n);
      story.refundReport(refund, "refund", accepted());
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund_query", { ...accepted(), outcome: "arrived" });
    },
    lines: [],
  },
  {
    title: "a refund that failed: back whence it came",
    before: (story) => {
      pay(story);
      refundOf(story, 500n);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", refused);
    },
    lines: ["Dr refund_clearing 500", "Cr merchant_pending 500"],
  },
  {
    title: "a refund returned after acceptance: everything that acceptance did is undone",
    before: (story) => {
      pay(story);
      const refund = refundOf(story, 500n);
      story.refundReport(refund, "refund", accepted());
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      const returned = { outcome: "returned" as const, channelDate: CHANNEL_DATE, message: "came back" };
      story.refundReport(refund as string, "refund_query", returned);
    },
    lines: [
      "Dr channel_receivable 500",
      "Cr refund_clearing 500",
      "Dr refund_clearing 500",
      "Cr merchant_pending 500",
      "Dr merchant_pending 4",
      "Cr fee_income 4",
      "Dr channel_cost 3",
      "Cr channel_receivable 3",
    ],
  },
  {
    title: "a success that the channel takes back: missing until someone is made to pay",
    before: pay,
    when: (story) => void story.trade("notification", story.refunded(1000n)),
    lines: [
      "Dr suspense_shortage 1000",
      "Cr channel_receivable 1000",
      "Dr channel_receivable 6",
      "Cr channel_cost 6",
    ],
  },
  {
    title: "a part refunded by the channel itself: missing, and no fee comes back",
    before: pay,
    when: (story) => void story.trade("notification", story.refunded(250n)),
    lines: ["Dr suspense_shortage 250", "Cr channel_receivable 250"],
  },
  {
    title: "a part refunded by the channel itself, of money that never passes us",
    options: memo,
    before: pay,
    when: (story) => void story.trade("notification", story.refunded(250n)),
    lines: ["Dr memo_suspense_shortage 250", "Cr memo_channel_receivable 250"],
  },
  {
    title: "a refund held for failed that the channel carried out after all",
    before: (story) => {
      pay(story);
      const refund = refundOf(story, 500n);
      story.refundReport(refund, "refund", refused);
    },
    when: (story) => {
      const [refund] = story.box.refunds.keys();
      story.advance(MINUTE);
      story.refundReport(refund as string, "notification", accepted());
    },
    lines: [
      "Dr suspense_shortage 500",
      "Cr channel_receivable 500",
      "Dr channel_receivable 3",
      "Cr channel_cost 3",
    ],
  },
];

for (const { title, options, before, when, lines } of cases) {
  test(title, () => {
    const story = startStory(options);
    before?.(story);
    const known = story.books.lines.length;
    when(story);
    assert.deepEqual(story.books.lines.slice(known), lines);
  });
}

test("fee and cost come back cumulatively: three thirds give exactly the whole", () => {
  const story = startStory({ merchant: onCredit });
  pay(story);
  for (const amount of [333n, 333n, 334n]) {
    story.refundReport(refundOf(story, amount), "refund", accepted());
  }
  assert.equal(story.books.natural("fee_income"), 0n);
  assert.equal(story.books.natural("channel_cost"), 0n);
  assert.equal(story.books.natural("channel_receivable"), 0n);
  assert.equal(story.books.natural("merchant_pending"), story.books.natural("merchant_receivable"));
});

test("the settled parts of many refunds add up to what settled, whatever the channel says of each", () => {
  const story = startStory({ merchant: onCredit });
  story.trade("query", story.paid({ settleAmount: 900n }));
  story.refundReport(refundOf(story, 500n), "refund", accepted(500n));
  story.refundReport(refundOf(story, 300n), "refund", accepted());
  const last = story.ask(null).id;
  assert.equal(story.refund(last).amount, 200n);
  story.refundReport(last, "refund", accepted());
  assert.equal(story.books.natural("channel_receivable"), 0n);
  assert.equal(story.books.natural("merchant_pending"), story.books.natural("merchant_receivable"));
});

for (const recovered of [0n, 3n, 8n]) {
  test(`a refund on credit that fails after ${recovered} of the debt were recovered leaves none`, () => {
    const story = startStory({ merchant: onCredit, account: { feeReturnedOnRefund: false } });
    pay(story);
    const [first, second] = [refundOf(story, 950n), refundOf(story, 50n)];
    assert.equal(story.refund(second).fromReceivable, 8n);
    story.books.give("merchant_receivable", -recovered);
    assert.equal(story.refundReport(second, "refund", refused), "refund_failed");
    const { books } = story;
    assert.deepEqual(
      [books.natural("merchant_receivable"), books.natural("merchant_available")],
      [0n, recovered],
    );
    assert.equal(story.refundReport(first, "refund", refused), "refund_failed");
  });
}
