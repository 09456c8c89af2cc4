import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DisputeOutcome, RefundOutcome, ReversalOutcome, TradeOutcome } from "../../channels/index.ts";
import { HOUR, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { HonestChannel } from "../testing/honest-channel.ts";
import { sharedSchedules } from "../testing/schedules.ts";
import { CHANNEL_DATE, type Story, startStory } from "../testing/story.ts";

const AMOUNT = 1000n;
const METHODS = ["alipay.qr", "alipay.page", "alipay.jsapi", "alipay.code"] as const;

const nth = fc.nat(3);
const someAmount = fc.bigInt({ min: 1n, max: AMOUNT + 10n });
const method = fc.constantFrom(...METHODS);
const noAnswer = fc.constantFrom(
  { end: "unknown" as const, reason: "time-out" },
  { end: "not_sent" as const, reason: "budget" },
  { end: "refused" as const, code: "ACQ.NO", message: "no", retryable: false },
  { end: "refused" as const, code: "ACQ.LATER", message: "later", retryable: true },
);

/** One thing that is said or wanted; `nth` picks among the orders or refunds there are. */
const anything = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant("trade"),
      nth,
      source: fc.constantFrom("pay", "query", "close", "notification"),
      outcome: fc.constantFrom("paid", "refunded", "closed", "failed", "pending", "not_found"),
      amount: fc.oneof({ weight: 5, arbitrary: fc.constant(AMOUNT) }, { weight: 1, arbitrary: someAmount }),
      settle: fc.option(someAmount),
      refunded: someAmount,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("silence"),
      nth,
      source: fc.constantFrom("pay", "query", "close"),
      end: noAnswer,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant("reversal"),
      nth,
      end: fc.oneof(fc.boolean(), fc.constant("again"), noAnswer),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("ask"), amount: fc.option(someAmount) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant("refund"),
      nth,
      source: fc.constantFrom("refund", "refund_query", "notification"),
      outcome: fc.constantFrom("accepted", "arrived", "failed", "returned", "pending", "not_found"),
      settle: fc.option(someAmount),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("refund_silence"), nth, end: noAnswer }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("foreign_refund"),
      nth,
      no: fc.constantFrom("re_1", "re_2"),
      outcome: fc.constantFrom("given_back", "returned"),
      amount: fc.oneof(fc.constantFrom(AMOUNT, 400n), someAmount),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("dispute"),
      nth,
      no: fc.constantFrom("dp_1", "dp_2"),
      outcome: fc.constantFrom("opened", "won", "lost"),
      amount: fc.oneof(fc.constant(AMOUNT), someAmount),
      fee: fc.constantFrom(0n, 15n),
      returned: fc.record({
        amount: fc.oneof(fc.constant(AMOUNT), someAmount),
        fee: fc.constantFrom(0n, 15n),
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant("close"),
      closingFor: fc.constantFrom("close", "expire", "new_attempt"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("give_up"), nth }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("another"), method }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant("advance"),
      ms: fc.constantFrom(SECOND, 40 * SECOND, HOUR, 2 * HOUR),
    }),
  },
);
type Anything = typeof anything extends fc.Arbitrary<infer Step> ? Step : never;

/** None, and one of each way to give back. */
const SCHEDULES = [[], ...(["returned", "kept", "pro_rata", "cumulative"] as const).map(sharedSchedules)];

const terms = fc.record({
  method,
  fundFlow: fc.constantFrom("through_platform", "direct_to_merchant", "bank_custody"),
  costSettlement: fc.constantFrom("net", "gross"),
  feeReturnedOnRefund: fc.boolean(),
  costReturnedOnRefund: fc.boolean(),
  creditLine: fc.constantFrom(0n, 100n, 10_000n),
  schedules: fc.constantFrom(...SCHEDULES),
});

function storyOf(given: typeof terms extends fc.Arbitrary<infer Terms> ? Terms : never): Story {
  const { method: first, creditLine, schedules, ...account } = given;
  const merchant = { currencies: [{ currency: "CNY", creditLine }] };
  return startStory({ amount: AMOUNT, method: first, account, merchant, schedules });
}

function pick(ids: Iterable<Id>, index: number): Id | null {
  const all = [...ids];
  return all.length === 0 ? null : (all[index % all.length] as Id);
}

function tradeOf(step: Extract<Anything, { step: "trade" }>, story: Story): TradeOutcome {
  const facts = { amount: step.amount, settleAmount: step.settle };
  switch (step.outcome) {
    case "paid":
      return story.paid(facts);
    case "refunded":
      return story.refunded(step.refunded, facts);
    case "failed":
      return { outcome: "failed", code: "ACQ.NO", message: "no" };
    default:
      return { outcome: step.outcome };
  }
}

function refundOutcomeOf(step: Extract<Anything, { step: "refund" }>): RefundOutcome {
  const known = { settleAmount: step.settle, channelRefundNo: null, channelDate: CHANNEL_DATE };
  switch (step.outcome) {
    case "accepted":
    case "arrived":
      return { outcome: step.outcome, ...known };
    case "failed":
      return { outcome: "failed", code: "ACQ.NO", message: "no" };
    case "returned":
      return { outcome: "returned", channelDate: CHANNEL_DATE, message: "came back" };
    default:
      return { outcome: step.outcome };
  }
}

function reversalOf(end: Extract<Anything, { step: "reversal" }>["end"]) {
  if (typeof end === "object") return end;
  if (end === "again") return { outcome: "again" as const };
  const reversed: ReversalOutcome = {
    outcome: "reversed",
    moneyReturned: end === true,
    channelTradeNo: null,
    channelDate: CHANNEL_DATE,
  };
  return reversed;
}

function disputeOf(step: Extract<Anything, { step: "dispute" }>, attemptId: Id): DisputeOutcome {
  const { outcome, no, amount, fee } = step;
  const channelDisputeNo = `${no} ${attemptId}`;
  const common = {
    channelDisputeNo,
    amount,
    fee,
    currency: "CNY",
    openedDate: CHANNEL_DATE,
    reason: "general",
    respondBy: null,
  };
  if (outcome !== "won") return { ...common, outcome };
  return { ...common, outcome, returned: { ...step.returned, channelDate: CHANNEL_DATE } };
}

/** Does a step. The story itself asserts after each that all holds. */
function take(story: Story, step: Anything): void {
  switch (step.step) {
    case "trade":
      story.trade(step.source, tradeOf(step, story), attemptAt(story, step.nth));
      return;
    case "silence":
      story.trade(step.source, step.end, attemptAt(story, step.nth));
      return;
    case "reversal":
      story.reversal(reversalOf(step.end), attemptAt(story, step.nth));
      return;
    case "ask":
      story.ask(step.amount);
      return;
    case "refund": {
      const id = pick(story.box.refunds.keys(), step.nth);
      if (id !== null) story.refundReport(id, step.source, refundOutcomeOf(step));
      return;
    }
    case "refund_silence": {
      const id = pick(story.box.refunds.keys(), step.nth);
      if (id !== null) story.refundReport(id, "refund", step.end);
      return;
    }
    case "dispute": {
      const attemptId = attemptAt(story, step.nth);
      story.disputeReport(disputeOf(step, attemptId), undefined, attemptId);
      return;
    }
    case "foreign_refund": {
      const { no, amount, outcome, nth: index } = step;
      story.foreignRefund(no, amount, { outcome }, attemptAt(story, index));
      return;
    }
    case "close":
      story.close(step.closingFor);
      return;
    case "give_up": {
      const id = attemptAt(story, step.nth);
      if (story.attempt(id).method === "alipay.code") story.giveUp(id);
      return;
    }
    case "another":
      story.another(step.method);
      return;
    case "advance":
      story.advance(step.ms);
  }
}

function attemptAt(story: Story, index: number): Id {
  return pick(story.box.attempts.keys(), index) as Id;
}

/** What must not change when the same is said again: due times and counts of calls may. */
function substance(story: Story): unknown {
  const plain = (rows: Iterable<object>) =>
    [...rows].map((row) => ({ ...row, dueAt: null, queries: 0, tries: 0 }));
  return {
    payment: { ...story.box.payment, dueAt: null },
    attempts: plain(story.box.attempts.values()),
    refunds: plain(story.box.refunds.values()),
    disputes: plain(story.box.disputes.values()),
    lines: [...story.books.lines],
    events: [...story.events],
    workItems: story.workItems.map((item) => item.kind),
  };
}

const REPORTS: readonly string[] = [
  "trade",
  "silence",
  "reversal",
  "refund",
  "refund_silence",
  "dispute",
  "foreign_refund",
];

test("whatever is said in whatever order: constraints hold, journals balance, all money has a place", () => {
  fc.assert(
    fc.property(terms, fc.array(anything, { maxLength: 30 }), (given, steps) => {
      const story = storyOf(given);
      let success: Id | null = null;
      for (const step of steps) {
        take(story, step);
        const { payment } = story.box;
        if (success !== null) assert.equal(payment.successAttemptId, success, "a success is for ever");
        success = payment.successAttemptId;
      }
    }),
    { numRuns: 3_000 },
  );
});

test("the same report twice is the same report once", () => {
  fc.assert(
    fc.property(terms, fc.array(anything, { maxLength: 20 }), (given, steps) => {
      const story = storyOf(given);
      for (const step of steps) {
        take(story, step);
        if (!REPORTS.includes(step.step)) continue;
        const once = substance(story);
        take(story, step);
        assert.deepEqual(substance(story), once);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("an ended payment has no live order, and the merchant is told of each end once", () => {
  fc.assert(
    fc.property(terms, fc.array(anything, { maxLength: 30 }), (given, steps) => {
      const story = storyOf(given);
      for (const step of steps) {
        take(story, step);
        const { payment } = story.box;
        const ends = story.events.filter((event) => /^payment\.(succeeded|closed|failed)$/.test(event));
        assert.deepEqual(ends, payment.finishedAt === null ? [] : [`payment.${payment.status}`]);
        if (payment.finishedAt !== null) assert.equal(payment.liveAttemptId, null);
      }
    }),
    { numRuns: 1_000 },
  );
});

const channelStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant("buyer_pays"), nth }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("expires"), nth }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant("observe"), nth, query: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ step: fc.constant("deliver"), nth: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constant("refund_call"), nth, takes: fc.boolean(), told: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("returns"), nth }) },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("gives_back"), nth, part: fc.option(someAmount) }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("theirs_returns"), nth }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("cancel_call"), nth, told: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("ask"), amount: fc.option(someAmount) }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant("close"), closingFor: fc.constantFrom("close", "new_attempt") }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("give_up"), nth }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("another"), method }) },
);
type ChannelStep = typeof channelStep extends fc.Arbitrary<infer Step> ? Step : never;

function live(story: Story, channel: HonestChannel, step: ChannelStep): void {
  const attemptId = "nth" in step ? attemptAt(story, step.nth) : story.first;
  const refundId = "nth" in step ? pick(story.box.refunds.keys(), step.nth) : null;
  switch (step.step) {
    case "buyer_pays":
      channel.pay(attemptId);
      break;
    case "expires":
      channel.end(attemptId);
      break;
    case "observe":
      channel.observe(attemptId, step.query ? "query" : "notification");
      break;
    case "deliver":
      channel.deliver(step.nth);
      break;
    case "refund_call":
      if (refundId !== null) channel.refund(refundId, step);
      break;
    case "returns":
      if (refundId !== null) channel.sendBack(refundId);
      break;
    case "gives_back":
      channel.giveBack(attemptId, step.part);
      break;
    case "theirs_returns":
      channel.sendTheirsBack(attemptId, step.nth);
      break;
    case "cancel_call":
      channel.cancel(attemptId, step.told);
      break;
    default:
      take(story, step);
  }
}

test("after any story with an honest channel the books hold to the cent what the channel owes", () => {
  fc.assert(
    fc.property(
      fc.record({ method, creditLine: fc.constantFrom(0n, 10_000n), tellsNumbers: fc.boolean() }),
      fc.array(channelStep, { maxLength: 40 }),
      ({ method: first, creditLine, tellsNumbers }, steps) => {
        const story = startStory({
          amount: AMOUNT,
          method: first,
          account: { costRateMillionths: 0n },
          merchant: { currencies: [{ currency: "CNY", creditLine }] },
        });
        const channel = new HonestChannel(story, { tellsNumbers });
        for (const step of steps) live(story, channel, step);
        channel.tellEverything();
        assert.equal(story.books.natural("channel_receivable"), channel.owes());
        assert.equal(story.books.natural("refund_clearing"), 0n);
        if (story.workItems.length === 0) {
          assert.equal(story.books.natural("suspense_surplus"), 0n);
          assert.equal(story.books.natural("suspense_shortage"), 0n);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

const smallPart = fc.bigInt({ min: 1n, max: AMOUNT / 2n });
const backStep: fc.Arbitrary<ChannelStep> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ step: fc.constant("observe"), nth, query: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ step: fc.constant("deliver"), nth: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constant("refund_call"), nth, takes: fc.boolean(), told: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("returns"), nth }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("gives_back"), nth, part: fc.option(smallPart) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("theirs_returns"), nth }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("ask"), amount: fc.option(smallPart) }) },
);

test("whatever goes back and comes back of a payment, by sums and by numbers, is booked once", () => {
  fc.assert(
    fc.property(fc.array(backStep, { minLength: 3, maxLength: 30 }), fc.nat(4), (steps, nth) => {
      const story = startStory({
        amount: AMOUNT,
        // Of the fee and its shares alone: what the channel owes is told apart from what it costs.
        schedules: (SCHEDULES[nth] ?? []).filter(({ kind }) => kind === "fee"),
        account: { costRateMillionths: 0n },
        merchant: { currencies: [{ currency: "CNY", creditLine: 10_000n }] },
      });
      const channel = new HonestChannel(story, { tellsNumbers: true });
      channel.pay(story.first);
      story.trade("query", story.paid());
      for (const step of steps) live(story, channel, step);
      channel.tellEverything();
      assert.equal(story.books.natural("channel_receivable"), channel.owes());
    }),
    { numRuns: 3_000 },
  );
});
