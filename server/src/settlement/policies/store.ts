import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Policy } from "../model.ts";

const COLUMNS = `
  id, merchant_id, currency, version, effective_from, basis, days, day_kind, calendar, minimum_amount,
  reserve_rate_millionths, reserve_days, payout, person_above, proposed_by, approved_by, approval_id,
  made_at`;

const effectiveSql = sql(
  "settlement_policies_effective",
  `select distinct on (merchant_id, currency) ${COLUMNS}
   from settlement_policies
   where merchant_id = any($1::uuid[])
     and effective_from <= $2
   order by merchant_id, currency, effective_from desc, version desc`,
);

const listSql = sql(
  "settlement_policies_list",
  `select ${COLUMNS}
   from settlement_policies
   where ($1::uuid is null or merchant_id = $1)
     and ($2::text is null or currency = $2)
     and ($3::uuid is null or id < $3)
   order by id desc
   limit $4`,
);

const byIdSql = sql(
  "settlement_policies_by_id",
  `select ${COLUMNS}
   from settlement_policies
   where id = any($1::uuid[])
   order by id`,
);

const insertSql = sql(
  "settlement_policies_insert",
  `insert into settlement_policies (${COLUMNS})
   select $1, $2, $3,
     coalesce(
       (
         select max(version)
         from settlement_policies
         where merchant_id = $2
           and currency = $3
       ),
       0
     ) + 1,
     $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
   on conflict on constraint settlement_policies_approval do nothing`,
);

/** For each merchant and currency the policy that counts on a date; those without one are absent. */
export function effectivePolicies(db: Db, merchantIds: readonly Id[], date: string): Promise<Policy[]> {
  return db.all<Policy>(effectiveSql, [merchantIds, date]);
}

export type PolicyFilter = { readonly merchantId: Id | null; readonly currency: string | null };

/** Versions, newest first, from the one after `before`. */
export function listPolicies(
  db: Db,
  filter: PolicyFilter,
  page: { readonly before: Id | null; readonly limit: number },
): Promise<Policy[]> {
  return db.all<Policy>(listSql, [filter.merchantId, filter.currency, page.before, page.limit]);
}

export function policiesById(db: Db, ids: readonly Id[]): Promise<Policy[]> {
  return ids.length === 0 ? Promise.resolve([]) : db.all<Policy>(byIdSql, [ids]);
}

/** Adds the next version; an approval makes one only. */
export function insertPolicy(tx: Tx, policy: Omit<Policy, "version">): Promise<number> {
  return tx.run(insertSql, [
    policy.id,
    policy.merchantId,
    policy.currency,
    policy.effectiveFrom,
    policy.basis,
    policy.days,
    policy.dayKind,
    policy.calendar,
    policy.minimumAmount,
    policy.reserveRateMillionths,
    policy.reserveDays,
    policy.payout,
    policy.personAbove,
    policy.proposedBy,
    policy.approvedBy,
    policy.approvalId,
    policy.madeAt,
  ]);
}
