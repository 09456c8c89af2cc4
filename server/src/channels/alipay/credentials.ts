import type { KeyObject, X509Certificate } from "node:crypto";
import type { CredentialFault, MerchantAtChannel } from "../port.ts";
import {
  certificateSn,
  readCertificates,
  readPrivateKey,
  readPublicKey,
  rootCertificateSn,
  samePair,
} from "./keys.ts";

/** Credentials as an operator enters them and as they are stored (encrypted). Keys in PEM or bare base64. */
export type AlipayCredentialsInput = {
  readonly app_id: string;
  /** The seller's number (PID): `2088…`. In service-provider mode the merchant's. */
  readonly seller_id: string;
  /** The app's private key, PKCS#1 or PKCS#8. */
  readonly private_key: string;
  /** Service-provider mode: the token by which the merchant authorised the app. */
  readonly app_auth_token?: string;
  /** Content encryption: the AES key from the console, base64. */
  readonly encrypt_key?: string;
} & (
  | { readonly mode: "public_key"; readonly alipay_public_key: string }
  | {
      readonly mode: "certificate";
      readonly app_cert: string;
      readonly alipay_cert: string;
      readonly alipay_root_cert: string;
    }
);

/** Credentials read once: keys are parsed, certificate numbers computed. */
export type AlipayCredentials = {
  readonly appId: string;
  readonly sellerId: string;
  readonly appAuthToken: string | null;
  readonly privateKey: KeyObject;
  readonly alipayPublicKey: KeyObject;
  readonly certificates: {
    readonly appCertSn: string;
    readonly alipayCertSn: string;
    readonly alipayRootCertSn: string;
  } | null;
  readonly encryptKey: Buffer | null;
};

type Parsed =
  | { ok: true; credentials: AlipayCredentials }
  | { ok: false; faults: readonly CredentialFault[] };

const COMMON_FIELDS = ["mode", "app_id", "seller_id", "private_key", "app_auth_token", "encrypt_key"];
const MODE_FIELDS = {
  public_key: ["alipay_public_key"],
  certificate: ["app_cert", "alipay_cert", "alipay_root_cert"],
} as const;
const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(["app_auth_token", "encrypt_key"]);

/** Reads credentials; every fault at once, each naming its field and what to do. */
export function parseCredentials(raw: unknown): Parsed {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return { ok: false, faults: [{ field: "credentials", detail: "must be an object" }] };
  }
  const input = raw as Record<string, unknown>;
  const mode = input.mode;
  if (mode !== "public_key" && mode !== "certificate") {
    return { ok: false, faults: [{ field: "mode", detail: "must be public_key or certificate" }] };
  }
  const faults = shapeFaults(input, [...COMMON_FIELDS, ...MODE_FIELDS[mode]]);
  if (faults.length > 0) return { ok: false, faults };
  const fields = input as Record<string, string>;

  const report = (field: string, detail: string) => faults.push({ field, detail });
  if (!/^\d{16}$/.test(fields.app_id ?? ""))
    report("app_id", "is the 16 digits of the app in Alipay's console");
  if (!/^2088\d{12}$/.test(fields.seller_id ?? "")) {
    report("seller_id", "is the seller's PID in Alipay's console: 16 digits that begin with 2088");
  }
  const encryptKey = fields.encrypt_key === undefined ? null : Buffer.from(fields.encrypt_key, "base64");
  if (encryptKey !== null && encryptKey.length !== 16) {
    report("encrypt_key", "is the AES key from Alipay's console: base64 of 16 bytes");
  }
  const privateKey = readPrivateKey(fields.private_key as string);
  if (typeof privateKey === "string") report("private_key", privateKey);
  const platform = mode === "public_key" ? fromPublicKey(fields, report) : fromCertificates(fields, report);
  if (platform !== null && typeof privateKey !== "string") pairFaults(privateKey, platform, report);

  if (faults.length > 0 || platform === null || typeof privateKey === "string") return { ok: false, faults };
  return {
    ok: true,
    credentials: {
      appId: fields.app_id as string,
      sellerId: fields.seller_id as string,
      appAuthToken: fields.app_auth_token ?? null,
      privateKey,
      alipayPublicKey: platform.publicKey,
      certificates: platform.numbers,
      encryptKey,
    },
  };
}

type Report = (field: string, detail: string) => void;
type Platform = {
  readonly field: string;
  readonly publicKey: KeyObject;
  readonly appCertificate: X509Certificate | null;
  readonly numbers: AlipayCredentials["certificates"];
};

/** The app and the seller: keys and the authorisation token are renewed, and it stays the same. */
export function merchantOf(credentials: unknown): MerchantAtChannel {
  const { appId, sellerId } = credentials as AlipayCredentials;
  return { app_id: appId, seller_id: sellerId };
}

function shapeFaults(input: Record<string, unknown>, known: readonly string[]): CredentialFault[] {
  const faults: CredentialFault[] = [];
  for (const field of known) {
    const value = input[field];
    if (value === undefined && OPTIONAL_FIELDS.has(field)) continue;
    if (typeof value !== "string" || value.trim() === "") faults.push({ field, detail: "is missing" });
  }
  for (const field of Object.keys(input).sort()) {
    if (!known.includes(field)) faults.push({ field, detail: "is not a field of this mode; remove it" });
  }
  return faults;
}

function fromPublicKey(fields: Record<string, string>, report: Report): Platform | null {
  const publicKey = readPublicKey(fields.alipay_public_key as string);
  if (typeof publicKey !== "string") {
    return { field: "alipay_public_key", publicKey, appCertificate: null, numbers: null };
  }
  report("alipay_public_key", publicKey);
  return null;
}

function fromCertificates(fields: Record<string, string>, report: Report): Platform | null {
  const [app, alipay, root] = ["app_cert", "alipay_cert", "alipay_root_cert"].map((field) => {
    const certificates = readCertificates(fields[field] as string);
    if (typeof certificates !== "string") return certificates;
    report(field, certificates);
    return null;
  });
  const [appCertificate] = app ?? [];
  const [alipayCertificate] = alipay ?? [];
  if (!appCertificate || !alipayCertificate || !root) return null;
  const alipayRootCertSn = rootCertificateSn(root);
  if (alipayRootCertSn === "") {
    report(
      "alipay_root_cert",
      "holds no root signed with RSA; take alipayRootCert.crt from Alipay's console",
    );
    return null;
  }
  if (!isIssuedWithin(alipayCertificate, [...(alipay ?? []), ...root])) {
    report(
      "alipay_cert",
      "was not issued under alipay_root_cert; take both from the same app in Alipay's console",
    );
    return null;
  }
  return {
    field: "alipay_cert",
    publicKey: alipayCertificate.publicKey,
    appCertificate,
    numbers: {
      appCertSn: certificateSn(appCertificate),
      alipayCertSn: certificateSn(alipayCertificate),
      alipayRootCertSn,
    },
  };
}

/**
 * Alipay's console shows the app's own public key beside Alipay's; taking the wrong one is the usual mistake.
 */
function pairFaults(privateKey: KeyObject, platform: Platform, report: Report): void {
  if (samePair(privateKey, platform.publicKey)) {
    report(
      platform.field,
      "is the app's own key; take Alipay's (支付宝公钥), shown after the app's key was uploaded",
    );
  }
  if (platform.appCertificate !== null && !platform.appCertificate.checkPrivateKey(privateKey)) {
    report("app_cert", "is not the certificate of private_key; take the pair that belongs together");
  }
}

function isIssuedWithin(certificate: X509Certificate, issuers: readonly X509Certificate[]): boolean {
  return issuers.some((issuer) => {
    if (issuer === certificate || !certificate.checkIssued(issuer)) return false;
    try {
      return certificate.verify(issuer.publicKey);
    } catch {
      return false;
    }
  });
}
