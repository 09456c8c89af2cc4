import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { parseId } from "../../kernel/ids.ts";
import type { Approval } from "../../operators/index.ts";
import type { Wanted } from "./testing/generations.ts";
import { DATE, hire, NEXT, openWorld, type Person, type World } from "./testing/world.ts";

let platform: TestPlatform;
let [mei, jun]: Person[] = [];
before(async () => {
  platform = await startTestPlatform({ config: { roles: ["api"] } });
  mei = await hire(platform, "Mei", "operations");
  jun = await hire(platform, "Jun", "finance");
});
afterEach(() => assertInvariants(platform));
after(() => platform.stop());

const PAIRED = ["resolved", "paired", 0n];
const held = (amount: bigint) => ["open", null, amount];

/** What a channel keeps back on one day, and lets go of on another. */
const reserve = (matchKey: string): Wanted => ({
  matchKey,
  kind: "refund_theirs_only",
  theirsAmount: -10_000n,
  settleDifference: -10_000n,
  feeDifference: 0n,
});
const release = (matchKey: string, amount = 10_000n): Wanted => ({
  matchKey,
  theirsAmount: amount,
  settleDifference: amount,
  feeDifference: 0n,
});

async function reserved(key: string): Promise<{ world: World; first: string; second: string }> {
  const world = await openWorld(platform);
  await world.found([reserve(`${key} kept`)]);
  await world.found([release(`${key} let go`)], { channelDate: NEXT });
  return { world, first: await world.idOf(`${key} kept`), second: await world.idOf(`${key} let go`) };
}

const propose = (id: string, wish: object) =>
  (mei as Person).ask("POST", `/v1/ops/breaks/${id}/propose`, { reason: "By Stripe's letter", ...wish });

/** Two people say that the two are one movement. */
async function offset(id: string, against: string) {
  const proposed = await propose(id, { resolution: "offset", against });
  assert.equal(proposed.status, 202, JSON.stringify(proposed.body));
  return (jun as Person).decide(proposed.body.id, "approve");
}

test("two people set a reserve off against its end, and nobody is charged", async () => {
  const { world, first, second } = await reserved("O1");
  const wish = { resolution: "offset", against: first };
  const { body: preview } = await (mei as Person).ask("POST", `/v1/ops/breaks/${second}/preview`, wish);
  const lines = (debit: string, credit: string) => [
    { account: debit, debit: 10_000, credit: 0 },
    { account: credit, debit: 0, credit: 10_000 },
  ];
  assert.deepEqual(
    [preview.against, preview.amount, preview.refusal, preview.journals.flatMap((one: Json) => one.lines)],
    [
      first,
      10_000,
      null,
      [
        ...lines("suspense_surplus", "channel_receivable"),
        ...lines("channel_receivable", "suspense_shortage"),
      ],
    ],
  );
  assert.equal((await offset(second, first)).status, 200);
  assert.deepEqual(await world.state("O1 kept"), [PAIRED]);
  assert.deepEqual(await world.state("O1 let go"), [PAIRED]);
  // Each day has what its statement tells.
  assert.deepEqual(await world.books(), {
    channel_receivable: { [DATE]: -10_000n, [NEXT]: 10_000n },
    suspense_shortage: { [DATE]: 10_000n, [NEXT]: -10_000n },
  });
  const { body } = await (mei as Person).ask("GET", `/v1/ops/breaks/${first}`);
  assert.equal(body.partner, second);
  assert.match(body.explanation, /are one movement: By Stripe's letter/);
  assert.match(body.events.at(-1).detail, /^offset: By Stripe's letter/);
  await world.found([reserve("O1 kept")]);
  assert.deepEqual(await world.state("O1 kept"), [PAIRED]);
});

test("who was refused, while another carries the same approval out, puts nothing back", async () => {
  const { world, first, second } = await reserved("O7");
  const { body } = await propose(first, { resolution: "offset", against: second });
  assert.equal((await (jun as Person).decide(body.id, "approve")).status, 200);
  const action = platform.app.breaks.actions.find(({ kind }) => kind === "break.resolve");
  const late = { id: parseId("apr", body.id), subject: first, decisionNote: "late", decidedBy: null };
  await action?.rejected?.(late as unknown as Approval);
  assert.deepEqual(await world.state("O7 kept"), [PAIRED]);
  assert.deepEqual(await world.state("O7 let go"), [PAIRED]);
});

test("a corrected file that drops one, or tells another sum of it, opens the other again", async () => {
  const { world, first, second } = await reserved("O2");
  await offset(first, second);
  await world.found([], { channelDate: NEXT });
  assert.deepEqual(await world.state("O2 kept"), [held(-10_000n)]);
  assert.deepEqual(await world.books(), {
    channel_receivable: { [DATE]: -10_000n },
    suspense_shortage: { [DATE]: 10_000n },
  });
  await world.found([release("O2 let go")], { channelDate: NEXT });
  assert.equal((await offset(second, first)).status, 200);
  await world.found([{ ...reserve("O2 kept"), theirsAmount: -9_000n, settleDifference: -9_000n }]);
  assert.deepEqual(await world.state("O2 kept"), [held(-9_000n)]);
  assert.deepEqual(await world.state("O2 let go"), [held(10_000n)]);
});

test("what is not one movement is refused, with why", async () => {
  const { world, first, second } = await reserved("O3");
  const asked = async (id: string, wish: object) => {
    const { status, body } = await propose(id, wish);
    return `${status} ${body.errors?.[0]?.field ?? body.field ?? ""} ${body.detail}`;
  };
  assert.match(await asked(first, { resolution: "offset" }), /^400 against .*name the break/);
  assert.match(await asked(first, { resolution: "loss", against: second }), /^400 against .*names no/);
  assert.match(await asked(first, { resolution: "offset", against: "brk_none" }), /^400 against/);
  assert.match(await asked(first, { resolution: "offset", against: first }), /^409 .*the break itself/);
  const strange = await reserved("O4");
  const other = { resolution: "offset", against: strange.second };
  assert.match(await asked(first, other), /^409 .*another channel account/);
  await world.found([release("O3 let go"), release("O3 part", 4_000n)], { channelDate: NEXT });
  const part = { resolution: "offset", against: await world.idOf("O3 part") };
  assert.match(await asked(first, part), /^409 .*together they are not nothing: -6000 settles/);
  await propose(second, { resolution: "pay_merchant" });
  assert.match(await asked(first, { resolution: "offset", against: second }), /^409 .*is proposed/);
});

test("a claim that the channel has paid is booked before its break is set off", async () => {
  const { first, second } = await reserved("O5");
  const claim = (body: Json) => (mei as Person).ask("POST", `/v1/ops/breaks/${first}/claim`, body);
  const approval = await propose(second, { resolution: "offset", against: first });
  await claim({ claim_no: "K-9" });
  await claim({ claim_no: "K-9", state: "paid", evidence: "Letter 9" });
  const wish = { resolution: "offset", against: second };
  assert.match((await propose(first, wish)).body.detail, /paid upon the claim K-9/);
  const decided = await (jun as Person).decide(approval.body.id, "approve");
  assert.match(JSON.stringify(decided.body), /paid upon the claim K-9 of the other one/);
});

test("what has become of either since it was proposed is not approved", async () => {
  const { world, first, second } = await reserved("O6");
  const approval = await propose(first, { resolution: "offset", against: second });
  await world.found([release("O6 let go", 10_001n)], { channelDate: NEXT });
  const decided = await (jun as Person).decide(approval.body.id, "approve");
  assert.match(JSON.stringify(decided.body), /together they are not nothing/);
  assert.deepEqual(await world.state("O6 kept"), [held(-10_000n)]);
  await world.found([release("O6 let go")], { channelDate: NEXT });
  const again = await propose(first, { resolution: "offset", against: second });
  const lost = await propose(second, { resolution: "pay_merchant" });
  assert.equal((await (jun as Person).decide(lost.body.id, "approve")).status, 200);
  const late = await (jun as Person).decide(again.body.id, "approve");
  assert.match(JSON.stringify(late.body), /the other one is resolved/);
  assert.deepEqual(await world.state("O6 kept"), [held(-10_000n)]);
});
