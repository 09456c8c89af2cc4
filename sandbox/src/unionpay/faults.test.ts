import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";

const hour = 3_600_000;
let bench: UnionpayBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startUnionpayBench({ clock });
});
after(() => bench.stop());

const once = (orderId: string, method: string, params: object = {}) => ({
  match: { out_trade_no: orderId, method, mchid: bench.merId },
  count: 1,
  params,
});
const queried = async (orderId: string): Promise<string> => {
  const { respCode, origRespCode } = await bench.query(orderId);
  return respCode === "00" ? origRespCode! : respCode!;
};

void describe("a fault of UnionPay's gateway", () => {
  void test("loses the answer of a payment code that paid", async () => {
    await bench.arm("answer_lost_after_success", once("LOST00001", "purchase.code"));
    await assert.rejects(bench.chargeCode("LOST00001", await bench.newCode()));
    assert.equal(await queried("LOST00001"), "00");
  });

  void test("times out before anything happened", async () => {
    await bench.arm("timeout_before", once("TIME00001", "purchase.code", { ms: 0 }));
    await assert.rejects(bench.chargeCode("TIME00001", await bench.newCode()), /fetch failed/);
    assert.equal(await queried("TIME00001"), "34");
  });

  void test("answers HTTP 502, carried out or not", async () => {
    await bench.arm("http_5xx", once("HTTP00001", "purchase.qr", { executed: true }));
    await assert.rejects(bench.applyQr("HTTP00001"), /HTTP 502/);
    assert.equal(await bench.applyQr("HTTP00001"), undefined, "the order is there, so its number is taken");
    await bench.arm("http_5xx", once("HTTP00002", "purchase.qr", { status: 503 }));
    await assert.rejects(bench.applyQr("HTTP00002"), /HTTP 503/);
    assert.match(await bench.applyQr("HTTP00002"), /^https/);
  });

  void test("refuses by rate with 37", async () => {
    await bench.arm("rate_refusal", once("RATE00001", "query"));
    assert.equal((await bench.query("RATE00001")).respCode, "37");
    assert.equal((await bench.query("RATE00001")).respCode, "34");
  });

  for (const [form, code] of Object.entries({
    "20000": "99",
    acq: "99",
    "03": "03",
    "05": "05",
    "06": "06",
  })) {
    void test(`does not know, in the form ${form}: ${code}`, async () => {
      const orderId = `UNKNOWN${form}`.padEnd(9, "0");
      await bench.arm("system_error", once(orderId, "purchase.code", { form, executed: true }));
      assert.equal((await bench.chargeCode(orderId, await bench.newCode())).respCode, code);
      assert.equal(await queried(orderId), "00");
    });
  }
});

void describe("a fault of a transaction", () => {
  void test("lags: its queries say 34, then 05, then what is true", async () => {
    await bench.arm("query_lag", once("LAG000001", "purchase.code"));
    assert.equal((await bench.chargeCode("LAG000001", await bench.newCode())).respCode, "00");
    const seen = [await queried("LAG000001"), await queried("LAG000001"), await queried("LAG000001")];
    assert.deepEqual(seen, ["34", "05", "00"]);
  });

  void test("lags as long as it is told to, in voids too", async () => {
    const queryId = await bench.paid("LAG000002");
    await bench.arm("query_lag", once("LAG000002", "void", { not_found: 0, unknown: 2 }));
    await bench.voidPayment("LAG000003", queryId, 1234);
    const seen = [await queried("LAG000003"), await queried("LAG000003"), await queried("LAG000003")];
    assert.deepEqual(seen, ["05", "05", "00"]);
    assert.equal(await queried("LAG000002"), "00");
  });

  void test("has the buyer pay another amount, on which everybody agrees", async () => {
    await bench.arm("trade_wrong_amount", once("WRONG0001", "payment", { delta: 6 }));
    await bench.paid("WRONG0001");
    const [told] = await bench.hear("WRONG0001", 1);
    assert.deepEqual([told!.txnAmt, (await bench.query("WRONG0001")).txnAmt], ["1240", "1240"]);
  });

  void test("tells another amount, authentically", async () => {
    await bench.arm("notification_wrong_amount", once("WRONG0002", "notification"));
    await bench.paid("WRONG0002");
    const [told] = await bench.hear("WRONG0002", 1);
    assert.equal(bench.doubts(told!), null);
    assert.deepEqual([told!.txnAmt, (await bench.query("WRONG0002")).txnAmt], ["1235", "1234"]);
  });

  void test("is paid after it was reversed", async () => {
    await bench.chargeCode("AFTER0001", await bench.newCode("asks_password"));
    await bench.arm("paid_after_close", once("AFTER0001", "reversal"));
    assert.equal((await bench.reverse("AFTER0001")).respCode, "00");
    await bench.hear("AFTER0001", 1);
    assert.equal(await queried("AFTER0001"), "00");
  });

  void test("is not reversed yet, and then is", async () => {
    await bench.chargeCode("RETRY0001", await bench.newCode());
    await bench.arm("cancel_retry_flag", once("RETRY0001", "reversal"));
    assert.equal((await bench.reverse("RETRY0001")).respCode, "05");
    assert.equal(await queried("RETRY0001"), "00");
    assert.equal((await bench.reverse("RETRY0001")).respCode, "00");
    assert.equal(await queried("RETRY0001"), "01");
  });

  void test("is paid late, past its payTimeout, as an operator says", async () => {
    await bench.applyQr("LATE00001", { payTimeout: "20261120120000" });
    await clock.advance(3 * hour);
    const { body } = await bench.post("/unionpay/orders/LATE00001/pay-late");
    assert.equal(body.status, "SUCCESS");
    assert.equal(await queried("LATE00001"), "00");
  });
});

void describe("a fault of a refund", () => {
  let queryId: string;
  before(async () => {
    queryId = await bench.paid("REFUND001");
    await clock.advance(24 * hour);
  });

  void test("refuses it for lack of funds, and its number can be used again", async () => {
    await bench.arm("refund_refused", once("REFUND001", "refund"));
    assert.equal((await bench.refund("REFUND01A", queryId, 100)).respCode, "64");
    assert.equal(await queried("REFUND01A"), "34");
    assert.equal((await bench.refund("REFUND01A", queryId, 100)).respCode, "00");
  });

  void test("refuses it for good, or says so and carries it out", async () => {
    await bench.arm("refund_refused", once("REFUND001", "refund", { final: true }));
    assert.equal((await bench.refund("REFUND01B", queryId, 100)).respCode, "36");
    await bench.arm("refund_refused", once("REFUND001", "refund", { executed: true }));
    assert.equal((await bench.refund("REFUND01C", queryId, 100)).respCode, "64");
    assert.equal(await queried("REFUND01C"), "00");
  });

  void test("has it come back from the buyer's bank, and tells nobody", async () => {
    await bench.arm("refund_returned", once("REFUND001", "refund", { ms: hour }));
    assert.equal((await bench.refund("REFUND01D", queryId, 100)).respCode, "00");
    assert.equal(await queried("REFUND01D"), "05");
    await clock.advance(hour);
    assert.equal(await queried("REFUND01D"), "01");
    assert.deepEqual(
      bench.heard.filter(({ orderId }) => orderId === "REFUND01D"),
      [],
    );
    assert.equal((await bench.refund("REFUND01E", queryId, 1034)).respCode, "00");
  });
});

void describe("the cut of the clearing day", () => {
  void test("is unclear for some minutes, and clear before and after", async () => {
    const at = (time: string): Promise<void> => {
      const today = new Date(clock.now().getTime() + 8 * hour).toISOString().slice(0, 10);
      return clock.advance(Date.parse(`${today}T${time}+08:00`) - clock.now().getTime());
    };
    await bench.arm("clearing_cut_over", { match: { app_id: bench.merId } });
    await at("22:54:59");
    assert.equal((await bench.chargeCode("CUT000001", await bench.newCode())).respCode, "00");
    await at("22:56:00");
    assert.equal((await bench.chargeCode("CUT000002", await bench.newCode())).respCode, "05");
    assert.deepEqual([await queried("CUT000001"), await queried("CUT000002")], ["05", "05"]);
    assert.match(await bench.applyQr("CUT000003"), /^https/);
    await at("23:05:00");
    assert.equal(await queried("CUT000002"), "00");
  });

  void test("may also lose what it was asked", async () => {
    await fetch(`${bench.url}/faults`, { method: "DELETE" });
    await bench.arm("clearing_cut_over", { params: { executed: false, minutes: 10 } });
    assert.equal((await bench.chargeCode("CUT000004", await bench.newCode())).respCode, "05");
    await clock.advance(hour);
    assert.equal(await queried("CUT000004"), "34");
  });
});
