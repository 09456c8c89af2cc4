/**
 * Two days with an answer key: what waits on the first is explained by the second, or told there again. Of
 * contracts whose money passes the platform, and of others.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../kernel/clock.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { extractPath } from "./generation/extract.ts";
import { createReconciliation, type Reconciliation, type ReconciliationDeps } from "./generation/service.ts";
import { type Contract, openTestBooks, type TestBooks } from "./testing/books.ts";
import { answerOf, shown } from "./testing/day/answers.ts";
import { CHANNELS } from "./testing/day/contracts.ts";
import { makeDay } from "./testing/day/day.ts";
import { throughTheFile } from "./testing/day/read.ts";
import type { Answer, Day } from "./testing/day/telling.ts";
import { givenBy } from "./testing/given.ts";
import { channelTerms } from "./testing/traits.ts";

const [FIRST, SECOND, THIRD] = ["2026-03-06", "2026-03-07", "2026-03-08"] as const;
const FUND_FLOWS = ["through_platform", "direct_to_merchant", "bank_custody"] as const;
const ORDERS = 45;
const goOn = async () => {};

let folder = "";
let engine: Engine;
let books: TestBooks;
let reconciliation: Reconciliation;
const contracts: Contract[] = [];
/** The days of each date, in the order of the contracts. */
const days = new Map<string, Day[]>();
const dayOf = (date: string, at: number) => days.get(date)?.[at] as Day;

function deps(): ReconciliationDeps {
  return {
    cell: books.cell,
    engine,
    folder,
    ...channelTerms,
    accountOf: async (id) => contracts.find(({ channelAccountId }) => channelAccountId === id) ?? null,
    statements: givenBy(async ({ channelAccountId, channelDate }) => {
      const at = contracts.findIndex((contract) => contract.channelAccountId === channelAccountId);
      const { channel } = contracts[at] as Contract;
      const { lines, failed, strangers } = dayOf(channelDate, at);
      const read = await throughTheFile(channel, channelDate, lines, failed);
      const hash = createHash("sha256").update(`${channelAccountId} ${channelDate}`).digest();
      const marked = read.map((line) => ({ ...line, isStrangers: strangers.has(line.channelTradeNo) }));
      return { id: books.newId(), hash, lines: marked };
    }),
  };
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-days-"));
  engine = createEngine({ clock: systemClock, folder });
  books = await openTestBooks(FIRST);
  reconciliation = createReconciliation(deps());
  for (const fundFlow of FUND_FLOWS) {
    for (const channel of CHANNELS.filter(({ costGross }) => !costGross)) {
      const ids = { channelAccountId: books.newId(), merchantId: books.newId() };
      const contract: Contract = { ...channel, ...ids, fundFlow };
      contracts.push(contract);
      await books.openContract(contract);
    }
  }
});
after(async () => {
  await engine.stop();
  await books.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Books a day of each contract, closes it, and compares it. */
async function live(date: string, next: string): Promise<void> {
  const before = [...days.values()].at(-1);
  const made = contracts.map((contract, at) =>
    makeDay(books, {
      seed: at + 1,
      contract,
      date,
      orders: ORDERS,
      brokenPerMille: 100,
      ...(before !== undefined && { after: before[at] as Day }),
    }),
  );
  days.set(date, made);
  for (const day of made) await books.write(day);
  await books.close(date, next);
  const scopes = contracts.map(({ channelAccountId }) => ({ channelAccountId, channelDate: date }));
  for (const { end } of await reconciliation.reconcile(scopes, { closedThrough: date, goOn })) {
    assert.equal(end, "done");
  }
}

async function foundOf({ channelAccountId }: Contract, channelDate: string): Promise<Answer[]> {
  const generation = await reconciliation.currentGeneration({ channelAccountId, channelDate });
  assert.ok(generation !== null);
  const found: Answer[] = [];
  for await (const finding of reconciliation.findings(generation.id)) found.push(answerOf(finding));
  return found;
}

describe("on two days with an answer key, of every channel and every way of the money", () => {
  before(async () => {
    await live(FIRST, SECOND);
    await live(SECOND, THIRD);
  });

  test("taken out with its journals side by side, a date comes to the same bytes", async () => {
    const other = join(folder, "side-by-side");
    const asked = { ...deps(), folder: other, sideBySideMin: 1 };
    for (const date of [FIRST, SECOND]) {
      const { journals } = await createReconciliation(asked).extract(date, goOn);
      assert.ok(journals > 500n, `${journals}`);
      assert.deepEqual(readFileSync(extractPath(other, date)), readFileSync(extractPath(folder, date)));
    }
  });

  for (const date of [FIRST, SECOND]) {
    test(`all breaks of ${date} are found as they wait or stand, and nothing else`, async () => {
      for (const [at, contract] of contracts.entries()) {
        const { key } = dayOf(date, at);
        const found = await foundOf(contract, date);
        const title = `${contract.channel}, ${contract.fundFlow}`;
        assert.deepEqual(found.map(shown).sort(), key.map(shown).sort(), title);
      }
    });
  }

  test("some of what waited is explained by the second day, and the rest stands on it", () => {
    for (const [at] of contracts.entries()) {
      const waited = dayOf(FIRST, at).key.filter(({ pending }) => pending);
      const stand = dayOf(SECOND, at).key.filter(({ channelDate }) => channelDate === FIRST);
      assert.ok(stand.length >= 6 && waited.length >= stand.length + 4, `${waited.length} ${stand.length}`);
    }
  });
});
