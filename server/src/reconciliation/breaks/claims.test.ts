import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { DATE, hire, openWorld, type Person, type World } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun]: Person[] = [];
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
});
after(() => platform.stop());

const people = () => ({ mei: mei as Person, jun: jun as Person });
const short = (matchKey: string, by: bigint) =>
  ({
    matchKey,
    kind: "payment_ours_only",
    side: "ours",
    oursAmount: by,
    settleDifference: -by,
    feeDifference: -6n,
  }) as const;

/** What people do about one break's claim. */
async function claiming({ idOf, shop }: World, matchKey: string) {
  const { mei, jun } = people();
  const id = await idOf(matchKey);
  const note = (body: Json) => mei.ask("POST", `/v1/ops/breaks/${id}/claim`, { claim_no: "K-1", ...body });
  return {
    id,
    note,
    paid: async (paid_amount: number) => {
      const noted = await note({ state: "paid", evidence: "Letter 88", paid_amount });
      assert.equal(noted.status, 200, JSON.stringify(noted.body));
    },
    preview: async () => {
      const wish = { resolution: "recover_from_channel" };
      return (await mei.ask("POST", `/v1/ops/breaks/${id}/preview`, wish)).body;
    },
    recover: async () => (await jun.decide(await mei.propose(id, "recover_from_channel"), "approve")).status,
    listed: async (claim: string) => {
      const { body } = await mei.ask("GET", `/v1/ops/breaks?merchant=${shop.id}&claim=${claim}`);
      return body.data.map((row: Json) => [row.match_key, row.claim.amount, row.claim.paid_amount]);
    },
  };
}

test("a claim says how much, by whom and on what, and is listed until it is booked", async () => {
  const world = await openWorld(platform);
  await world.found([short("K1", 10_000n), { matchKey: "K0" }]);
  const { note, paid, listed, recover } = await claiming(world, "K1");
  const nothing = await (await claiming(world, "K0")).note({});
  assert.match(nothing.body.detail, /owes nothing/);
  assert.deepEqual((await note({ amount: 10_001 })).body.field, "amount");
  const { body: filed } = await note({ evidence: "Ticket 7" });
  assert.deepEqual(
    [filed.state, filed.amount, filed.paid_amount, filed.evidence, filed.ended_by],
    ["filed", 10_000, 0, "Ticket 7", null],
  );
  assert.match(filed.filed_by, /^opr_/);
  assert.deepEqual(await listed("filed"), [["K1", 10_000, 0]]);
  assert.equal((await note({ state: "paid" })).body.field, "evidence");
  assert.equal((await note({ state: "paid", evidence: "L", paid_amount: 10_001 })).body.field, "paid_amount");
  assert.equal((await note({ paid_amount: 1 })).body.field, "paid_amount");
  await paid(10_000);
  assert.equal((await note({})).status, 409);
  assert.deepEqual([await listed("filed"), await listed("paid")], [[], [["K1", 10_000, 10_000]]]);
  assert.equal(await recover(), 200);
  assert.deepEqual(await listed("paid"), []);
  assert.deepEqual(await world.state("K1"), [["resolved", "recover_from_channel", 0n]]);
});

test("a claim paid in part moves that part; the rest is open, and may be claimed anew", async () => {
  const world = await openWorld(platform);
  await world.found([short("K2", 200_000n)]);
  const { note, paid, preview, recover, id } = await claiming(world, "K2");
  await note({});
  await paid(40_000);
  const { amount, journals } = await preview();
  assert.deepEqual([amount, journals[0].lines[0].debit], [40_000, 40_000]);
  // Within the approver's rank, which the whole is not.
  assert.equal(await recover(), 200);
  assert.deepEqual(await world.state("K2"), [["open", null, -160_000n]]);
  const held = { channel_receivable: { [DATE]: -199_994n, "-": 40_000n } };
  assert.deepEqual((await world.books()).channel_receivable, held.channel_receivable);
  assert.match((await preview()).refusal, /no claim on the channel is noted as paid/);
  await assertInvariants(platform);
  assert.equal((await note({ claim_no: "K-2", amount: 160_001 })).body.field, "amount");
  assert.equal((await note({ claim_no: "K-2" })).body.amount, 160_000);
  await paid(60_000);
  assert.equal(await recover(), 200);
  assert.deepEqual(await world.state("K2"), [["open", null, -100_000n]]);
  const { mei, jun } = people();
  assert.equal((await jun.decide(await mei.propose(id, "recover_from_merchant"), "approve")).status, 200);
  assert.deepEqual(await world.state("K2"), [["resolved", "recover_from_merchant", 0n]]);
  await assertInvariants(platform);
  const { body } = await mei.ask("GET", `/v1/ops/breaks/${id}`);
  const kinds = body.events.map((event: Json) => event.kind);
  assert.equal(kinds.filter((kind: string) => kind === "recovered").length, 2);
  // A corrected file has the payment: what was decided is undone, and what the channel paid is left over.
  await world.found([]);
  assert.deepEqual(await world.state("K2"), [["open", null, 100_000n]]);
  assert.deepEqual((await world.books()).merchant_pending, undefined);
  await assertInvariants(platform);
});

test("what is left of a break that was made good in part follows its newest file", async () => {
  const world = await openWorld(platform);
  await world.found([short("K3", 10_000n)]);
  const { note, paid, recover } = await claiming(world, "K3");
  await note({});
  await paid(4_000);
  assert.equal(await recover(), 200);
  await world.found([short("K3", 7_000n)]);
  assert.deepEqual(await world.state("K3"), [["open", null, -3_000n]]);
  await world.found([short("K3", 4_000n)]);
  assert.deepEqual(await world.state("K3"), [["open", null, 0n]]);
  await world.found([]);
  assert.deepEqual(await world.state("K3"), [["open", null, 4_000n]]);
  await assertInvariants(platform);
});

test("a fee that the channel gives back in part is our cost for the rest", async () => {
  const world = await openWorld(platform);
  await world.found([
    { matchKey: "K4", kind: "fee", side: "both", settleDifference: 0n, feeDifference: 50n },
  ]);
  const { note, paid, recover, id } = await claiming(world, "K4");
  assert.equal((await note({})).body.amount, 50);
  await paid(20);
  assert.equal(await recover(), 200);
  assert.deepEqual((await world.books()).channel_cost, { [DATE]: 50n, "-": -20n });
  const { mei, jun } = people();
  assert.equal((await jun.decide(await mei.propose(id, "adjust_fee"), "approve")).status, 200);
  assert.deepEqual(await world.state("K4"), [["resolved", "adjust_fee", 0n]]);
  await assertInvariants(platform);
});

test("what the channel has paid is not borne by anybody, until it is booked or corrected", async () => {
  const world = await openWorld(platform);
  await world.found([short("K5", 10_000n)]);
  const { note, paid, id } = await claiming(world, "K5");
  const { mei, jun } = people();
  const refusal = async (resolution: string) =>
    (await mei.ask("POST", `/v1/ops/breaks/${id}/propose`, { resolution, reason: "It is ours" })).body.detail;
  await note({});
  await paid(10_000);
  for (const resolution of ["loss", "recover_from_merchant"]) {
    assert.match(await refusal(resolution), /paid upon the claim K-1: propose recover_from_channel first/);
  }
  assert.equal((await note({ state: "refused", note: "It was another claim's" })).status, 200);
  assert.equal((await jun.decide(await mei.propose(id, "loss"), "approve")).status, 200);
  await assertInvariants(platform);
});

test("a claim that outlives its break is listed and counted until it is noted as refused", async () => {
  const world = await openWorld(platform);
  const counted = async () =>
    (await platform.app.breaks.filedClaims()).reduce((sum, { count }) => sum + count, 0);
  const before = await counted();
  await world.found([short("K6", 10_000n)]);
  const { note, listed } = await claiming(world, "K6");
  await note({});
  await world.found([]);
  assert.deepEqual(await world.state("K6"), [["resolved", "explained", 0n]]);
  assert.deepEqual([await listed("filed"), await counted()], [[["K6", 10_000, 0]], before + 1]);
  const asked = await note({ state: "paid", evidence: "Letter 88" });
  assert.equal(asked.status, 409);
  assert.match(asked.body.detail, /nothing of it can be booked: note the claim as refused/);
  assert.equal((await note({})).status, 409);
  assert.equal((await note({ state: "refused" })).body.state, "refused");
  assert.deepEqual([await listed("filed"), await counted()], [[], before]);
  assert.match((await note({})).body.detail, /the break is resolved/);
});

test("a claim noted as paid with a wrong amount is corrected, as long as it is not booked", async () => {
  const world = await openWorld(platform);
  await world.found([short("K7", 10_000n)]);
  const { note, paid, recover, id } = await claiming(world, "K7");
  await note({});
  await paid(9_000);
  const { mei, jun } = people();
  const stale = await mei.propose(id, "recover_from_channel");
  await paid(4_000);
  assert.match(JSON.stringify((await jun.decide(stale, "approve")).body), /changed since it was proposed/);
  assert.equal(await recover(), 200);
  assert.deepEqual(await world.state("K7"), [["open", null, -6_000n]]);
  const late = await note({ state: "paid", evidence: "Letter 88", paid_amount: 3_000, note: "Less" });
  assert.equal(late.status, 409);
  await assertInvariants(platform);
});

test("what was paid beyond what a corrected file leaves is told, and not booked", async () => {
  const world = await openWorld(platform);
  await world.found([short("K8", 10_000n)]);
  const { note, paid, recover, listed, id } = await claiming(world, "K8");
  const evidence = async () => (await people().mei.ask("GET", `/v1/ops/breaks/${id}`)).body;
  const excess = async () => (await platform.app.breaks.excessClaims()).map(({ amount }) => amount);
  await note({});
  await paid(10_000);
  assert.deepEqual([(await evidence()).claim.excess_amount, await excess()], [0, []]);
  await world.found([short("K8", 7_000n)]);
  assert.deepEqual([(await evidence()).claim.excess_amount, await excess()], [3_000, [3_000n]]);
  assert.equal(await recover(), 200);
  assert.deepEqual(await world.state("K8"), [["resolved", "recover_from_channel", 0n]]);
  assert.deepEqual((await world.books()).channel_receivable?.["-"], 7_000n);
  const { claim, events } = await evidence();
  assert.deepEqual([claim.excess_amount, await excess()], [3_000, [3_000n]]);
  const told = events.filter(({ kind }: Json) => kind === "claim").map(({ detail }: Json) => detail);
  assert.match(told.at(-1), /30.00 CNY beyond what the break takes/);
  assert.deepEqual(await listed("paid"), [["K8", 10_000, 10_000]]);
  const placed = { state: "paid", evidence: "Letter 88", note: "The rest is of another order" };
  assert.equal((await note({ ...placed, paid_amount: 6_999 })).body.field, "paid_amount");
  assert.equal((await note({ ...placed, note: undefined, paid_amount: 7_000 })).body.field, "note");
  assert.equal((await note({ ...placed, paid_amount: 7_000 })).body.excess_amount, 0);
  assert.deepEqual([await listed("paid"), await excess()], [[], []]);
  await assertInvariants(platform);
});
