/** Everything that can be said or wanted next. */
import type { CallEnd, RefundOutcome, ReversalOutcome, TradeOutcome } from "../../../channels/index.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Attempt } from "../../model.ts";
import type { ReportSource } from "../../outcome/steps.ts";
import { CHANNEL_DATE, type Story } from "../story.ts";
import { nextBoundary } from "./key.ts";

export type Step = { readonly name: string; readonly take: (story: Story) => void };

/** How far a world may grow: what is there already goes on in every way. */
export type Bounds = {
  readonly methods: readonly string[];
  readonly attemptsMax: number;
  readonly refundsMax: number;
  /** `few`: one of each kind of word, so that several orders can be followed far. */
  readonly words: "all" | "few";
};

export const AMOUNT = 1000n;
const PART = 400n;

const UNKNOWN = { end: "unknown", reason: "time-out" } as const;
const NOT_SENT = { end: "not_sent", reason: "budget" } as const;
const REFUSED = { end: "refused", code: "ACQ.NO", message: "no", retryable: false } as const;
const BUSY = { end: "refused", code: "ACQ.LATER", message: "later", retryable: true } as const;
const FAILED = { outcome: "failed", code: "ACQ.NO", message: "no" } as const;
const PENDING = { outcome: "pending" } as const;
const CLOSED = { outcome: "closed" } as const;
const NOT_FOUND = { outcome: "not_found" } as const;

type Word<T> = readonly [name: string, end: (story: Story) => T | CallEnd<T>];
const PAID: Word<TradeOutcome> = ["paid", (story) => story.paid()];
const PAID_OTHERWISE: Word<TradeOutcome> = ["paid otherwise", (story) => story.paid({ amount: AMOUNT + 1n })];
const GIVEN_BACK: Word<TradeOutcome> = ["refunded whole", (story) => story.refunded(AMOUNT)];
const GIVEN_BACK_OTHERWISE: Word<TradeOutcome> = [
  "paid and refunded otherwise",
  (story) => story.refunded(AMOUNT + 1n, { amount: AMOUNT + 1n }),
];
const PART_GIVEN_BACK: Word<TradeOutcome> = ["refunded in part", (story) => story.refunded(PART)];

/** What each source may say of an order. */
const TRADE_WORDS: {
  readonly [Source in Exclude<ReportSource, "statement">]: readonly Word<TradeOutcome>[];
} = {
  pay: [
    ["pending", () => PENDING],
    PAID,
    ["closed", () => CLOSED],
    ["failed", () => FAILED],
    ["refused", () => REFUSED],
    ["busy", () => BUSY],
    ["not sent", () => NOT_SENT],
    ["unknown", () => UNKNOWN],
  ],
  notification: [PAID, PAID_OTHERWISE, GIVEN_BACK, PART_GIVEN_BACK, ["closed", () => CLOSED]],
  query: [
    PAID,
    PAID_OTHERWISE,
    GIVEN_BACK,
    GIVEN_BACK_OTHERWISE,
    PART_GIVEN_BACK,
    ["pending", () => PENDING],
    ["closed", () => CLOSED],
    ["failed", () => FAILED],
    ["not found", () => NOT_FOUND],
    ["unknown", () => UNKNOWN],
  ],
  close: [
    PAID,
    ["closed", () => CLOSED],
    ["not found", () => NOT_FOUND],
    ["refused", () => REFUSED],
    ["unknown", () => UNKNOWN],
  ],
};

const reversed = (moneyReturned: boolean): ReversalOutcome => ({
  outcome: "reversed",
  moneyReturned,
  channelTradeNo: null,
  channelDate: CHANNEL_DATE,
});

const REVERSAL_WORDS: readonly Word<ReversalOutcome>[] = [
  ["money returned", () => reversed(true)],
  ["nothing returned", () => reversed(false)],
  ["again", () => ({ outcome: "again" })],
  ["refused", () => REFUSED],
  ["unknown", () => UNKNOWN],
];

const known = { settleAmount: null, channelRefundNo: null, channelDate: CHANNEL_DATE };
const ACCEPTED: Word<RefundOutcome> = ["accepted", () => ({ outcome: "accepted", ...known })];
const ARRIVED: Word<RefundOutcome> = ["arrived", () => ({ outcome: "arrived", ...known })];
const RETURNED: Word<RefundOutcome> = [
  "returned",
  () => ({ outcome: "returned", channelDate: CHANNEL_DATE, message: "came back" }),
];

const REFUND_WORDS = {
  refund: [
    ACCEPTED,
    ["failed", () => FAILED],
    ["refused", () => REFUSED],
    ["busy", () => BUSY],
    ["not sent", () => NOT_SENT],
    ["pending", () => PENDING],
    ["unknown", () => UNKNOWN],
  ],
  refund_query: [
    ACCEPTED,
    ARRIVED,
    RETURNED,
    ["failed", () => FAILED],
    ["pending", () => PENDING],
    ["not found", () => NOT_FOUND],
    ["unknown", () => UNKNOWN],
  ],
  notification: [ACCEPTED, ARRIVED, RETURNED, ["failed", () => FAILED]],
} as const satisfies Record<string, readonly Word<RefundOutcome>[]>;

/** Of all words those that are not said by another source too, or by another word to the same effect. */
const FEW: Readonly<Record<string, readonly string[]>> = {
  pay: ["pending", "refused", "not sent", "unknown"],
  notification: ["paid otherwise"],
  query: ["paid", "paid and refunded otherwise", "refunded whole", "refunded in part", "closed", "not found"],
  close: ["not found"],
  reversal: ["money returned", "nothing returned", "refused"],
  refund: ["accepted", "failed", "unknown"],
  refund_query: ["arrived", "returned", "not found"],
};

function isSaid(source: string, word: string, { words }: Bounds): boolean {
  return words === "all" || FEW[source]?.includes(word) === true;
}

export function stepsOf(story: Story, bounds: Bounds): Step[] {
  const { box } = story;
  const steps = [...wishesOf(story, bounds)];
  let place = 0;
  for (const attempt of box.attempts.values()) steps.push(...ofOrder(attempt, ++place, bounds));
  place = 0;
  for (const id of box.refunds.keys()) steps.push(...ofRefund(id, ++place, bounds));
  const boundary = nextBoundary(story);
  if (boundary !== null) {
    const ms = boundary.getTime() - story.now().getTime();
    steps.push({ name: `${ms} ms pass`, take: (forked) => forked.advance(ms) });
  }
  return steps;
}

function wishesOf({ box }: Story, bounds: Bounds): Step[] {
  const steps: Step[] = (["close", "expire", "new_attempt"] as const).map((closingFor) => ({
    name: `begin closing: ${closingFor}`,
    take: (story) => story.close(closingFor),
  }));
  if (box.attempts.size < bounds.attemptsMax) {
    for (const method of bounds.methods) {
      steps.push({ name: `new attempt: ${method}`, take: (story) => story.another(method) });
    }
  }
  const own = [...box.refunds.values()].filter((refund) => !refund.automatic);
  if (own.length < bounds.refundsMax) {
    steps.push({ name: "refund: all that is left", take: (story) => story.ask(null) });
    steps.push({ name: "refund: a part", take: (story) => story.ask(PART) });
  }
  return steps;
}

function ofOrder({ id, method }: Attempt, place: number, bounds: Bounds): Step[] {
  const steps: Step[] = [];
  for (const [source, words] of Object.entries(TRADE_WORDS)) {
    for (const [name, end] of words) {
      if (!isSaid(source, name, bounds)) continue;
      const take = (story: Story) => story.trade(source as ReportSource, end(story), id);
      steps.push({ name: `order ${place}, ${source}: ${name}`, take });
    }
  }
  for (const [name, end] of REVERSAL_WORDS) {
    if (!isSaid("reversal", name, bounds)) continue;
    const take = (story: Story) => story.reversal(end(story), id);
    steps.push({ name: `order ${place}, reversal: ${name}`, take });
  }
  if (method === "alipay.code") {
    steps.push({ name: `order ${place}: given up`, take: (story) => story.giveUp(id) });
  }
  return steps;
}

function ofRefund(id: Id, place: number, bounds: Bounds): Step[] {
  return Object.entries(REFUND_WORDS).flatMap(([source, words]: [string, readonly Word<RefundOutcome>[]]) =>
    words
      .filter(([name]) => isSaid(source, name, bounds))
      .map(([name, end]) => ({
        name: `refund ${place}, ${source}: ${name}`,
        take: (story: Story) => story.refundReport(id, source as keyof typeof REFUND_WORDS, end(story)),
      })),
  );
}
