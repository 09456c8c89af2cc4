// Standard Webhooks, symmetric signatures, as a shop would check them:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// Written here on its own: code shared with the platform's signer would share its mistakes.

import { createHmac, timingSafeEqual } from "node:crypto";
import type { Refusal } from "./model.ts";

/** How far a delivery's timestamp may lie from the shop's clock, in either direction. */
export const TOLERANCE_SECONDS = 5 * 60;

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const UNIX_SECONDS = /^[0-9]{1,12}$/;

/** The three headers that carry a signature; `null` where a request lacks one. */
export interface SignedHeaders {
  readonly id: string | null;
  readonly timestamp: string | null;
  readonly signature: string | null;
}

/** The key inside a `whsec_…` secret, or null when the text is no secret of 24 to 64 bytes. */
export function keyOf(secret: string): Buffer | null {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : "";
  if (!BASE64.test(text)) return null;
  const key = Buffer.from(text, "base64");
  return key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX ? key : null;
}

/** Why a delivery must be refused, or null when one of the shop's secrets signed exactly these bytes. */
export function refusalOf(
  headers: SignedHeaders,
  body: Buffer,
  secrets: readonly string[],
  now: Date,
): Refusal | null {
  const missing = missingHeader(headers);
  if (missing !== null) return { code: "missing_header", message: `The header ${missing} is missing.` };
  const { id, timestamp, signature } = headers as { [name in keyof SignedHeaders]: string };

  if (!UNIX_SECONDS.test(timestamp)) {
    return { code: "bad_timestamp", message: "webhook-timestamp is not a number of seconds since 1970." };
  }
  const ageSeconds = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (ageSeconds > TOLERANCE_SECONDS) {
    return {
      code: "too_old",
      message: `Signed ${ageSeconds} s ago; older than ${TOLERANCE_SECONDS} s may be a replay.`,
    };
  }
  if (ageSeconds < -TOLERANCE_SECONDS) {
    return { code: "too_new", message: `Signed ${-ageSeconds} s in the future; the clocks disagree.` };
  }
  if (secrets.length === 0) {
    return {
      code: "no_secret",
      message: "This shop has not been told a secret yet: PUT /inbox/shops/{shop}.",
    };
  }

  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, "utf8"), body]);
  if (secrets.some((secret) => matches(signature, signed, secret))) return null;
  return {
    code: "bad_signature",
    message:
      "No secret of this shop signed this body: forged, altered on the way, or signed with another key.",
  };
}

function missingHeader(headers: SignedHeaders): string | null {
  if (headers.id === null || headers.id === "") return "webhook-id";
  if (headers.timestamp === null) return "webhook-timestamp";
  if (headers.signature === null) return "webhook-signature";
  return null;
}

// A sender that rotates its secret signs with both, so the header is a list.
function matches(header: string, signed: Buffer, secret: string): boolean {
  const key = keyOf(secret);
  if (key === null) return false;
  const expected = createHmac("sha256", key).update(signed).digest();
  return header.split(" ").some((part) => {
    const [version, value] = part.split(",", 2);
    if (version !== "v1" || value === undefined || !BASE64.test(value)) return false;
    const given = Buffer.from(value, "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
