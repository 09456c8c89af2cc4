import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type RunningSandbox, startSandbox } from "./index.ts";
import { postJson, startMerchant, type TestMerchant } from "./testing/merchant.ts";

for (const mode of ["public_key", "certificate"]) {
  describe(`the official SDK in ${mode} mode, checking every signature`, () => {
    let sandbox: RunningSandbox;
    let merchant: TestMerchant;

    before(async () => {
      sandbox = await startSandbox({
        port: 0,
        host: "127.0.0.1",
        store: { kind: "memory" },
        log: console.error,
      });
      merchant = await startMerchant(sandbox.url, { mode });
    });
    after(async () => {
      await merchant.stop();
      await sandbox.stop();
    });

    it("takes a payment from code to refund", async () => {
      const order = { out_trade_no: "T1", total_amount: "12.34", subject: "测试商品" };
      const made = await merchant.exec("alipay.trade.precreate", order, { notifyUrl: merchant.notifyUrl });
      assert.equal(made["code"], "10000");
      assert.match(made["qr_code"]!, /^https:\/\/qr\.alipay\.com\/bax[a-z0-9]+$/);

      const early = await merchant.exec("alipay.trade.query", { out_trade_no: "T1" });
      assert.equal(early["sub_code"], "ACQ.TRADE_NOT_EXIST");

      const scanned = await postJson(`${sandbox.url}/wallet/scan`, { code: made["qr_code"] });
      assert.equal(scanned.status, 200, JSON.stringify(scanned.body));
      const waiting = await merchant.exec("alipay.trade.query", { out_trade_no: "T1" });
      assert.equal(waiting["trade_status"], "WAIT_BUYER_PAY");

      const paid = await postJson(`${sandbox.url}/wallet/pay`, { code: made["qr_code"] });
      assert.equal(paid.status, 200, JSON.stringify(paid.body));
      const [notification] = await merchant.hear(1);
      assert.equal(merchant.sdk.checkNotifySignV2(notification), true);
      assert.equal(merchant.sdk.checkNotifySignV2({ ...notification, total_amount: "0.01" }), false);
      assert.equal(notification!["trade_status"], "TRADE_SUCCESS");

      const found = await merchant.exec("alipay.trade.query", { out_trade_no: "T1" });
      assert.equal(found["trade_status"], "TRADE_SUCCESS");
      assert.equal(found["receipt_amount"], "12.34");

      const refund = { out_trade_no: "T1", refund_amount: "2.34", out_request_no: "R1" };
      const refunded = await merchant.exec("alipay.trade.refund", refund);
      assert.equal(refunded["fund_change"], "Y");
      assert.equal(refunded["refund_fee"], "2.34");
      const asked = { out_trade_no: "T1", out_request_no: "R1" };
      const known = await merchant.exec("alipay.trade.fastpay.refund.query", asked);
      assert.equal(known["refund_status"], "REFUND_SUCCESS");
      assert.equal(merchant.sdk.checkNotifySignV2((await merchant.hear(2))[1]), true);
    });
  });
}
