import { createDecipheriv, type KeyObject, sign, verify } from "node:crypto";
import type { WechatCredentials } from "./credentials.ts";

// WECHATPAY2-SHA256-RSA2048 is SHA256withRSA (PKCS#1 v1.5) over lines of UTF-8 text, each ended by a line
// feed, the last one too. Which lines differs per kind of message.

const SCHEME = "WECHATPAY2-SHA256-RSA2048";
/** WeChat Pay signs some messages wrongly on purpose, to see who looks. */
const PROBE = "WECHATPAY/SIGNTEST/";
const CLOCK_WINDOW_SECONDS = 300;
const TAG_BYTES = 16;

/** WeChat Pay's keys by what `Wechatpay-Serial` calls them. */
export type KnownKeys = { get(serial: string): KeyObject | undefined };

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;
export type Fields = Readonly<Record<string, string>>;

/** What a message of WeChat Pay is signed with, as its headers say. */
export type SignatureHeaders = {
  readonly timestamp: string;
  readonly nonce: string;
  readonly serial: string;
  readonly signature: string;
};

/** The lines as they are signed. */
export function linesText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The signature of lines, base64. */
export function signLines(lines: readonly string[], privateKey: KeyObject): string {
  return sign("RSA-SHA256", Buffer.from(linesText(lines), "utf8"), privateKey).toString("base64");
}

/**
 * The `Authorization` of a request.
 * @param target path and query exactly as they are sent
 * @param body exactly as it is sent, empty for none
 */
export function authorization(
  request: { readonly method: string; readonly target: string; readonly body: string },
  credentials: Pick<WechatCredentials, "mchid" | "serialNo" | "privateKey">,
  once: { readonly nonce: string; readonly at: Date },
): string {
  const timestamp = secondsOf(once.at);
  const lines = [request.method, request.target, timestamp, once.nonce, request.body];
  const parts = {
    mchid: credentials.mchid,
    nonce_str: once.nonce,
    timestamp,
    serial_no: credentials.serialNo,
    signature: signLines(lines, credentials.privateKey),
  };
  const text = Object.entries(parts).map(([name, value]) => `${name}="${value}"`);
  return `${SCHEME} ${text.join(",")}`;
}

/** The headers that sign a message; null when it is not signed. */
export function signatureHeaders(headers: Headers): SignatureHeaders | null {
  const read = (name: string): string => {
    const value = headers[name];
    return typeof value === "string" ? value : "";
  };
  const signature = read("wechatpay-signature");
  if (signature === "") return null;
  return {
    signature,
    timestamp: read("wechatpay-timestamp"),
    nonce: read("wechatpay-nonce"),
    serial: read("wechatpay-serial"),
  };
}

/**
 * Why an answer or a notification is not WeChat Pay's; null when it is. The raw bytes of the body are
 * covered, the time of signing lies within five minutes of `now`, and the key is the one that is named.
 */
export function strangerBy(
  signed: SignatureHeaders | null,
  body: Buffer,
  platformKeys: KnownKeys,
  now: Date,
): string | null {
  if (signed === null) return "it is not signed";
  if (signed.signature.startsWith(PROBE)) return "it is a probe of signature checking";
  if (!/^\d{1,12}$/.test(signed.timestamp)) return "its signature has no time";
  if (Math.abs(Number(secondsOf(now)) - Number(signed.timestamp)) > CLOCK_WINDOW_SECONDS) {
    return `it was signed more than ${CLOCK_WINDOW_SECONDS} seconds from now`;
  }
  const key = platformKeys.get(signed.serial) ?? platformKeys.get(signed.serial.toUpperCase());
  if (key === undefined) return `it is signed with the key ${signed.serial.slice(0, 80)}, which is not known`;
  const head = Buffer.from(linesText([signed.timestamp, signed.nonce]), "utf8");
  const text = Buffer.concat([head, body, Buffer.from("\n")]);
  const right = verify("RSA-SHA256", text, key, Buffer.from(signed.signature, "base64"));
  return right ? null : "the signature is not WeChat Pay's";
}

/** What a page inside WeChat hands to `WeixinJSBridge` or `wx.requestPayment`. */
export function jsapiParameters(
  prepayId: string,
  appId: string,
  privateKey: KeyObject,
  once: { readonly nonce: string; readonly at: Date },
): Fields {
  const timeStamp = secondsOf(once.at);
  const packed = `prepay_id=${prepayId}`;
  const paySign = signLines([appId, timeStamp, once.nonce, packed], privateKey);
  return { appId, timeStamp, nonceStr: once.nonce, package: packed, signType: "RSA", paySign };
}

/** What an app hands to the WeChat SDK. */
export function appParameters(
  prepayId: string,
  ids: { readonly appId: string; readonly partnerId: string },
  privateKey: KeyObject,
  once: { readonly nonce: string; readonly at: Date },
): Fields {
  const timestamp = secondsOf(once.at);
  return {
    appid: ids.appId,
    partnerid: ids.partnerId,
    prepayid: prepayId,
    package: "Sign=WXPay",
    noncestr: once.nonce,
    timestamp,
    sign: signLines([ids.appId, timestamp, once.nonce, prepayId], privateKey),
  };
}

/** AEAD_AES_256_GCM: the clear text, or null when it was not encrypted with this key. @param key 32 bytes */
export function decryptResource(
  resource: { readonly ciphertext: string; readonly nonce: string; readonly associatedData: string },
  key: Buffer,
): string | null {
  const sealed = Buffer.from(resource.ciphertext, "base64");
  if (sealed.length < TAG_BYTES) return null;
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(resource.nonce, "utf8"), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(resource.associatedData, "utf8"));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const clear = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    return new TextDecoder("utf-8", { fatal: true }).decode(clear);
  } catch {
    return null;
  }
}

function secondsOf(at: Date): string {
  return Math.floor(at.getTime() / 1_000).toString();
}
