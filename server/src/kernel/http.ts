/**
 * The HTTP server that routes are added to: strict input (nothing coerced, unknown fields refused), RFC 9457
 * answers, OpenAPI 3.1 from the route schemas.
 */
import { isUtf8 } from "node:buffer";
import type { Socket } from "node:net";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Static, TSchema } from "typebox";
import { Type } from "typebox";
import type { Random } from "./clock.ts";
import { problem } from "./errors.ts";
import { admitByImportance, isStream, REQUESTS_IN_FLIGHT_MAX } from "./http-admission.ts";
import { compiledWhenUsed, fastifyCompilers, type SchemaCompilers } from "./http-compilers.ts";
import {
  answerClientError,
  answerProblem,
  describeValidation,
  type ValidationFault,
} from "./http-problems.ts";
import type { Log } from "./log.ts";

export type Http = FastifyInstance;

const BODY_BYTES_MAX = 64 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const REQUESTS_PER_SECOND_MAX = 2_000;
/** Sockets, most of them idle; beyond them the machine's own limits would be met in worse places. */
const CONNECTIONS_MAX = 16_384;

export type HttpOptions = {
  readonly log: Log;
  readonly random: Random;
  readonly version: string;
  /** Shown to readers of /openapi.json as the server's address. */
  readonly publicUrl: string;
  /** True behind a reverse proxy that sets x-forwarded-for. */
  readonly trustProxy: boolean;
  /** Requests that one key, or without a key one address, may make in a second; 2,000 when absent. */
  readonly requestsPerSecondMax?: number;
  /** Requests under way at once; `REQUESTS_IN_FLIGHT_MAX` when absent. */
  readonly requestsInFlightMax?: number | undefined;
  /** Whether a payment that were to be created now would wait too long; never when absent. */
  readonly isBehind?: () => boolean;
  /** How schemas become functions; each when it is first used when absent. */
  readonly compilers?: SchemaCompilers | undefined;
};

/** Builds an empty server. Routes are added by the rooms, before `ready()`. */
export async function createHttp(options: HttpOptions): Promise<Http> {
  const newRequestId = () => `req_${options.random.bytes(12).toString("hex")}`;
  const app = fastify({
    schemaController: { compilersFactory: options.compilers ?? compiledWhenUsed(fastifyCompilers()) },
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // Lines about a request name it themselves: a logger made for each costs more than reading its body.
    childLoggerFactory: (logger) => logger,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    trustProxy: options.trustProxy,
    genReqId: newRequestId,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        // A fault bears the schema that it broke, whose description says what is wanted.
        verbose: true,
      },
    },
    schemaErrorFormatter: (errors, where) => describeValidation(errors as ValidationFault[], where),
    frameworkErrors: (error, request, reply) => {
      void answerProblem(error, request, headed(request, reply));
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, newRequestId()),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.server.maxConnections = CONNECTIONS_MAX;
  readJsonAlone(app);
  refuseWhileStopping(app);
  const inFlight = hangUpWhenStopping(app);
  admitByImportance(app, {
    inFlight,
    inFlightMax: options.requestsInFlightMax ?? REQUESTS_IN_FLIGHT_MAX,
    isBehind: options.isBehind ?? (() => false),
  });
  const methodsAt = watchRoutes(app);
  await app.register(swagger, { openapi: openApiHead(options) });
  await app.register(rateLimit, {
    max: options.requestsPerSecondMax ?? REQUESTS_PER_SECOND_MAX,
    timeWindow: 1_000,
    keyGenerator: (request) => request.headers.authorization ?? request.ip,
    addHeadersOnExceeding: {
      "x-ratelimit-limit": false,
      "x-ratelimit-remaining": false,
      "x-ratelimit-reset": false,
    },
    addHeaders: { "x-ratelimit-limit": false, "x-ratelimit-remaining": false, "x-ratelimit-reset": false },
    errorResponseBuilder: () => problem("rate_limited", { retryAfterSeconds: 1 }),
  });
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) => {
    const [method, path] = [request.method, pathOf(request)];
    const allowed = methodsAt(path);
    if (allowed.length === 0) throw problem("not_found", { detail: `there is nothing at ${method} ${path}` });
    reply.header("allow", allowed.join(", "));
    throw problem("method_not_allowed", { detail: `${path} takes ${allowed.join(", ")}` });
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    headed(request, reply);
    done();
  });
  return app;
}

/** The headers of every answer. */
function headed(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  return reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
}

/** What still comes over a kept connection while others are finished is told to go elsewhere. */
function refuseWhileStopping(app: Http): void {
  let stopping = false;
  app.addHook("preClose", async () => {
    stopping = true;
  });
  app.addHook("onRequest", (_request, _reply, done) => {
    if (stopping) done(problem("stopping", { retryAfterSeconds: 2 }));
    else done();
  });
}

/**
 * Stopping waits for requests, not for connections: node:http hangs up on those that are kept after an
 * answer, and waits for ever for those that have not asked yet, such as browsers open beforehand. Gives the
 * number of requests under way.
 */
function hangUpWhenStopping(app: Http): () => number {
  const requestsOn = new Map<Socket, number>();
  let inFlight = 0;
  let stopping = false;
  app.server.on("connection", (socket: Socket) => {
    requestsOn.set(socket, 0);
    socket.once("close", () => requestsOn.delete(socket));
  });
  // Before fastify's own listener, whose first hooks ask how many requests there are.
  app.server.prependListener("request", ({ socket, url }, response) => {
    const counts = isStream(url) ? 0 : 1;
    inFlight += counts;
    requestsOn.set(socket, (requestsOn.get(socket) ?? 0) + 1);
    response.once("close", () => {
      inFlight -= counts;
      const left = (requestsOn.get(socket) ?? 1) - 1;
      if (requestsOn.has(socket)) requestsOn.set(socket, left);
      if (stopping && left === 0) socket.destroySoon();
    });
  });
  app.addHook("preClose", async () => {
    stopping = true;
    for (const [socket, requests] of requestsOn) if (requests === 0) socket.destroySoon();
  });
  return () => inFlight;
}

/** Bodies are JSON in UTF-8. Other bytes would be stored as �; fastify's own text/plain is no body here. */
function readJsonAlone(app: Http): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    if (isUtf8(body)) void parse(request, body.toString("utf8"), done);
    else done(problem("invalid_json", { detail: "the body is not UTF-8" }));
  });
}

/** Remembers every route, to tell a wrong method from a wrong address: the methods that a path takes. */
function watchRoutes(app: Http): (path: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const parts = url.split("/").map((part) => {
      if (part.startsWith(":")) return "[^/]+";
      return part === "*" ? ".*" : part.replaceAll(/[^\w-]/g, "\\$&");
    });
    routes.push({ pattern: new RegExp(`^${parts.join("/")}$`), methods: [method].flat() });
  });
  return (path) => {
    const found = routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
    return [...new Set(found)].sort();
  };
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

function openApiHead(options: HttpOptions) {
  return {
    openapi: "3.1.0",
    info: {
      title: "Tributary",
      description:
        "Many channels, one ledger: take payments, refund them, and see where every cent is. " +
        "[Every error, and what to do about it](/docs/errors).",
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
