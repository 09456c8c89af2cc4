import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell, Database } from "../kernel/database.ts";
import { sql } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, problems } from "../kernel/http.ts";
import { registerDocs } from "./docs.ts";
import { invariantRoutes } from "./invariant-routes.ts";
import { createMetrics, type MetricsDeps } from "./metrics.ts";

export type OperationsRoutesDeps = {
  readonly cell: Cell;
  readonly platform: Database;
  readonly gauges: MetricsDeps["gauges"];
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: "ledger.read") => Promise<unknown>;
};

const aliveSql = sql("operations_alive", "select 1 as alive");

const tags = ["Operation"];

/**
 * Adds `/health`, `/ready`, `/metrics`, `/v1/ops/invariants`, `/openapi.json`, `/docs` and `/docs/errors`.
 */
export async function operationsRoutes(http: Http, deps: OperationsRoutesDeps): Promise<void> {
  await registerDocs(http);
  invariantRoutes(http, { db: deps.cell.db, authenticateOperator: deps.authenticateOperator });
  // Made at the first reading: the event loop is watched only where somebody reads of it.
  let metrics: ReturnType<typeof createMetrics> | null = null;

  http.get(
    "/health",
    {
      schema: {
        operationId: "health",
        summary: "Whether this process runs",
        tags,
        security: [],
        response: { 200: Type.Object({ status: Type.Literal("ok") }) },
      },
    },
    () => ({ status: "ok" as const }),
  );

  http.get(
    "/ready",
    {
      schema: {
        operationId: "ready",
        summary: "Whether this process can take requests",
        tags,
        security: [],
        response: { 200: Type.Object({ status: Type.Literal("ready") }), ...problems(503) },
      },
    },
    async () => {
      try {
        await Promise.all([deps.cell.db.one(aliveSql), deps.platform.db.one(aliveSql)]);
      } catch (error) {
        throw problem("database_unavailable", { cause: error, retryAfterSeconds: 2 });
      }
      return { status: "ready" as const };
    },
  );

  http.get("/metrics", { schema: { hide: true } }, async (_, reply) => {
    metrics ??= createMetrics(deps);
    return reply.header("content-type", metrics.contentType).send(await metrics.read());
  });

  http.get("/openapi.json", { schema: { hide: true } }, (_, reply) =>
    reply.header("access-control-allow-origin", "*").send(http.swagger()),
  );
}
