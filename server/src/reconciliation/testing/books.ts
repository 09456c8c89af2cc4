/**
 * Books of tests: orders, refunds and claims as rows, and their journals posted as the posting table says.
 */
import pg from "pg";
import { createTestDatabase } from "../../../../tools/testing/database.ts";
import { type Clock, systemClock, systemRandom } from "../../kernel/clock.ts";
import { type Cell, openDatabase } from "../../kernel/database.ts";
import { channelNumber, createIdMaker, type Id } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import type { Currency } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  cutOver,
  ensureDay,
  type FundFlow,
  type JournalDraft,
  type JournalKind,
  type Line,
  lockDay,
  memoTwin,
  openMerchantAccounts,
  post,
} from "../../ledger/index.ts";

export type Contract = {
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  readonly channel: string;
  readonly method: string;
  readonly fundFlow: FundFlow;
  readonly currencies: readonly Currency[];
  readonly costGross: boolean;
};

export type Order = {
  readonly attemptId: Id;
  readonly paymentId: Id;
  readonly contract: Contract;
  readonly orderNo: string;
  readonly tradeNo: string;
  readonly currency: Currency;
  readonly amount: bigint;
  /** Null: it took nothing. */
  readonly taken: {
    readonly amount: bigint;
    readonly settle: bigint;
    readonly cost: bigint;
    readonly channelDate: string;
  } | null;
};

export type OwnRefund = {
  readonly id: Id;
  readonly order: Order;
  readonly refundNo: string;
  readonly amount: bigint;
  readonly settle: bigint;
  readonly costReturned: bigint;
  readonly state: string;
};

export type OwnClaim = {
  readonly id: Id;
  readonly order: Order;
  readonly amount: bigint;
  readonly fee: bigint;
};

/** What a journal does to what the channel owes; signs as the merchant sees them. */
export type Movement = {
  readonly kind: JournalKind;
  readonly order: Order;
  readonly sourceId: Id;
  readonly settle: bigint;
  readonly fee: bigint;
  readonly channelDate: string;
};

export type TestBooks = {
  readonly cell: Cell;
  readonly newId: () => Id;
  openContract(contract: Contract): Promise<void>;
  /** Writes rows and posts journals into the open day. */
  write(rows: {
    readonly orders?: readonly Order[];
    readonly refunds?: readonly OwnRefund[];
    readonly claims?: readonly OwnClaim[];
    readonly movements?: readonly Movement[];
  }): Promise<void>;
  /** Closes the open day and opens the next. */
  close(from: string, to: string): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<any[]>;
  drop(): Promise<void>;
};

/** A cell whose first day is `date`. */
export async function openTestBooks(date: string): Promise<TestBooks> {
  const database = await createTestDatabase();
  let now = new Date(`${date}T04:00:00Z`);
  const clock: Clock = { ...systemClock, now: () => now };
  const newId = createIdMaker({ clock, random: systemRandom }, 0);
  const opened = openDatabase({
    url: database.url,
    schema: "cell_0",
    readersMax: 4,
    writersMax: 2,
    log: silentLog(),
  });
  const cell: Cell = { ...opened, cell: 0, clock, random: systemRandom, newId };
  const client = new pg.Client({ connectionString: database.url, options: "-c search_path=cell_0" });
  await client.connect();
  await ensureDay(cell, "Asia/Shanghai");
  return {
    cell,
    newId,
    openContract: async ({ merchantId, channelAccountId, currencies, fundFlow }) => {
      await cell.transact(async (tx) => {
        for (const currency of currencies) {
          const needs = { merchantId, channelAccountId, currency, fundFlow };
          await openMerchantAccounts(tx, needs, now);
        }
      });
    },
    write: async ({ orders = [], refunds = [], claims = [], movements = [] }) => {
      for (const order of orders) await client.query(INSERT_ORDER, orderValues(order, now));
      for (const refund of refunds) await client.query(INSERT_REFUND, refundValues(refund, now));
      for (const claim of claims) await client.query(INSERT_CLAIM, claimValues(claim, now));
      for (let at = 0; at < movements.length; at += 200) {
        const drafts = movements.slice(at, at + 200).map((movement) => draftOf(movement, newId()));
        await cell.transact(async (tx) => post(tx, await lockDay(tx, 0), drafts, now));
      }
    },
    close: async (from, to) => {
      now = new Date(`${to}T00:00:00+08:00`);
      await cutOver(cell, { from, to });
      now = new Date(`${to}T12:00:00+08:00`);
    },
    query: async (text, values = []) => (await client.query(text, [...values])).rows,
    drop: async () => {
      await client.end();
      await opened.close();
      await database.drop();
    },
  };
}

const INSERT_ORDER = `
  insert into attempts (id, payment_id, merchant_id, channel, channel_account_id, credential_version,
    fund_flow,
    method, state, amount, currency, channel_order_no, channel_trade_no, paid_amount, settle_amount,
      fee_amount,
    cost_amount, cost_gross, paid_at, channel_date, refunded_amount, settled_refunded, fee_returned,
    cost_returned, taken_back, told_refunded, close_wanted, queries, expires_at, created_at, finished_at)
  values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, 0, 0,
    0, 0,
    0, false, 0, $20, $20, $20)`;

function orderValues({ taken, contract, ...order }: Order, now: Date): any[] {
  return [
    order.attemptId,
    order.paymentId,
    contract.merchantId,
    contract.channel,
    contract.channelAccountId,
    contract.fundFlow,
    contract.method,
    taken === null ? "closed" : "succeeded",
    order.amount,
    order.currency,
    order.orderNo,
    taken === null ? null : order.tradeNo,
    taken?.amount ?? null,
    taken?.settle ?? null,
    taken === null ? null : 0n,
    taken?.cost ?? null,
    taken === null ? null : contract.costGross,
    taken === null ? null : now,
    taken?.channelDate ?? null,
    now,
  ];
}

const INSERT_REFUND = `
  insert into refunds (id, payment_id, attempt_id, merchant_id, merchant_refund_no, automatic, amount,
    currency,
    request, state, channel_refund_no, settle_amount, from_pending, from_available, from_receivable,
    fee_returned, cost_returned, after_failure, tries, created_at, accepted_at, finished_at)
  values ($1, $2, $3, $4, $5, false, $6, $7, '', $8, $9, $10, 0, 0, 0, 0, $11, false, 0, $12, $12, $12)`;

function refundValues(refund: OwnRefund, now: Date): any[] {
  const { order } = refund;
  return [
    refund.id,
    order.paymentId,
    order.attemptId,
    order.contract.merchantId,
    refund.refundNo,
    refund.amount,
    order.currency,
    refund.state,
    refund.refundNo,
    refund.settle,
    refund.costReturned,
    now,
  ];
}

const INSERT_CLAIM = `
  insert into disputes (id, payment_id, attempt_id, merchant_id, channel_account_id, channel_dispute_no,
    state,
    amount, fee, currency, reason, created_at, finished_at)
  values ($1, $2, $3, $4, $5, $6, 'lost', $7, $8, $9, 'fraudulent', $10, $10)`;

function claimValues({ id, order, amount, fee }: OwnClaim, now: Date): any[] {
  const { paymentId, attemptId, contract, currency } = order;
  const { merchantId, channelAccountId } = contract;
  return [id, paymentId, attemptId, merchantId, channelAccountId, id, amount, fee, currency, now];
}

function draftOf({ kind, order, sourceId, settle, fee, channelDate }: Movement, id: Id): JournalDraft {
  const { contract, currency, paymentId } = order;
  const { merchantId, channelAccountId, costGross } = contract;
  const bookId = bookIdOf("merchant", merchantId);
  const isOurs = contract.fundFlow === "through_platform";
  const at = (code: AccountCode) =>
    accountIdOf(
      bookId,
      isOurs ? code : memoTwin(code),
      currency,
      code === "channel_receivable" || code === "channel_cost_payable" ? channelAccountId : null,
    );
  const charged = isOurs ? fee : 0n;
  const lines = kind.startsWith("dispute_")
    ? moved(at("channel_receivable"), at("merchant_pending"), settle - charged)
    : [
        ...moved(at("channel_receivable"), at("merchant_pending"), settle),
        ...(isOurs
          ? moved(at("channel_cost"), at(costGross ? "channel_cost_payable" : "channel_receivable"), charged)
          : []),
      ];
  return {
    id,
    bookId,
    kind,
    sourceId,
    subjectId: paymentId,
    counterpartyId: null,
    channelAccountId,
    currency,
    channelDate,
    lines,
  };
}

function moved(debited: Id, credited: Id, amount: bigint): readonly Line[] {
  if (amount === 0n) return [];
  const [from, to, size] = amount > 0n ? [debited, credited, amount] : [credited, debited, -amount];
  return [
    { account: from, debit: size },
    { account: to, credit: size },
  ];
}

let trades = 0;

/** An order of a contract that took `amount`, on a channel date; null: it took nothing. */
export function orderOf(
  books: Pick<TestBooks, "newId">,
  contract: Contract,
  amount: bigint,
  channelDate: string | null,
  rest: { readonly settle?: bigint; readonly cost?: bigint; readonly currency?: Currency } = {},
): Order {
  const attemptId = books.newId();
  trades += 1;
  return {
    attemptId,
    paymentId: books.newId(),
    contract,
    orderNo: channelNumber("att", attemptId),
    tradeNo: `20260306${String(trades).padStart(13, "0")}`,
    currency: rest.currency ?? contract.currencies[0] ?? "CNY",
    amount,
    taken:
      channelDate === null
        ? null
        : { amount, settle: rest.settle ?? amount, cost: rest.cost ?? 1n, channelDate },
  };
}

/** The movement of an order's success. */
export function successOf(order: Order, kind: JournalKind = "payment_success"): Movement {
  const { taken } = order;
  if (taken === null) throw new Error("it took nothing");
  const { settle, cost, channelDate } = taken;
  return { kind, order, sourceId: order.attemptId, settle, fee: cost, channelDate };
}
