import { type Db, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";

/** An order or a refund of ours that a line names, and whether the books had its money by then. */
export type Known = {
  readonly place: bigint;
  readonly paymentId: Id;
  readonly attemptId: Id;
  readonly refundId: Id | null;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly booked: boolean;
};

/** A line's number at its place, and what counted as the past when its day was compared. */
export type Question = {
  readonly channelAccountId: Id;
  readonly channelDate: string;
  readonly closedThrough: string;
};

// Only what was there when the last of the dates was cut over counts, so that the answer never changes.
const FIND_ORDERS = sql(
  "reconciliation_known_orders",
  `select w.place, a.payment_id, a.id as attempt_id, null::uuid as refund_id, a.amount, a.currency,
     exists (
       select
       from journals j
       where j.source_id = a.id
         and j.kind in ('payment_success', 'surplus_success')
         and j.accounting_date <= w.closed_through
         and j.channel_date <= w.channel_date
     ) as booked
   from unnest($1::uuid[], $2::text[], $3::uuid[], $4::date[], $5::date[]) with ordinality
     as w (attempt_id, order_no, account, channel_date, closed_through, place)
   join attempts a on a.id = w.attempt_id
     and a.channel_order_no = w.order_no
     and a.channel_account_id = w.account
   join days d on d.accounting_date = w.closed_through
     and a.created_at < d.closed_at
   order by w.place`,
);

const FIND_TRADES = sql(
  "reconciliation_known_trades",
  `select w.place, a.payment_id, a.id as attempt_id, null::uuid as refund_id, a.amount, a.currency,
     true as booked
   from unnest($1::text[], $2::uuid[], $3::date[], $4::date[]) with ordinality
     as w (trade_no, account, channel_date, closed_through, place)
   join attempts a on a.channel_trade_no = w.trade_no
     and a.channel_account_id = w.account
   where exists (
     select
     from journals j
     where j.source_id = a.id
       and j.kind in ('payment_success', 'surplus_success')
       and j.accounting_date <= w.closed_through
       and j.channel_date <= w.channel_date
   )
   order by w.place`,
);

const FIND_REFUNDS = sql(
  "reconciliation_known_refunds",
  `select w.place, r.payment_id, r.attempt_id, r.id as refund_id, r.amount, r.currency,
     exists (
       select
       from journals j
       where j.source_id = r.id
         and j.kind = any(string_to_array(w.kinds, ' '))
         and j.accounting_date <= w.closed_through
         and j.channel_date <= w.channel_date
     ) as booked
   from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::date[], $6::date[]) with ordinality
     as w (refund_id, refund_no, kinds, account, channel_date, closed_through, place)
   join refunds r on r.id = w.refund_id
     and r.channel_refund_no = w.refund_no
   join attempts a on a.id = r.attempt_id
     and a.channel_account_id = w.account
   join days d on d.accounting_date = w.closed_through
     and r.created_at < d.closed_at
   order by w.place`,
);

// What was found missing there on an earlier day and then waited no longer.
const FIND_MISSED = sql(
  "reconciliation_missed",
  `select distinct w.place
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[]) with ordinality
     as w (payment_id, refund_id, account, channel_date, place)
   join findings f on f.payment_id = w.payment_id
     and f.side = 'ours'
     and not f.pending
     and f.refund_id is not distinct from w.refund_id
   join reconciliations r on r.id = f.reconciliation_id
     and r.channel_account_id = w.account
     and r.channel_date < w.channel_date
   where not exists (
     select
     from reconciliations n
     where n.channel_account_id = r.channel_account_id
       and n.channel_date = r.channel_date
       and n.generation > r.generation
   )
   order by w.place`,
);

const column = <Row, Key extends keyof Row>(rows: readonly Row[], key: Key) => rows.map((row) => row[key]);

export function findOrders(
  db: Db,
  asked: readonly (Question & { readonly attemptId: Id; readonly orderNo: string })[],
): Promise<Known[]> {
  return db.all<Known>(FIND_ORDERS, [
    column(asked, "attemptId"),
    column(asked, "orderNo"),
    column(asked, "channelAccountId"),
    column(asked, "channelDate"),
    column(asked, "closedThrough"),
  ]);
}

export function findTrades(
  db: Db,
  asked: readonly (Question & { readonly tradeNo: string })[],
): Promise<Known[]> {
  return db.all<Known>(FIND_TRADES, [
    column(asked, "tradeNo"),
    column(asked, "channelAccountId"),
    column(asked, "channelDate"),
    column(asked, "closedThrough"),
  ]);
}

export function findRefunds(
  db: Db,
  asked: readonly (Question & { readonly refundId: Id; readonly refundNo: string; readonly kinds: string })[],
): Promise<Known[]> {
  return db.all<Known>(FIND_REFUNDS, [
    column(asked, "refundId"),
    column(asked, "refundNo"),
    column(asked, "kinds"),
    column(asked, "channelAccountId"),
    column(asked, "channelDate"),
    column(asked, "closedThrough"),
  ]);
}

/** The places, from 1, of those that an earlier day missed. */
export async function findMissed(
  db: Db,
  asked: readonly (Question & { readonly paymentId: Id; readonly refundId: Id | null })[],
): Promise<ReadonlySet<number>> {
  const rows = await db.all<{ place: bigint }>(FIND_MISSED, [
    column(asked, "paymentId"),
    column(asked, "refundId"),
    column(asked, "channelAccountId"),
    column(asked, "channelDate"),
  ]);
  return new Set(rows.map(({ place }) => Number(place)));
}
