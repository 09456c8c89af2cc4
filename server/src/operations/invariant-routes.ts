import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Db } from "../kernel/database.ts";
import { type Http, InstantSchema, problems } from "../kernel/http.ts";
import { opsSchema } from "../operators/index.ts";
import { lastAudit } from "./audit-store.ts";

export type InvariantRoutesDeps = {
  readonly db: Db;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: "ledger.read") => Promise<unknown>;
};

const InvariantSchema = Type.Object({
  name: Type.String({ description: "The number in the documentation's list, and a short name" }),
  sentence: Type.String(),
  holds: Type.Boolean(),
  checked: Type.Integer({ description: "Books looked at; 1 for what is checked over everything" }),
  violations: Type.Array(Type.String(), { description: "The first rows that are wrong, and why" }),
});

const AuditSchema = Type.Object({
  began_at: Type.Union([InstantSchema, Type.Null()], { description: "null before the first audit" }),
  ended_at: Type.Union([InstantSchema, Type.Null()]),
  holds: Type.Union([Type.Boolean(), Type.Null()]),
  data: Type.Array(InvariantSchema),
});

/** Adds `/v1/ops/invariants`: what the last audit found. */
export function invariantRoutes(http: Http, deps: InvariantRoutesDeps): void {
  http.get(
    "/v1/ops/invariants",
    {
      schema: opsSchema({
        operationId: "opsListInvariants",
        summary: "What the last audit of the books found",
        response: { 200: AuditSchema, ...problems(401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "ledger.read");
      const last = await lastAudit(deps.db);
      if (last === null) return { began_at: null, ended_at: null, holds: null, data: [] };
      return {
        began_at: last.audit.beganAt.toISOString(),
        ended_at: last.audit.endedAt.toISOString(),
        holds: last.results.every(({ violations }) => violations === 0),
        data: last.results.map(({ invariant, sentence, checked, violations, detail }) => ({
          name: invariant,
          sentence,
          holds: violations === 0,
          checked,
          violations: detail === "" ? [] : detail.split("\n"),
        })),
      };
    },
  );
}
