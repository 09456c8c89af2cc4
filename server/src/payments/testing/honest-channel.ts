import type { ForeignRefund, RefundOutcome, TradeOutcome } from "../../channels/index.ts";
import type { Id } from "../../kernel/ids.ts";
import type { ReportSource } from "../outcome/steps.ts";
import { aForeignRefund, CHANNEL_DATE, type Story } from "./story.ts";

type Trade = {
  paid: boolean;
  ended: boolean;
  /** Refunds of ours that it carried out; `returned`: the buyer's bank sent it back. */
  readonly ours: Map<Id, { amount: bigint; returned: boolean }>;
  /** Given back without a refund of ours, in the order of time. */
  readonly theirs: { readonly no: string; readonly amount: bigint; returned: boolean }[];
};

/**
 * A channel that never lies, though its words are late, lost, doubled and out of order: each observation is
 * kept and may be delivered at any later moment, any number of times.
 */
export class HonestChannel {
  readonly #story: Story;
  readonly #tellsNumbers: boolean;
  readonly #trades = new Map<Id, Trade>();
  readonly #words: (() => void)[] = [];

  /**
   * @param tellsNumbers as Stripe does: each refund that nobody here asked for under a number of its own, and
   * a sum that falls when a refund comes back
   */
  constructor(story: Story, { tellsNumbers }: { readonly tellsNumbers: boolean }) {
    this.#story = story;
    this.#tellsNumbers = tellsNumbers;
  }

  /** The buyer pays, unless the order is over. */
  pay(attemptId: Id): void {
    const trade = this.#tradeOf(attemptId);
    if (!trade.ended) trade.paid = true;
  }

  /** An order that nobody paid is over. */
  end(attemptId: Id): void {
    const trade = this.#tradeOf(attemptId);
    if (!trade.paid) trade.ended = true;
  }

  /** Somebody looks; what was seen may be told later. */
  observe(attemptId: Id, source: ReportSource): void {
    const seen = this.#seen(attemptId, source === "query");
    this.#words.push(() => this.#story.trade(source, seen, attemptId));
  }

  /** One of the words said so far arrives, perhaps again. */
  deliver(index: number): void {
    if (this.#words.length > 0) this.#words[index % this.#words.length]?.();
  }

  /**
   * A call of ours to refund arrives; `takes`: the channel carries it out; `told`: its answer arrives too.
   */
  refund(refundId: Id, { takes, told }: { takes: boolean; told: boolean }): void {
    const refund = this.#story.refund(refundId);
    // What is over for us is not called about again.
    if (refund.state !== "created" && refund.state !== "unknown") return;
    const trade = this.#tradeOf(refund.attemptId);
    const fits = trade.paid && this.#refunded(trade) + refund.amount <= this.#story.box.payment.amount;
    // Asked for again under its number, a refund is not made again.
    if (takes && fits && !trade.ours.has(refundId))
      trade.ours.set(refundId, { amount: refund.amount, returned: false });
    const word = this.#wordOf(refundId);
    this.#words.push(() => this.#story.refundReport(refundId, "refund", word));
    if (told) this.#story.refundReport(refundId, "refund", word);
    else this.#story.refundReport(refundId, "refund", { end: "unknown", reason: "time-out" });
  }

  /** The buyer's bank sends a refund back. */
  sendBack(refundId: Id): void {
    const { attemptId } = this.#story.refund(refundId);
    const carriedOut = this.#tradeOf(attemptId).ours.get(refundId);
    if (carriedOut === undefined) return;
    carriedOut.returned = true;
    const word = this.#wordOf(refundId);
    this.#words.push(() => this.#story.refundReport(refundId, "notification", word));
  }

  /** The channel gives a part back (null: all that is left) although nobody asked. */
  giveBack(attemptId: Id, part: bigint | null): void {
    const trade = this.#tradeOf(attemptId);
    if (!trade.paid) return;
    const left = this.#story.box.payment.amount - this.#refunded(trade);
    const amount = part === null || part > left ? left : part;
    if (amount === 0n) return;
    const refund = { no: `re_${trade.theirs.length + 1}`, amount, returned: false };
    trade.theirs.push(refund);
    this.#saysNumber(attemptId, refund.no);
  }

  /** The buyer's bank sends back what the channel gave back by itself. */
  sendTheirsBack(attemptId: Id, index: number): void {
    const { theirs } = this.#tradeOf(attemptId);
    const refund = theirs[index % theirs.length];
    if (refund === undefined || !this.#tellsNumbers) return;
    refund.returned = true;
    this.#saysNumber(attemptId, refund.no);
  }

  #saysNumber(attemptId: Id, no: string): void {
    const word = this.#foreignRefunds(attemptId).find((one) => one.channelRefundNo === no);
    if (!this.#tellsNumbers || word === undefined) return;
    this.#words.push(() => this.#story.foreignRefund(no, word.amount, word, attemptId));
  }

  #foreignRefunds(attemptId: Id): readonly ForeignRefund[] {
    return this.#tradeOf(attemptId).theirs.map(({ no, amount, returned }) => {
      const given = aForeignRefund(no, amount);
      return returned ? { ...given, outcome: "returned", returnedDate: CHANNEL_DATE } : given;
    });
  }

  /** A cancel of ours arrives, when the order is being reversed. */
  cancel(attemptId: Id, told: boolean): void {
    if (this.#story.attempt(attemptId).state !== "reversing") return;
    const trade = this.#tradeOf(attemptId);
    trade.ended = true;
    if (trade.paid) this.giveBack(attemptId, null);
    const reversed = {
      outcome: "reversed" as const,
      moneyReturned: trade.paid,
      channelTradeNo: null,
      channelDate: CHANNEL_DATE,
    };
    this.#words.push(() => this.#story.reversal(reversed, attemptId));
    if (told) this.#story.reversal(reversed, attemptId);
  }

  /** Everything that is still open is asked about until nothing is. */
  tellEverything(): void {
    const { box } = this.#story;
    for (let round = 0; round < 3; round += 1) {
      for (const attemptId of box.attempts.keys()) {
        this.cancel(attemptId, true);
        this.#story.trade("query", this.#seen(attemptId, true), attemptId);
        if (!this.#tellsNumbers) continue;
        for (const word of this.#foreignRefunds(attemptId)) {
          this.#story.foreignRefund(word.channelRefundNo, word.amount, word, attemptId);
        }
      }
      for (const [refundId, refund] of box.refunds) {
        if (refund.state === "created" || refund.state === "unknown") {
          this.refund(refundId, { takes: true, told: true });
        }
        this.#story.refundReport(refundId, "refund_query", this.#wordOf(refundId));
      }
    }
  }

  /** What the channel must pay out. */
  owes(): bigint {
    let owed = 0n;
    for (const trade of this.#trades.values()) {
      if (!trade.paid) continue;
      owed += this.#story.box.payment.amount;
      for (const { amount, returned } of trade.ours.values()) owed -= returned ? 0n : amount;
      for (const { amount, returned } of trade.theirs) owed -= returned ? 0n : amount;
    }
    return owed;
  }

  #tradeOf(attemptId: Id): Trade {
    const known = this.#trades.get(attemptId);
    if (known !== undefined) return known;
    const trade: Trade = { paid: false, ended: false, ours: new Map(), theirs: [] };
    this.#trades.set(attemptId, trade);
    return trade;
  }

  /** Refunds that came back stay in the sum, as Alipay's do, or leave it, as Stripe's do. */
  #refunded({ ours, theirs }: Trade): bigint {
    const counted = [...ours.values(), ...theirs].filter(({ returned }) => !(returned && this.#tellsNumbers));
    return counted.reduce((sum, { amount }) => sum + amount, 0n);
  }

  /** @param asked a question finds the numbers too */
  #seen(attemptId: Id, asked: boolean): TradeOutcome {
    const trade = this.#tradeOf(attemptId);
    if (!trade.paid) return trade.ended ? { outcome: "closed" } : { outcome: "pending" };
    const refunded = this.#refunded(trade);
    if (refunded === 0n) return this.#story.paid();
    if (!this.#tellsNumbers) return this.#story.refunded(refunded);
    const foreignRefunds = asked ? this.#foreignRefunds(attemptId) : null;
    return this.#story.refunded(refunded, { foreignRefunds });
  }

  #wordOf(refundId: Id): RefundOutcome {
    const { attemptId } = this.#story.refund(refundId);
    const carriedOut = this.#tradeOf(attemptId).ours.get(refundId);
    if (carriedOut === undefined) return { outcome: "failed", code: "ACQ.NO", message: "no" };
    if (carriedOut.returned) return { outcome: "returned", channelDate: CHANNEL_DATE, message: "came back" };
    return { outcome: "arrived", settleAmount: null, channelRefundNo: null, channelDate: CHANNEL_DATE };
  }
}
