/** The SQL that makes breaks of a generation's findings. */
import { columnsOf, type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Finding, Generation } from "../model.ts";
import { IS_NEWEST } from "../newest.ts";
import type { Break, BreakEvent, JournalPurpose } from "./model.ts";

const COLUMNS = `
  id, channel_account_id, merchant_id, channel_date, kind, side, match_key, currency, theirs_amount,
  ours_amount, settle_difference, fee_difference, payment_id, attempt_id, refund_id, theirs, ours, state,
  first_reconciliation_id, last_reconciliation_id, found_at, opened_at, owner_id, resolution, explanation,
  ended_at, memo, round, suspense_journal_id, surplus_effect, shortage_effect, pending_effect,
  held_by_door, partner_id,
  contradiction, standing_resolution, standing_settle, standing_fee, proposal_id, rule_id, paid_to`;
export const BREAK_COLUMNS: string = COLUMNS;

/** How the keys of breaks begin that no line of a statement is about: see held.ts. */
export const BY_DOOR = "by the door/";
const OF_STATEMENTS = `match_key not like '${BY_DOOR}%'`;

/** In the order of the columns above, with what each is in an array. */
const TYPES = {
  id: "uuid",
  channelAccountId: "uuid",
  merchantId: "uuid",
  channelDate: "date",
  kind: "text",
  side: "text",
  matchKey: "text",
  currency: "text",
  theirsAmount: "bigint",
  oursAmount: "bigint",
  settleDifference: "bigint",
  feeDifference: "bigint",
  paymentId: "uuid",
  attemptId: "uuid",
  refundId: "uuid",
  theirs: "text",
  ours: "text",
  state: "text",
  firstReconciliationId: "uuid",
  lastReconciliationId: "uuid",
  foundAt: "timestamptz",
  openedAt: "timestamptz",
  ownerId: "uuid",
  resolution: "text",
  explanation: "text",
  endedAt: "timestamptz",
  memo: "boolean",
  round: "integer",
  suspenseJournalId: "uuid",
  surplusEffect: "bigint",
  shortageEffect: "bigint",
  pendingEffect: "bigint",
  heldByDoor: "boolean",
  partnerId: "uuid",
  contradiction: "text",
  standingResolution: "text",
  standingSettle: "bigint",
  standingFee: "bigint",
  proposalId: "uuid",
  ruleId: "uuid",
  paidTo: "uuid",
} as const satisfies Record<keyof Break, string>;
const KEYS = Object.keys(TYPES) as (keyof Break)[];
const ARRAYS = Object.values(TYPES)
  .map((type, index) => `$${index + 1}::${type}[]`)
  .join(", ");

const GENERATION = `
  id, channel_account_id, channel_date, generation, statement_id, closed_through, carried_from,
  rules_version, input_hash, result_hash, lines, movements, matched, findings, state, made_at, applied_at`;

const generationSql = sql(
  "breaks_generation",
  `select ${GENERATION}
   from reconciliations
   where id = $1`,
);

/** A generation; null: there is none. */
export function generationOf(db: Db, id: Id): Promise<Generation | null> {
  return db.one<Generation>(generationSql, [id]);
}

const newerSql = sql(
  "breaks_newer_generation",
  `select id
   from reconciliations
   where channel_account_id = $1
     and channel_date = $2
     and generation > $3
   order by generation desc
   limit 1`,
);

/** The newest generation of the same scope after this one; null: this is the newest. */
export async function newerGeneration(db: Db, generation: Generation): Promise<Id | null> {
  const { channelAccountId, channelDate } = generation;
  const found = await db.one<{ id: Id }>(newerSql, [channelAccountId, channelDate, generation.generation]);
  return found?.id ?? null;
}

// The account's oldest generation stands for all its breaks: ids grow, so it stays the same row.
const lockAccountSql = sql(
  "breaks_lock_account",
  `select id
   from reconciliations
   where id = (
     select id
     from reconciliations
     where channel_account_id = $1
     order by id
     limit 1
   )
   order by id
   for no key update`,
);

/** Keeps everybody else from applying a generation of the same account until the transaction ends. */
export async function lockAccount(tx: Tx, channelAccountId: Id): Promise<void> {
  await tx.all(lockAccountSql, [channelAccountId]);
}

const findingsSql = sql(
  "breaks_findings",
  `select place, kind, side, match_key, channel_date, currency, theirs_amount, ours_amount,
     settle_difference, fee_difference, payment_id, attempt_id, refund_id, theirs, ours, pending
   from findings
   where reconciliation_id = $1
     and place > $2
   order by place
   limit $3`,
);

export type PlacedFinding = Finding & { readonly place: number };

/** A generation's findings in their order, from the one after `after`. */
export function findingsAfter(db: Db, id: Id, after: number, limit: number): Promise<PlacedFinding[]> {
  return db.all<PlacedFinding>(findingsSql, [id, after, limit]);
}

const ABOUT =
  "channel_account_id = $1 and (match_key = any($2::text[]) or attempt_id = any($3::uuid[])) " +
  `and ${OF_STATEMENTS}`;

const ofKeysSql = sql(
  "breaks_of_keys",
  `select ${COLUMNS}
   from breaks
   where ${ABOUT}
   order by id`,
);

/** What findings are about: their keys, and the orders that they name. */
export type Topics = { readonly keys: readonly string[]; readonly attemptIds: readonly Id[] };

/** Every break of an account about one of these. */
export function breaksAbout(db: Db, channelAccountId: Id, { keys, attemptIds }: Topics): Promise<Break[]> {
  return db.all<Break>(ofKeysSql, [channelAccountId, keys, attemptIds]);
}

const lockKeysSql = sql(
  "breaks_lock_keys",
  `select ${COLUMNS}
   from breaks
   where ${ABOUT}
     or id = any(array(select partner_id from breaks where ${ABOUT} and partner_id is not null))
   order by id
   for no key update`,
);

/** Locks every break of an account about one of these, and the other halves of those that are paired. */
export function lockBreaksAbout(
  tx: Tx,
  channelAccountId: Id,
  { keys, attemptIds }: Topics,
): Promise<Break[]> {
  return tx.all<Break>(lockKeysSql, [channelAccountId, keys, attemptIds]);
}

const lockSql = sql(
  "breaks_lock",
  `select ${COLUMNS}
   from breaks
   where id = any($1::uuid[])
   order by id
   for no key update`,
);

export function lockBreaks(tx: Tx, ids: readonly Id[]): Promise<Break[]> {
  return tx.all<Break>(lockSql, [ids]);
}

const datesSql = sql(
  "breaks_generation_dates",
  `select id, channel_date
   from reconciliations
   where id = any($1::uuid[])
   order by id`,
);

/** The channel date of each generation. */
export async function datesOf(db: Db, ids: readonly Id[]): Promise<ReadonlyMap<Id, string>> {
  const rows = await db.all<{ id: Id; channelDate: string }>(datesSql, [ids]);
  return new Map(rows.map((row) => [row.id, row.channelDate]));
}

const toldBy = (generation: string, more = "") => `exists (
       select
       from findings f
       where f.reconciliation_id = ${generation}
         and f.match_key = b.match_key
         and f.kind = b.kind
         and f.channel_date = b.channel_date
         ${more}
     )`;

// What an earlier generation of the scope said the last of, and what the one before carried into it. What was
// explained or never was is looked at no more.
const goneSql = sql(
  "breaks_gone",
  `select b.id, b.partner_id, b.state, b.resolution, b.match_key, b.attempt_id
   from breaks b
   join reconciliations r on r.id = b.last_reconciliation_id
   where b.channel_account_id = $1
     and (
       (r.channel_date = $2 and r.generation < $3)
       or (b.last_reconciliation_id = $4 and ${toldBy("$4", "and f.pending")})
     )
     and b.resolution is distinct from 'explained'
     and b.resolution is distinct from 'undone'
     and b.${OF_STATEMENTS}
     and not ${toldBy("$5")}
   order by b.id
   limit $6`,
);

export type Gone = Pick<Break, "id" | "partnerId" | "state" | "resolution" | "matchKey" | "attemptId">;

/** Breaks that the generation should tell, and does not. */
export function goneBreaks(db: Db, generation: Generation, limit: number): Promise<Gone[]> {
  const { channelAccountId, channelDate, carriedFrom, id } = generation;
  return db.all(goneSql, [channelAccountId, channelDate, generation.generation, carriedFrom, id, limit]);
}

const insertSql = sql(
  "breaks_insert",
  `insert into breaks (${COLUMNS})
   select *
   from unnest(${ARRAYS})`,
);

const updateSql = sql(
  "breaks_update",
  `update breaks b
   set theirs_amount = u.theirs_amount,
     ours_amount = u.ours_amount,
     currency = u.currency,
     settle_difference = u.settle_difference,
     fee_difference = u.fee_difference,
     payment_id = u.payment_id,
     attempt_id = u.attempt_id,
     refund_id = u.refund_id,
     side = u.side,
     theirs = u.theirs,
     ours = u.ours,
     state = u.state,
     last_reconciliation_id = u.last_reconciliation_id,
     opened_at = u.opened_at,
     owner_id = u.owner_id,
     resolution = u.resolution,
     explanation = u.explanation,
     ended_at = u.ended_at,
     round = u.round,
     suspense_journal_id = u.suspense_journal_id,
     surplus_effect = u.surplus_effect,
     shortage_effect = u.shortage_effect,
     pending_effect = u.pending_effect,
     held_by_door = u.held_by_door,
     partner_id = u.partner_id,
     contradiction = u.contradiction,
     standing_resolution = u.standing_resolution,
     standing_settle = u.standing_settle,
     standing_fee = u.standing_fee,
     proposal_id = u.proposal_id,
     rule_id = u.rule_id,
     paid_to = u.paid_to
   from unnest(${ARRAYS}) as u (${COLUMNS})
   where b.id = u.id`,
);

/** Throws where one of the identities is taken: the account's lock forbids it. */
export async function insertBreaks(tx: Tx, breaks: readonly Break[]): Promise<void> {
  if (breaks.length > 0) await tx.run(insertSql, columnsOf(breaks, KEYS));
}

/** Writes breaks that are locked. */
export async function updateBreaks(tx: Tx, breaks: readonly Break[]): Promise<void> {
  if (breaks.length > 0) await tx.run(updateSql, columnsOf(breaks, KEYS));
}

const insertEventsSql = sql(
  "break_events_insert",
  `insert into break_events (id, break_id, at, step, kind, operator_id, reconciliation_id, detail)
   select *
   from unnest(
     $1::uuid[], $2::uuid[], $3::timestamptz[], $4::integer[], $5::text[], $6::uuid[], $7::uuid[], $8::text[]
   )`,
);

export async function insertEvents(tx: Tx, events: readonly BreakEvent[]): Promise<void> {
  if (events.length === 0) return;
  const keys = ["id", "breakId", "at", "step", "kind", "operatorId", "reconciliationId", "detail"] as const;
  await tx.run(insertEventsSql, columnsOf(events, keys));
}

export type BreakJournal = {
  readonly journalId: Id;
  readonly breakId: Id;
  readonly purpose: JournalPurpose;
  readonly round: number;
  readonly postedAt: Date;
};

const insertJournalsSql = sql(
  "break_journals_insert",
  `insert into break_journals (journal_id, break_id, purpose, round, posted_at)
   select *
   from unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[])`,
);

export async function insertBreakJournals(tx: Tx, journals: readonly BreakJournal[]): Promise<void> {
  if (journals.length === 0) return;
  const keys = ["journalId", "breakId", "purpose", "round", "postedAt"] as const;
  await tx.run(insertJournalsSql, columnsOf(journals, keys));
}

const journalsSql = sql(
  "break_journals_of",
  `select journal_id, break_id, purpose, round, posted_at
   from break_journals
   where break_id = $1
   order by posted_at, journal_id`,
);

/** Every journal of a break, in the order of posting. */
export function journalsOfBreak(db: Db, breakId: Id): Promise<BreakJournal[]> {
  return db.all<BreakJournal>(journalsSql, [breakId]);
}

const appliedSql = sql(
  "breaks_generation_applied",
  `update reconciliations
   set state = 'applied', applied_at = $2
   where id = $1
     and state = 'found'`,
);

const plainSql = sql(
  "breaks_plain_generations_applied",
  `update reconciliations r
   set state = 'applied', applied_at = $2
   where r.id = any($1::uuid[])
     and r.state = 'found'
     and r.generation = 1
     and r.findings = 0
     and ${IS_NEWEST}
     and not exists (
       select
       from breaks b
       where b.channel_account_id = r.channel_account_id
         and b.ended_at is null
     )
     and (
       r.carried_from is null
       or exists (
         select
         from reconciliations b
         where b.id = r.carried_from
           and b.state = 'applied'
       )
     )
   returning r.id`,
);

/**
 * Marks those of the generations as applied that have nothing to say: no finding, no break of their account
 * that they could end, nothing before them that is not applied. The others are left as they are.
 */
export async function markPlainApplied(tx: Tx, ids: readonly Id[], at: Date): Promise<readonly Id[]> {
  return (await tx.all<{ id: Id }>(plainSql, [ids, at])).map(({ id }) => id);
}

/** Every break of the generation is written. */
export async function markApplied(tx: Tx, id: Id, at: Date): Promise<void> {
  await tx.run(appliedSql, [id, at]);
}
