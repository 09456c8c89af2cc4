import type { KeyObject, X509Certificate } from "node:crypto";
import { createHash } from "node:crypto";
import { DAY, HOUR, SECOND } from "../../kernel/clock.ts";
import type { ChannelContext, ChannelDeps } from "../port.ts";
import type { WechatCredentials } from "./credentials.ts";
import { ANSWER_BYTES_MAX, credentialsOf, signedRequest } from "./gateway.ts";
import { readCertificate, samePair } from "./keys.ts";
import { objectOf, textOr } from "./outcomes.ts";
import { certificatesRequest } from "./requests.ts";
import { decryptResource, type KnownKeys, signatureHeaders, strangerBy } from "./signing.ts";

// WeChat Pay's platform certificates last five years and are changed some days before their end, without
// notice to the merchant: from one moment to the next what it says bears a serial number that nobody has
// seen. Then the certificates are fetched, and what waited is verified.
//
// Why they are believed: they come over TLS from the host of the contract, each is sealed with the APIv3 key
// that only WeChat Pay and the merchant have, and the answer that brings them is signed with one of them or
// with one that was known. WeChat Pay's own SDKs build on the same.
//
// They live in this process alone and are fetched again by the next: the account's credentials are what an
// operator entered, and stay that.

/** Who asks for them: a flood of forged serial numbers makes no more calls than these. */
const TRY_GAP_MS = 15 * SECOND;
const REFRESH_AFTER_MS = DAY;
const RETRY_AFTER_MS = HOUR;
/**
 * However long a call may take: what it fetches them for goes on with what is known, WeChat Pay waits five
 * seconds for a notification's acknowledgement, and a closing with its query stays within the thirty of its
 * lease. They take none of the account's calls per second, for `TRY_GAP_MS` makes them four a minute at most.
 */
const FETCH_MS = 3 * SECOND;
const MERCHANTS_MAX = 1_000;
const SERIAL = /^[0-9A-Fa-f]{8,40}$/;

type Fetched = { readonly key: KeyObject; readonly until: Date };

type Entry = {
  keys: ReadonlyMap<string, Fetched>;
  triedAt: number | null;
  /** From when on the next call brings the certificates anew. */
  refreshAt: number;
  underWay: Promise<void> | null;
};

export type PlatformCertificates = {
  /** What an account's messages are verified with: the keys entered, and those fetched that still hold. */
  keysOf(context: ChannelContext): KnownKeys;
  /** Whether a serial number that was not known is now. Fetches the certificates if need be; never throws. */
  learn(context: ChannelContext, serial: string): Promise<boolean>;
  /** Fetches them when the last time was a day ago, for an account that goes by certificates. */
  keepFresh(context: ChannelContext): Promise<void>;
};

export function createPlatformCertificates(deps: ChannelDeps): PlatformCertificates {
  const entries = new Map<string, Entry>();
  const now = () => deps.clock.now().getTime();

  const entryOf = (context: ChannelContext): Entry => {
    const name = nameOf(context);
    const known = entries.get(name);
    if (known !== undefined) return known;
    const entry: Entry = {
      keys: new Map(),
      triedAt: null,
      refreshAt: now() + REFRESH_AFTER_MS,
      underWay: null,
    };
    entries.set(name, entry);
    const [eldest] = entries.keys();
    if (entries.size > MERCHANTS_MAX && eldest !== undefined) entries.delete(eldest);
    return entry;
  };

  /** One fetch at a time; whoever comes meanwhile waits for it. */
  const refresh = (entry: Entry, context: ChannelContext): Promise<void> => {
    if (entry.underWay !== null) return entry.underWay;
    if (entry.triedAt !== null && now() - entry.triedAt < TRY_GAP_MS) return Promise.resolve();
    entry.triedAt = now();
    const fetching = fetchCertificates(deps, context).then((keys) => {
      entry.underWay = null;
      entry.refreshAt = now() + (keys === null ? RETRY_AFTER_MS : REFRESH_AFTER_MS);
      if (keys !== null) entry.keys = keys;
    });
    entry.underWay = fetching;
    return fetching;
  };

  const keysOf = (context: ChannelContext): KnownKeys => {
    const { platformKeys } = credentialsOf(context);
    const { keys } = entryOf(context);
    return {
      get: (serial) => {
        const entered = platformKeys.get(serial);
        if (entered !== undefined) return entered;
        const fetched = keys.get(serial);
        return fetched !== undefined && fetched.until.getTime() > now() ? fetched.key : undefined;
      },
    };
  };

  return {
    keysOf,
    learn: async (context, serial) => {
      if (!SERIAL.test(serial)) return false;
      const isKnown = () => keysOf(context).get(serial.toUpperCase()) !== undefined;
      if (!isKnown()) await refresh(entryOf(context), context);
      return isKnown();
    },
    keepFresh: async (context) => {
      const entry = entryOf(context);
      if (!SERIAL.test(credentialsOf(context).wantedSerial) || now() < entry.refreshAt) return;
      // Only the first waits for it; to the others what is known is good enough.
      if (entry.underWay === null) await refresh(entry, context);
    },
  };
}

/** The certificates are the merchant's WeChat Pay's: accounts of one merchant share them. */
function nameOf(context: ChannelContext): string {
  const { mchid, apiV3Key } = credentialsOf(context);
  return `${context.gatewayUrl} ${mchid} ${createHash("sha256").update(apiV3Key).digest("hex")}`;
}

/** All of them, or null when anything about the answer is not right. */
async function fetchCertificates(
  deps: ChannelDeps,
  context: ChannelContext,
): Promise<ReadonlyMap<string, Fetched> | null> {
  const credentials = credentialsOf(context);
  const url = `${context.gatewayUrl.replace(/\/+$/, "")}${certificatesRequest.target}`;
  const sent = await deps.http.request({
    ...signedRequest(deps, context, url, certificatesRequest),
    timeoutMs: Math.min(context.timeoutMs, FETCH_MS),
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  if (sent.end !== "response" || sent.status !== 200) return null;
  const at = deps.clock.now();
  const delivered = certificatesOf(sent.body, credentials, at);
  if (delivered === null) return null;
  const keys: KnownKeys = {
    get: (serial) => delivered.get(serial)?.key ?? credentials.platformKeys.get(serial),
  };
  return strangerBy(signatureHeaders(sent.headers), sent.body, keys, at) === null ? delivered : null;
}

function certificatesOf(
  body: Buffer,
  credentials: WechatCredentials,
  at: Date,
): ReadonlyMap<string, Fetched> | null {
  const list = listIn(body);
  if (list === null) return null;
  const found = new Map<string, Fetched>();
  for (const each of list) {
    const certificate = openedCertificate(objectOf(each), credentials);
    if (certificate === null) return null;
    const until = new Date(certificate.validTo);
    const serial = certificate.serialNumber.toUpperCase();
    if (until > at) found.set(serial, { key: certificate.publicKey, until });
  }
  return found;
}

function listIn(body: Buffer): readonly unknown[] | null {
  try {
    const { data } = objectOf(JSON.parse(body.toString("utf8")));
    return Array.isArray(data) ? data : null;
  } catch {
    return null;
  }
}

function openedCertificate(
  { serial_no: serial, encrypt_certificate: wrapped }: Readonly<Record<string, unknown>>,
  { apiV3Key, privateKey }: WechatCredentials,
): X509Certificate | null {
  const sealed = objectOf(wrapped);
  if (sealed.algorithm !== "AEAD_AES_256_GCM") return null;
  const parts = {
    ciphertext: textOr(sealed.ciphertext, ""),
    nonce: textOr(sealed.nonce, ""),
    associatedData: textOr(sealed.associated_data, ""),
  };
  const text = decryptResource(parts, apiV3Key);
  const certificate = text === null ? null : readCertificate(text);
  if (certificate === null || typeof certificate === "string") return null;
  if (certificate.serialNumber.toUpperCase() !== textOr(serial, "").toUpperCase()) return null;
  return samePair(privateKey, certificate.publicKey) ? null : certificate;
}
