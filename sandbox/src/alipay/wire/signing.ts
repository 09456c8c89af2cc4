import { createSign, createVerify } from "node:crypto";

// RSA2 is SHA256withRSA (PKCS#1 v1.5) over UTF-8 text, in base64. What the text is differs per message.

export type Params = Record<string, string>;

/** Signs `text` with a PEM private key. */
export function rsa2Sign(text: string, privateKey: string): string {
  return createSign("RSA-SHA256").update(text, "utf8").sign(privateKey, "base64");
}

/** Whether `signature` (base64) of `text` was made by the holder of the PEM public key's private half. */
export function rsa2Verify(text: string, signature: string, publicKey: string): boolean {
  return createVerify("RSA-SHA256").update(text, "utf8").verify(publicKey, signature, "base64");
}

/** What a request's signature covers: everything that has a value except `sign`, sorted; values raw. */
export function requestText(params: Params): string {
  return joined(params, ["sign"]);
}

/** What a notification's or a return URL's signature covers: neither `sign` nor `sign_type`. */
export function notificationText(params: Params): string {
  return joined(params, ["sign", "sign_type"]);
}

/**
 * The same parameters with `sign` at the end. Empty values are left out: the official verifier would keep
 * them.
 */
export function signedNotification(params: Params, privateKey: string): Params {
  const sent = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== ""));
  return { ...sent, sign_type: "RSA2", sign: rsa2Sign(notificationText(sent), privateKey) };
}

function joined(params: Params, without: string[]): string {
  return Object.keys(params)
    .filter((key) => !without.includes(key) && params[key] !== "")
    .sort()
    .map((key) => `${key}=${params[key]}`)
    .join("&");
}
