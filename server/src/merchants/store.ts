import { type Db, sql, type Tx } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { Merchant, MerchantStatus } from "./model.ts";

const MERCHANT = `m.id, m.name, m.legal_name, m.status, m.fee_rate_millionths, m.revision, m.created_at,
  m.updated_at, c.currencies, c.credit_lines`;

/** Credit lines travel as text: the driver leaves arrays of bigint unparsed. */
const CURRENCIES = `cross join lateral (
    select
      array_agg(currency::text order by currency) as currencies,
      array_agg(credit_line::text order by currency) as credit_lines
    from merchant_currencies
    where merchant_id = m.id
  ) c`;

type MerchantRow = Omit<Merchant, "currencies"> & {
  readonly currencies: readonly string[];
  readonly creditLines: readonly string[];
};

function toMerchant(row: MerchantRow): Merchant {
  const { currencies, creditLines, ...merchant } = row;
  return {
    ...merchant,
    currencies: currencies.map((currency, index) => ({
      currency,
      creditLine: BigInt(creditLines[index] as string),
    })),
  };
}

const merchantById = sql(
  "merchants_by_id",
  `select ${MERCHANT}
  from merchants m
  ${CURRENCIES}
  where m.id = $1`,
);

export async function findMerchant(db: Db, id: Id): Promise<Merchant | null> {
  const row = await db.one<MerchantRow>(merchantById, [id]);
  return row === null ? null : toMerchant(row);
}

const merchantsByIds = sql(
  "merchants_by_ids",
  `select ${MERCHANT}
  from merchants m
  ${CURRENCIES}
  where m.id = any($1::uuid[])
  order by m.id`,
);

/** Those of these merchants that are there, in the order of their ids. */
export async function findMerchants(db: Db, ids: readonly Id[]): Promise<readonly Merchant[]> {
  return (await db.all<MerchantRow>(merchantsByIds, [ids])).map(toMerchant);
}

const legalNames = sql(
  "merchants_legal_names",
  "select id, legal_name from merchants where id = any($1::uuid[]) order by id",
);

/** The registered names of these merchants. */
export async function findLegalNames(db: Db, ids: readonly Id[]): Promise<ReadonlyMap<Id, string>> {
  const rows = await db.all<Pick<Merchant, "id" | "legalName">>(legalNames, [ids]);
  return new Map(rows.map(({ id, legalName }) => [id, legalName]));
}

const merchantLock = sql("merchants_lock", "select id from merchants where id = $1 for no key update");

/** The merchant, locked until the transaction ends. Its row is the lock of its currencies too. */
export async function lockMerchant(tx: Tx, id: Id): Promise<Merchant | null> {
  if ((await tx.one(merchantLock, [id])) === null) return null;
  return findMerchant(tx, id);
}

const merchantsPage = sql(
  "merchants_page",
  `select ${MERCHANT}
  from merchants m
  ${CURRENCIES}
  where ($1::uuid is null or m.id < $1)
    and ($2::text is null or m.name ilike $2 or m.legal_name ilike $2)
    and ($3::uuid is null or m.id = $3)
    and ($4::text is null or m.status = $4)
  order by m.id desc
  limit $5`,
);

export type MerchantFilter = {
  readonly before: Id | null;
  /** Found anywhere in either name, in any case. */
  readonly text: string | null;
  readonly id: Id | null;
  readonly status: MerchantStatus | null;
};

export async function listMerchants(db: Db, filter: MerchantFilter, limit: number): Promise<Merchant[]> {
  const pattern = filter.text === null ? null : `%${filter.text.replaceAll(/[\\%_]/g, "\\$&")}%`;
  const params = [filter.before, pattern, filter.id, filter.status, limit];
  return (await db.all<MerchantRow>(merchantsPage, params)).map(toMerchant);
}

const merchantInsert = sql(
  "merchants_insert",
  `insert into merchants (id, name, legal_name, status, fee_rate_millionths, revision, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

export async function insertMerchant(tx: Tx, merchant: Merchant): Promise<void> {
  const { id, name, legalName, status, feeRateMillionths, revision, createdAt, updatedAt } = merchant;
  const params = [id, name, legalName, status, feeRateMillionths, revision, createdAt, updatedAt];
  await tx.run(merchantInsert, params);
  await writeCurrencies(tx, merchant);
}

const merchantUpdate = sql(
  "merchants_update",
  `update merchants
  set name = $2, legal_name = $3, status = $4, fee_rate_millionths = $5, revision = $6, updated_at = $7
  where id = $1`,
);

export async function updateMerchant(tx: Tx, merchant: Merchant): Promise<void> {
  const { id, name, legalName, status, feeRateMillionths, revision, updatedAt } = merchant;
  await tx.run(merchantUpdate, [id, name, legalName, status, feeRateMillionths, revision, updatedAt]);
  await writeCurrencies(tx, merchant);
}

const currenciesWrite = sql(
  "merchant_currencies_write",
  `insert into merchant_currencies (merchant_id, currency, credit_line)
  select $1, currency, credit_line
  from unnest($2::text[], $3::bigint[]) as wanted (currency, credit_line)
  order by currency
  on conflict on constraint merchant_currencies_pkey do update set credit_line = excluded.credit_line`,
);

function writeCurrencies(tx: Tx, { id, currencies }: Merchant): Promise<number> {
  const names: readonly Currency[] = currencies.map((held) => held.currency);
  return tx.run(currenciesWrite, [id, names, currencies.map((held) => held.creditLine)]);
}

const merchantOpened = sql(
  "merchants_opened",
  "update merchants set status = 'active' where id = $1 and status = 'opening'",
);

/** The book exists: from now on the merchant is active. Safe to repeat. */
export function setOpened(tx: Tx, id: Id): Promise<number> {
  return tx.run(merchantOpened, [id]);
}
