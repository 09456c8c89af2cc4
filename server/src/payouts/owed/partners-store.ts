import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { Owed } from "./draw.ts";

export type PartnerAccount = {
  readonly accountId: Id;
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly dividedSeq: bigint;
};

const undividedSql = sql(
  "partner_accounts_undivided",
  `select a.id as account_id, b.owner_id as merchant_id, a.currency, coalesce(p.divided_seq, 0) as divided_seq
   from accounts a
   join books b on b.id = a.book_id
   left join partner_accounts p on p.account_id = a.id
   where a.code = 'partner_payable'
     and a.last_seq > coalesce(p.divided_seq, 0)
     and ($1::uuid is null or a.id > $1)
   order by a.id
   limit $2`,
);

/** Accounts with entries that are not divided, by id. */
export function undividedAccounts(db: Db, after: Id | null, limit: number): Promise<PartnerAccount[]> {
  return db.all<PartnerAccount>(undividedSql, [after, limit]);
}

export type EntryRow = {
  readonly seq: bigint;
  readonly amount: bigint;
  readonly kind: string;
  readonly attemptId: Id | null;
  readonly partnerAmount: bigint | null;
  readonly feeRule: string | null;
  readonly feeRuleVersion: bigint | null;
};

// A closed date gains no entry, and entries of an account are in the order of their dates.
const entriesSql = sql(
  "partner_entries",
  `select e.seq, -e.amount as amount, j.kind, a.id as attempt_id, a.partner_amount, a.fee_rule,
     a.fee_rule_version
   from entries e
   join journals j on j.id = e.journal_id
   left join payments p on p.id = j.subject_id
   left join attempts a on a.id = p.success_attempt_id
   where e.account_id = $1
     and e.seq > $2
     and j.accounting_date < $3
   order by e.seq
   limit $4`,
);

/** Entries after `seq` of the dates before `today`, natural side. */
export function partnerEntries(
  db: Db,
  { accountId, dividedSeq }: PartnerAccount,
  today: string,
  limit: number,
): Promise<EntryRow[]> {
  return db.all<EntryRow>(entriesSql, [accountId, dividedSeq, today, limit]);
}

const openSql = sql(
  "partner_account_open",
  `insert into partner_accounts (account_id, merchant_id, currency, divided_seq)
   values ($1, $2, $3, 0)
   on conflict on constraint partner_accounts_pkey do nothing`,
);

const lockSql = sql(
  "partner_account_lock",
  `select account_id, merchant_id, currency, divided_seq
   from partner_accounts
   where account_id = $1
   for no key update`,
);

/** The account's row, opened where it is not there, under its lock. */
export async function lockPartnerAccount(tx: Tx, account: PartnerAccount): Promise<PartnerAccount> {
  await tx.run(openSql, [account.accountId, account.merchantId, account.currency]);
  return (await tx.one<PartnerAccount>(lockSql, [account.accountId])) as PartnerAccount;
}

const leftSql = sql(
  "partner_refunded_of",
  `select attempt_id, left_amount
   from partner_refunded
   where attempt_id = any($1::uuid[])
   order by attempt_id`,
);

export async function partnersLeftOf(db: Db, attemptIds: readonly Id[]): Promise<Map<Id, bigint>> {
  const rows = await db.all<{ attemptId: Id; leftAmount: bigint }>(leftSql, [attemptIds]);
  return new Map(rows.map(({ attemptId, leftAmount }) => [attemptId, leftAmount]));
}

const keepLeftSql = sql(
  "partner_refunded_keep",
  `insert into partner_refunded (attempt_id, left_amount)
   select *
   from unnest($1::uuid[], $2::bigint[])
   on conflict on constraint partner_refunded_pkey do update
   set left_amount = excluded.left_amount`,
);

const addSql = sql(
  "partner_dues_add",
  `insert into partner_dues as d (party, currency, merchant_id, account_id, amount)
   select u.party, $2, $3, $4, u.amount
   from unnest($1::text[], $5::bigint[]) as u (party, amount)
   on conflict on constraint partner_dues_pkey do update
   set amount = d.amount + excluded.amount`,
);

const advanceSql = sql(
  "partner_account_advance",
  "update partner_accounts set divided_seq = $2 where account_id = $1",
);

/** Writes what a part of an account's entries came to, under the account's lock. */
export async function keepDivision(
  tx: Tx,
  { accountId, merchantId, currency }: PartnerAccount,
  division: { readonly dues: ReadonlyMap<string, bigint>; readonly left: ReadonlyMap<Id, bigint> },
  dividedSeq: bigint,
): Promise<void> {
  const left = [...division.left]
    .map(([attemptId, amount]) => ({ attemptId, amount }))
    .toSorted((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
  if (left.length > 0) await tx.run(keepLeftSql, columnsOf(left, ["attemptId", "amount"]));
  const dues = [...division.dues]
    .map(([party, amount]) => ({ party, amount }))
    .toSorted((a, b) => (a.party < b.party ? -1 : 1));
  if (dues.length > 0) {
    const [parties, amounts] = columnsOf(dues, ["party", "amount"]);
    await tx.run(addSql, [parties, currency, merchantId, accountId, amounts]);
  }
  await tx.run(advanceSql, [accountId, dividedSeq]);
}

const lockDuesSql = sql(
  "partner_dues_lock",
  `select merchant_id
   from partner_dues
   where party = $1
     and currency = $2
   order by merchant_id
   for no key update`,
);

/** Until this transaction ends, nobody else makes a payout of what this partner is owed in the currency. */
export async function lockDues(tx: Tx, party: string, currency: Currency): Promise<void> {
  await tx.all(lockDuesSql, [party, currency]);
}

// Payouts that ended without the money leaving are no payouts of what is owed.
const TAKEN = `
  select s.merchant_id, sum(s.amount) as amount
  from payouts p
  join payout_sources s on s.payout_id = p.id
  where p.payee_id = $3
    and p.currency = $2
    and p.state not in ('rejected', 'returned')
  group by s.merchant_id`;

const owedSql = sql(
  "partner_owed",
  `select d.merchant_id, (d.amount - coalesce(t.amount, 0))::bigint as amount
   from partner_dues d
   left join (${TAKEN}) t on t.merchant_id = d.merchant_id
   where d.party = $1
     and d.currency = $2
   order by d.merchant_id`,
);

/** What each merchant's book owes a partner, payouts that are made subtracted. */
export function partnerOwed(
  db: Db,
  of: { readonly party: string; readonly partnerId: Id },
  currency: Currency,
): Promise<Owed[]> {
  return db.all<Owed>(owedSql, [of.party, currency, of.partnerId]);
}

export type PartnerDue = {
  readonly party: string;
  readonly currency: Currency;
  readonly merchants: number;
  /** Of days that are over, less refunds, payouts not subtracted. */
  readonly earned: bigint;
};

const duesSql = sql(
  "partner_dues_list",
  `select party, currency, count(*)::integer as merchants, sum(amount)::bigint as earned
   from partner_dues
   where $1::text is null or (party, currency) > ($1, $2)
   group by party, currency
   order by party, currency
   limit $3`,
);

/** By party and currency, from the one after `after`. */
export function listDues(db: Db, after: readonly string[] | null, limit: number): Promise<PartnerDue[]> {
  return db.all<PartnerDue>(duesSql, [after?.[0] ?? null, after?.[1] ?? null, limit]);
}

const takenByPayeesSql = sql(
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
  return db.all<Taken>(takenByPayeesSql, [payeeIds]);
}

const ofPartnerSql = sql(
  "partner_dues_of",
  `select d.merchant_id, d.amount as earned, (d.amount - coalesce(t.amount, 0))::bigint as amount
   from partner_dues d
   left join (${TAKEN}) t on t.merchant_id = d.merchant_id
   where d.party = $1
     and d.currency = $2
     and ($4::uuid is null or d.merchant_id > $4)
   order by d.merchant_id
   limit $5`,
);

export type PartnerOwedRow = Owed & { readonly earned: bigint };

/** A page of what merchants' books owe a partner; `partnerId` null: one that nobody has registered. */
export function listPartnerOwed(
  db: Db,
  of: { readonly party: string; readonly partnerId: Id | null; readonly currency: Currency },
  after: Id | null,
  limit: number,
): Promise<PartnerOwedRow[]> {
  return db.all<PartnerOwedRow>(ofPartnerSql, [of.party, of.currency, of.partnerId, after, limit]);
}
