/** Payments of channels' costs: two people say what a debit of our own account was. */
import { MINUTE, plus } from "../../kernel/clock.ts";
import type { Db, Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { type Currency, moneyText } from "../../kernel/money.ts";
import { type JournalDraft, lockDay, post } from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { connectionByName } from "../accounts/store.ts";
import { openForPayouts } from "../batch/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { orRefused, ownersOf } from "../statement/of-accounts.ts";
import { type End, lockOpen } from "../statement/own-money.ts";
import { entryOf, type NamedEntry } from "../statement/people.ts";
import { placeEntry } from "../statement/store.ts";
import {
  type CostItem,
  type CostPayment,
  daysOf,
  type Month,
  owedOf,
  splitOf,
  type WantedCost,
} from "./model.ts";
import { type CostBooking, merchantJournals, platformJournal } from "./postings.ts";
import {
  costMonth,
  insertPayment,
  isMonthClosed,
  itemsOf,
  lockCosts,
  lockPayments,
  paymentById,
  updatePayment,
} from "./store.ts";

export const PAID_KIND = "channel_cost.pay";
export const RETURNED_KIND = "channel_cost.return";

/** The platform's side belongs to whoever booked the merchants' for so long. */
const LEASE_MS = MINUTE;

/** As the wire names a payment. */
export function costPaymentId(id: Id): string {
  return formatId("ccp", id);
}

/** The days of a month of which every date is closed. Throws `invalid_request`, `conflict`. */
export async function closedMonth(db: Db, text: string, field: string): Promise<Month> {
  const month = daysOf(text);
  if (month === null) throw problem("invalid_request", { field, detail: `${text} is no month yyyy-mm` });
  if (await isMonthClosed(db, month)) return month;
  throw problem("conflict", { field, detail: `${text} is not over, or not every date of it is closed` });
}

/**
 * Proposes that a debit of our own account paid costs of channel accounts' months. Throws `invalid_request`
 * (naming the field), `not_found`, `conflict` for an entry that is placed and a month that is not closed, and
 * `cost_not_owed` for more than the books owe.
 */
export async function proposeCostPayment(
  deps: PayoutsDeps,
  actor: Actor,
  named: NamedEntry,
  costs: readonly WantedCost[],
  evidence: string,
): Promise<Approval> {
  const { connection, entry } = await entryOf(deps, named);
  requireOwn(connection);
  const amount = -entry.amount;
  if (amount <= 0n) throw problem("conflict", { detail: "the entry is money that came in" });
  const shown = (of: bigint) => moneyText({ amount: of, currency: entry.currency });
  const sum = costs.reduce((total, cost) => total + cost.amount, 0n);
  if (sum !== amount) {
    throw problem("invalid_request", {
      field: "costs",
      detail: `they come to ${shown(sum)}, the entry is of ${shown(amount)}`,
    });
  }
  const seen = new Set(costs.map(({ channelAccountId, month }) => `${channelAccountId}/${month}`));
  if (seen.size < costs.length) {
    throw problem("invalid_request", { field: "costs", detail: "a month of an account is named twice" });
  }
  const owners = await ownersOf(deps, costs, "costs");
  await itemsFor(deps.cell.db, { id: actor.operator.id, currency: entry.currency, costs, owners });
  await openForPayouts(deps, connection.currency);
  return deps.operators.propose(actor, {
    kind: PAID_KIND,
    subject: `${named.connection}/${named.entryRef}`,
    payload: {
      ...named,
      amount: Number(amount),
      currency: entry.currency,
      costs: costs.map((cost) => ({
        channel_account: formatId("cha", cost.channelAccountId),
        month: cost.month,
        amount: Number(cost.amount),
      })),
      evidence,
    },
    reason: evidence,
  });
}

function requireOwn(connection: BankConnection): void {
  if (connection.holds === "own") return;
  throw problem("invalid_request", {
    field: "connection",
    detail: "the account holds clients' money: channels' costs are paid from our own",
  });
}

type Wanted = {
  readonly id: Id;
  readonly currency: Currency;
  readonly costs: readonly WantedCost[];
  readonly owners: ReadonlyMap<Id, Id>;
};

/** The items of a payment, each within what its month is owed. */
async function itemsFor(db: Db, { id, currency, costs, owners }: Wanted): Promise<CostItem[]> {
  const shown = (of: bigint) => moneyText({ amount: of, currency });
  const items: CostItem[] = [];
  for (const [index, { channelAccountId, month: text, amount }] of costs.entries()) {
    const days = await closedMonth(db, text, `costs.${index}.month`);
    const merchantId = owners.get(channelAccountId) as Id;
    const month = await costMonth(db, { channelAccountId, merchantId, currency }, days);
    const split = month === null ? null : splitOf(month, amount);
    if (split === null) {
      const owed = month === null ? 0n : owedOf(month);
      throw problem("cost_not_owed", {
        field: `costs.${index}.amount`,
        detail: `${shown(amount)} is more than the ${shown(owed)} owed for ${text}`,
        members: { owed: Number(owed) },
      });
    }
    items.push({ paymentId: id, channelAccountId, merchantId, month: days.first, ...split });
  }
  return items;
}

/** M: channel_cost_payable c / interbook c; then P: interbook c, channel_cost_payable g / bank_own c+g. */
export function costPaidAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: PAID_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id }) => {
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (connection?.holds !== "own") return { refused: "the connection is none of our own money" };
      const costs = (payload.costs as Record<"channel_account" | "month" | "amount", unknown>[]).map(
        ({ channel_account, month, amount }): WantedCost => ({
          channelAccountId: parseId("cha", String(channel_account)) as Id,
          month: String(month),
          amount: BigInt(Number(amount)),
        }),
      );
      const named = { connection, entryRef: String(payload.entryRef), evidence: String(payload.evidence) };
      const outcome = await orRefused(() => pay(deps, { ...named, id, costs }));
      if ("done" in outcome) await bookPlatformSides(deps, [id]);
      return outcome;
    },
  };
}

type Paying = {
  readonly connection: BankConnection;
  readonly entryRef: string;
  readonly evidence: string;
  readonly id: Id;
  readonly costs: readonly WantedCost[];
};

async function pay(deps: PayoutsDeps, paying: Paying): Promise<End> {
  const { cell } = deps;
  const { connection, entryRef, evidence, id, costs } = paying;
  const { currency, accountNumber } = connection;
  const amount = costs.reduce((sum, cost) => sum + cost.amount, 0n);
  const owners = await ownersOf(deps, costs, "costs");
  return cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const found = await lockOpen(tx, connection, entryRef, -amount, id);
      if ("end" in found) return found.end;
      await lockCosts(tx, [...new Set(costs.map(({ channelAccountId }) => channelAccountId))]);
      const items = await itemsFor(tx, { id, currency, costs, owners });
      const at = cell.clock.now();
      const payment: CostPayment = {
        id,
        accountNumber,
        entryRef,
        currency,
        amount,
        merchantAmount: items.reduce((sum, { merchantAmount }) => sum + merchantAmount, 0n),
        evidence,
        madeAt: at,
        paidOn: day.accountingDate,
        paidBookedAt: null,
        returnedAt: null,
        returnedOn: null,
        returnedBookedAt: null,
        dueAt: plus(at, LEASE_MS),
      };
      await insertPayment(tx, payment, items);
      await placeEntry(tx, accountNumber, entryRef, { as: "channel_costs", subjectId: id, at });
      await posted(tx, day, merchantJournals(payment, items, "channel_cost_paid", cell.newId), at);
      return { done: true as const };
    },
    { repeatable: true },
  );
}

/** Throws an Error where the books refuse one: no account of theirs has a floor. */
async function posted(
  tx: Tx,
  day: { readonly accountingDate: string },
  drafts: readonly JournalDraft[],
  at: Date,
): Promise<void> {
  if (drafts.length === 0) return;
  for (const { result } of await post(tx, day, drafts, at)) {
    if (result === "refused") throw new Error("the books refuse a payment of channels' costs");
  }
}

/** Throws `not_found`. */
export async function getCostPayment(deps: PayoutsDeps, id: Id): Promise<CostPayment> {
  const payment = await paymentById(deps.cell.db, id);
  if (payment === null) throw problem("not_found");
  return payment;
}

/**
 * Proposes that a credit of our own account is a payment of costs that the bank sent back: all of it is owed
 * again. Throws `not_found`, `invalid_request`, `conflict`.
 */
export async function proposeCostReturn(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  named: NamedEntry,
  evidence: string,
): Promise<Approval> {
  const payment = await getCostPayment(deps, id);
  if (payment.returnedAt !== null) throw problem("conflict", { detail: "it has come back already" });
  const { connection, entry } = await entryOf(deps, named);
  requireOwn(connection);
  if (entry.amount !== payment.amount || entry.currency !== payment.currency) {
    throw problem("invalid_request", {
      field: "entry_ref",
      detail: `the entry does not bring back the payment's ${moneyText(payment)}`,
    });
  }
  return deps.operators.propose(actor, {
    kind: RETURNED_KIND,
    subject: costPaymentId(id),
    payload: { ...named, amount: Number(payment.amount), currency: payment.currency, evidence },
    reason: evidence,
  });
}

export function costReturnedAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: RETURNED_KIND,
    permission: "payouts.approve",
    carryOut: async ({ subject, payload, id: approvalId }) => {
      const id = parseId("ccp", subject);
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (id === null || connection?.holds !== "own") return { refused: "the connection is none of our own" };
      const entryRef = String(payload.entryRef);
      const outcome = await cell.transact(
        async (tx): Promise<End> => {
          const day = await lockDay(tx, cell.cell);
          const amount = BigInt(Number(payload.amount));
          const found = await lockOpen(tx, connection, entryRef, amount, approvalId);
          if ("end" in found) return found.end;
          const [payment] = await lockPayments(tx, [id]);
          if (payment === undefined) return { refused: "the payment is not there" };
          if (payment.returnedAt !== null) return { refused: "the payment has come back already" };
          const at = cell.clock.now();
          const dueAt = plus(at, LEASE_MS);
          await updatePayment(tx, { ...payment, returnedAt: at, returnedOn: day.accountingDate, dueAt });
          const placed = { as: "channel_costs_returned", subjectId: approvalId, at };
          await placeEntry(tx, connection.accountNumber, entryRef, placed);
          const items = await itemsOf(tx, [id]);
          await posted(tx, day, merchantJournals(payment, items, "channel_cost_returned", cell.newId), at);
          return { done: true };
        },
        { repeatable: true },
      );
      if ("done" in outcome) await bookPlatformSides(deps, [id]);
      return outcome;
    },
  };
}

/**
 * Books the bank's side of payments whose merchants' side is booked. The mark and the journal commit
 * together. Safe to repeat.
 */
export async function bookPlatformSides(deps: PayoutsDeps, ids: readonly Id[]): Promise<void> {
  const { cell } = deps;
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const due = (await lockPayments(tx, ids)).filter(({ dueAt }) => dueAt !== null);
      const items = await itemsOf(
        tx,
        due.map(({ id }) => id),
      );
      const at = cell.clock.now();
      const drafts: JournalDraft[] = [];
      for (const payment of due) {
        const own = items.filter(({ paymentId }) => paymentId === payment.id);
        const book = (kind: CostBooking) => drafts.push(platformJournal(payment, own, kind, cell));
        if (payment.paidBookedAt === null) book("channel_cost_paid");
        const isBack = payment.returnedAt !== null && payment.returnedBookedAt === null;
        if (isBack) book("channel_cost_returned");
        await updatePayment(tx, {
          ...payment,
          paidBookedAt: payment.paidBookedAt ?? at,
          returnedBookedAt: isBack ? at : payment.returnedBookedAt,
          dueAt: null,
        });
      }
      await posted(tx, day, drafts, at);
    },
    { repeatable: true },
  );
}
