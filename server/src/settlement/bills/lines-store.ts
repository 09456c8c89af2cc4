/** The SQL of a bill's lines: what the journals of a date did to a merchant's money. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { type DateSpan, readSideBySide } from "../../ledger/index.ts";

/**
 * Entries of one account of a merchant, whose journals are lines. Each journal is a line of the first of
 * these sections that it touches: pending, available, receivable.
 */
export type BillPiece = {
  readonly place: number;
  readonly accountId: Id;
  readonly fromSeq: bigint;
  readonly toSeq: bigint;
  readonly pendingId: Id;
  readonly availableId: Id;
  readonly reserveId: Id;
  readonly receivableId: Id;
  readonly feeId: Id;
  /** Journals of these accounts belong to an earlier section. */
  readonly earlierA: Id | null;
  readonly earlierB: Id | null;
};

const PIECE_KEYS = [
  "place",
  "accountId",
  "fromSeq",
  "toSeq",
  "pendingId",
  "availableId",
  "reserveId",
  "receivableId",
  "feeId",
  "earlierA",
  "earlierB",
] as const;

/** No journal has more lines. */
const LINES_MAX = 100;

/** Where journals and payments of the lines are found. */
type Sources = {
  /** Joins `j`, the journals of the entries `g`. */
  readonly journals: string;
  /** Joins `y`, the payments of the lines `l`. */
  readonly payments: string;
};

const EACH: Sources = {
  journals: "join journals j on j.id = g.journal_id",
  payments: "left join payments y on y.id = l.subject_id",
};

// All journals of the date, and the payments among them; earlier ones are looked up. "offset 0" keeps the
// planner, which takes the entries for few, from looking up each; in the order of ids it merges.
const SIDE_BY_SIDE: Sources = {
  journals: `join (
     select id, kind, posted_at, subject_id, source_id
     from journals
     where id between $12 and $13
     order by id
     offset 0
   ) j on j.id = g.journal_id`,
  payments: `left join (
     select id, merchant_order_no
     from payments
     where id between $12 and $13
     offset 0
   ) n on n.id = l.subject_id
   left join payments o on o.id = case when n.id is null then l.subject_id end
   cross join lateral (select coalesce(n.merchant_order_no, o.merchant_order_no) as merchant_order_no) y`,
};

// A journal's entries on one account follow each other: it is a line of the piece that holds the first of
// them, and the entry before the piece tells one that began before it. A success touches pending money and
// fee income alone, so its own entries say all; other journals are read whole. What moves between the
// merchant's own accounts, and payouts, are no lines of a bill.
const linesOf = ({ journals }: Sources) => `
   select p.place, g.seq, j.id as journal_id, j.kind, j.posted_at, j.subject_id, j.source_id,
     case when j.kind = 'payment_success' then g.total + g.debits else coalesce(w.total, 0) end as amount,
     case when j.kind = 'payment_success' then -g.debits else coalesce(w.fee, 0) end as fee
   from unnest(
     $1::integer[], $2::uuid[], $3::bigint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[],
     $9::uuid[], $10::uuid[], $11::uuid[]
   ) as p(place, account_id, from_seq, to_seq, pending_id, available_id, reserve_id, receivable_id, fee_id,
     earlier_a, earlier_b)
   cross join lateral (
     select e.journal_id, min(e.seq) as seq, -sum(e.amount)::bigint as total,
       coalesce(sum(e.amount) filter (where e.amount > 0), 0)::bigint as debits
     from entries e
     where e.account_id = p.account_id
       and e.seq >= p.from_seq - 1
       and e.seq <= p.to_seq + ${LINES_MAX}
     group by e.journal_id
     having min(e.seq) >= p.from_seq
       and min(e.seq) <= p.to_seq
   ) g
   ${journals}
   cross join lateral (
     select -sum(n.amount)::bigint as total,
       sum(n.amount) filter (where n.account_id = p.fee_id)::bigint as fee,
       bool_or(place.account_id in (p.earlier_a, p.earlier_b)) as is_earlier
     from journals k
     cross join unnest(k.entry_accounts, k.entry_seqs) as place(account_id, seq)
     join entries n on n.account_id = place.account_id and n.seq = place.seq
     where j.kind <> 'payment_success'
       and k.id = j.id
       and place.account_id in (p.pending_id, p.available_id, p.reserve_id, p.receivable_id, p.fee_id)
   ) w
   where w.is_earlier is not true
     and j.kind not in ('settlement', 'reserve_released')
     and j.kind not like 'payout\\_%'`;

// Numbers of the merchant's own are quoted always.
const CSV_LINE = `
   to_char(l.posted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ',' || l.kind || ',"'
     || replace(coalesce(y.merchant_order_no, ''), '"', '""') || '","'
     || replace(coalesce(r.merchant_refund_no, ''), '"', '""') || '",'
     || l.amount || ',' || l.fee || ',' || l.amount + l.fee || ',' || l.journal_id || E'\\n'`;

const chunkOf = (sources: Sources) => `with line as (${linesOf(sources)}
   )
   select l.place, count(*)::integer as lines,
     count(*) filter (where l.kind = 'payment_success')::integer as payments,
     coalesce(sum(l.amount) filter (where l.kind = 'payment_success'), 0)::bigint as payments_amount,
     count(*) filter (where l.kind = 'refund_created')::integer as refunds,
     coalesce(sum(l.amount) filter (where l.kind like 'refund\\_%'), 0)::bigint as refunds_amount,
     sum(l.fee)::bigint as fees,
     coalesce(
       sum(l.amount) filter (where l.kind <> 'payment_success' and l.kind not like 'refund\\_%'),
       0
     )::bigint as others,
     string_agg(${CSV_LINE}, '' order by l.seq) as text
   from line l
   ${sources.payments}
   left join refunds r on r.id = case when l.kind like 'refund\\_%' then l.source_id end
   group by l.place
   order by l.place`;

const eachSql = sql("bill_chunk", chunkOf(EACH));
const sideBySideSql = sql("bill_chunk_side_by_side", chunkOf(SIDE_BY_SIDE));

export type BillChunk = {
  readonly place: number;
  readonly lines: number;
  readonly payments: number;
  readonly paymentsAmount: bigint;
  readonly refunds: number;
  readonly refundsAmount: bigint;
  readonly fees: bigint;
  readonly others: bigint;
  /** The lines as the file has them. */
  readonly text: string;
};

/** Each piece's lines as text, with their totals; a piece without a line is absent. */
export function billChunks(db: Db, pieces: readonly BillPiece[]): Promise<BillChunk[]> {
  return db.all<BillChunk>(eachSql, columnsOf(pieces, PIECE_KEYS));
}

/** The same of so many pieces of one date that all of its journals are read. */
export async function billChunksSideBySide(
  tx: Tx,
  pieces: readonly BillPiece[],
  { firstId, lastId }: DateSpan,
): Promise<BillChunk[]> {
  await readSideBySide(tx);
  return tx.all<BillChunk>(sideBySideSql, [...columnsOf(pieces, PIECE_KEYS), firstId, lastId]);
}

const linesSql = sql(
  "bill_lines",
  `with line as (${linesOf(EACH)}
   )
   select l.place, l.seq, l.journal_id, l.kind, l.posted_at, l.subject_id, l.source_id, l.amount, l.fee,
     y.merchant_order_no, r.merchant_refund_no
   from line l
   left join payments y on y.id = l.subject_id
   left join refunds r on r.id = l.source_id and l.kind like 'refund\\_%'
   order by l.place, l.seq
   limit $12`,
);

export type BillLine = {
  readonly place: number;
  readonly seq: bigint;
  readonly journalId: Id;
  readonly kind: string;
  readonly postedAt: Date;
  readonly subjectId: Id | null;
  readonly sourceId: Id;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly merchantOrderNo: string | null;
  readonly merchantRefundNo: string | null;
};

/** The lines of pieces in the order of the file. */
export function billLines(db: Db, pieces: readonly BillPiece[], limit: number): Promise<BillLine[]> {
  return db.all<BillLine>(linesSql, [...columnsOf(pieces, PIECE_KEYS), limit]);
}
