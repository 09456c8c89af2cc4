/** What a closed day came to, without the ids and instants that no two runs share. */
import type pg from "pg";

/** Tables whose rows are the same number however often the close was interrupted. */
const COUNTED = [
  "journals",
  "entries",
  "closed_balances",
  "extracts",
  "statements",
  "reconciliations",
  "findings",
  "breaks",
  "break_journals",
  "settlements",
  "settlement_items",
  "bills",
  "payouts",
  "events",
  "close_reports",
];

const PARTS: Readonly<Record<string, string>> = {
  accounts: `
    select code, currency, count(*), sum(balance) as balance, sum(held) as held, sum(last_seq) as entries
    from accounts
    group by code, currency
    order by code, currency`,
  journals: "select kind, accounting_date, count(*) from journals group by 1, 2 order by 1, 2",
  breaks: `
    select kind, state, resolution, count(*), sum(settle_difference), sum(fee_difference),
      sum(surplus_effect), sum(shortage_effect)
    from breaks
    group by kind, state, resolution
    order by kind, state, resolution`,
  findings: "select result_hash from reconciliations order by channel_account_id, channel_date, generation",
  report: "select report from close_reports order by accounting_date",
};

/** Each part as text: two closes of the same day have the same. */
export async function digestOf(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  const digest = new Map<string, string>();
  for (const [name, text] of Object.entries(PARTS)) {
    const { rows } = await client.query({ text, rowMode: "array" });
    digest.set(name, JSON.stringify(rows));
  }
  for (const table of COUNTED) {
    const { rows } = await client.query(`select count(*)::int as count from ${table}`);
    digest.set(`rows of ${table}`, String(rows[0].count));
  }
  return digest;
}
