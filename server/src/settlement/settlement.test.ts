import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import yauzl from "yauzl";
import { testConfig } from "../../../tools/testing/config.ts";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { createKeyring } from "../kernel/crypto.ts";
import type { WithTime } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import { parseId } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { openPlatform, type Platform } from "../kernel/revision.ts";
import { bookIdOf, cutOver, writeClosedBalances } from "../ledger/index.ts";
import { invariants, runAudit } from "../operations/index.ts";
import { openShop } from "../payments/testing/shop.ts";
import { openWorld } from "../reconciliation/breaks/testing/world.ts";
import { createWebhooks, type Webhooks } from "../webhooks/index.ts";
import { makeBills } from "./bills/service.ts";
import type { SettleDeps } from "./settle/deps.ts";
import { settleDate } from "./settle/run.ts";

let platform: TestPlatform;
let schema: Platform;
let webhooks: Webhooks;
let deps: SettleDeps;
let second = "";

before(async () => {
  platform = await startTestPlatform();
  const { cell } = platform.app;
  const { clock } = platform;
  schema = openPlatform({ url: platform.databaseUrl, readersMax: 2, writersMax: 2, log: silentLog() }, clock);
  const keyring = createKeyring(testConfig({}).masterKey, { random: cell.random, previous: [] });
  const common = { cell, clock, random: cell.random, newId: cell.newId, log: silentLog() };
  webhooks = createWebhooks({ ...common, platform: schema, keyring, production: false });
  deps = {
    ...common,
    platform: schema,
    webhooks,
    readings: {
      reconciled: async () => [],
      unendedBreaks: async () => [],
      decidedReversals: async () => [],
      splitting: async () => [],
      fundsReceived: async () => [],
      ownMoneyInReserve: async () => 0n,
    },
  };
  const hired = await platform.ops("POST", "/v1/ops/operators", { name: "Hua", roles: ["finance"] });
  second = hired.body.token;
});
after(async () => {
  await webhooks.stop();
  await schema.close();
  await platform.stop();
});

const goOn = async () => {};
const asSecond = (method: string, path: string, body?: unknown) => platform.api(method, path, body, second);

async function openDate(): Promise<string> {
  const rows = await platform.app.cell.db.all<{ accountingDate: string }>({
    name: "test_open_date",
    text: "select accounting_date from days where closed_at is null order by accounting_date",
  });
  return rows[0]?.accountingDate ?? "";
}

async function close(): Promise<string> {
  const from = await openDate();
  await cutOver(platform.app.cell, { from, to: shiftDate(from, 1) });
  const { cell } = deps;
  await cell.transact((tx) => writeClosedBalances(tx, from, cell.clock.now()));
  await settleDate(deps, from, goOn);
  await makeBills(deps, from, goOn);
  const each = await billsOf(from);
  await cell.transact((tx) => tx.run(dropBills, [from]));
  let reads = 0;
  const counted: typeof cell.transact = (work, options) => {
    reads += 1;
    return cell.transact(work, options);
  };
  const withTime: WithTime = (work) => work({ ...cell, transact: counted });
  await makeBills({ ...deps, withTime, sideBySideMin: 1 }, from, goOn);
  assert.ok(each.length > 0 && reads > 1, "the date is measured there, and read there");
  assert.deepEqual(await billsOf(from), each, "read with their journals side by side");
  return from;
}

const dropBills = { name: "test_drop_bills", text: "delete from bills where accounting_date = $1" };

/** Every column but the moment, which is another each time. */
async function billsOf(date: string): Promise<unknown[]> {
  const text = "select * from bills where accounting_date = $1 order by merchant_id, currency";
  const bills = await deps.cell.db.all<Record<string, unknown>>({ name: "test_bills", text }, [date]);
  return bills.map(({ madeAt, ...bill }) => bill);
}

async function paid(amount: number): Promise<Json> {
  const { body } = await platform.pay({ method: "alipay.qr", amount });
  const ready = await platform.until(body.id, (seen) => seen.next_action !== null);
  await platform.payCode(ready.next_action.qr_code);
  return platform.until(body.id, (seen) => seen.status === "succeeded");
}

const accountsNow = async (): Promise<Map<string, number>> => {
  const { body } = await platform.api("GET", "/v1/accounts?limit=100");
  return new Map(
    body.data
      .filter((account: Json) => account.currency === "CNY")
      .map((account: Json) => [account.code, account.natural_balance]),
  );
};

test("the owner of a surplus has it settled, as a line of its bill", async () => {
  const world = await openWorld(platform);
  const owner = await openShop(platform);
  const line = { kind: "unknown_merchant" as const, theirsAmount: 8_800n, settleDifference: 8_800n };
  await world.found([{ matchKey: "S1", ...line, feeDifference: 0n }]);
  const id = await world.idOf("S1");
  const wish = { resolution: "pay_owner", merchant: owner.id, reason: "By the channel's letter" };
  const proposed = await platform.ops("POST", `/v1/ops/breaks/${id}/propose`, wish);
  assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
  const approved = await asSecond("POST", `/v1/ops/approvals/${proposed.body.id}/approve`, {});
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  const date = await close();
  const { body: list } = await owner.api("GET", "/v1/settlements");
  assert.deepEqual(
    list.data.map(({ state, available }: Json) => [state, available]),
    [["approved", 8_800]],
  );
  const { body: items } = await owner.api("GET", `/v1/settlements/${list.data[0].id}/items`);
  const { body: bill } = await owner.api("GET", `/v1/bills/${date}`);
  assert.deepEqual(
    [items.data, bill.data].map(([{ kind, amount }]: Json[]) => [kind, amount]),
    [
      ["surplus_owner_found", 8_800],
      ["surplus_owner_found", 8_800],
    ],
  );
  assert.equal((await world.shop.api("GET", "/v1/settlements")).body.data.length, 0);
  await assertInvariants(platform);
});

test("a merchant reads a date as settlement, items, bill, file and statement, to the cent", async () => {
  const first = await paid(12_345);
  await paid(6_789);
  const refund = await platform.api("POST", `/v1/payments/${first.id}/refunds`, {
    merchant_refund_no: "R-1",
    amount: 345,
  });
  assert.equal(refund.status, 201, JSON.stringify(refund.body));
  const before = await accountsNow();
  const date = await close();

  const { body: list } = await platform.api("GET", "/v1/settlements");
  assert.equal(list.data.length, 1);
  const [settlement] = list.data;
  assert.deepEqual([settlement.state, settlement.kind, settlement.date], ["approved", "regular", date]);
  assert.equal(settlement.available, before.get("merchant_pending"));
  const { body: items } = await platform.api("GET", `/v1/settlements/${settlement.id}/items?limit=100`);
  const sum = items.data.reduce((total: number, item: Json) => total + item.amount, 0);
  assert.equal(sum, settlement.amount);
  assert.equal(items.data.length, settlement.items);
  assert.ok(items.data.some((item: Json) => item.payment === first.id));

  const { body: bill } = await platform.api("GET", `/v1/bills/${date}?limit=2`);
  assert.deepEqual([bill.payments, bill.payments_amount, bill.refunds], [2, 19_134, 1]);
  assert.equal(bill.refunds_amount, -345);
  assert.equal(bill.total, settlement.amount);
  const lines = [...bill.data];
  for (let cursor = bill.next_cursor; cursor !== null; ) {
    const { body: page } = await platform.api("GET", `/v1/bills/${date}?limit=2&cursor=${cursor}`);
    lines.push(...page.data);
    cursor = page.next_cursor;
  }
  assert.equal(lines.length, bill.lines);
  assert.equal(
    lines.reduce((total: number, line: Json) => total + line.net, 0),
    bill.total,
  );
  assert.ok(lines.some((line: Json) => line.merchant_refund_no === "R-1"));
  const { body: csv, headers } = await platform.api("GET", `/v1/bills/${date}.csv`);
  assert.equal(createHash("sha256").update(csv).digest("hex"), bill.sha256);
  assert.equal(headers.get("x-content-sha256"), bill.sha256);
  assert.equal(csv.trimEnd().split("\n").length, bill.lines + 1);
  assert.ok(csv.includes(first.merchant_order_no));

  await close();
  const now = await accountsNow();
  const { body: statement } = await platform.api("GET", `/v1/statements/${date}_${shiftDate(date, 1)}`);
  for (const account of statement.accounts) {
    assert.equal(account.opening, 0, account.code);
    assert.equal(account.closing, now.get(account.code), account.code);
  }
  const available = statement.accounts.find((one: Json) => one.code === "merchant_available");
  assert.deepEqual(
    available.days.map((day: Json) => [day.date, day.added, day.closing]),
    [[shiftDate(date, 1), settlement.available, settlement.available]],
  );
  const next = shiftDate(date, 1);
  const { body: second } = await platform.api("GET", `/v1/statements/${next}_${shiftDate(next, 3)}`);
  assert.equal(second.to, next);
  const pending = second.accounts.find((one: Json) => one.code === "merchant_pending");
  assert.deepEqual(
    pending.days.map((day: Json) => [day.date, day.opening, day.taken, day.closing]),
    [[next, settlement.amount, settlement.amount, 0]],
  );
  assert.equal(pending.opening, settlement.amount);
});

test("a statement comes as CSV, as a spreadsheet and as PDF with the same figures", async () => {
  const month = shiftDate(await openDate(), -1).slice(0, 7);
  const of = (format: string) =>
    fetch(`${platform.baseUrl}/v1/statements/${month}?format=${format}`, {
      headers: { authorization: `Bearer ${platform.demo.secret_key}` },
    });
  const csv = await (await of("csv")).text();
  const closing = /merchant_available,total,.*,(\d+\.\d\d)\n/.exec(csv)?.[1];
  assert.ok(closing !== undefined, csv);
  const xlsx = Buffer.from(await (await of("xlsx")).arrayBuffer());
  const sheet = await entryOf(xlsx, "xl/worksheets/sheet1.xml");
  assert.ok(sheet.includes(`<v>${Number(closing)}</v>`), sheet);
  const pdf = Buffer.from(await (await of("pdf")).arrayBuffer());
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  const wrong = await platform.api("GET", "/v1/statements/2026-13");
  assert.equal(wrong.status, 400);
  assert.equal((await platform.api("GET", "/v1/statements/2019-01")).status, 200);
  assert.equal((await platform.api("GET", "/v1/statements/2999-01")).status, 404);
});

function entryOf(zip: Buffer, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    yauzl.fromBuffer(zip, { lazyEntries: true }, (error, file) => {
      if (error !== null || file === undefined) return reject(error);
      file.on("entry", (entry) => {
        if (entry.fileName !== name) return file.readEntry();
        file.openReadStream(entry, (failed, stream) => {
          if (failed !== null || stream === undefined) return reject(failed);
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("end", () => resolve(Buffer.concat(chunks).toString()));
        });
      });
      file.readEntry();
    });
  });
}

test("a merchant hears of each settlement that is approved", async () => {
  const { body } = await platform.api("GET", "/v1/events?type=settlement.approved");
  const { body: list } = await platform.api("GET", "/v1/settlements");
  assert.equal(body.data.length, list.data.length);
  const [event] = body.data;
  assert.equal(event.subject, list.data[0].id);
  assert.equal(event.data.settlement.available, list.data[0].available);
  const delivered = await platform.api("GET", "/v1/deliveries?limit=100");
  assert.ok(
    delivered.body.data.some((one: Json) => one.event === event.id),
    JSON.stringify(delivered.body),
  );
});

test("a policy needs two people, counts from its date, and is refused where it could not work", async () => {
  const wanted = {
    merchant_id: platform.demo.merchant_id,
    currency: "CNY",
    effective_from: await openDate(),
    basis: "on_success",
    days: 1,
    day_kind: "business",
    calendar: "CN",
    minimum_amount: 0,
    reserve_rate_millionths: 0,
    reserve_days: 0,
    payout: "on_request",
    person_above: 100,
    reason: "as agreed",
  };
  const refusals: readonly [Record<string, unknown>, string][] = [
    [{ currency: "VND" }, "currency"],
    [{ days: 0, basis: "on_reconciled" }, "basis"],
    [{ days: 0 }, "person_above"],
    [{ calendar: null }, "calendar"],
    [{ calendar: "XX" }, "calendar"],
    [{ reserve_days: 3 }, "reserve_days"],
    [{ effective_from: "2020-01-01" }, "effective_from"],
    [{ effective_from: "2020-02-31" }, "effective_from"],
  ];
  for (const [change, field] of refusals) {
    const { status, body } = await platform.ops("POST", "/v1/ops/settlement_policies", {
      ...wanted,
      ...change,
    });
    assert.deepEqual([status, body.field], [400, field], JSON.stringify(body));
  }
  const calendarDays = { ...wanted, day_kind: "calendar", calendar: null };
  const { status, body } = await platform.ops("POST", "/v1/ops/settlement_policies", calendarDays);
  assert.equal(status, 202, JSON.stringify(body));
  const alone = await platform.ops("POST", `/v1/ops/approvals/${body.id}/approve`, {});
  assert.equal(alone.status, 403);
  const approved = await asSecond("POST", `/v1/ops/approvals/${body.id}/approve`, {});
  assert.equal(approved.body.status, "carried_out", JSON.stringify(approved.body));
  const { body: list } = await platform.ops("GET", "/v1/ops/settlement_policies");
  assert.deepEqual([list.data.length, list.data[0].version, list.data[0].person_above], [1, 1, 100]);
});

test("a settlement above the limit is held, released, approved, each step written down", async () => {
  await paid(20_000);
  const date = await close();
  const { body: list } = await platform.ops("GET", `/v1/ops/settlements?state=open&date=${date}`);
  assert.equal(list.data.length, 1, JSON.stringify(list));
  const [{ id }] = list.data;
  const hold = await platform.ops("POST", `/v1/ops/settlements/${id}/hold`, { reason: "ask the shop" });
  assert.deepEqual([hold.status, hold.body.state, hold.body.hold_reason], [200, "held", "ask the shop"]);
  assert.equal((await asSecond("POST", `/v1/ops/settlements/${id}/approve`)).status, 409);
  assert.equal((await asSecond("POST", `/v1/ops/settlements/${id}/release`)).body.state, "open");
  const approved = await asSecond("POST", `/v1/ops/settlements/${id}/approve`);
  assert.equal(approved.body.state, "approved", JSON.stringify(approved.body));
  assert.equal((await asSecond("POST", `/v1/ops/settlements/${id}/hold`, { reason: "late" })).status, 409);
  const { body: log } = await platform.ops("GET", `/v1/ops/audit?subject=${id}`);
  assert.deepEqual(log.data.map((row: Json) => row.action).sort(), [
    "settlement.approved",
    "settlement.held",
    "settlement.released",
  ]);
});

test("one payment is held before its date is closed, and settles apart once it is let go", async () => {
  const held = await paid(4_000);
  await paid(50);
  const { body: pending } = await platform.api("GET", "/v1/accounts?limit=100");
  const account = pending.data.find((one: Json) => one.code === "merchant_pending" && one.currency === "CNY");
  const { body: entries } = await platform.api("GET", `/v1/accounts/${account.id}/entries?limit=50`);
  const { journal_id: journal } = entries.data.find((entry: Json) => entry.subject_id === held.id);
  const path = `/v1/ops/settlement_items/${journal}`;
  const made = await platform.ops("POST", `${path}/hold`, { kind: "risk", reason: "looks odd" });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  await close();
  const { body: holds } = await platform.ops("GET", "/v1/ops/settlement_holds");
  assert.deepEqual(
    holds.data.map((hold: Json) => [hold.journal, hold.kind]),
    [[journal, "risk"]],
  );
  assert.equal((await platform.ops("POST", `${path}/release`, { note: "explained" })).status, 200);
  const date = await close();
  const { body: list } = await platform.ops("GET", `/v1/ops/settlements?kind=supplementary&date=${date}`);
  assert.equal(list.data.length, 1);
  assert.equal(list.data[0].items, 1);
  const again = await platform.ops("POST", `${path}/hold`, { kind: "risk", reason: "too late" });
  assert.equal(again.status, 409);
});

test("a year of business days is loaded whole, corrected as a version, else refused", async () => {
  const year = { holidays: ["2031-01-01"], workdays: ["2031-01-04"], source: "a notice" };
  const put = (body: unknown) => platform.ops("PUT", "/v1/ops/business_days/CN/2031", body);
  assert.equal((await put({ ...year, workdays: ["2031-01-06"] })).body.field, "workdays.0");
  assert.equal((await put({ ...year, holidays: ["2030-01-01"] })).body.field, "holidays.0");
  assert.equal((await put({ ...year, holidays: ["2031-01-04"] })).body.field, "workdays.0");
  assert.equal((await put(year)).body.version, 1);
  assert.equal((await put({ ...year, holidays: [] })).body.version, 2);
  const { body } = await platform.ops("GET", "/v1/ops/business_days");
  assert.deepEqual(
    body.data.map((one: Json) => [one.calendar, one.year, one.version]),
    [
      ["CN", 2026, 1],
      ["CN", 2031, 2],
    ],
  );
});

test("T+0 without a policy for it is refused with the reason", async () => {
  const { status, body } = await platform.api("POST", "/v1/settlements", { currency: "CNY" });
  assert.deepEqual([status, body.code, body.reason], [422, "settlement_refused", "no_policy"]);
});

test("another merchant sees nothing of it", async () => {
  const { body: made } = await platform.ops("POST", "/v1/ops/merchants", {
    name: "Other",
    legal_name: "Other Ltd",
    currencies: ["CNY"],
    fee_rate_millionths: 6000,
  });
  const { body: key } = await platform.ops("POST", `/v1/ops/merchants/${made.id}/api_keys`, {
    label: "x",
  });
  const { body: own } = await platform.api("GET", "/v1/settlements");
  const as = (path: string) => platform.api("GET", path, undefined, key.secret ?? key.secret_key);
  assert.deepEqual((await as("/v1/settlements")).body.data, []);
  assert.equal((await as(`/v1/settlements/${own.data[0].id}`)).status, 404);
  assert.equal((await as(`/v1/bills/${own.data[0].date}`)).status, 404);
});

test("after all of this every invariant holds", async () => {
  const results = await runAudit(platform.app.cell.db, invariants);
  const broken = results.filter(({ violations }) => violations.length > 0);
  assert.deepEqual(broken, []);
  assert.ok(results.some(({ name }) => name === "7 pending money is its open items"));
  assert.ok(bookIdOf("merchant", parseId("mch", platform.demo.merchant_id) ?? ""));
});
