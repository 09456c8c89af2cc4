import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StatementTraits } from "../channels/index.ts";
import type { StatementEntry } from "../ledger/index.ts";
import { reversedWhole, shown } from "./quiet.ts";

const DAY = "2026-03-07";
const TRAITS: StatementTraits = {
  publishedAfterMinutes: 0,
  gapsMs: [],
  emptyAfterAsking: 1,
  showsReturns: false,
  omitsFailedRefunds: true,
  omitsReversedOf: ["unionpay.code"],
};

let seq = 0n;
function entry(kind: StatementEntry["kind"], sourceId: string, changes: Partial<StatementEntry> = {}) {
  seq += 1n;
  return {
    seq,
    amount: 100n,
    balanceAfter: 0n,
    postedAt: new Date(0),
    journalId: `journal ${seq}`,
    kind,
    sourceId,
    subjectId: "payment",
    accountingDate: DAY,
    channelDate: DAY,
    ...changes,
  };
}

const kinds = (entries: readonly StatementEntry[]) => entries.map(({ kind }) => kind);
const seen = (entries: readonly StatementEntry[], traits = TRAITS, wentAway: readonly string[] = []) =>
  kinds(shown(entries, DAY, traits, new Set(wentAway)));

describe("what a statement could show of a day", () => {
  test("is what is dated on it", () => {
    const other = entry("payment_success", "a", { channelDate: "2026-03-06" });
    assert.deepEqual(seen([other, entry("payment_success", "b")]), ["payment_success"]);
  });

  test("leaves out a refund that came to nothing where the channel does, and its return", () => {
    const came = [
      entry("refund_accepted", "r"),
      entry("refund_returned", "r"),
      entry("refund_accepted", "s"),
    ];
    assert.deepEqual(seen(came), ["refund_accepted"], "the other refund stands");
    const told = { ...TRAITS, omitsFailedRefunds: false };
    assert.deepEqual(seen(came, told), ["refund_accepted", "refund_accepted"]);
    assert.equal(seen(came, { ...told, showsReturns: true }).length, 3);
  });

  test("leaves out a refund that came back on a later day", () => {
    const later = entry("refund_returned", "r", { channelDate: "2026-03-09" });
    assert.deepEqual(seen([later, entry("refund_accepted", "r")]), []);
  });

  test("leaves out what a channel gave back by itself, whose day it does not say", () => {
    assert.deepEqual(seen([entry("reversed_by_channel", "a"), entry("break_refund_theirs", "b")]), []);
  });

  test("leaves out what is no trade, such as a channel's payout", () => {
    assert.deepEqual(seen([entry("channel_payout", "w"), entry("manual_correction", "c")]), []);
    assert.deepEqual(seen([entry("share_done", "s"), entry("share_returned", "t")]), []);
  });

  test("leaves out what went away without a trace", () => {
    const code = [entry("surplus_success", "a"), entry("surplus_reversed", "a", { amount: -100n })];
    assert.deepEqual(seen(code, TRAITS, ["a"]), []);
    assert.deepEqual(seen(code), ["surplus_success"], "of another method");
  });
});

describe("what was reversed whole", () => {
  const fee = entry("payment_success", "a", { amount: -1n });
  const taken = [entry("payment_success", "a"), fee];

  test("came and went on the same day", () => {
    const back = [entry("reversed_by_channel", "a", { amount: -100n }), { ...fee, amount: 1n }];
    assert.deepEqual(reversedWhole([...taken, ...back], DAY), ["a"]);
    const later = back.map((one) => ({ ...one, channelDate: "2026-03-08" }));
    assert.deepEqual(reversedWhole([...taken, ...later], DAY), []);
  });

  test("is not what was refunded, nor what went in part", () => {
    assert.deepEqual(reversedWhole([...taken, entry("refund_accepted", "r", { amount: -99n })], DAY), []);
    assert.deepEqual(reversedWhole([...taken, entry("reversed_by_channel", "a", { amount: -98n })], DAY), []);
  });
});
