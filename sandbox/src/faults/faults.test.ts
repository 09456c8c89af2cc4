import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { systemRandom } from "../clock.ts";
import { type Bench, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";
import { faultKinds } from "./index.ts";

let bench: Bench;
/** What the sandbox's next draws are; a fault with a rate happens where the draw is below it. */
let draws: number[] = [];

before(async () => {
  bench = await startBench({ random: { ...systemRandom, fraction: () => draws.shift() ?? 0 } });
});
after(() => bench.stop());

const query = "alipay.trade.query";
/** The SDK silently calls once more when a connection is cut. */
const sdkTriesMax = 2;
const refund = (outTradeNo: string, amount: string, no: string) =>
  bench.merchant.exec("alipay.trade.refund", {
    out_trade_no: outTradeNo,
    refund_amount: amount,
    out_request_no: no,
  });
const refundQuery = (outTradeNo: string, no: string) =>
  bench.merchant.exec("alipay.trade.fastpay.refund.query", { out_trade_no: outTradeNo, out_request_no: no });
const statusOf = async (outTradeNo: string): Promise<string | undefined> =>
  (await bench.query(outTradeNo)).trade_status;
const becomes = (outTradeNo: string, status: string): Promise<unknown> =>
  until(`${outTradeNo} ${status}`, async () => (await statusOf(outTradeNo)) === status);

void describe("a fault of the gateway", () => {
  void test("loses the answer of a call that was carried out", async () => {
    await bench.paid("ALAS1");
    await bench.arm("answer_lost_after_success", {
      match: { out_trade_no: "ALAS1", method: "alipay.trade.refund" },
      count: sdkTriesMax,
    });
    await assert.rejects(refund("ALAS1", "1.00", "A"), /other side closed/);
    assert.equal((await refundQuery("ALAS1", "A")).refund_status, "REFUND_SUCCESS");
    assert.equal((await refund("ALAS1", "1.00", "A")).fund_change, "N");
  });

  void test("does not lose the answer of a call that was refused", async () => {
    const id = await bench.arm("answer_lost_after_success", { match: { out_trade_no: "ALAS2" } });
    assert.equal((await bench.query("ALAS2")).sub_code, "ACQ.TRADE_NOT_EXIST");
    const { data } = (await bench.get("/faults")) as { data: { id: string; happened: number }[] };
    assert.equal(data.find((fault) => fault.id === id)!.happened, 0);
  });

  void test("times out before anything was carried out", async () => {
    await bench.paid("TO1");
    await bench.arm("timeout_before", {
      match: { method: "alipay.trade.refund" },
      count: sdkTriesMax,
      params: { ms: 10 },
    });
    await assert.rejects(refund("TO1", "1.00", "A"));
    assert.equal((await refundQuery("TO1", "A")).refund_status, undefined);
  });

  for (const executed of [false, true]) {
    void test(`breaks with HTTP 503, ${executed ? "after" : "without"} carrying it out`, async () => {
      const outTradeNo = `H${executed}`;
      await bench.paid(outTradeNo);
      const params = { status: 503, executed };
      await bench.arm("http_5xx", { match: { method: "alipay.trade.refund" }, count: 1, params });
      await assert.rejects(refund(outTradeNo, "1.00", "A"), /status: 503/);
      const found = await refundQuery(outTradeNo, "A");
      assert.equal(found.refund_status, executed ? "REFUND_SUCCESS" : undefined);
    });

    void test(`does not know, ${executed ? "after" : "without"} carrying it out`, async () => {
      const outTradeNo = `S${executed}`;
      await bench.paid(outTradeNo);
      const match = { out_trade_no: outTradeNo };
      await bench.arm("system_error", { match, count: 1, params: { executed } });
      assert.equal((await refund(outTradeNo, "1.00", "A")).code, "20000");
      const found = await refundQuery(outTradeNo, "A");
      assert.equal(found.refund_status, executed ? "REFUND_SUCCESS" : undefined);
      await bench.arm("system_error", { match, count: 1, params: { form: "acq" } });
      assert.equal((await bench.query(outTradeNo)).sub_code, "ACQ.SYSTEM_ERROR");
    });
  }

  void test("refuses for the rate of calls", async () => {
    await bench.arm("rate_refusal", { match: { out_trade_no: "RATE1" }, count: 2 });
    assert.equal((await bench.query("RATE1")).code, "40005");
    assert.equal((await bench.query("RATE1")).code, "40005");
    assert.equal((await bench.query("RATE1")).code, "40004");
  });

  void test("is slow, so slow that a notification overtakes the answer", async () => {
    const { body } = await bench.post("/wallet/payment-codes", { behaviour: "pays" });
    await bench.arm("slow", { match: { out_trade_no: "SLOW1" }, params: { ms: 200, when: "after" } });
    const told = until("SLOW1 told", () => bench.merchant.heard.find((one) => one.out_trade_no === "SLOW1"));
    const order = { out_trade_no: "SLOW1", total_amount: "1.00", subject: "Tea", auth_code: body.code };
    const answer = bench.merchant.exec(
      "alipay.trade.pay",
      { ...order, scene: "bar_code" },
      { notifyUrl: bench.merchant.notifyUrl },
    );
    const first = await Promise.race([told.then(() => "notification"), answer.then(() => "answer")]);
    assert.equal(first, "notification");
    assert.equal((await answer).code, "10000");
  });

  void test("happens as often as its rate says", async () => {
    const id = await bench.arm("rate_refusal", { match: { out_trade_no: "ODDS1" }, rate: 0.5 });
    draws = [0.4, 0.5, 0.9, 0.1];
    const codes: string[] = [];
    for (let call = 0; call < 4; call += 1) codes.push((await bench.query("ODDS1")).code!);
    assert.deepEqual(codes, ["40005", "40004", "40004", "40005"]);
    await fetch(`${bench.url}/faults/${id}`, { method: "DELETE" });
  });

  void test("keeps to its method and its app", async () => {
    await bench.arm("rate_refusal", { match: { method: query, app_id: "2021000000009999" } });
    assert.equal((await bench.query("ELSE1")).code, "40004");
  });
});

void describe("a fault of a trade", () => {
  void test("lets the buyer pay another amount, as query, notification and wallet agree", async () => {
    await bench.arm("trade_wrong_amount", { match: { out_trade_no: "AMT1" }, params: { delta: -34 } });
    assert.equal((await bench.paid("AMT1")).total_amount, "12.00");
    const byHand = await bench.post("/wallet/pay", { code: await bench.precreate("AMT2"), amount: 1300 });
    assert.equal((byHand.body.trade as { amount: number }).amount, 1300);
    assert.equal((await bench.query("AMT2")).total_amount, "13.00");
  });

  void test("pays what was closed", async () => {
    const code = await bench.precreate("LATE1");
    await bench.post("/wallet/scan", { code });
    await bench.arm("paid_after_close", { match: { out_trade_no: "LATE1" } });
    assert.equal((await bench.merchant.exec("alipay.trade.close", { out_trade_no: "LATE1" })).code, "10000");
    await becomes("LATE1", "TRADE_SUCCESS");
  });

  void test("pays a code that was given up before anybody opened it", async () => {
    await bench.precreate("GIVEN1");
    await bench.arm("abandoned_code_paid", { match: { out_trade_no: "GIVEN1" } });
    const closed = await bench.merchant.exec("alipay.trade.close", { out_trade_no: "GIVEN1" });
    assert.equal(closed.sub_code, "ACQ.TRADE_NOT_EXIST");
    await becomes("GIVEN1", "TRADE_SUCCESS");
  });

  void test("takes a payment back, in full or in part", async () => {
    await bench.arm("channel_reverses_after_success", { match: { out_trade_no: "REV1" } });
    await bench.paid("REV1");
    await becomes("REV1", "TRADE_CLOSED");
    await bench.paid("REV2", "10.00");
    const reversed = await bench.post("/alipay/trades/REV2/reverse", { amount: 400 });
    assert.equal(reversed.body.amount_refunded, 400);
    assert.equal(await statusOf("REV2"), "TRADE_SUCCESS");
    assert.equal((await refund("REV2", "6.01", "A")).sub_code, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
  });

  void test("pays late by hand", async () => {
    await bench.precreate("HAND1");
    assert.equal((await bench.post("/alipay/trades/HAND1/pay-late")).body.status, "TRADE_SUCCESS");
    assert.equal((await bench.post("/alipay/trades/HAND1/pay-late")).status, 409);
    assert.equal((await bench.post("/alipay/trades/NOBODY/pay-late")).status, 404);
  });
});

void describe("a fault of a refund or a cancel", () => {
  void test("refuses for lack of funds as many times as asked, under the same number", async () => {
    await bench.paid("FUND1");
    await bench.arm("refund_refused", { match: { out_trade_no: "FUND1" }, count: 2 });
    for (let call = 0; call < 2; call += 1) {
      assert.equal((await refund("FUND1", "1.00", "A")).sub_code, "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    }
    assert.equal((await refund("FUND1", "1.00", "A")).fund_change, "Y");
  });

  void test("refuses a refund for good and carries it out all the same", async () => {
    await bench.paid("LIAR1");
    const params = { final: true, executed: true };
    await bench.arm("refund_refused", { match: { out_trade_no: "LIAR1" }, count: 1, params });
    assert.equal((await refund("LIAR1", "1.00", "A")).sub_code, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    assert.equal((await refundQuery("LIAR1", "A")).refund_status, "REFUND_SUCCESS");
  });

  void test("brings a refund back after it succeeded", async () => {
    await bench.paid("BACK1");
    await bench.arm("refund_returned", { match: { out_trade_no: "BACK1" }, params: { ms: 0 } });
    assert.equal((await refund("BACK1", "1.00", "A")).fund_change, "Y");
    const info = (await refundQuery("BACK1", "A")).deposit_back_info as unknown as Record<string, string>;
    assert.equal(info.dback_status, "F");
    assert.equal(info.dback_amount, "1.00");
    await until("told of it", () =>
      bench.merchant.heard.find((one) => one.out_trade_no === "BACK1" && one.dback_status === "F"),
    );
  });

  for (const moved of [true, false]) {
    void test(`answers fund_change N although the money ${moved ? "moved" : "did not move"}`, async () => {
      const outTradeNo = `FC${moved}`;
      await bench.paid(outTradeNo);
      await bench.arm("fund_change_n", { match: { out_trade_no: outTradeNo }, count: 1, params: { moved } });
      assert.equal((await refund(outTradeNo, "1.00", "A")).fund_change, "N");
      const found = await refundQuery(outTradeNo, "A");
      assert.equal(found.refund_status, moved ? "REFUND_SUCCESS" : undefined);
    });
  }

  void test("asks for a cancel to be repeated", async () => {
    const code = await bench.precreate("RETRY1");
    await bench.post("/wallet/scan", { code });
    await bench.arm("cancel_retry_flag", { match: { out_trade_no: "RETRY1" }, count: 1 });
    const cancel = () => bench.merchant.exec("alipay.trade.cancel", { out_trade_no: "RETRY1" });
    const first = await cancel();
    assert.deepEqual([first.retry_flag, first.action], ["Y", undefined]);
    assert.equal(await statusOf("RETRY1"), "WAIT_BUYER_PAY");
    const second = await cancel();
    assert.deepEqual([second.retry_flag, second.action], ["N", "close"]);
  });
});

void describe("arming a fault", () => {
  const bad: [title: string, body: object, code: string][] = [
    ["an unknown kind", { kind: "meteor" }, "fault_kind_unknown"],
    ["no kind", {}, "fault_kind_unknown"],
    ["a rate above one", { kind: "slow", rate: 1.5 }, "field_invalid"],
    ["no times", { kind: "slow", count: 0 }, "field_invalid"],
    ["an unknown field", { kind: "slow", matches: {} }, "field_unknown"],
    ["an unknown match", { kind: "slow", match: { order: "1" } }, "field_unknown"],
    ["an unknown parameter", { kind: "slow", params: { seconds: 1 } }, "field_unknown"],
    ["a parameter of the wrong type", { kind: "slow", params: { ms: "1" } }, "field_invalid"],
    ["a choice that is none", { kind: "slow", params: { when: "never" } }, "field_invalid"],
  ];
  for (const [title, body, code] of bad) {
    void test(`with ${title} is refused with a sentence`, async () => {
      const answer = await bench.post("/faults", body);
      assert.equal(answer.status, 400);
      const error = answer.body.error as { code: string; message: string };
      assert.equal(error.code, code);
      assert.ok(error.message.length > 10);
    });
  }

  void test("is undone one by one or all at once", async () => {
    const id = await bench.arm("rate_refusal", { match: { out_trade_no: "UNDO1" } });
    const drop = (path: string) => fetch(`${bench.url}${path}`, { method: "DELETE" });
    assert.equal((await drop(`/faults/${id}`)).status, 204);
    assert.equal((await drop(`/faults/${id}`)).status, 404);
    assert.equal((await bench.query("UNDO1")).code, "40004");
    await bench.arm("rate_refusal", { match: { out_trade_no: "UNDO2" } });
    assert.equal((await drop("/faults")).status, 200);
    assert.equal((await bench.query("UNDO2")).code, "40004");
  });

  void test("is explained, kind by kind, by the sandbox and by its README", async () => {
    const { data } = (await bench.get("/faults/kinds")) as { data: { kind: string }[] };
    assert.deepEqual(
      data.map(({ kind }) => kind),
      Object.keys(faultKinds),
    );
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    for (const [kind, { happens }] of Object.entries(faultKinds)) {
      assert.ok(readme.includes(`| \`${kind}\` | ${happens} |`), `README.md lacks the row of ${kind}`);
    }
  });
});
