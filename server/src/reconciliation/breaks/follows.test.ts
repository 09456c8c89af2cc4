import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { sql } from "../../kernel/database.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Approval } from "../../operators/index.ts";
import { apply } from "./apply.ts";
import type { Break, Resolution } from "./model.ts";
import { againstFigures } from "./offset.ts";
import { BREAK_COLUMNS } from "./store.ts";
import { CHUNK, dates, dyingOn } from "./testing/dying.ts";
import { booked, lineText, type Wanted, writeGeneration } from "./testing/generations.ts";
import { openWorld, type World } from "./testing/world.ts";

let platform: TestPlatform;
let world: World;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  world = await openWorld(platform);
});
after(() => platform.stop());

const goOn = async () => {};
const freshDates = dates();
const { depsThatDie, killedAt } = dyingOn(() => ({ platform, world }));
const RUNS = 30;

const KINDS = ["payment_theirs_only", "payment_ours_only", "fee", "amount"] as const;
/** Whatever the channel tells of it, the door has booked. */
const BOOKED = "M";
const finding = fc.record({
  key: fc.constantFrom("K", "L", BOOKED),
  kind: fc.constantFrom(...KINDS),
  amount: fc.constantFrom(100n, 250n),
  moreFee: fc.constantFrom(0n, 0n, 1n),
  pending: fc.boolean(),
});
type Found = {
  readonly key: string;
  readonly kind: (typeof KINDS)[number];
  readonly amount: bigint;
  readonly moreFee: bigint;
  readonly pending: boolean;
};
type Step =
  | { readonly do: "find"; readonly date: number; readonly dies: number; readonly findings: readonly Found[] }
  | { readonly do: "resolve"; readonly which: number; readonly how: string };

const dies = fc.nat({ max: 12 });
const resolving = fc.record({
  do: fc.constant("resolve" as const),
  which: fc.nat({ max: 5 }),
  how: fc.constantFrom(
    "pay_merchant",
    "recover_from_merchant",
    "recover_from_channel",
    "loss",
    "adjust_fee",
    "offset",
  ),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("find" as const),
    date: fc.constantFrom(0, 1),
    dies,
    findings: fc.uniqueArray(finding, { maxLength: 4, selector: ({ key, kind }) => `${key} ${kind}` }),
  }),
  resolving,
);

/**
 * One movement that the door has booked: its line on the first date, and on the next what the books tell, or
 * the same line again.
 */
const bookedStep: fc.Arbitrary<Step> = fc.oneof(
  ...(["payment_theirs_only", "payment_ours_only"] as const).map((kind, date) => {
    const one = oneOf(BOOKED, kind);
    const again = { ...one, kind: "payment_theirs_only" as const };
    const twice = date === 1 ? [[again], [one, again]] : [];
    const tellings = [[], [one], [one], [{ ...one, moreFee: 1n }], [{ ...one, amount: 250n }], ...twice];
    return fc.record({
      do: fc.constant("find" as const),
      date: fc.constant(date),
      dies,
      findings: fc.constantFrom(...tellings),
    });
  }),
  resolving,
);
/** Two movements of opposite sums, of one date or two, that people make one. */
const offsetStep: fc.Arbitrary<Step> = fc.oneof(
  ...(["payment_theirs_only", "payment_ours_only"] as const).map((kind, index) => {
    const one = oneOf(["K", "L"][index] as string, kind);
    const tellings = [[], [one], [one], [{ ...one, amount: 250n }], [{ ...one, moreFee: 1n }]];
    return fc.record({
      do: fc.constant("find" as const),
      date: index === 0 ? fc.constant(0) : fc.constantFrom(0, 1),
      dies,
      findings: fc.constantFrom(...tellings),
    });
  }),
  fc.record({ do: fc.constant("resolve" as const), which: fc.nat({ max: 5 }), how: fc.constant("offset") }),
);

function wantedOf({ key, kind, amount, moreFee, pending }: Found, tag: string): Wanted {
  const settle = kind === "fee" ? 0n : kind === "payment_ours_only" ? -amount : amount;
  const side = kind === "payment_theirs_only" ? "theirs" : kind === "payment_ours_only" ? "ours" : "both";
  const fee = kind === "fee" ? amount : settle / 50n + moreFee;
  const figures = { settleDifference: settle, feeDifference: fee };
  const line = kind === "payment_theirs_only" && key === BOOKED ? { theirs: bookedLine(tag, settle) } : {};
  return { matchKey: `${key} ${tag}`, kind, side, ...figures, ...line, pending };
}

/** A line of the order that the door has booked in a case. */
function bookedLine(tag: string, settle: bigint): string {
  const hex = createHash("sha256").update(tag).digest("hex");
  const id = `01900000-0000-7000-8000-${hex.slice(0, 12)}` as Id;
  const sum = String(settle);
  return lineText({ channel_order_no: formatId("att", id), amount: sum, settle_amount: sum });
}

const openKeysSql = sql(
  "test_breaks_open_like",
  `select id, round, settle_difference, fee_difference
   from breaks
   where match_key like $1
     and state = 'open'
   order by id`,
);

const claimPaidSql = sql(
  "test_breaks_claim_paid",
  `insert into break_claims (break_id, claim_no, filed_at, state, ended_at, amount, paid_amount)
   values ($1, 'C-1', $2, 'paid', $2, $3, $3)
   on conflict (break_id) do update set paid_amount = excluded.paid_amount,
     amount = excluded.amount, booked_by = null, booked_amount = 0`,
);

/** All of a break, and a part of any. */
const PAID = [1_000_000n, 3n];

type Open = Pick<Break, "id" | "round" | "settleDifference" | "feeDifference">;

function isOpposite(one: Open, other: Open): boolean {
  const settle = one.settleDifference + other.settleDifference;
  return one.id !== other.id && settle === 0n && one.feeDifference + other.feeDifference === 0n;
}

/** Two people agree on it, without the way through HTTP. */
async function resolve(tag: string, which: number, how: string): Promise<void> {
  const { cell, breaks } = platform.app;
  const open = await cell.db.all<Open>(openKeysSql, [`% ${tag}`]);
  const about = open[which % Math.max(open.length, 1)];
  if (about === undefined) return;
  if (how === "recover_from_channel") {
    const paid = PAID[which % PAID.length];
    await cell.transact((tx) => tx.run(claimPaidSql, [about.id, cell.clock.now(), paid]));
  }
  const other = open.find((each) => how === "offset" && isOpposite(about, each)) ?? null;
  if (how === "offset" && other === null) return;
  const wish = { resolution: how as Resolution, paidTo: null, against: other?.id ?? null };
  const { amount } = await breaks.resolving.preview(about.id, wish);
  const action = breaks.actions.find(({ kind }) => kind === "break.resolve");
  const approval = {
    id: cell.newId(),
    kind: "break.resolve",
    subject: formatId("brk", about.id),
    payload: {
      resolution: how,
      amount: String(amount),
      round: about.round,
      settle_difference: String(about.settleDifference),
      fee_difference: String(about.feeDifference),
      ...(other === null ? {} : againstFigures(other)),
    },
    reason: "it is so",
    decidedBy: cell.newId(),
  } as unknown as Approval;
  await action?.carryOut(approval);
  // Carried out again after a crash, it is there once.
  await action?.carryOut(approval);
}

/** Whatever the steps, after each of them the books follow the newest files. */
async function assertEachFollows(steps: readonly Step[]): Promise<void> {
  const { cell } = platform.app;
  const { channelAccountId } = world;
  const dates = freshDates();
  const tag = dates[0];
  const newest: (readonly Wanted[])[] = [[], []];
  for (const one of steps) {
    if (one.do === "resolve") {
      await resolve(tag, one.which, one.how);
      continue;
    }
    const findings = one.findings.map((each) => wantedOf(each, tag));
    const channelDate = dates[one.date] as string;
    const id = await writeGeneration(cell, { channelAccountId, channelDate, findings });
    await killedAt(id, one.dies);
    assert.deepEqual(await apply(depsThatDie(0).deps, id, goOn, CHUNK), { end: "applied" });
    newest[one.date] = findings;
    await assertFollows(dates, newest, tag);
  }
}

test("whatever is corrected and decided in any order, a day's books follow its newest file", async () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(steps, assertEachFollows), { numRuns: RUNS });
  await assertInvariants(platform);
});

test("so they do whatever becomes of a movement that the door has booked", async () => {
  const steps = fc.array(bookedStep, { minLength: 2, maxLength: 10 });
  await fc.assert(fc.asyncProperty(steps, assertEachFollows), { numRuns: RUNS });
  await assertInvariants(platform);
});

const MADE_ONE: readonly Step[] = [
  { do: "find", date: 0, dies: 0, findings: [oneOf("K", "payment_theirs_only")] },
  { do: "find", date: 1, dies: 0, findings: [oneOf("L", "payment_ours_only")] },
  { do: "resolve", which: 0, how: "offset" },
];

function oneOf(key: string, kind: Found["kind"]): Found {
  return { key, kind, amount: 100n, moreFee: 0n, pending: false };
}

test("so they do whatever becomes of two movements that people made one", async () => {
  const more = fc.array(offsetStep, { minLength: 1, maxLength: 8 });
  const steps = more.map((each) => [...MADE_ONE, ...each]);
  await fc.assert(fc.asyncProperty(steps, assertEachFollows), { numRuns: RUNS });
  await assertInvariants(platform);
});

const rowsLikeSql = sql(
  "test_breaks_like",
  `select ${BREAK_COLUMNS}
   from breaks
   where match_key like $1
   order by id`,
);

/**
 * What the channel owes by a date's breaks is what its newest file tells beyond the books: what the door has
 * booked is in the books, and covers the half that they tell of it.
 */
async function assertFollows(
  dates: readonly [string, string],
  newest: readonly (readonly Wanted[])[],
  tag: string,
): Promise<void> {
  const { cell } = platform.app;
  const books = (await booked(cell, world.book)).channel_receivable ?? {};
  const rows = await cell.db.all<Break>(rowsLikeSql, [`% ${tag}`]);
  const pending = rows.filter(({ state }) => state === "pending");
  const byDoor = new Map<string, bigint>();
  assert.ok(rows.filter(({ resolution }) => resolution === "placed").length <= 1, "booked once");
  for (const placed of rows.filter(({ resolution }) => resolution === "placed")) {
    const net = placed.settleDifference - placed.feeDifference;
    const half = rows.find(({ id }) => id === placed.partnerId);
    assert.equal(half?.partnerId ?? placed.id, placed.id, "the halves name each other");
    byDoor.set(placed.channelDate, (byDoor.get(placed.channelDate) ?? 0n) + net);
    if (half !== undefined) byDoor.set(half.channelDate, (byDoor.get(half.channelDate) ?? 0n) - net);
    const lone = rows.find((row) => half === undefined && isLoneHalf(row, placed));
    assert.equal(lone, undefined, "what the door has booked is missing from nobody");
  }
  for (const [index, date] of dates.entries()) {
    const told = (newest[index] ?? []).filter(
      (one) =>
        !pending.some(
          (row) => row.matchKey === one.matchKey && row.kind === one.kind && row.channelDate === date,
        ),
    );
    const all = told.reduce((sum, one) => sum + (one.settleDifference ?? 0n) - (one.feeDifference ?? 0n), 0n);
    const sum = all - (byDoor.get(date) ?? 0n);
    assert.equal(
      books[date] ?? 0n,
      sum,
      `${date}: ${JSON.stringify(told, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`,
    );
  }
}

/** Told by the books, of the same sum, and in suspense or decided about. */
function isLoneHalf({ kind, matchKey, state, resolution, settleDifference }: Break, placed: Break): boolean {
  const isOfIt = kind === "payment_ours_only" && matchKey === placed.matchKey;
  const isEnded = resolution === "explained" || resolution === "undone" || resolution === "paired";
  return isOfIt && state !== "pending" && !isEnded && settleDifference === -placed.settleDifference;
}
