import type { KeyObject, X509Certificate } from "node:crypto";
import type { CredentialFault, MerchantAtChannel } from "../port.ts";
import { certIdOf, readCertificate, readPrivateKey, samePair } from "./keys.ts";
import { isUnionpays, type Trust } from "./signing.ts";

/** Credentials as an operator enters them and as they are stored (encrypted). */
export type UnionpayCredentialsInput = {
  /** The merchant's number (`merId`): 15 digits. */
  readonly mer_id: string;
  /** `accessType`: 0 a merchant of its own (also when absent), 1 an acquirer, 2 a platform merchant. */
  readonly access_type?: string;
  /** `termId` of a payment code where the till has no number that fits: 8 letters or digits. */
  readonly term_id?: string;
  /** The merchant's signing certificate out of its PFX, PEM. */
  readonly signing_certificate: string;
  /** The private key beside it, PEM, not encrypted. */
  readonly signing_private_key: string;
  /** UnionPay's root certificate of the kit, PEM. */
  readonly root_certificate: string;
  /** UnionPay's middle certificate of the kit, PEM. */
  readonly middle_certificate: string;
};

/** Credentials read once. */
export type UnionpayCredentials = {
  readonly merId: string;
  readonly accessType: string;
  readonly termId: string;
  /** The serial number of the signing certificate, decimal. */
  readonly certId: string;
  readonly privateKey: KeyObject;
  readonly trust: Trust;
};

type Parsed =
  | { ok: true; credentials: UnionpayCredentials }
  | { ok: false; faults: readonly CredentialFault[] };
type Report = (field: string, detail: string) => void;

const REQUIRED_FIELDS = [
  "mer_id",
  "signing_certificate",
  "signing_private_key",
  "root_certificate",
  "middle_certificate",
] as const;
const OPTIONAL_FIELDS = ["access_type", "term_id"];

/** UnionPay asks for a terminal with each payment code, and an online merchant has none. */
const TERM_ID = "00000001";

/** Reads credentials; every fault at once, each naming its field and what to do. */
export function parseCredentials(raw: unknown): Parsed {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return { ok: false, faults: [{ field: "credentials", detail: "must be an object" }] };
  }
  const faults = shapeFaults(raw as Record<string, unknown>);
  if (faults.length > 0) return { ok: false, faults };
  const input = raw as UnionpayCredentialsInput;
  const report: Report = (field, detail) => faults.push({ field, detail });

  if (!/^\d{15}$/.test(input.mer_id)) report("mer_id", "is the merchant number (商户号): exactly 15 digits");
  const accessType = input.access_type ?? "0";
  if (!/^[012]$/.test(accessType)) {
    report("access_type", "is 0 for a merchant of its own, 1 for an acquirer, 2 for a platform merchant");
  }
  const termId = input.term_id ?? TERM_ID;
  if (!/^[0-9A-Za-z]{8}$/.test(termId)) report("term_id", "is a terminal's number: 8 letters or digits");
  const own = ownPairOf(input, report);
  const trust = trustOf(input, report);
  if (own !== null && trust !== null) strangersFaults(own.privateKey, trust, report);
  if (faults.length > 0 || own === null || trust === null) return { ok: false, faults };
  return { ok: true, credentials: { merId: input.mer_id, accessType, termId, ...own, trust } };
}

/** The merchant by its number: certificates and terminals are changed, and it stays the same. */
export function merchantOf(credentials: unknown): MerchantAtChannel {
  return { mer_id: (credentials as UnionpayCredentials).merId };
}

function shapeFaults(input: Record<string, unknown>): CredentialFault[] {
  const faults: CredentialFault[] = [];
  for (const field of [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS]) {
    const value = input[field];
    if (value === undefined && OPTIONAL_FIELDS.includes(field)) continue;
    if (typeof value !== "string" || value.trim() === "") {
      faults.push({ field, detail: "is missing; it is a text that is not empty" });
    }
  }
  const known: readonly string[] = [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS];
  for (const field of Object.keys(input).sort()) {
    if (!known.includes(field)) faults.push({ field, detail: "is not a field of UnionPay; remove it" });
  }
  return faults;
}

function ownPairOf(
  input: UnionpayCredentialsInput,
  report: Report,
): Pick<UnionpayCredentials, "certId" | "privateKey"> | null {
  const privateKey = readPrivateKey(input.signing_private_key);
  if (typeof privateKey === "string") report("signing_private_key", privateKey);
  const certificate = readCertificate(input.signing_certificate);
  if (typeof certificate === "string") report("signing_certificate", certificate);
  if (typeof privateKey === "string" || typeof certificate === "string") return null;
  if (!samePair(privateKey, certificate.publicKey)) {
    report(
      "signing_certificate",
      "does not fit signing_private_key; take both out of the same PFX of the merchant",
    );
  }
  if (isUnionpays(certificate)) {
    report("signing_certificate", "is UnionPay's own; put the merchant's signing certificate here");
  }
  return { certId: certIdOf(certificate), privateKey };
}

function trustOf(input: UnionpayCredentialsInput, report: Report): Trust | null {
  const read = (field: "root_certificate" | "middle_certificate"): X509Certificate | null => {
    const certificate = readCertificate(input[field]);
    if (typeof certificate !== "string") return certificate;
    report(field, certificate);
    return null;
  };
  const [root, middle] = [read("root_certificate"), read("middle_certificate")];
  if (root === null || middle === null) return null;
  if (!isIssuedBy(root, root)) {
    report(
      "root_certificate",
      "is not a root: it did not issue itself; take the root certificate of the kit",
    );
  } else if (!isIssuedBy(middle, root)) {
    report("middle_certificate", "was not issued by root_certificate; take both from the same kit");
  }
  return { root, middle };
}

/** The merchant's own certificate lies beside the kit's; taking it for UnionPay's is the usual mistake. */
function strangersFaults(privateKey: KeyObject, trust: Trust, report: Report): void {
  for (const field of ["root", "middle"] as const) {
    if (samePair(privateKey, trust[field].publicKey)) {
      report(
        `${field}_certificate`,
        `is the merchant's own; take UnionPay's ${field} certificate of the kit`,
      );
    }
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
