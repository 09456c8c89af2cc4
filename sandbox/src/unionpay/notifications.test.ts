import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";
import { until } from "../testing/until.ts";

const minute = 60_000;
let bench: UnionpayBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startUnionpayBench({ clock });
});
after(() => bench.stop());

type Told = { id: string; state: string; forged: string | null; due_at: string | null; tries: object[] };

const toldOf = async (orderId: string): Promise<Told[]> =>
  (await bench.get(`/unionpay/notifications?out_trade_no=${orderId}`)).data as Told[];
/** Waits until the sandbox has written down so many deliveries. */
const tried = (orderId: string, count: number): Promise<Told> =>
  until(`${orderId} delivered ${count} times`, async () => {
    const [told] = await toldOf(orderId);
    return told && told.tries.length >= count && told;
  });

void describe("a notification", () => {
  void test("of a payment has the reference's fields, and is believed", async () => {
    await bench.paid("TOLD00001", { reqReserved: "a=1|b={2}" });
    const [form] = await bench.hear("TOLD00001", 1);
    assert.equal(bench.doubts(form!), null);
    const { signature: _signature, signPubKeyCert: _certificate, queryId, traceNo, ...rest } = form!;
    assert.match(queryId!, /^20261120093000\d{7}$/);
    assert.match(traceNo!, /^\d{6}$/);
    assert.deepEqual(rest, {
      accNo: "6216***********0018",
      accessType: "0",
      bizType: "000000",
      currencyCode: "156",
      encoding: "UTF-8",
      merId: bench.merId,
      orderId: "TOLD00001",
      reqReserved: "a=1|b={2}",
      respCode: "00",
      respMsg: "success",
      settleAmt: "1234",
      settleCurrencyCode: "156",
      settleDate: "1120",
      signMethod: "01",
      traceTime: "1120093000",
      txnAmt: "1234",
      txnSubType: "07",
      txnTime: "20261120093000",
      txnType: "01",
      version: "5.1.0",
    });
  });

  void test("comes five times, after 1, 2, 4 and 5 minutes, until it is answered 200", async () => {
    bench.answerWith(302);
    await bench.paid("FIVE00001");
    const gaps = [1, 2, 4, 5];
    for (const [index, gap] of gaps.entries()) {
      const { due_at: dueAt } = await tried("FIVE00001", index + 1);
      assert.equal(Date.parse(dueAt!) - clock.now().getTime(), gap * minute);
      await clock.advance(gap * minute - 1);
      assert.equal((await toldOf("FIVE00001"))[0]!.tries.length, index + 1);
      await clock.advance(1);
    }
    const { state } = await tried("FIVE00001", 5);
    assert.equal(state, "given_up");
    bench.answerWith(200);
  });

  void test("is acknowledged by 200, whatever the body says", async () => {
    await bench.paid("ACK000001");
    const { state, due_at: dueAt } = await tried("ACK000001", 1);
    assert.deepEqual([state, dueAt], ["acknowledged", null]);
  });

  void test("tells of a void that named a backUrl, and of no other", async () => {
    const queryId = await bench.paid("VOIDED001");
    await bench.voidPayment("VOIDED01A", queryId, 1234);
    const [form] = await bench.hear("VOIDED01A", 1);
    assert.deepEqual([form!.txnType, form!.origQryId, form!.settleAmt], ["31", queryId, "1234"]);
    const other = await bench.paid("VOIDED002");
    await bench.voidPayment("VOIDED02A", other, 1234, { backUrl: "" });
    assert.equal((await toldOf("VOIDED002")).length, 1);
  });

  void test("never tells of a failure, a reversal or an end", async () => {
    await bench.chargeCode("SILENT001", await bench.newCode("insufficient_balance"));
    await bench.chargeCode("SILENT002", await bench.newCode("asks_password"));
    await bench.reverse("SILENT002");
    await bench.applyQr("SILENT003", { payTimeout: "20261120120000" });
    await clock.advance(180 * minute);
    for (const orderId of ["SILENT001", "SILENT002", "SILENT003"]) {
      assert.deepEqual(await toldOf(orderId), []);
    }
  });

  void test("is signed by the certificate of the moment, under the same authorities", async () => {
    await bench.paid("ROTATE001");
    const [before_] = await bench.hear("ROTATE001", 1);
    await bench.post("/unionpay/rotate-signing-certificate");
    await bench.paid("ROTATE002");
    const [after_] = await bench.hear("ROTATE002", 1);
    assert.notEqual(after_!.signPubKeyCert, before_!.signPubKeyCert);
    assert.deepEqual([bench.doubts(before_!), bench.doubts(after_!)], [null, null]);
  });
});

void describe("what a merchant must not believe", () => {
  const doubts = {
    tampered: /signature is wrong/,
    foreign_key: /nobody vouches/,
    unsigned: /not signed/,
  };
  for (const [how, doubt] of Object.entries(doubts)) {
    void test(`a forged notification: ${how}`, async () => {
      const orderId = `FORGE${how.replace("_", "").toUpperCase()}`;
      await bench.applyQr(orderId);
      await bench.post(`/unionpay/orders/${orderId}/forge-notification`, { how });
      const [form] = await bench.hear(orderId, 1);
      assert.match(bench.doubts(form!)!, doubt);
      assert.equal((await bench.query(orderId)).respCode, "34");
    });
  }

  void test("a merchant's signature, though the same authorities vouch for it", async () => {
    await bench.paid("MERCHANT1");
    const [form] = await bench.hear("MERCHANT1", 1);
    const { signature: _signature, ...said } = form!;
    const signPubKeyCert = bench.provisioned.merchant_certificate!;
    assert.match(bench.doubts(bench.signed({ ...said, signPubKeyCert }))!, /not UnionPay's/);
  });

  void test("a certificate that is past its time", async () => {
    await bench.paid("EXPIRED01");
    const [form] = await bench.hear("EXPIRED01", 1);
    const later = new Date(clock.now().getTime() + 6 * 365 * 24 * 60 * minute);
    assert.match(bench.doubts(form!, later)!, /past its time/);
  });
});
