/** The SQL that lists a closed date's items and puts them into settlements. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { SettlementKind } from "../model.ts";
import type { FundsScope } from "../readings.ts";

/** One account of pending money on its way through a run. */
export type PendingAccount = {
  readonly accountId: Id;
  readonly bookId: Id;
  readonly merchantId: Id;
  readonly currency: string;
  /** The last entry of the account, and the last that was looked at for items. */
  readonly lastSeq: bigint;
  readonly itemizedSeq: bigint;
};

const pageSql = sql(
  "settlement_accounts_page",
  `select a.id as account_id, a.book_id, b.owner_id as merchant_id, a.currency, a.last_seq,
     coalesce(s.itemized_seq, 0)::bigint as itemized_seq
   from accounts a
   join books b on b.id = a.book_id
   left join settlement_accounts s on s.account_id = a.id
   where a.code = 'merchant_pending'
     and a.last_seq > 0
     and ($1::uuid is null or a.id > $1)
     and (s.settled_through is null or s.settled_through < $2)
     and ($3::uuid[] is null or a.id = any($3))
   order by a.id
   limit $4`,
);

/** Accounts whose settlement for `date` is not decided yet, in the order of their ids. */
export function accountsToSettle(
  db: Db,
  of: { readonly date: string; readonly only: readonly Id[] | null },
  page: { readonly after: Id | null; readonly limit: number },
): Promise<PendingAccount[]> {
  return db.all<PendingAccount>(pageSql, [page.after, of.date, of.only, page.limit]);
}

const countSql = sql(
  "settlement_accounts_count",
  `select count(*) as accounts
   from accounts a
   left join settlement_accounts s on s.account_id = a.id
   where a.code = 'merchant_pending'
     and a.last_seq > 0
     and (s.settled_through is null or s.settled_through < $1)`,
);

/** How many `accountsToSettle` lists for all. */
export async function countToSettle(db: Db, date: string): Promise<bigint> {
  return (await db.one<{ accounts: bigint }>(countSql, [date]))?.accounts ?? 0n;
}

const ensureSql = sql(
  "settlement_accounts_ensure",
  `insert into settlement_accounts (account_id, merchant_id, currency, itemized_seq)
   select u.account_id, u.merchant_id, u.currency, 0
   from unnest($1::uuid[], $2::uuid[], $3::text[]) as u(account_id, merchant_id, currency)
   order by u.account_id
   on conflict on constraint settlement_accounts_pkey do nothing`,
);

const lockSql = sql(
  "settlement_accounts_lock",
  `select account_id, itemized_seq, settled_through
   from settlement_accounts
   where account_id = any($1::uuid[])
   order by account_id
   for no key update`,
);

export type LockedAccount = {
  readonly accountId: Id;
  readonly itemizedSeq: bigint;
  readonly settledThrough: string | null;
};

/** Makes the rows that are not there yet. */
export async function ensureAccounts(tx: Tx, accounts: readonly PendingAccount[]): Promise<void> {
  await tx.run(ensureSql, columnsOf(accounts, ["accountId", "merchantId", "currency"]));
}

/** The lock of items and settlements of these accounts, until the transaction ends. */
export function lockPendingAccounts(tx: Tx, accountIds: readonly Id[]): Promise<LockedAccount[]> {
  return tx.all<LockedAccount>(lockSql, [accountIds]);
}

const beginSql = sql(
  "settlements_begin",
  `insert into settlements (
     id, account_id, merchant_id, currency, accounting_date, kind, number, state, items, amount, recovered,
     reserved, available, payout, made_at
   )
   select u.id, u.account_id, u.merchant_id, u.currency, $6, u.kind, 1, 'gathering', 0, 0, 0, 0, 0,
     'automatic', $7
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
     as u(id, account_id, merchant_id, currency, kind)
   order by u.account_id, u.kind
   on conflict on constraint settlements_once do nothing`,
);

const gatheringSql = sql(
  "settlements_gathering",
  `select id, account_id, kind, state
   from settlements
   where account_id = any($1::uuid[])
     and accounting_date = $2
     and kind <> 'same_day'
   order by id`,
);

const passedOverSql = sql(
  "settlement_accounts_with_passed_over",
  `select distinct account_id
   from settlement_items
   where account_id = any($1::uuid[])
     and settlement_id is null
     and passed_over
     and amount > 0
   order by account_id`,
);

/** Which of the accounts have items that were passed over before. */
export async function withPassedOver(db: Db, accountIds: readonly Id[]): Promise<ReadonlySet<Id>> {
  const rows = await db.all<{ accountId: Id }>(passedOverSql, [accountIds]);
  return new Set(rows.map(({ accountId }) => accountId));
}

export type Begun = {
  readonly id: Id;
  readonly accountId: Id;
  readonly merchantId: Id;
  readonly currency: string;
  readonly kind: SettlementKind;
};

/** Begins settlements of a date; those begun before stay. Read the rows by the next statement. */
export async function beginSettlements(
  tx: Tx,
  begun: readonly Begun[],
  on: { readonly date: string; readonly at: Date },
): Promise<void> {
  if (begun.length === 0) return;
  await tx.run(beginSql, [
    ...columnsOf(begun, ["id", "accountId", "merchantId", "currency", "kind"]),
    on.date,
    on.at,
  ]);
}

/** The settlements of a date, in whatever state. */
export function settlementsBegun(
  db: Db,
  accountIds: readonly Id[],
  date: string,
): Promise<{ id: Id; accountId: Id; kind: SettlementKind; state: string }[]> {
  return db.all(gatheringSql, [accountIds, date]);
}

/** Entries of one account, and the settlement that takes what is due among them; null: none does yet. */
export type Piece = {
  readonly accountId: Id;
  readonly afterSeq: bigint;
  readonly upToSeq: bigint;
  readonly settlementId: Id | null;
  /** Items of dates up to this one are due. */
  readonly cutoff: string;
};

/** No journal has more lines. */
const LINES_MAX = 100;

// A journal's entries in one account follow each other, so the entries a little beyond the piece complete its
// last journal. What lowers pending money counts at once, whenever it was booked, but for what is of a
// payment that is still to be split ($8); what concerns an earlier date than its own settles apart.
const itemizeSql = sql(
  "settlement_itemize",
  `with journal as (
     select p.account_id, p.settlement_id, p.cutoff, e.journal_id, -sum(e.amount)::bigint as amount,
       max(e.seq) as seq
     from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::date[])
       as p(account_id, after_seq, up_to_seq, settlement_id, cutoff)
     join entries e
       on e.account_id = p.account_id and e.seq > p.after_seq and e.seq <= p.up_to_seq + ${LINES_MAX}
     group by p.account_id, p.settlement_id, p.cutoff, p.up_to_seq, e.journal_id
     having min(e.seq) <= p.up_to_seq
   ), closed as (
     select g.account_id, g.settlement_id, g.cutoff, g.journal_id, g.amount, g.seq, j.kind,
       j.accounting_date, j.subject_id, j.source_id,
       coalesce(g.amount > 0 and j.original_date < j.accounting_date, false) as is_late
     from journal g
     join journals j on j.id = g.journal_id
     where j.accounting_date <= $6
   ), listed as (
     insert into settlement_items
       (journal_id, account_id, settlement_id, amount, accounting_date, passed_over)
     select c.journal_id, c.account_id,
       case
         when c.amount < 0
           and (c.subject_id is null or c.subject_id not in (select unnest($8::uuid[])))
           then c.settlement_id
         when c.accounting_date <= c.cutoff
           and not c.is_late
           and h.journal_id is null
           and (c.subject_id is null or c.subject_id not in (select unnest($7::uuid[])))
           and c.source_id not in (select unnest($7::uuid[]))
           then c.settlement_id
       end,
       c.amount, c.accounting_date, c.is_late
     from closed c
     left join settlement_holds h on h.journal_id = c.journal_id and h.released_at is null
     where c.kind <> 'settlement'
     order by c.journal_id
     on conflict on constraint settlement_items_pkey do nothing
     returning account_id, settlement_id, amount
   ), reached as (
     select account_id, max(seq) as seq
     from closed
     group by account_id
   ), taken as (
     select account_id, settlement_id, count(*)::integer as items, sum(amount)::bigint as amount
     from listed
     where settlement_id is not null
     group by account_id, settlement_id
   )
   select r.account_id, r.seq, t.settlement_id, coalesce(t.items, 0) as items,
     coalesce(t.amount, 0)::bigint as amount
   from reached r
   left join taken t on t.account_id = r.account_id
   order by r.account_id`,
);

/** What a settlement took in one step. */
export type Taken = { readonly settlementId: Id; readonly items: number; readonly amount: bigint };

/**
 * Makes items of the closed journals of the pieces. Gives how far each account came and what its settlement
 * took; an account without a closed journal in its piece is absent. @param held payments and attempts whose
 * items wait.
 */
export function itemize(
  tx: Tx,
  pieces: readonly Piece[],
  closed: { readonly date: string; readonly held: readonly Id[]; readonly split: readonly Id[] },
): Promise<({ accountId: Id; seq: bigint } & { [Key in keyof Taken]: Taken[Key] | null })[]> {
  const columns = columnsOf(pieces, ["accountId", "afterSeq", "upToSeq", "settlementId", "cutoff"]);
  return tx.all(itemizeSql, [...columns, closed.date, closed.held, closed.split]);
}

const advanceSql = sql(
  "settlement_accounts_advance",
  `update settlement_accounts s
   set itemized_seq = u.seq
   from unnest($1::uuid[], $2::bigint[]) as u(account_id, seq)
   where s.account_id = u.account_id`,
);

export async function advanceItemized(tx: Tx, to: readonly { accountId: Id; seq: bigint }[]): Promise<void> {
  if (to.length > 0) await tx.run(advanceSql, columnsOf(to, ["accountId", "seq"]));
}

/** What an account's open items are put into. */
export type Assignment = {
  readonly accountId: Id;
  readonly regularId: Id;
  readonly supplementaryId: Id | null;
  readonly cutoff: string;
  /** Only items of scopes in the list settle. */
  readonly byScope: boolean;
};

// Money that went out, and what has no channel date (nothing a channel's statement would explain), needs no
// scope.
const assignSql = sql(
  "settlement_assign",
  `with due as (
     select o.journal_id, p.regular_id, p.supplementary_id
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::boolean[])
       as p(account_id, regular_id, supplementary_id, cutoff, by_scope)
     join settlement_items o
       on o.account_id = p.account_id
       and o.settlement_id is null
       and (o.amount <= 0 or o.accounting_date <= p.cutoff)
     join journals j on j.id = o.journal_id
     where (
         not p.by_scope
         or o.amount <= 0
         or j.channel_date is null
         or j.channel_account_id is null
         or (j.channel_account_id, j.channel_date, j.currency) in (
           select s.channel_account_id, s.channel_date, s.currency
           from unnest($6::uuid[], $7::date[], $8::text[]) as s(channel_account_id, channel_date, currency)
         )
       )
       and not exists (
         select
         from settlement_holds h
         where h.journal_id = o.journal_id
           and h.released_at is null
       )
     order by o.journal_id
     limit $9
   ), taken as (
     update settlement_items i
     set settlement_id = case
       when i.passed_over and i.amount > 0 and d.supplementary_id is not null then d.supplementary_id
       else d.regular_id
     end
     from due d
     where i.journal_id = d.journal_id
     returning i.settlement_id, i.amount
   )
   select settlement_id, count(*)::integer as items, sum(amount)::bigint as amount
   from taken
   group by settlement_id
   order by settlement_id`,
);

/** Puts open items that are due and not held into settlements, at most `limit`; gives what each took. */
export function assign(
  tx: Tx,
  assignments: readonly Assignment[],
  scopes: readonly FundsScope[],
  limit: number,
): Promise<Taken[]> {
  return tx.all<Taken>(assignSql, [
    ...columnsOf(assignments, ["accountId", "regularId", "supplementaryId", "cutoff", "byScope"]),
    ...(scopes.length === 0
      ? ["{}", "{}", "{}"]
      : columnsOf(scopes, ["channelAccountId", "channelDate", "currency"])),
    limit,
  ]);
}

const addTakenSql = sql(
  "settlements_add_taken",
  `update settlements s
   set items = s.items + u.items, amount = s.amount + u.amount
   from unnest($1::uuid[], $2::integer[], $3::bigint[]) as u(settlement_id, items, amount)
   where s.id = u.settlement_id`,
);

/** Counts what settlements took, in the transaction that took it. */
export async function addTaken(tx: Tx, taken: readonly Taken[]): Promise<void> {
  if (taken.length > 0) await tx.run(addTakenSql, columnsOf(taken, ["settlementId", "items", "amount"]));
}

const openScopesSql = sql(
  "settlement_open_scopes",
  `select distinct j.channel_account_id, j.channel_date, j.currency
   from settlement_items i
   join journals j on j.id = i.journal_id
   where i.account_id = any($1::uuid[])
     and i.settlement_id is null
     and i.amount > 0
     and j.channel_account_id is not null
     and j.channel_date is not null
   order by j.channel_account_id, j.channel_date, j.currency`,
);

/** The scopes that open items of these accounts belong to. */
export function openScopes(db: Db, accountIds: readonly Id[]): Promise<FundsScope[]> {
  return db.all<FundsScope>(openScopesSql, [accountIds]);
}
