/**
 * Standard Webhooks, symmetric signatures:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from "node:crypto";
import type { Random } from "../../kernel/clock.ts";
import type { SigningKey } from "../model.ts";

export const SECRET_PREFIX = "whsec_";
/** Inside the standard's 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A new signing key. */
export function newKey(random: Random): Buffer {
  return random.bytes(SECRET_BYTES);
}

/** A signing key as the merchant keeps it: `whsec_` and base64. */
export function writeSecret(key: Buffer): string {
  return SECRET_PREFIX + key.toString("base64");
}

export type SignedHeaders = {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
};

/**
 * The headers of one try. Every key that is valid at `at` signs, the newest first, so that a receiver may
 * hold either while a rotation overlaps. @param webhookId the same at every try: what a receiver drops
 * repeats by.
 */
export function sign(
  message: { readonly webhookId: string; readonly payload: string },
  keys: readonly SigningKey[],
  at: Date,
): SignedHeaders {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const content = `${message.webhookId}.${timestamp}.${message.payload}`;
  const signatures = keys
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > at)
    .map(({ key }) => `v1,${createHmac("sha256", key).update(content).digest("base64")}`);
  return {
    "webhook-id": message.webhookId,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
