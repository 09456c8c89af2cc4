/** What PostgreSQL, its driver and the machine say when a statement fails, and what follows from it. */
import { problem } from "./errors.ts";

/** What kind of failure a database error is. */
export type Fault = "deadlock" | "contention" | "connection" | "resources" | "data" | "other";

/** What kind of failure a database error is; `other` for anything that PostgreSQL did not say. */
export function faultOf(error: unknown): Fault {
  if (typeof error !== "object" || error === null) return "other";
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string") {
    if (code === "40P01") return "deadlock";
    if (code === "40001" || code === "55P03") return "contention";
    if (code.startsWith("57P0") || code.startsWith("08") || CONNECTION_CODES.test(code)) return "connection";
    if (code.startsWith("53") || code === "57014" || code === "25P03") return "resources";
    if (/^(22|23|54)/.test(code)) return "data";
  }
  if (typeof message !== "string") return "other";
  if (CONNECTION_MESSAGES.test(message)) return "connection";
  // Every connection of the pool is busy.
  if (message.includes("timeout exceeded when trying to connect")) return "resources";
  return "other";
}

/**
 * The machine's codes, and 26000: a connection whose prepared statements the server knows nothing of
 * (forgotten, or never made because a parameter could not be written) heals by being replaced.
 */
const CONNECTION_CODES = /^(E[A-Z]+|EAI_AGAIN|ERR_STREAM_\w+|26000)$/;
const CONNECTION_MESSAGES =
  /Connection terminated|not queryable|Client was closed|Query read timeout|timeout expired/;

/** The constraint that a unique, check or exclusion violation names; null for any other error. */
export function violatedConstraint(error: unknown): string | null {
  const { code, constraint } = (error ?? {}) as { code?: string; constraint?: string };
  return typeof code === "string" && code.startsWith("23") ? (constraint ?? null) : null;
}

/**
 * The coded error that callers meet; what is no fault of the database passes unchanged.
 * @param mayBeDone whether an earlier try may have been committed: then nobody can say that nothing happened.
 */
export function translate(error: unknown, fault: Fault, mayBeDone = false): unknown {
  if (fault === "other" || fault === "data") return error;
  if (mayBeDone) return problem("outcome_unknown", { cause: error, retryAfterSeconds: 2 });
  if (fault === "connection") return problem("database_unavailable", { cause: error, retryAfterSeconds: 2 });
  return problem("overloaded", { cause: error, retryAfterSeconds: 1 });
}

/** True when COMMIT was answered with a refusal, or never sent: nothing was committed, for certain. */
export function commitRefused(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && /[0-9]/.test(code)) {
    return faultOf(error) !== "connection" && code !== "40003";
  }
  return typeof message === "string" && message.includes("is not queryable");
}
