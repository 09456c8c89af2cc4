import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

// Keys and certificates come as PEM. UnionPay's kit has the merchant's pair in a PFX file, which node opens
// for TLS alone; openssl makes PEM of it (docs/operate.md).

/** What UnionPay's certificates are made with. */
const MODULUS_BITS_MIN = 2_048;

/** The PEM certificates in a text, armour and all. */
export function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** The RSA private key in PKCS#8 or PKCS#1 PEM, or why it is none. */
export function readPrivateKey(text: string): KeyObject | string {
  const key = attempt(() => createPrivateKey(text));
  if (key !== null) return checkRsa(key);
  if (text.includes("ENCRYPTED")) return "is encrypted; take it out of the PFX with openssl's -nodes";
  if (text.includes("BEGIN CERTIFICATE")) return "is a certificate; put the private key of the PFX here";
  return "is not an RSA private key in PEM; take it out of the PFX with openssl (docs/operate.md)";
}

/** The one certificate in a PEM text, or why it is none. */
export function readCertificate(text: string): X509Certificate | string {
  const blocks = certificatesIn(text);
  if (blocks.length !== 1) return `holds ${blocks.length} PEM certificates; put exactly one here`;
  const certificate = certificateOf(blocks[0] as string);
  if (certificate === null) return "is a certificate that cannot be read";
  const checked = checkRsa(certificate.publicKey);
  return typeof checked === "string" ? checked : certificate;
}

/** The certificate of a PEM text, whatever became of its line breaks on the way; null when it is none. */
export function certificateOf(text: string): X509Certificate | null {
  const der = Buffer.from(text.replace(/-----[^-]+-----/g, "").replace(/\s+/g, ""), "base64");
  return attempt(() => new X509Certificate(der));
}

/** A certificate's serial number as `certId` has it: decimal. */
export function certIdOf(certificate: X509Certificate): string {
  return BigInt(`0x${certificate.serialNumber}`).toString();
}

/** Whether two keys are the two halves of one pair, or the same half. */
export function samePair(one: KeyObject, other: KeyObject): boolean {
  return publicDer(one).equals(publicDer(other));
}

function publicDer(key: KeyObject): Buffer {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ type: "spki", format: "der" });
}

function checkRsa(key: KeyObject): KeyObject | string {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa") return "is not an RSA key";
  return bits >= MODULUS_BITS_MIN ? key : `has ${bits} bits; UnionPay needs ${MODULUS_BITS_MIN} or more`;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
