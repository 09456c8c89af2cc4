import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../../channels/index.ts";
import { plus } from "../../kernel/clock.ts";
import { type Cell, sql } from "../../kernel/database.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Approval } from "../../operators/index.ts";
import { apply } from "./apply.ts";
import type { Break, Resolution } from "./model.ts";
import { BREAK_COLUMNS } from "./store.ts";
import { booked, breaksAbout, lineText, type Wanted, writeGeneration } from "./testing/generations.ts";
import { openWorld, type World } from "./testing/world.ts";
import type { ApplyDeps } from "./under-lock.ts";

let platform: TestPlatform;
let world: World;
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  world = await openWorld(platform);
});
after(() => platform.stop());

const goOn = async () => {};
const CHUNK = 2;
const RUNS = 30;
const FIRST = new Date("2027-01-01T00:00:00Z");
let days = 0;

/** Two channel dates that no other case has. */
function freshDates(): readonly [string, string] {
  const at = (offset: number) =>
    plus(FIRST, (2 * days + offset) * 86_400_000)
      .toISOString()
      .slice(0, 10);
  const dates = [at(0), at(1)] as const;
  days += 1;
  return dates;
}

/** What the door has booked of an order: the sum that it was first told. */
const bookedSums = new Map<Id, bigint>();

class Killed extends Error {}

/** What apply stands on; `await`s are counted, and the one numbered `dies` is the last. */
function depsThatDie(dies: number): { deps: ApplyDeps; goOn: () => Promise<void> } {
  const { cell } = platform.app;
  const { channelAccountId, shop } = world;
  let awaited = 0;
  const step = () => {
    awaited += 1;
    if (awaited === dies) throw new Killed();
  };
  const account = {
    id: channelAccountId,
    merchantId: parseId("mch", shop.id) as Id,
    fundFlow: "through_platform",
    costSettlement: "net",
  } as ChannelAccount;
  const dying: Cell = {
    ...cell,
    transact: async (work, options) => {
      step();
      const done = await cell.transact(work, options);
      step();
      return done;
    },
  };
  return {
    deps: {
      cell: dying,
      channels: { account: async () => account },
      statementSays: async ({ line }) => {
        step();
        const attemptId = parseId("att", line.channelOrderNo);
        if (attemptId === null) return { end: "unknown" };
        const booked = bookedSums.get(attemptId) ?? line.settleAmount;
        bookedSums.set(attemptId, booked);
        const end = booked === line.settleAmount ? "booked" : "known";
        return { end, paymentId: attemptId, attemptId, refundId: null };
      },
      openAccounts: async () => step(),
    },
    goOn: async () => step(),
  };
}

/** Applies it, killed once at an await; false: it was done before that. */
async function killedAt(id: Id, dies: number): Promise<boolean> {
  const { deps, goOn: step } = depsThatDie(dies);
  try {
    await apply(deps, id, step, CHUNK);
    return false;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return true;
  }
}

const ours = {
  kind: "payment_ours_only",
  side: "ours",
  settleDifference: -700n,
  feeDifference: -4n,
} as const;

test("whatever await an apply dies at, the next one ends with the same books and breaks", async () => {
  const outcomes = new Set<string>();
  let wasKilled = true;
  for (let dies = 1; wasKilled; dies += 1) {
    const [date, next] = freshDates();
    const key = (name: string) => `${name} ${date}`;
    const generation = (channelDate: string, findings: readonly Wanted[]) =>
      writeGeneration(platform.app.cell, { channelAccountId: world.channelAccountId, channelDate, findings });
    const first = await generation(date, [
      { matchKey: key("A") },
      { matchKey: key("B"), ...ours },
      { matchKey: key("C"), pending: true },
    ]);
    await platform.app.breaks.apply(first, goOn);
    const second = await writeGeneration(platform.app.cell, {
      channelAccountId: world.channelAccountId,
      channelDate: next,
      carriedFrom: first,
      findings: [
        { matchKey: key("B"), settleDifference: 700n, feeDifference: 4n },
        { matchKey: key("D") },
        { matchKey: key("E"), kind: "fee", side: "both", settleDifference: 0n, feeDifference: 3n },
      ],
    });
    const third = await generation(date, [{ matchKey: key("A"), settleDifference: 9_000n }]);
    wasKilled = await killedAt(second, dies);
    assert.deepEqual(await platform.app.breaks.apply(second, goOn), { end: "applied" });
    const killedToo = await killedAt(third, dies);
    assert.deepEqual(await platform.app.breaks.apply(third, goOn), { end: "applied" });
    wasKilled ||= killedToo;
    outcomes.add(await outcomeOf(["A", "B", "C", "D", "E"].map(key), [date, next]));
  }
  assert.equal(outcomes.size, 1, [...outcomes].join("\n"));
  await assertInvariants(platform);
});

async function outcomeOf(keys: readonly string[], dates: readonly [string, string]): Promise<string> {
  const rows = (await Promise.all(keys.map((key) => breaksAbout(platform.app.cell, key)))).flat();
  const states = rows.map((row) => [row.matchKey[0], row.state, row.resolution, String(row.surplusEffect)]);
  const books = await booked(platform.app.cell, world.book);
  const sums = Object.entries(books).map(([code, by]) => [
    code,
    ...dates.map((date) => String(by[date] ?? 0n)),
  ]);
  return JSON.stringify({ states, sums });
}

test("two processes that apply the same generation at once do what one does", async () => {
  const [date] = freshDates();
  const { channelAccountId } = world;
  const findings = Array.from({ length: 12 }, (_, index) => ({ matchKey: `twice ${index}` }));
  const id = await writeGeneration(platform.app.cell, { channelAccountId, channelDate: date, findings });
  const runs = Array.from({ length: 3 }, () => {
    const { deps } = depsThatDie(0);
    return apply(deps, id, goOn, CHUNK);
  });
  for (const end of await Promise.all(runs)) assert.equal(end.end, "applied");
  assert.deepEqual((await booked(platform.app.cell, world.book)).suspense_surplus?.[date], -120_000n);
  const newer = await writeGeneration(platform.app.cell, {
    channelAccountId,
    channelDate: date,
    findings: [],
  });
  const older = await writeGeneration(platform.app.cell, { channelAccountId, channelDate: date, findings });
  // The newest decides, whichever is applied.
  assert.deepEqual(await platform.app.breaks.apply(newer, goOn), { end: "superseded", by: older });
  assert.deepEqual(await platform.app.breaks.apply(older, goOn), { end: "applied" });
  assert.deepEqual((await booked(platform.app.cell, world.book)).suspense_surplus?.[date], -120_000n);
  await assertInvariants(platform);
});

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
  how: fc.constantFrom("pay_merchant", "recover_from_merchant", "recover_from_channel", "loss", "adjust_fee"),
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
    const one = { key: BOOKED, kind, amount: 100n, moreFee: 0n, pending: false };
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

/** Two people agree on it, without the way through HTTP. */
async function resolve(tag: string, which: number, how: string): Promise<void> {
  const { cell, breaks } = platform.app;
  const open = await cell.db.all<{ id: Id; round: number; settleDifference: bigint; feeDifference: bigint }>(
    openKeysSql,
    [`% ${tag}`],
  );
  const about = open[which % Math.max(open.length, 1)];
  if (about === undefined) return;
  if (how === "recover_from_channel") {
    const paid = PAID[which % PAID.length];
    await cell.transact((tx) => tx.run(claimPaidSql, [about.id, cell.clock.now(), paid]));
  }
  const wish = { resolution: how as Resolution, paidTo: null };
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
