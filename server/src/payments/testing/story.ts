/**
 * A payment in memory: commands are decided as the door decides them, and their journals kept in small books.
 */
import type {
  CallEnd,
  ChannelAccount,
  DisputeOutcome,
  ForeignRefund,
  RefundOutcome,
  ReversalOutcome,
  TradeFacts,
  TradeOutcome,
} from "../../channels/index.ts";
import type { Schedule } from "../../fees/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { channelNumber, type Id } from "../../kernel/ids.ts";
import type { Merchant } from "../../merchants/index.ts";
import type { Attempt, ClosingFor, Payment, Refund } from "../model.ts";
import { type Command, firstDueAt, type RefundRequest } from "../outcome/commands.ts";
import { type Decided, decide } from "../outcome/decide.ts";
import { type Box, type NewWorkItem, openDraft } from "../outcome/draft.ts";
import { journalOf } from "../outcome/postings.ts";
import type { ReportSource } from "../outcome/steps.ts";
import { assertHolds } from "./holds.ts";
import { createSmallBooks, type SmallBooks } from "./small-books.ts";
import { alipay, aMerchant, anAccount, newId } from "./terms.ts";

export type StoryOptions = {
  readonly amount?: bigint;
  /** Of the first attempt; null: a payment without one. */
  readonly method?: string | null;
  readonly merchant?: Partial<Merchant>;
  readonly account?: Partial<ChannelAccount>;
  /** Of the merchant's fees and the account's costs. */
  readonly schedules?: readonly Schedule[];
};

export type Story = {
  readonly box: Box;
  readonly books: SmallBooks;
  readonly events: string[];
  readonly workItems: NewWorkItem[];
  readonly account: ChannelAccount;
  /** The first attempt's id. */
  readonly first: Id;
  now(): Date;
  advance(ms: number): void;
  /** Decides, keeps, books; asserts that all that must hold does. */
  submit(command: Command): Decided;
  /** The same story again, which goes on by itself and asserts nothing: who forks it asks when it likes. */
  fork(): Story;
  attempt(id?: Id): Attempt;
  refund(id: Id): Refund;
  /** A report about an order; the first one where no attempt is named. */
  trade(source: ReportSource, end: TradeOutcome | CallEnd<TradeOutcome>, attemptId?: Id): Decided["decision"];
  reversal(end: ReversalOutcome | CallEnd<ReversalOutcome>, attemptId?: Id): Decided["decision"];
  refundReport(
    refundId: Id,
    source: "refund" | "refund_query" | "notification",
    end: RefundOutcome | CallEnd<RefundOutcome>,
  ): Decided["decision"];
  /** A refund that nobody here asked for, told by the channel's number. */
  foreignRefund(
    channelRefundNo: string,
    amount: bigint,
    changes?: Partial<ForeignRefund>,
    attemptId?: Id,
  ): Decided["decision"];
  disputeReport(
    end: DisputeOutcome | CallEnd<DisputeOutcome>,
    disputeId?: Id,
    attemptId?: Id,
  ): Decided["decision"];
  close(closingFor?: ClosingFor): Decided["wish"];
  giveUp(attemptId?: Id): Decided["decision"];
  /** Adds an attempt; the wish's result and the attempt's id. */
  another(method?: string): { wish: Decided["wish"]; id: Id };
  /** Asks for a refund; null: all that is left. */
  ask(amount: bigint | null, wanted?: Partial<RefundRequest>): { wish: Decided["wish"]; id: Id };
  /** What the channel says of a paid order, as asked unless `facts` differ. */
  paid(facts?: Partial<TradeFacts>): Extract<TradeOutcome, { outcome: "paid" }>;
  refunded(
    refundedAmount: bigint,
    facts?: Partial<TradeFacts> & { readonly foreignRefunds?: readonly ForeignRefund[] | null },
  ): Extract<TradeOutcome, { outcome: "refunded" }>;
};

export const CHANNEL_DATE = "2026-11-20";

/** All that a story changes, and what it goes by. */
type Held = {
  now: Date;
  readonly amount: bigint;
  readonly merchant: Merchant;
  readonly account: ChannelAccount;
  readonly schedules: readonly Schedule[];
  readonly first: Id;
  readonly box: Box;
  readonly books: SmallBooks;
  readonly events: string[];
  readonly workItems: NewWorkItem[];
  readonly numbers: Map<string, Refund>;
  readonly asserts: boolean;
};

export function startStory(options: StoryOptions = {}): Story {
  const now = new Date("2026-11-20T04:00:00Z");
  const merchant = aMerchant(options.merchant);
  const account = anAccount(merchant.id, options.account);
  const amount = options.amount ?? 1000n;
  const payment = aPayment(merchant.id, amount, now);
  const method = options.method === undefined ? "alipay.qr" : options.method;
  const box: Box = { payment, attempts: new Map(), refunds: new Map(), disputes: new Map() };
  let first = newId();
  if (method !== null) {
    const attempt = anAttempt(payment, account, method, now);
    first = attempt.id;
    box.attempts.set(attempt.id, attempt);
    box.payment = { ...payment, method, status: "processing", liveAttemptId: attempt.id };
  }
  const memo = account.fundFlow !== "through_platform";
  const books = createSmallBooks(merchant.id, account.id, memo);
  const kept = { events: [], workItems: [], numbers: new Map<string, Refund>() };
  const schedules = options.schedules ?? [];
  return storyOf({ now, amount, merchant, account, schedules, first, box, books, ...kept, asserts: true });
}

function forkOf(held: Held): Story {
  const { payment, attempts, refunds, disputes } = held.box;
  return storyOf({
    ...held,
    box: {
      payment,
      attempts: new Map(attempts),
      refunds: new Map(refunds),
      disputes: new Map(disputes),
    },
    books: held.books.fork(),
    events: [...held.events],
    workItems: [...held.workItems],
    numbers: new Map(held.numbers),
    asserts: false,
  });
}

function storyOf(held: Held): Story {
  const { amount, merchant, account, first, box, books, events, workItems, numbers } = held;
  const { payment } = box;
  const terms = () => ({ merchant, account, schedules: held.schedules });

  const submit = (command: Command): Decided => {
    const uncovered = new Set<Command>();
    for (;;) {
      const draft = openDraft(box);
      const taken = new Map(numbers);
      const channel = () => alipay;
      const decided = decide(draft, command, {
        now: held.now,
        newId,
        channel,
        terms,
        numbers: taken,
        uncovered,
        reserved: ({ attempt }) => attempt,
      });
      draft.check();
      const results = draft.effects.bookings.map((booking) => ({
        booking,
        drawn: books.post(journalOf(booking, newId())),
      }));
      if (results.some(({ drawn }) => drawn === null)) {
        uncovered.add(command);
        continue;
      }
      draft.keep();
      for (const { booking, drawn } of results) {
        if (booking.booking === "refund_requested") fund(box, booking.refund.id, drawn ?? []);
      }
      for (const [number, refund] of taken) numbers.set(number, refund);
      for (const { type } of draft.effects.events) events.push(type);
      workItems.push(...draft.effects.workItems);
      if (held.asserts) assertHolds(story);
      return decided;
    }
  };

  const about = { paymentId: payment.id, merchantId: merchant.id, channelAccountId: account.id };
  const report = () => ({
    ...about,
    reportId: newId(),
    exchange: {
      operation: "query" as const,
      startedAt: held.now,
      tookMs: 1,
      channelCode: null,
      request: "",
      response: null,
    },
  });
  const answered = <T extends object>(end: T | CallEnd<T>): CallEnd<T> =>
    "end" in end ? (end as CallEnd<T>) : { end: "answered", value: end };

  const story: Story = {
    box,
    books,
    events,
    workItems,
    account,
    first,
    now: () => held.now,
    advance: (ms) => {
      held.now = plus(held.now, ms);
    },
    submit,
    fork: () => forkOf(held),
    attempt: (id = first) => box.attempts.get(id) as Attempt,
    refund: (id) => box.refunds.get(id) as Refund,
    trade: (source, end, attemptId = first) =>
      submit({ ...report(), kind: "trade", attemptId, source, end: answered<TradeOutcome>(end) }).decision,
    reversal: (end, attemptId = first) =>
      submit({ ...report(), kind: "reversal", attemptId, end: answered<ReversalOutcome>(end) }).decision,
    refundReport: (refundId, source, end) => {
      const { attemptId } = story.refund(refundId);
      const told = answered<RefundOutcome>(end);
      return submit({ ...report(), kind: "refund_report", attemptId, refundId, source, end: told }).decision;
    },
    foreignRefund: (channelRefundNo, amount, changes = {}, attemptId = first) => {
      const value = { ...aForeignRefund(channelRefundNo, amount), ...changes };
      const end = { end: "answered", value } as const;
      return submit({ ...report(), kind: "foreign_refund", attemptId, end }).decision;
    },
    disputeReport: (end, disputeId = newId(), attemptId = first) => {
      const told = answered<DisputeOutcome>(end);
      return submit({ ...report(), kind: "dispute_report", attemptId, disputeId, end: told }).decision;
    },
    close: (closingFor = "close") => submit({ ...about, kind: "begin_closing", closingFor }).wish,
    giveUp: (attemptId = first) => submit({ ...about, kind: "give_up", attemptId }).decision,
    another: (wanted = "alipay.qr") => {
      const attempt = anAttempt(box.payment, account, wanted, held.now);
      return { wish: submit({ ...about, kind: "new_attempt", attempt }).wish, id: attempt.id };
    },
    ask: (asked, wanted = {}) => {
      const refund = aRefundRequest(asked, account, merchant, wanted);
      return { wish: submit({ ...about, kind: "refund", refund }).wish, id: refund.id };
    },
    paid: (facts = {}) => ({ outcome: "paid", ...factsOf(amount, held.now), ...facts }),
    refunded: (refundedAmount, facts = {}) => ({
      outcome: "refunded",
      refundedAmount,
      ...factsOf(amount, held.now),
      ...facts,
    }),
  };
  return story;
}

/** What the door does once the books have told where the money came from. */
function fund(box: Box, refundId: Id, drawn: readonly (readonly bigint[])[]): void {
  const refund = box.refunds.get(refundId) as Refund;
  const [fromPending = refund.settleAmount, fromAvailable = 0n, fromReceivable = 0n] = drawn[0] ?? [];
  box.refunds.set(refundId, { ...refund, fromPending, fromAvailable, fromReceivable });
}

/** One that was given back on the channel's first day. */
export function aForeignRefund(channelRefundNo: string, amount: bigint): ForeignRefund {
  const common = { channelDate: CHANNEL_DATE, returnedDate: null, currency: "CNY" };
  return { outcome: "given_back", channelRefundNo, amount, ...common };
}

function factsOf(amount: bigint, now: Date): TradeFacts {
  return {
    amount,
    currency: "CNY",
    settleAmount: null,
    channelTradeNo: "2026112022001400000000000001",
    paidAt: now,
    channelDate: CHANNEL_DATE,
    buyer: "138****0000",
  };
}

function aPayment(merchantId: Id, amount: bigint, now: Date): Payment {
  const expiresAt = plus(now, 7_200 * SECOND);
  return {
    id: newId(),
    merchantId,
    merchantOrderNo: "ORDER-1",
    amount,
    currency: "CNY",
    method: null,
    status: "created",
    liveAttemptId: null,
    successAttemptId: null,
    closingSince: null,
    closingFor: null,
    closedReason: null,
    request: '{"subject":"Tea"}',
    expiresAt,
    watchedUntil: null,
    dueAt: expiresAt,
    createdAt: now,
    finishedAt: null,
  };
}

function anAttempt(payment: Payment, account: ChannelAccount, method: string, now: Date): Attempt {
  const id = newId();
  const scene = alipay.traits.scenes[method];
  if (scene === undefined) throw new Error(`there is no method ${method}`);
  return {
    id,
    paymentId: payment.id,
    merchantId: payment.merchantId,
    channel: account.channel,
    channelAccountId: account.id,
    credentialVersion: 1,
    fundFlow: account.fundFlow,
    method,
    state: "created",
    amount: payment.amount,
    currency: "CNY",
    channelOrderNo: channelNumber("att", id),
    channelTradeNo: null,
    nextAction: null,
    failureCode: null,
    failureMessage: null,
    buyer: null,
    buyerIp: null,
    routing: null,
    quotaDay: null,
    quotaMonth: null,
    taken: null,
    surplus: null,
    refundedAmount: 0n,
    settledRefunded: 0n,
    feeReturned: 0n,
    costReturned: 0n,
    takenBack: 0n,
    toldRefunded: 0n,
    foreignRefunds: [],
    doubtedAt: null,
    closeWanted: false,
    queries: 0,
    expiresAt: payment.expiresAt,
    dueAt: firstDueAt(scene, now),
    createdAt: now,
    finishedAt: null,
  };
}

function aRefundRequest(
  amount: bigint | null,
  account: ChannelAccount,
  merchant: Merchant,
  wanted: Partial<RefundRequest>,
): RefundRequest {
  const id = newId();
  return {
    id,
    merchantRefundNo: `R-${id}`,
    amount,
    reason: null,
    request: `{"amount":${amount}}`,
    creditLine: merchant.currencies[0]?.creditLine ?? 0n,
    feeReturned: account.feeReturnedOnRefund,
    windowDays: account.refundWindowDays,
    partsMax: account.refundPartsMax,
    spacingMs: account.refundSpacingSeconds * SECOND,
    ...wanted,
  };
}
