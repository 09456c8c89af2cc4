/** The SQL of what the door holds in suspense and no statement's line tells: see held.ts. */
import { sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { accountIdOf, bookIdOf } from "../../ledger/index.ts";
import { IS_NEWEST } from "../newest.ts";
import type { Break } from "./model.ts";
import { BREAK_COLUMNS, BY_DOOR } from "./store.ts";

export type Side = "surplus" | "shortage";

/** What of a payment's suspense at one account, on one side, its breaks do not tell. */
export type Untold = {
  readonly channelAccountId: Id;
  readonly paymentId: Id;
  readonly side: Side;
  readonly attemptId: Id | null;
  readonly currency: Currency;
  readonly memo: boolean;
  /** Of the newest of it. */
  readonly channelDate: string;
  /** Above zero: more is in suspense than breaks tell; below: less. */
  readonly amount: bigint;
  /** The account's newest generation. */
  readonly reconciliationId: Id;
};

/** What such a break is called. */
export function heldKey({ paymentId }: Pick<Untold, "paymentId">, id: Id): string {
  return `${BY_DOOR}${paymentId}/${id}`;
}

/** Of breaks `b` those of no line that nobody has decided about. */
const UNDECIDED = `b.held_by_door
       and b.match_key like '${BY_DOOR}%'
       and b.state in ('open', 'proposed')`;

// The door's own journals on suspense: those of breaks, and what people wrote into the ledger, are apart.
const door = (ofJournals: string) => `
   door as (
     select j.channel_account_id, j.subject_id as payment_id,
       case when a.code like '%surplus' then 'surplus' else 'shortage' end as side,
       a.currency, a.code like 'memo\\_%' as memo,
       sum(case when a.code like '%surplus' then -e.amount else e.amount end)::bigint as amount,
       max(coalesce(j.channel_date, j.accounting_date)) as channel_date
     from accounts a
     join entries e on e.account_id = a.id
     join journals j on j.id = e.journal_id
     where a.last_seq > 0
       and j.kind not in ('manual_correction', 'reversal')
       and j.channel_account_id is not null
       and not exists (select from break_journals k where k.journal_id = j.id)
       and ${ofJournals}
     group by j.channel_account_id, j.subject_id, a.currency, a.code
   )`;

// Where a corrected statement drops the line of one, what the door booked is in suspense all the same, unless
// what was carried out for good stands for it.
const told = (ofBreaks: string) => `
   told as (
     select channel_account_id, payment_id,
       case when settle_difference > 0 then 'surplus' else 'shortage' end as side,
       sum(greatest(abs(settle_difference), abs(standing_settle)))::bigint as amount,
       sum(abs(settle_difference)) filter (where match_key like '${BY_DOOR}%')::bigint as of_no_line
     from breaks
     where held_by_door
       and state <> 'voided'
       and ${ofBreaks}
     group by 1, 2, 3
   )`;

// A surplus is on its way back while anything of its payment is under way.
const IS_FOR_PEOPLE = `
     case
       when d.amount < coalesce(t.amount, 0) then exists (
         select
         from breaks b
         where b.channel_account_id = d.channel_account_id
           and b.payment_id = d.payment_id
           and (b.settle_difference > 0) = (d.side = 'surplus')
           and ${UNDECIDED}
       )
       when d.side = 'surplus' then not exists (
           select from attempts x where x.payment_id = d.payment_id and x.finished_at is null
         )
         and not exists (
           select from refunds x where x.payment_id = d.payment_id and x.finished_at is null
         )
         and not exists (
           select from disputes x where x.payment_id = d.payment_id and x.finished_at is null
         )
       else true
     end`;

const ATTEMPT = `
   select id
     from attempts
     where payment_id = d.payment_id
       and channel_account_id = d.channel_account_id
     order by (surplus is not null) = (d.side = 'surplus') desc, taken_back desc, id
     limit 1`;

const NEWEST = `
   select id
     from reconciliations
     where channel_account_id = d.channel_account_id
     order by id desc
     limit 1`;

const untold = (ofJournals: string, ofBreaks: string) => `
   with ${door(ofJournals)}, ${told(ofBreaks)}
   select d.channel_account_id, d.payment_id, d.side, o.id as attempt_id, d.currency, d.memo, d.channel_date,
     d.amount - coalesce(t.amount, 0) as amount, n.id as reconciliation_id
   from door d
   left join told t on t.channel_account_id = d.channel_account_id
     and t.payment_id = d.payment_id
     and t.side = d.side
   left join lateral (${ATTEMPT}) o on true
   join lateral (${NEWEST}) n on true
   where d.amount <> coalesce(t.amount, 0)
     and not exists (
       select
       from reconciliations r
       where r.channel_account_id = d.channel_account_id
         and r.state = 'found'
         and ${IS_NEWEST}
     )
     and ${IS_FOR_PEOPLE}`;

const CODES = [
  "suspense_surplus",
  "suspense_shortage",
  "memo_suspense_surplus",
  "memo_suspense_shortage",
] as const;

const NONE = "'00000000-0000-0000-0000-000000000000'::uuid";
const OF_ALL = `a.code in (${CODES.map((code) => `'${code}'`).join(", ")})
       and j.subject_id > coalesce($1, ${NONE})`;

const untoldSql = sql(
  "breaks_held_untold",
  `${untold(OF_ALL, "payment_id is not null")}
   order by d.payment_id, d.channel_account_id, d.side
   limit $2`,
);

/** Of payments after this one, in their order. */
export function untoldAfter(tx: Tx, after: Id | null, limit: number): Promise<Untold[]> {
  return tx.all<Untold>(untoldSql, [after, limit]);
}

/** Payments of one contract, and in what currencies. */
export type OfPayments = {
  readonly merchantId: Id;
  readonly channelAccountId: Id;
  readonly paymentIds: readonly Id[];
  readonly currencies: readonly Currency[];
};

const OF_PAYMENTS = [
  "j.channel_account_id = $1 and j.subject_id = any($2::uuid[]) and a.id = any($3::uuid[])",
  "channel_account_id = $1 and payment_id = any($2::uuid[])",
] as const;

function placesOf({ merchantId, channelAccountId, paymentIds, currencies }: OfPayments) {
  const book = bookIdOf("merchant", merchantId);
  const accounts = currencies.flatMap((currency) =>
    CODES.map((code) => accountIdOf(book, code, currency, null)),
  );
  return [channelAccountId, paymentIds, accounts];
}

const untoldOfSql = sql(
  "breaks_held_untold_of",
  `${untold(...OF_PAYMENTS)}
   order by d.payment_id, d.side`,
);

/** The same of some payments at one account; none: breaks tell all of it, or may be about to. */
export function untoldOf(tx: Tx, payments: OfPayments): Promise<Untold[]> {
  return tx.all<Untold>(untoldOfSql, placesOf(payments));
}

const suspenseSql = sql(
  "breaks_held_suspense",
  `with ${door(OF_PAYMENTS[0])}, ${told(OF_PAYMENTS[1])}
   select d.payment_id, d.side, d.amount - coalesce(t.amount, 0) as untold,
     coalesce(t.of_no_line, 0) as of_no_line
   from door d
   left join told t on t.channel_account_id = d.channel_account_id
     and t.payment_id = d.payment_id
     and t.side = d.side
   order by d.payment_id, d.side`,
);

export type InSuspense = {
  readonly paymentId: Id;
  readonly side: Side;
  /** What of it no break tells; below zero: breaks tell more. */
  readonly untold: bigint;
  /** What of it breaks of no line tell. */
  readonly ofNoLine: bigint;
};

/** What the door holds of payments at one account, and breaks tell, whoever is about to do what about it. */
export function suspenseOf(tx: Tx, payments: OfPayments): Promise<InSuspense[]> {
  return tx.all<InSuspense>(suspenseSql, placesOf(payments));
}

const lockSql = sql(
  "breaks_held_lock",
  `select ${BREAK_COLUMNS}
   from breaks b
   where b.channel_account_id = $1
     and b.payment_id = any($2::uuid[])
     and ${UNDECIDED}
   order by b.id
   for no key update`,
);

/** Locks the breaks of them that no line tells and nobody has decided about. */
export function lockHeld(tx: Tx, { channelAccountId, paymentIds }: OfPayments): Promise<Break[]> {
  return tx.all<Break>(lockSql, [channelAccountId, paymentIds]);
}
