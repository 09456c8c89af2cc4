/** What may still be sent: of a currency's confirmed reserve, and of each bank's account that holds it. */
import { type Db, sql, type Tx } from "../../kernel/database.ts";
import { type Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Currency, formatDecimal } from "../../kernel/money.ts";
import { reserveConnections } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Batch } from "../model.ts";

const lockFundsSql = sql(
  "payout_funds_lock",
  `select currency
   from payout_funds
   where currency = $1
   order by currency
   for update`,
);

const openFundsSql = sql(
  "payout_funds_open",
  `insert into payout_funds (currency)
   values ($1)
   on conflict on constraint payout_funds_pkey do nothing`,
);

/** The row that approvals of one currency's batches wait for. Safe to repeat. */
export async function openFunds(tx: Tx, currency: Currency): Promise<void> {
  await tx.run(openFundsSql, [currency]);
}

/** Until this transaction ends, nobody else approves payouts of the currency. */
export async function lockFunds(tx: Tx, currency: Currency): Promise<void> {
  const row = await tx.one(lockFundsSql, [currency]);
  if (row === null) throw new Error(`the funds of ${currency} were never opened`);
}

// One statement and so one moment: what leaves the bank's balance leaves the instructed sum with it.
const freeSql = sql(
  "payout_funds_free",
  `select
     coalesce((select balance from accounts where id = $1), 0)::bigint as reserve,
     coalesce((
       select sum(amount)
       from payouts
       where currency = $2
         and (state in ('approved', 'sent', 'unknown')
           or (succeeded_at is not null and paid_booked_at is null))
     ), 0)::bigint as instructed`,
);

export type Funds = { readonly reserve: bigint; readonly instructed: bigint };

/** The confirmed reserve of the books, and what of it is instructed and not yet taken from it. */
export async function fundsOf(db: Db, reserveAccount: Id, currency: Currency): Promise<Funds> {
  return (await db.one<Funds>(freeSql, [reserveAccount, currency])) as Funds;
}

// What the account's latest statement closes with, less what was sent through it and is not in that closing:
// the door hears of an entry before the statement is read to its end, and only then does its balance count.
// The door knows an entry by the account's last characters too.
const accountSql = sql(
  "payout_funds_of_account",
  `with latest as (
     select statement_date, closing, read_at
     from bank_statements
     where account_number = $2
     order by statement_date desc
     limit 1
   )
   select
     exists (select from latest) as is_told,
     coalesce((select closing from latest), 0)::bigint as reserve,
     (coalesce((
       select sum(p.amount)
       from payout_batches b
       join payouts p on p.batch_id = b.id
       where b.connection = $1
         and (b.state in ('approved', 'instructed') or b.ended_at >= (select read_at from latest))
         and (p.state in ('approved', 'sent', 'unknown')
           or p.succeeded_at is not null
           and not exists (
             select
             from bank_entries e
             where e.account_number = $2
               and e.entry_ref = substr(p.paid_entry, strpos(p.paid_entry, ' ') + 1)
           ))
     ), 0) - coalesce((
       select sum(e.amount)
       from bank_entries e
       cross join latest l
       where e.account_number = $2
         and e.placed_as = 'payout_paid'
         and (e.statement_date > l.statement_date
           or e.statement_date = l.statement_date and e.read_at > l.read_at)
     ), 0))::bigint as instructed`,
);

/** What a bank confirms that an account of ours holds, and what is instructed through it beyond that. */
async function accountFunds(db: Db, { name, accountNumber }: BankConnection): Promise<AccountFunds> {
  return (await db.one<AccountFunds>(accountSql, [name, accountNumber])) as AccountFunds;
}

/** `isTold`: a statement of it was read. */
type AccountFunds = Funds & { readonly isTold: boolean };

export type ConnectionFunds = AccountFunds & { readonly connection: string };

/** The same of each connection that holds the reserve of a currency, in the order of their names. */
export async function fundsByConnection(
  { cell, platform }: Pick<PayoutsDeps, "cell" | "platform">,
  currency: Currency,
): Promise<readonly ConnectionFunds[]> {
  const all: ConnectionFunds[] = [];
  for (const connection of await reserveConnections(platform.db, currency)) {
    const own = await accountFunds(cell.db, connection);
    all.push({ connection: connection.name, ...own });
  }
  return all;
}

/**
 * Why a batch may not be sent now, under the lock of its currency's funds: it is more than the confirmed
 * reserve of the books, or more than the bank confirms of its own account: less may be there by an entry that
 * nobody could place. The only account of a currency counts as told by the books until it has a statement.
 * Null: it may.
 */
export async function refusalOfFunds(
  { platform }: Pick<PayoutsDeps, "platform">,
  tx: Tx,
  batch: Pick<Batch, "connection" | "currency" | "amount">,
  reserveAccount: Id,
): Promise<Problem | null> {
  const { amount, currency } = batch;
  const all = await fundsOf(tx, reserveAccount, currency);
  if (amount > all.reserve - all.instructed) return insufficient(batch, all, "the confirmed reserve");
  const connections = await reserveConnections(platform.db, currency);
  const own = connections.find(({ name }) => name === batch.connection);
  if (own === undefined) return null;
  const { isTold, ...there } = await accountFunds(tx, own);
  if (!isTold && connections.length < 2) return null;
  if (amount <= there.reserve - there.instructed) return null;
  return insufficient(batch, { ...there, connection: own.name }, `what ${own.name} is confirmed to hold`);
}

function insufficient(
  { currency }: Pick<Batch, "currency">,
  { reserve, instructed, ...rest }: Funds & { readonly connection?: string },
  what: string,
): Problem {
  const free = formatDecimal({ amount: reserve - instructed, currency: currency.trim() });
  return problem("reserve_insufficient", {
    detail: `${free} ${currency.trim()} of ${what} is not instructed yet`,
    members: { ...rest, reserve: Number(reserve), instructed: Number(instructed) },
  });
}
