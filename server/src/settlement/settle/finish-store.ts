/** The SQL that ends a settlement's gathering: sums, outflows of the open date, what is carried. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Taken } from "./gather-store.ts";

const sumsSql = sql(
  "settlement_sums",
  `select id, account_id, kind, items, amount
   from settlements
   where account_id = any($1::uuid[])
     and accounting_date = $2
     and state = 'gathering'
     and kind <> 'same_day'
   order by account_id, kind`,
);

export type Sum = {
  readonly id: Id;
  readonly accountId: Id;
  readonly kind: "regular" | "supplementary";
  readonly items: number;
  readonly amount: bigint;
};

export function gatheredSums(db: Db, accountIds: readonly Id[], date: string): Promise<Sum[]> {
  return db.all<Sum>(sumsSql, [accountIds, date]);
}

const balancesSql = sql(
  "settlement_balances",
  `select a.id as account_id, a.balance,
     (
       select coalesce(sum(s.amount), 0)::bigint
       from settlements s
       where s.account_id = a.id
         and s.state in ('open', 'held')
     ) as listed
   from accounts a
   where a.id = any($1::uuid[])
   order by a.id`,
);

/** Signed balances, and what settlements have listed of each account and not moved yet. */
export function balancesOf(
  db: Db,
  accountIds: readonly Id[],
): Promise<{ accountId: Id; balance: bigint; listed: bigint }[]> {
  return db.all(balancesSql, [accountIds]);
}

// All that lowered pending money and no settlement has taken: of the open date, and of closed ones not due.
const outflowsSql = sql(
  "settlement_outflows",
  `with outflow as (
     select e.journal_id, p.account_id, p.settlement_id, -sum(e.amount)::bigint as amount
     from unnest($1::uuid[], $2::uuid[]) as p(account_id, settlement_id)
     join settlement_accounts s on s.account_id = p.account_id
     join entries e on e.account_id = p.account_id and e.seq > s.itemized_seq
     group by e.journal_id, p.account_id, p.settlement_id
     having sum(e.amount) > 0
   )
   insert into settlement_items (journal_id, account_id, settlement_id, amount, accounting_date, passed_over)
   select o.journal_id, o.account_id, o.settlement_id, o.amount, j.accounting_date, false
   from outflow o
   join journals j on j.id = o.journal_id and j.kind <> 'settlement'
   order by o.journal_id
   on conflict on constraint settlement_items_pkey do nothing
   returning settlement_id, amount`,
);

// What went out of a payment that is still to be split may be held with the rest of it.
const openOutflowsSql = sql(
  "settlement_open_outflows",
  `update settlement_items i
   set settlement_id = u.settlement_id
   from unnest($1::uuid[], $2::uuid[]) as u(account_id, settlement_id)
   where i.account_id = u.account_id
     and i.settlement_id is null
     and i.amount < 0
   returning i.settlement_id, i.amount`,
);

const releaseTakenSql = sql(
  "settlement_release_taken",
  `update settlement_holds h
   set released_at = $2, release_note = 'a settlement has taken it along'
   from settlement_items i
   where i.settlement_id = any($1::uuid[])
     and i.amount < 0
     and h.journal_id = i.journal_id
     and h.released_at is null`,
);

/**
 * Puts all that went out of these accounts and no settlement has taken into theirs, the open date's too.
 * Gives what each took.
 */
export async function takeOutflows(
  tx: Tx,
  of: readonly { accountId: Id; settlementId: Id }[],
): Promise<Taken[]> {
  const columns = columnsOf(of, ["accountId", "settlementId"]);
  const listed = await tx.all<{ settlementId: Id; amount: bigint }>(outflowsSql, columns);
  const open = await tx.all<{ settlementId: Id; amount: bigint }>(openOutflowsSql, columns);
  return [...Map.groupBy([...listed, ...open], ({ settlementId }) => settlementId)].map(
    ([settlementId, rows]) => ({
      settlementId,
      items: rows.length,
      amount: rows.reduce((sum, { amount }) => sum + amount, 0n),
    }),
  );
}

/** Ends the holds of what these settlements took along; they are made, and not forgotten again. */
export async function releaseTaken(tx: Tx, settlementIds: readonly Id[], at: Date): Promise<void> {
  if (settlementIds.length > 0) await tx.run(releaseTakenSql, [settlementIds, at]);
}

const mergeSql = sql(
  "settlement_merge",
  `update settlement_items i
   set settlement_id = u.into_id
   from unnest($1::uuid[], $2::uuid[]) as u(from_id, into_id)
   where i.settlement_id = u.from_id`,
);

/** Puts all items of one settlement into another. */
export async function mergeItems(tx: Tx, merges: readonly { fromId: Id; intoId: Id }[]): Promise<void> {
  if (merges.length > 0) await tx.run(mergeSql, columnsOf(merges, ["fromId", "intoId"]));
}

const freeSql = sql(
  "settlement_free_items",
  `update settlement_items
   set settlement_id = null
   where settlement_id = any($1::uuid[])`,
);

const deleteSql = sql(
  "settlements_delete_gathering",
  `delete from settlements
   where id = any($1::uuid[])
     and state = 'gathering'`,
);

/** Gives the items of settlements that come to nothing free again, and forgets the settlements. */
export async function forgetSettlements(tx: Tx, ids: readonly Id[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(freeSql, [ids]);
  await tx.run(deleteSql, [ids]);
}

const passOverSql = sql(
  "settlement_pass_over",
  `update settlement_items i
   set passed_over = true
   from unnest($1::uuid[], $2::date[]) as u(account_id, cutoff)
   where i.account_id = u.account_id
     and i.settlement_id is null
     and i.accounting_date <= u.cutoff
     and not i.passed_over`,
);

/** Notes what was due and stayed behind when the rest of its account settled. */
export async function passOver(
  tx: Tx,
  accounts: readonly { accountId: Id; cutoff: string }[],
): Promise<void> {
  if (accounts.length > 0) await tx.run(passOverSql, columnsOf(accounts, ["accountId", "cutoff"]));
}

const endSql = sql(
  "settlement_accounts_end",
  `update settlement_accounts s
   set settled_through = $3, outcome = u.outcome
   from unnest($1::uuid[], $2::text[]) as u(account_id, outcome)
   where s.account_id = u.account_id`,
);

export async function endAccounts(
  tx: Tx,
  ends: readonly { accountId: Id; outcome: string }[],
  date: string,
): Promise<void> {
  if (ends.length > 0) await tx.run(endSql, [...columnsOf(ends, ["accountId", "outcome"]), date]);
}

const reserveSql = sql(
  "settlement_reserves_insert",
  `insert into settlement_reserves (settlement_id, account_id, merchant_id, currency, amount, release_on)
   select *
   from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::date[])`,
);

export type Reserve = {
  readonly settlementId: Id;
  readonly accountId: Id;
  readonly merchantId: Id;
  readonly currency: string;
  readonly amount: bigint;
  readonly releaseOn: string;
};

export async function insertReserves(tx: Tx, reserves: readonly Reserve[]): Promise<void> {
  if (reserves.length === 0) return;
  const keys = ["settlementId", "accountId", "merchantId", "currency", "amount", "releaseOn"] as const;
  await tx.run(reserveSql, columnsOf(reserves, keys));
}

const dueReservesSql = sql(
  "settlement_reserves_due",
  `select settlement_id, account_id, merchant_id, currency, amount, release_on
   from settlement_reserves
   where release_on <= $1
     and released_at is null
   order by settlement_id
   limit $2
   for no key update`,
);

const releaseReservesSql = sql(
  "settlement_reserves_release",
  `update settlement_reserves
   set released_at = $2
   where settlement_id = any($1::uuid[])`,
);

/** Claims reserves that are due and marks them released; the transaction posts their journals. */
export async function releaseDueReserves(tx: Tx, today: string, at: Date, limit: number): Promise<Reserve[]> {
  const due = await tx.all<Reserve>(dueReservesSql, [today, limit]);
  if (due.length > 0) await tx.run(releaseReservesSql, [due.map(({ settlementId }) => settlementId), at]);
  return due;
}

const closedSql = sql(
  "settlement_closed_days",
  `select accounting_date
   from days
   where accounting_date = $1
     and closed_at is not null`,
);

/** Whether a date was closed by the ledger. */
export async function isClosed(db: Db, date: string): Promise<boolean> {
  return (await db.one(closedSql, [date])) !== null;
}
