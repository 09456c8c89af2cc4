import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { newKeys } from "../testing/merchant.ts";
import { type Form, startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";

const hour = 3_600_000;
const backPath = "/gateway/api/backTransReq.do";
let bench: UnionpayBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startUnionpayBench({ clock });
});
after(() => bench.stop());

const qr = (orderId: string, more: Form = {}): Form =>
  bench.message({
    txnType: "01",
    txnSubType: "07",
    bizType: "000000",
    channelType: "08",
    txnAmt: "1234",
    currencyCode: "156",
    orderId,
    backUrl: bench.backUrl,
    ...more,
  });
const statusOf = async (path: string, body: object): Promise<string> => {
  const answer = await bench.post(path, body);
  const trade = answer.body.trade as { status: string } | undefined;
  return trade?.status ?? (answer.body.error as { code: string }).code;
};

void describe("what the gateway refuses", () => {
  const cases: [title: string, bend: (form: Form) => Form, code: string, about?: string][] = [
    ["another version", (form) => bench.signed({ ...form, version: "5.0.0" }), "10", "version"],
    ["another encoding", (form) => bench.signed({ ...form, encoding: "GBK" }), "10", "encoding"],
    ["another way to sign", (form) => bench.signed({ ...form, signMethod: "11" }), "10", "signMethod"],
    ["no merId", (form) => bench.signed({ ...form, merId: "" }), "13", "merId"],
    ["an odd merId", (form) => bench.signed({ ...form, merId: "77729" }), "10", "merId"],
    ["a merchant that nobody knows", (form) => bench.signed({ ...form, merId: "999999999999999" }), "31"],
    ["no certId", (form) => bench.signed({ ...form, certId: "" }), "13", "certId"],
    ["another certificate", (form) => bench.signed({ ...form, certId: "68759529225" }), "11", "certId"],
    ["no signature", (form) => form, "13", "signature"],
    ["another's signature", (form) => bench.signed(form, newKeys().privateKey), "11"],
    ["a changed amount", (form) => ({ ...bench.signed(form), txnAmt: "1" }), "11"],
    ["no txnType", (form) => bench.signed({ ...form, txnType: "" }), "13", "txnType"],
    ["an unknown txnType", (form) => bench.signed({ ...form, txnType: "02" }), "10", "txnType"],
    ["an unknown txnSubType", (form) => bench.signed({ ...form, txnSubType: "03" }), "10", "txnSubType"],
    ["another bizType", (form) => bench.signed({ ...form, bizType: "000401" }), "10", "bizType"],
    ["an acquirer's access", (form) => bench.signed({ ...form, accessType: "1" }), "10", "accessType"],
    ["no orderId", (form) => bench.signed({ ...form, orderId: "" }), "13", "orderId"],
    ["a short orderId", (form) => bench.signed({ ...form, orderId: "A123" }), "10", "orderId"],
    ["an orderId with signs", (form) => bench.signed({ ...form, orderId: "A-1234567" }), "10", "orderId"],
    ["no txnTime", (form) => bench.signed({ ...form, txnTime: "" }), "13", "txnTime"],
    ["an odd txnTime", (form) => bench.signed({ ...form, txnTime: "20261320093000" }), "10", "txnTime"],
    ["no txnAmt", (form) => bench.signed({ ...form, txnAmt: "" }), "13", "txnAmt"],
    ["an amount of nothing", (form) => bench.signed({ ...form, txnAmt: "0" }), "10", "txnAmt"],
    ["an amount in yuan", (form) => bench.signed({ ...form, txnAmt: "12.34" }), "10", "txnAmt"],
    ["another currency", (form) => bench.signed({ ...form, currencyCode: "840" }), "10", "currencyCode"],
    ["no channelType", (form) => bench.signed({ ...form, channelType: "" }), "13", "channelType"],
    ["no backUrl", (form) => bench.signed({ ...form, backUrl: "" }), "13", "backUrl"],
    ["a backUrl that is none", (form) => bench.signed({ ...form, backUrl: "shop" }), "10", "backUrl"],
    [
      "a payTimeout of the past",
      (form) => bench.signed({ ...form, payTimeout: "20261120092959" }),
      "10",
      "payTimeout",
    ],
  ];
  for (const [title, bend, code, about] of cases) {
    void test(`${title}: ${code}${about ? ` of ${about}` : ""}`, async () => {
      const answer = await bench.send(backPath, bend(qr("REFUSED001")));
      assert.equal(answer.respCode, code, answer.respMsg);
      if (about) assert.match(answer.respMsg!, new RegExp(`\\[${about}\\]$`));
      assert.equal(bench.doubts(answer), null);
    });
  }
  void test("and keeps nothing of what it refused", async () => {
    assert.equal((await bench.query("REFUSED001")).respCode, "34");
    assert.match(await bench.applyQr("REFUSED001"), /^https/);
  });

  void test("an orderId that was used that day, for whatever, by whatever path", async () => {
    const queryId = await bench.paid("TWICE0001");
    assert.equal((await bench.call("back", qr("TWICE0001"))).respCode, "12");
    assert.equal((await bench.call("back", qr("TWICE0001", { txnTime: "20261120100000" }))).respCode, "12");
    assert.equal((await bench.voidPayment("TWICE0001", queryId, 1234)).respCode, "12");
    assert.equal((await bench.chargeCode("TWICE0001", await bench.newCode())).respCode, "12");
    const tomorrow = await bench.call("back", qr("TWICE0001", { txnTime: "20261121093000" }));
    assert.equal(tomorrow.respCode, "00");
  });

  void test("a merchant whose certificate is past its time", async () => {
    const later = testClock("2026-11-20T01:30:00Z");
    const old = await startUnionpayBench({ clock: later });
    try {
      await later.advance(5 * 365 * 24 * hour + 2_000);
      const answer = await old.send("/gateway/api/queryTrans.do", old.signed(old.message({})));
      assert.equal(answer.respCode, "11");
      assert.match(old.doubts(answer)!, /past its time/);
    } finally {
      await old.stop();
    }
  });
});

void describe("an order for the app", () => {
  void test("gets a tn that the wallet pays by", async () => {
    const { tn, respCode } = await bench.call(
      "app",
      qr("APP000001", { txnSubType: "01", bizType: "000201" }),
    );
    assert.equal(respCode, "00");
    assert.match(tn!, /^20261120093000\d{7}$/);
    assert.equal(await statusOf("/wallet/pay", { code: tn }), "SUCCESS");
    const found = await bench.query("APP000001");
    assert.deepEqual([found.origRespCode, found.txnAmt, found.bizType], ["00", "1234", "000000"]);
    assert.match(found.queryId!, /^20261120093000\d{7}$/);
    assert.match(found.traceTime!, /^1120093000$/);
  });
});

void describe("payTimeout", () => {
  void test("is the instant from which on nothing can be paid", async () => {
    const code = await bench.applyQr("TIMEOUT01", { payTimeout: "20261120100000" });
    assert.equal(await statusOf("/wallet/scan", { code }), "UNPAID");
    await clock.advance(hour / 2 - 1);
    assert.equal(await statusOf("/wallet/scan", { code }), "UNPAID");
    await clock.advance(1);
    assert.equal(await statusOf("/wallet/pay", { code }), "ORDER_CLOSED");
    assert.equal((await bench.query("TIMEOUT01")).respCode, "34");
  });
});

void describe("a payment code", () => {
  void test("that pays answers 00 with everything about the payment", async () => {
    const paid = await bench.chargeCode("CODE00001", await bench.newCode());
    assert.deepEqual(
      [paid.respCode, paid.settleAmt, paid.settleDate, paid.accNo],
      ["00", "1234", "1120", "6216***********0018"],
    );
    assert.equal((await bench.query("CODE00001")).queryId, paid.queryId);
  });

  void test("that asks for the password is 05 until the buyer enters it", async () => {
    const code = await bench.newCode("asks_password");
    assert.match(code, /^62\d{17}$/);
    assert.equal((await bench.chargeCode("CODE00002", code)).respCode, "05");
    assert.equal((await bench.query("CODE00002")).origRespCode, "05");
    assert.equal(await statusOf("/wallet/pay", { code, password: false }), "password_required");
    assert.equal(await statusOf("/wallet/pay", { code }), "SUCCESS");
    assert.equal((await bench.query("CODE00002")).origRespCode, "00");
  });

  void test("whose buyer cancels fails for good", async () => {
    const code = await bench.newCode("asks_password");
    await bench.chargeCode("CODE00003", code);
    assert.equal(await statusOf("/wallet/fail", { code, reason: "65" }), "FAILED");
    assert.equal((await bench.query("CODE00003")).origRespCode, "65");
    assert.equal(await statusOf("/wallet/pay", { code }), "ORDER_CLOSED");
  });

  void test("that the issuer refuses is 64, at once and in the query", async () => {
    const refused = await bench.chargeCode("CODE00004", await bench.newCode("insufficient_balance"));
    assert.equal(refused.respCode, "64");
    assert.equal((await bench.query("CODE00004")).origRespCode, "64");
  });

  void test("is good once, for a minute, and has to look like one", async () => {
    const used = await bench.newCode();
    await bench.chargeCode("CODE00005", used);
    assert.equal((await bench.chargeCode("CODE00006", used)).respCode, "61");
    const old = await bench.newCode();
    await clock.advance(60_000);
    assert.equal((await bench.chargeCode("CODE00007", old)).respCode, "61");
    assert.equal((await bench.chargeCode("CODE00008", "13".padEnd(18, "0"))).respCode, "10");
    assert.equal((await bench.query("CODE00008")).respCode, "34");
  });

  void test("needs a terminal", async () => {
    const answer = await bench.chargeCode("CODE00009", await bench.newCode(), { termId: "" });
    assert.deepEqual([answer.respCode, answer.respMsg!.includes("[termId]")], ["13", true]);
  });
});

void describe("what follows a payment", () => {
  void test("a void is a transaction of its own, of the whole and of the same clearing day", async () => {
    const queryId = await bench.paid("VOID00001");
    assert.equal((await bench.voidPayment("VOID0001A", queryId, 1233)).respCode, "36");
    const made = await bench.voidPayment("VOID0001A", queryId, 1234);
    assert.deepEqual([made.respCode, made.origQryId], ["00", queryId]);
    const found = await bench.query("VOID0001A");
    assert.deepEqual([found.origRespCode, found.queryId, found.txnAmt], ["00", made.queryId, "1234"]);
    assert.equal((await bench.query("VOID00001")).origRespCode, "00");
    assert.equal((await bench.voidPayment("VOID0001B", queryId, 1234)).respCode, "35");
    assert.equal((await bench.voidPayment("VOID0001A", queryId, 1234)).respCode, "12");
  });

  void test("names the original by origQryId, or by origOrderId and origTxnTime", async () => {
    await bench.paid("ORIG00001");
    assert.equal((await bench.voidPayment("ORIG0001A", "202611200000000000000", 1234)).respCode, "34");
    const nameless = await bench.voidPayment("ORIG0001A", "", 1234);
    assert.deepEqual([nameless.respCode, nameless.respMsg!.includes("[origQryId]")], ["13", true]);
    const byOrder = { origOrderId: "ORIG00001", origTxnTime: "20261120093000" };
    assert.equal((await bench.voidPayment("ORIG0001A", "", 1234, byOrder)).respCode, "00");
  });

  void test("a reversal answers 00 as often as it is asked, and the query says it failed", async () => {
    await bench.chargeCode("REVERSE01", await bench.newCode());
    assert.equal((await bench.reverse("REVERSE01")).respCode, "00");
    assert.equal((await bench.reverse("REVERSE01")).respCode, "00");
    assert.equal((await bench.query("REVERSE01")).origRespCode, "01");
    assert.equal((await bench.reverse("REVERSE99")).respCode, "34");
  });

  void test("a reversed code cannot be paid any more", async () => {
    const code = await bench.newCode("asks_password");
    await bench.chargeCode("REVERSE02", code);
    await bench.reverse("REVERSE02");
    assert.equal(await statusOf("/wallet/pay", { code }), "ORDER_CLOSED");
  });

  void test("another merchant's payment is as unknown as any", async () => {
    const queryId = await bench.paid("MINE00001");
    const { body: other } = await bench.post("/unionpay/merchants", {});
    const { mer_id: merId, cert_id: certId, merchant_private_key: key } = other as Form;
    const asked = bench.message({ txnType: "31", txnSubType: "00", bizType: "000000", channelType: "08" });
    const form = { ...asked, merId: merId!, certId: certId!, orderId: "MINE0001A", txnAmt: "1234" };
    const answer = await bench.send(backPath, bench.signed({ ...form, origQryId: queryId }, key));
    assert.equal(answer.respCode, "34");
  });

  void test("a query asks for exactly one txnTime", async () => {
    await bench.paid("EXACT0001");
    const query = { txnType: "00", txnSubType: "00", bizType: "000000", orderId: "EXACT0001" };
    assert.equal((await bench.call("query", { ...query, txnTime: "20261120093001" })).respCode, "34");
    assert.equal((await bench.call("query", query)).respCode, "00");
  });
});
