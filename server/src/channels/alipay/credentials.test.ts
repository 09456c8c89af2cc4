import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCredentials } from "./credentials.ts";
import { APP_ID, bare, certificate, newPair, pem, publicKeyInput, SELLER_ID } from "./testing.ts";

const app = newPair();
const alipay = newPair();
const authority = newPair();
const input = publicKeyInput(app, alipay);

const ROOT = [["CN", "Example Root"]] as const;
const rootCert = certificate({
  subject: ROOT,
  issuer: ROOT,
  publicKey: authority.publicKey,
  signer: authority.privateKey,
  serial: 1n,
});
const issued = (name: string, pair: typeof app, signer = authority) =>
  certificate({
    subject: [["CN", name]],
    issuer: ROOT,
    publicKey: pair.publicKey,
    signer: signer.privateKey,
    serial: 2n,
  });
const certificates = {
  mode: "certificate",
  app_id: APP_ID,
  seller_id: SELLER_ID,
  private_key: pem(app.privateKey, "pkcs1"),
  app_cert: issued("app", app),
  alipay_cert: issued("alipay", alipay),
  alipay_root_cert: rootCert,
};

function faultsOf(raw: unknown): Record<string, string> {
  const parsed = parseCredentials(raw);
  assert.ok(!parsed.ok, "should have been refused");
  return Object.fromEntries(parsed.faults.map((fault) => [fault.field, fault.detail]));
}

describe("Alipay credentials", () => {
  it("of public-key mode are read with their keys parsed", () => {
    const parsed = parseCredentials({ ...input, app_auth_token: "202611BBtoken" });
    assert.ok(parsed.ok);
    assert.equal(parsed.credentials.appId, APP_ID);
    assert.equal(parsed.credentials.appAuthToken, "202611BBtoken");
    assert.equal(parsed.credentials.privateKey.type, "private");
    assert.equal(parsed.credentials.certificates, null);
  });

  it("of certificate mode take the key from Alipay's certificate and compute the three numbers", () => {
    const parsed = parseCredentials(certificates);
    assert.ok(parsed.ok);
    assert.ok(parsed.credentials.alipayPublicKey.equals(alipay.publicKey));
    const { appCertSn, alipayCertSn, alipayRootCertSn } = parsed.credentials.certificates ?? {};
    for (const number of [appCertSn, alipayCertSn, alipayRootCertSn])
      assert.match(number ?? "", /^[0-9a-f]{32}$/);
  });

  it("refuse the app's own key as Alipay's: a forger would need nothing but our public key", () => {
    const own = { ...input, alipay_public_key: bare(app.publicKey, "spki") };
    assert.match(faultsOf(own).alipay_public_key ?? "", /the app's own key; take Alipay's/);
    const ownCert = { ...certificates, alipay_cert: issued("alipay", app) };
    assert.match(faultsOf(ownCert).alipay_cert ?? "", /the app's own key/);
  });

  const refusals: Record<string, [raw: unknown, field: string, detail: RegExp]> = {
    "no object": ["text", "credentials", /object/],
    "an unknown mode": [{ ...input, mode: "cert" }, "mode", /public_key or certificate/],
    "a missing field": [{ ...input, private_key: undefined }, "private_key", /missing/],
    "an empty field": [{ ...input, seller_id: " " }, "seller_id", /missing/],
    "a field that is no text": [{ ...input, app_id: 2021 }, "app_id", /missing/],
    "an unknown field": [{ ...input, secret: "x" }, "secret", /not a field of this mode/],
    "a field of the other mode": [{ ...input, app_cert: "x" }, "app_cert", /not a field of this mode/],
    "a malformed app id": [{ ...input, app_id: "wx123" }, "app_id", /16 digits/],
    "a malformed seller": [{ ...input, seller_id: APP_ID }, "seller_id", /2088/],
    "a private key that is none": [{ ...input, private_key: "abc" }, "private_key", /not an RSA private key/],
    "an AES key of the wrong size": [{ ...input, encrypt_key: "YWJj" }, "encrypt_key", /16 bytes/],
    "another app's certificate": [
      { ...certificates, app_cert: issued("other", newPair()) },
      "app_cert",
      /not the certificate of private_key/,
    ],
    "Alipay's certificate under another root": [
      { ...certificates, alipay_cert: issued("alipay", alipay, newPair()) },
      "alipay_cert",
      /not issued under/,
    ],
    "a bundle without an RSA root": [
      {
        ...certificates,
        alipay_root_cert: certificate({
          subject: ROOT,
          issuer: ROOT,
          publicKey: authority.publicKey,
          signer: authority.privateKey,
          serial: 1n,
          algorithm: "1.2.156.10197.1.501",
        }),
      },
      "alipay_root_cert",
      /no root signed with RSA/,
    ],
  };
  for (const [title, [raw, field, detail]] of Object.entries(refusals)) {
    it(`name the field and the remedy for ${title}`, () => {
      assert.match(faultsOf(raw)[field] ?? "", detail);
    });
  }

  it("report every fault at once, and never repeat what was entered", () => {
    const faults = faultsOf({ ...input, app_id: "1", private_key: "SECRET", alipay_public_key: "OTHER" });
    assert.deepEqual(Object.keys(faults).sort(), ["alipay_public_key", "app_id", "private_key"]);
    assert.doesNotMatch(JSON.stringify(faults), /SECRET|OTHER/);
  });
});
