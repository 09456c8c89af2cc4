import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { newKeys } from "../../testing/merchant.ts";
import { signedFetch, startWechatBench, type WechatBench } from "../../testing/wechat.ts";

let bench: WechatBench;

before(async () => {
  bench = await startWechatBench({ merchant: { mode: "certificate" } });
});
after(() => bench.stop());

const query = (more: object) => {
  const path = `/v3/pay/transactions/out-trade-no/NOBODY1?mchid=${bench.mchid}`;
  return signedFetch(bench, "GET", path, undefined, { now: new Date(), ...more });
};

void describe("a merchant at WeChat Pay", () => {
  void test("gets all that an operator has to enter, and a pair of keys where it brings none", async () => {
    const { status, body } = await bench.post("/wechat/merchants", { mode: "certificate" });
    assert.equal(status, 201);
    assert.match(body.mchid as string, /^\d{10}$/);
    assert.match(body.appid as string, /^wx[0-9a-f]{16}$/);
    assert.equal((body.api_v3_key as string).length, 32);
    assert.match(body.platform_public_key_id as string, /^PUB_KEY_ID_\d{20,}$/);
    const certificate = new X509Certificate(body.merchant_certificate as string);
    assert.equal(certificate.serialNumber, body.merchant_serial);
    const own = createPublicKey(body.merchant_private_key as string);
    assert.equal(certificate.publicKey.equals(own), true);
    const platform = new X509Certificate(body.platform_certificate as string);
    assert.equal(platform.serialNumber, body.platform_certificate_serial);
    assert.equal(body.gateway_url, `${bench.url}/wechat`);
  });

  void test("is the same when it registers again with the same key, and refused with another", async () => {
    const { mchid, merchant_public_key: key } = bench.provisioned;
    const again = await bench.post("/wechat/merchants", {
      mchid,
      merchant_public_key: key,
      mode: "certificate",
    });
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, bench.provisioned);
    const other = { mchid, merchant_public_key: newKeys().publicKey, mode: "certificate" };
    assert.equal((await bench.post("/wechat/merchants", other)).status, 409);
    const bad = await bench.post("/wechat/merchants", { mchid: "12", merchant_public_key: key });
    assert.equal(bad.status, 400);
  });

  void test("can have its own key replaced, and the platform's too", async () => {
    const before = bench.provisioned.platform_certificate_serial!;
    const rotated = await bench.post(`/wechat/merchants/${bench.mchid}/rotate-platform-key`);
    const after = rotated.body.platform_certificate_serial;
    assert.notEqual(after, before);
    await bench.place("ROTATE1").then(
      () => assert.fail("the SDK does not know the new certificate yet"),
      (error: Error) => assert.match(error.message, /serial/),
    );
    const { privateKey, publicKey } = newKeys();
    const { body } = await bench.post(`/wechat/merchants/${bench.mchid}/keys`, {
      merchant_public_key: publicKey,
    });
    assert.equal((await query({})).status, 401);
    assert.equal((await query({ privateKey, serial: body.merchant_serial })).status, 404);
  });
});
