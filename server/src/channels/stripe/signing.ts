import { createHmac, timingSafeEqual } from "node:crypto";
import type { InboundRequest } from "../port.ts";
import { secondsOf } from "./time.ts";

// Pure: who signed an event. Stripe signs what it sends to a webhook endpoint and nothing else: an answer is
// Stripe's because its connection is.

/** An event that was signed longer ago, or later than now, may be a recording. */
export const TOLERANCE_SECONDS = 300;

/** More would only make work: while a secret rolls there are two. */
const SIGNATURES_MAX = 8;

/** The parts of `Stripe-Signature: t=…,v1=…[,v1=…][,v0=…]` that count. */
export type SignatureHeader = { readonly timestamp: string; readonly signatures: readonly string[] };

/** Reads the header; null when it names no time or no signature of the scheme v1. */
export function signatureHeader(headers: InboundRequest["headers"]): SignatureHeader | null {
  const value = headers["stripe-signature"];
  if (typeof value !== "string") return null;
  const parts = value.split(",").map((part) => part.trim().split("=", 2));
  const timestamp = parts.find(([name]) => name === "t")?.[1] ?? "";
  const signatures = parts.flatMap(([name, text]) => (name === "v1" && text !== undefined ? [text] : []));
  if (!/^\d{1,12}$/.test(timestamp) || signatures.length === 0) return null;
  return { timestamp, signatures: signatures.slice(0, SIGNATURES_MAX) };
}

/** The signature of a body, in hexadecimal. @param secret whole, with its `whsec_` */
export function signatureOf(secret: string, timestamp: string, body: Buffer): string {
  return createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest("hex");
}

/** Why an event is not Stripe's for the holder of these secrets; null when it is. */
export function strangerBy(
  signed: SignatureHeader | null,
  body: Buffer,
  secrets: readonly string[],
  now: Date,
): string | null {
  if (signed === null) return "it is not signed";
  if (Math.abs(secondsOf(now) - Number(signed.timestamp)) > TOLERANCE_SECONDS) {
    return `it was signed more than ${TOLERANCE_SECONDS} seconds from now`;
  }
  const wanted = secrets.map((secret) => signatureOf(secret, signed.timestamp, body));
  const right = signed.signatures.some((given) => wanted.some((one) => isSame(given, one)));
  return right ? null : "the signature is not of the endpoint's secret";
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given, "utf8"), Buffer.from(wanted, "utf8")];
  return one.length === other.length && timingSafeEqual(one, other);
}
