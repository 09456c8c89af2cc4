import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { DisputeOutcome, DisputeReturn } from "../../channels/index.ts";
import { DAY, HOUR, MINUTE, plus } from "../../kernel/clock.ts";
import { type Story, type StoryOptions, startStory } from "../testing/story.ts";
import { nextDisputeQueryAt } from "./decide-dispute.ts";

const AMOUNT = 1000n;
const FEE = 15n;

type Changes = Partial<Omit<DisputeOutcome, "outcome">> & { readonly returned?: Partial<DisputeReturn> };

/** A claim; won, all of its amount came back, and nothing of the fee. */
function told(outcome: DisputeOutcome["outcome"], changes: Changes = {}): DisputeOutcome {
  const { returned, ...others } = changes;
  const common = {
    channelDisputeNo: "dp_1",
    amount: 400n,
    fee: FEE,
    currency: "CNY",
    openedDate: "2026-11-21",
    reason: "fraudulent",
    respondBy: null,
    ...others,
  };
  if (outcome !== "won") return { ...common, outcome };
  const back = { amount: common.amount, fee: 0n, channelDate: "2026-12-01", ...returned };
  return { ...common, outcome, returned: back };
}

function paidStory(options: StoryOptions = {}): Story {
  const story = startStory({ amount: AMOUNT, ...options });
  story.trade("notification", story.paid());
  story.events.length = 0;
  return story;
}

const disputesOf = (story: Story) => [...story.box.disputes.values()];
const eventsOf = (story: Story) => story.events.filter((type) => type.startsWith("dispute."));
const journalsOf = (story: Story) =>
  story.books.journals
    .filter(({ kind }) => kind.startsWith("dispute_"))
    .map(({ kind, channelDate }) => `${kind} ${channelDate}`);

describe("a payer's claim", () => {
  test("takes the amount and the fee from the merchant, and calls a person", () => {
    const story = paidStory();
    const before = story.books.natural("merchant_pending");
    const respondBy = plus(story.now(), 7 * DAY);
    assert.equal(story.disputeReport(told("opened", { respondBy })), "disputed");
    assert.equal(story.books.natural("merchant_pending"), before - 400n - FEE);
    assert.deepEqual(story.books.lines.slice(-2), ["Dr merchant_pending 415", "Cr channel_receivable 415"]);
    assert.deepEqual(eventsOf(story), ["dispute.opened"]);
    assert.equal(story.box.payment.status, "succeeded");
    const [item] = story.workItems;
    assert.equal(item?.kind, "dispute_opened");
    assert.match(item.detail, /4\.00 CNY.*fraudulent.*2026-11-27/);
    assert.equal(disputesOf(story)[0]?.dueAt?.getTime(), plus(story.now(), DAY).getTime());
  });

  test("that is won gives the amount back and keeps the fee", () => {
    const story = paidStory();
    const before = story.books.natural("merchant_pending");
    story.disputeReport(told("opened"));
    assert.equal(story.disputeReport(told("won")), "dispute_won");
    assert.equal(story.books.natural("merchant_pending"), before - FEE);
    assert.deepEqual(eventsOf(story), ["dispute.opened", "dispute.won"]);
    assert.deepEqual(journalsOf(story), ["dispute_opened 2026-11-21", "dispute_won 2026-12-01"]);
  });

  test("that is won gives back what the channel says: a part, and the fee by some contracts", () => {
    for (const [returned, lines] of [
      [{ fee: FEE }, ["Dr channel_receivable 415", "Cr merchant_pending 415"]],
      [{ amount: 300n }, ["Dr channel_receivable 300", "Cr merchant_pending 300"]],
    ] as const) {
      const story = paidStory();
      story.disputeReport(told("opened"));
      assert.equal(story.disputeReport(told("won", { returned })), "dispute_won");
      assert.deepEqual(story.books.lines.slice(-2), lines);
      const [dispute] = disputesOf(story);
      const { amount = 400n, fee = 0n }: Partial<DisputeReturn> = returned;
      assert.deepEqual([dispute?.returnedAmount, dispute?.returnedFee], [amount, fee]);
      assert.equal(story.disputeReport(told("won", { returned })), "already_known");
      const left = amount === 400n ? AMOUNT : AMOUNT - 100n;
      const refused = story.ask(left + 1n).wish;
      assert.ok(refused?.done === false && refused.left === left, "what stayed away is not refunded");
    }
  });

  test("that brings back more than it took, or nothing, or other figures later, is a contradiction", () => {
    const story = paidStory();
    for (const returned of [{ amount: 401n }, { amount: 0n }, { fee: FEE + 1n }, { fee: -1n }]) {
      assert.equal(story.disputeReport(told("won", { returned })), "contradiction");
      assert.equal(disputesOf(story)[0]?.state, "opened");
    }
    story.disputeReport(told("won"));
    assert.equal(story.disputeReport(told("won", { returned: { fee: FEE } })), "contradiction");
    assert.equal(disputesOf(story)[0]?.returnedFee, 0n);
  });

  test("that contradicts what is booked is asked about again in a day, not at every look", () => {
    const story = paidStory();
    story.disputeReport(told("opened"));
    story.advance(DAY);
    assert.equal(story.disputeReport(told("won", { fee: FEE + 1n })), "contradiction");
    assert.deepEqual(
      disputesOf(story).map(({ state, dueAt }) => [state, dueAt?.getTime()]),
      [["opened", plus(story.now(), DAY).getTime()]],
    );
  });

  test("that is lost posts nothing more", () => {
    const story = paidStory();
    story.disputeReport(told("opened"));
    const lines = story.books.lines.length;
    assert.equal(story.disputeReport(told("lost")), "dispute_lost");
    assert.equal(story.books.lines.length, lines);
    assert.deepEqual(eventsOf(story), ["dispute.opened", "dispute.lost"]);
  });

  test("whose end comes first is opened on its own day, and nobody is asked for evidence", () => {
    const story = paidStory();
    assert.equal(story.disputeReport(told("won")), "dispute_won");
    assert.deepEqual(journalsOf(story), ["dispute_opened 2026-11-21", "dispute_won 2026-12-01"]);
    assert.deepEqual(eventsOf(story), ["dispute.opened", "dispute.won"]);
    assert.equal(story.workItems.length, 0);
    assert.equal(story.disputeReport(told("opened")), "already_known");
  });

  test("lost and won after all is booked: the money came back", () => {
    const story = paidStory();
    story.disputeReport(told("lost"));
    assert.equal(story.disputeReport(told("won")), "dispute_won");
    assert.equal(story.disputeReport(told("lost")), "contradiction");
    assert.equal(disputesOf(story)[0]?.state, "won");
  });

  test("with other figures than before is a contradiction, and changes nothing", () => {
    const story = paidStory();
    story.disputeReport(told("opened"));
    for (const changes of [{ amount: 401n }, { fee: 0n }, { currency: "USD" }]) {
      assert.equal(story.disputeReport(told("won", changes)), "contradiction");
    }
    assert.equal(disputesOf(story)[0]?.state, "opened");
  });

  test("about a payment that is not known to be paid waits to be told again", () => {
    const story = startStory({ amount: AMOUNT });
    assert.equal(story.disputeReport(told("opened")), "waiting");
    assert.equal(disputesOf(story).length, 0);
  });

  test("beside another one about the same payment stands by itself", () => {
    const story = paidStory();
    story.disputeReport(told("opened"));
    story.disputeReport(told("opened", { channelDisputeNo: "dp_2", amount: 100n }));
    story.disputeReport(told("won", { channelDisputeNo: "dp_2", amount: 100n }));
    assert.deepEqual(
      disputesOf(story)
        .map(({ state }) => state)
        .sort(),
      ["opened", "won"],
    );
  });

  test("about money that never passes us is on the twins, without the channel's fee", () => {
    const story = paidStory({ account: { fundFlow: "direct_to_merchant" } });
    story.disputeReport(told("opened"));
    assert.deepEqual(story.books.lines.slice(-2), [
      "Dr memo_merchant_pending 400",
      "Cr memo_channel_receivable 400",
    ]);
  });

  test("is asked about daily, after the time for evidence, and again when there was no answer", () => {
    const now = new Date("2026-11-20T04:00:00Z");
    assert.deepEqual(nextDisputeQueryAt(null, now), plus(now, DAY));
    assert.deepEqual(nextDisputeQueryAt(plus(now, 2 * DAY), now), plus(now, DAY));
    assert.deepEqual(nextDisputeQueryAt(plus(now, HOUR), now), plus(now, HOUR + MINUTE));
    assert.deepEqual(nextDisputeQueryAt(plus(now, -HOUR), now), plus(now, DAY));
    const story = paidStory();
    story.disputeReport(told("opened"));
    const [{ id } = { id: "" }] = disputesOf(story);
    assert.equal(story.disputeReport({ end: "unknown", reason: "time-out" }, id), "unknown");
    assert.deepEqual(disputesOf(story)[0]?.dueAt, plus(story.now(), 10 * MINUTE));
    story.disputeReport(told("lost"));
    assert.equal(story.disputeReport({ end: "unknown", reason: "time-out" }, id), "already_known");
    assert.equal(disputesOf(story)[0]?.dueAt, null);
  });
});

describe("a refund beside a claim", () => {
  test("gives back what is neither refunded nor claimed, and no more", () => {
    const story = paidStory();
    story.disputeReport(told("opened"));
    const refused = story.ask(601n).wish;
    assert.ok(refused?.done === false);
    assert.deepEqual([refused.refusal, refused.left], ["payment_disputed", 600n]);
    const beyond = story.ask(1001n).wish;
    assert.ok(beyond?.done === false && beyond.refusal === "refund_exceeds_payment");
    assert.equal(story.ask(null, { creditLine: 100n }).wish?.done, true);
    const nothing = story.ask(null).wish;
    assert.ok(nothing?.done === false && nothing.refusal === "payment_disputed");
  });

  test("is free again when the claim was won, and never when it was lost", () => {
    for (const [end, done] of [
      ["won", true],
      ["lost", false],
    ] as const) {
      const story = paidStory();
      story.disputeReport(told("opened"));
      story.disputeReport(told(end));
      story.books.give("merchant_available", FEE);
      assert.equal(story.ask(AMOUNT, { creditLine: FEE }).wish?.done, done);
    }
  });
});

test("reports of claims in any order, any number of times, come to the same end and books", () => {
  const report = fc.record({
    outcome: fc.constantFrom("opened", "won", "lost"),
    no: fc.constantFrom("dp_1", "dp_2"),
  });
  fc.assert(
    fc.property(
      fc.array(report, { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      (reports, luck) => {
        const orders = [reports, [...reports].reverse(), shuffled(reports, luck)];
        const ends = orders.map((order) => {
          const story = paidStory();
          for (const { outcome, no } of order) story.disputeReport(told(outcome, { channelDisputeNo: no }));
          return {
            states: disputesOf(story)
              .map(({ channelDisputeNo, state }) => `${channelDisputeNo} ${state}`)
              .sort(),
            journals: journalsOf(story).sort(),
            pending: story.books.natural("merchant_pending"),
            receivable: story.books.natural("channel_receivable"),
          };
        });
        for (const end of ends) assert.deepEqual(end, ends[0]);
      },
    ),
  );
});

function shuffled<T>(items: readonly T[], luck: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, rank: Number(luck.next().value) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}
