import { createSign, createVerify } from "node:crypto";

// WECHATPAY2-SHA256-RSA2048 is SHA256withRSA (PKCS#1 v1.5) over lines that each end in a line feed, in
// base64.

export const scheme = "WECHATPAY2-SHA256-RSA2048";

/** Every signature that begins so is a probe, and never verifies. */
export const probePrefix = "WECHATPAY/SIGNTEST/";

export type Authorization = {
  mchid: string;
  nonce: string;
  timestamp: string;
  serial: string;
  signature: string;
};

/** Signs `text` with a PEM private key. */
export function sign(text: string, privateKey: string): string {
  return createSign("RSA-SHA256").update(text, "utf8").sign(privateKey, "base64");
}

/**
 * Whether `signature` (base64) was made over these bytes by the holder of the PEM public key's private half.
 */
export function verify(bytes: Buffer, signature: string, publicKey: string): boolean {
  return createVerify("RSA-SHA256").update(bytes).verify(publicKey, signature, "base64");
}

/** The five lines of a request; the body as its bytes came. */
export function requestBytes(method: string, target: string, given: Authorization, body: Buffer): Buffer {
  const head = `${method}\n${target}\n${given.timestamp}\n${given.nonce}\n`;
  return Buffer.concat([Buffer.from(head, "utf8"), body, Buffer.from("\n")]);
}

/** The three lines of an answer or a notification; the body is empty for 204. */
export function answerText(timestamp: string, nonce: string, body: string): string {
  return `${timestamp}\n${nonce}\n${body}\n`;
}

/** The headers of a signed answer or notification. */
export function signedHeaders(
  body: string,
  key: { id: string; privateKey: string },
  moment: { now: Date; nonce: string },
): Record<string, string> {
  const timestamp = String(Math.floor(moment.now.getTime() / 1_000));
  return {
    "Wechatpay-Serial": key.id,
    "Wechatpay-Timestamp": timestamp,
    "Wechatpay-Nonce": moment.nonce,
    "Wechatpay-Signature": sign(answerText(timestamp, moment.nonce, body), key.privateKey),
    "Wechatpay-Signature-Type": scheme,
  };
}

/** The parts of an Authorization header, in whatever order; undefined when it is not one of this scheme. */
export function readAuthorization(header: string | undefined): Authorization | undefined {
  if (!header?.startsWith(`${scheme} `)) return undefined;
  const parts = new Map(
    [...header.slice(scheme.length).matchAll(/([a-z_]+)="([^"]*)"/g)].map(
      (match) => [match[1]!, match[2]!] as const,
    ),
  );
  const [mchid, nonce, timestamp, serial, signature] = [
    parts.get("mchid"),
    parts.get("nonce_str"),
    parts.get("timestamp"),
    parts.get("serial_no"),
    parts.get("signature"),
  ];
  if (!mchid || !nonce || !timestamp || !serial || !signature) return undefined;
  return { mchid, nonce, timestamp, serial, signature };
}
