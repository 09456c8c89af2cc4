/** What the rooms above ask of reconciliation: which scopes are explained, and what is not. */
import { columnsOf, type Db, sql } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Scope } from "./model.ts";

const appliedSql = sql(
  "reconciliation_applied_scopes",
  `select s.channel_account_id, s.channel_date
   from unnest($1::uuid[], $2::date[]) as s(channel_account_id, channel_date)
   where exists (
     select
     from reconciliations r
     where r.channel_account_id = s.channel_account_id
       and r.channel_date = s.channel_date
       and r.state = 'applied'
   )
   order by s.channel_account_id, s.channel_date`,
);

/** Of these scopes those that have an applied generation. */
export async function appliedScopes(db: Db, scopes: readonly Scope[]): Promise<Scope[]> {
  if (scopes.length === 0) return [];
  return db.all<Scope>(appliedSql, columnsOf(scopes, ["channelAccountId", "channelDate"]));
}

const unendedSql = sql(
  "reconciliation_unended_breaks",
  `select id, merchant_id, payment_id, state <> 'pending' as is_open
   from breaks
   where ended_at is null
     and merchant_id = any($1::uuid[])
     -- A surplus that the door holds is beside what the payment is paid by.
     and not (held_by_door and settle_difference > 0)
   order by id`,
);

const decidedSql = sql(
  "reconciliation_decided_reversals",
  `select b.attempt_id
   from breaks b
   join attempts a on a.id = b.attempt_id
   where b.attempt_id = any($1::uuid[])
     and b.held_by_door
   group by b.attempt_id, a.settle_amount
   having bool_and(b.ended_at is not null)
     and sum(-b.settle_difference) filter (where b.state = 'resolved') >= a.settle_amount
   order by b.attempt_id`,
);

/** Of payments that a channel took back those where it was decided who bears all of it. */
export async function decidedReversalsOf(db: Db, attemptIds: readonly Id[]): Promise<Id[]> {
  if (attemptIds.length === 0) return [];
  const rows = await db.all<{ attemptId: Id }>(decidedSql, [attemptIds]);
  return rows.map(({ attemptId }) => attemptId);
}

/**
 * The breaks of these merchants that are neither resolved nor voided; `isOpen` is false while the next
 * channel date may still explain one.
 */
export function unendedBreaksOf(
  db: Db,
  merchantIds: readonly Id[],
): Promise<{ id: Id; merchantId: Id; paymentId: Id | null; isOpen: boolean }[]> {
  return db.all(unendedSql, [merchantIds]);
}
