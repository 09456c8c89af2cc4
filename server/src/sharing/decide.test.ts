import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallEnd, FinishOutcome, ShareOutcome } from "../channels/index.ts";
import { plus } from "../kernel/clock.ts";
import { decideCalled, decideFinish, nextOfSharing, type ShareDecision, sending } from "./decide.ts";
import type { Called, ShareState, SharingRow } from "./model.ts";

const NOW = new Date("2026-11-20T02:00:00Z");
const HOUR_MS = 3_600_000;
const GAPS = [5_000, 60_000];

function called(state: ShareState, changes: Partial<Called> = {}): Called {
  const isFinal = state === "succeeded" || state === "failed";
  return {
    state,
    channelOwnNo: null,
    channelDate: null,
    failureCode: null,
    failureMessage: null,
    tries: 0,
    dueAt: isFinal ? null : NOW,
    finishedAt: isFinal ? NOW : null,
    ...changes,
  };
}

const answered = (value: ShareOutcome): CallEnd<ShareOutcome> => ({ end: "answered", value });
const done = answered({ outcome: "done", channelOwnNo: "3008", channelDate: "2026-11-20" });
const failed = answered({ outcome: "failed", code: "NO_RELATION", message: "" });
const pending = answered({ outcome: "pending", channelOwnNo: "3008" });
const notFound = answered({ outcome: "not_found" });
const refused: CallEnd<ShareOutcome> = { end: "refused", code: "NOT_ENOUGH", message: "", retryable: false };
const later: CallEnd<ShareOutcome> = { end: "refused", code: "RULE_LIMIT", message: "", retryable: true };
const unknown: CallEnd<ShareOutcome> = { end: "unknown", reason: "time-out" };
const notSent: CallEnd<ShareOutcome> = { end: "not_sent", reason: "refused" };

type Case = readonly [ShareState, string, CallEnd<ShareOutcome>, boolean, ShareState, ShareDecision];

const CASES: readonly Case[] = [
  ["created", "done", done, false, "succeeded", "share_done"],
  ["created", "pending", pending, false, "processing", "open"],
  ["created", "a word that it failed", failed, false, "failed", "share_failed"],
  ["created", "a refusal for good", refused, false, "failed", "share_failed"],
  ["created", "a refusal of the moment", later, false, "created", "sent_again"],
  ["created", "no answer", unknown, false, "unknown", "unknown"],
  ["created", "nothing sent", notSent, false, "created", "not_sent"],
  ["unknown", "done", done, true, "succeeded", "share_done"],
  ["unknown", "a refusal of the repeated call", refused, false, "unknown", "open"],
  ["unknown", "a refusal of the question", refused, true, "unknown", "refused"],
  ["unknown", "nothing found after a minute", notFound, true, "created", "sent_again"],
  ["processing", "nothing found", notFound, true, "processing", "open"],
  ["processing", "done", done, true, "succeeded", "share_done"],
  ["processing", "no answer", unknown, true, "processing", "unknown"],
  ["succeeded", "done again", done, true, "succeeded", "already_known"],
  ["succeeded", "a word that it failed", failed, true, "succeeded", "contradiction"],
  ["succeeded", "no answer", unknown, true, "succeeded", "already_known"],
  ["succeeded", "pending, overtaken", pending, false, "succeeded", "already_known"],
  ["failed", "a word that it failed", failed, true, "failed", "already_known"],
  ["failed", "done after all", done, true, "succeeded", "share_done"],
];

describe("a share", () => {
  for (const [state, said, end, asked, next, decision] of CASES) {
    it(`that is ${state} is ${next} after ${said}`, () => {
      const about = { asked, since: plus(NOW, -2 * 60_000), now: NOW, queryGapsMs: GAPS };
      const decided = decideCalled(called(state), end, about);
      assert.deepEqual([decided.next.state, decided.decision], [next, decision]);
      const isFinal = next === "succeeded" || next === "failed";
      assert.equal(decided.next.dueAt === null, isFinal);
      assert.equal(decided.next.finishedAt !== null, isFinal);
    });
  }
  it("that was sent is asked about by whoever comes after, and its only call's refusal is believed", () => {
    const sent = sending(called("created"), NOW);
    assert.ok(sent !== null);
    assert.deepEqual([sent.state, sending(sent, NOW)], ["unknown", null]);
    const about = { asked: false, since: NOW, now: NOW, queryGapsMs: GAPS };
    const states = (end: CallEnd<ShareOutcome>, present: typeof sent) => {
      const { next, decision } = decideCalled(present, end, { ...about, sentUntil: sent.dueAt });
      return [next.state, decision];
    };
    assert.deepEqual(states(refused, sent), ["failed", "share_failed"]);
    assert.deepEqual(states(notSent, sent), ["created", "not_sent"]);
    assert.deepEqual(states(later, sent), ["created", "sent_again"]);
    assert.deepEqual(states(unknown, sent), ["unknown", "unknown"]);
    // Another has asked meanwhile, and may have sent it too.
    const looked = { ...sent, dueAt: plus(NOW, 5_000) };
    assert.deepEqual(states(refused, looked), ["unknown", "open"]);
    assert.deepEqual(states(unknown, called("succeeded")), ["succeeded", "already_known"]);
  });
  it("whose lost call may still be under way is asked about, not made again", () => {
    const about = { asked: true, since: plus(NOW, -1_000), now: NOW, queryGapsMs: GAPS };
    const { next } = decideCalled(called("unknown", { tries: 5 }), notFound, about);
    // And made again as soon as it can no longer be, whatever the gaps between questions.
    assert.deepEqual([next.state, next.dueAt], ["unknown", plus(NOW, 59_000)]);
  });
});

function sharing(changes: Partial<SharingRow> = {}): SharingRow {
  const row = { state: "open", mode: "channel", plan: null, finishWanted: false, tries: 0, finishedAt: null };
  return { ...row, termEndsAt: plus(NOW, HOUR_MS), dueAt: NOW, ...changes } as SharingRow;
}

describe("the end of a splitting", () => {
  it("comes by itself when its term is over", () => {
    const over = sharing({ termEndsAt: NOW });
    assert.deepEqual(
      [nextOfSharing(over, 0, NOW).state, nextOfSharing(over, 1, NOW).state],
      ["finishing", "open"],
    );
    assert.equal(nextOfSharing(over, 1, NOW).finishWanted, true);
  });
  it("waits for its term where nobody wishes it sooner", () => {
    const waiting = nextOfSharing(sharing(), 0, NOW);
    assert.deepEqual([waiting.state, waiting.dueAt], ["open", plus(NOW, HOUR_MS)]);
  });
  it("needs no call where our own books split", () => {
    const ended = nextOfSharing(sharing({ mode: "books", finishWanted: true }), 0, NOW);
    assert.deepEqual([ended.state, ended.dueAt, ended.finishedAt], ["finished", null, NOW]);
  });
  it("leaves a plan that is still to be carried out alone", () => {
    assert.equal(nextOfSharing(sharing({ plan: "{}", finishWanted: true }), 0, NOW).state, "open");
  });
  const ends: readonly [string, CallEnd<FinishOutcome>, string, number | null][] = [
    ["a yes", { end: "answered", value: { outcome: "finished" } }, "finished", null],
    ["no answer", { end: "unknown", reason: "" }, "finishing", 5_000],
    [
      "a refusal of the moment",
      { end: "refused", code: "RULE_LIMIT", message: "", retryable: true },
      "finishing",
      5_000,
    ],
    [
      "a refusal for good",
      { end: "refused", code: "X", message: "", retryable: false },
      "finishing",
      86_400_000,
    ],
  ];
  for (const [said, end, state, gap] of ends) {
    it(`is ${state} after ${said}, and never forgotten`, () => {
      const { next } = decideFinish(sharing({ state: "finishing" }), end, NOW);
      assert.deepEqual([next.state, next.dueAt], [state, gap === null ? null : plus(NOW, gap)]);
    });
  }
});
