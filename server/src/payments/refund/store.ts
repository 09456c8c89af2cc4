import { type Db, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Refund } from "../model.ts";
import { REFUND_COLUMNS } from "../rows.ts";

const listRefundsSql = sql(
  "refunds_list",
  `select ${REFUND_COLUMNS}
   from refunds
   where merchant_id = $1
     and ($2::uuid is null or payment_id = $2)
     and ($3::text is null or state = $3)
     and ($4::uuid is null or id < $4)
   order by id desc
   limit $5`,
);

/** A merchant's refunds newest first, after the one with id `after`. */
export function listRefunds(
  db: Db,
  filter: { readonly merchantId: Id; readonly paymentId: Id | null; readonly state: string | null },
  after: Id | null,
  limit: number,
): Promise<Refund[]> {
  return db.all<Refund>(listRefundsSql, [filter.merchantId, filter.paymentId, filter.state, after, limit]);
}
