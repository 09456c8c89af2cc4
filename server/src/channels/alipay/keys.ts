import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

// Keys come as people copy them: PEM with either RSA armour, or the bare base64 that Alipay's console and its
// key tool show, with or without line breaks. The armour is dropped and the DER inside decides.

/** RSA2 is defined for 2048 bits and more; Alipay takes no shorter key. */
const MODULUS_BITS_MIN = 2_048;

/** The RSA private key in PKCS#1 or PKCS#8 text, or why it is none. */
export function readPrivateKey(text: string): KeyObject | string {
  const der = derOf(text);
  for (const type of ["pkcs8", "pkcs1"] as const) {
    const key = attempt(() => createPrivateKey({ key: der, format: "der", type }));
    if (key !== null) return checkRsa(key);
  }
  return attempt(() => createPublicKey({ key: der, format: "der", type: "spki" })) === null
    ? "is not an RSA private key in PKCS#1 or PKCS#8 form"
    : "is a public key; put the app's private key here";
}

/** The RSA public key in SubjectPublicKeyInfo or PKCS#1 text, or why it is none. */
export function readPublicKey(text: string): KeyObject | string {
  if (text.includes("BEGIN CERTIFICATE"))
    return "is a certificate; use the mode certificate for certificates";
  const der = derOf(text);
  // Asked for a public key, node also makes one of a private key; so that is looked for first.
  const isPrivate = (["pkcs8", "pkcs1"] as const).some(
    (type) => attempt(() => createPrivateKey({ key: der, format: "der", type })) !== null,
  );
  if (isPrivate) return "is a private key; put Alipay's public key here and keep private keys apart";
  for (const type of ["spki", "pkcs1"] as const) {
    const key = attempt(() => createPublicKey({ key: der, format: "der", type }));
    if (key !== null) return checkRsa(key);
  }
  return "is not an RSA public key";
}

/** The certificates in a PEM bundle, in order, or why there are none. */
export function readCertificates(text: string): X509Certificate[] | string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return "holds no PEM certificate";
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    const certificate = attempt(() => new X509Certificate(derOf(block)));
    if (certificate === null) return "holds a certificate that cannot be read";
    certificates.push(certificate);
  }
  return certificates;
}

/**
 * `app_cert_sn` and `alipay_cert_sn`: the MD5 of the issuer, its parts from the most specific to the country,
 * followed by the serial number in decimal (Alipay: 公钥证书签名说明).
 */
export function certificateSn(certificate: X509Certificate): string {
  const issuer = certificate.issuer.split("\n").map(unescapeName).reverse().join(",");
  const serial = BigInt(`0x${certificate.serialNumber}`).toString();
  return createHash("md5").update(`${issuer}${serial}`, "utf8").digest("hex");
}

/**
 * `alipay_root_cert_sn`: the numbers of the roots signed with RSA, joined by `_`; those for SM2 are left out.
 */
export function rootCertificateSn(certificates: readonly X509Certificate[]): string {
  return certificates
    .filter((certificate) => certificate.signatureAlgorithmOid.startsWith("1.2.840.113549.1.1."))
    .map(certificateSn)
    .join("_");
}

/** Whether two keys are the two halves of one pair, or the same half. */
export function samePair(one: KeyObject, other: KeyObject): boolean {
  return publicDer(one).equals(publicDer(other));
}

/** Node prints names with the escapes of RFC 2253; Alipay hashes them plain. */
function unescapeName(part: string): string {
  return part.replace(/\\(.)/g, "$1");
}

function publicDer(key: KeyObject): Buffer {
  const half = key.type === "private" ? createPublicKey(key) : key;
  return half.export({ type: "spki", format: "der" });
}

function checkRsa(key: KeyObject): KeyObject | string {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa") return "is not an RSA key";
  return bits >= MODULUS_BITS_MIN ? key : `has ${bits} bits; RSA2 needs ${MODULUS_BITS_MIN} or more`;
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
