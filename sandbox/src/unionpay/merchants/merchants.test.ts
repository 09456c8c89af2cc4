import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { newKeys } from "../../testing/merchant.ts";
import { type Form, startUnionpayBench, type UnionpayBench } from "../../testing/unionpay.ts";

let bench: UnionpayBench;
before(async () => {
  bench = await startUnionpayBench();
});
after(() => bench.stop());

const register = async (body: object): Promise<{ status: number; body: Form }> =>
  (await bench.post("/unionpay/merchants", body)) as { status: number; body: Form };
const codeOf = ({ body }: { body: unknown }): string => (body as { error: { code: string } }).error.code;

/** What UnionPay says to a query of this merchant's. */
async function queried({ mer_id, cert_id }: Form, privateKey: string): Promise<string> {
  const query = { txnType: "00", txnSubType: "00", bizType: "000000", orderId: "NOBODY0001" };
  const message = { ...bench.message(query), merId: mer_id!, certId: cert_id! };
  return (await bench.send("/gateway/api/queryTrans.do", bench.signed(message, privateKey))).respCode!;
}

void describe("a merchant at UnionPay", () => {
  void test("gets a key, a certificate with a decimal serial, and the authorities over it", async () => {
    const { status, body } = await register({ merchant_name: "Tea House 茶馆" });
    assert.equal(status, 201);
    assert.match(body.mer_id!, /^\d{15}$/);
    const certificate = new X509Certificate(body.merchant_certificate!);
    const [root, middle] = [body.root_certificate!, body.middle_certificate!].map(
      (pem) => new X509Certificate(pem),
    );
    assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), body.cert_id);
    assert.ok(root!.ca && middle!.ca && !certificate.ca);
    assert.ok(certificate.checkIssued(middle!) && certificate.verify(middle!.publicKey));
    assert.ok(middle!.checkIssued(root!) && middle!.verify(root!.publicKey));
    assert.ok(certificate.subject.includes("Tea House 茶馆"));
    assert.deepEqual([body.gateway_url, body.file_url], [bench.url, `${bench.url}/unionpay/file/`]);
    assert.equal(await queried(body, body.merchant_private_key!), "34");
  });

  void test("may bring a key of its own, and gets a certificate over it", async () => {
    const { privateKey, publicKey } = newKeys();
    const { body } = await register({ mer_id: "777290058110048", merchant_public_key: publicKey });
    assert.deepEqual([body.mer_id, body.merchant_private_key], ["777290058110048", undefined]);
    assert.equal(await queried(body, privateKey), "34");
    const again = await register({ mer_id: "777290058110048", merchant_public_key: publicKey });
    assert.deepEqual([again.status, again.body.cert_id], [200, body.cert_id]);
    const other = { mer_id: "777290058110048", merchant_public_key: newKeys().publicKey };
    const refused = await register(other);
    assert.deepEqual([refused.status, codeOf(refused)], [409, "merchant_exists"]);
  });

  void test("may bring a certificate of its own, whose serial is its certId", async () => {
    const { merchant_certificate: certificate, merchant_private_key: key, cert_id } = bench.provisioned;
    const { body } = await register({ merchant_certificate: certificate });
    assert.deepEqual([body.cert_id, body.merchant_certificate], [cert_id, certificate]);
    assert.equal(await queried(body, key!), "34");
    assert.equal(codeOf(await register({ merchant_certificate: "x" })), "merchant_certificate_invalid");
    assert.equal(codeOf(await register({ merchant_public_key: "x" })), "merchant_public_key_invalid");
  });

  void test("changes its certificate, and the old one stops working at once", async () => {
    const { body } = await register({});
    const { privateKey, publicKey } = newKeys();
    const path = `/unionpay/merchants/${body.mer_id}`;
    const changed = (await bench.post(`${path}/keys`, { merchant_public_key: publicKey })).body as Form;
    assert.notEqual(changed.cert_id, body.cert_id);
    assert.equal(await queried(body, body.merchant_private_key!), "11");
    assert.equal(await queried(changed, privateKey), "34");
    assert.deepEqual(await bench.get(path), changed);
  });

  void test("says how long it refunds, and what it is charged", async () => {
    const asked = { refund_window_days: 180, code_refund_window_days: 60, fee_rate_millionths: 3_800 };
    const { body } = await register({ ...asked, merchant_category_code: "5812" });
    assert.deepEqual({ ...body, ...asked, merchant_category_code: "5812" }, body);
    for (const odd of [
      { mer_id: "1" },
      { merchant_category_code: "x" },
      { refund_window_days: 331 },
      { pfx: "" },
    ]) {
      assert.equal((await register(odd)).status, 400);
    }
    assert.equal((await fetch(`${bench.url}/unionpay/merchants/1`)).status, 404);
  });
});
