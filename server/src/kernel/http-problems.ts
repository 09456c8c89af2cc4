/** Whatever goes wrong with a request, as one kind of answer: an RFC 9457 problem document. */
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ERRORS, type ErrorCode, Problem, problem, problemDocument } from "./errors.ts";

/** Answers what a handler, a hook or fastify threw. A fault of ours is logged and says nothing of itself. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const found = toProblem(error);
  const { status } = ERRORS[found.code];
  const { cause } = found.extras;
  // Whoever is refused for the moment is told when to come back, whatever refused it.
  const retryAfterSeconds = found.extras.retryAfterSeconds ?? (status === 503 ? 1 : undefined);
  if (status >= 500) {
    // Being busy, stopping or without a database is told once per request: no fault of the program's.
    const level = status === 500 ? "error" : "warn";
    const about = { err: cause ?? error, code: found.code, request_id: request.id };
    request.log[level](about, "a request failed");
  }
  if (retryAfterSeconds !== undefined) reply.header("retry-after", retryAfterSeconds);
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="tributary"');
  return reply
    .status(status)
    .header("content-type", CONTENT_TYPE)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problemDocument(found, String(request.id)));
}

const CONTENT_TYPE = "application/problem+json; charset=utf-8";

/**
 * Answers what was never a request: bytes that are no HTTP, headers without end, a client that stopped
 * midway.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy(error);
    return;
  }
  const code = CLIENT_ERRORS[error.code ?? ""] ?? "invalid_request";
  const detail = code === "invalid_request" ? { detail: "this is no HTTP request" } : {};
  const body = JSON.stringify(problemDocument(problem(code, detail), requestId));
  const { status, title } = ERRORS[code];
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    `content-type: ${CONTENT_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    "cache-control: no-store",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

const CLIENT_ERRORS: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: "headers_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
};

/** What the validator says of one rule that was broken. */
export type ValidationFault = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Record<string, unknown>;
  readonly parentSchema?: { readonly description?: string };
};

/** Carries the field through fastify's own validation error. */
class InvalidInput extends Problem {
  readonly statusCode = 400;
}

/** The field that is wrong and why. @param where `body`, `params`, `querystring` or `headers`. */
export function describeValidation(faults: readonly ValidationFault[], where: string): Error {
  const fault = faults[0];
  if (fault === undefined) return new InvalidInput("invalid_request");
  const path = fault.instancePath.split("/").filter(Boolean).map(unescapePointer);
  const detail = () => {
    if (fault.keyword === "required") {
      path.push(String(fault.params.missingProperty));
      return `${path.join(".")} is required`;
    }
    if (fault.keyword === "additionalProperties") {
      path.push(String(fault.params.additionalProperty));
      return `${path.join(".")} is not a field that this request takes`;
    }
    const allowed = fault.keyword === "enum" || fault.keyword === "const" ? allowedValues(fault.params) : "";
    const wanted = fault.keyword === "pattern" ? fault.parentSchema?.description : undefined;
    const means = wanted === undefined ? "" : ` (${wanted})`;
    return `${path.join(".") || "the body"} ${fault.message ?? "is not valid"}${allowed}${means}`;
  };
  const text = detail();
  const prefix = where === "body" ? [] : [where === "querystring" ? "query" : where];
  return new InvalidInput("invalid_request", {
    field: [...prefix, ...path].join(".") || "body",
    detail: text,
  });
}

function allowedValues(params: Record<string, unknown>): string {
  const values = params.allowedValues ?? params.allowedValue;
  return values === undefined ? "" : `: ${[values].flat().map(String).join(", ")}`;
}

function unescapePointer(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** By fastify's own codes: https://fastify.dev/docs/latest/Reference/Errors/ */
const FASTIFY_ERRORS: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_EMPTY_JSON_BODY: "invalid_json",
  FST_ERR_CTP_INVALID_JSON_BODY: "invalid_json",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "invalid_request",
  FST_ERR_BAD_URL: "not_found",
  // An id of ours is short: so long a part of an address names nothing.
  FST_ERR_MAX_PARAM_LENGTH: "not_found",
  FST_ERR_NOT_FOUND: "not_found",
};

const DETAILS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: "the body is empty",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "the body is not as long as content-length says",
  FST_ERR_BAD_URL: "the address is not well-formed",
};

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code = "", statusCode } = (error ?? {}) as Partial<FastifyError>;
  const known = FASTIFY_ERRORS[code];
  const detail = DETAILS[code];
  if (known !== undefined) return problem(known, detail === undefined ? {} : { detail });
  if (error instanceof SyntaxError && statusCode === 400) return problem("invalid_json");
  // The caller went away in the middle of its body: nobody reads the answer, and nothing of ours failed.
  if (code === "ECONNRESET" && statusCode === 400) return problem("invalid_request");
  return problem("internal_error", { cause: error });
}
