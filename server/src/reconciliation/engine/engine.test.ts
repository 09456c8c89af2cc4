import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { comparisonOf, ourRow, scopeRow, theirRow } from "../testing/rows.ts";
import { createEngine, type Engine, type InScope } from "./engine.ts";
import type { OurRow, ScopeRow, TheirRow } from "./rows.ts";

let folder = "";
let engine: Engine;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-engine-"));
  engine = createEngine({ clock: systemClock, folder });
});
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Their = Partial<InScope<TheirRow>>;
type Our = Partial<InScope<OurRow>>;

async function found(theirs: readonly Their[], ours: readonly Our[], scope: Partial<ScopeRow> = {}) {
  const comparison = await comparisonOf(
    [{ ...scopeRow, ...scope }],
    theirs.map((row) => ({ ...theirRow, ...row })),
    ours.map((row, index) => ({ ...ourRow, journalId: `j${index}`, ...row })),
  );
  const compared = await engine.compare(comparison).finally(comparison.remove);
  const rows = compared.found.map(({ kind, side, settleDifference, feeDifference }) => {
    return `${kind} ${side} ${settleDifference} ${feeDifference}`;
  });
  return rows.sort();
}

const refundThere: Their = {
  kind: "refund",
  refundNo: "r1",
  amount: -40n,
  settle: -40n,
  toldFee: 0n,
};
const refundHere: Our = {
  kind: "refund",
  origin: "refund_accepted",
  refundNo: "r1",
  amount: -40n,
  settle: -40n,
  fee: 0n,
};
const backThere: Their = { ...refundThere, refundNo: "" };
const backHere: Our = { ...refundHere, origin: "break_refund_theirs", refundNo: "" };
const claimThere: Their = { kind: "dispute", orderNo: "", amount: -60n, settle: -60n, toldFee: 15n };
const claimHere: Our = { kind: "dispute", origin: "dispute_opened", amount: -60n, settle: -60n, fee: 15n };
const wholeThere: Their = { ...backThere, amount: -100n, settle: -100n, toldFee: -1n };
const wholeHere: Our = { ...backHere, origin: "surplus_reversed", amount: -100n, settle: -100n, fee: -1n };

describe("what is normal", () => {
  const cases: readonly [string, readonly Their[], readonly Our[], Partial<ScopeRow>?][] = [
    ["a payment", [{}], [{}]],
    ["one trade number on a payment and its refunds", [{}, refundThere], [{}, refundHere]],
    ["a payment and its reversal", [{}, wholeThere], [{}, wholeHere]],
    ["a refund that the channel made by itself", [{}, backThere], [{}, backHere]],
    [
      "one that is told by the sum of its parts",
      [
        { ...backThere, refundNo: "x1", amount: -10n, settle: -10n },
        { ...backThere, refundNo: "x2", amount: -30n, settle: -30n },
      ],
      [backHere],
    ],
    ["a claim, which bears the payment's number alone", [{}, claimThere], [{}, claimHere]],
    [
      "a line without our number",
      [{ ...refundThere, orderNo: "", refundNo: "" }],
      [{ ...refundHere, refundNo: "" }],
    ],
    ["a code taken and reversed without a trace", [], [{ quiet: true }, { ...wholeHere, quiet: true }]],
    [
      "a refund that came to nothing, where none is billed",
      [],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
      { dropsFailedRefunds: true },
    ],
    [
      "a refund that came back, where that is never billed",
      [refundThere],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
    ],
    [
      "a refund that came back and is billed",
      [refundThere, { ...refundThere, amount: 40n, settle: 40n }],
      [refundHere, { ...refundHere, origin: "refund_returned", amount: 40n, settle: 40n }],
      { billsReturns: true },
    ],
    ["a voucher", [{ settle: 90n }], [{ settle: 90n }]],
    [
      "a refund's settled part off by one, where a voucher was part of the payment",
      [{ ...refundThere, settle: -36n }],
      [{ ...refundHere, settle: -35n, voucher: true }],
    ],
    ["a fee that is none of these books'", [{ toldFee: 9n }], [{ fee: 0n }], { comparesFee: false }],
    [
      "an order that was reversed for what was asked while another amount was paid",
      [
        { amount: 90n, settle: 90n, toldFee: 1n },
        { ...wholeThere, amount: -90n, settle: -90n },
      ],
      [{ origin: "surplus_success" }, wholeHere],
    ],
  ];
  for (const [title, theirs, ours, scope] of cases) {
    test(title, async () => assert.deepEqual(await found(theirs, ours, scope), []));
  }
});

describe("what differs", () => {
  const cases: readonly [string, readonly Their[], readonly Our[], readonly string[], Partial<ScopeRow>?][] =
    [
      ["a payment there only", [{}], [], ["payment_theirs_only theirs 100 1"]],
      ["a payment here only", [], [{}], ["payment_ours_only ours -100 -1"]],
      ["an amount", [{ amount: 90n, settle: 90n }], [{}], ["amount both -10 0"]],
      ["what settles", [{ settle: 90n }], [{}], ["amount both -10 0"]],
      ["a fee", [{ toldFee: 2n }], [{}], ["fee both 0 1"]],
      ["a currency", [{ currency: "USD" }], [{}], ["currency ours -100 -1", "currency theirs 100 1"]],
      ["a line twice", [{}, {}], [{}], ["duplicate_theirs theirs 100 1"]],
      [
        "a payment billed twice with another amount",
        [{}, { amount: 90n, settle: 90n }],
        [{}],
        ["duplicate_theirs theirs 90 1"],
      ],
      ["a payment booked twice", [{}], [{}, {}], ["duplicate_ours ours -100 -1"]],
      ["a refund there only", [{}, refundThere], [{}], ["refund_theirs_only theirs -40 0"]],
      ["a refund here only", [{}], [{}, refundHere], ["refund_ours_only ours 40 0"]],
      ["a refund billed twice", [refundThere, refundThere], [refundHere], ["duplicate_theirs theirs -40 0"]],
      [
        "a refund by itself billed twice",
        [
          { ...backThere, refundNo: "x1" },
          { ...backThere, refundNo: "x1" },
        ],
        [backHere],
        ["duplicate_theirs theirs -40 0"],
      ],
      ["a claim there only", [{}, claimThere], [{}], ["dispute_theirs_only theirs -60 15"]],
      ["a claim here only", [{}], [{}, claimHere], ["dispute_ours_only ours 60 -15"]],
      ["another's merchant number", [{ stranger: true }], [], ["unknown_merchant theirs 100 1"]],
      [
        "a code taken and reversed whose payment is billed",
        [{}],
        [{ quiet: true }, { ...wholeHere, quiet: true }],
        ["refund_ours_only ours 100 1"],
      ],
      [
        "the fee given back of a part that went by itself",
        [{ ...backThere, toldFee: -1n }],
        [backHere],
        ["fee both 0 -1"],
      ],
      [
        "a refund's settled part off by one without a voucher",
        [{ ...refundThere, settle: -39n }],
        [refundHere],
        ["amount both 1 0"],
      ],
    ];
  for (const [title, theirs, ours, expected, scope] of cases) {
    test(title, async () => assert.deepEqual(await found(theirs, ours, scope), expected));
  }
});
