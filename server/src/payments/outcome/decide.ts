/** Which decision a command asks for, and with what it is made. Pure. */
import { type Channel, channelDateOf, type SceneTraits } from "../../channels/index.ts";
import type { Id, IdMaker } from "../../kernel/ids.ts";
import type { Attempt, Refund } from "../model.ts";
import type { FeeTerms } from "../terms.ts";
import { holdClaimedRefund } from "./claimed-refunds.ts";
import {
  addAttempt,
  beginClosing,
  type Command,
  type Report,
  requestRefund,
  type WishResult,
} from "./commands.ts";
import { decideDispute } from "./decide-dispute.ts";
import { decideForeignRefund } from "./decide-foreign-refund.ts";
import { decideRefund, type RefundDecision } from "./decide-refund.ts";
import { decideCallEnd, decideGiveUp, decideReversal, decideTrade } from "./decide-trade.ts";
import type { Draft } from "./draft.ts";
import type { Decision, TradeContext } from "./steps.ts";

/** What a command of a batch is decided with, besides its locked payment. */
export type Around = {
  readonly now: Date;
  readonly newId: IdMaker;
  readonly channel: (name: string) => Pick<Channel, "traits"> | null;
  readonly terms: (merchantId: Id, channelAccountId: Id) => FeeTerms;
  /** Refunds by `numberOf`; those that this batch makes are added. */
  readonly numbers: Map<string, Refund>;
  /** Refund commands known to be beyond the merchant's money. */
  readonly uncovered: ReadonlySet<Command>;
  /** The attempt to add, through the account whose quotas had room for it; null: none has. */
  readonly reserved: (command: Extract<Command, { kind: "new_attempt" }>) => Attempt | null;
};

export type Decided = {
  readonly decision: Decision | RefundDecision | null;
  readonly wish: WishResult | null;
};

type RefundWish = Extract<Command, { kind: "refund" }>;

/** Decides one command on the draft of its payment. */
export function decide(draft: Draft, command: Command, around: Around): Decided {
  const decided = decideAlone(draft, command, around);
  if ("reportId" in command) {
    const { attemptId } = command;
    const isWon = decided.decision === "dispute_won";
    holdClaimedRefund(draft, attemptId, isWon, () => refundContextOf(draft, command, around));
  }
  return decided;
}

function decideAlone(draft: Draft, command: Command, around: Around): Decided {
  const context = () => contextOf(command, around);
  switch (command.kind) {
    case "trade": {
      const { attemptId, source, end, givesWay = false } = command;
      const askedAt = command.exchange.startedAt;
      const decision =
        end.end === "answered"
          ? decideTrade(draft, attemptId, { source, trade: end.value, askedAt }, context())
          : decideCallEnd(draft, attemptId, { source, end, givesWay }, context());
      return { decision, wish: null };
    }
    case "reversal":
      return { decision: decideReversal(draft, command.attemptId, command, context()), wish: null };
    case "refund_report": {
      const known = refundContextOf(draft, command, around);
      const decision = decideRefund(draft, command.refundId, command, known);
      return { decision, wish: null };
    }
    case "dispute_report": {
      const attempt = draft.attempt(command.attemptId);
      return { decision: decideDispute(draft, attempt, command, around.now), wish: null };
    }
    case "foreign_refund": {
      const attempt = draft.attempt(command.attemptId);
      return { decision: decideForeignRefund(draft, attempt, command.end.value, context()), wish: null };
    }
    case "give_up":
      return { decision: decideGiveUp(draft, command.attemptId, context()), wish: null };
    case "begin_closing":
      return { decision: null, wish: beginClosing(draft, command.closingFor, context()) };
    case "new_attempt": {
      const attempt = around.reserved(command);
      if (attempt === null) {
        const refusal = { done: false, refusal: "no_account_available" } as const;
        return { decision: null, wish: refusal };
      }
      return { decision: null, wish: addAttempt(draft, attempt, around.now, sceneOf(around, attempt)) };
    }
    case "refund":
      return { decision: null, wish: decideWantedRefund(draft, command, around) };
  }
}

/** The key of a merchant's refund number. */
export function numberOf(merchantId: Id, merchantRefundNo: string | null): string {
  return `${merchantId}/${merchantRefundNo}`;
}

function decideWantedRefund(draft: Draft, command: RefundWish, around: Around): WishResult {
  const { refund: wanted, paymentId } = command;
  const number = numberOf(command.merchantId, wanted.merchantRefundNo);
  const known = around.numbers.get(number);
  if (known !== undefined) {
    const same = known.paymentId === paymentId && known.request === wanted.request;
    if (same) return { done: true, refund: known, existing: known.id !== wanted.id };
    return { done: false, refusal: "number_reused", refund: known };
  }
  if (isUncovered(command, around)) return { done: false, refusal: "insufficient_balance" };
  const result = requestRefund(draft, wanted, around.now);
  if (result.done && result.refund !== undefined) around.numbers.set(number, result.refund);
  return result;
}

/** The same request sent twice at once is beyond the merchant's money both times. */
function isUncovered({ paymentId, refund }: RefundWish, { uncovered }: Around): boolean {
  for (const other of uncovered) {
    if (other.kind !== "refund" || other.paymentId !== paymentId) continue;
    const sameNumber = other.refund.merchantRefundNo === refund.merchantRefundNo;
    if (sameNumber && other.refund.request === refund.request) return true;
  }
  return false;
}

function refundContextOf(draft: Draft, { attemptId, merchantId, reportId }: Report, around: Around) {
  const attempt = draft.attempt(attemptId);
  const terms = around.terms(merchantId, attempt.channelAccountId);
  const { traits } = channelOf(around, attempt);
  const channelDay = (_: unknown, at?: Date) => channelDayOf(around, attempt, at);
  return { now: around.now, reportId, terms, traits, channelDay };
}

function contextOf(command: Command, around: Around): TradeContext {
  const { now, newId } = around;
  return {
    now,
    // Only money being taken asks for terms; a wish about a payment without an attempt has none.
    get terms() {
      if (command.channelAccountId === null) {
        throw new Error("terms were asked for without a channel account");
      }
      return around.terms(command.merchantId, command.channelAccountId);
    },
    sceneOf: (attempt) => sceneOf(around, attempt),
    channelDay: (attempt, at) => channelDayOf(around, attempt, at),
    refundId: newId(),
    reportId: "reportId" in command ? command.reportId : newId(),
  };
}

function channelOf(around: Around, attempt: Pick<Attempt, "channel">): Pick<Channel, "traits"> {
  const channel = around.channel(attempt.channel);
  if (channel === null) throw new Error(`there is no channel ${attempt.channel}`);
  return channel;
}

function channelDayOf(around: Around, attempt: Pick<Attempt, "channel">, at = around.now): string {
  return channelDateOf(channelOf(around, attempt).traits, at);
}

function sceneOf(around: Around, attempt: Pick<Attempt, "channel" | "method">): SceneTraits {
  const scene = channelOf(around, attempt).traits.scenes[attempt.method];
  if (scene === undefined) throw new Error(`the channel ${attempt.channel} has no scene ${attempt.method}`);
  return scene;
}
