import assert from "node:assert/strict";
import type { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { AlipaySdk } from "alipay-sdk";
import {
  certificateSn,
  readCertificates,
  readPrivateKey,
  readPublicKey,
  rootCertificateSn,
  samePair,
} from "./keys.ts";
import { bare, certificate, newPair, pem } from "./testing.ts";

const pair = newPair();
const SM2_WITH_SM3 = "1.2.156.10197.1.501";

describe("keys", () => {
  const forms: Record<string, string> = {
    "PKCS#8 PEM": pem(pair.privateKey, "pkcs8"),
    "PKCS#1 PEM": pem(pair.privateKey, "pkcs1"),
    "bare PKCS#8": bare(pair.privateKey, "pkcs8"),
    "bare PKCS#1": bare(pair.privateKey, "pkcs1"),
    "PKCS#8 under the armour of PKCS#1": pem(pair.privateKey, "pkcs8").replaceAll(
      "PRIVATE KEY",
      "RSA PRIVATE KEY",
    ),
    "bare with line breaks and blanks": ` ${bare(pair.privateKey, "pkcs8").replace(/.{76}/g, "$&\r\n")} `,
  };
  for (const [form, text] of Object.entries(forms)) {
    it(`a private key is read as ${form}`, () => {
      const key = readPrivateKey(text);
      assert.ok(typeof key !== "string" && samePair(key, pair.publicKey));
    });
  }

  it("a public key is read as PEM and bare, SubjectPublicKeyInfo and PKCS#1", () => {
    for (const type of ["spki", "pkcs1"] as const) {
      for (const text of [bare(pair.publicKey, type), pem(pair.publicKey, type)]) {
        const key = readPublicKey(text);
        assert.ok(typeof key !== "string" && samePair(key, pair.privateKey));
      }
    }
  });

  it("the two halves are not taken for each other, and the sentence says which was given", () => {
    assert.match(reasonOf(readPublicKey(bare(pair.privateKey, "pkcs8"))), /is a private key/);
    assert.match(reasonOf(readPrivateKey(bare(pair.publicKey, "spki"))), /is a public key/);
  });

  it("rubbish, short keys and certificates are refused with a reason", () => {
    assert.match(reasonOf(readPrivateKey("hello")), /not an RSA private key/);
    assert.match(reasonOf(readPublicKey("")), /not an RSA public key/);
    assert.match(reasonOf(readPrivateKey(bare(newPair(1_024).privateKey, "pkcs8"))), /1024 bits/);
    const text = certificateFor([["CN", "x"]], 1n);
    assert.match(reasonOf(readPublicKey(text)), /is a certificate/);
    assert.match(reasonOf(readCertificates("none here")), /no PEM certificate/);
  });
});

function reasonOf(read: unknown): string {
  return typeof read === "string" ? read : "was read";
}

function certificateFor(
  issuer: Parameters<typeof certificate>[0]["issuer"],
  serial: bigint,
  algorithm?: string,
) {
  return certificate({
    subject: [["CN", "somebody"]],
    issuer,
    publicKey: pair.publicKey,
    signer: pair.privateKey,
    serial,
    ...(algorithm === undefined ? {} : { algorithm }),
  });
}

describe("certificate numbers are those of the official SDK", () => {
  const issuers: Record<string, Parameters<typeof certificate>[0]["issuer"]> = {
    plain: [
      ["C", "CN"],
      ["O", "Example Financial"],
      ["OU", "Certification Authority"],
      ["CN", "Example Class 2 R1"],
    ],
    "with characters that RFC 2253 escapes": [
      ["C", "CN"],
      ["O", 'Example, Inc. + "Sons" <x>; a\\b #1'],
      ["CN", " leading and trailing "],
    ],
    "in Chinese": [
      ["C", "CN"],
      ["ST", "浙江"],
      ["L", "杭州"],
      ["O", "示例公司"],
      ["CN", "示例根证书"],
    ],
  };
  const serials = [1n, 0x7fn, 0x80n, 0x00ff00n, (1n << 127n) - 1n, (1n << 128n) - 189n];

  for (const [title, issuer] of Object.entries(issuers)) {
    it(`for an issuer ${title}, with any serial number`, () => {
      for (const serial of serials) {
        const text = certificateFor(issuer, serial);
        assert.equal(certificateSn(one(text)), sdkFor({ app: text }).appCertSn, `serial ${serial}`);
      }
    });
  }

  it("for a bundle of roots: those signed with RSA, in order, and not the SM2 ones", () => {
    const bundle = [
      certificateFor([["CN", "first"]], 11n),
      certificateFor([["CN", "national"]], 12n, SM2_WITH_SM3),
      certificateFor([["CN", "second"]], 13n, "1.2.840.113549.1.1.5"),
    ].join("\n");
    const certificates = readCertificates(bundle);
    assert.ok(typeof certificates !== "string");
    const number = rootCertificateSn(certificates);
    assert.equal(number.split("_").length, 2);
    assert.equal(number, sdkFor({ root: bundle }).alipayRootCertSn);
  });
});

function one(text: string): X509Certificate {
  const certificates = readCertificates(text);
  assert.ok(typeof certificates !== "string" && certificates[0]);
  return certificates[0];
}

function sdkFor(contents: { app?: string; root?: string }) {
  const some = certificateFor([["CN", "some"]], 1n);
  return new AlipaySdk({
    appId: "1",
    privateKey: bare(pair.privateKey, "pkcs1"),
    appCertContent: contents.app ?? some,
    alipayPublicCertContent: some,
    alipayRootCertContent: contents.root ?? some,
  }).config;
}
