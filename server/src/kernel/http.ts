/**
 * The HTTP server that routes are added to: strict input (nothing coerced, unknown fields refused), RFC 9457
 * answers, OpenAPI 3.1 from the route schemas.
 */
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { Type } from "typebox";
import type { Random } from "./clock.ts";
import { ERRORS, Problem, problem, problemDocument } from "./errors.ts";
import type { Log } from "./log.ts";

export type Http = FastifyInstance;

const BODY_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Requests that one key (or, without a key, one address) may make in a second. */
const REQUESTS_PER_SECOND_MAX = 2_000;

export type HttpOptions = {
  readonly log: Log;
  readonly random: Random;
  readonly version: string;
  /** Shown to readers of /openapi.json as the server's address. */
  readonly publicUrl: string;
  /** True behind a reverse proxy that sets x-forwarded-for. */
  readonly trustProxy: boolean;
};

/** Builds an empty server. Routes are added by the rooms, before `ready()`. */
export async function createHttp(options: HttpOptions): Promise<Http> {
  const app = fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    trustProxy: options.trustProxy,
    genReqId: () => `req_${options.random.bytes(12).toString("hex")}`,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
    schemaErrorFormatter: (errors, where) =>
      describeValidation(errors[0] as ValidationFault | undefined, where),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  await app.register(swagger, { openapi: openApiHead(options) });
  await app.register(rateLimit, {
    max: REQUESTS_PER_SECOND_MAX,
    timeWindow: 1_000,
    keyGenerator: (request) => request.headers.authorization ?? request.ip,
    allowList: (request) => request.url.startsWith("/notify/"),
    addHeadersOnExceeding: {
      "x-ratelimit-limit": false,
      "x-ratelimit-remaining": false,
      "x-ratelimit-reset": false,
    },
    addHeaders: { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
    errorResponseBuilder: () => problem("rate_limited", { retryAfterSeconds: 1 }),
  });
  app.setErrorHandler((error, request, reply) => {
    const found = toProblem(error);
    const status = ERRORS[found.code].status;
    if (status >= 500)
      request.log.error({ err: found.extras.cause ?? error, code: found.code }, "a request failed");
    if (found.extras.retryAfterSeconds !== undefined)
      reply.header("retry-after", found.extras.retryAfterSeconds);
    if (status === 401) reply.header("www-authenticate", 'Bearer realm="tributary"');
    return reply
      .status(status)
      .header("content-type", "application/problem+json; charset=utf-8")
      .serializer((payload: unknown) => JSON.stringify(payload))
      .send(problemDocument(found, String(request.id)));
  });
  app.setNotFoundHandler((request) => {
    throw problem("not_found", { detail: `there is nothing at ${request.method} ${pathOf(request)}` });
  });
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    reply.header("x-content-type-options", "nosniff");
  });
  return app;
}

/** The path of a request without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] as string;
}

/** A handler's view of a request, typed by its schemas. */
export type Input<
  Body extends TSchema = TSchema,
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
> = {
  Body: Static<Body>;
  Params: Static<Params>;
  Querystring: Static<Query>;
};

/** An object schema that refuses unknown fields. */
export function strictObject<Properties extends Record<string, TSchema>>(
  properties: Properties,
  options: Record<string, unknown> = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** The schema of every error answer. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: "Stable; see /docs/errors" }),
    detail: Type.Optional(Type.String()),
    field: Type.Optional(Type.String({ description: "The offending field" })),
    remedy: Type.String({ description: "What to do" }),
    request_id: Type.String(),
  },
  { additionalProperties: true, description: "RFC 9457 problem document" },
);

/** The error answers that a route documents, by status. */
export function problems(...statuses: readonly number[]): Record<number, TSchema> {
  const answer = {
    description: "Problem",
    content: { "application/problem+json": { schema: ProblemSchema } },
  };
  return Object.fromEntries(statuses.map((status) => [status, answer as unknown as TSchema]));
}

/** An amount on the wire: an integer of minor units from 1 to 2^53−1. */
export const AmountSchema = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "In the currency's minor unit (分 for CNY): 1234 is 12.34",
});

export const CurrencySchema = Type.String({
  pattern: "^[A-Z]{3}$",
  description: "ISO 4217, capital letters",
});

export const InstantSchema = Type.String({ format: "date-time", description: "RFC 3339, UTC" });

type ValidationFault = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Record<string, unknown>;
};

/** Carries the field through fastify's own validation error. */
class InvalidInput extends Problem {
  readonly statusCode = 400;
}

function describeValidation(fault: ValidationFault | undefined, where: string): Error {
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
    return `${path.join(".") || "the body"} ${fault.message ?? "is not valid"}${allowed}`;
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

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code } = error as FastifyError;
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return problem("body_too_large");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return problem("unsupported_media_type");
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return problem("invalid_json", { detail: "the body is empty" });
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return problem("invalid_json");
    case "FST_ERR_NOT_FOUND":
      return problem("not_found");
    default:
      if (error instanceof SyntaxError && (error as FastifyError).statusCode === 400)
        return problem("invalid_json");
      return problem("internal_error", { cause: error });
  }
}

function openApiHead(options: HttpOptions) {
  return {
    openapi: "3.1.0",
    info: {
      title: "Tributary",
      description: "Many channels, one ledger: take payments, refund them, and see where every cent is.",
      version: options.version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: options.publicUrl }],
    components: {
      securitySchemes: {
        merchant: { type: "http" as const, scheme: "bearer", description: "A merchant's secret key, sk_…" },
        operator: { type: "http" as const, scheme: "bearer", description: "An operator's token, op_…" },
      },
    },
  };
}
