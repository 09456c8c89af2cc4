import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  type Actor,
  ApprovalSchema,
  opsSchema,
  type Permission,
  pageSchema,
  presentApproval,
  readCursorId,
  readIdField,
} from "../../operators/index.ts";
import { readDate } from "../dates.ts";
import type { Policies } from "./service.ts";
import { PolicyBody, PolicySchema, presentPolicy, readTerms } from "./wire.ts";

export type PolicyRoutesDeps = {
  readonly policies: Policies;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const ListQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100 })),
  currency: Type.Optional(CurrencySchema),
});

/** Adds `/v1/ops/settlement_policies`. */
export function policyRoutes(http: Http, { policies, authenticateOperator }: PolicyRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/settlement_policies",
    {
      schema: opsSchema({
        operationId: "opsListSettlementPolicies",
        summary: "List settlement policies with all their versions, newest first",
        description:
          "For a settlement after a closed date the latest version counts that is effective from that date " +
          "or an earlier one. A merchant without any settles on success, the next calendar day.",
        querystring: ListQuery,
        response: { 200: pageSchema(PolicySchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "settlements.read");
      const { merchant_id, currency, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const merchantId =
        merchant_id === undefined ? null : readIdField("mch", merchant_id, "query.merchant_id");
      const page = { before: readCursorId(cursor), limit: limit + 1 };
      const rows = await policies.list({ merchantId, currency: currency ?? null }, page);
      return pageOf(rows, limit, (row) => [row.id], presentPolicy);
    },
  );
  http.post<Input<typeof PolicyBody>>(
    "/v1/ops/settlement_policies",
    {
      schema: opsSchema({
        operationId: "opsProposeSettlementPolicy",
        summary: "Propose how a merchant is settled from a date on",
        description: "Another operator approves it at /v1/ops/approvals.",
        body: PolicyBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "settlements.write");
      const { merchant_id, currency, effective_from, reason, ...terms } = request.body;
      const approval = await policies.propose(
        actor,
        {
          ...readTerms(terms),
          merchantId: readIdField("mch", merchant_id, "merchant_id"),
          currency,
          effectiveFrom: readDate(effective_from, "effective_from"),
        },
        reason,
      );
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
