import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Statement } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import type { Fields } from "./answer.ts";
import { fileOf, readStatement } from "./movements.ts";
import { CREATED, charge, disputeObject, newOrder, newRefund, refundObject } from "./testing.ts";

const of = { holder: { account_id: "acct_1" }, channelDate: "2026-11-20" };
/** As it is fetched, kept and read again. */
const readBack = (movements: readonly object[]) => readStatement(of, fileOf(movements as Fields[]));
async function faultOf(original: Buffer): Promise<string> {
  const read = await readStatement(of, original);
  assert.ok(read instanceof StatementFault);
  return read.message;
}
async function statementOf(movements: readonly object[]): Promise<Statement> {
  const read = await readBack(movements);
  assert.ok(!(read instanceof StatementFault));
  return read;
}
const movement = (
  type: string,
  amount: number,
  fee: number,
  source: object | string | null,
  changes: object = {},
) => ({
  id: `txn_${type}`,
  object: "balance_transaction",
  type,
  amount,
  fee,
  net: amount - fee,
  currency: "usd",
  created: CREATED,
  source,
  ...changes,
});
const DAY = [
  movement("charge", 1_234, 66, charge()),
  movement("refund", -234, 0, refundObject(), { created: CREATED + 1 }),
  movement("refund_failure", 234, 0, refundObject({ status: "failed" }), { created: CREATED + 2 }),
  movement("adjustment", -1_234, 1_500, disputeObject(), { created: CREATED + 3 }),
  movement("adjustment", 1_234, 0, disputeObject({ status: "won" }), { created: CREATED + 4 }),
  movement("payout", -500, 0, { id: "po_1", object: "payout", currency: "usd" }, { created: CREATED + 5 }),
  movement("stripe_fee", -20, 0, null, { created: CREATED + 6 }),
];

describe("Stripe's movements of a day", () => {
  it("are a statement: payments, refunds, disputes, what is nobody's, and no payout", async () => {
    const { lines, account, channelDate } = await statementOf(DAY.toReversed());
    assert.deepEqual([account, channelDate], ["acct_1", of.channelDate]);
    assert.deepEqual(
      lines.map(({ line, kind, amount, fee, channelOrderNo, channelRefundNo, channelTradeNo }) => [
        line,
        kind,
        amount,
        fee,
        channelOrderNo,
        channelRefundNo,
        channelTradeNo,
      ]),
      [
        [1, "payment", 1_234n, 66n, newOrder().channelOrderNo, null, "pi_1"],
        [2, "refund", -234n, 0n, newOrder().channelOrderNo, newRefund().channelRefundNo, "pi_1"],
        [3, "refund", 234n, 0n, newOrder().channelOrderNo, newRefund().channelRefundNo, "pi_1"],
        [4, "dispute", -1_234n, 1_500n, "", null, "pi_1"],
        [5, "dispute", 1_234n, 0n, "", null, "pi_1"],
        [7, "refund", -20n, 0n, "", null, "txn_stripe_fee"],
      ],
    );
  });

  it("keep what came, the same content as the same bytes", () => {
    const [first] = DAY;
    const shuffled = Object.fromEntries(Object.entries(first as object).toReversed());
    const bytes = fileOf(DAY as unknown as Fields[]);
    assert.equal(bytes.toString().trimEnd().split("\n").length, DAY.length);
    assert.deepEqual(fileOf([shuffled, ...DAY.slice(1)] as Fields[]), bytes);
    assert.deepEqual(JSON.parse(bytes.toString().split("\n")[0] as string), first);
  });

  it("of a currency without decimals are whole", async () => {
    const yen = movement("charge", 500, 18, charge({ currency: "jpy" }), { currency: "jpy" });
    assert.deepEqual(
      (await statementOf([yen])).lines.map(({ amount, currency }) => [amount, currency]),
      [[500n, "JPY"]],
    );
  });

  const own = (type: string, amount: number, fee = 0, changes: object = {}) =>
    movement(type, amount, fee, null, changes);
  const others = { metadata: {}, payment_intent: "pi_other" };
  const nobodys: [
    title: string,
    movement: object,
    told: [kind: string, amount: bigint, fee: bigint, RegExp],
  ][] = [
    [
      "a monthly fee",
      own("stripe_fee", -2_500, 0, { description: "Radar (2026-11)" }),
      ["refund", -2_500n, 0n, /^stripe_fee: Radar \(2026-11\)$/],
    ],
    ["a correction", own("adjustment", -9_000), ["refund", -9_000n, 0n, /^adjustment$/]],
    ["a reserve", own("reserve_transaction", -100_000), ["refund", -100_000n, 0n, /^reserve_transaction$/]],
    ["a reserve let go", own("reserve_transaction", 100_000), ["payment", 100_000n, 0n, /^reserve/]],
    ["own money", own("topup", 7_000), ["payment", 7_000n, 0n, /^topup$/]],
    [
      "a transfer with its fee",
      movement("transfer", -4_000, 30, "tr_1"),
      ["refund", -4_000n, 30n, /^transfer tr_1$/],
    ],
    ["a fee alone", own("network_cost", 0, 12), ["refund", 0n, 12n, /^network_cost$/]],
    ["a kind that is new", own("brand_new", -1), ["refund", -1n, 0n, /^brand_new$/]],
    [
      "another's payment that settles in a currency that is taken",
      movement("charge", 100, 5, charge({ ...others, currency: "inr" })),
      ["payment", 100n, 5n, /^charge ch_/],
    ],
    [
      "another's refund of it",
      movement("refund", -100, 0, refundObject({ ...others, currency: "inr" })),
      ["refund", -100n, 0n, /^refund re_/],
    ],
    [
      "another's claim on it",
      movement("adjustment", -100, 1_500, disputeObject({ ...others, currency: "inr" })),
      ["refund", -100n, 1_500n, /^adjustment dp_/],
    ],
    [
      "another's payment reversed",
      movement("payment_reversal", -100, 0, charge(others)),
      ["refund", -100n, 0n, /^payment_reversal ch_/],
    ],
  ];
  for (const [title, moved, [kind, amount, fee, subject]] of nobodys) {
    it(`tell ${title} as a line of nobody's, under its own number`, async () => {
      const { lines, notes } = await statementOf([...DAY, { ...moved, id: "txn_9" }].toReversed());
      const line = lines.find(({ channelTradeNo }) => channelTradeNo === "txn_9");
      assert.deepEqual(
        [
          line?.kind,
          line?.amount,
          line?.settleAmount,
          line?.fee,
          line?.channelOrderNo,
          line?.channelRefundNo,
        ],
        [kind, amount, amount, fee, "", null],
      );
      assert.match(line?.subject ?? "", subject);
      assert.equal(notes, undefined);
    });
  }

  it("note what moved in a currency that is not taken, and leave out what moved nothing", async () => {
    const foreign = { ...charge({ ...others, currency: "inr" }) };
    const inr = { currency: "inr" };
    const { lines, notes } = await statementOf([
      ...DAY,
      movement("charge", 9_900, 300, foreign, inr),
      own("stripe_fee", -100, 0, inr),
      own("adjustment", 0),
    ]);
    assert.equal(lines.length, 6);
    assert.deepEqual(notes, ["movements in INR, which is not taken here, are no lines: 2, 9500 in all"]);
  });

  it("keep a payment of others in a currency that is taken, for whoever compares", async () => {
    const { lines } = await statementOf([movement("charge", 100, 5, charge(others))]);
    assert.deepEqual(
      lines.map(({ channelOrderNo, channelTradeNo, amount }) => [channelOrderNo, channelTradeNo, amount]),
      [["", "pi_other", 100n]],
    );
  });

  it("keep what others wrote with a backslash of their own", async () => {
    const description = String.raw`{"n":"\ud83d\ude00"}`;
    const { lines } = await statementOf([movement("charge", 100, 5, charge({ ...others, description }))]);
    assert.equal(lines[0]?.subject, description);
  });

  const faults: [title: string, movement: object, reason: RegExp][] = [
    ["a net that does not add up", movement("charge", 1_234, 66, charge(), { net: 1 }), /is not 1/],
    ["a payout that does not add up", movement("payout", -500, 0, "po_1", { net: -50 }), /is not -50/],
    [
      "no currency",
      movement("charge", 1_234, 66, charge(others), { currency: " usd" }),
      /currency is " usd"/,
    ],
    ["a payout in no currency", movement("payout", -500, 0, "po_1", { currency: null }), /currency is null/],
    [
      "half a pair",
      movement("charge", 1_234, 66, charge(), { description: "\ude00" }),
      /a character that is none/,
    ],
    ["no kind that is one", movement(" payout", -500, 0, "po_1"), /the kind is " payout"/],
    ["a time after all times", movement("charge", 1_234, 66, charge(), { created: 9e14 }), /missing/],
    ["no time", movement("charge", 1_234, 66, charge(), { created: null }), /missing/],
    [
      "another currency than it was paid in",
      movement("charge", 1_100, 60, charge(), { currency: "eur" }),
      /USD.*EUR/,
    ],
    [
      "an order of ours in a currency that is not taken",
      movement("charge", 1_100, 60, charge({ currency: "inr" }), { currency: "inr" }),
      /currency inr/,
    ],
    [
      "a refund of ours settled otherwise",
      movement("refund", -234, 0, refundObject({ metadata: { channel_refund_no: "rfd1" } }), {
        currency: "eur",
      }),
      /USD.*EUR/,
    ],
    ["nothing that numbers it", own("stripe_fee", -1, 0, { id: "" }), /without its number/],
    ["a source that did not come", movement("charge", 1_234, 66, "ch_1"), /did not come/],
    ["a kind that is not understood", movement("payment_reversal", -1, 0, charge()), /payment_reversal/],
  ];
  for (const [title, wrong, reason] of faults) {
    it(`with ${title} are no statement, and the line is named`, async () => {
      const fault = await readBack([wrong, DAY[0] as object]);
      assert.ok(fault instanceof StatementFault);
      assert.match(fault.message, /^line \d/);
      assert.match(fault.reason, reason);
    });
  }

  it("of another day altogether are read with a note, and one that came late is a line", async () => {
    const late = movement("charge", 1_234, 66, charge(), { created: CREATED + 86_400 });
    const other = await statementOf([late]);
    assert.equal(other.lines.length, 1);
    assert.match(other.notes?.join() ?? "", /^no line is of 2026-11-20: line 1 is of 2026-11-21;/);
    const both = await statementOf([late, DAY[0] as object]);
    assert.deepEqual([both.lines.length, both.notes], [2, undefined]);
  });

  it("are refused where the file was cut off, or is none", async () => {
    const file = fileOf(DAY as unknown as Fields[]);
    assert.match(await faultOf(file.subarray(0, -1)), /line 7: the file is cut off/);
    assert.match(await faultOf(Buffer.from("{}\n")), /line 1: is no balance transaction/);
    assert.match(await faultOf(Buffer.from("{\n")), /line 1: is not JSON/);
    assert.match(await faultOf(Buffer.from([0xff, 0x0a])), /line 1: .* not UTF-8/);
  });
});
