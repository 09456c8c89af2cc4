import type { CallEnd } from "../port.ts";
import { sideOf } from "./sides.ts";
import { type Headers, type KnownKeys, signatureHeaders, strangerBy } from "./signing.ts";

/** An answer of the API that is believed. */
export type Answer = {
  /** `null` for a yes, else WeChat Pay's word for the no: `ORDER_NOT_EXIST`. */
  readonly code: string | null;
  readonly message: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** What came back instead of an answer to the question asked. */
export type NoAnswer = Exclude<CallEnd<never>, { end: "answered" }>;

/** `read`: whatever could be read of it, verified or not, for the record alone. */
export type Reading = {
  readonly result: { readonly end: "answer"; readonly answer: Answer } | NoAnswer;
  readonly read: Readonly<Record<string, unknown>> | null;
};

export type RawAnswer = { readonly status: number; readonly headers: Headers; readonly body: Buffer };

/** WeChat Pay does not know how it ended, whatever the HTTP status says. */
export const NOT_KNOWN: ReadonlySet<string> = new Set([
  "SYSTEM_ERROR",
  "SYSTEMERROR",
  "BANK_ERROR",
  "BANKERROR",
]);

/** Too many calls; nothing was looked at. */
export const RATE: ReadonlySet<string> = new Set([
  "FREQUENCY_LIMITED",
  "FREQUENCY_LIMIT_EXCEED",
  "RATELIMIT_EXCEEDED",
]);

/**
 * Verifies and reads one answer. WeChat Pay signs its answer, be it yes or no, to every request whose own
 * signature it found right, and calls a yes without a signature a forgery (its guide to signatures). So
 *
 * - an answer that is signed is believed when it verifies, and else `unknown`, whatever it says;
 * - an unsigned 401 is believed: our signature was not accepted, so nothing was looked at;
 * - an unsigned 429 is believed: it comes before everything else;
 * - any other unsigned answer, a 404 "no such order" too, is `unknown`.
 */
export function readAnswer(raw: RawAnswer, keys: KnownKeys, now: Date): Reading {
  const read = jsonOf(raw.body);
  const signed = signatureHeaders(raw.headers);
  const stranger = strangerBy(signed, raw.body, keys, now);
  const code = textIn(read, "code");
  const said = `HTTP status ${raw.status} ${code ?? ""} ${textIn(read, "message") ?? ""}`.trim();
  const unknown = (reason: string): Reading => ({ result: { end: "unknown", reason }, read });

  if (raw.status >= 200 && raw.status < 300) {
    if (stranger !== null) return unknown(`the answer is not verified: ${stranger}`);
    if (read === null) return unknown("the answer cannot be read");
    return { result: { end: "answer", answer: { code: null, message: "", body: read } }, read };
  }
  if (signed !== null && stranger !== null) return unknown(`the refusal is not verified: ${stranger}`);
  if (raw.status === 429 || (signed !== null && code !== null && RATE.has(code))) {
    const reason = `WeChat Pay limits the rate of calls: ${said}`;
    return { result: { end: "not_sent", reason, isRateRefusal: true }, read };
  }
  const isRefusal = raw.status >= 400 && raw.status < 500;
  if (!isRefusal || read === null || code === null || NOT_KNOWN.has(code)) return unknown(said);
  const answer = { code, message: textIn(read, "message") ?? "", body: read };
  if (raw.status === 401) return { result: refused(answer), read };
  if (signed !== null) return { result: { end: "answer", answer }, read };
  return unknown(`the refusal is not signed: ${said}`);
}

/** `200`, or `404/ORDER_NOT_EXIST`. */
export function channelCodeOf(status: number, read: Reading["read"]): string {
  const code = textIn(read, "code");
  return code === null ? String(status) : `${status}/${code}`;
}

/** A "no" after which nothing happened and nothing will. */
export function refused(answer: Answer): Extract<CallEnd<never>, { end: "refused" }> {
  const { code, message } = answer;
  return { end: "refused", code: code ?? "refused", message, retryable: false, ...sideOf(code) };
}

/** An empty body is an empty object: 204 has nothing to say. */
function jsonOf(body: Buffer): Readonly<Record<string, unknown>> | null {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function textIn(body: Readonly<Record<string, unknown>> | null, name: string): string | null {
  const value = body?.[name];
  return typeof value === "string" && value !== "" ? value : null;
}
