import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCredentials, type WechatCredentials } from "./credentials.ts";
import {
  KEY_ID,
  newPair,
  pem,
  platformCertificate,
  publicKeyInput,
  SERIAL_NO,
  SUB_APPID,
  SUB_MCHID,
} from "./testing.ts";

const merchant = newPair();
const wechat = newPair();
const other = newPair();
const input = publicKeyInput(merchant, wechat);
const { wechatpay_public_key: _key, wechatpay_public_key_id: _id, ...common } = input;

function read(raw: unknown): WechatCredentials {
  const parsed = parseCredentials(raw);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.credentials;
}
function faultsOf(raw: unknown): Record<string, string> {
  const parsed = parseCredentials(raw);
  assert.ok(!parsed.ok);
  return Object.fromEntries(parsed.faults.map(({ field, detail }) => [field, detail]));
}

describe("WeChat Pay's credentials", () => {
  it("with the public key: answers are wanted signed with it", () => {
    const credentials = read(input);
    assert.equal(credentials.wantedSerial, KEY_ID);
    assert.deepEqual([...credentials.platformKeys.keys()], [KEY_ID]);
    assert.deepEqual([credentials.subMchid, credentials.subAppid], [null, null]);
    assert.equal(credentials.apiV3Key.length, 32);
  });

  it("with platform certificates: each is known by its own serial number", () => {
    const certificates = [platformCertificate(wechat, 0x5157f09en), platformCertificate(other, 0x7132d72an)];
    const credentials = read({ ...common, platform_certificates: certificates });
    assert.deepEqual([...credentials.platformKeys.keys()].sort(), ["5157F09E", "7132D72A"]);
    assert.ok(credentials.platformKeys.has(credentials.wantedSerial));
  });

  it("with both while a merchant moves: either verifies, the public key is wanted", () => {
    const credentials = read({ ...input, platform_certificates: [platformCertificate(other, 0x5157f09en)] });
    assert.deepEqual([...credentials.platformKeys.keys()], [KEY_ID, "5157F09E"]);
    assert.equal(credentials.wantedSerial, KEY_ID);
  });

  it("for payment codes: the APIv2 key, and the certificate with its key", () => {
    assert.deepEqual([read(input).apiV2Key, read(input).clientCertificate], [null, null]);
    const cert = platformCertificate(merchant, 5n);
    const credentials = read({ ...input, api_v2_key: "k".repeat(32), merchant_certificate: cert });
    assert.equal(credentials.apiV2Key, "k".repeat(32));
    assert.equal(credentials.clientCertificate?.cert, cert);
    assert.match(credentials.clientCertificate?.key ?? "", /^-----BEGIN PRIVATE KEY-----/);
  });

  it("of a service provider name the merchant, and its app where it has one", () => {
    assert.equal(read({ ...input, sub_mchid: SUB_MCHID }).subMchid, SUB_MCHID);
    assert.equal(read({ ...input, sub_mchid: SUB_MCHID, sub_appid: SUB_APPID }).subAppid, SUB_APPID);
  });

  it("take keys in PKCS#1, as bare base64, and the serial number in small letters", () => {
    const bare = pem(wechat.publicKey, "spki").replace(/-----[^-]+-----|\n/g, "");
    const credentials = read({
      ...input,
      merchant_private_key: pem(merchant.privateKey, "pkcs1"),
      wechatpay_public_key: bare,
      merchant_serial_no: SERIAL_NO.toLowerCase(),
    });
    assert.equal(credentials.serialNo, SERIAL_NO);
  });

  it("report all that is missing at once", () => {
    assert.deepEqual(Object.keys(faultsOf({})).sort(), [
      "api_v3_key",
      "appid",
      "mchid",
      "merchant_private_key",
      "merchant_serial_no",
    ]);
  });

  const faults: Record<string, readonly [field: string, raw: unknown]> = {
    "no object": ["credentials", null],
    "a field nobody knows": ["api_v2_kee", { ...input, api_v2_kee: "x" }],
    "a number for a text": ["mchid", { ...input, mchid: 1_900_000_001 }],
    "a merchant number with letters": ["mchid", { ...input, mchid: "19000A0001" }],
    "an app id of another kind": ["appid", { ...input, appid: "2021000000000001" }],
    "a merchant's app without the merchant": ["sub_appid", { ...input, sub_appid: SUB_APPID }],
    "an APIv3 key of another length": ["api_v3_key", { ...input, api_v3_key: "short" }],
    "an APIv2 key of another length": ["api_v2_key", { ...input, api_v2_key: "short" }],
    "another's certificate": [
      "merchant_certificate",
      { ...input, merchant_certificate: platformCertificate(other, 5n) },
    ],
    "a key for a certificate": [
      "merchant_certificate",
      { ...input, merchant_certificate: pem(merchant.publicKey, "spki") },
    ],
    "a serial number that is none": ["merchant_serial_no", { ...input, merchant_serial_no: "serial" }],
    "a public key for the private one": [
      "merchant_private_key",
      { ...input, merchant_private_key: pem(wechat.publicKey, "spki") },
    ],
    "a private key for the public one": [
      "wechatpay_public_key",
      { ...input, wechatpay_public_key: pem(other.privateKey, "pkcs8") },
    ],
    "the merchant's own public key": [
      "wechatpay_public_key",
      { ...input, wechatpay_public_key: pem(merchant.publicKey, "spki") },
    ],
    "a public key without its id": [
      "wechatpay_public_key_id",
      { ...common, wechatpay_public_key: input.wechatpay_public_key },
    ],
    "an id without its public key": ["wechatpay_public_key", { ...common, wechatpay_public_key_id: KEY_ID }],
    "no key of WeChat Pay at all": ["wechatpay_public_key", common],
    "an empty list of certificates": ["wechatpay_public_key", { ...common, platform_certificates: [] }],
    "certificates that are no list": ["platform_certificates", { ...common, platform_certificates: "x" }],
    "a certificate that is none": [
      "platform_certificates[0]",
      { ...common, platform_certificates: [pem(wechat.publicKey, "spki")] },
    ],
    "the merchant's own certificate": [
      "platform_certificates[1]",
      {
        ...common,
        platform_certificates: [platformCertificate(wechat, 5n), platformCertificate(merchant, 6n)],
      },
    ],
    "a key that is too short": [
      "wechatpay_public_key",
      { ...input, wechatpay_public_key: pem(newPair(1_024).publicKey, "spki") },
    ],
  };
  for (const [title, [field, raw]] of Object.entries(faults)) {
    it(`with ${title} are refused at ${field}, with the remedy`, () => {
      const found = faultsOf(raw);
      assert.ok((found[field] ?? "").length > 10, JSON.stringify(found));
    });
  }
});
