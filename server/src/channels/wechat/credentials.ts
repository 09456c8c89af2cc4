import type { KeyObject } from "node:crypto";
import type { CredentialFault, MerchantAtChannel } from "../port.ts";
import { readCertificate, readPrivateKey, readPublicKey, samePair } from "./keys.ts";

/** Credentials as an operator enters them and as they are stored (encrypted). */
export type WechatCredentialsInput = {
  /** The merchant's number; in service-provider mode the provider's (`sp_mchid`). */
  readonly mchid: string;
  /** The app of `mchid`; in service-provider mode the provider's (`sp_appid`). */
  readonly appid: string;
  /** Service-provider mode: the merchant that is paid. */
  readonly sub_mchid?: string;
  /** Service-provider mode: the merchant's own app, where its buyers are known by that. */
  readonly sub_appid?: string;
  /** The APIv3 key: 32 characters. */
  readonly api_v3_key: string;
  /** The APIv2 key, 32 characters: payment codes go by it alone. */
  readonly api_v2_key?: string;
  /** The secret of the app that buyers know (`sub_appid`, else `appid`): tells who scans inside WeChat. */
  readonly app_secret?: string;
  /** `apiclient_key.pem`. */
  readonly merchant_private_key: string;
  /** The serial number of the API certificate that belongs to it. */
  readonly merchant_serial_no: string;
  /** `apiclient_cert.pem`: WeChat Pay's own host takes a reversal only over TLS with it. */
  readonly merchant_certificate?: string;
  /** WeChat Pay's public key and its id, `PUB_KEY_ID_…`. */
  readonly wechatpay_public_key?: string;
  readonly wechatpay_public_key_id?: string;
  /** WeChat Pay's platform certificates in PEM; several while they rotate. */
  readonly platform_certificates?: readonly string[];
};

/** Credentials read once. */
export type WechatCredentials = {
  readonly mchid: string;
  readonly appid: string;
  readonly subMchid: string | null;
  readonly subAppid: string | null;
  readonly apiV3Key: Buffer;
  /** Null: the account takes no payment codes. */
  readonly apiV2Key: string | null;
  /** Null: the account cannot tell who a buyer in WeChat's browser is. */
  readonly appSecret: string | null;
  readonly privateKey: KeyObject;
  readonly serialNo: string;
  /** What a call that demands it shows to WeChat Pay, in PEM. */
  readonly clientCertificate: { readonly key: string; readonly cert: string } | null;
  /** WeChat Pay's keys by what `Wechatpay-Serial` calls them. */
  readonly platformKeys: ReadonlyMap<string, KeyObject>;
  /** The one of them that answers shall be signed with. */
  readonly wantedSerial: string;
};

type Parsed =
  | { ok: true; credentials: WechatCredentials }
  | { ok: false; faults: readonly CredentialFault[] };
type Report = (field: string, detail: string) => void;
type PlatformKey = { readonly field: string; readonly serial: string; readonly key: KeyObject };

const REQUIRED_FIELDS = ["mchid", "appid", "api_v3_key", "merchant_private_key", "merchant_serial_no"];
const OPTIONAL_FIELDS = [
  "sub_mchid",
  "sub_appid",
  "api_v2_key",
  "app_secret",
  "merchant_certificate",
  "wechatpay_public_key",
  "wechatpay_public_key_id",
];
const CERTIFICATES = "platform_certificates";

const FORMS: Readonly<Record<string, readonly [form: RegExp, detail: string]>> = {
  mchid: [/^\d{8,32}$/, "is the merchant number (商户号) in the merchant platform: digits only"],
  sub_mchid: [/^\d{8,32}$/, "is the number of the merchant that is paid (特约商户号): digits only"],
  appid: [/^wx[0-9A-Za-z]{1,30}$/, "is the app id bound to mchid; it begins with wx"],
  sub_appid: [/^wx[0-9A-Za-z]{1,30}$/, "is the app id bound to sub_mchid; it begins with wx"],
  api_v2_key: [/^[\x21-\x7e]{32}$/, "is the APIv2 key as it was set: exactly 32 characters"],
  app_secret: [/^[0-9A-Za-z]{32}$/, "is the app's secret (AppSecret): exactly 32 letters and digits"],
  merchant_serial_no: [
    /^[0-9A-Fa-f]{8,40}$/,
    "is the serial number of the API certificate: hexadecimal, as the merchant platform shows it",
  ],
  wechatpay_public_key_id: [
    /^PUB_KEY_ID_[0-9A-Za-z]{1,64}$/,
    "is the public key's id in the merchant platform; it begins with PUB_KEY_ID_",
  ],
};

/** Reads credentials; every fault at once, each naming its field and what to do. */
export function parseCredentials(raw: unknown): Parsed {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    return { ok: false, faults: [{ field: "credentials", detail: "must be an object" }] };
  }
  const faults = shapeFaults(raw as Record<string, unknown>);
  if (faults.length > 0) return { ok: false, faults };
  const input = raw as WechatCredentialsInput;

  const report: Report = (field, detail) => faults.push({ field, detail });
  formFaults(input, report);
  const apiV3Key = Buffer.from(input.api_v3_key, "utf8");
  if (apiV3Key.length !== 32) report("api_v3_key", "is the APIv3 key as it was set: exactly 32 characters");
  const privateKey = readPrivateKey(input.merchant_private_key);
  if (typeof privateKey === "string") report("merchant_private_key", privateKey);
  const platform = platformKeysOf(input, report);
  if (typeof privateKey !== "string") {
    pairFaults(privateKey, platform, report);
    certificateFaults(privateKey, input.merchant_certificate, report);
  }

  const [wanted] = platform;
  if (faults.length > 0 || wanted === undefined || typeof privateKey === "string") {
    return { ok: false, faults };
  }
  return {
    ok: true,
    credentials: {
      mchid: input.mchid,
      appid: input.appid,
      subMchid: input.sub_mchid ?? null,
      subAppid: input.sub_appid ?? null,
      apiV3Key,
      apiV2Key: input.api_v2_key ?? null,
      appSecret: input.app_secret ?? null,
      privateKey,
      serialNo: input.merchant_serial_no.toUpperCase(),
      clientCertificate: clientCertificateOf(privateKey, input.merchant_certificate),
      platformKeys: new Map(platform.map(({ serial, key }) => [serial, key])),
      wantedSerial: wanted.serial,
    },
  };
}

/** Who is paid, and the apps by which its buyers are known. */
export function merchantOf(credentials: unknown): MerchantAtChannel {
  const { mchid, appid, subMchid, subAppid } = credentials as WechatCredentials;
  const merchant = subMchid === null ? {} : { sub_mchid: subMchid };
  return { mchid, appid, ...merchant, ...(subAppid === null ? {} : { sub_appid: subAppid }) };
}

function shapeFaults(input: Record<string, unknown>): CredentialFault[] {
  const faults: CredentialFault[] = [];
  for (const field of [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS]) {
    const value = input[field];
    if (value === undefined && OPTIONAL_FIELDS.includes(field)) continue;
    if (!isText(value)) faults.push({ field, detail: "is missing; it is a text that is not empty" });
  }
  const certificates = input[CERTIFICATES];
  if (certificates !== undefined && !(Array.isArray(certificates) && certificates.every(isText))) {
    faults.push({ field: CERTIFICATES, detail: "is a list of PEM texts, one certificate each" });
  }
  const known = [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS, CERTIFICATES];
  for (const field of Object.keys(input).sort()) {
    if (!known.includes(field)) faults.push({ field, detail: "is not a field of WeChat Pay; remove it" });
  }
  return faults;
}

function formFaults(input: WechatCredentialsInput, report: Report): void {
  for (const [field, [form, detail]] of Object.entries(FORMS)) {
    const value = (input as Record<string, unknown>)[field];
    if (value !== undefined && !form.test(value as string)) report(field, detail);
  }
  if (input.sub_appid !== undefined && input.sub_mchid === undefined) {
    report("sub_appid", "belongs to sub_mchid; enter both, or neither for a merchant of its own");
  }
}

/**
 * The key that answers shall be signed with first: the public key where there is one, for WeChat Pay moves
 * merchants from certificates to it, else the youngest certificate.
 */
function platformKeysOf(input: WechatCredentialsInput, report: Report): PlatformKey[] {
  const keys: PlatformKey[] = [];
  const { wechatpay_public_key: text, wechatpay_public_key_id: serial } = input;
  if ((text === undefined) !== (serial === undefined)) {
    const missing = text === undefined ? "wechatpay_public_key" : "wechatpay_public_key_id";
    report(missing, "is missing; the public key and its id are entered together");
  }
  if (text !== undefined && serial !== undefined) {
    const key = readPublicKey(text);
    if (typeof key === "string") report("wechatpay_public_key", key);
    else keys.push({ field: "wechatpay_public_key", serial, key });
  }
  keys.push(...certificateKeysOf(input.platform_certificates ?? [], report));
  if (text === undefined && serial === undefined && (input.platform_certificates ?? []).length === 0) {
    report(
      "wechatpay_public_key",
      "is missing; enter WeChat Pay's public key and its id, or its platform_certificates",
    );
  }
  return keys;
}

function certificateKeysOf(texts: readonly string[], report: Report): PlatformKey[] {
  const certificates = texts.flatMap((text, index) => {
    const field = `${CERTIFICATES}[${index}]`;
    const certificate = readCertificate(text);
    if (typeof certificate !== "string") return [{ field, certificate }];
    report(field, certificate);
    return [];
  });
  return certificates
    .sort((one, other) => Date.parse(other.certificate.validFrom) - Date.parse(one.certificate.validFrom))
    .map(({ field, certificate }) => ({
      field,
      serial: certificate.serialNumber.toUpperCase(),
      key: certificate.publicKey,
    }));
}

/**
 * The merchant's own API certificate lies beside its key; taking it for WeChat Pay's is the usual mistake.
 */
function pairFaults(privateKey: KeyObject, platform: readonly PlatformKey[], report: Report): void {
  for (const { field, key } of platform) {
    if (samePair(privateKey, key)) {
      report(
        field,
        "is the merchant's own key; take WeChat Pay's, from the merchant platform's API security",
      );
    }
  }
}

function certificateFaults(privateKey: KeyObject, text: string | undefined, report: Report): void {
  if (text === undefined) return;
  const certificate = readCertificate(text);
  if (typeof certificate === "string") report("merchant_certificate", certificate);
  else if (!samePair(privateKey, certificate.publicKey)) {
    report(
      "merchant_certificate",
      "does not fit merchant_private_key; take the apiclient_cert.pem beside it",
    );
  }
}

function clientCertificateOf(
  privateKey: KeyObject,
  cert: string | undefined,
): WechatCredentials["clientCertificate"] {
  if (cert === undefined) return null;
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}
