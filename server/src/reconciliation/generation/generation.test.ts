import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { StatementLine } from "../../channels/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { type Progress, progressOf } from "../../kernel/progress.ts";
import { foreignRefundId } from "../../payments/foreign-refunds.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import type { Finding, Scope } from "../model.ts";
import {
  type Contract,
  type Order,
  openTestBooks,
  orderOf,
  successOf,
  type TestBooks,
} from "../testing/books.ts";
import { givenBy } from "../testing/given.ts";
import { channelTerms } from "../testing/traits.ts";
import { extractPath, packedPath } from "./extract.ts";
import { createReconciliation, type Reconciled, type Reconciliation } from "./service.ts";

const goOn = async () => {};
const [D1, D2, D3, D4] = ["2026-03-06", "2026-03-07", "2026-03-08", "2026-03-09"] as const;

let books: TestBooks;
let folder = "";
let extracts = "";
let engine: Engine;
let reconciliation: Reconciliation;
const contracts = new Map<string, Contract>();
const statements = new Map<string, readonly StatementLine[]>();
const keyOf = ({ channelAccountId, channelDate }: Scope) => `${channelAccountId} ${channelDate}`;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-generation-"));
  engine = createEngine({ clock: systemClock, folder });
});
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function fresh(): Promise<void> {
  books = await openTestBooks(D1);
  contracts.clear();
  statements.clear();
  extracts = mkdtempSync(join(folder, "extracts-"));
  reconciliation = createReconciliation({
    cell: books.cell,
    engine,
    folder: extracts,
    sideBySideMin: 1,
    ...channelTerms,
    accountOf: async (id) => contracts.get(id) ?? null,
    statements: givenBy(async (scope) => {
      const lines = statements.get(keyOf(scope));
      if (lines === undefined) return null;
      const text = JSON.stringify(lines, (_, value) =>
        typeof value === "bigint" ? value.toString() : value,
      );
      return { id: books.newId(), hash: createHash("sha256").update(text).digest(), lines };
    }),
  });
}

async function contract(rest: Partial<Contract> = {}): Promise<Contract> {
  const made: Contract = {
    channelAccountId: books.newId(),
    merchantId: books.newId(),
    channel: "alipay",
    method: "alipay.qr",
    fundFlow: "through_platform",
    currencies: ["CNY"],
    costGross: false,
    ...rest,
  };
  contracts.set(made.channelAccountId, made);
  await books.openContract(made);
  return made;
}

function lineOf(order: Order, rest: Partial<StatementLine> = {}): StatementLine {
  const at = new Date(`${D1}T04:00:00Z`);
  return {
    line: 1,
    kind: "payment",
    channelTradeNo: order.tradeNo,
    channelOrderNo: order.orderNo,
    channelRefundNo: null,
    amount: order.taken?.amount ?? order.amount,
    settleAmount: order.taken?.settle ?? order.amount,
    fee: order.taken?.cost ?? 1n,
    currency: order.currency,
    createdAt: at,
    finishedAt: at,
    subject: "Tea",
    ...rest,
  };
}

const at = ({ channelAccountId }: Contract, channelDate: string): Scope => ({
  channelAccountId,
  channelDate,
});

async function run(scope: Scope, closedThrough = scope.channelDate): Promise<Reconciled> {
  const all = await reconciliation.reconcile([scope], { closedThrough, goOn });
  const own = all.find((one) => keyOf(one) === keyOf(scope));
  assert.ok(own !== undefined);
  return own;
}

async function foundOf(scope: Scope): Promise<readonly Finding[]> {
  const generation = await reconciliation.currentGeneration(scope);
  assert.ok(generation !== null);
  const found: Finding[] = [];
  for await (const finding of reconciliation.findings(generation.id)) found.push(finding);
  return found;
}

const shown = ({ kind, channelDate, pending }: Finding) =>
  `${kind} ${channelDate}${pending ? " pending" : ""}`;

describe("a day of several accounts", () => {
  let shops: Contract[] = [];
  let orders: Order[] = [];
  before(async () => {
    await fresh();
    shops = [
      await contract(),
      await contract({ costGross: true }),
      await contract({ fundFlow: "bank_custody" }),
    ];
    orders = shops.flatMap((shop) => [100n, 200n, 300n].map((amount) => orderOf(books, shop, amount, D1)));
    await books.write({ orders, movements: orders.map((order) => successOf(order)) });
    await books.close(D1, D2);
    for (const shop of shops) {
      const own = orders.filter((order) => order.contract === shop);
      statements.set(
        keyOf(at(shop, D1)),
        own.slice(0, 2).map((order) => lineOf(order)),
      );
    }
  });
  after(() => books.drop());

  test("is compared in one go, and each account's findings are its own", async () => {
    const scopes = shops.map((shop) => at(shop, D1));
    const results = await reconciliation.reconcile(scopes, { closedThrough: D1, goOn });
    assert.deepEqual(
      results.map(({ end }) => end),
      ["done", "done", "done"],
    );
    for (const [index, scope] of scopes.entries()) {
      const found = await foundOf(scope);
      assert.deepEqual(found.map(shown), [`payment_ours_only ${D1} pending`]);
      assert.equal(found[0]?.attemptId, orders[index * 3 + 2]?.attemptId);
    }
    const totals = await books.query(
      `select theirs_count, ours_count, ours_settle::int as settle, ours_fee::int as fee
       from reconciliation_totals
       where reconciliation_id = $1`,
      [(await reconciliation.currentGeneration(scopes[0] as Scope))?.id],
    );
    assert.deepEqual(totals, [{ theirs_count: 2, ours_count: 3, settle: 600, fee: 3 }]);
  });

  test("is not written again from the same inputs", async () => {
    const again = await run(at(shops[0] as Contract, D1));
    assert.ok(again.end === "done" && !again.isNew && again.generation.generation === 1);
  });

  test("tells after each date how many are compared", async () => {
    const told: (Progress | undefined)[] = [];
    const scopes = [at(shops[0] as Contract, D2), ...shops.map((shop) => at(shop, D1))];
    await reconciliation.reconcile(scopes, { closedThrough: D1, goOn: async (step) => void told.push(step) });
    assert.deepEqual(
      told.filter((step) => step !== undefined),
      // The second date is open.
      [progressOf(3, 4), progressOf(3, 4)],
    );
  });

  test("is taken out of the ledger with the same bytes each time", async () => {
    const { hash, entries } = await reconciliation.extract(D1, goOn);
    assert.equal(entries, 12n);
    const first = readFileSync(extractPath(extracts, D1));
    rmSync(extractPath(extracts, D1));
    await reconciliation.extract(D1, goOn);
    assert.deepEqual(readFileSync(extractPath(extracts, D1)), first);
    assert.deepEqual(createHash("sha256").update(first).digest(), hash);
    await assert.rejects(reconciliation.extract(D2, goOn), /not closed/);
  });

  test("is packed anew when it is taken out anew, and a packing that fails leaves nothing", async () => {
    const packing = (pack: Engine["pack"]) =>
      createReconciliation({
        cell: books.cell,
        engine: { ...engine, pack },
        folder: extracts,
        ...channelTerms,
        accountOf: async () => null,
        statements: givenBy(async () => null),
        largeBytesMin: 1,
      });
    const files = () => readdirSync(extracts).filter((name) => name.includes(".parquet"));
    const failing = packing(async (_, to) => {
      writeFileSync(to, "half");
      throw new Error("no room");
    });
    await assert.rejects(failing.extract(D1, goOn), /no room/);
    assert.deepEqual(files(), []);

    // The books are another backup's, and the folder is not.
    writeFileSync(packedPath(extracts, D1), "of other books");
    await books.query("delete from extract_sums");
    await books.query("delete from extracts");
    await packing(engine.pack).extract(D1, goOn);
    assert.deepEqual(files(), [`movements-${D1}.parquet`]);
    assert.equal(readFileSync(packedPath(extracts, D1)).subarray(0, 4).toString(), "PAR1");
  });
});

describe("what a channel gave back by itself", () => {
  before(fresh);
  after(() => books.drop());

  test("is of the attempt that it was told of, where two of a payment took money", async () => {
    const shop = await contract({ channel: "stripe", method: "card" });
    const first = orderOf(books, shop, 500n, D1);
    const second = { ...orderOf(books, shop, 500n, D1), paymentId: first.paymentId };
    const back = {
      kind: "break_refund_theirs" as const,
      order: second,
      settle: -3n,
      fee: 0n,
      channelDate: D1,
    };
    await books.write({ orders: [first, second] });
    await books.query("update attempts set foreign_refunds = $2 where id = $1", [
      second.attemptId,
      '[["re_0","9",true],["re_1","3",false]]',
    ]);
    const told = books.newId();
    await books.query(
      `insert into exchanges (payment_id, id, attempt_id, operation, call_end, decision, request, started_at,
         took_ms, decided_at)
       values ($1, $2, $3, 'query', 'answered', 'refunded_by_channel', '', now(), 1, now())`,
      [second.paymentId, told, second.attemptId],
    );
    await books.write({
      movements: [
        successOf(first, "surplus_success"),
        successOf(second),
        { ...back, sourceId: foreignRefundId(second.attemptId, "re_1") },
        { ...back, sourceId: told },
      ],
    });
    await books.close(D1, D2);
    await reconciliation.extract(D1, goOn);
    const rows = readFileSync(extractPath(extracts, D1), "utf8").split("\n");
    const ofBreaks = rows.filter((row) => row.includes("break_refund_theirs"));
    assert.deepEqual(
      ofBreaks.map((row) => [row.includes(second.orderNo), row.includes(first.orderNo)]),
      [
        [true, false],
        [true, false],
      ],
    );
  });
});

describe("across days", () => {
  let shop: Contract;
  before(async () => {
    await fresh();
    shop = await contract();
  });
  after(() => books.drop());
  const day = (date: string) => at(shop, date);
  const give = (date: string, lines: readonly StatementLine[]) => statements.set(keyOf(day(date)), lines);

  test("what the next day explains is told as pending, and then no more", async () => {
    // Billed on the first day, heard of after midnight; and the other way round.
    const [late, early, lost] = [
      orderOf(books, shop, 100n, D1),
      orderOf(books, shop, 200n, D1),
      orderOf(books, shop, 300n, D1),
    ];
    await books.write({ orders: [early, lost], movements: [successOf(early), successOf(lost)] });
    await books.close(D1, D2);
    give(D1, [lineOf(late)]);
    const first = await run(day(D1));
    assert.ok(first.end === "done" && first.generation.carriedFrom === null);
    assert.deepEqual((await foundOf(day(D1))).map(shown), [
      `payment_ours_only ${D1} pending`,
      `payment_ours_only ${D1} pending`,
      `payment_theirs_only ${D1} pending`,
    ]);

    await books.write({ orders: [late], movements: [successOf(late)] });
    await books.close(D2, D3);
    give(D2, [lineOf(early)]);
    const second = await run(day(D2));
    assert.ok(second.end === "done" && second.generation.carriedFrom === first.generation.id);
    const found = await foundOf(day(D2));
    assert.deepEqual(found.map(shown), [`payment_ours_only ${D1}`]);
    const before = (await foundOf(day(D1))).find(({ attemptId }) => attemptId === lost.attemptId);
    assert.equal(found[0]?.matchKey, before?.matchKey);
    assert.equal(found[0]?.ours, before?.ours);
    assert.deepEqual([second.generation.lines, second.generation.movements], [1, 1]);
  });

  test("an order without money is told by its status, and a line after its day as a duplicate", async () => {
    const [silent, paid] = [orderOf(books, shop, 100n, null), orderOf(books, shop, 200n, D3)];
    await books.write({ orders: [silent, paid], movements: [successOf(paid)] });
    await books.close(D3, D4);
    give(D3, [lineOf(silent), lineOf(paid)]);
    await run(day(D3));
    const [status] = await foundOf(day(D3));
    assert.equal(status && shown(status), `status ${D3} pending`);
    assert.deepEqual([status?.side, status?.attemptId], ["both", silent.attemptId]);

    // The line goes through the door, which books it; and the other is billed once more.
    const taken = { amount: 100n, settle: 100n, cost: 1n, channelDate: D3 };
    const heard = { ...silent, taken };
    await books.query(
      `update attempts set state = 'succeeded', paid_amount = 100, settle_amount = 100, fee_amount = 0,
         cost_amount = 1, cost_gross = false, paid_at = created_at, channel_date = $2, channel_trade_no = $3
       where id = $1`,
      [silent.attemptId, D3, silent.tradeNo],
    );
    await books.write({ movements: [successOf(heard)] });
    await books.close(D4, "2026-03-10");
    give(D4, [lineOf(paid)]);
    await run(day(D4));
    assert.deepEqual((await foundOf(day(D4))).map(shown), [`duplicate_theirs ${D4}`]);
  });

  test("a line that comes days late is no duplicate", async () => {
    const [lost] = (await foundOf(day(D2))).filter(({ kind }) => kind === "payment_ours_only");
    const row = JSON.parse(lost?.ours ?? "{}");
    const numbers = { channelOrderNo: row.channel_order_no, channelTradeNo: row.channel_trade_no };
    await books.close("2026-03-10", "2026-03-11");
    const line = { ...lineOf(orderOf(books, shop, 300n, D1)), ...numbers };
    give("2026-03-10", [line]);
    await run(day("2026-03-10"));
    const [found] = await foundOf(day("2026-03-10"));
    assert.deepEqual(
      [found && shown(found), found?.attemptId],
      ["payment_theirs_only 2026-03-10 pending", lost?.attemptId],
    );
  });

  test("a corrected statement makes another generation, and the days that its findings reach", async () => {
    const [early] = (await foundOf(day(D1))).filter(({ oursAmount }) => oursAmount === 200n);
    const row = JSON.parse(early?.ours ?? "{}");
    const numbers = { channelOrderNo: row.channel_order_no, channelTradeNo: row.channel_trade_no };
    const line = { ...lineOf(orderOf(books, shop, 200n, D1)), ...numbers };
    give(D1, [...(statements.get(keyOf(day(D1))) ?? []), line]);
    const results = await reconciliation.reconcile([day(D1)], { closedThrough: "2026-03-10", goOn });
    assert.deepEqual(
      results.map((one) => [
        one.channelDate,
        one.end === "done" && one.isNew,
        one.end === "done" && one.generation.generation,
      ]),
      [
        [D1, true, 2],
        [D2, true, 2],
        // What reached the third day is the same as before.
        [D3, false, 1],
      ],
    );
    const again = await reconciliation.currentGeneration(day(D1));
    assert.equal(again?.closedThrough, D1);
    assert.deepEqual((await foundOf(day(D2))).map(shown), [
      `payment_ours_only ${D1}`,
      `duplicate_theirs ${D2}`,
    ]);
    assert.equal((await reconciliation.generations(day(D1))).length, 2);
  });

  test("a scope without a statement waits, and so does one whose accounting date is open", async () => {
    const [missing] = await reconciliation.reconcile([day("2026-03-11")], {
      closedThrough: "2026-03-10",
      goOn,
    });
    assert.deepEqual(
      [missing?.end, missing?.end === "waiting" && missing.reason],
      ["waiting", "its statement is not there yet"],
    );
    give("2026-03-11", []);
    const [open] = await reconciliation.reconcile([day("2026-03-11")], { closedThrough: "2026-03-11", goOn });
    assert.match(open?.end === "waiting" ? open.reason : "", /2026-03-11 is not closed/);
  });
});
