/** The entries of the accounts that are divided, with what tells whose they are. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { OwedAccount } from "./store.ts";

/** Journals that pay what is owed, or take that back: nothing is earned by them. */
export const PAYING_KINDS = ["payout_sent", "payout_rejected", "payout_returned"] as const;

export type PartnerRow = {
  readonly seq: bigint;
  /** Natural side. */
  readonly amount: bigint;
  readonly kind: string;
  readonly attemptId: Id | null;
  readonly partnerAmount: bigint | null;
  readonly feeRule: string | null;
  readonly feeRuleVersion: bigint | null;
};

// A day that is over gains no entry, and the entries of an account are in the order of their days: those of
// today are at the end, and are not looked through for more than a step has.
const NEXT = `(
     select seq, journal_id, amount
     from entries
     where account_id = $1
       and seq > $2
     order by seq
     limit $4
   ) e`;

const partnerSql = sql(
  "owed_partner_entries",
  `select e.seq, -e.amount as amount, j.kind, a.id as attempt_id, a.partner_amount, a.fee_rule,
     a.fee_rule_version
   from ${NEXT}
   join journals j on j.id = e.journal_id
   left join payments p on p.id = j.subject_id
   left join attempts a on a.id = p.success_attempt_id
   where j.accounting_date < $3
   order by e.seq`,
);

/** Those of a partner_payable after what is divided, of dates before `today`. */
export function partnerEntries(
  db: Db,
  { accountId, dividedSeq }: OwedAccount,
  today: string,
  limit: number,
): Promise<PartnerRow[]> {
  return db.all<PartnerRow>(partnerSql, [accountId, dividedSeq, today, limit]);
}

const leftSql = sql(
  "partner_refunded_of",
  `select attempt_id, left_amount
   from partner_refunded
   where attempt_id = any($1::uuid[])
   order by attempt_id`,
);

/** What partners still have of payments of which a part went back. */
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

export async function keepPartnersLeft(tx: Tx, left: ReadonlyMap<Id, bigint>): Promise<void> {
  const rows = [...left]
    .map(([attemptId, amount]) => ({ attemptId, amount }))
    .toSorted((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
  if (rows.length > 0) await tx.run(keepLeftSql, columnsOf(rows, ["attemptId", "amount"]));
}

export type ReceiverRow = {
  readonly seq: bigint;
  /** Natural side. */
  readonly amount: bigint;
  /** Whose, in our own books; null: what the channel splits, a settlement before, or a correction. */
  readonly receiverId: Id | null;
};

const receiverSql = sql(
  "owed_receiver_entries",
  `select e.seq, -e.amount as amount, coalesce(s.receiver_id, r.receiver_id) as receiver_id
   from ${NEXT}
   join journals j on j.id = e.journal_id
   left join shares s on j.kind = 'share_booked' and s.id = j.source_id and s.mode = 'books'
   left join (
     select b.id, o.receiver_id
     from share_returns b
     join shares o on o.id = b.share_id
     where o.mode = 'books'
   ) r on j.kind = 'share_return_booked' and r.id = j.source_id
   where j.accounting_date < $3
   order by e.seq`,
);

/** Those of a receiver_pending after what is divided, of dates before `today`. */
export function receiverEntries(
  db: Db,
  { accountId, dividedSeq }: OwedAccount,
  today: string,
  limit: number,
): Promise<ReceiverRow[]> {
  return db.all<ReceiverRow>(receiverSql, [accountId, dividedSeq, today, limit]);
}
