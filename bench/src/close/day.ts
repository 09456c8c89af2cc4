/** The day that is closed: all that was booked becomes of the day before, and its statements are made. */
import type pg from "pg";

/** What is wrong with a payment, by its place; each once in a thousand. */
const BROKEN: Readonly<Record<number, string>> = {
  7: "payment_ours_only",
  9: "payment_theirs_only",
  11: "amount",
  13: "fee",
};
const OF_PAYMENTS = 1_000;

export type ClosingDay = {
  readonly date: string;
  /** Each account's statement. */
  readonly statements: ReadonlyMap<string, string>;
  /** How many of each kind must be found. */
  readonly key: Readonly<Record<string, number>>;
};

/**
 * The close asks for dates alone, so the open date and all that bears it are put a day back, and the day that
 * follows is opened. Nobody may post meanwhile.
 */
export async function endTheDay(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ date: string }>(
    "select to_char(accounting_date - 1, 'YYYY-MM-DD') as date from days where closed_at is null",
  );
  const date = rows[0]?.date;
  if (date === undefined) throw new Error("no day is open");
  await client.query("begin");
  await client.query("update journals set accounting_date = $1, channel_date = $1", [date]);
  await client.query("update attempts set channel_date = $1 where channel_date is not null", [date]);
  await client.query("update days set accounting_date = $1, closed_at = now() where closed_at is null", [
    date,
  ]);
  await client.query("insert into days (accounting_date, opened_at) values ($1::date + 1, now())", [date]);
  // Only what was there on the day is compared.
  await client.query("update platform.channel_accounts set created_at = created_at - interval '1 day'");
  await client.query("commit");
  await client.query("vacuum (analyze)");
  return date;
}

const PAYMENTS = `
  select channel_account_id, channel_order_no as order, coalesce(channel_trade_no, '') as trade,
    paid_amount::text as amount, cost_amount::text as fee, extract(epoch from paid_at) * 1000 as paid_at
  from attempts
  where state = 'succeeded'
  order by channel_account_id, id`;
const PER_READ = 20_000;

type Row = {
  readonly channel_account_id: string;
  readonly order: string;
  readonly trade: string;
  readonly amount: string;
  readonly fee: string;
  readonly paid_at: string;
};

/** Writes what the channel says of each account's payments, with differences that must be found. */
export async function writeStatements(client: pg.Client, date: string): Promise<ClosingDay> {
  const key: Record<string, number> = {};
  const lines = new Map<string, string[]>();
  let place = 0;
  await client.query("begin");
  await client.query(`declare payments no scroll cursor for ${PAYMENTS}`);
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${PER_READ} from payments`);
    for (const row of rows) {
      const own = lines.get(row.channel_account_id) ?? [];
      lines.set(row.channel_account_id, own);
      const kind = BROKEN[place % OF_PAYMENTS];
      if (kind !== undefined) key[kind] = (key[kind] ?? 0) + 1;
      own.push(...linesOf(row, kind));
      place += 1;
    }
    if (rows.length < PER_READ) break;
  }
  await client.query("commit");
  const statements = new Map(
    [...lines].map(([account, own]) => [account, `instant,${date},${own.length}\n${own.join("")}`]),
  );
  return { date, statements, key };
}

/** Its lines as the instant channel's statement has them. */
function linesOf(row: Row, kind: string | undefined): string[] {
  const amount = BigInt(row.amount) + (kind === "amount" ? 1n : 0n);
  const fee = BigInt(row.fee) + (kind === "fee" ? 1n : 0n);
  const rest = `${amount},${fee},${Math.round(Number(row.paid_at))}\n`;
  const line = `${row.order},${row.trade},${rest}`;
  if (kind === "payment_ours_only") return [];
  // Another order of the same figures, which nobody here knows.
  if (kind === "payment_theirs_only") return [line, `x${row.order.slice(1)},x${row.trade},${rest}`];
  return [line];
}
