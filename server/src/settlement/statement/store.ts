import { columnsOf, type Db, sql } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";

const turnoversSql = sql(
  "statement_turnovers",
  `select p.place, s.debits, s.credits
   from unnest($1::integer[], $2::uuid[], $3::bigint[], $4::bigint[])
     as p(place, account_id, from_seq, to_seq)
   cross join lateral (
     select coalesce(sum(amount) filter (where amount > 0), 0)::bigint as debits,
       coalesce(-sum(amount) filter (where amount < 0), 0)::bigint as credits
     from entries
     where account_id = p.account_id
       and seq between p.from_seq and p.to_seq
   ) s
   order by p.place, p.from_seq`,
);

export type Piece = {
  readonly place: number;
  readonly accountId: Id;
  readonly fromSeq: bigint;
  readonly toSeq: bigint;
};

/** Of each piece the sums of its entries by their sides, both positive. */
export function turnoversOf(
  db: Db,
  pieces: readonly Piece[],
): Promise<{ place: number; debits: bigint; credits: bigint }[]> {
  return db.all(turnoversSql, columnsOf(pieces, ["place", "accountId", "fromSeq", "toSeq"]));
}
