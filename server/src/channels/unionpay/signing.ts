import { createHash, type KeyObject, sign, verify, type X509Certificate } from "node:crypto";
import { certificateOf, certificatesIn } from "./keys.ts";

// Version 5.1.0 with signMethod 01: SHA-256 of the text as lowercase hex, and that hex signed by
// SHA256withRSA (PKCS#1 v1.5), which hashes it once more. Answers and notifications bring the certificate
// that signed them; whether it is UnionPay's is told by its chain and its name.

export type Fields = Readonly<Record<string, string>>;

/** What a message of UnionPay is verified against: the certificates that come with the merchant's kit. */
export type Trust = {
  readonly root: X509Certificate;
  readonly middle: X509Certificate;
  /** True: it is UnionPay's test, whose signer may have no name but its number. */
  readonly isTest?: boolean;
};

// A part of the common name of every certificate that UnionPay signs with; parts are separated by @.
const NAME = "中国银联股份有限公司";
const TEST_NAME = "00040000:SIGN";

/** The text that is signed: all fields that are not empty but the signature, raw, by name. */
export function signingText(fields: Fields): string {
  return Object.keys(fields)
    .filter((name) => name !== "signature" && fields[name] !== "")
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join("&");
}

/** The digest of that text, as it is signed: lowercase hex. */
export function digestOf(fields: Fields): string {
  return createHash("sha256").update(signingText(fields), "utf8").digest("hex");
}

/** The fields with their signature. */
export function signedFields(fields: Fields, privateKey: KeyObject): Fields {
  const signature = sign("RSA-SHA256", Buffer.from(digestOf(fields), "utf8"), privateKey);
  return { ...fields, signature: signature.toString("base64") };
}

/** Why an answer or a notification is not UnionPay's; null when it is. @param now within all validities */
export function strangerBy(fields: Fields, trust: Trust, now: Date): string | null {
  const { signature, signPubKeyCert } = fields;
  if (!signature) return "it is not signed";
  if (!signPubKeyCert) return "it brings no certificate";
  const [block = "", ...more] = certificatesIn(signPubKeyCert);
  const certificate = certificateOf(block);
  if (certificate === null || more.length > 0) return "its certificate cannot be read";
  const chain = { "the certificate that signed it": certificate, "the middle certificate": trust.middle };
  for (const [name, one] of Object.entries({ ...chain, "the root certificate": trust.root })) {
    if (!isValidAt(one, now)) return `${name} is valid from ${one.validFrom} to ${one.validTo}`;
  }
  if (!certificate.checkIssued(trust.middle) || !certificate.verify(trust.middle.publicKey)) {
    return "its certificate was not issued by the middle certificate of this account";
  }
  // The same authority issues merchants' certificates: the chain alone proves nobody to be UnionPay.
  if (!isUnionpays(certificate, trust.isTest)) return "its certificate is not UnionPay's by name";
  if (certificate.publicKey.asymmetricKeyType !== "rsa") return "its certificate has no RSA key";
  const digest = Buffer.from(digestOf(fields), "utf8");
  const right = verify("RSA-SHA256", digest, certificate.publicKey, Buffer.from(signature, "base64"));
  return right ? null : "the signature is not UnionPay's";
}

/** Whether one of the parts after an @ in the common name is UnionPay's. */
export function isUnionpays(certificate: X509Certificate, isTest = false): boolean {
  const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";
  const parts = commonName.split("@").slice(1);
  return parts.includes(NAME) || (isTest && parts.includes(TEST_NAME));
}

function isValidAt(certificate: X509Certificate, now: Date): boolean {
  return (
    Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() <= Date.parse(certificate.validTo)
  );
}
