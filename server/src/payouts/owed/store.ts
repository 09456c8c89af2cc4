import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { AccountCode } from "../../ledger/index.ts";
import type { PayeeKind } from "../model.ts";
import type { Owed } from "./draw.ts";

export type OwedKind = Exclude<PayeeKind, "merchant">;

/** A merchant's account whose entries are divided among those whom it owes something. */
export type OwedAccount = {
  readonly accountId: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly dividedSeq: bigint;
};

// The accounts of which the next entry is of a day that is over: busy ones have entries of today at any time.
const undividedSql = sql(
  "owed_accounts_undivided",
  `select a.id as account_id, b.owner_id as merchant_id, a.currency,
     coalesce(o.divided_seq, 0) as divided_seq
   from accounts a
   join books b on b.id = a.book_id
   left join owed_accounts o on o.account_id = a.id
   where a.code = $1
     and a.last_seq > coalesce(o.divided_seq, 0)
     and exists (
       select
       from entries e
       join journals j on j.id = e.journal_id
       where e.account_id = a.id
         and e.seq = coalesce(o.divided_seq, 0) + 1
         and j.accounting_date < $2
     )
     and ($3::uuid is null or a.id > $3)
   order by a.id
   limit $4`,
);

/** Accounts with entries of dates before `today` that are not divided, by id. */
export function undividedAccounts(
  db: Db,
  of: { readonly code: AccountCode; readonly today: string },
  after: Id | null,
  limit: number,
): Promise<OwedAccount[]> {
  return db.all<OwedAccount>(undividedSql, [of.code, of.today, after, limit]);
}

const openSql = sql(
  "owed_account_open",
  `insert into owed_accounts (account_id, merchant_id, currency, divided_seq)
   values ($1, $2, $3, 0)
   on conflict on constraint owed_accounts_pkey do nothing`,
);

const lockSql = sql(
  "owed_account_lock",
  `select account_id, merchant_id, currency, divided_seq
   from owed_accounts
   where account_id = $1
   for no key update`,
);

/** The account's row, opened where it is not there, under its lock. */
export async function lockOwedAccount(tx: Tx, account: OwedAccount): Promise<OwedAccount> {
  await tx.run(openSql, [account.accountId, account.merchantId, account.currency]);
  return (await tx.one<OwedAccount>(lockSql, [account.accountId])) as OwedAccount;
}

const addSql = sql(
  "owed_dues_add",
  `insert into owed_dues as d (payee_kind, payee, currency, merchant_id, account_id, amount)
   select $1, u.payee, $3, $4, $5, u.amount
   from unnest($2::text[], $6::bigint[]) as u (payee, amount)
   on conflict on constraint owed_dues_pkey do update
   set amount = d.amount + excluded.amount`,
);

const advanceSql = sql(
  "owed_account_advance",
  "update owed_accounts set divided_seq = $2 where account_id = $1",
);

/** Writes what entries up to `dividedSeq` came to by payee, under the account's lock. */
export async function keepDues(
  tx: Tx,
  kind: OwedKind,
  { accountId, merchantId, currency }: OwedAccount,
  dues: ReadonlyMap<string, bigint>,
  dividedSeq: bigint,
): Promise<void> {
  const rows = [...dues]
    .map(([payee, amount]) => ({ payee, amount }))
    .toSorted((a, b) => (a.payee < b.payee ? -1 : 1));
  if (rows.length > 0) {
    const [payees, amounts] = columnsOf(rows, ["payee", "amount"]);
    await tx.run(addSql, [kind, payees, currency, merchantId, accountId, amounts]);
  }
  await tx.run(advanceSql, [accountId, dividedSeq]);
}

const lockDuesSql = sql(
  "owed_dues_lock",
  `select merchant_id
   from owed_dues
   where payee_kind = $1
     and payee = $2
     and currency = $3
   order by merchant_id
   for no key update`,
);

/**
 * Whom dues are of: by the name that divides them, and by the payee's id (null: nobody has registered it).
 */
export type Creditor = { readonly kind: OwedKind; readonly payee: string; readonly payeeId: Id | null };

// Payouts that ended without the money leaving are no payouts of what is owed.
const OWED = `
   select d.merchant_id, d.amount as earned, (d.amount - coalesce(t.amount, 0))::bigint as amount
   from owed_dues d
   left join (
     select s.merchant_id, sum(s.amount) as amount
     from payouts p
     join payout_sources s on s.payout_id = p.id
     where p.payee_id = $4
       and p.currency = $3
       and p.state not in ('rejected', 'returned')
     group by s.merchant_id
   ) t on t.merchant_id = d.merchant_id
   where d.payee_kind = $1
     and d.payee = $2
     and d.currency = $3`;

const owedSql = sql("owed_to", `${OWED} order by d.merchant_id`);

/**
 * What each merchant's book owes a payee, payouts that are made subtracted. Until this transaction ends
 * nobody else makes a payout of it.
 */
export async function lockOwed(
  tx: Tx,
  { kind, payee, payeeId }: Creditor,
  currency: Currency,
): Promise<Owed[]> {
  const locked = await tx.all<{ merchantId: Id }>(lockDuesSql, [kind, payee, currency]);
  const mine = new Set(locked.map(({ merchantId }) => merchantId));
  // By a statement that starts after the lock is held, so that it sees the payouts of whoever had it before.
  const owed = await tx.all<Owed>(owedSql, [kind, payee, currency, payeeId]);
  // A book that has begun to owe in between is not locked: another payout may be drawing from it.
  return owed.filter(({ merchantId }) => mine.has(merchantId));
}

const owedPageSql = sql(
  "owed_to_page",
  `${OWED}
     and ($5::uuid is null or d.merchant_id > $5)
   order by d.merchant_id
   limit $6`,
);

export type OwedRow = Owed & { readonly earned: bigint };

/** A page of what merchants' books owe a payee, by merchant. */
export function listOwed(
  db: Db,
  { kind, payee, payeeId }: Creditor,
  currency: Currency,
  after: Id | null,
  limit: number,
): Promise<OwedRow[]> {
  return db.all<OwedRow>(owedPageSql, [kind, payee, currency, payeeId, after, limit]);
}

export type Due = {
  readonly payee: string;
  readonly currency: Currency;
  readonly merchants: number;
  /** Of days that are over, less refunds, payouts not subtracted. */
  readonly earned: bigint;
};

const duesSql = sql(
  "owed_dues_list",
  `select payee, currency, count(*)::integer as merchants, sum(amount)::bigint as earned
   from owed_dues
   where payee_kind = $1
     and ($2::text is null or (payee, currency) > ($2, $3))
   group by payee, currency
   order by payee, currency
   limit $4`,
);

/** By payee and currency, from the one after `after`. */
export function listDues(
  db: Db,
  kind: OwedKind,
  after: readonly string[] | null,
  limit: number,
): Promise<Due[]> {
  return db.all<Due>(duesSql, [kind, after?.[0] ?? null, after?.[1] ?? null, limit]);
}

const takenSql = sql(
  "payouts_taken_by_payees",
  `select payee_id, currency, sum(amount)::bigint as amount
   from payouts
   where payee_id = any($1::uuid[])
     and state not in ('rejected', 'returned')
   group by payee_id, currency
   order by payee_id, currency`,
);

export type Taken = { readonly payeeId: Id; readonly currency: Currency; readonly amount: bigint };

/** What payouts have, or had, of what these payees are owed. */
export function takenByPayees(db: Db, payeeIds: readonly Id[]): Promise<Taken[]> {
  return db.all<Taken>(takenSql, [payeeIds]);
}
