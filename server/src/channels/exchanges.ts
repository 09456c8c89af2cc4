import type { Clock } from "../kernel/clock.ts";
import type { Call, CallEnd, ExchangeRecord, Operation } from "./port.ts";

// What the ends of calls have in common, whatever the channel.

/** Two exchanges of one operation as one record. */
export function joinExchanges(first: ExchangeRecord, second: ExchangeRecord): ExchangeRecord {
  const both = (one: string | null, other: string | null, between: string) =>
    [one, other].filter((part) => part !== null).join(between) || null;
  return {
    ...first,
    tookMs: first.tookMs + second.tookMs,
    channelCode: both(first.channelCode, second.channelCode, ", "),
    request: `${first.request}\n${second.request}`,
    response: both(first.response, second.response, "\n"),
  };
}

/**
 * The end of an operation that took a query after its own call. The first call was answered, so a query that
 * was not sent leaves the whole unknown, not undone.
 */
export function afterwards<T>(first: ExchangeRecord, second: Call<T>): Call<T> {
  const exchange = joinExchanges(first, second.exchange);
  if (second.end === "answered" || second.end === "unknown") return { ...second, exchange };
  const reason = second.end === "not_sent" ? second.reason : second.message;
  return { end: "unknown", reason: `the query afterwards was not answered: ${reason}`, exchange };
}

/** What came of a call to a channel's gateway: an answer to be understood, or why there is none. */
export type Called<Answer> = (
  | { readonly end: "answer"; readonly answer: Answer }
  | Exclude<CallEnd<never>, { end: "answered" }>
) & { readonly exchange: ExchangeRecord };

/** The end of a call, where an answer came what it means. */
export function finish<Answer, T>(
  called: Called<Answer>,
  understand: (answer: Answer) => CallEnd<T>,
): Call<T> {
  if (called.end !== "answer") return called;
  return { ...understand(called.answer), exchange: called.exchange };
}

/** The record of an operation that ended before anything was sent. */
export function unsent(clock: Clock, operation: Operation, request = "nothing was sent"): ExchangeRecord {
  return { operation, startedAt: clock.now(), tookMs: 0, channelCode: null, request, response: null };
}
