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
  assert.deepEqual(await listed("open"), [["K1", 10_000, 0]]);
  assert.equal((await note({ state: "paid" })).body.field, "evidence");
  assert.equal((await note({ state: "paid", evidence: "L", paid_amount: 10_001 })).body.field, "paid_amount");
  assert.equal((await note({ paid_amount: 1 })).body.field, "paid_amount");
  await paid(10_000);
  assert.equal((await note({})).status, 409);
  assert.deepEqual([await listed("open"), await listed("paid")], [[], [["K1", 10_000, 10_000]]]);
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
