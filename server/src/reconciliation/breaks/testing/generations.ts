/** Generations as the engine writes them, for tests of what becomes of them. */
import { createHash } from "node:crypto";
import { type Cell, sql } from "../../../kernel/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Finding } from "../../model.ts";
import type { Break } from "../model.ts";
import { BREAK_COLUMNS } from "../store.ts";

const INSERT_GENERATION = sql(
  "test_breaks_insert_generation",
  `insert into reconciliations (
     id, channel_account_id, channel_date, generation, statement_id, closed_through, carried_from,
     rules_version, input_hash, result_hash, lines, movements, matched, findings, state, made_at
   )
   select $1, $2, $3, coalesce(max(generation), 0) + 1, $4, $5, $6, 1, $7, $7, 0, 0, 0, $8, 'found', $9
   from reconciliations
   where channel_account_id = $2
     and channel_date = $3`,
);

const INSERT_FINDING = sql(
  "test_breaks_insert_finding",
  `insert into findings (
     reconciliation_id, place, kind, side, match_key, channel_date, currency, theirs_amount, ours_amount,
     settle_difference, fee_difference, payment_id, attempt_id, refund_id, theirs, ours, pending
   ) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
);

/** What two sides add up to that differ by these findings and what was carried in. */
const INSERT_TOTALS = sql(
  "test_breaks_insert_totals",
  `insert into reconciliation_totals (
     reconciliation_id, currency, kind, theirs_count, theirs_amount, theirs_settle, theirs_fee, ours_count,
     ours_amount, ours_settle, ours_fee
   )
   select $1, currency, 'payment', 0, 0, sum(settle), sum(fee), 0, 0, 0, 0
   from (
     select currency, settle_difference as settle, fee_difference as fee
     from findings
     where reconciliation_id = $1
     union all
     select currency, -settle_difference, -fee_difference
     from findings
     where reconciliation_id = $2
       and pending
   ) parts
   group by currency`,
);

/** What a test says of a finding; the rest is that of a payment of 100.00 CNY that only the channel has. */
export type Wanted = Partial<Finding> & { readonly matchKey: string };

export type Made = {
  readonly channelAccountId: Id;
  readonly channelDate: string;
  readonly closedThrough?: string;
  readonly carriedFrom?: Id | null;
  readonly findings: readonly Wanted[];
};

/** Writes a generation of a scope, the next one of its date; its id. */
export async function writeGeneration(cell: Cell, made: Made): Promise<Id> {
  const { channelAccountId, channelDate, closedThrough = channelDate, carriedFrom = null, findings } = made;
  const id = cell.newId();
  const hash = createHash("sha256").update(id).digest();
  const now = cell.clock.now();
  const row = [id, channelAccountId, channelDate, cell.newId(), closedThrough, carriedFrom, hash];
  await cell.transact(async (tx) => {
    await tx.run(INSERT_GENERATION, [...row, findings.length, now]);
    for (const [index, wanted] of findings.entries()) {
      const finding = findingOf(channelDate, wanted);
      await tx.run(INSERT_FINDING, [
        id,
        index + 1,
        finding.kind,
        finding.side,
        finding.matchKey,
        finding.channelDate,
        finding.currency,
        finding.theirsAmount,
        finding.oursAmount,
        finding.settleDifference,
        finding.feeDifference,
        finding.paymentId,
        finding.attemptId,
        finding.refundId,
        finding.theirs,
        finding.ours,
        finding.pending,
      ]);
    }
    await tx.run(INSERT_TOTALS, [id, carriedFrom]);
  });
  return id;
}

function findingOf(channelDate: string, wanted: Wanted): Finding {
  const { side = "theirs" } = wanted;
  return {
    kind: "payment_theirs_only",
    side,
    channelDate,
    currency: "CNY",
    theirsAmount: side === "ours" ? null : 10_000n,
    oursAmount: side === "theirs" ? null : 10_000n,
    settleDifference: 10_000n,
    feeDifference: 60n,
    paymentId: null,
    attemptId: null,
    refundId: null,
    theirs: side === "ours" ? null : "{}",
    ours: side === "theirs" ? null : "{}",
    pending: false,
    ...wanted,
  };
}

/** A line as the engine keeps it. */
export function lineText(line: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    kind: "payment",
    channel_trade_no: "2026112822001",
    channel_order_no: "",
    channel_refund_no: null,
    line: 6,
    amount: "10000",
    settle_amount: "10000",
    fee: "60",
    currency: "CNY",
    created_at: "2026-11-20T04:00:00.000Z",
    finished_at: "2026-11-20T04:00:05.000Z",
    subject: "Tea",
    ...line,
  });
}

const BREAKS_OF = sql(
  "test_breaks_of",
  `select ${BREAK_COLUMNS}
   from breaks
   where match_key = $1
   order by id`,
);

/** The breaks about one key, oldest first. */
export function breaksAbout(cell: Cell, matchKey: string): Promise<Break[]> {
  return cell.db.all<Break>(BREAKS_OF, [matchKey]);
}

const BALANCES = sql(
  "test_breaks_balances",
  `select a.code, coalesce(j.channel_date::text, '-') as channel_date, sum(e.amount)::bigint as amount
   from entries e
   join journals j on j.id = e.journal_id
   join accounts a on a.id = e.account_id
   where j.id in (select journal_id from break_journals)
     and j.currency = $2
     and ($1::uuid is null or a.book_id = $1)
   group by a.code, j.channel_date
   having sum(e.amount) <> 0
   order by a.code, j.channel_date`,
);

/** What breaks' journals did, by account code and channel date, signed: debits above zero. */
export async function booked(
  cell: Cell,
  bookId: Id | null,
  currency = "CNY",
): Promise<Record<string, Record<string, bigint>>> {
  const rows = await cell.db.all<{ code: string; channelDate: string; amount: bigint }>(BALANCES, [
    bookId,
    currency,
  ]);
  const sums: Record<string, Record<string, bigint>> = {};
  for (const { code, channelDate, amount } of rows) {
    sums[code] ??= {};
    (sums[code] as Record<string, bigint>)[channelDate] = amount;
  }
  return sums;
}
