import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { BankAccount, BankConnection, PayoutTerms } from "../model.ts";

const COLUMNS = `
  id, payee_kind, payee_id, currency, holder_name, bank_code, bank_name, number_sealed, number_hash,
  number_last, state, evidence, verified_by, verified_at, usable_from, disabled_at, created_by, created_at`;

const insertSql = sql(
  "bank_account_insert",
  `insert into bank_accounts (
     id, payee_kind, payee_id, currency, holder_name, bank_code, bank_name, number_sealed, number_hash,
     number_last, state, created_by, created_at
   )
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'unverified', $11, $12)`,
);

export async function insertBankAccount(tx: Tx, row: BankAccount): Promise<void> {
  await tx.run(insertSql, [
    row.id,
    row.payeeKind,
    row.payeeId,
    row.currency,
    row.holderName,
    row.bankCode,
    row.bankName,
    row.numberSealed,
    row.numberHash,
    row.numberLast,
    row.createdBy,
    row.createdAt,
  ]);
}

const byIdSql = sql("bank_account_by_id", `select ${COLUMNS} from bank_accounts where id = $1`);

export function bankAccountById(db: Db, id: Id): Promise<BankAccount | null> {
  return db.one<BankAccount>(byIdSql, [id]);
}

const byIdsSql = sql(
  "bank_accounts_by_ids",
  `select ${COLUMNS}
   from bank_accounts
   where id = any($1::uuid[])
   order by id`,
);

export function bankAccountsByIds(db: Db, ids: readonly Id[]): Promise<BankAccount[]> {
  return db.all<BankAccount>(byIdsSql, [ids]);
}

const lockOfPayeeSql = sql(
  "bank_accounts_lock_of_payee",
  `select ${COLUMNS}
   from bank_accounts
   where payee_id = $1
   order by id
   for no key update`,
);

export function lockBankAccountsOf(tx: Tx, payeeId: Id): Promise<BankAccount[]> {
  return tx.all<BankAccount>(lockOfPayeeSql, [payeeId]);
}

const listSql = sql(
  "bank_accounts_list",
  `select ${COLUMNS}
   from bank_accounts
   where ($1::uuid is null or payee_id = $1)
     and ($2::bytea[] is null or number_hash = any($2))
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

/** Newest first; of a payee, or whose number has one of these keyed hashes. */
export function listBankAccounts(
  db: Db,
  filter: { readonly payeeId: Id | null; readonly numberHashes: readonly Buffer[] | null },
  before: Id | null,
  limit: number,
): Promise<BankAccount[]> {
  return db.all<BankAccount>(listSql, [filter.payeeId, filter.numberHashes, before, limit]);
}

// The newest whose cool-down is over counts, so a changed account waits while payouts go on to the old one.
const usableSql = sql(
  "bank_account_usable",
  `select a.*
   from unnest($1::uuid[], $2::text[]) as p (payee_id, currency)
   cross join lateral (
     select ${COLUMNS}
     from bank_accounts b
     where b.payee_id = p.payee_id
       and b.currency = p.currency
       and b.state = 'verified'
       and b.usable_from <= $3
     order by b.usable_from desc, b.id desc
     limit 1
   ) a
   order by a.id`,
);

/** Whose money, and in which currency. */
export type PayeeCurrency = { readonly payeeId: Id; readonly currency: Currency };

/** The bank accounts that these are paid to now; absent: there is none. */
export function usableBankAccounts(
  db: Db,
  payees: readonly PayeeCurrency[],
  at: Date,
): Promise<BankAccount[]> {
  return db.all<BankAccount>(usableSql, [...columnsOf(payees, ["payeeId", "currency"]), at]);
}

const updateSql = sql(
  "bank_account_update",
  `update bank_accounts
   set state = $2, evidence = $3, verified_by = $4, verified_at = $5, usable_from = $6, disabled_at = $7
   where id = $1`,
);

export async function updateBankAccount(tx: Tx, row: BankAccount): Promise<void> {
  const { id, state, evidence, verifiedBy, verifiedAt, usableFrom, disabledAt } = row;
  await tx.run(updateSql, [id, state, evidence, verifiedBy, verifiedAt, usableFrom, disabledAt]);
}

const afterSql = sql(
  "bank_accounts_after",
  `select ${COLUMNS}
   from bank_accounts
   where $1::uuid is null or id > $1
   order by id
   limit $2`,
);

export function bankAccountsAfter(db: Db, after: Id | null, limit: number): Promise<BankAccount[]> {
  return db.all<BankAccount>(afterSql, [after, limit]);
}

const resealSql = sql(
  "bank_account_reseal",
  `update bank_accounts
   set number_sealed = $3, number_hash = $4
   where id = $1
     and number_sealed = $2`,
);

export function resealBankAccount(
  tx: Tx,
  row: BankAccount,
  sealed: { readonly number: Buffer; readonly hash: Buffer },
): Promise<number> {
  return tx.run(resealSql, [row.id, row.numberSealed, sealed.number, sealed.hash]);
}

const termsSql = sql(
  "payout_terms_of",
  `select fee, minimum, cool_down_hours
   from payout_terms
   where payee_id = $1
     and currency = $2`,
);

const termsOfAllSql = sql(
  "payout_terms_of_all",
  `select t.payee_id, t.currency, t.fee, t.minimum, t.cool_down_hours
   from unnest($1::uuid[], $2::text[]) as p (payee_id, currency)
   join payout_terms t on t.payee_id = p.payee_id and t.currency = p.currency
   order by t.payee_id, t.currency`,
);

/** The terms of those that have some. */
export function termsOfAll(
  db: Db,
  payees: readonly PayeeCurrency[],
): Promise<(PayeeCurrency & PayoutTerms)[]> {
  return db.all(termsOfAllSql, columnsOf(payees, ["payeeId", "currency"]));
}

export function termsOf(db: Db, payeeId: Id, currency: Currency): Promise<PayoutTerms | null> {
  return db.one<PayoutTerms>(termsSql, [payeeId, currency]);
}

const setTermsSql = sql(
  "payout_terms_set",
  `insert into payout_terms (payee_id, currency, fee, minimum, cool_down_hours, updated_at)
   values ($1, $2, $3, $4, $5, $6)
   on conflict on constraint payout_terms_pkey do update
   set fee = excluded.fee, minimum = excluded.minimum, cool_down_hours = excluded.cool_down_hours,
     updated_at = excluded.updated_at`,
);

export async function setTerms(
  tx: Tx,
  of: { readonly payeeId: Id; readonly currency: Currency },
  terms: PayoutTerms,
  at: Date,
): Promise<void> {
  const { fee, minimum, coolDownHours } = terms;
  await tx.run(setTermsSql, [of.payeeId, of.currency, fee, minimum, coolDownHours, at]);
}

const CONNECTION = `
  name, url, account_number, holder_name, bank_code, currency, holds, removes_doubles, timeout_ms`;

const connectionSql = sql(
  "bank_connection_by_name",
  `select ${CONNECTION}
   from bank_connections
   where name = $1`,
);

export function connectionByName(db: Db, name: string): Promise<BankConnection | null> {
  return db.one<BankConnection>(connectionSql, [name]);
}

const connectionByAccountSql = sql(
  "bank_connection_by_account",
  `select ${CONNECTION}
   from bank_connections
   where account_number = $1`,
);

export function connectionByAccount(db: Db, accountNumber: string): Promise<BankConnection | null> {
  return db.one<BankConnection>(connectionByAccountSql, [accountNumber]);
}

const connectionsSql = sql(
  "bank_connections_all",
  `select ${CONNECTION}
   from bank_connections
   order by name`,
);

export function allConnections(db: Db): Promise<BankConnection[]> {
  return db.all<BankConnection>(connectionsSql);
}

const reservesSql = sql(
  "bank_connections_of_reserve",
  `select ${CONNECTION}
   from bank_connections
   where currency = $1
     and holds = 'reserve'
   order by name`,
);

/** The connections that hold the reserve of a currency. */
export function reserveConnections(db: Db, currency: Currency): Promise<BankConnection[]> {
  return db.all<BankConnection>(reservesSql, [currency]);
}

const setConnectionSql = sql(
  "bank_connection_set",
  `insert into bank_connections (${CONNECTION}, created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
   on conflict on constraint bank_connections_pkey do update
   set url = excluded.url, holder_name = excluded.holder_name, bank_code = excluded.bank_code,
     removes_doubles = excluded.removes_doubles, timeout_ms = excluded.timeout_ms,
     updated_at = excluded.updated_at
   where bank_connections.currency = excluded.currency
     and bank_connections.account_number = excluded.account_number
     and bank_connections.holds = excluded.holds`,
);

/** False: there is one of this name that is another account, holds other money, or is in another currency. */
export async function setConnection(tx: Tx, row: BankConnection, at: Date): Promise<boolean> {
  const { name, url, accountNumber, holderName, bankCode, currency, holds, removesDoubles, timeoutMs } = row;
  const params = [name, url, accountNumber, holderName, bankCode, currency, holds, removesDoubles, timeoutMs];
  return (await tx.run(setConnectionSql, [...params, at])) === 1;
}
