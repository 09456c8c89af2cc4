import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import { CHANNEL_DATE, type Story, type StoryOptions, startStory } from "../testing/story.ts";

type Case = {
  readonly title: string;
  readonly options?: StoryOptions;
  readonly before?: (story: Story) => void;
  readonly when: (story: Story) => unknown;
  /** What the last report was taken for. */
  readonly decision: string;
  /** Of payment and first attempt afterwards. */
  readonly leaves: readonly [payment: string, attempt: string];
  readonly surplus?: string;
  readonly events?: readonly string[];
  readonly work?: readonly string[];
};

const code: StoryOptions = { method: "alipay.code" };
const pending = { outcome: "pending" as const };
const closed = { outcome: "closed" as const };
const notFound = { outcome: "not_found" as const };
const failed = { outcome: "failed" as const, code: "ACQ.BUYER_BALANCE_NOT_ENOUGH", message: "no money" };
const unknown = { end: "unknown" as const, reason: "time-out" };
const notSent = { end: "not_sent" as const, reason: "budget" };
const refused = { end: "refused" as const, code: "ACQ.NO", message: "no", retryable: false };
const reversal = (moneyReturned: boolean) => ({
  outcome: "reversed" as const,
  moneyReturned,
  channelTradeNo: null,
  channelDate: CHANNEL_DATE,
});
const failedAfter = (story: Story) => {
  const { outcome: _, ...tookBefore } = story.paid();
  return { ...failed, tookBefore };
};
const closedPayment = (story: Story) => {
  story.close();
  story.trade("close", closed);
};

const cases: readonly Case[] = [
  {
    title: "an order that the channel took is pending",
    when: (story) => story.trade("pay", { ...pending, nextAction: { type: "qr_code", qrCode: "q" } }),
    decision: "open",
    leaves: ["processing", "pending"],
  },
  {
    title: "a call without an answer leaves the order unknown, and its payment processing",
    when: (story) => story.trade("pay", unknown),
    decision: "unknown",
    leaves: ["processing", "unknown"],
  },
  {
    title: "a call that was not sent changes nothing: it is placed again",
    when: (story) => story.trade("pay", notSent),
    decision: "not_sent",
    leaves: ["processing", "created"],
  },
  {
    title: "a payment code that was not sent is over: it cannot be sent twice",
    options: code,
    when: (story) => story.trade("pay", notSent),
    decision: "failed",
    leaves: ["created", "failed"],
  },
  {
    title: "an order that the channel refuses ends its attempt, not the payment",
    when: (story) => story.trade("pay", refused),
    decision: "failed",
    leaves: ["created", "failed"],
  },
  {
    title: "a payment code without money leaves the payment open for another",
    options: code,
    when: (story) => story.trade("pay", failed),
    decision: "failed",
    leaves: ["created", "failed"],
  },
  {
    title: "paid is a success",
    when: (story) => story.trade("notification", story.paid()),
    decision: "paid",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "paid, told before the answer to the call",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("pay", unknown),
    decision: "already_known",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "paid, told twice",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("notification", story.paid()),
    decision: "already_known",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "closed, told of an order that was paid, is a contradiction and changes nothing",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("notification", closed),
    decision: "contradiction",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "another amount, told of an order that was paid, is a contradiction and changes nothing",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("query", story.paid({ amount: 999n })),
    decision: "contradiction",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "an open order, told late, does not undo a success",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("query", pending),
    decision: "already_known",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "an order held for failed that was paid is the success",
    before: (story) => void story.trade("pay", refused),
    when: (story) => story.trade("query", story.paid()),
    decision: "paid",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "an order held for closed that was paid while its payment is open is the success",
    before: (story) => void story.trade("query", closed),
    when: (story) => story.trade("notification", story.paid()),
    decision: "paid",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "an abandoned code paid while its payment is open is the success",
    before: (story) => {
      story.close("new_attempt");
      story.trade("close", notFound);
      assert.equal(story.attempt().state, "abandoned");
    },
    when: (story) => story.trade("notification", story.paid()),
    decision: "paid",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "surplus (a): paid after its payment was closed",
    before: closedPayment,
    when: (story) => story.trade("notification", story.paid()),
    decision: "surplus",
    leaves: ["closed", "succeeded"],
    surplus: "payment_closed",
    events: ["payment.closed"],
  },
  {
    title: "surplus (a): an abandoned code paid after its payment was closed",
    before: (story) => {
      story.close();
      story.trade("close", notFound);
    },
    when: (story) => story.trade("query", story.paid()),
    decision: "surplus",
    leaves: ["closed", "succeeded"],
    surplus: "payment_closed",
    events: ["payment.closed"],
  },
  {
    title: "surplus (b): paid while it is being reversed; the reversal gives it back, no refund is made",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => {
      const decision = story.trade("query", story.paid());
      assert.equal(story.box.refunds.size, 0);
      return decision;
    },
    decision: "surplus",
    leaves: ["created", "reversing"],
    surplus: "reversing",
  },
  {
    title: "surplus (b): the reversal answers that the money went back",
    options: code,
    before: (story) => {
      story.giveUp();
      story.trade("query", story.paid());
    },
    when: (story) => story.reversal(reversal(true)),
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "surplus (b): the reversal answers that no money went back: one refund does",
    options: code,
    before: (story) => {
      story.giveUp();
      story.trade("query", story.paid());
    },
    when: (story) => {
      const decision = story.reversal(reversal(false));
      assert.equal(story.box.refunds.size, 1);
      return decision;
    },
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "surplus (b): the channel refuses to reverse (its cut-off is over): one refund gives it back",
    options: code,
    before: (story) => {
      story.giveUp();
      story.trade("query", story.paid());
    },
    when: (story) => {
      const decision = story.reversal(refused);
      assert.equal(story.box.refunds.size, 1);
      return decision;
    },
    decision: "surplus",
    leaves: ["created", "succeeded"],
    surplus: "reversing",
  },
  {
    title: "surplus (b): paid after it was reversed",
    options: code,
    before: (story) => {
      story.advance(40 * SECOND);
      story.giveUp();
      story.reversal(reversal(false));
    },
    when: (story) => {
      const decision = story.trade("notification", story.paid());
      assert.equal(story.box.refunds.size, 1);
      return decision;
    },
    decision: "surplus",
    leaves: ["created", "succeeded"],
    surplus: "reversed",
  },
  {
    title: "surplus (c): a query confirms another amount",
    before: (story) => {
      assert.equal(story.trade("notification", story.paid({ amount: 1001n })), "contradiction");
      assert.deepEqual(story.attempt().dueAt, story.now(), "it is to be asked about now");
    },
    when: (story) => story.trade("query", story.paid({ amount: 1001n })),
    decision: "surplus",
    leaves: ["created", "succeeded"],
    surplus: "amount_differs",
  },
  {
    title: "surplus (c): a close that came too late confirms another amount",
    before: (story) => {
      assert.equal(story.trade("notification", story.paid({ amount: 1001n })), "contradiction");
    },
    when: (story) => story.trade("close", story.paid({ amount: 1001n })),
    decision: "surplus",
    leaves: ["created", "succeeded"],
    surplus: "amount_differs",
  },
  {
    title: "another amount that only a notification tells books nothing, and the query's word counts",
    before: (story) => void story.trade("notification", story.paid({ amount: 1001n })),
    when: (story) => story.trade("query", story.paid()),
    decision: "paid",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "another amount of an order that was closed: it is asked about again",
    before: closedPayment,
    when: (story) => {
      const decision = story.trade("notification", story.paid({ amount: 1001n }));
      assert.deepEqual(story.attempt().dueAt, story.now());
      return decision;
    },
    decision: "contradiction",
    leaves: ["closed", "abandoned"],
    events: ["payment.closed"],
  },
  {
    title: "another amount, refunded in full, told by a notification: asked about, not booked",
    before: closedPayment,
    when: (story) => story.trade("notification", story.refunded(1001n, { amount: 1001n })),
    decision: "contradiction",
    leaves: ["closed", "abandoned"],
    events: ["payment.closed"],
  },
  {
    title: "a reversal that learns of an unknown payment books both movements",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.reversal(reversal(true)),
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "a reversal of an order without money ends it",
    options: code,
    before: (story) => {
      story.advance(40 * SECOND);
      story.giveUp();
    },
    when: (story) => story.reversal(reversal(false)),
    decision: "reversed",
    leaves: ["created", "reversed"],
  },
  {
    title: "a reversal that must be repeated waits",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.reversal({ outcome: "again" }),
    decision: "waiting",
    leaves: ["created", "reversing"],
  },
  {
    title: "a reversal without an answer is repeated",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.reversal(unknown),
    decision: "unknown",
    leaves: ["created", "reversing"],
  },
  {
    title: "a reversed order is told of as paid and refunded: known already",
    options: code,
    before: (story) => {
      story.giveUp();
      story.reversal(reversal(true));
    },
    when: (story) => story.trade("notification", story.refunded(1000n)),
    decision: "already_known",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "a query during a reversal sees the money gone back",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.trade("query", story.refunded(1000n)),
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "what a failed order may have taken is nothing where nobody reversed it",
    when: (story) => story.trade("query", failedAfter(story)),
    decision: "failed",
    leaves: ["created", "failed"],
  },
  {
    title: "a query during a reversal calls the order failed: what it took went back",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.trade("query", failedAfter(story)),
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversing",
  },
  {
    title: "paid after it was reversed, and a query calls it failed: what it took went back",
    options: code,
    before: (story) => {
      story.advance(40 * SECOND);
      story.giveUp();
      story.reversal(reversal(false));
    },
    when: (story) => {
      const decision = story.trade("query", failedAfter(story));
      assert.equal(story.box.refunds.size, 0);
      return decision;
    },
    decision: "reversed",
    leaves: ["created", "reversed"],
    surplus: "reversed",
  },
  {
    title: "a late refusal of the call does not undo money that a reversing order took",
    options: code,
    before: (story) => {
      story.giveUp();
      story.trade("notification", story.paid());
    },
    when: (story) => story.trade("pay", refused),
    decision: "contradiction",
    leaves: ["created", "reversing"],
    surplus: "reversing",
  },
  {
    title: "a late refusal of the call ends a reversing order without money",
    options: code,
    before: (story) => void story.giveUp(),
    when: (story) => story.trade("pay", refused),
    decision: "reversed",
    leaves: ["created", "reversed"],
  },
  {
    title: "the channel takes the whole success back",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("notification", story.refunded(1000n)),
    decision: "reversed_by_channel",
    leaves: ["succeeded", "reversed_by_channel"],
    events: ["payment.succeeded", "payment.reversed_by_channel"],
    work: ["reversed_by_channel"],
  },
  {
    title: "taken and given back before we knew: the success is told, and that it was taken back",
    when: (story) => story.trade("query", story.refunded(1000n)),
    decision: "reversed_by_channel",
    leaves: ["succeeded", "reversed_by_channel"],
    events: ["payment.succeeded", "payment.reversed_by_channel"],
    work: ["reversed_by_channel"],
  },
  {
    title: "the channel refunds a part by itself",
    before: (story) => void story.trade("notification", story.paid()),
    when: (story) => story.trade("notification", story.refunded(400n)),
    decision: "refunded_by_channel",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
    work: ["refund_by_channel"],
  },
  {
    title: "the channel's part, told twice, is one part",
    before: (story) => {
      story.trade("notification", story.paid());
      story.trade("notification", story.refunded(400n));
    },
    when: (story) => story.trade("notification", story.refunded(400n)),
    decision: "already_known",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
    work: ["refund_by_channel"],
  },
  {
    title: "our own refund in the channel's sum is no refund of the channel's",
    before: (story) => {
      story.trade("notification", story.paid());
      story.ask(400n);
    },
    when: (story) => story.trade("notification", story.refunded(400n)),
    decision: "already_known",
    leaves: ["succeeded", "succeeded"],
    events: ["payment.succeeded"],
  },
  {
    title: "a surplus that the channel gives back by itself, before our refund failed",
    before: (story) => {
      closedPayment(story);
      story.trade("notification", story.paid());
      const [refund] = story.box.refunds.keys();
      story.refundReport(refund as string, "refund", refused);
    },
    when: (story) => story.trade("notification", story.refunded(1000n)),
    decision: "reversed_by_channel",
    leaves: ["closed", "succeeded"],
    surplus: "payment_closed",
    events: ["payment.closed", "refund.failed"],
    work: ["surplus_refund_failed"],
  },
  {
    title: "taken after the close and given back at once by the channel: both booked, nothing to refund",
    before: closedPayment,
    when: (story) => {
      const decision = story.trade("notification", story.refunded(1000n));
      assert.equal(story.box.refunds.size, 0);
      return decision;
    },
    decision: "reversed",
    leaves: ["closed", "reversed"],
    surplus: "payment_closed",
    events: ["payment.closed"],
  },
  {
    title: "a code that nobody opened is not there yet",
    when: (story) => {
      story.advance(HOUR);
      return story.trade("query", notFound);
    },
    decision: "open",
    leaves: ["processing", "created"],
  },
  {
    title: "a code that nobody opened until its expiry is closed, and the payment expires",
    before: (story) => {
      story.advance(2 * HOUR);
      story.close("expire");
      story.trade("close", notFound);
      story.advance(3 * SECOND);
    },
    when: (story) => story.trade("query", notFound),
    decision: "closed",
    leaves: ["closed", "closed"],
    events: ["payment.closed"],
  },
  {
    title: "an order made at its placing is not there within its horizon: asked again",
    options: { method: "alipay.jsapi" },
    when: (story) => story.trade("query", notFound),
    decision: "open",
    leaves: ["processing", "created"],
  },
  {
    title: "an order made at its placing is not there after its horizon: it never was",
    options: { method: "alipay.jsapi" },
    before: (story) => story.advance(MINUTE),
    when: (story) => story.trade("query", notFound),
    decision: "closed",
    leaves: ["created", "closed"],
  },
  {
    title: "a payment code not found is never guessed about: the reversal decides",
    options: code,
    before: (story) => story.advance(HOUR),
    when: (story) => story.trade("query", notFound),
    decision: "open",
    leaves: ["processing", "created"],
  },
  {
    title: "a query without an answer changes nothing",
    before: (story) => void story.trade("pay", pending),
    when: (story) => story.trade("query", unknown),
    decision: "unknown",
    leaves: ["processing", "pending"],
  },
];

describe("what a report about an order means", () => {
  for (const { title, options, before, when, decision, leaves, surplus, events, work } of cases) {
    test(title, () => {
      const story = startStory(options);
      before?.(story);
      assert.equal(when(story), decision);
      assert.deepEqual([story.box.payment.status, story.attempt().state], leaves);
      assert.equal(story.attempt().surplus, surplus ?? null);
      assert.deepEqual(story.events, events ?? []);
      assert.deepEqual(
        story.workItems.map((item) => item.kind),
        work ?? [],
      );
    });
  }
});

describe("two orders of one payment", () => {
  /** The first order abandoned, a second one live. */
  const two = (method = "alipay.page") => {
    const story = startStory();
    story.close("new_attempt");
    story.trade("close", notFound);
    const second = story.another(method);
    assert.deepEqual(second.wish, { done: true });
    return { story, second: second.id };
  };

  test("the first one paid is the success, and the live one is let go: closed at the channel", () => {
    const { story, second } = two();
    assert.equal(story.trade("notification", story.paid()), "paid");
    const other = story.attempt(second);
    assert.deepEqual([other.state, other.closeWanted], ["abandoned", true]);
    assert.deepEqual(other.dueAt, story.now());
    assert.equal(story.trade("close", closed, second), "closed");
  });

  test("both paid: the first told is the success, the other goes back", () => {
    const { story, second } = two();
    story.trade("notification", story.paid(), second);
    assert.equal(story.trade("notification", story.paid()), "surplus");
    assert.equal(story.box.payment.successAttemptId, second);
    assert.equal(story.attempt().surplus, "payment_succeeded");
    const [refund] = story.box.refunds.values();
    assert.deepEqual([refund?.automatic, refund?.amount, refund?.attemptId], [true, 1000n, story.first]);
    assert.deepEqual(story.events, ["payment.succeeded"]);
  });

  test("the live one is a payment code: it is reversed", () => {
    const { story, second } = two("alipay.code");
    story.trade("notification", story.paid());
    assert.equal(story.attempt(second).state, "reversing");
    assert.equal(story.trade("query", story.paid(), second), "surplus");
    assert.equal(story.attempt(second).surplus, "reversing");
  });

  test("a surplus earns no fee", () => {
    const { story, second } = two();
    story.trade("notification", story.paid());
    story.trade("notification", story.paid(), second);
    assert.equal(story.attempt().taken?.feeAmount, 8n);
    assert.equal(story.attempt(second).taken?.feeAmount, 0n);
    assert.equal(story.books.natural("fee_income"), 8n);
  });
});

test("a refund that the bank sent back stays in the channel's sum, and is no refund of its own", () => {
  const story = startStory();
  story.trade("notification", story.paid());
  const { id } = story.ask(400n);
  story.refundReport(id, "refund", {
    outcome: "accepted",
    settleAmount: null,
    channelRefundNo: null,
    channelDate: CHANNEL_DATE,
  });
  story.refundReport(id, "notification", {
    outcome: "returned",
    channelDate: CHANNEL_DATE,
    message: "came back",
  });
  assert.equal(story.trade("notification", story.refunded(400n)), "already_known");
  assert.equal(story.trade("notification", story.refunded(500n)), "refunded_by_channel");
  assert.equal(story.attempt().takenBack, 100n);
});

test("the channel gives a part of a reversing order back, then reverses: exactly the rest is booked", () => {
  const story = startStory({ method: "alipay.code" });
  story.giveUp();
  assert.equal(story.trade("query", story.refunded(300n)), "refunded_by_channel");
  assert.equal(story.books.natural("suspense_surplus"), 700n);
  story.reversal(reversal(true));
  assert.equal(story.books.natural("suspense_surplus"), 0n);
  assert.equal(story.books.natural("channel_receivable"), 0n);
});

test("what the channel calls refunded beyond what was taken books no more than was taken", () => {
  const story = startStory();
  story.trade("notification", story.paid());
  story.ask(400n);
  story.trade("query", story.refunded(2000n));
  assert.equal(story.attempt().takenBack, 600n);
});
