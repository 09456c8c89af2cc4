import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

// Keys come as files of WeChat Pay's merchant platform: PEM, or its bare base64. The armour is dropped and
// the DER inside decides.

/** Request signatures are defined for 2048 bits. */
const MODULUS_BITS_MIN = 2_048;

/** The RSA private key in PKCS#1 or PKCS#8 text, or why it is none. */
export function readPrivateKey(text: string): KeyObject | string {
  const key = privateKeyOf(text);
  if (key !== null) return checkRsa(key);
  if (text.includes("BEGIN CERTIFICATE")) return "is a certificate; put apiclient_key.pem here";
  return "is not an RSA private key; put the content of apiclient_key.pem here";
}

/** The RSA public key in SubjectPublicKeyInfo or PKCS#1 text, or why it is none. */
export function readPublicKey(text: string): KeyObject | string {
  if (text.includes("BEGIN CERTIFICATE")) return "is a certificate; put it into platform_certificates";
  // Asked for a public key, node also makes one of a private key; so that is looked for first.
  if (privateKeyOf(text) !== null) {
    return "is a private key; put WeChat Pay's public key here and keep private keys apart";
  }
  for (const type of ["spki", "pkcs1"] as const) {
    const key = attempt(() => createPublicKey({ key: derOf(text), format: "der", type }));
    if (key !== null) return checkRsa(key);
  }
  return "is not an RSA public key; put the content of pub_key.pem here";
}

/** The one certificate in a PEM text, or why it is none. */
export function readCertificate(text: string): X509Certificate | string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length !== 1)
    return `holds ${blocks.length} PEM certificates; put each into an entry of its own`;
  const certificate = attempt(() => new X509Certificate(derOf(blocks[0] as string)));
  if (certificate === null) return "is a certificate that cannot be read";
  const checked = checkRsa(certificate.publicKey);
  return typeof checked === "string" ? checked : certificate;
}

/** Whether two keys are the two halves of one pair, or the same half. */
export function samePair(one: KeyObject, other: KeyObject): boolean {
  return publicDer(one).equals(publicDer(other));
}

function privateKeyOf(text: string): KeyObject | null {
  for (const type of ["pkcs8", "pkcs1"] as const) {
    const key = attempt(() => createPrivateKey({ key: derOf(text), format: "der", type }));
    if (key !== null) return key;
  }
  return null;
}

function publicDer(key: KeyObject): Buffer {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ type: "spki", format: "der" });
}

function checkRsa(key: KeyObject): KeyObject | string {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa") return "is not an RSA key";
  return bits >= MODULUS_BITS_MIN ? key : `has ${bits} bits; WeChat Pay needs ${MODULUS_BITS_MIN} or more`;
}

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[^-]+-----/g, "").replace(/\s+/g, ""), "base64");
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
