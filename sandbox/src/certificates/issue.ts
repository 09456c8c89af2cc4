import { createPublicKey, createSign, X509Certificate } from "node:crypto";
import { dayMs } from "../china/beijing.ts";
import type { SandboxRandom } from "../clock.ts";
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
export type Name = [attribute: "C" | "O" | "OU" | "CN", value: string][];

const attributeOids = { C: "2.5.4.6", O: "2.5.4.10", OU: "2.5.4.11", CN: "2.5.4.3" };
const sha256WithRsa = "1.2.840.113549.1.1.11";
const basicConstraints = "2.5.29.19";
const validityMs = 5 * 365 * dayMs;

/** The name of the sandbox's authority, which is the issuer of Alipay's and WeChat Pay's certificates. */
export const rootName: Name = [
  ["C", "CN"],
  ["O", "Sandbox Financial"],
  ["OU", "Certification Authority"],
  ["CN", "Sandbox Financial Certification Authority R1"],
];

/** The sandbox's own certification authority: signs what merchants and channels show. */
export type CertificateAuthority = { privateKey: string; publicKey: string };

/** Who signs a certificate, and under which name. */
export type Issuer = { name: Name; privateKey: string };

/** The authority's self-signed certificate, in PEM. */
export function issueRoot(ca: CertificateAuthority, random: SandboxRandom, now: Date): string {
  return issueUnder({ ...ca, name: rootName }, random, now, {
    subject: rootName,
    publicKey: ca.publicKey,
    isAuthority: true,
  });
}

/** A certificate over `publicKey` (PEM), named after its holder, in PEM. */
export function issueLeaf(
  ca: CertificateAuthority,
  random: SandboxRandom,
  now: Date,
  holder: { organization: string; unit: string; commonName: string; publicKey: string },
): string {
  const subject: Name = [
    ["C", "CN"],
    ["O", holder.organization],
    ["OU", holder.unit],
    ["CN", holder.commonName],
  ];
  const issuer = { name: rootName, privateKey: ca.privateKey };
  return issueUnder(issuer, random, now, { subject, publicKey: holder.publicKey, isAuthority: false });
}

export type Holder = { subject: Name; publicKey: string; isAuthority: boolean };

/** A certificate's serial number: hexadecimal, upper case, 32 digits. */
export function serialOf(certificate: string): string {
  return new X509Certificate(certificate).serialNumber;
}

/** A serial number as certificates of the sandbox have it. */
export function newSerial(random: SandboxRandom): string {
  return `40${random.bytes(15).toString("hex")}`.toUpperCase();
}

/** A certificate over the holder's key, signed by the issuer; good for five years from `now`, in PEM. */
export function issueUnder(issuer: Issuer, random: SandboxRandom, now: Date, holder: Holder): string {
  const { subject, publicKey, isAuthority } = holder;
  const algorithm = sequence(oid(sha256WithRsa), derNull());
  const constraints = sequence(
    oid(basicConstraints),
    bool(true),
    octetString(isAuthority ? sequence(bool(true)) : sequence()),
  );
  const body = sequence(
    explicit(0, integer(2n)),
    integer(BigInt(`0x${newSerial(random)}`)),
    algorithm,
    nameOf(issuer.name),
    sequence(utcTime(now), utcTime(new Date(now.getTime() + validityMs))),
    nameOf(subject),
    createPublicKey(publicKey).export({ type: "spki", format: "der" }),
    explicit(3, sequence(constraints)),
  );
  const signature = createSign("RSA-SHA256").update(body).sign(issuer.privateKey);
  const der = sequence(body, algorithm, bitString(signature));
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: Name): Buffer {
  return sequence(
    ...name.map(([attribute, value]) => set(sequence(oid(attributeOids[attribute]), utf8String(value)))),
  );
}
