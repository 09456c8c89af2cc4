import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Share } from "../../sharing/index.ts";
import { answerFinish, isItsTurn, nextTurn } from "./decide.ts";
import type { Locked } from "./door.ts";

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
  const locked = (refundedAmount: bigint) =>
    ({
      now: NOW,
      payment: { id: "p" },
      sharing: { state: "finishing", tries: 0, finishedAt: null },
      success: { refundedAmount, takenBack: 0n, taken: { paidAmount: 1_000n } },
    }) as unknown as Locked;
  it("is the end where the payment was given back whole: nothing is frozen", () => {
    assert.equal(answerFinish(locked(1_000n), refused).effects.sharing?.state, "finished");
  });
  it("is tried again while something may be frozen", () => {
    const { sharing } = answerFinish(locked(999n), refused).effects;
    assert.deepEqual([sharing?.state, sharing?.failureCode], ["finishing", "ACQ.TRADE_STATUS_ERROR"]);
  });
});
