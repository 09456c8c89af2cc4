import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createEmptyDatabase, type TestDatabase } from "../../../../tools/testing/database.ts";
import { silentLog } from "../log.ts";
import { migrate } from "./migrate.ts";

/**
 * Migrations run on databases that are in use: each one here meets rows in the tables that it may change.
 * Every other test begins with tables that are empty.
 */
const own = fileURLToPath(new URL("../../../migrations", import.meta.url));

let database: TestDatabase;
let folder = "";

before(async () => {
  database = await createEmptyDatabase();
  folder = mkdtempSync(join(tmpdir(), "tributary-upgrade-"));
  for (const kind of ["platform", "cell"]) mkdirSync(join(folder, kind));
});

after(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

const run = () => migrate({ url: database.url, log: silentLog(), folder });

async function query(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

const id = "00000000-0000-7000-8000-000000000001";
const other = (last: number) => id.replace(/1$/, String(last));
const now = "'2026-11-20 00:00:00Z'";

/** What is written after a file has run, for those after it to meet. */
const rows: Readonly<Record<string, string>> = {
  "platform/050-revision.sql": `
    insert into platform.operators values ('${id}', 'Ming', array['admin'], 'active', ${now});
    insert into platform.merchants values ('${id}', 'Tea', 'Tea Ltd', 'active', 6000, 1, ${now}, ${now});
    insert into platform.merchant_currencies values ('${id}', 'CNY', 0);
    insert into platform.channel_accounts (
      id, merchant_id, channel, label, gateway_url, mode, methods, currencies, amount_min, amount_max,
      order_lifetime_seconds, refund_window_days, refund_spacing_seconds, calls_per_second, timeout_ms,
      cost_rate_millionths, cost_returned_on_refund, fee_returned_on_refund, cost_settlement, settled_by,
      fund_flow, settlement_days, status, revision, credential_version, created_at, updated_at
    ) values (
      '${id}', '${id}', 'alipay', 'ours', 'https://openapi.alipay.com', 'direct', array['alipay.qr'],
      array['CNY'], 1, 5000000, 900, 365, 0, 50, 10000, 6000, true, true, 'net', 'channel',
      'direct_to_merchant', 1, 'active', 1, 1, ${now}, ${now}
    );
    insert into platform.channel_credentials values ('${id}', 1, '', '{}', null, ${now}, ${now});`,
  "platform/140-payout-accounts.sql": `
    insert into platform.bank_accounts (
      id, merchant_id, currency, holder_name, bank_code, number_sealed, number_hash, number_last, state,
      created_by, created_at
    ) values (
      '${id}', '${id}', 'CNY', 'Tea Ltd', '102100099996', '', '', '0001', 'unverified', '${id}', ${now}
    );
    insert into platform.payout_terms (merchant_id, currency, fee, cool_down_hours, updated_at)
    values ('${id}', 'CNY', 5, 24, ${now});`,
  "cell/090-schedules.sql": `
    insert into cell_0.attempts (
      id, payment_id, merchant_id, channel, channel_account_id, credential_version, fund_flow, method, state,
      amount, currency, channel_order_no, refunded_amount, settled_refunded, fee_returned, cost_returned,
      taken_back, close_wanted, queries, expires_at, due_at, created_at, told_refunded
    ) values (
      '${id}', '${id}', '${id}', 'alipay', '${id}', 1, 'direct_to_merchant', 'alipay.qr', 'pending',
      100, 'CNY', 'T1', 0, 0, 0, 0, 0, false, 0, ${now}, ${now}, ${now}, 0
    );`,
  "cell/140-disputes.sql": `
    insert into cell_0.disputes values (
      '${id}', '${id}', '${id}', '${id}', '${id}', 'dp_1', 'won', 90, 15, 'CNY', 'fraudulent', null, null,
      ${now}, ${now}
    );`,
  "cell/200-reconciliation.sql": `
    insert into cell_0.breaks (
      id, channel_account_id, merchant_id, channel_date, kind, side, match_key, currency, settle_difference,
      fee_difference, state, first_reconciliation_id, last_reconciliation_id, found_at
    ) values (
      '${id}', '${id}', '${id}', '2026-11-20', 'fee', 'both', 'T1', 'CNY', 0, 1, 'pending', '${id}', '${id}',
      ${now}
    );`,
  // What the channel made good, which a corrected file denies, with a proposal about what is left over by it.
  "cell/205-breaks.sql": `
    insert into cell_0.breaks (
      id, channel_account_id, merchant_id, channel_date, kind, side, match_key, currency, settle_difference,
      fee_difference, state, first_reconciliation_id, last_reconciliation_id, found_at, opened_at,
      standing_resolution, standing_settle, proposal_id
    )
    select id, '${id}', '${id}', '2026-11-20', 'payment_ours_only', 'ours', id::text, 'CNY', difference, 0,
      'open', '${id}', '${id}', ${now}, ${now}, resolution, standing, '${id}'
    from (values
      (uuid '${other(2)}', -300, 'recover_from_channel', -900),
      (uuid '${other(3)}', -300, null, 0)
    ) as b (id, difference, resolution, standing);
    insert into cell_0.break_claims (break_id, claim_no, filed_at, state, ended_at)
    select id, 'C', ${now}, 'paid', ${now}
    from cell_0.breaks
    where kind = 'payment_ours_only';`,
  "cell/230-payouts.sql": `
    insert into cell_0.payouts (
      id, merchant_id, merchant_payout_no, request, amount, fee, currency, bank_account_id, holder_name,
      bank_code, number_last, state, contradicted, created_at
    ) values (
      '${id}', '${id}', 'P1', '{}', 900, 5, 'CNY', '${id}', 'Tea Ltd', '102100099996', '0001', 'created',
      false, ${now}
    );`,
  "cell/232-channel-payouts.sql": `
    insert into cell_0.channel_payouts
    select case is_booked when true then uuid '${id}' else '${other(2)}' end, '${id}', '${id}',
      'W' || is_booked, 700, 'CNY', '2026-11-19', '2026-11-19', '2026-11-20', 'Alipay', ${now},
      case when is_booked then timestamptz ${now} end, null,
      case when not is_booked then timestamptz ${now} end
    from unnest(array[true, false]) as is_booked;`,
};

test("every migration runs on tables that have rows, one version after another", async () => {
  const written: string[] = [];
  for (const kind of ["platform", "cell"] as const) {
    for (const name of readdirSync(join(own, kind)).sort()) {
      cpSync(join(own, kind, name), join(folder, kind, name));
      await run();
      const text = rows[`${kind}/${name}`];
      if (text === undefined) continue;
      await query(text);
      written.push(`${kind}/${name}`);
    }
  }
  assert.deepEqual(written, Object.keys(rows));
  const contracts = await query(
    "select verification, verified_at, connections_max from platform.channel_accounts order by id",
  );
  assert.deepEqual(contracts, [{ verification: "waived", verified_at: null, connections_max: 128 }]);
  const attempts = await query("select state, doubted_at from cell_0.attempts order by id");
  assert.deepEqual(attempts, [{ state: "pending", doubted_at: null }]);
  const disputes = await query("select returned_amount, returned_fee from cell_0.disputes order by id");
  assert.deepEqual(disputes, [{ returned_amount: "90", returned_fee: "0" }]);
  const breaks = await query("select round, standing_fee from cell_0.breaks where kind = 'fee' order by id");
  assert.deepEqual(breaks, [{ round: 0, standing_fee: "0" }]);
  const claims = await query(
    "select amount, paid_amount, booked_amount, booked_by from cell_0.break_claims order by break_id",
  );
  assert.deepEqual(claims, [
    { amount: "900", paid_amount: "900", booked_amount: "900", booked_by: other(2) },
    { amount: "300", paid_amount: "300", booked_amount: "0", booked_by: null },
  ]);
  const terms = await query("select payee_id, fee, minimum from platform.payout_terms order by payee_id");
  assert.deepEqual(terms, [{ payee_id: id, fee: "5", minimum: "0" }]);
  const accounts = await query("select payee_kind, payee_id from platform.bank_accounts order by id");
  assert.deepEqual(accounts, [{ payee_kind: "merchant", payee_id: id }]);
  const payouts = await query(
    `select p.payee_kind, p.payee_id, s.merchant_id, s.code, s.amount
     from cell_0.payouts p
     join cell_0.payout_sources s on s.payout_id = p.id
     order by p.id`,
  );
  const source = { merchant_id: id, code: "merchant_available", amount: "900" };
  assert.deepEqual(payouts, [{ payee_kind: "merchant", payee_id: id, ...source }]);
  const announced = await query(
    "select told_by, withdrawn_at, due_at is null as is_booked from cell_0.channel_payouts order by id",
  );
  assert.deepEqual(
    announced,
    [true, false].map((is_booked) => ({ told_by: null, withdrawn_at: null, is_booked })),
  );
});
