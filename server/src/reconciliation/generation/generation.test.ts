import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
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
import { extractPath } from "./extract.ts";
import type { GivenLine } from "./plan.ts";
import { createReconciliation, type Reconciled, type Reconciliation } from "./service.ts";

const goOn = async () => {};
const [D1, D2] = ["2026-03-06", "2026-03-07"] as const;

let books: TestBooks;
let folder = "";
let extracts = "";
let engine: Engine;
let reconciliation: Reconciliation;
const contracts = new Map<string, Contract>();
const statements = new Map<string, readonly GivenLine[]>();
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
    accountOf: async (id) => contracts.get(id) ?? null,
    statements: {
      statementOf: async (scope) => {
        const lines = statements.get(keyOf(scope));
        if (lines === undefined) return null;
        const text = JSON.stringify(lines, (_, value) =>
          typeof value === "bigint" ? value.toString() : value,
        );
        return { id: books.newId(), hash: createHash("sha256").update(text).digest(), lines };
      },
    },
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

function lineOf(order: Order, rest: Partial<GivenLine> = {}): GivenLine {
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
});
