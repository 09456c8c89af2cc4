import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Aes, Formatter, Hash, Rsa } from "wechatpay-axios-plugin";
import { until } from "../testing/until.ts";
import { startWechatBench, type WechatBench } from "../testing/wechat.ts";
import { sandboxOpenid } from "./buyer.ts";

const sum = { total: 1234, currency: "CNY" };

for (const mode of ["public_key", "certificate"]) {
  void describe(`the SDK in ${mode} mode, checking every answer`, () => {
    let bench: WechatBench;

    before(async () => {
      bench = await startWechatBench({ merchant: { mode } });
    });
    after(() => bench.stop());

    void test("takes a payment from code to refund", async () => {
      const code = await bench.place("TEA001");
      assert.match(code, /^weixin:\/\/wxpay\/bizpayurl\?pr=[A-Za-z0-9]+$/);
      assert.equal((await bench.query("TEA001")).data.trade_state, "NOTPAY");

      assert.equal((await bench.post("/wallet/pay", { code })).status, 200);
      const [told] = await bench.hear("TEA001", 1);
      assert.equal(bench.trusts(told!), true);
      assert.equal(told!.event.event_type, "TRANSACTION.SUCCESS");
      const { data: paid } = await bench.query("TEA001");
      assert.deepEqual(told!.told, paid);
      assert.equal(paid.trade_state, "SUCCESS");
      assert.equal(paid.trade_type, "NATIVE");
      assert.match(paid.transaction_id as string, /^4200\d{24}$/);
      const byId = `v3/pay/transactions/id/${paid.transaction_id as string}`;
      assert.deepEqual((await bench.call("get", byId, { mchid: bench.mchid })).data, paid);

      const made = await bench.refund("TEA001", "R1", 234);
      assert.equal(made.status, 200);
      assert.equal(made.data.status, "PROCESSING");
      const ended = (await bench.hear("TEA001", 2))[1]!;
      assert.equal(bench.trusts(ended), true);
      assert.equal(ended.event.event_type, "REFUND.SUCCESS");
      assert.equal(ended.told.refund_status, "SUCCESS");
      const known = await bench.call("get", "v3/refund/domestic/refunds/R1");
      assert.equal(known.data.status, "SUCCESS");
      assert.equal(known.data.refund_id, made.data.refund_id);
      assert.equal((await bench.query("TEA001")).data.trade_state, "REFUND");
    });

    void test("places an order of each kind, and the wallet pays what the buyer has in hand", async () => {
      const scene_info = { payer_client_ip: "203.0.113.7", h5_info: { type: "Wap" } };
      const kinds = [
        ["native", {}, "code_url", (made: string) => made],
        [
          "jsapi",
          { payer: { openid: sandboxOpenid } },
          "prepay_id",
          (id: string) => bench.handOver("jsapi", id),
        ],
        ["app", {}, "prepay_id", (id: string) => bench.handOver("app", id)],
        ["h5", { scene_info }, "h5_url", (made: string) => made],
      ] as const;
      for (const [kind, more, name, inHand] of kinds) {
        const outTradeNo = `KIND_${kind}`;
        const order = bench.order(outTradeNo, more);
        const { data } = await bench.call("post", `v3/pay/transactions/${kind}`, order);
        const paid = await bench.post("/wallet/pay", { code: inHand(data[name] as string) });
        assert.equal(paid.status, 200, kind);
        assert.equal((await bench.query(outTradeNo)).data.trade_state, "SUCCESS");
      }
      const { data } = await bench.query("KIND_jsapi");
      assert.deepEqual(data.payer, { openid: sandboxOpenid });
    });

    void test("closes with an empty, signed answer", async () => {
      await bench.place("CLOSE1");
      const path = "v3/pay/transactions/out-trade-no/CLOSE1/close";
      const closed = await bench.call("post", path, { mchid: bench.mchid });
      assert.equal(closed.status, 204);
      assert.ok(closed.headers["wechatpay-signature"]);
      assert.equal((await bench.query("CLOSE1")).data.trade_state, "CLOSED");
      const again = await bench.call("post", "v3/pay/transactions/native", bench.order("CLOSE1"));
      assert.deepEqual([again.status, again.data.code], [400, "ORDER_CLOSED"]);
    });

    void test("refuses a notification of which anything was changed", async () => {
      const told = bench.heard.find((one) => one.told.out_trade_no === "TEA001")!;
      assert.equal(bench.trusts({ ...told, body: told.body.replace("TRANSACTION", "TRANSACTIOM") }), false);
      for (const name of ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial"]) {
        const headers = { ...told.headers, [name]: `${told.headers[name]}1` };
        assert.equal(bench.trusts({ ...told, headers }), false, `${name} was changed unnoticed`);
      }
      const { ciphertext, nonce, associated_data: aad } = told.event.resource as Record<string, string>;
      const key = bench.provisioned.api_v3_key!;
      const bent = Buffer.from(ciphertext!, "base64");
      bent[0]! ^= 1;
      assert.throws(() => Aes.AesGcm.decrypt(bent.toString("base64"), key, nonce!, aad));
      assert.throws(() => Aes.AesGcm.decrypt(ciphertext!, key, nonce!, "refund"));
      assert.throws(() => Aes.AesGcm.decrypt(ciphertext!, key.replace(/^./, "x"), nonce!, aad));
    });

    void test("downloads the day's bill once, and its hash is right", async () => {
      await until("refund ended", async () => {
        const known = await bench.call("get", "v3/refund/domestic/refunds/R1");
        return known.data.status === "SUCCESS";
      });
      const today = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
      const asked = { bill_date: today, tar_type: "GZIP" };
      const none = await bench.call("get", "v3/bill/tradebill", asked);
      assert.deepEqual([none.status, none.data.code], [404, "NO_STATEMENT_EXIST"]);
      assert.equal((await bench.post("/wechat/close-day", { mchid: bench.mchid })).status, 200);
      const { data: found } = await bench.call("get", "v3/bill/tradebill", asked);
      const token = new URL(found.download_url as string).searchParams.get("token");
      const fetchFile = () =>
        bench.call("get", "v3/billdownload/file", { token }, { responseType: "arraybuffer" });
      const text = gunzipSync((await fetchFile()).data as unknown as Buffer);
      assert.equal(Hash.sha1(text), found.hash_value);
      const { rows, summary } = Formatter.castCsvBill(text) as {
        rows: Record<string, string>[];
        summary: Record<string, string>;
      };
      const refund = rows.find((row) => row.商户退款单号 === "R1")!;
      assert.deepEqual(
        [refund.交易状态, refund.退款金额, refund.手续费, refund.退款状态, refund.应结订单金额],
        ["REFUND", "2.34", "-0.01000", "SUCCESS", "0.00"],
      );
      const payment = rows.find((row) => row.商户订单号 === "TEA001" && row.交易状态 === "SUCCESS")!;
      assert.deepEqual([payment.订单金额, payment.手续费, payment.费率], ["12.34", "0.07000", "0.60%"]);
      assert.equal(summary.总交易单数, String(rows.length));
      assert.equal((await fetchFile()).status, 400);
    });

    void test("asks for the platform's certificates, where there are any", async () => {
      const answer = await bench.call("get", "v3/certificates");
      if (mode === "public_key") {
        assert.deepEqual([answer.status, answer.data.code], [404, "RESOURCE_NOT_EXISTS"]);
        return;
      }
      const [first] = answer.data.data as {
        serial_no: string;
        encrypt_certificate: Record<string, string>;
      }[];
      const { ciphertext, nonce, associated_data: aad } = first!.encrypt_certificate;
      const pem = Aes.AesGcm.decrypt(ciphertext!, bench.provisioned.api_v3_key!, nonce!, aad);
      assert.equal(pem, bench.provisioned.platform_certificate);
      assert.equal(first!.serial_no, bench.provisioned.platform_certificate_serial);
      assert.ok(Rsa.from(pem, "public"));
    });

    void test("has its answers signed by the key that it names", async () => {
      const named = { headers: { "Wechatpay-Serial": bench.provisioned.platform_public_key_id } };
      const path = "v3/pay/transactions/out-trade-no/TEA001";
      const answer = await bench.call("get", path, { mchid: bench.mchid }, named);
      assert.equal(answer.headers["wechatpay-serial"], bench.provisioned.platform_public_key_id);
      const unnamed = await bench.query("TEA001");
      const own = mode === "public_key" ? "platform_public_key_id" : "platform_certificate_serial";
      assert.equal(unnamed.headers["wechatpay-serial"], bench.provisioned[own]);
    });
  });
}

void describe("the SDK of a service provider", () => {
  let bench: WechatBench;

  before(async () => {
    bench = await startWechatBench({ merchant: { sub_mchids: ["1900009999"] } });
  });
  after(() => bench.stop());

  void test("places, queries, refunds and closes for a sub-merchant", async () => {
    const partner = { sp_mchid: bench.mchid, sub_mchid: "1900009999" };
    const order = (outTradeNo: string) => ({
      ...partner,
      sp_appid: bench.appid,
      description: "Tea",
      out_trade_no: outTradeNo,
      notify_url: bench.notifyUrl,
      amount: sum,
    });
    const base = "v3/pay/partner/transactions";
    const { data } = await bench.call("post", `${base}/native`, order("PARTNER1"));
    await bench.post("/wallet/pay", { code: data.code_url });
    const paid = await bench.call("get", `${base}/out-trade-no/PARTNER1`, partner);
    assert.deepEqual(
      [paid.data.trade_state, paid.data.sp_mchid, paid.data.sub_mchid],
      ["SUCCESS", bench.mchid, "1900009999"],
    );
    const refund = await bench.refund("PARTNER1", "PR1", 1234, { sub_mchid: "1900009999" });
    assert.equal(refund.status, 200);
    const known = await bench.call("get", "v3/refund/domestic/refunds/PR1", { sub_mchid: "1900009999" });
    assert.equal(known.data.out_refund_no, "PR1");
    await bench.call("post", `${base}/native`, order("PARTNER2"));
    const closed = await bench.call("post", `${base}/out-trade-no/PARTNER2/close`, partner);
    assert.equal(closed.status, 204);
    const inApp = { ...order("PARTNER4"), payer: { sub_openid: sandboxOpenid } };
    const { data: jsapi } = await bench.call("post", `${base}/jsapi`, inApp);
    await bench.post("/wallet/pay", { code: bench.handOver("jsapi", jsapi.prepay_id as string) });
    const told = await bench.call("get", `${base}/out-trade-no/PARTNER4`, partner);
    assert.deepEqual(told.data.payer, { sub_openid: sandboxOpenid });
    const stranger = { ...order("PARTNER3"), sub_mchid: "1900008888" };
    const refused = await bench.call("post", `${base}/native`, stranger);
    assert.deepEqual([refused.status, refused.data.code], [403, "NO_AUTH"]);
  });
});
