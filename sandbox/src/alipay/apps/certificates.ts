import { createHash, createPublicKey, createSign } from "node:crypto";
import type { SandboxRandom } from "../../clock.ts";
import { dayMs } from "../wire/time.ts";
import {
  bitString,
  bool,
  derNull,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  utcTime,
  utf8String,
} from "./der.ts";

/** A distinguished name, outermost part first, as it stands in the certificate. */
type Name = [attribute: "C" | "O" | "OU" | "CN", value: string][];

const attributeOids = { C: "2.5.4.6", O: "2.5.4.10", OU: "2.5.4.11", CN: "2.5.4.3" };
const sha256WithRsa = "1.2.840.113549.1.1.11";
const basicConstraints = "2.5.29.19";
const validityMs = 5 * 365 * dayMs;

const rootName: Name = [
  ["C", "CN"],
  ["O", "Sandbox Financial"],
  ["OU", "Certification Authority"],
  ["CN", "Sandbox Financial Certification Authority R1"],
];

/** The sandbox's own certification authority: signs what an app and its Alipay show. */
export type CertificateAuthority = { privateKey: string; publicKey: string };

export type IssuedCertificate = { pem: string; sn: string };

/** The authority's self-signed certificate. */
export function issueRoot(ca: CertificateAuthority, random: SandboxRandom, now: Date): IssuedCertificate {
  return issue({ ca, random, now, subject: rootName, publicKey: ca.publicKey, isAuthority: true });
}

/** A certificate over `publicKey` (PEM), named after its holder. */
export function issueLeaf(
  ca: CertificateAuthority,
  random: SandboxRandom,
  now: Date,
  holder: { organization: string; unit: string; commonName: string; publicKey: string },
): IssuedCertificate {
  const subject: Name = [
    ["C", "CN"],
    ["O", holder.organization],
    ["OU", holder.unit],
    ["CN", holder.commonName],
  ];
  return issue({ ca, random, now, subject, publicKey: holder.publicKey, isAuthority: false });
}

type Issuing = {
  ca: CertificateAuthority;
  random: SandboxRandom;
  now: Date;
  subject: Name;
  publicKey: string;
  isAuthority: boolean;
};

function issue({ ca, random, now, subject, publicKey, isAuthority }: Issuing): IssuedCertificate {
  const serial = BigInt(`0x40${random.bytes(15).toString("hex")}`);
  const algorithm = sequence(oid(sha256WithRsa), derNull());
  const constraints = sequence(
    oid(basicConstraints),
    bool(true),
    octetString(isAuthority ? sequence(bool(true)) : sequence()),
  );
  const body = sequence(
    explicit(0, integer(2n)),
    integer(serial),
    algorithm,
    nameOf(rootName),
    sequence(utcTime(now), utcTime(new Date(now.getTime() + validityMs))),
    nameOf(subject),
    createPublicKey(publicKey).export({ type: "spki", format: "der" }),
    explicit(3, sequence(constraints)),
  );
  const signature = createSign("RSA-SHA256").update(body).sign(ca.privateKey);
  const der = sequence(body, algorithm, bitString(signature));
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  const pem = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { pem, sn: serialNumberOf(rootName, serial) };
}

/**
 * Alipay's own idea of a serial number: md5 of the issuer's name, innermost part first, and the decimal
 * serial.
 */
function serialNumberOf(issuer: Name, serial: bigint): string {
  const reversed = [...issuer].reverse().map(([attribute, value]) => `${attribute}=${value}`);
  return createHash("md5")
    .update(`${reversed.join(",")}${serial}`, "utf8")
    .digest("hex");
}

function nameOf(name: Name): Buffer {
  return sequence(
    ...name.map(([attribute, value]) => set(sequence(oid(attributeOids[attribute]), utf8String(value)))),
  );
}
