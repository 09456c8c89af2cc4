import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SharingTraits } from "../../channels/index.ts";
import type { Share, ShareReturn } from "../../sharing/index.ts";
import type { Refund } from "../model.ts";
import { answerFinish, answerReturn, isItsTurn, nextTurn } from "./decide.ts";
import type { Locked } from "./door.ts";
import { isHeldBack, REFUND_FAILED, returnsCarriedOut, roomOfPayment, type SharedBox } from "./room.ts";

const NOW = new Date("2026-11-20T02:00:00Z");

function share(id: string, state: Share["state"], dueAt: Date | null = null): Share {
  const isFinal = state === "succeeded" || state === "failed";
  return { id, state, dueAt, finishedAt: isFinal ? NOW : null } as Share;
}

describe("shares of one order are sent one after the other", () => {
  const cases: readonly [title: string, shares: readonly Share[], turn: string | null][] = [
    [
      "the first of those that wait",
      [share("a", "succeeded"), share("b", "created"), share("c", "created")],
      "b",
    ],
    ["nobody while one is under way", [share("a", "processing"), share("b", "created")], null],
    ["nobody when all have ended", [share("a", "succeeded"), share("b", "failed")], null],
    ["nobody twice", [share("a", "created", NOW)], null],
  ];
  for (const [title, shares, turn] of cases) {
    it(title, () => {
      assert.equal(nextTurn(shares, NOW)?.id ?? null, turn);
      if (turn !== null) assert.ok(isItsTurn(shares, turn));
    });
  }
  it("one whose turn has not come is left alone", () => {
    const shares = [share("a", "processing"), share("b", "created")];
    assert.deepEqual([isItsTurn(shares, "a"), isItsTurn(shares, "b")], [true, false]);
  });
  it("one that another process made with a lower number waits for the one under way too", () => {
    assert.equal(isItsTurn([share("a", "created"), share("b", "processing")], "a"), false);
  });
});

describe("the end of a splitting that the channel refuses", () => {
  const refused = { end: "refused", code: "ACQ.TRADE_STATUS_ERROR", message: "", retryable: false } as const;
  const locked = (accepted: bigint, asked = 0n) =>
    ({
      now: NOW,
      payment: { id: "p" },
      sharing: { state: "finishing", tries: 0, finishedAt: null },
      success: { id: "a", refundedAmount: accepted + asked, takenBack: 100n, taken: { paidAmount: 1_000n } },
      refunds: [
        { attemptId: "a", amount: accepted, acceptedAt: NOW },
        { attemptId: "a", amount: asked, acceptedAt: null },
        { attemptId: "surplus", amount: 1_000n, acceptedAt: NOW },
        // Among what was taken back.
        { attemptId: "a", amount: 100n, acceptedAt: NOW, afterFailure: true, state: "succeeded" },
      ],
    }) as unknown as Locked;
  it("is the end where the payment was given back whole: nothing is frozen", () => {
    assert.equal(answerFinish(locked(900n), refused).effects.sharing?.state, "finished");
  });
  for (const [title, accepted, asked] of [
    ["while something may be frozen", 899n, 0n],
    ["while a refund of the rest may come to nothing", 500n, 400n],
  ] as const) {
    it(`is tried again ${title}`, () => {
      const { sharing } = answerFinish(locked(accepted, asked), refused).effects;
      assert.deepEqual([sharing?.state, sharing?.failureCode], ["finishing", "ACQ.TRADE_STATUS_ERROR"]);
    });
  }
});

describe("a refund whose receivers give back with it", () => {
  const traits = { returnsWithRefund: true, returnRefusals: ["NO_RECEIVER"] } as unknown as SharingTraits;
  const refund = (failureCode: string | null) => ({ id: "f", state: "created", failureCode }) as Refund;
  const open = { id: "r", refundId: "f", shareId: "a", state: "created", amount: 1n, finishedAt: null };
  const given = open as unknown as ShareReturn;
  it("is sent with them, and sent again with them for lack of the merchant's own money", () => {
    for (const code of [null, "NO_MONEY"]) assert.equal(isHeldBack([], [given], refund(code), traits), false);
  });
  it("refused because of one, it waits until it may go without him, and goes then", () => {
    assert.equal(isHeldBack([], [given], refund("NO_RECEIVER"), traits), true);
    const done = share("a", "succeeded");
    const locked = {
      now: NOW,
      traits,
      refunds: [refund("NO_RECEIVER"), { ...refund("NO_MONEY"), id: "g" }],
      sharing: null,
      shares: [{ ...done, returnedAmount: 1n, amount: 2n }],
      returns: [given],
    } as unknown as Locked;
    const no = { outcome: "failed", code: "NO_RECEIVER", message: "" } as const;
    const end = { end: "answered", value: no } as const;
    // The other one waits for money, not for shares: nothing here brings it on.
    assert.deepEqual(answerReturn(locked, given.id, { end, asked: true }).effects.release, ["f"]);
  });
});

describe("a refund that was refused and carried out all the same", () => {
  const refund = { id: "f", channelOwnRefundNo: null, channelDate: "2026-11-20" } as Refund;
  const given = (changes: Partial<ShareReturn>) =>
    ({ id: "r", refundId: "f", shareId: "a", amount: 30n, ...changes }) as ShareReturn;
  const failed = { state: "failed", failureCode: REFUND_FAILED, finishedAt: NOW } as const;
  const cases: readonly [title: string, shareReturn: ShareReturn, returned: bigint, after: bigint | null][] =
    [
      ["has brought back what had failed with it", given(failed), 0n, 30n],
      [
        "has brought back what had not ended yet, which is counted already",
        given({ state: "created", finishedAt: null }),
        30n,
        30n,
      ],
      ["brings nothing back twice", given({ state: "succeeded", finishedAt: NOW }), 30n, null],
      ["leaves what a receiver could not give", given({ ...failed, failureCode: "NO_MONEY" }), 0n, null],
      ["takes no more than the share was", given(failed), 80n, null],
      [
        "leaves what came back with another",
        given({ ...failed, refundId: "g" as ShareReturn["refundId"] }),
        0n,
        null,
      ],
    ];
  for (const [title, shareReturn, returnedAmount, after] of cases) {
    it(title, () => {
      const shares = [{ ...share("a", "succeeded"), amount: 100n, returnedAmount }];
      const [back, ...others] = returnsCarriedOut(refund, { shares, returns: [shareReturn] }, NOW);
      assert.equal(others.length, 0);
      assert.equal(back?.share.returnedAmount ?? null, after);
      if (back === undefined) return;
      assert.equal(back.afterFailure, shareReturn.state === "failed");
      const { state, failureCode, channelDate, finishedAt } = back.shareReturn;
      assert.deepEqual([state, failureCode, channelDate, finishedAt], ["succeeded", null, "2026-11-20", NOW]);
    });
  }

  it("is counted once in what may be shared: among what was taken back", () => {
    const taken = { settleAmount: 1_000n, paidAmount: 1_000n, feeAmount: 0n };
    const late = { attemptId: "a", settleAmount: 200n, state: "succeeded", afterFailure: true };
    const own = { attemptId: "a", settleAmount: 300n, state: "succeeded", afterFailure: false };
    const box = {
      success: { id: "a", state: "succeeded", taken, feeReturned: 0n, takenBack: 200n },
      refunds: [late, own],
      disputes: [],
    } as unknown as SharedBox;
    assert.equal(roomOfPayment(box, { maxMillionths: 300_000n })?.refunded, 500n);
  });
});
