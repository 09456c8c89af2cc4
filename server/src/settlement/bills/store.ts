/** The SQL of bills. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { OWN_CODES } from "./own-accounts.ts";

// All of them are looked through for a page: counting them costs nothing more.
const withoutBillSql = sql(
  "bills_next_books",
  `select n.merchant_id, n.currency, count(*) over () as all_left
   from (
     select distinct b.owner_id as merchant_id, a.currency
     from books b
     join accounts a on a.book_id = b.id and a.code = any($1::text[])
     join closed_balances d on d.account_id = a.id and d.accounting_date = $2
     where b.kind = 'merchant'
       and ($3::uuid is null or (b.owner_id, a.currency) > ($3, $4::char(3)))
       and not exists (
         select
         from bills
         where merchant_id = b.owner_id
           and accounting_date = $2
           and currency = a.currency
       )
   ) n
   order by n.merchant_id, n.currency
   limit $5`,
);

export type Billed = { readonly merchantId: Id; readonly currency: string };

/** Merchants and currencies whose money moved on a date and which have no bill of it; how many in all. */
export function withoutBill(
  db: Db,
  date: string,
  page: { readonly after: Billed | null; readonly limit: number },
): Promise<(Billed & { readonly allLeft: bigint })[]> {
  const { after } = page;
  return db.all<Billed & { allLeft: bigint }>(withoutBillSql, [
    OWN_CODES,
    date,
    after?.merchantId ?? null,
    after?.currency ?? null,
    page.limit,
  ]);
}

export type Bill = {
  readonly merchantId: Id;
  readonly accountingDate: string;
  readonly currency: string;
  readonly lines: number;
  readonly payments: number;
  readonly paymentsAmount: bigint;
  readonly refunds: number;
  readonly refundsAmount: bigint;
  readonly fees: bigint;
  readonly others: bigint;
  readonly total: bigint;
  readonly hash: Buffer;
  readonly madeAt: Date;
};

const COLUMNS = `
  merchant_id, accounting_date, currency, lines, payments, payments_amount, refunds, refunds_amount, fees,
  others, total, hash, made_at`;

const insertSql = sql(
  "bills_insert",
  `insert into bills (${COLUMNS})
   select *
   from unnest(
     $1::uuid[], $2::date[], $3::text[], $4::integer[], $5::integer[], $6::bigint[], $7::integer[],
     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[], $13::timestamptz[]
   )
   order by 1, 3
   on conflict on constraint bills_pkey do nothing`,
);

/** Writes bills; one that is there stays. */
export async function insertBills(tx: Tx, bills: readonly Bill[]): Promise<void> {
  const keys = [
    "merchantId",
    "accountingDate",
    "currency",
    "lines",
    "payments",
    "paymentsAmount",
    "refunds",
    "refundsAmount",
    "fees",
    "others",
    "total",
    "hash",
    "madeAt",
  ] as const;
  if (bills.length > 0) await tx.run(insertSql, columnsOf(bills, keys));
}

const ofDateSql = sql(
  "bills_of_merchant",
  `select ${COLUMNS}
   from bills
   where merchant_id = $1
     and accounting_date = $2
   order by currency`,
);

/** A merchant's bills of a date, one for each currency that moved. */
export function billsOf(db: Db, merchantId: Id, date: string): Promise<Bill[]> {
  return db.all<Bill>(ofDateSql, [merchantId, date]);
}

const totalsSql = sql(
  "bills_totals",
  `select currency, count(*)::integer as bills, sum(lines)::bigint as lines,
     sum(payments_amount)::bigint as payments_amount, sum(refunds_amount)::bigint as refunds_amount,
     sum(fees)::bigint as fees, sum(others)::bigint as others, sum(total)::bigint as total
   from bills
   where accounting_date = $1
   group by currency
   order by currency`,
);

export type BillTotals = {
  readonly currency: string;
  readonly bills: number;
  readonly lines: bigint;
  readonly paymentsAmount: bigint;
  readonly refundsAmount: bigint;
  readonly fees: bigint;
  readonly others: bigint;
  readonly total: bigint;
};

export function billTotals(db: Db, date: string): Promise<BillTotals[]> {
  return db.all<BillTotals>(totalsSql, [date]);
}
