/**
 * Days with an answer key, through the channels' real formats: all that is wrong is found, and nothing else.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import iconv from "iconv-lite";
import { parseStatement } from "../channels/alipay/bill.ts";
import { orFault, StatementFault, type StatementLine } from "../channels/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { chanceOf } from "../statements/testing/chance.ts";
import { mutateBytes, mutateText } from "../statements/testing/mutate.ts";
import { createEngine, type Engine } from "./engine/engine.ts";
import { createReconciliation } from "./generation/service.ts";
import type { Finding } from "./model.ts";
import { type Contract, openTestBooks, type TestBooks } from "./testing/books.ts";
import { answerOf, shown } from "./testing/day/answers.ts";
import { CHANNELS } from "./testing/day/contracts.ts";
import { type DayOptions, makeDay } from "./testing/day/day.ts";
import { throughTheFile } from "./testing/day/read.ts";
import type { Day } from "./testing/day/telling.ts";
import { alipayStatement } from "./testing/day/writers.ts";
import { givenBy } from "./testing/given.ts";
import { channelTerms } from "./testing/traits.ts";

const DATE = "2026-03-06";
/** Days of a hundred broken orders in a thousand, and one whose kinds have rates of their own. */
const DAYS: readonly Omit<DayOptions, "contract" | "date">[] = [
  ...[1, 2, 3, 4].map((seed) => ({ seed, orders: 45, brokenPerMille: 100 })),
  {
    seed: 5,
    orders: 250,
    brokenPerMille: 20,
    perMille: { amount: 150, refund_ours_only: 80, duplicate_theirs: 40, unknown_merchant: 0 },
  },
];
/** Files that were damaged where it does not count. */
const MUTANTS = 12;
const goOn = async () => {};

let folder = "";
let engine: Engine;
let books: TestBooks;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-key-"));
  engine = createEngine({ clock: systemClock, folder });
  books = await openTestBooks(DATE);
});
after(async () => {
  await engine.stop();
  await books.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Told = { readonly title: string; readonly contract: Contract; readonly day: Day };

async function linesOf({ contract, day }: Told): Promise<readonly StatementLine[]> {
  const lines = await throughTheFile(contract.channel, DATE, day.lines, day.failed);
  return lines.map((line) => ({ ...line, isStrangers: day.strangers.has(line.channelTradeNo) }));
}

describe("on days with an answer key, of every channel", () => {
  const told: Told[] = [];
  const found = new Map<string, readonly Finding[]>();
  const hashes: string[][] = [];
  let reversed = false;
  before(async () => {
    for (const given of DAYS) {
      for (const channel of CHANNELS) {
        const contract = { ...channel, channelAccountId: books.newId(), merchantId: books.newId() };
        await books.openContract(contract);
        const day = makeDay(books, { ...given, contract, date: DATE });
        await books.write(day);
        const title = `${channel.channel}${channel.costGross ? ", gross" : ""}, seed ${given.seed}`;
        told.push({ title, contract, day });
      }
    }
    await books.close(DATE, "2026-03-07");
    const byAccount = new Map(told.map((one) => [one.contract.channelAccountId, one]));
    const reconciliation = createReconciliation({
      cell: books.cell,
      engine,
      folder,
      ...channelTerms,
      accountOf: async (id) => byAccount.get(id)?.contract ?? null,
      statements: givenBy(async ({ channelAccountId }) => {
        const own = byAccount.get(channelAccountId) as Told;
        const hash = createHash("sha256").update(`${channelAccountId} ${reversed}`).digest();
        const lines = await linesOf(own);
        return { id: channelAccountId, hash, lines: reversed ? lines.toReversed() : lines };
      }),
    });
    const scopes = told.map(({ contract }) => ({
      channelAccountId: contract.channelAccountId,
      channelDate: DATE,
    }));
    for (const one of await reconciliation.reconcile(scopes, { closedThrough: DATE, goOn })) {
      assert.ok(one.end === "done");
      hashes.push([one.generation.resultHash.toString("hex")]);
      const findings: Finding[] = [];
      for await (const finding of reconciliation.findings(one.generation.id)) findings.push(finding);
      found.set(one.channelAccountId, findings);
    }
    reversed = true;
    const again = await reconciliation.reconcile(scopes, { closedThrough: DATE, goOn });
    again.forEach((one, index) => {
      assert.ok(one.end === "done" && one.isNew);
      hashes[index]?.push(one.generation.resultHash.toString("hex"));
    });
  });

  test("a statement whose rows come the other way round makes the same findings, byte for byte", () => {
    assert.equal(hashes.length, DAYS.length * CHANNELS.length);
    for (const [first, other] of hashes) assert.equal(other, first);
  });

  for (const { seed } of DAYS) {
    for (const { channel, costGross } of CHANNELS) {
      const title = `${channel}${costGross ? ", gross" : ""}, seed ${seed}`;
      test(`all breaks are found, and nothing else: ${title}`, () => {
        const own = told.find((one) => one.title === title) as Told;
        const findings = found.get(own.contract.channelAccountId) ?? [];
        assert.ok(own.day.key.length > 10);
        assert.deepEqual(findings.map(answerOf).map(shown).sort(), own.day.key.map(shown).sort());
      });
    }
  }
});

describe("a statement read by the engine itself", () => {
  const date = "2026-03-07";
  let contract: Contract;
  let day: Day;
  const resultOf = async (original: Buffer, lines: readonly StatementLine[], largeBytesMin: number) => {
    const alipayFile = async () => ({
      bytes: original.length,
      writeTo: async (path: string) => writeFileSync(path, original),
    });
    const hash = createHash("sha256").update(original).update(String(largeBytesMin)).digest();
    const reconciliation = createReconciliation({
      cell: books.cell,
      engine,
      folder,
      largeBytesMin,
      ...channelTerms,
      accountOf: async () => contract,
      statements: givenBy(async () => ({ id: books.newId(), hash, lines, alipayFile })),
    });
    const scope = { channelAccountId: contract.channelAccountId, channelDate: date };
    const [one] = await reconciliation.reconcile([scope], { closedThrough: date, goOn });
    assert.ok(one?.end === "done");
    const { resultHash, lines: count, movements, matched, findings } = one.generation;
    const { id } = one.generation;
    const totals = await books.query(
      `select currency, kind, theirs_count, theirs_amount, theirs_settle, theirs_fee, ours_count, ours_amount,
         ours_settle, ours_fee
       from reconciliation_totals
       where reconciliation_id = $1
       order by kind`,
      [id],
    );
    return { result: resultHash.toString("hex"), count, movements, matched, findings, totals };
  };
  before(async () => {
    const channel = CHANNELS[0] as (typeof CHANNELS)[number];
    contract = { ...channel, channelAccountId: books.newId(), merchantId: books.newId() };
    await books.openContract(contract);
    day = makeDay(books, { seed: 7, contract, date, orders: 80, brokenPerMille: 100 });
    await books.write(day);
    await books.close(date, "2026-03-08");
  });

  test("makes the findings and totals that its lines make, one by one", async () => {
    const original = alipayStatement(date, day.lines);
    const { lines } = parseStatement(original, Buffer.alloc(0));
    const byLine = await resultOf(original, lines, Number.MAX_SAFE_INTEGER);
    // Without its lines: only the engine can have read them.
    const byEngine = await resultOf(original, [], 0);
    assert.deepEqual(byEngine, byLine);
    assert.ok(byLine.findings > 10);
  });

  const mutated = (change: (text: string) => string) =>
    iconv.encode(change(iconv.decode(alipayStatement(date, day.lines), "gbk")), "gbk");
  /** The first row of the list, changed. */
  const withRow = (change: (row: string) => string) =>
    mutated((text) => text.replace(/\r\n(\d{10,}[^\r\n]*)/, (_, row: string) => `\r\n${change(row)}`));
  const inSubject = (subject: string) =>
    mutated((text) =>
      text
        .split("\r\n")
        .map((row) => (/^\d{10,}/.test(row) ? row.replace(/^((?:[^,]*,){3})[^,]*/, `$1${subject}`) : row))
        .join("\r\n"),
    );
  /** Of those that are irregular the lines are read; of the others only the engine can have read them. */
  const odd: readonly (readonly [title: string, file: () => Buffer, isIrregular?: true])[] = [
    ["quotes in subjects", () => inSubject(`"tea" and 'cake`)],
    ["a quote alone in subjects", () => inSubject(`"`)],
    ["a backslash in subjects", () => inSubject("a\\nb\\")],
    ["Chinese in subjects, 〇 and full-width signs", () => inSubject("龙井茶，一百克〇“甲”")],
    ["a tab within subjects", () => inSubject("a\tb")],
    ["a control character in subjects", () => inSubject("a\u0001b")],
    ["a carriage return within subjects", () => inSubject("a\rb"), true],
    ["the word NULL and nothing as subjects", () => inSubject("NULL")],
    ["no subject", () => inSubject("")],
    ["lines that end with a line feed alone", () => mutated((text) => text.replaceAll("\r\n", "\n"))],
    ["one line that ends so", () => oneBareFeed(), true],
    ["cells padded with blanks", () => withRow((row) => row.replaceAll("\t,", "\t  ,")), true],
    ["amounts with a plus and no cents", () => withRow((row) => row.replace(/,(\d+)\.00,/, ",+$1,"))],
  ];
  const oneBareFeed = () => {
    const text = iconv.decode(alipayStatement(date, day.lines), "gbk").split("\r\n");
    return iconv.encode(`${text.slice(0, 8).join("\r\n")}\n${text.slice(8).join("\r\n")}`, "gbk");
  };
  for (const [title, file, isIrregular = false] of odd) {
    test(`with ${title}, it makes what its lines make`, async () => {
      const original = file();
      const { lines } = parseStatement(original, Buffer.alloc(0));
      const byLine = await resultOf(original, lines, Number.MAX_SAFE_INTEGER);
      assert.deepEqual(await resultOf(original, isIrregular ? lines : [], 0), byLine);
    });
  }

  test("of files that were damaged and are read all the same, it makes what their lines make", async () => {
    let read = 0;
    for (let seed = 1; read < MUTANTS; seed += 1) {
      const chance = chanceOf(seed);
      const whole = alipayStatement(date, day.lines);
      const original =
        seed % 2 === 0
          ? mutateBytes(whole, chance).bytes
          : iconv.encode(mutateText(iconv.decode(whole, "gbk"), chance).text, "gbk");
      const statement = await orFault(() => parseStatement(original, Buffer.alloc(0)));
      if (statement instanceof StatementFault || original.equals(whole)) continue;
      read += 1;
      const byLine = await resultOf(original, statement.lines, Number.MAX_SAFE_INTEGER);
      // With its lines: what is irregular is left to the strict reader.
      assert.deepEqual(await resultOf(original, statement.lines, 0), byLine, `seed ${seed}`);
    }
  });

  test("that is irregular anywhere is left to the strict reader", async () => {
    const original = alipayStatement(date, day.lines);
    const at = original.indexOf("\r\n2026030");
    const damaged = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(original);
      change(bytes);
      return bytes;
    };
    const strict = await resultOf(original, [], Number.MAX_SAFE_INTEGER);
    for (const [title, bytes] of [
      [
        "a pair that GBK does not have",
        damaged((all) => all.writeUInt16BE(0x81ff, all.indexOf(",2026-03", at) - 2)),
      ],
      [
        "another sum than the trailer's",
        damaged((all) => all.writeUInt8(0x39, all.indexOf(".", all.indexOf(".", at) + 1) - 1)),
      ],
      [
        "a line less than the trailer's count",
        Buffer.concat([
          original.subarray(0, at + 2),
          original.subarray(original.indexOf("\r\n", at + 2) + 2),
        ]),
      ],
      ["a line with a cell less", damaged((all) => all.writeUInt8(0x20, all.indexOf(",", at)))],
    ] as const) {
      assert.equal((await resultOf(bytes, [], 0)).result, strict.result, title);
    }
  });
});
