import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../testing/until.ts";
import { startWechatBench, type WechatBench } from "../testing/wechat.ts";

let bench: WechatBench;

before(async () => {
  bench = await startWechatBench();
});
after(() => bench.stop());

const once = (kind: string, outTradeNo: string, params: object = {}) =>
  bench.arm(kind, { match: { out_trade_no: outTradeNo }, count: 1, params });
const refundStatus = async (no: string) =>
  (await bench.call("get", `v3/refund/domestic/refunds/${no}`)).data.status;

void describe("a fault of a call to WeChat Pay", () => {
  void test("loses the answer of a refund that was carried out", async () => {
    await bench.paid("ALAS001");
    await once("answer_lost_after_success", "ALAS001");
    await assert.rejects(bench.refund("ALAS001", "LOST1", 100));
    assert.equal((await bench.call("get", "v3/refund/domestic/refunds/LOST1")).status, 200);
  });

  void test("answers nothing, or an HTTP error, before anything was carried out", async () => {
    await once("timeout_before", "NONE001", { ms: 10 });
    await assert.rejects(bench.place("NONE001"));
    await once("http_5xx", "NONE001", { status: 503 });
    const broken = await bench.call("post", "v3/pay/transactions/native", bench.order("NONE001"));
    assert.equal(broken.status, 503);
    assert.equal((await bench.query("NONE001")).data.code, "ORDER_NOT_EXIST");
  });

  void test("refuses for the rate of calls, or does not know", async () => {
    await once("rate_refusal", "RATE001");
    const rate = await bench.query("RATE001");
    assert.deepEqual([rate.status, rate.data.code], [429, "FREQUENCY_LIMITED"]);
    await once("system_error", "RATE001", { executed: true });
    const system = await bench.call("post", "v3/pay/transactions/native", bench.order("RATE001"));
    assert.deepEqual([system.status, system.data.code], [500, "SYSTEM_ERROR"]);
    assert.equal((await bench.query("RATE001")).data.trade_state, "NOTPAY");
  });

  void test("keeps to its operation and its merchant", async () => {
    await bench.arm("rate_refusal", { match: { mchid: bench.mchid, method: "refunds.query" }, count: 1 });
    await bench.arm("rate_refusal", { match: { mchid: "1900000000" } });
    await bench.place("ELSE001");
    assert.equal((await bench.call("get", "v3/refund/domestic/refunds/NOBODY")).status, 429);
  });
});

void describe("a fault of a payment or a refund at WeChat Pay", () => {
  void test("refuses a refund for lack of funds, and the same number goes through later", async () => {
    await bench.paid("FUND001");
    await once("refund_refused", "FUND001");
    const refused = await bench.refund("FUND001", "F1", 100);
    assert.deepEqual([refused.status, refused.data.code], [403, "NOT_ENOUGH"]);
    assert.equal((await bench.refund("FUND001", "F1", 100)).status, 200);
  });

  for (const [closed, status] of [
    [false, "ABNORMAL"],
    [true, "CLOSED"],
  ] as const) {
    void test(`ends a refund as ${status}, and tells it`, async () => {
      const outTradeNo = `ENDS_${status}`;
      await bench.paid(outTradeNo);
      await once("refund_returned", outTradeNo, { closed });
      assert.equal((await bench.refund(outTradeNo, status, 100)).data.status, "PROCESSING");
      await until(`refund ${status}`, async () => (await refundStatus(status)) === status);
      const told = (await bench.hear(outTradeNo, 2))[1]!;
      assert.equal(told.event.event_type, `REFUND.${status}`);
      assert.equal(told.told.success_time, undefined);
    });
  }

  void test("lets the buyer pay another amount, as query and notification agree", async () => {
    await once("trade_wrong_amount", "AMOUNT1", { delta: -34 });
    const paid = await bench.paid("AMOUNT1");
    assert.equal((paid.amount as { total: number }).total, 1200);
    assert.deepEqual((await bench.hear("AMOUNT1", 1))[0]!.told, paid);
  });

  void test("pays what was closed", async () => {
    await bench.place("LATE001");
    await once("paid_after_close", "LATE001");
    const path = "v3/pay/transactions/out-trade-no/LATE001/close";
    assert.equal((await bench.call("post", path, { mchid: bench.mchid })).status, 204);
    await until("LATE001 paid", async () => (await bench.query("LATE001")).data.trade_state === "SUCCESS");
  });

  void test("makes the bill differ from what happened", async () => {
    await once("bill_disagrees", "FUND001", { difference: "missing_row" });
    const { body } = await bench.post("/wechat/close-day", { mchid: bench.mchid });
    const [bill] = body.bills as { payments: { count: number } }[];
    const { body: whole } = await bench.post("/wechat/close-day", { mchid: bench.mchid });
    const [again] = whole.bills as { payments: { count: number } }[];
    assert.equal(again!.payments.count - bill!.payments.count, 1);
  });

  void test("makes a line name another currency, or another merchant", async () => {
    const url = "/wechat/close-day";
    for (const difference of ["other_currency", "other_merchant"]) {
      await bench.arm("bill_disagrees", { count: 1, params: { difference, of: "payment" } });
      assert.equal((await bench.post(url, { mchid: bench.mchid })).status, 200);
      const { data } = (await bench.get("/faults")) as { data: { kind: string; happened: number }[] };
      const waiting = data.filter(({ kind, happened }) => kind === "bill_disagrees" && happened === 0);
      assert.deepEqual(waiting, [], `${difference} was not taken`);
    }
  });

  void test("makes only the refunds of a bill differ where it is told to", async () => {
    type Totals = { bills: { payments: { count: number }; refunds: { count: number } }[] };
    const close = async () => {
      const { body } = await bench.post("/wechat/close-day", { mchid: bench.mchid });
      const { payments, refunds } = (body as Totals).bills[0]!;
      return [payments.count, refunds.count] as const;
    };
    const [payments, refunds] = await close();
    assert.ok(payments > 0 && refunds > 0);
    await bench.arm("bill_disagrees", { count: 1, params: { difference: "missing_row", of: "refund" } });
    assert.deepEqual(await close(), [payments, refunds - 1]);
    await bench.arm("bill_disagrees", { count: 1, params: { difference: "extra_row", of: "refund" } });
    // A day without lines has nothing that it could look like, and leaves it for another.
    const empty = { mchid: bench.mchid, date: "2026-01-01" };
    assert.equal((await bench.post("/wechat/close-day", empty)).status, 200);
    assert.deepEqual(await close(), [payments, refunds + 1]);
  });
});
