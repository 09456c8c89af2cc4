/**
 * What happened so far, and what the books, the merchant's webhooks and the channels' bills must say of it.
 * Every chapter adds to it by plain arithmetic; the last ones hold the platform against it.
 */
import type { EventType } from "@tributary/sdk";
import { givenBack, rated } from "./money.ts";

/** What a contract with a channel costs, and whether the channel returns it with the money. */
export type Terms = { readonly costMillionths: bigint; readonly costReturned: boolean };

/** Money that an attempt took. */
export type Taking = {
  readonly paymentId: string;
  readonly attemptId: string;
  readonly accountId: string;
  readonly amount: bigint;
  readonly currency: string;
};

export type Claim = {
  readonly disputeId: string;
  readonly amount: bigint;
  /** What the channel charges for hearing it. */
  readonly fee: bigint;
  readonly currency: string;
};

export type Shares = { readonly fee: bigint; readonly cost: bigint };

/** An attempt that took money, and what became of it. */
type Taken = Shares & {
  readonly amount: bigint;
  readonly currency: string;
  readonly costReturned: boolean;
  refunded: bigint;
};

export type Story = {
  readonly startedAt: Date;
  /** A number of this run's own, for orders and refunds. */
  number(what: string): string;
  /** A contract that the story's payments may go through. */
  costs(accountId: string, terms: Terms): void;
  /** A payment that belongs to the story, whatever becomes of it. */
  tells(paymentId: string): void;
  readonly paymentIds: ReadonlySet<string>;
  /** An attempt's success that is its payment's; gives the fee and the cost. */
  succeeded(taking: Taking): Shares;
  /** Money that its payment could not use and that an automatic refund gave back whole. */
  surplusReturned(refundId: string): void;
  /** A refund that the channel accepted; gives what comes back with it. */
  refunded(refundId: string, attemptId: string, amount: bigint): Shares;
  /** A payer's claim: the channel takes it and its fee, and the merchant bears both. */
  disputed(claim: Claim): void;
  /** The claim is brought back; the fee is not. */
  disputeWon(claim: Claim): void;
  /** An event that the merchant must be told of, once. */
  announced(type: EventType, subject: string): void;
  readonly announcements: readonly { readonly type: EventType; readonly subject: string }[];
  /** What each account must have changed by: debit +, credit −; by `bookKey`. */
  readonly changes: ReadonlyMap<string, bigint>;
};

/** An account of the chart in one currency, as the story names it. */
export function bookKey(code: string, currency: string): string {
  return `${code} ${currency}`;
}

export function startStory(startedAt: Date, feeMillionths: bigint): Story {
  const run = startedAt.getTime().toString(36);
  const numbers = new Map<string, number>();
  const contracts = new Map<string, Terms>();
  const paymentIds = new Set<string>();
  const taken = new Map<string, Taken>();
  const announcements: { type: EventType; subject: string }[] = [];
  const changes = new Map<string, bigint>();
  const book = (currency: string, lines: Readonly<Record<string, bigint>>) => {
    for (const [code, amount] of Object.entries(lines)) {
      const key = bookKey(code, currency);
      changes.set(key, (changes.get(key) ?? 0n) + amount);
    }
  };
  const announced = (type: EventType, subject: string) => void announcements.push({ type, subject });
  return {
    startedAt,
    number: (what) => {
      const count = (numbers.get(what) ?? 0) + 1;
      numbers.set(what, count);
      return `demo-${run}-${what}${count === 1 ? "" : `-${count}`}`;
    },
    costs: (accountId, terms) => void contracts.set(accountId, terms),
    tells: (paymentId) => void paymentIds.add(paymentId),
    paymentIds,
    succeeded: ({ paymentId, attemptId, accountId, amount, currency }) => {
      const terms = contracts.get(accountId);
      if (terms === undefined) throw new Error(`${attemptId} went through ${accountId}, which nobody named`);
      const [fee, cost] = [rated(amount, feeMillionths), rated(amount, terms.costMillionths)];
      taken.set(attemptId, { amount, currency, fee, cost, costReturned: terms.costReturned, refunded: 0n });
      book(currency, success(amount, { fee, cost }));
      announced("payment.succeeded", paymentId);
      return { fee, cost };
    },
    surplusReturned: (refundId) => {
      // What came in went out again by the same accounts; the cost too, since all of it was refunded.
      book("CNY", { channel_receivable: 0n, channel_cost: 0n, suspense_surplus: 0n, refund_clearing: 0n });
      announced("refund.accepted", refundId);
    },
    refunded: (refundId, attemptId, amount) => {
      const of = taken.get(attemptId);
      if (of === undefined) throw new Error(`nothing was taken by ${attemptId}`);
      const part = (total: bigint) =>
        givenBack(total, of.refunded + amount, of.amount) - givenBack(total, of.refunded, of.amount);
      const [fee, cost] = [part(of.fee), of.costReturned ? part(of.cost) : 0n];
      of.refunded += amount;
      book(of.currency, refund(amount, { fee, cost }));
      announced("refund.accepted", refundId);
      return { fee, cost };
    },
    disputed: ({ disputeId, amount, fee, currency }) => {
      book(currency, { merchant_pending: amount + fee, channel_receivable: -amount - fee });
      announced("dispute.opened", disputeId);
    },
    disputeWon: ({ disputeId, amount, currency }) => {
      book(currency, { merchant_pending: -amount, channel_receivable: amount });
      announced("dispute.won", disputeId);
    },
    announced,
    announcements,
    changes,
  };
}

function success(amount: bigint, { fee, cost }: Shares): Readonly<Record<string, bigint>> {
  return {
    channel_receivable: amount - cost,
    channel_cost: cost,
    merchant_pending: fee - amount,
    fee_income: -fee,
  };
}

function refund(amount: bigint, { fee, cost }: Shares): Readonly<Record<string, bigint>> {
  return {
    channel_receivable: cost - amount,
    channel_cost: -cost,
    merchant_pending: amount - fee,
    fee_income: fee,
    refund_clearing: 0n,
  };
}
