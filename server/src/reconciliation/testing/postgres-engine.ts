/** The same rules on PostgreSQL, for small days: another way to know what the engine finds. */
import pg from "pg";
import { createEmptyDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import type { Comparison, InScope } from "../engine/engine.ts";
import { ourRowOf, theirRowOf } from "../engine/files.ts";
import type { FoundRow, OurRow, TheirRow } from "../engine/rows.ts";
import { rules } from "../engine/rules.ts";

export type PostgresEngine = {
  /** @param ours every movement, none in extracts */
  found(
    comparison: Pick<Comparison, "scopes">,
    theirs: readonly InScope<TheirRow>[],
    ours: readonly InScope<OurRow>[],
  ): Promise<readonly FoundRow[]>;
  drop(): Promise<void>;
};

export async function openPostgresEngine(): Promise<PostgresEngine> {
  const database: TestDatabase = await createEmptyDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return {
    found: async ({ scopes }, theirs, ours) => {
      await client.query("drop schema if exists rules cascade");
      await client.query("create schema rules");
      await client.query("set search_path = rules");
      await client.query(TABLES);
      const fees = new Map(scopes.map(({ scope, comparesFee }) => [scope, comparesFee]));
      await fill(
        client,
        "scopes",
        scopes.map((row) => ({
          scope: row.scope,
          drops_failed_refunds: Number(row.dropsFailedRefunds),
          bills_returns: Number(row.billsReturns),
        })),
      );
      await fill(
        client,
        "theirs",
        theirs.map((row, id) => ({
          ...theirColumns(row),
          id: id + 1,
          scope: row.scope,
          fee: fees.get(row.scope) === true ? row.toldFee : 0n,
        })),
      );
      await fill(
        client,
        "ours",
        ours.map((row, id) => ({ ...ourColumns(row), id: id + 1, scope: row.scope })),
      );
      for (const statement of rules()) await client.query(statement);
      const { rows } = await client.query(RESULTS);
      return rows.map(({ theirs: t, ours: o, ...row }) => ({
        scope: Number(row.scope),
        kind: row.kind,
        side: row.side,
        matchKey: row.match_key,
        n: Number(row.n),
        settleDifference: BigInt(row.settle_difference),
        feeDifference: BigInt(row.fee_difference),
        theirs: t === null ? null : theirRowOf({ ...t, finished_at: t.at }),
        ours: o === null ? null : ourRowOf(o),
      }));
    },
    drop: async () => {
      await client.end();
      await database.drop();
    },
  };
}

const TABLES = `
  create table set_aside (scope bigint, currency text, kind text, n bigint, amount bigint, settle bigint,
    fee bigint);
  create table scopes (scope bigint, drops_failed_refunds bigint, bills_returns bigint);
  create table theirs (scope bigint, id bigint, kind text, trade_no text, order_no text, refund_no text,
    amount bigint, settle bigint, fee bigint, told_fee bigint, currency text, created_at text, at text,
    subject text, stranger bigint, channel_date text, match_key text);
  create table ours (scope bigint, id bigint, accounting_date text, channel_date text, journal_id text,
    origin text, kind text, order_no text, trade_no text, refund_no text, amount bigint, settle bigint,
    fee bigint, currency text, payment_id text, attempt_id text, refund_id text, voucher bigint, quiet bigint,
    match_key text);`;

const RESULTS = `
  select f.*, row_to_json(t) as theirs, row_to_json(o) as ours
  from found f
  left join theirs t on t.id = f.theirs_id
  left join ours o on o.id = f.ours_id`;

async function fill(client: pg.Client, table: string, rows: readonly object[]): Promise<void> {
  const json = JSON.stringify(rows, (_, value) => (typeof value === "bigint" ? value.toString() : value));
  await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
    json,
  ]);
}

function theirColumns(row: TheirRow) {
  return {
    kind: row.kind,
    trade_no: row.tradeNo,
    order_no: row.orderNo,
    refund_no: row.refundNo,
    amount: row.amount,
    settle: row.settle,
    told_fee: row.toldFee,
    currency: row.currency,
    created_at: row.createdAt,
    at: row.finishedAt,
    subject: row.subject,
    stranger: Number(row.stranger),
    channel_date: row.channelDate,
    match_key: row.matchKey,
  };
}

function ourColumns(row: OurRow) {
  return {
    accounting_date: row.accountingDate,
    channel_date: row.channelDate,
    journal_id: row.journalId,
    origin: row.origin,
    kind: row.kind,
    order_no: row.orderNo,
    trade_no: row.tradeNo,
    refund_no: row.refundNo,
    amount: row.amount,
    settle: row.settle,
    fee: row.fee,
    currency: row.currency,
    payment_id: row.paymentId,
    attempt_id: row.attemptId,
    refund_id: row.refundId,
    voucher: Number(row.voucher),
    quiet: Number(row.quiet),
    match_key: row.matchKey,
  };
}
