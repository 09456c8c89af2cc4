import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../kernel/clock.ts";
import { openPostgresEngine, type PostgresEngine } from "../testing/postgres-engine.ts";
import { comparisonOf, ourRow, scopeRow, theirRow } from "../testing/rows.ts";
import { createEngine, type Engine, EngineFailed, type InScope } from "./engine.ts";
import type { FoundRow, OurRow, ScopeRow, TheirRow } from "./rows.ts";

let folder = "";
let engine: Engine;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-engine-"));
  engine = createEngine({ clock: systemClock, folder });
});
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Their = Partial<InScope<TheirRow>>;
type Our = Partial<InScope<OurRow>>;

/** A day of one account, and what differs: kind, side, what settles and what is charged more there. */
type Case = {
  readonly title: string;
  readonly theirs: readonly Their[];
  readonly ours: readonly Our[];
  readonly expected: readonly string[];
  readonly scope?: Partial<ScopeRow>;
};

/** Every case as an account of its own, all compared at once. */
function rowsOf(cases: readonly Case[]) {
  const scopes = cases.map((one, scope) => ({
    ...scopeRow,
    channelAccountId: `01980000-0000-7000-8000-${String(scope).padStart(12, "0")}`,
    ...one.scope,
    scope,
  }));
  const theirs = cases.flatMap((one, scope) => one.theirs.map((row) => ({ ...theirRow, ...row, scope })));
  const ours = cases.flatMap((one, scope) =>
    one.ours.map((row, index) => ({ ...ourRow, journalId: `j${index}`, ...row, scope })),
  );
  return { scopes, theirs, ours };
}

async function compare({ scopes, theirs, ours }: ReturnType<typeof rowsOf>): Promise<readonly FoundRow[]> {
  const comparison = await comparisonOf(scopes, theirs, ours);
  return (await engine.compare(comparison).finally(comparison.remove)).found;
}

const shown = ({ kind, side, settleDifference, feeDifference }: FoundRow) =>
  `${kind} ${side} ${settleDifference} ${feeDifference}`;

/** All of a finding but its place in a file. */
const text = (row: FoundRow) =>
  JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value));

const refundThere: Their = {
  kind: "refund",
  refundNo: "r1",
  amount: -40n,
  settle: -40n,
  toldFee: 0n,
};
const refundHere: Our = {
  kind: "refund",
  origin: "refund_accepted",
  refundNo: "r1",
  amount: -40n,
  settle: -40n,
  fee: 0n,
};
const backThere: Their = { ...refundThere, refundNo: "" };
const backHere: Our = { ...refundHere, origin: "break_refund_theirs", refundNo: "" };
const claimThere: Their = { kind: "dispute", orderNo: "", amount: -60n, settle: -60n, toldFee: 15n };
const claimHere: Our = { kind: "dispute", origin: "dispute_opened", amount: -60n, settle: -60n, fee: 15n };
const wholeThere: Their = { ...backThere, amount: -100n, settle: -100n, toldFee: -1n };
const wholeHere: Our = { ...backHere, origin: "surplus_reversed", amount: -100n, settle: -100n, fee: -1n };

const normal: readonly Case[] = (
  [
    ["a payment", [{}], [{}]],
    ["one trade number on a payment and its refunds", [{}, refundThere], [{}, refundHere]],
    ["a payment and its reversal", [{}, wholeThere], [{}, wholeHere]],
    ["a refund that the channel made by itself", [{}, backThere], [{}, backHere]],
    [
      "one that is told by the sum of its parts",
      [
        { ...backThere, refundNo: "x1", amount: -10n, settle: -10n },
        { ...backThere, refundNo: "x2", amount: -30n, settle: -30n },
      ],
      [backHere],
    ],
    ["a claim, which bears the payment's number alone", [{}, claimThere], [{}, claimHere]],
    [
      "a line without our number",
      [{ ...refundThere, orderNo: "", refundNo: "" }],
      [{ ...refundHere, refundNo: "" }],
    ],
    ["a code taken and reversed without a trace", [], [{ quiet: true }, { ...wholeHere, quiet: true }]],
    [
      "a refund that came to nothing, where none is billed",
      [],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
      { dropsFailedRefunds: true },
    ],
    [
      "a refund that came back, where that is never billed",
      [refundThere],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
    ],
    [
      "a refund that came back and is billed",
      [refundThere, { ...refundThere, amount: 40n, settle: 40n }],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
      { billsReturns: true },
    ],
    ["a voucher", [{ settle: 90n }], [{ settle: 90n }]],
    [
      "a refund's settled part off by one, where a voucher was part of the payment",
      [{ ...refundThere, settle: -36n }],
      [{ ...refundHere, settle: -35n, voucher: true }],
    ],
    ["a fee that is none of these books'", [{ toldFee: 9n }], [{ fee: 0n }], { comparesFee: false }],
    [
      "an order that was reversed for what was asked while another amount was paid",
      [
        { amount: 90n, settle: 90n, toldFee: 1n },
        { ...wholeThere, amount: -90n, settle: -90n },
      ],
      [{ origin: "surplus_success" }, wholeHere],
    ],
  ] as readonly [string, readonly Their[], readonly Our[], Partial<ScopeRow>?][]
).map(([title, theirs, ours, scope]) => ({ title, theirs, ours, expected: [], ...(scope && { scope }) }));

const different: readonly Case[] = (
  [
    ["a payment there only", [{}], [], ["payment_theirs_only theirs 100 1"]],
    ["a payment here only", [], [{}], ["payment_ours_only ours -100 -1"]],
    ["an amount", [{ amount: 90n, settle: 90n }], [{}], ["amount both -10 0"]],
    ["what settles", [{ settle: 90n }], [{}], ["amount both -10 0"]],
    ["a fee", [{ toldFee: 2n }], [{}], ["fee both 0 1"]],
    ["a currency", [{ currency: "USD" }], [{}], ["currency ours -100 -1", "currency theirs 100 1"]],
    ["a line twice", [{}, {}], [{}], ["duplicate_theirs theirs 100 1"]],
    [
      "a payment billed twice with another amount",
      [{}, { amount: 90n, settle: 90n }],
      [{}],
      ["duplicate_theirs theirs 90 1"],
    ],
    ["a payment booked twice", [{}], [{}, {}], ["duplicate_ours ours -100 -1"]],
    ["a refund there only", [{}, refundThere], [{}], ["refund_theirs_only theirs -40 0"]],
    ["a refund here only", [{}], [{}, refundHere], ["refund_ours_only ours 40 0"]],
    ["a refund billed twice", [refundThere, refundThere], [refundHere], ["duplicate_theirs theirs -40 0"]],
    [
      "a refund by itself billed twice",
      [
        { ...backThere, refundNo: "x1" },
        { ...backThere, refundNo: "x1" },
      ],
      [backHere],
      ["duplicate_theirs theirs -40 0"],
    ],
    ["a claim there only", [{}, claimThere], [{}], ["dispute_theirs_only theirs -60 15"]],
    ["a claim here only", [{}], [{}, claimHere], ["dispute_ours_only ours 60 -15"]],
    ["another's merchant number", [{ stranger: true }], [], ["unknown_merchant theirs 100 1"]],
    [
      "a code taken and reversed whose payment is billed",
      [{}],
      [{ quiet: true }, { ...wholeHere, quiet: true }],
      ["refund_ours_only ours 100 1"],
    ],
    [
      "the fee given back of a part that went by itself",
      [{ ...backThere, toldFee: -1n }],
      [backHere],
      ["fee both 0 -1"],
    ],
    [
      "a refund's settled part off by one without a voucher",
      [{ ...refundThere, settle: -39n }],
      [refundHere],
      ["amount both 1 0"],
    ],
  ] as readonly [string, readonly Their[], readonly Our[], readonly string[]][]
).map(([title, theirs, ours, expected]) => ({ title, theirs, ours, expected }));

const cases = [...normal, ...different];

describe("a day of many accounts", () => {
  let found: ReadonlyMap<number, FoundRow[]>;
  before(async () => {
    found = Map.groupBy(await compare(rowsOf(cases)), ({ scope }) => scope);
  });
  for (const [scope, { title, expected }] of cases.entries()) {
    const isNormal = expected.length === 0;
    test(`${isNormal ? "takes for normal" : "finds"} ${title}`, () => {
      assert.deepEqual((found.get(scope) ?? []).map(shown).sort(), expected);
    });
  }
});

/** Days of a few orders of which anything may be missing, doubled or other than it should be. */
const rowOrders = fc.record({
  order: fc.constantFrom("o1", "o2", "o3", ""),
  refund: fc.constantFrom("", "", "r1", "r2"),
  kind: fc.constantFrom("payment", "payment", "refund", "refund", "dispute"),
  amount: fc.constantFrom(100n, 40n, 40n, 10n),
  fee: fc.constantFrom(0n, 1n),
  currency: fc.constantFrom("CNY", "CNY", "CNY", "USD"),
  minute: fc.integer({ min: 0, max: 2 }),
  rest: fc.constantFrom("", "", "back", "stranger", "quiet", "voucher"),
});

const day = fc.record({
  theirs: fc.array(rowOrders, { maxLength: 12 }),
  ours: fc.array(rowOrders, { maxLength: 12 }),
  terms: fc.record({
    billsReturns: fc.boolean(),
    dropsFailedRefunds: fc.boolean(),
    comparesFee: fc.boolean(),
  }),
});

type Drawn = typeof rowOrders extends fc.Arbitrary<infer Row> ? Row : never;

function figuresOf({ kind, amount, fee, rest }: Drawn) {
  const isIn = (kind === "payment") !== (rest === "back" && kind !== "payment");
  const signed = isIn ? amount : -amount;
  return { kind: kind as TheirRow["kind"], amount: signed, settle: signed, fee: isIn ? fee : -fee };
}

function theirOf(drawn: Drawn): Their {
  const { fee, ...figures } = figuresOf(drawn);
  const finishedAt = `2026-03-06T04:0${drawn.minute}:00.000Z`;
  const refundNo = drawn.kind === "refund" ? drawn.refund : "";
  const { order, currency, rest } = drawn;
  const numbers = { orderNo: order, tradeNo: `t${order || drawn.minute}`, refundNo };
  return { ...figures, ...numbers, toldFee: fee, currency, finishedAt, stranger: rest === "stranger" };
}

function ourOf(drawn: Drawn): Our {
  const { order, currency, rest, kind } = drawn;
  const refundNo = kind === "refund" ? drawn.refund : "";
  const origins = {
    payment: drawn.minute === 2 ? "surplus_success" : "payment_success",
    refund:
      refundNo === "" ? (drawn.minute === 2 ? "surplus_reversed" : "break_refund_theirs") : "refund_accepted",
    dispute: "dispute_opened",
  };
  const origin = rest === "back" && refundNo !== "" ? "refund_returned" : origins[kind as "payment"];
  const numbers = { orderNo: order || "o4", tradeNo: `t${order || drawn.minute}`, refundNo };
  return {
    ...figuresOf(drawn),
    ...numbers,
    origin,
    currency,
    quiet: rest === "quiet",
    voucher: rest === "voucher",
  };
}

describe("whatever a day holds", () => {
  let postgres: PostgresEngine;
  before(async () => {
    postgres = await openPostgresEngine();
  });
  after(() => postgres.drop());

  const casesOf = (days: readonly { theirs: Drawn[]; ours: Drawn[]; terms: Partial<ScopeRow> }[]) =>
    rowsOf(
      days.map(({ theirs, ours, terms }) => ({
        title: "",
        theirs: theirs.map(theirOf),
        ours: ours.map(ourOf),
        expected: [],
        scope: terms,
      })),
    );

  test("the order of its rows changes nothing", async () => {
    const many = fc.array(day, { minLength: 30, maxLength: 30 });
    const property = fc.asyncProperty(many, fc.infiniteStream(fc.nat()), async (days, chance) => {
      const rows = casesOf(days);
      const shuffled = <Row>(list: readonly Row[]) =>
        list
          .map((row) => ({ row, at: chance.next().value as number }))
          .sort((one, other) => one.at - other.at)
          .map(({ row }) => row);
      const other = { ...rows, theirs: shuffled(rows.theirs), ours: shuffled(rows.ours) };
      assert.deepEqual((await compare(other)).map(text).sort(), (await compare(rows)).map(text).sort());
    });
    await fc.assert(property, { numRuns: 4, endOnFailure: true });
  });

  test("PostgreSQL finds the same by the same rules", async () => {
    const many = fc.array(day, { minLength: 40, maxLength: 40 });
    const property = fc.asyncProperty(many, async (days) => {
      const rows = casesOf(days);
      const same = (await postgres.found(rows, rows.theirs, rows.ours)).map(text).sort();
      assert.deepEqual((await compare(rows)).map(text).sort(), same);
    });
    await fc.assert(property, { numRuns: 2, endOnFailure: true });
  });
});

describe("an engine", () => {
  test("whose process is killed fails its job, and has another process for the next", async () => {
    const pids: number[] = [];
    const own = createEngine({
      clock: systemClock,
      folder,
      onStarted: (pid) => {
        pids.push(pid);
        if (pids.length === 1) process.kill(pid, "SIGKILL");
      },
    });
    const rows = rowsOf(cases);
    const comparison = await comparisonOf(rows.scopes, rows.theirs, rows.ours);
    await assert.rejects(own.compare(comparison), (error) => {
      return error instanceof EngineFailed && /SIGKILL|took no job/.test(error.message);
    });
    assert.ok((await own.compare(comparison)).found.length > 0);
    assert.equal(pids.length, 2);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("job-")),
      [],
    );
    await own.stop();
    comparison.remove();
  });

  test("tells why it cannot carry a job out", async () => {
    const rows = rowsOf(cases.slice(0, 1));
    const comparison = await comparisonOf(rows.scopes, rows.theirs, rows.ours);
    const broken = engine.compare({ ...comparison, movements: ["/nowhere.csv"] });
    await assert.rejects(broken, /nowhere\.csv/);
    comparison.remove();
  });

  test("that cannot carry a job out gives its memory back all the same", async () => {
    let pid = 0;
    const onStarted = (started: number) => {
      pid = started;
    };
    const own = createEngine({ clock: systemClock, folder, idleMs: 20, onStarted });
    await assert.rejects(own.pack("/nowhere.csv", join(folder, "packed")), EngineFailed);
    const isThere = () => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    for (let looks = 0; isThere() && looks < 500; looks += 1) await systemClock.sleep(20);
    assert.equal(isThere(), false);
    await own.stop();
  });

  test("removes what a job of days ago left behind, and no other's", async () => {
    const [left, others] = [join(folder, "job-left"), join(folder, "job-others")];
    for (const path of [left, others]) mkdirSync(path);
    const daysAgo = systemClock.now().getTime() / 1_000 - 172_800;
    utimesSync(left, daysAgo, daysAgo);
    await compare(rowsOf(cases.slice(0, 1)));
    const jobs = readdirSync(folder).filter((name) => name.startsWith("job-"));
    assert.deepEqual(jobs, ["job-others"]);
    rmSync(others, { recursive: true });
  });
});
