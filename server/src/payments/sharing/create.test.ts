import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { createShares, type ShareWish } from "./create.ts";
import type { Effects, Locked } from "./door.ts";

const NOW = new Date("2026-11-20T02:00:00Z");
const PLAN = '{"receivers":[]}';
const id = (end: string) => `00000000-0000-7000-8000-00000000000${end}` as Id;

/** A payment of 10.00 whose sharing is open. */
function locked(plan: string | null): Locked {
  const success = {
    id: id("1"),
    state: "succeeded",
    taken: { settleAmount: 1_000n, feeAmount: 10n, paidAmount: 1_000n },
    feeReturned: 0n,
    takenBack: 0n,
  };
  const termEndsAt = new Date("2026-12-19T00:00:00Z");
  return {
    payment: { id: id("2"), merchantId: id("3"), currency: "CNY", status: "succeeded" },
    success,
    refunds: [],
    disputes: [],
    sharing: {
      state: "open",
      mode: "channel",
      plan,
      finishWanted: false,
      maxMillionths: 300_000n,
      channelAccountId: id("4"),
      failureCode: "receiver_not_available",
      termEndsAt,
      dueAt: NOW,
      finishedAt: null,
    },
    shares: [],
    returns: [],
    traits: null,
    now: NOW,
  } as unknown as Locked;
}

/** 1.00 for one receiver. */
function wish(of: Pick<ShareWish, "number"> & { readonly finish?: boolean }): ShareWish {
  const receiver = id("5");
  const bindings = [
    { channelAccountId: id("4"), state: "bound", type: "MERCHANT_ID", account: "1900000001" },
  ];
  return {
    finish: false,
    ...of,
    rules: [{ receiver, amount: 100n }],
    description: "分账",
    receivers: [{ receiver: { id: receiver, state: "active" }, bindings }],
  } as unknown as ShareWish;
}

/** Nobody has used a number yet. */
const tx = { one: async () => null, run: async () => 1 } as unknown as Tx;
const make = (before: Locked, wanted: ShareWish) => createShares(before, tx, wanted, () => id("6"));
const planAfter = ({ sharing }: Effects) => sharing?.plan;

describe("the plan that came with a payment", () => {
  it("is carried out once, though two come to do it and neither ends the splitting", async () => {
    const [made, effects] = await make(locked(PLAN), wish({ number: null }));
    assert.ok(!("refusal" in made) && made.shares.length === 1, "it is made");
    const { sharing } = effects;
    assert.deepEqual([sharing?.plan, sharing?.failureCode], [null, null]);
    const shares = effects.newShares ?? [];
    const second = await make({ ...locked(PLAN), sharing: sharing ?? null, shares }, wish({ number: null }));
    assert.ok("refusal" in second[0] && second[0].refusal === "payment_not_shareable");
    assert.deepEqual(second[1], {});
  });
  const number = { merchantShareNo: "S1", request: "{}" };
  it("is kept where the merchant asks for shares before its turn has come", async () => {
    const [made, effects] = await make(locked(PLAN), wish({ number }));
    assert.ok(!("refusal" in made), "it is made");
    assert.deepEqual([planAfter(effects), effects.sharing?.dueAt], [PLAN, NOW]);
  });
  it("is over where the merchant says that his shares are the last", async () => {
    const [, effects] = await make(locked(PLAN), wish({ number, finish: true }));
    assert.deepEqual([planAfter(effects), effects.sharing?.finishWanted], [null, true]);
  });
});
