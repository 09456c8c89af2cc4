import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startWechatBench, type WechatBench } from "../testing/wechat.ts";

type Trade = Record<string, unknown>;

let bench: WechatBench;

before(async () => {
  bench = await startWechatBench({ merchant: { merchant_name: "Tea House" } });
});
after(() => bench.stop());

async function act(path: string, body: object): Promise<Trade> {
  const answer = await bench.post(path, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.trade as Trade;
}

void describe("a buyer with WeChat", () => {
  void test("sees in the wallet what a code stands for, and pays it", async () => {
    const code = await bench.place("SHOW001");
    const shown = await act("/wallet/scan", { code });
    const { channel, status, amount, merchant, subject, out_trade_no: outTradeNo } = shown;
    assert.deepEqual(
      { channel, status, amount, merchant, subject, outTradeNo },
      {
        channel: "wechat",
        status: "NOTPAY",
        amount: 1234,
        merchant: "Tea House",
        subject: "Tea 茶",
        outTradeNo: "SHOW001",
      },
    );
    assert.deepEqual(await act("/wallet/scan", { token: shown.token }), shown);
    assert.deepEqual(
      await act("/wallet/scan", { code: `${bench.url}/wallet?trade=${shown.token as string}` }),
      shown,
    );
    assert.equal((await act("/wallet/pay", { token: shown.token, voucher_amount: 34 })).paid_amount, 1200);
    const again = await bench.post("/wallet/pay", { code });
    assert.deepEqual([again.status, (again.body.error as { code: string }).code], [409, "ORDERPAID"]);
  });

  void test("comes from a mobile page by its link, and goes back to where the shop said", async () => {
    const scene_info = { payer_client_ip: "203.0.113.7", h5_info: { type: "Wap" } };
    const order = bench.order("MOBILE1", { scene_info });
    const { data } = await bench.call("post", "v3/pay/transactions/h5", order);
    const back = "https://shop.example/back?order=7";
    const link = `${data.h5_url as string}&redirect_url=${encodeURIComponent(back)}`;
    const arrival = await fetch(link, { redirect: "manual" });
    assert.equal(arrival.status, 302);
    const code = new URL(arrival.headers.get("location")!, bench.url).searchParams.get("code");
    const { token } = await act("/wallet/scan", { code });
    const paid = await bench.post("/wallet/pay", { token });
    assert.equal(paid.body.redirect_url, back);
  });

  void test("fails, puts the order away, opens it again and pays after all", async () => {
    const code = await bench.place("TRIES01");
    const failed = await act("/wallet/fail", { code });
    assert.deepEqual([failed.status, failed.last_failure], ["NOTPAY", "余额不足"]);
    assert.equal((await act("/wallet/abandon", { code })).abandoned, true);
    assert.equal((await act("/wallet/scan", { code })).abandoned, false);
    assert.equal((await act("/wallet/pay", { code })).status, "SUCCESS");
  });

  void test("can be played by programs that know the order's number alone", async () => {
    await bench.place("NUMBER1");
    const act = (what: string, body: object = {}) => bench.post(`/wechat/orders/NUMBER1/${what}`, body);
    assert.equal((await act("open")).body.trade_state, "NOTPAY");
    assert.equal((await act("fail", { reason: "no" })).status, 200);
    assert.equal((await act("abandon")).status, 200);
    const paid = await act("pay", { mchid: bench.mchid, coupon_amount: 234 });
    assert.equal(paid.body.trade_state, "SUCCESS");
    assert.equal((await act("pay")).status, 409);
    assert.equal((await bench.post("/wechat/orders/NOBODY1/pay")).status, 404);
  });

  void test("finds payments of both channels in one list, newest first", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = (await bench.get(`/wallet/trades?limit=3${next}`)) as {
        data: Trade[];
        next_cursor: string | null;
      };
      seen.push(...page.data.map((trade) => trade.out_trade_no as string));
      cursor = page.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ["NUMBER1", "TRIES01", "MOBILE1", "SHOW001"]);
  });

  void test("is told that an unknown code stands for nothing", async () => {
    for (const code of ["weixin://wxpay/bizpayurl?pr=nobody", `prepay_id=wx${"0".repeat(34)}`]) {
      const answer = await bench.post("/wallet/scan", { code });
      assert.deepEqual([answer.status, (answer.body.error as { code: string }).code], [404, "code_unknown"]);
    }
  });
});
