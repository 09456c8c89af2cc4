import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY, dateIn, HOUR, plus, systemClock } from "../kernel/clock.ts";
import { closeDay } from "./close-command.ts";
import { daysOn, loadNextYear } from "./testing/days.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: "00:10" } });
  await loadNextYear(platform);
});
after(() => platform.stop());

const days = daysOn(() => platform);

describe("a day", () => {
  it("is closed once it is cut over, step by step, and its report says what it came to", async () => {
    const begunAt = platform.clock.now();
    const begunOn = dateIn("UTC", begunAt);
    // UnionPay's date ends at 23:00.
    const isLate = dateIn("Asia/Shanghai", plus(begunAt, HOUR)) > dateIn("Asia/Shanghai", begunAt);
    const payment = (await platform.pay({ method: "alipay.qr", amount: 100_000 })).body;
    await platform.payCode(payment.next_action.qr_code);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
    const open = await platform.ops("POST", `/v1/ops/days/${days.today()}/close`);
    assert.deepEqual([open.status, open.body.code], [409, "day_open"]);

    const date = await days.next();
    const books = (await platform.ops("GET", "/v1/ops/trial_balance")).body;
    assert.ok(books.rows.length >= 4);
    const asked = await platform.ops("POST", `/v1/ops/days/${date}/close`);
    assert.equal(asked.status, 202, JSON.stringify(asked.body));
    assert.deepEqual(
      asked.body.steps.map((step: Json) => step.name),
      [
        "previous_day",
        "balances",
        "extract",
        "statements",
        "reconcile",
        "breaks",
        "minimums",
        "settle",
        "bills",
        "audit",
        "figures",
        "payouts",
        "report",
      ],
      "all steps are listed before the first is done",
    );
    const run = await days.closeInTheMorning(date);
    assert.deepEqual(new Set(run.steps.map((step: Json) => step.state)), new Set(["done"]));
    const counted = Object.fromEntries(run.steps.map(({ name, done, left }: Json) => [name, [done, left]]));
    const { balances, extract, reconcile, breaks, settle, bills, audit, payouts } = counted;
    // UnionPay's and Stripe's dates have ended with ours where their accounts are older than they.
    const accounts = 2 + (isLate ? 0 : 1) + (begunOn < date ? 1 : 0);
    assert.deepEqual({ reconcile, breaks }, { reconcile: [accounts, 0], breaks: [accounts, 0] });
    assert.deepEqual(
      { extract, settle, bills, payouts },
      { extract: [2, 0], settle: [1, 0], bills: [1, 0], payouts: [1, 0] },
    );
    for (const [done, left] of [balances, audit]) assert.ok(done >= 4 && left === 0);
    assert.equal(run.estimated_end_at, null);
    assert.equal((await days.shown(date)).close, "done");

    const { body } = await platform.ops("GET", `/v1/ops/days/${date}/report`);
    const { report } = body;
    const rows = books.rows.map(({ class: _, accounts_count: accounts, ...row }: Json) => ({
      ...row,
      accounts,
    }));
    assert.deepEqual(report.trial_balance, rows);
    const [cny] = report.margin.filter((row: Json) => row.currency === "CNY");
    assert.deepEqual(cny, { currency: "CNY", income: 800, expense: 600, margin: 200 });
    const [position] = report.positions.filter((row: Json) => row.currency === "CNY");
    const {
      client_liabilities: owed,
      held_for_clients: held,
      owed_to_us,
      payables,
      own_money_inside,
    } = position;
    assert.equal(owed, held + owed_to_us - payables - own_money_inside);
    assert.deepEqual(report.notes.slice(1), []);
    assert.match(report.notes[0], /^1 settlement cannot be paid out: .*bank account/);
    assert.deepEqual(
      report.channels.map((row: Json) => [row.channel, row.theirs.settle, row.ours.settle, row.differences]),
      [["alipay", 100_000, 100_000, 0]],
    );
    const [chain] = report.chain;
    assert.deepEqual(
      [chain.channel_bill, chain.differences, chain.ledger_movement, chain.merchants, chain.ties],
      [99_400, 0, 99_400, 99_200, true],
    );
    assert.ok(report.invariants.length >= 10);

    const again = await platform.ops("POST", `/v1/ops/days/${date}/close`);
    assert.deepEqual([again.status, again.body.id, again.body.state], [200, run.id, "done"]);
    assert.equal((await platform.ops("GET", `/v1/ops/days/${date}/report`)).body.hash, body.hash);
  });

  it("waits for a disabled contract's statement only where something was booked through it", async () => {
    const account = platform.demo.channel_account_id;
    const payment = (await platform.pay({ method: "alipay.qr", amount: 10_000 })).body;
    await platform.payCode(payment.next_action.qr_code);
    await platform.until(payment.id, (seen) => seen.status === "succeeded");
    await platform.ops("POST", `/v1/ops/channel_accounts/${account}/disable`);
    const moved = await days.next();
    assert.match(await days.waitsFor(moved), new RegExp(`${account} ${moved}`));
    await days.close(moved);

    const metrics = async () => await (await fetch(`${platform.baseUrl}/metrics`)).text();
    assert.match(await metrics(), /^tributary_close_unfinished_days 0$/m);
    const quiet = await days.next();
    platform.clock.advance(10_000);
    const told = await metrics();
    assert.match(told, /^tributary_close_unfinished_days 1$/m);
    assert.match(told, /^tributary_close_unfinished_seconds [1-9]\d*/m);
    const awaited = await days.waitsFor(quiet);
    assert.match(awaited, new RegExp(` cha_\\w+ ${quiet}$`), "all are named");
    assert.doesNotMatch(awaited, new RegExp(`${account} ${quiet}`));
    await days.close(quiet);
    const { missing_statements: missing } = await days.report(quiet);
    assert.ok(missing.includes(`${account} ${quiet}`), "the report says that it was not there");
    await platform.ops("POST", `/v1/ops/channel_accounts/${account}/enable`);
  });

  it("is closed by the calendar in the night after it, after the day before it", async () => {
    const first = await days.next();
    const second = await days.next();
    await days.next();
    for (const date of [first, second]) await days.begun(date);
    const [one, two] = [await days.close(first), await days.close(second)];
    assert.deepEqual([one.requested_by, two.requested_by], [null, null]);
    assert.ok(
      one.ended_at <= two.ended_at,
      `${first} ended at ${one.ended_at}, ${second} at ${two.ended_at}`,
    );
  });

  it("opens its report as a page by a link alone, which is of one day and ends", async () => {
    const date = await days.next();
    await platform.ops("POST", `/v1/ops/days/${date}/close`);
    await days.close(date);
    const { url } = (await platform.ops("POST", `/v1/ops/days/${date}/report_link`)).body;
    const page = await fetch(url);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    const text = await page.text();
    assert.match(text, new RegExp(`Close of ${date}`));
    assert.match(text, /channel receivable/);
    assert.equal((await fetch(url.replace(date, "2026-01-01"))).status, 403);
    assert.equal((await fetch(url.slice(0, -3))).status, 403);
    platform.clock.advance(DAY / 96);
    assert.equal((await fetch(url)).status, 403);
  });

  it("is closed from a terminal, which prints each step", async () => {
    await days.close(await days.next());
    const date = await days.next();
    const { operator_token: token } = platform.demo;
    const printed: string[] = [];
    const terminal = {
      out: (line: string) => printed.push(line),
      clock: systemClock,
      where: { dataDir: "", operatorKey: null, url: platform.baseUrl, token },
    };
    assert.equal(await closeDay({ date, withoutStatements: false, wait: false }, terminal), 3);
    assert.match(printed.join(""), /⏸ Get the channels' statements: the statements cha_/);
    await days.close(date);
    assert.equal(await closeDay({ date, withoutStatements: false, wait: false }, terminal), 0);
    assert.match(printed.join(""), /✓ Prove the books: all \d+ invariants hold/);
    assert.match(printed.at(-1) ?? "", /is closed/);
    await assert.rejects(
      closeDay({ date: days.today(), withoutStatements: false, wait: false }, terminal),
      /open/,
    );
    await assert.rejects(
      closeDay({ date: "today", withoutStatements: false, wait: false }, terminal),
      /--date/,
    );
  });

  it("that the books never had is refused by name", async () => {
    const { status, body } = await platform.ops("POST", "/v1/ops/days/2001-02-03/close");
    assert.deepEqual([status, body.code], [404, "not_found"]);
    assert.match(body.detail, /2001-02-03/);
    const wrong = await platform.ops("POST", "/v1/ops/days/2001-02-30/close");
    assert.deepEqual([wrong.status, wrong.body.field], [400, "params.date"]);
    assert.equal((await platform.api("GET", "/v1/ops/days")).status, 401);
  });
});
