import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "./testing/bench.ts";

for (const mode of ["public_key", "certificate"]) {
  void describe(`the official SDK in ${mode} mode, checking every signature`, () => {
    let bench: Bench;

    before(async () => {
      bench = await startBench({ app: { mode } });
    });
    after(() => bench.stop());

    void test("takes a payment from code to refund", async () => {
      const { merchant } = bench;
      const code = await bench.precreate("T1");
      assert.match(code, /^https:\/\/qr\.alipay\.com\/bax[a-z0-9]+$/);
      assert.equal((await bench.query("T1")).sub_code, "ACQ.TRADE_NOT_EXIST");

      assert.equal((await bench.post("/wallet/scan", { code })).status, 200);
      assert.equal((await bench.query("T1")).trade_status, "WAIT_BUYER_PAY");
      assert.equal((await bench.post("/wallet/pay", { code })).status, 200);
      const [notification] = await merchant.hear(1);
      assert.equal(merchant.sdk.checkNotifySignV2(notification), true);
      assert.equal(notification!.trade_status, "TRADE_SUCCESS");
      const paid = await bench.query("T1");
      assert.equal(paid.trade_status, "TRADE_SUCCESS");
      assert.equal(paid.receipt_amount, "12.34");

      const refund = { out_trade_no: "T1", refund_amount: "2.34", out_request_no: "R1" };
      const refunded = await merchant.exec("alipay.trade.refund", refund);
      assert.equal(refunded.fund_change, "Y");
      assert.equal(refunded.refund_fee, "2.34");
      const named = { out_trade_no: "T1", out_request_no: "R1" };
      const known = await merchant.exec("alipay.trade.fastpay.refund.query", named);
      assert.equal(known.refund_status, "REFUND_SUCCESS");
      const told = (await merchant.hear(2))[1]!;
      assert.equal(merchant.sdk.checkNotifySignV2(told), true);
      assert.equal(told.trade_status, "TRADE_SUCCESS");
      assert.equal(told.refund_fee, "2.34");
      assert.equal(told.out_biz_no, "R1");
    });

    void test("refuses a notification of which any field was changed", async () => {
      const { merchant } = bench;
      const [notification] = await merchant.hear(1);
      for (const name of Object.keys(notification!)) {
        if (name === "sign_type") continue;
        const tampered = { ...notification, [name]: `1${notification![name]}` };
        assert.equal(merchant.sdk.checkNotifySignV2(tampered), false, `${name} was changed unnoticed`);
      }
    });

    void test("closes an opened code, and cannot close one that nobody opened", async () => {
      const code = await bench.precreate("T2");
      const unopened = await bench.merchant.exec("alipay.trade.close", { out_trade_no: "T2" });
      assert.equal(unopened.sub_code, "ACQ.TRADE_NOT_EXIST");
      await bench.post("/wallet/scan", { code });
      assert.equal((await bench.merchant.exec("alipay.trade.close", { out_trade_no: "T2" })).code, "10000");
      assert.equal((await bench.query("T2")).trade_status, "TRADE_CLOSED");
      assert.equal((await bench.post("/wallet/pay", { code })).status, 409);
    });

    void test("charges a payment code, and cancels the charge", async () => {
      const { body } = await bench.post("/wallet/payment-codes", { behaviour: "pays" });
      const order = { out_trade_no: "T3", total_amount: "0.10", subject: "Tea", auth_code: body.code };
      const paid = await bench.merchant.exec("alipay.trade.pay", { ...order, scene: "bar_code" });
      assert.equal(paid.code, "10000");
      assert.equal(paid.buyer_pay_amount, "0.10");
      const cancelled = await bench.merchant.exec("alipay.trade.cancel", { out_trade_no: "T3" });
      assert.equal(cancelled.action, "refund");
      assert.equal(cancelled.retry_flag, "N");
      assert.equal((await bench.query("T3")).trade_status, "TRADE_CLOSED");
    });

    void test("sends a buyer to a page and back with a signed return", async () => {
      for (const [method, outTradeNo] of [
        ["alipay.trade.page.pay", "T4"],
        ["alipay.trade.wap.pay", "T5"],
      ] as const) {
        const link = bench.merchant.sdk.pageExecute(method, "GET", {
          bizContent: { out_trade_no: outTradeNo, total_amount: "3.00", subject: "Tea" },
          returnUrl: "http://127.0.0.1:1/back?order=7",
          notifyUrl: bench.merchant.notifyUrl,
        });
        assert.equal((await bench.query(outTradeNo)).sub_code, "ACQ.TRADE_NOT_EXIST");
        const arrival = await fetch(link, { redirect: "manual" });
        assert.equal(arrival.status, 302);
        const location = arrival.headers.get("location")!;
        assert.match(location, /^\/wallet\?trade=/);
        assert.equal((await bench.query(outTradeNo)).trade_status, "WAIT_BUYER_PAY");

        const token = new URL(location, bench.url).searchParams.get("trade");
        const paid = await bench.post("/wallet/pay", { token });
        const back = new URL(paid.body.redirect_url as string);
        assert.equal(back.searchParams.get("order"), "7");
        back.searchParams.delete("order");
        const params = Object.fromEntries(back.searchParams);
        assert.equal(params.method, `${method}.return`);
        assert.equal(bench.merchant.sdk.checkNotifySignV2(params), true);
      }
    });

    void test("sends a buyer to a page by an auto-submitting form", async () => {
      const form = bench.merchant.sdk.pageExecute("alipay.trade.page.pay", "POST", {
        bizContent: { out_trade_no: "T6", total_amount: "3.00", subject: "Tea" },
      });
      const action = /action="([^"]+)"/.exec(form)![1]!;
      const fields = [...form.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(
        ([, name, value]) => [name!, value!.replaceAll("&quot;", '"')] as [string, string],
      );
      const body = new URLSearchParams(fields);
      const arrival = await fetch(action, { method: "POST", body, redirect: "manual" });
      assert.equal(arrival.status, 302);
      assert.equal((await bench.query("T6")).trade_status, "WAIT_BUYER_PAY");
    });

    void test("hands an app a string that the wallet pays", async () => {
      const text = bench.merchant.sdk.sdkExecute("alipay.trade.app.pay", {
        bizContent: { out_trade_no: "T7", total_amount: "8.88", subject: "茶" },
        notifyUrl: bench.merchant.notifyUrl,
      });
      assert.equal((await bench.query("T7")).sub_code, "ACQ.TRADE_NOT_EXIST");
      const paid = await bench.post("/wallet/pay", { code: text });
      assert.equal(paid.status, 200);
      assert.equal((await bench.query("T7")).trade_status, "TRADE_SUCCESS");
    });

    void test("creates a trade for a buyer inside the wallet", async () => {
      const order = {
        out_trade_no: "T8",
        total_amount: "1.00",
        subject: "Tea",
        buyer_id: "2088000000000002",
      };
      const made = await bench.merchant.exec("alipay.trade.create", order);
      assert.match(made.trade_no!, /^\d{28}$/);
      assert.equal((await bench.post("/wallet/pay", { code: `{"tradeNO":"${made.trade_no}"}` })).status, 200);
      assert.equal((await bench.query("T8")).trade_status, "TRADE_SUCCESS");
    });

    void test("downloads the day's bill", async () => {
      const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
      const asked = { bill_type: "trade", bill_date: today };
      const method = "alipay.data.dataservice.bill.downloadurl.query";
      assert.equal((await bench.merchant.exec(method, asked)).sub_code, "isp.bill_not_exist");
      const closed = await bench.post("/alipay/close-day", { app_id: bench.merchant.appId });
      assert.equal(closed.status, 200);
      const found = await bench.merchant.exec(method, asked);
      const file = await fetch(found.bill_download_url!);
      assert.equal(file.headers.get("content-type"), "application/zip");
      assert.equal(
        Buffer.from(await file.arrayBuffer())
          .subarray(0, 2)
          .toString(),
        "PK",
      );
    });
  });
}
