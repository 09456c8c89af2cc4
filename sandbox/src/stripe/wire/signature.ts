import { createHmac } from "node:crypto";

// https://docs.stripe.com/webhooks/signature: the whole text of the secret is the key.

/** The header that proves a message: one v1 for each secret, two while a secret is rolled. */
export function signatureHeader(secrets: readonly string[], at: Date, body: string): string {
  const seconds = Math.floor(at.getTime() / 1_000);
  return [`t=${seconds}`, ...secrets.map((secret) => `v1=${sign(secret, seconds, body)}`)].join(",");
}

/** HMAC-SHA256 over the time in seconds and the body's text, in hexadecimal. */
export function sign(secret: string, seconds: number, body: string): string {
  return createHmac("sha256", secret).update(`${seconds}.${body}`, "utf8").digest("hex");
}
