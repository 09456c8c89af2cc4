import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCredentials } from "./credentials.ts";
import { CERT_ID, inputOf, issue, MER_ID, newKit, newPair, pem, UNIONPAY_CN } from "./testing.ts";

const kit = newKit();
const other = newKit();
const good = inputOf(kit);

describe("UnionPay's credentials", () => {
  it("that work are read", () => {
    const parsed = parseCredentials(good);
    assert.ok(parsed.ok);
    const { merId, accessType, certId } = parsed.credentials;
    assert.deepEqual([merId, accessType, certId], [MER_ID, "0", CERT_ID]);
    const platform = parseCredentials({ ...good, access_type: "2" });
    assert.ok(platform.ok && platform.credentials.accessType === "2");
  });

  it("take the key in either form", () => {
    assert.ok(parseCredentials({ ...good, signing_private_key: pem(kit.merchant.privateKey, "pkcs1") }).ok);
  });

  const encrypted = kit.merchant.privateKey
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString();
  const small = newPair(1_024);
  const ownAsMiddle = issue("CFCA TEST OCA1", kit.merchant, "CFCA TEST CS CA", kit.root);
  const unionpaysOwn = issue(UNIONPAY_CN, kit.merchant, "CFCA TEST OCA1", kit.middle);
  const faults: [title: string, changes: object, field: string, detail: RegExp][] = [
    ["a merchant number of 14 digits", { mer_id: "77729005811004" }, "mer_id", /15 digits/],
    ["an access type of no kind", { access_type: "3" }, "access_type", /platform merchant/],
    ["a terminal of nine digits", { term_id: "000000001" }, "term_id", /8 letters or digits/],
    ["no merchant number", { mer_id: undefined }, "mer_id", /missing/],
    ["no root certificate", { root_certificate: undefined }, "root_certificate", /missing/],
    ["no middle certificate", { middle_certificate: " " }, "middle_certificate", /missing/],
    ["a field of another channel", { app_id: "1" }, "app_id", /remove it/],
    ["a key that is none", { signing_private_key: "x" }, "signing_private_key", /openssl/],
    ["an encrypted key", { signing_private_key: encrypted }, "signing_private_key", /-nodes/],
    [
      "a certificate for the key",
      { signing_private_key: good.signing_certificate },
      "signing_private_key",
      /is a certificate/,
    ],
    [
      "a key too small",
      { signing_private_key: pem(small.privateKey, "pkcs8") },
      "signing_private_key",
      /1024 bits/,
    ],
    [
      "a key for the certificate",
      { signing_certificate: good.signing_private_key },
      "signing_certificate",
      /0 PEM/,
    ],
    [
      "two certificates",
      { signing_certificate: good.signing_certificate.repeat(2) },
      "signing_certificate",
      /2 PEM/,
    ],
    [
      "a broken certificate",
      { root_certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
      "root_certificate",
      /cannot be read/,
    ],
    [
      "another's certificate",
      { signing_certificate: other.merchantCertificate },
      "signing_certificate",
      /does not fit/,
    ],
    [
      "UnionPay's signing certificate for ours",
      { signing_certificate: unionpaysOwn },
      "signing_certificate",
      /UnionPay's own/,
    ],
    [
      "a middle for the root",
      { root_certificate: good.middle_certificate },
      "root_certificate",
      /is not a root/,
    ],
    [
      "a middle of another kit",
      { middle_certificate: other.middleCertificate },
      "middle_certificate",
      /not issued/,
    ],
    [
      "the merchant's own for the middle",
      { middle_certificate: ownAsMiddle },
      "middle_certificate",
      /merchant's own/,
    ],
  ];
  for (const [title, changes, field, detail] of faults) {
    it(`with ${title} are refused, with field and remedy`, () => {
      const parsed = parseCredentials({ ...good, ...changes });
      assert.ok(!parsed.ok);
      const fault = parsed.faults.find((one) => one.field === field);
      assert.match(fault?.detail ?? "", detail);
    });
  }

  it("that are no object are refused", () => {
    for (const raw of [null, [], "text", 1]) assert.equal(parseCredentials(raw).ok, false);
  });
});
