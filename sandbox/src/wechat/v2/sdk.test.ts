import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Wechatpay } from "wechatpay-axios-plugin";
import { certsOf, startWechatBench, type WechatBench } from "../../testing/wechat.ts";

type Answer = Record<string, string>;
type Sent = { post: (given: object) => Promise<{ data: Answer }> };

for (const signType of ["MD5", "HMAC-SHA256"]) {
  void describe(`payment codes by the SDK with ${signType}, checking every answer`, () => {
    let bench: WechatBench;
    let client: { chain: (path: string) => Sent };

    before(async () => {
      bench = await startWechatBench({ merchant: { sub_mchids: ["1900009999"] } });
      client = new Wechatpay({
        mchid: bench.mchid,
        serial: bench.provisioned.merchant_serial!,
        privateKey: bench.privateKey,
        certs: certsOf(bench.provisioned),
        secret: bench.provisioned.api_v2_key!,
        baseURL: `${bench.provisioned.gateway_url}/`,
      } as never) as unknown as typeof client;
    });
    after(() => bench.stop());

    /** The SDK throws a refusal before it checks its signature, so a refusal is only read here. */
    async function call(path: string, given: object): Promise<Answer> {
      const whole = { appid: bench.appid, mch_id: bench.mchid, sign_type: signType, ...given };
      try {
        return (await client.chain(`v2/${path}`).post(whole)).data;
      } catch (error) {
        const { response, code } = error as { response?: { data: Answer }; code?: string };
        if (!response || code !== "EV2_RES_STATUS_CODE_NOT_SUCESS") throw error;
        return response.data;
      }
    }
    async function newCode(behaviour: string): Promise<string> {
      const made = await bench.post("/wallet/payment-codes", { behaviour, wallet: "wechat" });
      return (made.body as Answer).code!;
    }
    async function charge(outTradeNo: string, behaviour: string, more: object = {}) {
      const code = await newCode(behaviour);
      const asked = {
        body: "Tea <茶> & 'more' ]]>",
        out_trade_no: outTradeNo,
        total_fee: "1234",
        spbill_create_ip: "127.0.0.1",
        auth_code: code,
        ...more,
      };
      return { code, asked, answer: await call("pay/micropay", asked) };
    }
    const query = (outTradeNo: string) => call("pay/orderquery", { out_trade_no: outTradeNo });
    const reverse = (outTradeNo: string) => call("secapi/pay/reverse", { out_trade_no: outTradeNo });

    void test("takes the money of a code that pays, once", async () => {
      const { code, asked, answer } = await charge("CODE01", "pays");
      assert.match(code, /^13\d{16}$/);
      assert.deepEqual(
        [answer.result_code, answer.trade_type, answer.total_fee],
        ["SUCCESS", "MICROPAY", "1234"],
      );
      const asLater = await query("CODE01");
      assert.deepEqual(
        [asLater.trade_state, asLater.transaction_id, asLater.time_end],
        ["SUCCESS", answer.transaction_id, answer.time_end],
      );
      assert.equal((await call("pay/micropay", asked)).err_code, "ORDERPAID");
      assert.equal((await call("pay/micropay", { ...asked, total_fee: "1" })).err_code, "OUT_TRADE_NO_USED");
      const other = await call("pay/micropay", { ...asked, out_trade_no: "CODE02" });
      assert.equal(other.err_code, "AUTH_CODE_INVALID");
      assert.equal((await query("CODE02")).err_code, "ORDERNOTEXIST");
      assert.equal((await bench.query("CODE01")).data.trade_type, "MICROPAY");
      assert.deepEqual(bench.heard, []);
    });

    void test("waits for the password, and for nothing else", async () => {
      const { code, asked, answer } = await charge("CODE03", "asks_password");
      assert.equal(answer.err_code, "USERPAYING");
      assert.equal((await query("CODE03")).trade_state, "USERPAYING");
      assert.equal((await call("pay/micropay", asked)).err_code, "USERPAYING");
      const pending = (await bench.get("/wallet/pending")) as { data: { out_trade_no: string }[] };
      assert.ok(pending.data.some((one) => one.out_trade_no === "CODE03"));
      assert.equal((await bench.post("/wallet/pay", { code, password: false })).status, 409);
      assert.equal((await bench.post("/wallet/pay", { code })).status, 200);
      assert.equal((await query("CODE03")).trade_state, "SUCCESS");
    });

    void test("refuses a code without money, for good", async () => {
      const { code, answer } = await charge("CODE04", "insufficient_balance");
      assert.equal(answer.err_code, "NOTENOUGH");
      assert.equal((await query("CODE04")).trade_state, "PAYERROR");
      assert.equal((await bench.post("/wallet/pay", { code })).status, 409);
    });

    void test("reverses what waits and what is paid, and again without more", async () => {
      const { code } = await charge("CODE05", "asks_password");
      assert.equal((await reverse("CODE05")).recall, "N");
      assert.equal((await bench.post("/wallet/pay", { code })).status, 409);
      const unpaid = await query("CODE05");
      assert.deepEqual([unpaid.trade_state, unpaid.transaction_id], ["REVOKED", undefined]);

      const { asked, answer } = await charge("CODE06", "pays");
      await bench.arm("cancel_retry_flag", { match: { out_trade_no: "CODE06" }, count: 1 });
      assert.equal((await reverse("CODE06")).recall, "Y");
      assert.equal((await query("CODE06")).trade_state, "SUCCESS");
      assert.equal((await reverse("CODE06")).recall, "N");
      assert.equal((await reverse("CODE06")).recall, "N");
      const paid = await query("CODE06");
      assert.deepEqual([paid.trade_state, paid.transaction_id], ["REVOKED", answer.transaction_id]);
      assert.equal((await call("pay/micropay", asked)).err_code, "ORDERREVERSED");
      assert.equal((await bench.refund("CODE06", "R6", 1)).data.code, "INVALID_REQUEST");
      assert.equal((await reverse("NOBODYS")).err_code, "ORDERNOTEXIST");
    });

    void test("acts for a sub-merchant that is bound, and for no other", async () => {
      const bound = await charge("CODE07", "pays", { sub_mch_id: "1900009999" });
      assert.deepEqual([bound.answer.result_code, bound.answer.sub_mch_id], ["SUCCESS", "1900009999"]);
      assert.equal((await query("CODE07")).err_code, "ORDERNOTEXIST");
      const stranger = await charge("CODE08", "pays", { sub_mch_id: "1900008888" });
      assert.equal(stranger.answer.err_code, "NOAUTH");
    });

    void test("hears nobody whose signature is wrong, and signs that with nothing", async () => {
      const body = `<xml><appid>${bench.appid}</appid><mch_id>${bench.mchid}</mch_id><sign>X</sign></xml>`;
      const answer = await fetch(`${bench.url}/wechat/pay/orderquery`, { method: "POST", body });
      const text = await answer.text();
      assert.match(text, /<return_code>FAIL<\/return_code>/);
      assert.doesNotMatch(text, /<sign>/);
    });

    void test("bills a reversal as REVOKED, with its fee given back", async () => {
      const { body } = await bench.post("/wechat/close-day", { mchid: bench.mchid });
      assert.ok(body.date);
      const asked = { bill_date: body.date, bill_type: "ALL" };
      const { data } = await bench.call("get", "v3/bill/tradebill", asked);
      const token = new URL(data.download_url as string).searchParams.get("token");
      const file = await bench.call("get", "v3/billdownload/file", { token }, { responseType: "text" });
      const rows = (file.data as unknown as string).split("\r\n").filter((row) => row.includes("CODE06"));
      assert.deepEqual(
        rows.map((row) =>
          ["MICROPAY", "SUCCESS", "REVOKED", "-0.07000"].map((cell) => row.includes(`\`${cell},`)),
        ),
        [
          [true, true, false, false],
          [true, true, true, true],
        ],
      );
    });
  });
}
