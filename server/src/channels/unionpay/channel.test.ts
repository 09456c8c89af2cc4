import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { describe, it } from "node:test";
import type { Call, ReversalOutcome } from "../port.ts";
import { digestOf, type Fields } from "./signing.ts";
import {
  answered,
  CERT_ID,
  contextOf,
  formOf,
  inputOf,
  MER_ID,
  newKit,
  newOrder,
  newRefund,
  QUERY_ID,
  response,
  type Scripted,
  scripted,
} from "./testing.ts";

const kit = newKit();
const input = inputOf(kit);
const PAID: Fields = {
  respCode: "00",
  origRespCode: "00",
  queryId: QUERY_ID,
  txnAmt: "1234",
  currencyCode: "156",
  settleAmt: "1234",
  settleCurrencyCode: "156",
  settleDate: "1120",
  traceTime: "1120093007",
  accNo: "6216***********0018",
};
const FACTS = {
  amount: 1_234n,
  currency: "CNY",
  settleAmount: 1_234n,
  channelTradeNo: QUERY_ID,
  paidAt: new Date("2026-11-20T01:30:07Z"),
  channelDate: "2026-11-20",
  buyer: "6216***0018",
};
const code = newOrder({ method: "unionpay.code", paymentCode: "6225735053201615202" });
const answer = (fields: Fields) => answered(kit, fields);

function over(...answers: Scripted[]) {
  const { channel, sent } = scripted(answers);
  return { channel, sent, context: contextOf(channel, input) };
}

/** A call's end in one line: what a table can be checked by. */
function told(call: Call<unknown>): string {
  if (call.end === "refused")
    return `refused ${call.code} ${call.side ?? "-"}${call.retryable ? " later" : ""}`;
  if (call.end !== "answered") return call.end;
  type Shown = { outcome: string; nextAction?: { type: string }; code?: string };
  const { outcome, nextAction, code: failure } = call.value as Shown;
  return [outcome, nextAction?.type, failure].filter((part) => part !== undefined).join(" ");
}

describe("UnionPay's page", () => {
  it("is a signed form for the buyer's browser; nothing is sent", async () => {
    const { channel, context, sent } = over();
    const order = newOrder({ method: "unionpay.page" });
    const call = await channel.pay(context, order);
    assert.ok(call.end === "answered" && call.value.outcome === "pending");
    const { nextAction } = call.value;
    assert.ok(nextAction?.type === "redirect" && nextAction.form !== undefined);
    assert.equal(nextAction.url, "https://gateway.example/gateway/api/frontTransReq.do");
    assert.equal(nextAction.form.orderId, order.channelOrderNo);
    assert.equal(nextAction.form.frontUrl, order.returnUrl);
    assert.equal(sent.length, 0);
    assert.ok(!call.exchange.request.includes(nextAction.form.signature as string));
    assert.deepEqual(await channel.pay(context, order), call);
  });
});

describe("UnionPay's orders are placed:", () => {
  const app = newOrder({ method: "unionpay.app" });
  const qr = newOrder();
  const open = answer({ respCode: "00", origRespCode: "05" });
  const placed: [title: string, order: typeof qr, answers: Scripted[], end: string][] = [
    [
      "a code",
      qr,
      [answer({ respCode: "00", qrCode: "https://qr.95516.com/00010000/6222" })],
      "pending qr_code",
    ],
    ["an app", app, [answer({ respCode: "00", tn: "612312345" })], "pending app_params"],
    ["a code that is missing", qr, [answer({ respCode: "00", tn: "612312345" })], "unknown"],
    ["an app's number that is missing", app, [answer({ respCode: "00" })], "unknown"],
    ["under way", qr, [answer({ respCode: "05" })], "unknown"],
    ["busy", qr, [answer({ respCode: "06" })], "unknown"],
    ["unspecified", qr, [answer({ respCode: "99" })], "unknown"],
    ["too many", qr, [answer({ respCode: "37" })], "not_sent"],
    ["failed", qr, [answer({ respCode: "01" })], "refused 01 order"],
    ["a wrong message", qr, [answer({ respCode: "10" })], "refused 10 channel"],
    ["a wrong signature", qr, [answer({ respCode: "11" })], "refused 11 channel"],
    ["an incomplete message", qr, [answer({ respCode: "13" })], "refused 13 channel"],
    ["a merchant without this product", qr, [answer({ respCode: "31" })], "refused 31 channel"],
    ["an amount too high", qr, [answer({ respCode: "36" })], "refused 36 order"],
    ["a wrong transaction", qr, [answer({ respCode: "39" })], "refused 39 order"],
    ["a card's fault", qr, [answer({ respCode: "61" })], "refused 61 buyer"],
    ["a duplicate that is paid", qr, [answer({ respCode: "12" }), answer(PAID)], "paid"],
    ["a duplicate that is open", qr, [answer({ respCode: "12" }), open], "refused 12 channel"],
    [
      "a duplicate not found yet",
      qr,
      [answer({ respCode: "12" }), answer({ respCode: "34" })],
      "refused 12 channel",
    ],
    [
      "a duplicate that failed",
      qr,
      [answer({ respCode: "12" }), answer({ respCode: "00", origRespCode: "64" })],
      "failed 64",
    ],
    ["a duplicate nobody can tell of", qr, [answer({ respCode: "12" }), response("", 500)], "unknown"],
    ["an HTTP error", qr, [response("", 502)], "unknown"],
    ["nothing arrived", qr, [{ end: "not_sent", reason: "x" }], "not_sent"],
    ["no answer", qr, [{ end: "unknown", reason: "x" }], "unknown"],
  ];
  for (const [title, order, answers, end] of placed) {
    it(`${title}: ${end}`, async () => {
      const { channel, context, sent } = over(...answers);
      assert.equal(told(await channel.pay(context, order)), end);
      assert.equal(sent.length, answers.length);
    });
  }
  it("the request is signed with the account's key", async () => {
    const { channel, context, sent } = over(response("", 500));
    await channel.pay(context, newOrder());
    const { signature = "", ...fields } = formOf(sent[0]);
    const digest = Buffer.from(digestOf(fields));
    assert.ok(verify("RSA-SHA256", digest, kit.merchant.publicKey, Buffer.from(signature, "base64")));
    assert.equal(sent[0]?.url, "https://gateway.example/gateway/api/backTransReq.do");
    assert.deepEqual([fields.merId, fields.certId], [MER_ID, CERT_ID]);
  });
});

describe("the buyer's code is charged:", () => {
  const accepted = answer({ respCode: "00", queryId: QUERY_ID });
  const charged: [title: string, answers: Scripted[], end: string][] = [
    ["paid, as the query says", [accepted, answer(PAID)], "paid"],
    ["accepted, and the query is too early", [accepted, answer({ respCode: "34" })], "pending"],
    [
      "accepted, and the query is under way",
      [accepted, answer({ respCode: "00", origRespCode: "04" })],
      "pending",
    ],
    ["accepted, and the query is lost", [accepted, { end: "unknown", reason: "x" }], "pending"],
    [
      "accepted, and refused by the bank",
      [accepted, answer({ respCode: "00", origRespCode: "64" })],
      "failed 64",
    ],
    ["accepted with another amount", [accepted, answer({ ...PAID, txnAmt: "1" })], "unknown"],
    ["a duplicate that is paid", [answer({ respCode: "12" }), answer(PAID)], "paid"],
    ["the buyer must confirm", [answer({ respCode: "05" })], "pending"],
    ["no money", [answer({ respCode: "64" })], "failed 64"],
    ["too much", [answer({ respCode: "36" })], "failed 36"],
    ["failed", [answer({ respCode: "01" })], "failed 01"],
    ["our signature", [answer({ respCode: "11" })], "refused 11 channel"],
    ["busy", [answer({ respCode: "06" })], "unknown"],
    ["too many", [answer({ respCode: "37" })], "not_sent"],
  ];
  for (const [title, answers, end] of charged) {
    it(`${title}: ${end}`, async () => {
      const { channel, context, sent } = over(...answers);
      const call = await channel.pay(context, code);
      assert.equal(told(call), end);
      assert.equal(sent.length, answers.length);
      assert.ok(!call.exchange.request.includes(code.paymentCode as string));
    });
  }
});

describe("an order is asked about:", () => {
  const orig = (origRespCode: string) => answer({ ...PAID, origRespCode });
  const asked: [title: string, answer: Scripted, end: string][] = [
    ["paid", answer(PAID), "paid"],
    ["paid with a flaw", orig("A6"), "paid"],
    ["03", orig("03"), "pending"],
    ["04", orig("04"), "pending"],
    ["05", orig("05"), "pending"],
    ["34 of the message", answer({ respCode: "34" }), "not_found"],
    ["34 of the transaction", orig("34"), "not_found"],
    ["01", orig("01"), "failed 01"],
    ["10", orig("10"), "failed 10"],
    ["36", orig("36"), "failed 36"],
    ["37", orig("37"), "failed 37"],
    ["68", orig("68"), "failed 68"],
    ["06", orig("06"), "unknown"],
    ["99", orig("99"), "unknown"],
    ["12", orig("12"), "unknown"],
    ["nothing of the transaction", answer({ respCode: "00" }), "unknown"],
    ["paid, without an amount", answer({ ...PAID, txnAmt: "" }), "unknown"],
    ["paid, without a queryId", answer({ ...PAID, queryId: "" }), "unknown"],
    ["05 of the message", answer({ respCode: "05" }), "unknown"],
    ["11 of the message", answer({ respCode: "11" }), "refused 11 channel"],
    ["37 of the message", answer({ respCode: "37" }), "not_sent"],
    ["about another order", answer({ ...PAID, orderId: "att2" }), "unknown"],
  ];
  for (const [title, scripted, end] of asked) {
    it(`${title}: ${end}, and closing tells the same`, async () => {
      for (const operation of ["query", "close"] as const) {
        const { channel, context, sent } = over(scripted);
        assert.equal(told(await channel[operation](context, newOrder())), end);
        assert.equal(sent[0]?.url, "https://gateway.example/gateway/api/queryTrans.do");
      }
    });
  }
  it("with the facts, and the amount as it is", async () => {
    const { channel, context } = over(answer({ ...PAID, txnAmt: "999", settleAmt: "999" }));
    const call = await channel.query(context, newOrder());
    assert.ok(call.end === "answered");
    assert.deepEqual(call.value, { outcome: "paid", ...FACTS, amount: 999n, settleAmount: 999n });
  });
  it("failed or reversed, with what a reversed one had taken where that is told", async () => {
    const failure = { outcome: "failed", code: "01", message: "" };
    const cases = [
      [{}, { ...failure, tookBefore: FACTS }],
      [{ settleAmt: "", settleDate: "" }, failure],
      [{ queryId: "" }, failure],
    ] as const;
    for (const [changes, value] of cases) {
      const { channel, context } = over(answer({ ...PAID, origRespCode: "01", ...changes }));
      const call = await channel.query(context, code);
      assert.ok(call.end === "answered");
      assert.deepEqual(call.value, value);
    }
  });
  it("without its time, it is taken from the queryId", async () => {
    const { channel, context } = over(answer({ ...PAID, traceTime: "" }));
    const call = await channel.query(context, newOrder());
    assert.ok(call.end === "answered" && call.value.outcome === "paid");
    assert.deepEqual(call.value.paidAt, new Date("2026-11-20T01:30:00Z"));
  });
});

describe("a code's order is reversed:", () => {
  const done = answer({ respCode: "00" });
  const failed = answer({ respCode: "00", origRespCode: "01" });
  const open = answer({ respCode: "00", origRespCode: "05" });
  const unknown = answer({ respCode: "34" });
  const refused = answer({ respCode: "39" });
  const reversed: [title: string, answers: Scripted[], end: string][] = [
    ["it was paid", [done, answer({ ...PAID, origRespCode: "01" })], "reversed, returned"],
    ["it is still called paid, or was paid since", [done, answer(PAID)], "again"],
    [
      "it was not paid, with its number",
      [done, answer({ ...PAID, origRespCode: "01", settleAmt: "", settleDate: "" })],
      "reversed",
    ],
    ["it was not paid", [done, failed], "reversed"],
    ["it never came", [unknown, unknown], "reversed"],
    ["it came in between", [unknown, answer(PAID)], "again"],
    ["it is open in between", [unknown, open], "again"],
    ["done, and open all the same", [done, open], "unknown"],
    ["done, and not to be seen yet, paid or not", [done, unknown], "unknown"],
    ["under way", [answer({ respCode: "05" })], "again"],
    ["busy", [answer({ respCode: "06" })], "unknown"],
    ["a duplicate", [answer({ respCode: "12" })], "unknown"],
    ["too late, and it is paid", [refused, answer(PAID)], "refused 39 order"],
    ["too late, and it is open", [refused, open], "refused 39 order"],
    ["too late, and it failed", [refused, failed], "reversed"],
    ["the query is refused", [done, answer({ respCode: "11" })], "unknown"],
    ["the query is lost", [done, { end: "not_sent", reason: "x" }], "unknown"],
  ];
  for (const [title, answers, end] of reversed) {
    it(`${title}: ${end}`, async () => {
      const { channel, context, sent } = over(...answers);
      const call: Call<ReversalOutcome> = await channel.reverse(context, code);
      const returned =
        call.end === "answered" && call.value.outcome === "reversed" && call.value.moneyReturned;
      assert.equal(`${told(call)}${returned ? ", returned" : ""}`, end);
      assert.equal(sent.length, answers.length);
      if (returned) assert.deepEqual(call.value.outcome === "reversed" && call.value.paid, FACTS);
    });
  }
  it("another scene's is not", async () => {
    const { channel, context, sent } = over();
    assert.equal(told(await channel.reverse(context, newOrder())), "refused no_reversal -");
    assert.equal(sent.length, 0);
  });
});

describe("a refund is asked for:", () => {
  const later = newRefund({ amount: 234n, paidChannelDate: "2026-11-19" });
  const done = { respCode: "00", queryId: "202611200940000000028", settleDate: "1120" };
  const known = (fields: Fields) => answer({ respCode: "00", origRespCode: "00", txnAmt: "234", ...fields });
  const ends: [title: string, answers: Scripted[], end: string][] = [
    ["taken", [answer(done)], "accepted"],
    ["taken with another amount", [answer({ ...done, txnAmt: "1" })], "unknown"],
    ["under way", [answer({ respCode: "03" })], "pending"],
    ["busy", [answer({ respCode: "06" })], "unknown"],
    ["too many", [answer({ respCode: "37" })], "not_sent"],
    ["no such payment", [answer({ respCode: "34" })], "refused 34 order"],
    ["more than is left", [answer({ respCode: "36" })], "refused 36 order"],
    ["no money of the merchant", [answer({ respCode: "64" })], "refused 64 buyer later"],
    ["our signature", [answer({ respCode: "11" })], "refused 11 channel later"],
    ["asked for before", [answer({ respCode: "12" }), known({})], "arrived"],
    ["asked for before, not seen yet", [answer({ respCode: "12" }), answer({ respCode: "34" })], "pending"],
    [
      "asked for before, and the query is refused",
      [answer({ respCode: "12" }), answer({ respCode: "11" })],
      "unknown",
    ],
    [
      "asked for before, and refused",
      [answer({ respCode: "12" }), known({ origRespCode: "01" })],
      "failed 01",
    ],
    [
      "asked for before with another amount",
      [answer({ respCode: "12" }), known({ txnAmt: "1" })],
      "refused 12 channel",
    ],
  ];
  for (const [title, answers, end] of ends) {
    it(`${title}: ${end}`, async () => {
      const { channel, context, sent } = over(...answers);
      assert.equal(told(await channel.refund(context, later)), end);
      assert.equal(sent.length, answers.length);
      assert.equal(formOf(sent[0]).txnType, "04");
      assert.equal(formOf(sent[0]).origQryId, QUERY_ID);
    });
  }

  it("with its number and the day of its bill", async () => {
    const { channel, context } = over(answer({ ...done, settleDate: "1121" }), answer({ respCode: "00" }));
    const call = await channel.refund(context, later);
    assert.ok(call.end === "answered");
    const facts = { settleAmount: null, channelRefundNo: done.queryId, channelDate: "2026-11-21" };
    assert.deepEqual(call.value, { outcome: "accepted", ...facts });
    const without = await channel.refund(context, later);
    assert.ok(without.end === "answered" && without.value.outcome === "accepted");
    assert.equal(without.value.channelDate, "2026-11-20");
  });

  it("the whole within the clearing day, as a void", async () => {
    const { channel, context, sent } = over(answer(done));
    assert.equal(told(await channel.refund(context, newRefund())), "accepted");
    assert.equal(formOf(sent[0]).txnType, "31");
  });

  it("a part within the clearing day waits for the next, and nothing is sent", async () => {
    const { channel, context, sent } = over();
    const call = await channel.refund(context, newRefund({ amount: 1n }));
    assert.ok(call.end === "not_sent");
    assert.deepEqual(call.notBefore, new Date("2026-11-20T23:05:00+08:00"));
    assert.equal(sent.length, 0);
  });

  it("of an order that was never paid, and nothing is sent", async () => {
    const { channel, context, sent } = over();
    const call = await channel.refund(context, newRefund({ order: newOrder() }));
    assert.equal(told(call), "refused not_paid -");
    assert.equal(sent.length, 0);
  });

  const queried: [title: string, answer: Scripted, end: string][] = [
    ["arrived", known({}), "arrived"],
    ["under way", known({ origRespCode: "05" }), "pending"],
    ["failed", known({ origRespCode: "64" }), "failed 64"],
    ["unspecified", known({ origRespCode: "99" }), "unknown"],
    ["not known", answer({ respCode: "34" }), "not_found"],
    ["not known, as the transaction says", known({ origRespCode: "34" }), "not_found"],
    ["of another amount", known({ txnAmt: "1" }), "unknown"],
    ["refused", answer({ respCode: "11" }), "refused 11 channel"],
    ["of another refund", known({ orderId: "rfd2" }), "unknown"],
  ];
  for (const [title, scripted, end] of queried) {
    it(`asked about, ${title}: ${end}`, async () => {
      const { channel, context, sent } = over(scripted);
      assert.equal(told(await channel.queryRefund(context, later)), end);
      assert.equal(formOf(sent[0]).orderId, later.channelRefundNo);
    });
  }
});

describe("an account is proved", () => {
  const proofs: [title: string, answer: Scripted, end: string][] = [
    ["by an order that nobody knows", answer({ respCode: "34" }), "answered"],
    ["by one that is said to be there: not", answer(PAID), "unknown"],
    ["with a signature that is not ours: not", answer({ respCode: "11" }), "refused"],
    ["by an answer of another chain: not", answered(newKit(), { respCode: "34" }), "unknown"],
  ];
  for (const [title, scripted, end] of proofs) {
    it(title, async () => {
      const { channel, context } = over(scripted);
      assert.equal((await channel.prove(context)).end, end);
    });
  }
});

describe("an order is refused before anything is sent", () => {
  const { channel } = over();
  const faults: [title: string, changes: Parameters<typeof newOrder>[0], field: string | null][] = [
    ["that is good: not", {}, null],
    ["of no method", { method: "unionpay.pos" }, "method"],
    ["of no amount", { amount: 0n }, "amount"],
    ["of thirteen digits", { amount: 1_000_000_000_000n }, "amount"],
    ["of another currency", { currency: "HKD" }, "currency"],
    ["with a code where none is wanted", { paymentCode: "6225735053201615202" }, "payment_code"],
    ["without a code", { method: "unionpay.code" }, "payment_code"],
    ["with another's code", { method: "unionpay.code", paymentCode: "134567890123456789" }, "payment_code"],
    ["with a code: not", { method: "unionpay.code", paymentCode: "6225735053201615202" }, null],
  ];
  for (const [title, changes, field] of faults) {
    it(title, () => assert.equal(channel.refuseOrder(newOrder(changes))?.field ?? null, field));
  }
});
