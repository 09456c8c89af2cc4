import type { Refusal } from "./refusals.ts";

/**
 * An answer of the gateway: its status and its body's text. `begun` is whether an idempotency key keeps it.
 */
export type Answer = { status: number; body: string; begun: boolean; replayed: boolean };

export function answerOf(status: number, body: object, begun = true): Answer {
  return { status, body: JSON.stringify(body, null, 2), begun, replayed: false };
}

export function errorAnswer(refusal: Refusal): Answer {
  const { status, begun, ...error } = refusal;
  return answerOf(status, { error }, begun);
}

export const apiError: Refusal = {
  status: 500,
  type: "api_error",
  message: "An unknown error occurred. If the error persists, contact us.",
  begun: true,
};

export const rateLimit: Refusal = {
  status: 429,
  type: "invalid_request_error",
  code: "rate_limit",
  message: "Request rate limit exceeded. Use exponential backoff, and add jitter.",
  begun: false,
};
