import type { CallEnd } from "../port.ts";

/** What Stripe answered, a yes or a no. */
export type Answer = {
  readonly status: number;
  /** Null for a yes, else Stripe's word for the no: `resource_missing`, or its type where it has no code. */
  readonly code: string | null;
  readonly message: string;
  /** The object, or an empty one for a no. */
  readonly body: Fields;
  /** It answers to an idempotency key what it answered before: how things stood then. */
  readonly isReplay: boolean;
};

export type Fields = Readonly<Record<string, unknown>>;

/** What came back instead of an answer to the question asked. */
export type NoAnswer = Exclude<CallEnd<never>, { end: "answered" }>;

/** `read`: whatever could be read of it, for the record. */
export type Reading = {
  readonly result: { readonly end: "answer"; readonly answer: Answer } | NoAnswer;
  readonly read: Fields | null;
};

export type RawAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** The same key came with other fields: nothing was done now, and something may have been before. */
export const IDEMPOTENCY = "idempotency_error";

/** Kinds of refusal after which nothing was done. `api_error` is Stripe's own trouble, and none of them. */
const REFUSALS: ReadonlySet<string> = new Set(["card_error", "invalid_request_error", IDEMPOTENCY]);

/** The account's reason, not the order's: another contract may take it. */
const OF_THE_CHANNEL: ReadonlySet<string> = new Set([
  "account_closed",
  "account_invalid",
  "api_key_expired",
  "platform_api_key_expired",
  "secret_key_required",
  "livemode_mismatch",
  "testmode_charges_only",
  "payment_method_unactivated",
  "payment_method_not_available",
]);

/**
 * Reads one answer.
 *
 * - 200 with an object is a yes;
 * - 401 and 403: our key, or what it may do: nothing was looked at;
 * - 429: the rate, or a lock that another call holds: nothing was done;
 * - 400, 402, 404 with an error of a known kind is a no, and nothing was done;
 * - 409 (another call under this key is under way), 5xx and whatever else is `unknown`.
 */
export function readAnswer(raw: RawAnswer): Reading {
  const read = jsonOf(raw.body);
  const error = objectOf(read?.error);
  const [type, message] = [textOr(error.type, null), textOr(error.message, "")];
  const code = type === IDEMPOTENCY ? type : textOr(error.code, type);
  const said = `HTTP status ${raw.status} ${code ?? ""} ${message}`.trim();
  const unknown = (reason: string): Reading => ({ result: { end: "unknown", reason }, read });
  const isReplay = raw.headers["idempotent-replayed"] === "true";

  if (raw.status >= 200 && raw.status < 300) {
    if (read === null || typeof read.object !== "string")
      return unknown("the answer is no object of Stripe's");
    const answer = { status: raw.status, code: null, message: "", body: read, isReplay };
    return { result: { end: "answer", answer }, read };
  }
  if (raw.status === 429) {
    return { result: { end: "not_sent", reason: `Stripe limits the rate of calls: ${said}` }, read };
  }
  if (type === null || code === null || !REFUSALS.has(type)) return unknown(said);
  const answer = { status: raw.status, code, message, body: {}, isReplay };
  switch (raw.status) {
    case 401:
    case 403:
      return { result: refused(answer), read };
    case 400:
    case 402:
    case 404:
      return { result: { end: "answer", answer }, read };
    default:
      return unknown(said);
  }
}

/** `200`, or `404/resource_missing`. */
export function channelCodeOf(status: number, read: Reading["read"]): string {
  const error = objectOf(read?.error);
  const code = textOr(error.code, textOr(error.type, null));
  return code === null ? String(status) : `${status}/${code}`;
}

/** A "no" after which nothing happened. */
export function refused(answer: Answer): Extract<CallEnd<never>, { end: "refused" }> {
  const code = answer.code ?? "refused";
  const side = sideOf(answer.status, code);
  return { end: "refused", code, message: answer.message, retryable: false, side };
}

function sideOf(status: number, code: string): "channel" | "order" | "buyer" {
  if (status === 401 || status === 403 || OF_THE_CHANNEL.has(code)) return "channel";
  return status === 402 ? "buyer" : "order";
}

/** There is no such object. */
export function isMissing(answer: Answer): boolean {
  return answer.status === 404 || answer.code === "resource_missing";
}

export function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function textOr<T>(value: unknown, missing: T): string | T {
  return typeof value === "string" && value !== "" ? value : missing;
}

/** The JSON object in some bytes, or null. */
export function jsonOf(body: Buffer): Fields | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}
