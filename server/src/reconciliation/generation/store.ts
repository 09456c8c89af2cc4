import { columnsOf, type Db, sql, type Tx, textsOf } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { AdjustedRow, TotalRow } from "../engine/rows.ts";
import type { Finding, Generation, Scope } from "../model.ts";

const COLUMNS = `
  r.id, r.channel_account_id, r.channel_date, r.generation, r.statement_id, r.closed_through, r.carried_from,
  r.rules_version, r.input_hash, r.result_hash, r.lines, r.movements, r.matched, r.findings, r.state,
    r.made_at,
  r.applied_at`;

const FIND_NEWEST = sql(
  "reconciliation_newest",
  `select ${COLUMNS}, s.place
   from unnest($1::uuid[], $2::date[]) with ordinality as s (account, on_date, place)
   cross join lateral (
     select *
     from reconciliations
     where channel_account_id = s.account
       and channel_date = s.on_date
     order by generation desc
     limit 1
   ) r
   order by s.place`,
);

const FIND_BEFORE = sql(
  "reconciliation_before",
  `select ${COLUMNS}, s.place
   from unnest($1::uuid[], $2::date[]) with ordinality as s (account, on_date, place)
   cross join lateral (
     select *
     from reconciliations
     where channel_account_id = s.account
       and channel_date < s.on_date
     order by channel_date desc, generation desc
     limit 1
   ) r
   order by s.place`,
);

const FIND_NEXT = sql(
  "reconciliation_next",
  `select ${COLUMNS}, s.place
   from unnest($1::uuid[], $2::date[]) with ordinality as s (account, on_date, place)
   cross join lateral (
     select *
     from reconciliations
     where channel_account_id = s.account
       and channel_date > s.on_date
     order by channel_date, generation desc
     limit 1
   ) r
   order by s.place`,
);

const FIND_GENERATIONS = sql(
  "reconciliation_generations",
  `select ${COLUMNS}
   from reconciliations r
   where r.channel_account_id = $1
     and r.channel_date = $2
   order by r.generation`,
);

const FIND_GENERATION = sql(
  "reconciliation_generation",
  `select ${COLUMNS}
   from reconciliations r
   where r.id = $1
   order by r.id`,
);

const FINDING_COLUMNS = `
  f.kind, f.side, f.match_key, f.channel_date, f.currency, f.theirs_amount, f.ours_amount,
    f.settle_difference,
  f.fee_difference, f.payment_id, f.attempt_id, f.refund_id, f.theirs, f.ours, f.pending`;

const FIND_FINDINGS = sql(
  "reconciliation_findings",
  `select f.place, ${FINDING_COLUMNS}
   from findings f
   where f.reconciliation_id = $1
     and f.place > $2
   order by f.place
   limit $3`,
);

const FIND_PENDING = sql(
  "reconciliation_pending_findings",
  `select f.reconciliation_id, ${FINDING_COLUMNS}
   from findings f
   where f.reconciliation_id = any($1::uuid[])
     and f.pending
   order by f.reconciliation_id, f.place`,
);

const INSERT_GENERATIONS = sql(
  "reconciliation_insert_generations",
  `insert into reconciliations (id, channel_account_id, channel_date, generation, statement_id,
    closed_through,
     carried_from, rules_version, input_hash, result_hash, lines, movements, matched, findings, state,
       made_at,
     applied_at)
   select n.id, n.channel_account_id, n.channel_date, n.generation, n.statement_id, n.closed_through,
     n.carried_from, n.rules_version, n.input_hash, n.result_hash, n.lines, n.movements, n.matched,
       n.findings,
     'found', n.made_at, null
   from unnest($1::uuid[], $2::uuid[], $3::date[], $4::integer[], $5::uuid[], $6::date[], $7::uuid[],
     $8::integer[], $9::bytea[], $10::bytea[], $11::integer[], $12::integer[], $13::integer[], $14::integer[],
     $15::timestamptz[]) as n (id, channel_account_id, channel_date, generation, statement_id, closed_through,
     carried_from, rules_version, input_hash, result_hash, lines, movements, matched, findings, made_at)
   on conflict (channel_account_id, channel_date, generation) do nothing`,
);

const INSERT_TOTALS = sql(
  "reconciliation_insert_totals",
  `insert into reconciliation_totals (reconciliation_id, currency, kind, theirs_count, theirs_amount,
     theirs_settle, theirs_fee, ours_count, ours_amount, ours_settle, ours_fee)
   select n.reconciliation_id, n.currency, n.kind, n.theirs_count, n.theirs_amount, n.theirs_settle,
     n.theirs_fee,
     n.ours_count, n.ours_amount, n.ours_settle, n.ours_fee
   from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::integer[], $9::bigint[], $10::bigint[], $11::bigint[]) as n (reconciliation_id, currency, kind,
     theirs_count, theirs_amount, theirs_settle, theirs_fee, ours_count, ours_amount, ours_settle, ours_fee)`,
);

const INSERT_ADJUSTMENTS = sql(
  "reconciliation_insert_adjustments",
  `insert into reconciliation_adjustments (reconciliation_id, currency, settle, fee)
   select n.reconciliation_id, n.currency, n.settle, n.fee
   from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
     as n (reconciliation_id, currency, settle, fee)`,
);

const INSERT_FINDINGS = sql(
  "reconciliation_insert_findings",
  `insert into findings (reconciliation_id, place, kind, side, match_key, channel_date, currency,
    theirs_amount,
     ours_amount, settle_difference, fee_difference, payment_id, attempt_id, refund_id, theirs, ours, pending)
   select n.reconciliation_id, n.place, n.kind, n.side, n.match_key, n.channel_date, n.currency,
     n.theirs_amount,
     n.ours_amount, n.settle_difference, n.fee_difference, n.payment_id, n.attempt_id, n.refund_id,
     nullif(convert_from(substring($16::bytea from n.theirs_at for n.theirs_bytes), 'UTF8'), ''),
     nullif(convert_from(substring($19::bytea from n.ours_at for n.ours_bytes), 'UTF8'), ''),
     n.pending
   from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::date[], $7::text[],
     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::uuid[], $14::uuid[],
     $15::boolean[], $17::integer[], $18::integer[], $20::integer[], $21::integer[]) as n (reconciliation_id,
     place, kind, side, match_key, channel_date, currency, theirs_amount, ours_amount, settle_difference,
     fee_difference, payment_id, attempt_id, refund_id, pending, theirs_at, theirs_bytes, ours_at,
       ours_bytes)`,
);

/** At the place of each scope its generation, or null. */
type OfScopes = (db: Db, scopes: readonly Scope[]) => Promise<readonly (Generation | null)[]>;

/** The last generation of each scope. */
export const newestOf: OfScopes = (db, scopes) => ofScopes(db, FIND_NEWEST, scopes);
/** The last generation of the account's last date before. */
export const newestBefore: OfScopes = (db, scopes) => ofScopes(db, FIND_BEFORE, scopes);
/** The last generation of the account's first date after. */
export const newestNext: OfScopes = (db, scopes) => ofScopes(db, FIND_NEXT, scopes);

async function ofScopes(
  db: Db,
  statement: typeof FIND_NEWEST,
  scopes: readonly Scope[],
): Promise<readonly (Generation | null)[]> {
  const rows = await db.all<Generation & { place: bigint }>(statement, [
    scopes.map((scope) => scope.channelAccountId),
    scopes.map((scope) => scope.channelDate),
  ]);
  const found = new Map(rows.map(({ place, ...generation }) => [Number(place), generation]));
  return scopes.map((_, index) => found.get(index + 1) ?? null);
}

export function findGenerations(db: Db, scope: Scope): Promise<Generation[]> {
  return db.all<Generation>(FIND_GENERATIONS, [scope.channelAccountId, scope.channelDate]);
}

export function findGeneration(db: Db, id: Id): Promise<Generation | null> {
  return db.one<Generation>(FIND_GENERATION, [id]);
}

export type PlacedFinding = Finding & { readonly place: number };

export function findFindings(
  db: Db,
  generationId: Id,
  after: number,
  limit: number,
): Promise<PlacedFinding[]> {
  return db.all<PlacedFinding>(FIND_FINDINGS, [generationId, after, limit]);
}

export type PendingFinding = Finding & { readonly reconciliationId: Id };

export function findPending(db: Db, generationIds: readonly Id[]): Promise<PendingFinding[]> {
  return db.all<PendingFinding>(FIND_PENDING, [generationIds]);
}

/** A generation with everything that it found. */
export type Made = {
  readonly generation: Generation;
  readonly findings: readonly Finding[];
  readonly totals: readonly TotalRow[];
  readonly adjusted: readonly AdjustedRow[];
  /** Of its statement, where a later reader has read it than the one that accepted it. */
  readonly readAnew: ((tx: Tx) => Promise<void>) | null;
};

const FINDINGS_PER_STATEMENT = 1_000;

/**
 * Writes generations whole, and what their statements come to. False where another process made one of them
 * first: nothing is written then.
 */
export async function insertGenerations(tx: Tx, made: readonly Made[]): Promise<boolean> {
  const generations = made.map(({ generation }) => generation);
  const written = await tx.run(
    INSERT_GENERATIONS,
    columnsOf(generations, [
      "id",
      "channelAccountId",
      "channelDate",
      "generation",
      "statementId",
      "closedThrough",
      "carriedFrom",
      "rulesVersion",
      "inputHash",
      "resultHash",
      "lines",
      "movements",
      "matched",
      "findings",
      "madeAt",
    ]),
  );
  if (written !== generations.length) return false;
  const of = <Row>(rows: (one: Made) => readonly Row[]) =>
    made.flatMap((one) => rows(one).map((row) => ({ ...row, reconciliationId: one.generation.id })));
  const totals = of((one) => one.totals);
  if (totals.length > 0) {
    const keys = [
      "reconciliationId",
      "currency",
      "kind",
      "theirsCount",
      "theirsAmount",
      "theirsSettle",
    ] as const;
    const more = ["theirsFee", "oursCount", "oursAmount", "oursSettle", "oursFee"] as const;
    await tx.run(INSERT_TOTALS, columnsOf(totals, [...keys, ...more]));
  }
  const adjusted = of((one) => one.adjusted);
  if (adjusted.length > 0) {
    await tx.run(INSERT_ADJUSTMENTS, columnsOf(adjusted, ["reconciliationId", "currency", "settle", "fee"]));
  }
  const findings = of((one) => one.findings.map((finding, index) => ({ ...finding, place: index + 1 })));
  for (let at = 0; at < findings.length; at += FINDINGS_PER_STATEMENT) {
    await insertFindings(tx, findings.slice(at, at + FINDINGS_PER_STATEMENT));
  }
  for (const { readAnew } of made) await readAnew?.(tx);
  return true;
}

async function insertFindings(
  tx: Tx,
  rows: readonly (PlacedFinding & { readonly reconciliationId: Id })[],
): Promise<void> {
  await tx.run(INSERT_FINDINGS, [
    ...columnsOf(rows, [
      "reconciliationId",
      "place",
      "kind",
      "side",
      "matchKey",
      "channelDate",
      "currency",
      "theirsAmount",
      "oursAmount",
      "settleDifference",
      "feeDifference",
      "paymentId",
      "attemptId",
      "refundId",
      "pending",
    ]),
    ...textsOf(rows, (row) => row.theirs ?? ""),
    ...textsOf(rows, (row) => row.ours ?? ""),
  ]);
}
