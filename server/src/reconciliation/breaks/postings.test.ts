import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccountCode, accountIdOf, bookIdOf, CHART } from "../../ledger/index.ts";
import { BREAK_KINDS, type BreakKind } from "../model.ts";
import type { Break } from "./model.ts";
import { RESOLUTIONS, type Resolution } from "./model.ts";
import { type Difference, effectOn, type Subject, suspenseDraft } from "./postings.ts";
import { ALLOWED, leftOf, planOf, refusalOf } from "./resolutions.ts";

const id = (last: number) => `00000000-0000-7000-8000-${String(last).padStart(12, "0")}`;
const [merchantId, channelAccountId] = [id(1), id(2)];

function subject(kind: BreakKind, memo = false): Subject {
  const about = { kind, merchantId, channelAccountId, currency: "CNY", memo };
  return { ...about, paymentId: null, channelDate: "2026-11-20" };
}

/** The lines of a draft by account code, debits above zero. */
function linesOf(about: Subject, difference: Difference, gross = false): [string, Record<string, bigint>] {
  const dates = { channelDate: about.channelDate, originalDate: null };
  const draft = suspenseDraft(about, difference, { id: id(3), sourceId: id(4), gross, ...dates });
  const book = bookIdOf("merchant", merchantId);
  const codes = Object.keys(CHART) as AccountCode[];
  const named = new Map(
    codes.map((code) => {
      const own = CHART[code].perChannelAccount ? channelAccountId : null;
      return [accountIdOf(book, code, "CNY", own), code] as const;
    }),
  );
  const sums: Record<string, bigint> = {};
  for (const line of draft.lines) {
    if (!("account" in line)) throw new Error("a break names its accounts");
    const code = named.get(line.account) as string;
    sums[code] = (sums[code] ?? 0n) + ("debit" in line ? line.debit : -line.credit);
  }
  const total = Object.values(sums).reduce((sum, amount) => sum + amount, 0n);
  assert.equal(total, 0n);
  return [draft.kind, sums];
}

type Row = [
  title: string,
  kind: BreakKind,
  difference: [settle: bigint, fee: bigint],
  journal: string,
  lines: Record<string, bigint>,
];
const table: readonly Row[] = [
  [
    "the channel took money that we know nothing of",
    "payment_theirs_only",
    [1_000n, 6n],
    "break_payment_theirs",
    { channel_receivable: 994n, suspense_surplus: -1_000n, channel_cost: 6n },
  ],
  [
    "we booked money that the channel does not have",
    "payment_ours_only",
    [-1_000n, -6n],
    "break_payment_ours",
    { channel_receivable: -994n, suspense_shortage: 1_000n, channel_cost: -6n },
  ],
  [
    "the channel refunded what we did not",
    "refund_theirs_only",
    [-400n, -2n],
    "break_refund_theirs",
    { channel_receivable: -398n, suspense_shortage: 400n, channel_cost: -2n },
  ],
  [
    "we booked a refund that the channel did not make",
    "refund_ours_only",
    [400n, 2n],
    "break_refund_ours",
    { channel_receivable: 398n, suspense_surplus: -400n, channel_cost: 2n },
  ],
  ["the channel charges more", "fee", [0n, 3n], "break_fee", { channel_receivable: -3n, channel_cost: 3n }],
  ["the channel charges less", "fee", [0n, -3n], "break_fee", { channel_receivable: 3n, channel_cost: -3n }],
  [
    "the channel took more than we booked",
    "amount",
    [50n, 0n],
    "break_payment_theirs",
    { channel_receivable: 50n, suspense_surplus: -50n },
  ],
  [
    "the channel took less than we booked",
    "amount",
    [-50n, -1n],
    "break_payment_ours",
    { channel_receivable: -49n, suspense_shortage: 50n, channel_cost: -1n },
  ],
  [
    "the channel has it paid, we have it closed",
    "status",
    [1_000n, 6n],
    "break_payment_theirs",
    { channel_receivable: 994n, suspense_surplus: -1_000n, channel_cost: 6n },
  ],
  [
    "the channel has it twice",
    "duplicate_theirs",
    [1_000n, 6n],
    "break_payment_theirs",
    { channel_receivable: 994n, suspense_surplus: -1_000n, channel_cost: 6n },
  ],
  [
    "we have it twice",
    "duplicate_ours",
    [-1_000n, -6n],
    "break_payment_ours",
    { channel_receivable: -994n, suspense_shortage: 1_000n, channel_cost: -6n },
  ],
  [
    "the channel holds a claim back that we know nothing of",
    "dispute_theirs_only",
    [-915n, 0n],
    "break_payment_ours",
    { channel_receivable: -915n, suspense_shortage: 915n },
  ],
  [
    "we booked a claim that the channel does not have",
    "dispute_ours_only",
    [915n, 0n],
    "break_payment_theirs",
    { channel_receivable: 915n, suspense_surplus: -915n },
  ],
  [
    "a line of somebody else's merchant number",
    "unknown_merchant",
    [1_000n, 0n],
    "break_payment_theirs",
    { channel_receivable: 1_000n, suspense_surplus: -1_000n },
  ],
  [
    "a line in another currency",
    "currency",
    [1_000n, 0n],
    "break_payment_theirs",
    { channel_receivable: 1_000n, suspense_surplus: -1_000n },
  ],
];

for (const [title, kind, [settle, fee], journal, lines] of table) {
  test(`${kind}: ${title}`, () => {
    assert.deepEqual(linesOf(subject(kind), { settle, fee }), [journal, lines]);
  });

  test(`${kind}, billed apart: ${title}`, () => {
    const { channel_receivable: _, channel_cost: cost, ...held } = lines;
    const expected: Record<string, bigint> = {
      ...held,
      ...(settle === 0n ? {} : { channel_receivable: settle }),
      ...(cost === undefined ? {} : { channel_cost: cost, channel_cost_payable: -cost }),
    };
    assert.deepEqual(linesOf(subject(kind), { settle, fee }, true), [journal, expected]);
  });

  test(`${kind}, money that never passes us: ${title}`, () => {
    const held = settle > 0n ? "memo_suspense_surplus" : "memo_suspense_shortage";
    const expected = settle === 0n ? {} : { memo_channel_receivable: settle, [held]: -settle };
    assert.deepEqual(linesOf(subject(kind, true), { settle, fee }), [journal, expected]);
  });
}

test("every kind of break has its postings in the table", () => {
  assert.deepEqual([...new Set(table.map(([, kind]) => kind))].sort(), [...BREAK_KINDS].sort());
});

test("a journal's effect is what the suspense accounts hold of its break", () => {
  const about = { ...subject("payment_ours_only"), paidTo: null };
  const at = { id: id(3), sourceId: id(4), gross: false, channelDate: null, originalDate: null };
  const draft = suspenseDraft(about, { settle: -7n, fee: 0n }, at);
  assert.deepEqual(effectOn(about, draft), { surplus: 0n, shortage: 7n, pending: 0n });
});

const now = new Date("2026-11-25T00:00:00Z");
const plain = {
  kind: "payment_theirs_only" as Break["kind"],
  settleDifference: 0n,
  feeDifference: 0n,
  standingSettle: 0n,
  standingFee: 0n,
  theirsAmount: 10n,
  oursAmount: null,
  state: "open" as Break["state"],
  memo: false,
  heldByDoor: false,
  paymentId: null as string | null,
  openedAt: new Date("2026-11-20T00:00:00Z"),
  partnerId: null,
  standingResolution: null as Resolution | null,
};
const paidClaim = {
  breakId: id(9),
  claimNo: "C",
  amount: 9n,
  paidAmount: 9n,
  evidence: "L-1",
  filedBy: null,
  endedBy: null,
  bookedBy: null,
  bookedAmount: 0n,
  filedAt: now,
  state: "paid" as const,
  endedAt: now,
  note: null,
};
const around = { now, claim: null, incomeTermDays: 5 };
const aroundPaid = { ...around, claim: paidClaim };

type Choice = [title: string, about: Partial<typeof plain>, allowed: readonly Resolution[]];
const choices: readonly Choice[] = [
  ["a surplus of nobody", { settleDifference: 9n }, ["pay_merchant", "pay_owner", "income", "offset"]],
  [
    "a stranger's line",
    { settleDifference: 9n, kind: "unknown_merchant" },
    ["pay_owner", "income", "offset"],
  ],
  [
    "a stranger's refund",
    { settleDifference: -9n, kind: "unknown_merchant" },
    ["recover_from_channel", "loss", "offset"],
  ],
  [
    "a stranger's line that passes us by",
    { settleDifference: 9n, kind: "unknown_merchant", memo: true },
    ["pay_merchant", "offset"],
  ],
  [
    "a surplus of a payment",
    { settleDifference: 9n, paymentId: id(5) },
    ["pay_merchant", "refund_buyer", "offset"],
  ],
  [
    "a surplus that is young",
    { settleDifference: 9n, openedAt: now },
    ["pay_merchant", "pay_owner", "offset"],
  ],
  [
    "what the channel took by itself",
    { settleDifference: -9n },
    ["recover_from_channel", "recover_from_merchant", "loss", "cost", "offset"],
  ],
  [
    "a shortage of a payment",
    { settleDifference: -9n, paymentId: id(5) },
    ["recover_from_channel", "recover_from_merchant", "loss", "offset"],
  ],
  ["a higher fee", { feeDifference: 2n }, ["adjust_fee", "recover_from_channel", "offset"]],
  ["a lower fee", { feeDifference: -2n }, ["adjust_fee", "offset"]],
  ["a surplus that passes us by", { settleDifference: 9n, memo: true }, ["pay_merchant", "offset"]],
  [
    "a shortage that passes us by",
    { settleDifference: -9n, memo: true },
    ["recover_from_channel", "recover_from_merchant", "offset"],
  ],
  [
    "one that is borne in part",
    { settleDifference: -9n, standingSettle: -4n, standingResolution: "recover_from_channel" },
    ["recover_from_channel", "recover_from_merchant", "loss", "cost"],
  ],
  ["one that nothing is left of", { settleDifference: 9n, standingSettle: 9n }, ["acknowledge"]],
  ["a fee that is charged where the money is", { feeDifference: 2n, memo: true }, ["acknowledge"]],
  ["one that waits for the next date", { settleDifference: 9n, state: "pending" }, []],
  ["one that has ended", { settleDifference: 9n, state: "resolved" }, []],
];

for (const [title, about, allowed] of choices) {
  test(`what may be decided about ${title}`, () => {
    const row = { ...plain, ...about };
    const found = RESOLUTIONS.filter(
      (resolution) =>
        refusalOf(resolution, row, resolution === "recover_from_channel" ? aroundPaid : around) === null,
    );
    assert.deepEqual(found, allowed);
  });
}

test("nobody bears what the channel has paid upon a claim, until that is booked", () => {
  const fits = { loss: -9n, cost: -9n, recover_from_merchant: -9n, adjust_fee: 0n, offset: -9n } as const;
  for (const resolution of ["loss", "cost", "recover_from_merchant", "adjust_fee", "offset"] as const) {
    const about = { ...plain, settleDifference: fits[resolution], feeDifference: 9n };
    assert.equal(refusalOf(resolution, about, around), null);
    const refusal = refusalOf(resolution, about, aroundPaid);
    assert.match(refusal ?? "", /upon the claim C: propose recover_from_channel first/);
    const booked = { ...paidClaim, bookedBy: id(8), bookedAmount: 4n };
    assert.equal(refusalOf(resolution, about, { ...around, claim: booked }), null);
  }
});

test("no resolution moves anything but what is left of its break, and each takes it out of suspense", () => {
  for (const resolution of RESOLUTIONS) {
    const isSurplus = ALLOWED[resolution].for.includes("surplus");
    const row = { ...plain, settleDifference: isSurplus ? 9n : -9n, paymentId: id(5) };
    if (["adjust_fee", "acknowledge", "offset"].includes(resolution)) continue;
    const [move] = planOf(resolution, row, { gross: false }).moves;
    assert.equal(move?.amount, leftOf(row).amount);
    const out = isSurplus ? move?.debit : move?.credit;
    assert.equal(out, isSurplus ? "suspense_surplus" : "suspense_shortage", resolution);
  }
});
