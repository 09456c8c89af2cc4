import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { newKeys } from "../testing/merchant.ts";
import { signedOver, startWechatBench, type WechatBench } from "../testing/wechat.ts";
import { openidOf, sandboxOpenid } from "./buyer.ts";

let bench: WechatBench;
let other: { appid: string; mchid: string };
let placed = 0;

before(async () => {
  bench = await startWechatBench();
  const { body } = await bench.post("/wechat/merchants", { merchant_public_key: newKeys().publicKey });
  other = { appid: body.appid as string, mchid: body.mchid as string };
});
after(() => bench.stop());

type Kind = "jsapi" | "app";
type Fields = Record<string, string>;

/** A fresh order of the kind: its number and prepay_id. */
async function place(kind: Kind, openid = sandboxOpenid): Promise<{ outTradeNo: string; prepayId: string }> {
  placed += 1;
  const outTradeNo = `HANDED${placed}`;
  const order = bench.order(outTradeNo, kind === "jsapi" ? { payer: { openid } } : {});
  const { data } = await bench.call("post", `v3/pay/transactions/${kind}`, order);
  return { outTradeNo, prepayId: data.prepay_id as string };
}

const ask = async (what: string, body: object) => {
  const answer = await bench.post(`/wallet/${what}`, body);
  return [answer.status, (answer.body.error as Fields | undefined)?.code];
};

/** The field is changed after it was signed. */
const changed = (more: Fields) => (signed: string) => JSON.stringify({ ...JSON.parse(signed), ...more });
const without = (name: string) => (signed: string) =>
  JSON.stringify({ ...JSON.parse(signed), [name]: undefined });

const refusedOf: Record<Kind, [what: string, bend: (signed: string) => string, code: string][]> = {
  jsapi: [
    ["a prepay_id and nothing else", (signed) => (JSON.parse(signed) as Fields).package!, "PARAM_ERROR"],
    ["another time than the signed", changed({ timeStamp: "1763640001" }), "SIGN_ERROR"],
    ["another nonce than the signed", changed({ nonceStr: "another" }), "SIGN_ERROR"],
    ["no nonce", without("nonceStr"), "PARAM_ERROR"],
    ["no signature", without("paySign"), "PARAM_ERROR"],
    ["a signature that is none", changed({ paySign: "c2lnbmVk" }), "SIGN_ERROR"],
    ["milliseconds", changed({ timeStamp: "1763640000000" }), "PARAM_ERROR"],
    ["MD5, as in v2", changed({ signType: "MD5" }), "PARAM_ERROR"],
  ],
  app: [
    ["a prepay_id and nothing else", (signed) => (JSON.parse(signed) as Fields).prepayid!, "PARAM_ERROR"],
    ["another time than the signed", changed({ timestamp: "1763640001" }), "SIGN_ERROR"],
    ["another nonce than the signed", changed({ noncestr: "another" }), "SIGN_ERROR"],
    ["no signature", without("sign"), "PARAM_ERROR"],
    ["a signature that is none", changed({ sign: "c2lnbmVk" }), "SIGN_ERROR"],
    ["another package", changed({ package: "Sign=Other" }), "PARAM_ERROR"],
  ],
};

for (const kind of ["jsapi", "app"] as const) {
  void describe(`what is handed over by ${kind}`, () => {
    for (const [what, bend, code] of refusedOf[kind]) {
      void test(`is refused with ${what}, before the trade opens`, async () => {
        const { outTradeNo, prepayId } = await place(kind);
        const bent = bend(bench.handOver(kind, prepayId));
        for (const act of ["scan", "pay", "fail"]) {
          assert.deepEqual(await ask(act, { code: bent }), [409, code], act);
        }
        assert.equal((await bench.query(outTradeNo)).data.trade_state, "NOTPAY");
        const { data } = (await bench.get("/wallet/trades?limit=1")) as { data: { last_failure: unknown }[] };
        assert.equal(data[0]?.last_failure, null);
        assert.deepEqual(await ask("pay", { code: bench.handOver(kind, prepayId) }), [200, undefined]);
      });
    }

    void test("is refused for another app, though it is signed for it", async () => {
      const { prepayId } = await place(kind);
      const foreign = kind === "jsapi" ? { appId: other.appid } : { appid: other.appid };
      const code = bench.handOver(kind, prepayId, foreign);
      assert.deepEqual(await ask("scan", { code }), [409, "INVALID_REQUEST"]);
    });

    void test("is refused with the signature of another key", async () => {
      const { prepayId } = await place(kind);
      const { paySign: _, sign: __, ...fields } = JSON.parse(bench.handOver(kind, prepayId)) as Fields;
      const code = signedOver(fields, newKeys().privateKey);
      assert.deepEqual(await ask("scan", { code }), [409, "SIGN_ERROR"]);
    });
  });
}

void describe("what is handed over", () => {
  void test("by a page opens for the buyer that the order names, and nobody else", async () => {
    const { prepayId, outTradeNo } = await place("jsapi", openidOf(bench.appid, "ann"));
    const code = bench.handOver("jsapi", prepayId);
    assert.deepEqual(await ask("scan", { code }), [409, "INVALID_REQUEST"]);
    assert.deepEqual(await ask("pay", { code, buyer: "bob" }), [409, "INVALID_REQUEST"]);
    assert.deepEqual(await ask("pay", { code, buyer: "ann" }), [200, undefined]);
    assert.deepEqual((await bench.query(outTradeNo)).data.payer, { openid: openidOf(bench.appid, "ann") });
  });

  void test("by a page that the wallet's browser comes to is looked at as a whole", async () => {
    const { prepayId } = await place("jsapi", openidOf(bench.appid, "ann"));
    const signed = bench.handOver("jsapi", prepayId);
    const platform = createServer((request, response) => {
      const fields = request.url === "/q/good" ? signed : changed({ nonceStr: "another" })(signed);
      response.end(`<section data-params="${fields.replaceAll('"', "&quot;")}"></section>`);
    });
    await new Promise<void>((resolve) => platform.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(platform.address() as AddressInfo).port}`;
    const scan = (path: string, buyer: string) =>
      ask("scan", { code: `${origin}${path}`, wallet: "wechat", buyer });
    try {
      assert.deepEqual(await scan("/q/bent", "ann"), [409, "SIGN_ERROR"]);
      assert.deepEqual(await scan("/q/good", "bob"), [409, "INVALID_REQUEST"]);
      assert.deepEqual(await scan("/q/good", "ann"), [200, undefined]);
    } finally {
      platform.closeAllConnections();
      await new Promise((resolve) => platform.close(resolve));
    }
  });

  void test("by an app names the merchant whose order it is", async () => {
    const { prepayId } = await place("app");
    const code = bench.handOver("app", prepayId, { partnerid: other.mchid });
    assert.deepEqual(await ask("scan", { code }), [409, "INVALID_REQUEST"]);
  });
});
