/**
 * Verifying what the platform sends, by Standard Webhooks:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import type { WebhookEvent } from "./types.ts";

export type WebhookRequest = {
  /** The endpoint's secret, `whsec_…`; during a rotation the new and the old one. */
  readonly secret: string | readonly string[];
  /** The request's headers, in whatever form your server has them. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body exactly as it came: bytes or text, before anything parsed it. */
  readonly body: string | Uint8Array;
  /** How far the timestamp may lie from now; 300 by default. Older requests may be replays. */
  readonly toleranceSeconds?: number;
  /** The present moment; the machine's by default. */
  readonly now?: Date;
};

/** Why a request was not believed. */
export type WebhookFault =
  | "missing_header"
  | "bad_timestamp"
  | "too_old"
  | "too_new"
  | "bad_secret"
  | "bad_signature"
  | "bad_payload";

/**
 * A request that must not be acted upon: answer it with 401. `bad_secret` is a mistake of your own settings.
 */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  readonly code: WebhookFault;

  constructor(code: WebhookFault, message: string) {
    super(message);
    this.code = code;
  }
}

const TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = "whsec_";

/**
 * The event of a webhook request, once it is certain that the platform signed exactly this body a moment ago.
 * Throws
 * `WebhookVerificationError` otherwise. The same event may arrive more than once: remember `id`.
 */
export async function verifyWebhook(request: WebhookRequest): Promise<WebhookEvent> {
  const id = headerOf(request, "webhook-id");
  const timestamp = headerOf(request, "webhook-timestamp");
  const signatures = headerOf(request, "webhook-signature");
  requireRecent(timestamp, request);

  const encoder = new TextEncoder();
  const body = typeof request.body === "string" ? encoder.encode(request.body) : request.body;
  const signed = joined(encoder.encode(`${id}.${timestamp}.`), body);
  const given = readSignatures(signatures);
  const secrets = typeof request.secret === "string" ? [request.secret] : request.secret;
  const keys = await Promise.all(secrets.map(readKey));
  // The platform signs with every secret that is valid; `verify` compares in constant time.
  const checks = keys.flatMap((key) =>
    given.map((signature) => crypto.subtle.verify("HMAC", key, signature, signed)),
  );
  if (!(await Promise.all(checks)).includes(true)) {
    throw new WebhookVerificationError(
      "bad_signature",
      "no secret signed this body: it is forged, was altered on the way, or was parsed before this check",
    );
  }
  return readEvent(new TextDecoder().decode(body));
}

function headerOf({ headers }: WebhookRequest, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : plainHeader(headers, name);
  if (typeof value === "string" && value !== "") return value;
  throw new WebhookVerificationError("missing_header", `the header ${name} is missing`);
}

function plainHeader(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(found) && found.length === 1 ? (found[0] as unknown) : found;
}

function requireRecent(timestamp: string, { now = new Date(), toleranceSeconds }: WebhookRequest): void {
  if (!/^[0-9]{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError(
      "bad_timestamp",
      "webhook-timestamp is no number of seconds since 1970",
    );
  }
  const tolerance = toleranceSeconds ?? TOLERANCE_SECONDS;
  const ageSeconds = Math.floor(now.getTime() / 1_000) - Number(timestamp);
  if (ageSeconds > tolerance) {
    throw new WebhookVerificationError("too_old", `signed ${ageSeconds} s ago: it may be a replay`);
  }
  if (ageSeconds < -tolerance) {
    throw new WebhookVerificationError(
      "too_new",
      `signed ${-ageSeconds} s in the future: the clocks disagree`,
    );
  }
}

function readSignatures(header: string): readonly Uint8Array<ArrayBuffer>[] {
  return header
    .split(" ")
    .filter((part) => part.startsWith("v1,"))
    .map((part) => bytesOf(part.slice(3)))
    .filter((bytes) => bytes !== null);
}

async function readKey(secret: string) {
  const bytes = secret.startsWith(SECRET_PREFIX) ? bytesOf(secret.slice(SECRET_PREFIX.length)) : null;
  if (bytes === null || bytes.length === 0) {
    throw new WebhookVerificationError(
      "bad_secret",
      "a secret is whsec_ and base64, as shown at its creation",
    );
  }
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** The bytes of base64 text; null for anything else. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function readEvent(text: string): WebhookEvent {
  try {
    const event = JSON.parse(text) as Partial<WebhookEvent> | null;
    if (typeof event?.id === "string" && typeof event.type === "string" && typeof event.data === "object") {
      return event as WebhookEvent;
    }
  } catch {
    // Falls through: signed or not, it is no event.
  }
  throw new WebhookVerificationError("bad_payload", "the body is signed but is no event");
}
