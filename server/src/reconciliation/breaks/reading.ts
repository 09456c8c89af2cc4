/** The SQL that only reads breaks: lists, one with its history, what settlement and reports ask. */
import { type Db, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { BreakKind, BreakState } from "../model.ts";
import type { Break, BreakEvent, Claim } from "./model.ts";
import { BREAK_COLUMNS } from "./store.ts";

const findSql = sql(
  "breaks_find",
  `select ${BREAK_COLUMNS}
   from breaks
   where id = $1`,
);

/** A break; null: there is none. */
export function findBreak(db: Db, id: Id): Promise<Break | null> {
  return db.one<Break>(findSql, [id]);
}

const CLAIMED = `($10::text is null or exists (
       select
       from break_claims c
       where c.break_id = breaks.id
         and c.state = $10
         and (c.booked_by is null or c.booked_amount < c.paid_amount)
     ))`;

const listSql = sql(
  "breaks_list",
  `select ${BREAK_COLUMNS}
   from breaks
   where ($1::text[] is null or state = any($1))
     and ($2::text is null or kind = $2)
     and ($3::uuid is null or channel_account_id = $3)
     and ($4::uuid is null or merchant_id = $4)
     and ($5::date is null or channel_date = $5)
     and ($6::uuid is null or owner_id = $6)
     and ($7::timestamptz is null or found_at <= $7)
     and ($8::uuid is null or id < $8)
     and ${CLAIMED}
   order by id desc
   limit $9`,
);

// Few breaks are unended at a time, and their index holds no other.
const listUnendedSql = sql(
  "breaks_list_unended",
  `select ${BREAK_COLUMNS}
   from breaks
   where ended_at is null
     and ($1::text[] is null or state = any($1))
     and ($2::text is null or kind = $2)
     and ($3::uuid is null or channel_account_id = $3)
     and ($4::uuid is null or merchant_id = $4)
     and ($5::date is null or channel_date = $5)
     and ($6::uuid is null or owner_id = $6)
     and ($7::timestamptz is null or found_at <= $7)
     and ($8::uuid is null or id < $8)
     and ${CLAIMED}
   order by id desc
   limit $9`,
);

export type BreakFilter = {
  /** Null: those that have not ended. */
  readonly state: BreakState | null;
  readonly all: boolean;
  readonly kind: BreakKind | null;
  readonly channelAccountId: Id | null;
  readonly merchantId: Id | null;
  readonly channelDate: string | null;
  readonly ownerId: Id | null;
  /** Found at this instant or before. */
  readonly foundBefore: Date | null;
  /**
   * `filed`: the channel has not answered. `paid`: it has paid, and the books do not have it, or not all.
   * With it, `state` null is all states: a claim is to be answered although its break has ended.
   */
  readonly claim: "filed" | "paid" | null;
};

/** Breaks newest first, from the one before `before`. */
export function listBreaks(
  db: Db,
  filter: BreakFilter,
  page: { readonly before: Id | null; readonly limit: number },
): Promise<Break[]> {
  const { state, kind, channelAccountId, merchantId, channelDate, ownerId, foundBefore, claim } = filter;
  const states = state === null ? null : [state];
  const where = [states, kind, channelAccountId, merchantId, channelDate, ownerId, foundBefore];
  const isOfAll = filter.all || (claim !== null && state === null);
  const hasEnded = isOfAll || state === "resolved" || state === "voided";
  return db.all<Break>(hasEnded ? listSql : listUnendedSql, [...where, page.before, page.limit, claim]);
}

const eventsSql = sql(
  "break_events_of",
  `select id, break_id, at, step, kind, operator_id, reconciliation_id, detail
   from break_events
   where break_id = $1
   order by at, step, id
   limit 1000`,
);

/** A break's history, oldest first; at most 1,000 events. */
export function eventsOfBreak(db: Db, breakId: Id): Promise<BreakEvent[]> {
  return db.all<BreakEvent>(eventsSql, [breakId]);
}

const pricedSql = sql(
  "break_order_priced",
  `select method, cost_rule, cost_rule_version
   from attempts
   where id = $1`,
);

/** The method of an order, and the rule that priced its cost; null: nothing has yet. */
export type PricedOrder = {
  readonly method: string;
  readonly costRule: string | null;
  readonly costRuleVersion: bigint | null;
};

export function pricedOrder(db: Db, attemptId: Id): Promise<PricedOrder | null> {
  return db.one<PricedOrder>(pricedSql, [attemptId]);
}

const claimsSql = sql(
  "break_claims_of",
  `select break_id, claim_no, amount, paid_amount, evidence, filed_at, filed_by, state, ended_at, ended_by,
     note, booked_by, booked_amount
   from break_claims
   where break_id = any($1::uuid[])
   order by break_id`,
);

export function claimsOfBreaks(db: Db, breakIds: readonly Id[]): Promise<Claim[]> {
  return db.all<Claim>(claimsSql, [breakIds]);
}

/** The break's newest claim; null: nothing was ever claimed. */
export async function claimOfBreak(db: Db, breakId: Id): Promise<Claim | null> {
  return (await claimsOfBreaks(db, [breakId]))[0] ?? null;
}

/** Claims that channels have not answered, of breaks that have ended too. */
export type FiledClaims = {
  readonly currency: Currency;
  readonly count: number;
  readonly amount: bigint;
  readonly oldestFiledAt: Date;
};

const filedClaimsSql = sql(
  "break_claims_filed",
  `select b.currency, count(*)::int as count, sum(c.amount)::bigint as amount,
     min(c.filed_at) as oldest_filed_at
   from break_claims c
   join breaks b on b.id = c.break_id
   where c.state = 'filed'
   group by b.currency
   order by b.currency`,
);

/** What channels were asked for and have not answered, by currency. */
export function filedClaims(db: Db): Promise<FiledClaims[]> {
  return db.all<FiledClaims>(filedClaimsSql, []);
}

/** What channels have paid upon claims beyond what the books have or can have of it. */
export type ExcessClaims = {
  readonly currency: Currency;
  readonly count: number;
  readonly amount: bigint;
};

const excessClaimsSql = sql(
  "break_claims_excess",
  `select b.currency, count(*)::int as count, sum(c.paid_amount - placed.amount)::bigint as amount
   from break_claims c
   join breaks b on b.id = c.break_id
   cross join lateral (
     select case
         when c.booked_by is not null then c.booked_amount
         when b.ended_at is not null then 0
         when b.settle_difference <> b.standing_settle
           then greatest(b.standing_settle - b.settle_difference, 0)
         when not b.memo then greatest(b.fee_difference - b.standing_fee, 0)
         else 0
       end as amount
   ) placed
   where c.state = 'paid'
     and (c.booked_by is null or c.booked_amount < c.paid_amount)
     and c.paid_amount > placed.amount
   group by b.currency
   order by b.currency`,
);

/** By currency; a person says where it belongs. */
export function excessClaims(db: Db): Promise<ExcessClaims[]> {
  return db.all<ExcessClaims>(excessClaimsSql, []);
}

export type OpenBreak = {
  readonly breakId: Id;
  readonly kind: BreakKind;
  readonly state: "pending" | "open" | "proposed";
  readonly paymentId: Id;
  readonly attemptId: Id | null;
  readonly refundId: Id | null;
};

const openOfSql = sql(
  "breaks_open_of_payments",
  `select id as break_id, kind, state, payment_id, attempt_id, refund_id
   from breaks
   where payment_id = any($1::uuid[])
     and ended_at is null
     and ($2::uuid is null or merchant_id = $2)
   order by id`,
);

/** The unended breaks of these payments; of one merchant's, where it is named. */
export function openOfPayments(
  db: Db,
  paymentIds: readonly Id[],
  merchantId: Id | null,
): Promise<OpenBreak[]> {
  return db.all<OpenBreak>(openOfSql, [paymentIds, merchantId]);
}

export type SummaryRow = {
  readonly kind: BreakKind;
  readonly state: BreakState;
  readonly currency: string;
  /** Days since it was found, in steps: 0, 1, 7, 30. */
  readonly ageDaysFrom: number;
  readonly count: number;
  readonly settleDifference: bigint;
  readonly feeDifference: bigint;
  readonly surplus: bigint;
  readonly shortage: bigint;
};

// Of what is not ended, what nothing covers yet.
const summarySql = sql(
  "breaks_summary",
  `select kind, state, currency, age_days_from, count(*)::int as count,
     sum(settle_difference)::bigint as settle_difference, sum(fee_difference)::bigint as fee_difference,
     sum(surplus_effect)::bigint as surplus, sum(shortage_effect)::bigint as shortage
   from (
     select kind, state, currency, surplus_effect, shortage_effect,
       settle_difference - case when ended_at is null then standing_settle else 0 end as settle_difference,
       fee_difference - case when ended_at is null then standing_fee else 0 end as fee_difference,
       case
         when found_at > $3::timestamptz - interval '1 day' then 0
         when found_at > $3::timestamptz - interval '7 days' then 1
         when found_at > $3::timestamptz - interval '30 days' then 7
         else 30
       end as age_days_from
     from breaks
     where channel_date between $1 and $2
       or channel_date < $1 and ended_at is null
   ) aged
   group by kind, state, currency, age_days_from
   order by kind, state, currency, age_days_from`,
);

/** Counts and sums of the breaks of these channel dates, as old as they are at `at`. */
export function summaryOf(
  db: Db,
  dates: { readonly from: string; readonly to: string },
  at: Date,
): Promise<SummaryRow[]> {
  return db.all<SummaryRow>(summarySql, [dates.from, dates.to, at]);
}
