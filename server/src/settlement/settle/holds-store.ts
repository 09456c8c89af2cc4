/** The SQL of holds on single items. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { HoldKind } from "../model.ts";

export type ItemHold = {
  readonly id: Id;
  readonly journalId: Id;
  readonly accountId: Id;
  readonly kind: HoldKind;
  readonly reason: string;
  readonly heldBy: Id | null;
  readonly heldAt: Date;
  readonly releasedBy: Id | null;
  readonly releaseNote: string | null;
  readonly releasedAt: Date | null;
};

const COLUMNS =
  "id, journal_id, account_id, kind, reason, held_by, held_at, released_by, release_note, released_at";

const reversedSql = sql(
  "settlement_reversed_attempts",
  `select j.source_id
   from accounts a
   join entries e on e.account_id = a.id
   join journals j on j.id = e.journal_id
   where a.id = any($1::uuid[])
     and a.last_seq > 0
     and j.kind = 'reversed_by_channel'
   order by j.source_id`,
);

/** Attempts that a channel took back after success. @param shortages accounts of `suspense_shortage`. */
export async function reversedAttempts(db: Db, shortages: readonly Id[]): Promise<Id[]> {
  const rows = await db.all<{ sourceId: Id }>(reversedSql, [shortages]);
  return rows.map(({ sourceId }) => sourceId);
}

const frozenSql = sql(
  "settlement_frozen",
  `select j.subject_id
   from settlement_items i
   join journals j on j.id = i.journal_id
   join unnest($1::uuid[]) as c(subject) on c.subject = j.subject_id
   where i.account_id = any($2::uuid[])
     and i.settlement_id is null
   group by j.subject_id
   having sum(i.amount) > 0
     and not bool_or(j.kind = 'payment_success' and exists (
       select
       from settlement_holds h
       where h.journal_id = i.journal_id
         and h.kind = 'sharing'
         and h.released_by is not null
     ))
   order by j.subject_id`,
);

/**
 * Of payments that are still to be split those of which something is left in the open items of these
 * accounts, and whose success no person has released: what went back whole is frozen nowhere, and of what was
 * released shares and refunds settle with it.
 */
export async function frozenOf(
  tx: Tx,
  accountIds: readonly Id[],
  split: readonly Id[],
): Promise<readonly Id[]> {
  if (split.length === 0) return [];
  const rows = await tx.all<{ subjectId: Id }>(frozenSql, [split, accountIds]);
  return rows.map(({ subjectId }) => subjectId);
}

export type Cause = { readonly subject: Id; readonly kind: HoldKind; readonly reason: string };

// Of one journal the platform holds for one kind only once: what a person released stays released, but what
// a break or a splitting holds comes and goes with it. What went out waits only with the rest of a payment
// that is still to be split.
const concernedSql = sql(
  "settlement_holds_wanted",
  `with cause as (
     select c.subject, c.kind, c.reason, c.place
     from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as c(subject, kind, reason, place)
   ), open as (
     select i.journal_id, i.account_id, i.amount, j.subject_id, j.source_id
     from settlement_items i
     join journals j on j.id = i.journal_id
     where i.account_id = any($4::uuid[])
       and i.settlement_id is null
   ), concerned as (
     select o.journal_id, o.account_id, o.amount, c.kind, c.reason, c.place
     from open o
     join cause c on c.subject = o.subject_id
     union all
     select o.journal_id, o.account_id, o.amount, c.kind, c.reason, c.place
     from open o
     join cause c on c.subject = o.source_id
   )
   select distinct on (n.journal_id) n.journal_id, n.account_id, n.kind, n.reason
   from concerned n
   where (n.amount > 0 or n.kind = 'sharing')
     and not exists (
       select
       from settlement_holds h
       where h.journal_id = n.journal_id
         and (h.released_at is null or (h.kind = n.kind and h.released_by is not null))
     )
   order by n.journal_id, n.place`,
);

const holdSql = sql(
  "settlement_hold_by_causes",
  `insert into settlement_holds (id, journal_id, account_id, kind, reason, held_at)
   select u.id, u.journal_id, u.account_id, u.kind, u.reason, $6
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
     as u(id, journal_id, account_id, kind, reason)
   order by u.journal_id`,
);

/** Holds every open item of these accounts, whose rows are locked, that a cause concerns. */
export async function holdByCauses(
  tx: Tx,
  causes: readonly Cause[],
  accountIds: readonly Id[],
  made: { readonly at: Date; readonly newId: () => Id },
): Promise<void> {
  if (causes.length === 0) return;
  const wanted = await tx.all<Pick<ItemHold, "journalId" | "accountId" | "kind" | "reason">>(concernedSql, [
    ...columnsOf(causes, ["subject", "kind", "reason"]),
    accountIds,
  ]);
  if (wanted.length === 0) return;
  const rows = wanted.map((one) => ({ ...one, id: made.newId() }));
  const columns = columnsOf(rows, ["id", "journalId", "accountId", "kind", "reason"]);
  await tx.run(holdSql, [...columns, made.at]);
}

const releaseExplainedSql = sql(
  "settlement_release_explained",
  `update settlement_holds h
   set released_at = $4,
     release_note = case h.kind
       when 'break' then 'the break has ended'
       when 'channel_reversal' then 'it was decided who bears what the channel took'
       else 'nothing of it waits to be split'
     end
   from journals j
   where h.account_id = any($1::uuid[])
     and h.kind in ('break', 'channel_reversal', 'sharing')
     and h.held_by is null
     and h.released_at is null
     and j.id = h.journal_id
     and not exists (
       select
       from unnest($2::uuid[], $3::text[]) as c(subject, kind)
       where c.subject in (j.subject_id, j.source_id)
         and c.kind = h.kind
     )`,
);

/** Releases what the platform held for a cause that `causes` does not name any more. */
export async function releaseExplained(
  tx: Tx,
  accountIds: readonly Id[],
  causes: readonly Cause[],
  at: Date,
): Promise<void> {
  await tx.run(releaseExplainedSql, [accountIds, ...columnsOf(causes, ["subject", "kind"]), at]);
}

const heldSql = sql(
  "settlement_holds_active",
  `select ${COLUMNS}
   from settlement_holds
   where released_at is null
     and ($1::uuid is null or account_id = $1)
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

/** What is held now, newest first, from the one after `before`. */
export function activeHolds(
  db: Db,
  accountId: Id | null,
  page: { readonly before: Id | null; readonly limit: number },
): Promise<ItemHold[]> {
  return db.all<ItemHold>(heldSql, [accountId, page.before, page.limit]);
}

const ofJournalSql = sql(
  "settlement_hold_of_journal",
  `select ${COLUMNS}
   from settlement_holds
   where journal_id = $1
     and released_at is null`,
);

export function holdOfJournal(db: Db, journalId: Id): Promise<ItemHold | null> {
  return db.one<ItemHold>(ofJournalSql, [journalId]);
}

const itemSql = sql(
  "settlement_item_by_journal",
  `select i.settlement_id, i.amount, s.state
   from settlement_items i
   left join settlements s on s.id = i.settlement_id
   where i.journal_id = $1`,
);

/** Where an item stands; null before its date is closed. */
export function itemByJournal(
  db: Db,
  journalId: Id,
): Promise<{ settlementId: Id | null; amount: bigint; state: string | null } | null> {
  return db.one(itemSql, [journalId]);
}

const insertSql = sql(
  "settlement_hold_insert",
  `insert into settlement_holds (id, journal_id, account_id, kind, reason, held_by, held_at)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict do nothing`,
);

export function insertHold(
  tx: Tx,
  hold: Pick<ItemHold, "id" | "journalId" | "accountId" | "kind" | "reason" | "heldBy" | "heldAt">,
): Promise<number> {
  const { id, journalId, accountId, kind, reason, heldBy, heldAt } = hold;
  return tx.run(insertSql, [id, journalId, accountId, kind, reason, heldBy, heldAt]);
}

const releaseSql = sql(
  "settlement_hold_release",
  `update settlement_holds
   set released_by = $2, release_note = $3, released_at = $4
   where journal_id = $1
     and released_at is null`,
);

export function releaseHold(
  tx: Tx,
  journalId: Id,
  released: { readonly by: Id; readonly note: string | null; readonly at: Date },
): Promise<number> {
  return tx.run(releaseSql, [journalId, released.by, released.note, released.at]);
}
