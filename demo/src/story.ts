/**
 * What happened so far, and what the books, the merchant's webhooks and the channel's bill must say of it.
 * Every chapter adds to it by plain arithmetic; the last ones hold the platform against it.
 */
import type { EventType } from "@tributary/sdk";
import { givenBack, rated } from "./money.ts";

/** Rates of the contracts, in millionths. */
export type Rates = { readonly fee: bigint; readonly cost: bigint };

/** An attempt that took money, and what became of it. */
type Taken = {
  readonly amount: bigint;
  readonly fee: bigint;
  readonly cost: bigint;
  refunded: bigint;
};

export type Story = {
  readonly startedAt: Date;
  readonly rates: Rates;
  /** A number of this run's own, for orders and refunds. */
  number(what: string): string;
  /** A payment that belongs to the story, whatever becomes of it. */
  tells(paymentId: string): void;
  readonly paymentIds: ReadonlySet<string>;
  /** An attempt's success that is its payment's; gives the fee. */
  succeeded(
    paymentId: string,
    attemptId: string,
    amount: bigint,
  ): { readonly fee: bigint; readonly cost: bigint };
  /** Money that its payment could not use and that an automatic refund gave back whole. */
  surplusReturned(refundId: string): void;
  /** A refund that the channel accepted; gives what of the fee comes back with it. */
  refunded(
    refundId: string,
    attemptId: string,
    amount: bigint,
  ): { readonly fee: bigint; readonly cost: bigint };
  /** An event that the merchant must be told of, once. */
  announced(type: EventType, subject: string): void;
  readonly announcements: readonly { readonly type: EventType; readonly subject: string }[];
  /** What each account must have changed by: debit +, credit −. */
  readonly changes: ReadonlyMap<string, bigint>;
};

export function startStory(startedAt: Date, rates: Rates): Story {
  const run = startedAt.getTime().toString(36);
  const numbers = new Map<string, number>();
  const paymentIds = new Set<string>();
  const taken = new Map<string, Taken>();
  const announcements: { type: EventType; subject: string }[] = [];
  const changes = new Map<string, bigint>();
  const book = (lines: Readonly<Record<string, bigint>>) => {
    for (const [code, amount] of Object.entries(lines)) changes.set(code, (changes.get(code) ?? 0n) + amount);
  };
  const announced = (type: EventType, subject: string) => void announcements.push({ type, subject });
  return {
    startedAt,
    rates,
    number: (what) => {
      const count = (numbers.get(what) ?? 0) + 1;
      numbers.set(what, count);
      return `demo-${run}-${what}${count === 1 ? "" : `-${count}`}`;
    },
    tells: (paymentId) => void paymentIds.add(paymentId),
    paymentIds,
    succeeded: (paymentId, attemptId, amount) => {
      const [fee, cost] = [rated(amount, rates.fee), rated(amount, rates.cost)];
      taken.set(attemptId, { amount, fee, cost, refunded: 0n });
      book({
        channel_receivable: amount - cost,
        channel_cost: cost,
        merchant_pending: fee - amount,
        fee_income: -fee,
      });
      announced("payment.succeeded", paymentId);
      return { fee, cost };
    },
    surplusReturned: (refundId) => {
      // What came in went out again by the same accounts; the cost too, since all of it was refunded.
      book({ channel_receivable: 0n, channel_cost: 0n, suspense_surplus: 0n, refund_clearing: 0n });
      announced("refund.accepted", refundId);
    },
    refunded: (refundId, attemptId, amount) => {
      const of = taken.get(attemptId);
      if (of === undefined) throw new Error(`nothing was taken by ${attemptId}`);
      const part = (total: bigint) =>
        givenBack(total, of.refunded + amount, of.amount) - givenBack(total, of.refunded, of.amount);
      const [fee, cost] = [part(of.fee), part(of.cost)];
      of.refunded += amount;
      book({
        channel_receivable: cost - amount,
        channel_cost: -cost,
        merchant_pending: amount - fee,
        fee_income: fee,
        refund_clearing: 0n,
      });
      announced("refund.accepted", refundId);
      return { fee, cost };
    },
    announced,
    announcements,
    changes,
  };
}
