/** The SQL of settlements themselves: reading them, and their changes of state. */
import { columnsOf, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Item, Settlement, SettlementKind, SettlementState } from "./model.ts";

const COLUMNS = `
  id, account_id, merchant_id, currency, accounting_date, kind, number, state, policy_id, items, amount,
  recovered, reserved, available, payout, journal_id, hold_reason, held_by, made_at, approved_at, approved_by,
  paid_at`;

const ofMerchantSql = sql(
  "settlements_of_merchant",
  `select ${COLUMNS}
   from settlements
   where merchant_id = $1
     and state <> 'gathering'
     and ($2::text is null or currency = $2)
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

/** A merchant's settlements, newest first, from the one after `before`. */
export function settlementsOfMerchant(
  db: Db,
  of: { readonly merchantId: Id; readonly currency: string | null },
  page: { readonly before: Id | null; readonly limit: number },
): Promise<Settlement[]> {
  return db.all<Settlement>(ofMerchantSql, [of.merchantId, of.currency, page.before, page.limit]);
}

const listSql = sql(
  "settlements_list",
  `select ${COLUMNS}
   from settlements
   where state <> 'gathering'
     and ($1::uuid is null or merchant_id = $1)
     and ($2::date is null or accounting_date = $2)
     and ($3::text is null or state = $3)
     and ($4::text is null or kind = $4)
     and ($5::text is null or currency = $5)
     and ($6::uuid is null or id < $6)
   order by id desc
   limit $7`,
);

export type SettlementFilter = {
  readonly merchantId: Id | null;
  readonly accountingDate: string | null;
  readonly state: SettlementState | null;
  readonly kind: SettlementKind | null;
  readonly currency: string | null;
};

/** Settlements of every merchant, newest first, from the one after `before`. */
export function listSettlements(
  db: Db,
  filter: SettlementFilter,
  page: { readonly before: Id | null; readonly limit: number },
): Promise<Settlement[]> {
  const { merchantId, accountingDate, state, kind, currency } = filter;
  return db.all<Settlement>(listSql, [
    merchantId,
    accountingDate,
    state,
    kind,
    currency,
    page.before,
    page.limit,
  ]);
}

const byIdSql = sql(
  "settlements_by_id",
  `select ${COLUMNS}
   from settlements
   where id = any($1::uuid[])
     and state <> 'gathering'
   order by id`,
);

export async function settlementById(db: Db, id: Id): Promise<Settlement | null> {
  return (await db.all<Settlement>(byIdSql, [[id]]))[0] ?? null;
}

export function settlementsById(db: Db, ids: readonly Id[]): Promise<Settlement[]> {
  return db.all<Settlement>(byIdSql, [ids]);
}

const payableSql = sql(
  "settlements_payable",
  `select ${COLUMNS}
   from settlements
   where state = 'approved'
     and payout = 'automatic'
     and available > 0
     and accounting_date <= $1
     and ($2::uuid is null or id > $2)
   order by id
   limit $3`,
);

/** Approved settlements of merchants that are paid automatically, in the order of their ids. */
export function payableSettlements(
  db: Db,
  throughDate: string,
  page: { readonly after: Id | null; readonly limit: number },
): Promise<Settlement[]> {
  return db.all<Settlement>(payableSql, [throughDate, page.after, page.limit]);
}

const lockSql = sql(
  "settlements_lock",
  `select ${COLUMNS}
   from settlements
   where id = any($1::uuid[])
     and state <> 'gathering'
   order by id
   for no key update`,
);

/** Locks settlements in the order of their ids; behind the rows of their accounts where those are locked. */
export function lockSettlements(tx: Tx, ids: readonly Id[]): Promise<Settlement[]> {
  return tx.all<Settlement>(lockSql, [ids]);
}

const updateSql = sql(
  "settlements_update",
  `update settlements s
   set state = u.state,
     items = u.items,
     amount = u.amount,
     recovered = u.recovered,
     reserved = u.reserved,
     available = u.available,
     policy_id = u.policy_id,
     payout = u.payout,
     journal_id = u.journal_id,
     hold_reason = u.hold_reason,
     held_by = u.held_by,
     approved_at = u.approved_at,
     approved_by = u.approved_by,
     paid_at = u.paid_at
   from unnest(
     $1::uuid[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::uuid[], $9::text[], $10::uuid[], $11::text[], $12::uuid[], $13::timestamptz[], $14::uuid[],
     $15::timestamptz[]
   ) as u(id, state, items, amount, recovered, reserved, available, policy_id, payout, journal_id,
     hold_reason, held_by, approved_at, approved_by, paid_at)
   where s.id = u.id`,
);

/** Writes settlements whose rows, or the rows of whose accounts, this transaction has locked. */
export async function updateSettlements(tx: Tx, settlements: readonly Settlement[]): Promise<void> {
  if (settlements.length === 0) return;
  await tx.run(
    updateSql,
    columnsOf(settlements, [
      "id",
      "state",
      "items",
      "amount",
      "recovered",
      "reserved",
      "available",
      "policyId",
      "payout",
      "journalId",
      "holdReason",
      "heldBy",
      "approvedAt",
      "approvedBy",
      "paidAt",
    ]),
  );
}

const itemsSql = sql(
  "settlement_items_page",
  `select i.journal_id, i.amount, i.accounting_date, j.channel_date, j.kind, j.source_id, j.subject_id,
     j.channel_account_id
   from settlement_items i
   join journals j on j.id = i.journal_id
   where i.settlement_id = $1
     and ($2::uuid is null or i.journal_id > $2)
   order by i.journal_id
   limit $3`,
);

/** The items of a settlement in the order of their journals, from the one after `after`. */
export function itemsOf(
  db: Db,
  settlementId: Id,
  page: { readonly after: Id | null; readonly limit: number },
): Promise<Item[]> {
  return db.all<Item>(itemsSql, [settlementId, page.after, page.limit]);
}

const totalsSql = sql(
  "settlements_totals",
  `select currency, count(*)::integer as settlements, sum(items)::integer as items,
     sum(amount)::bigint as amount, sum(recovered)::bigint as recovered, sum(reserved)::bigint as reserved,
     sum(available)::bigint as available,
     count(*) filter (where state in ('open', 'held'))::integer as waiting_for_a_person
   from settlements
   where accounting_date = $1
     and state <> 'gathering'
   group by currency
   order by currency`,
);

export type SettledTotals = {
  readonly currency: string;
  readonly settlements: number;
  readonly items: number;
  readonly amount: bigint;
  readonly recovered: bigint;
  readonly reserved: bigint;
  readonly available: bigint;
  readonly waitingForAPerson: number;
};

/** What was settled after a date, by currency. */
export function settledTotals(db: Db, date: string): Promise<SettledTotals[]> {
  return db.all<SettledTotals>(totalsSql, [date]);
}

const outcomesSql = sql(
  "settlements_outcomes",
  `select outcome, count(*)::integer as merchants
   from settlement_accounts
   where settled_through = $1
   group by outcome
   order by outcome`,
);

/** How many accounts of pending money came to what, of those whose last date this is. */
export function outcomesOf(db: Db, date: string): Promise<{ outcome: string; merchants: number }[]> {
  return db.all(outcomesSql, [date]);
}
