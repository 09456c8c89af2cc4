import type { CallEnd } from "../port.ts";
import { meaningOf, sideOf } from "./codes.ts";
import { type Fields, strangerBy, type Trust } from "./signing.ts";

/** An answer that is believed, whose `respCode` says something of what was asked. */
export type Answer = { readonly code: string; readonly message: string; readonly fields: Fields };

/** What came back instead of an answer to the question asked. */
export type NoAnswer = Exclude<CallEnd<never>, { end: "answered" }>;

/** `read`: whatever could be read of it, verified or not, for the record alone. */
export type Reading = {
  readonly result: { readonly end: "answer"; readonly answer: Answer } | NoAnswer;
  readonly read: Fields | null;
};

/** Verifies, reads and classifies one answer. @param asked the fields of the request */
export function readAnswer(
  raw: { readonly status: number; readonly body: Buffer },
  asked: Fields,
  trust: Trust,
  now: Date,
): Reading {
  const read = parseAnswer(raw.body);
  const unknown = (reason: string): Reading => ({ result: { end: "unknown", reason }, read });
  // It comes before everything else, so nobody signs it.
  if (raw.status === 429)
    return { result: { end: "not_sent", reason: "HTTP status 429", isRateRefusal: true }, read };
  if (raw.status !== 200) return unknown(`HTTP status ${raw.status}`);
  if (read === null) return unknown("the answer cannot be read");
  const stranger = strangerBy(read, trust, now);
  if (stranger !== null) return unknown(`the answer is not verified: ${stranger}`);
  const other = otherIn(read, asked);
  if (other !== null) return unknown(other);
  const { respCode: code = "", respMsg: message = "" } = read;
  const said = `${code} ${message}`.trim();
  switch (meaningOf(code)) {
    case "rate":
      return {
        result: {
          end: "not_sent",
          reason: `UnionPay limits the rate of calls: ${said}`,
          isRateRefusal: true,
        },
        read,
      };
    case "unknown":
      return unknown(`UnionPay does not know how it ended: ${said}`);
    default:
      return { result: { end: "answer", answer: { code, message, fields: read } }, read };
  }
}

/** `00`, or `00/05` with the code of the transaction asked about. */
export function channelCodeOf(read: Fields | null): string | null {
  const { respCode, origRespCode } = read ?? {};
  if (respCode === undefined) return null;
  return origRespCode === undefined ? respCode : `${respCode}/${origRespCode}`;
}

/** A "no" after which nothing happened and nothing will, with whose reason it is. */
export function refused(
  answer: Pick<Answer, "code" | "message">,
): Extract<CallEnd<never>, { end: "refused" }> {
  const { code, message } = answer;
  return { end: "refused", code, message, retryable: false, side: sideOf(code) };
}

/**
 * The fields of an answer: `k=v&k=v`, not URL-encoded. A value goes on to the next & that a name and =
 * follow, and what stands in braces or brackets belongs to it whole. Null when it is no such text, or not
 * UTF-8.
 */
export function parseAnswer(body: Buffer): Fields | null {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return null;
  }
  const fields: Record<string, string> = {};
  const name = /([A-Za-z][A-Za-z0-9_]*)=/y;
  for (let start = 0; start < text.length; ) {
    name.lastIndex = start;
    const key = name.exec(text)?.[1];
    if (key === undefined || Object.hasOwn(fields, key)) return null;
    const end = endOfValue(text, name.lastIndex);
    fields[key] = text.slice(name.lastIndex, end);
    start = end + 1;
  }
  return Object.keys(fields).length === 0 ? null : fields;
}

function endOfValue(text: string, start: number): number {
  const next = /&[A-Za-z][A-Za-z0-9_]*=/y;
  for (let at = start; at < text.length; at += 1) {
    const closing = CLOSING[text[at] as string];
    if (closing !== undefined && text.lastIndexOf(closing) > at) at = text.indexOf(closing, at);
    else if (text[at] === "&") {
      next.lastIndex = at;
      if (next.test(text)) return at;
    }
  }
  return text.length;
}

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]" };

/** An answer repeats what was asked; one about something else was meant for another call. */
function otherIn(read: Fields, asked: Fields): string | null {
  for (const name of ["merId", "orderId", "txnTime"]) {
    if (asked[name] === undefined || read[name] === asked[name]) continue;
    // A refusal may leave out what it could not read.
    if (read[name] === undefined && (name === "txnTime" || meaningOf(read.respCode) !== "success")) continue;
    return `the answer is about another ${name}`;
  }
  return null;
}
