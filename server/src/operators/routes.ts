import { Type } from "typebox";
import type { Database } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import type { Approvals } from "./approvals.ts";
import type { ApprovalStatus } from "./model.ts";
import type { Operators } from "./service.ts";
import * as store from "./store.ts";
import {
  ApprovalSchema,
  AuditSchema,
  IdParams,
  OperatorSchema,
  opsSchema,
  optionalBody,
  pageSchema,
  presentApproval,
  presentAudit,
  presentOperator,
  presentToken,
  RoleSchema,
  readCursorId,
  readId,
  readIdField,
  TokenSchema,
} from "./wire.ts";

export type OperatorRoutesDeps = {
  readonly platform: Database;
  readonly operators: Operators;
  readonly approvals: Approvals;
};

/** Adds `/v1/ops/operators`, `/v1/ops/audit` and `/v1/ops/approvals`. */
export function registerOperators(http: Http, deps: OperatorRoutesDeps): void {
  operators(http, deps);
  operatorChanges(http, deps);
  audit(http, deps);
  approvals(http, deps);
}

const ListQuery = strictObject(PageQuery);
const OVERLAP_HOURS_MAX = 168;

const CreateBody = strictObject({
  name: Type.String({ minLength: 1, maxLength: 80, pattern: "^[^\\s].*[^\\s]$|^[^\\s]$" }),
  roles: Type.Array(RoleSchema, { minItems: 1, maxItems: 5, uniqueItems: true }),
});

const TokenBody = optionalBody({
  overlap_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OVERLAP_HOURS_MAX,
      description: "How long the earlier tokens still work; 0 by default",
    }),
  ),
});

/** The secret stands in one answer only, and nowhere after it. */
const WithToken = Type.Object({
  ...OperatorSchema.properties,
  token: Type.Union([Type.String(), Type.Null()], {
    description: "Shown once; null when an earlier request with this Idempotency-Key made the operator",
  }),
});

function operators(http: Http, deps: OperatorRoutesDeps): void {
  const { platform } = deps;
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/operators",
    {
      schema: opsSchema({
        operationId: "opsListOperators",
        summary: "List operators, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(OperatorSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "operators.read");
      const limit = readLimit(request.query.limit);
      const before = readCursorId(request.query.cursor);
      const rows = await store.listOperators(platform.db, before, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentOperator);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/operators/:id",
    {
      schema: opsSchema({
        operationId: "opsGetOperator",
        summary: "Show one operator and the beginnings of its tokens",
        params: IdParams,
        response: {
          200: Type.Object({ ...OperatorSchema.properties, tokens: Type.Array(TokenSchema) }),
          ...problems(401, 403, 404),
        },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "operators.read");
      const id = readId("opr", request.params.id);
      const operator = await store.findOperator(platform.db, id);
      if (operator === null) throw problem("not_found");
      const tokens = await store.listTokens(platform.db, id);
      return { ...presentOperator(operator), tokens: tokens.map(presentToken) };
    },
  );
}

function operatorChanges(http: Http, deps: OperatorRoutesDeps): void {
  http.post<Input<typeof CreateBody>>(
    "/v1/ops/operators",
    {
      schema: opsSchema({
        operationId: "opsCreateOperator",
        summary: "Create an operator; its token is shown once",
        body: CreateBody,
        response: { 200: WithToken, 201: WithToken, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "operators.write");
      const { resource, made } = await deps.operators.create(actor, request.body);
      reply.status(made ? 201 : 200);
      return { ...presentOperator(resource.operator), token: resource.token };
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/operators/:id/disable",
    {
      schema: opsSchema({
        operationId: "opsDisableOperator",
        summary: "Disable an operator and end its tokens",
        params: IdParams,
        response: { 200: OperatorSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "operators.write");
      return presentOperator(await deps.operators.disable(actor, readId("opr", request.params.id)));
    },
  );
  http.post<Input<typeof TokenBody, typeof IdParams>>(
    "/v1/ops/operators/:id/tokens",
    {
      schema: opsSchema({
        operationId: "opsReplaceOperatorToken",
        summary: "Give an operator a new token, shown once, in place of the earlier ones",
        params: IdParams,
        body: TokenBody,
        response: { 201: WithToken, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "operators.write");
      const id = readId("opr", request.params.id);
      const made = await deps.operators.newToken(actor, id, request.body?.overlap_hours ?? 0);
      reply.status(201);
      return { ...presentOperator(made.operator), token: made.token };
    },
  );
}

const AuditQuery = strictObject({
  ...PageQuery,
  subject: Type.Optional(Type.String({ maxLength: 100, description: "The id of the thing: mch_…" })),
  operator: Type.Optional(Type.String({ maxLength: 100, description: "opr_…" })),
  action: Type.Optional(Type.String({ maxLength: 100, description: "Such as merchant.created" })),
});

function audit(http: Http, deps: OperatorRoutesDeps): void {
  http.get<Input<never, never, typeof AuditQuery>>(
    "/v1/ops/audit",
    {
      schema: opsSchema({
        operationId: "opsListAudit",
        summary: "What operators changed, newest first",
        querystring: AuditQuery,
        response: { 200: pageSchema(AuditSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "audit.read");
      const { query } = request;
      const limit = readLimit(query.limit);
      const filter = {
        before: readCursorId(query.cursor),
        subject: query.subject ?? null,
        operatorId:
          query.operator === undefined ? null : readIdField("opr", query.operator, "query.operator"),
        action: query.action ?? null,
      };
      const rows = await store.listAudit(deps.platform.db, filter, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentAudit);
    },
  );
}

const ApprovalsQuery = strictObject({
  ...PageQuery,
  status: Type.Optional(Type.Enum(["proposed", "approved", "carried_out", "rejected"])),
  subject: Type.Optional(Type.String({ maxLength: 100 })),
});

const DecisionBody = optionalBody({ note: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })) });

function approvals(http: Http, deps: OperatorRoutesDeps): void {
  http.get<Input<never, never, typeof ApprovalsQuery>>(
    "/v1/ops/approvals",
    {
      schema: opsSchema({
        operationId: "opsListApprovals",
        summary: "What waits for a second person, and what was decided; newest first",
        querystring: ApprovalsQuery,
        response: { 200: pageSchema(ApprovalSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "approvals.read");
      const { query } = request;
      const limit = readLimit(query.limit);
      const filter = {
        before: readCursorId(query.cursor),
        status: (query.status ?? null) as ApprovalStatus | null,
        subject: query.subject ?? null,
      };
      const rows = await store.listApprovals(deps.platform.db, filter, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentApproval);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/approvals/:id",
    {
      schema: opsSchema({
        operationId: "opsGetApproval",
        summary: "Show one approval",
        params: IdParams,
        response: { 200: ApprovalSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "approvals.read");
      const found = await store.findApproval(deps.platform.db, readId("apr", request.params.id));
      if (found === null) throw problem("not_found");
      return presentApproval(found);
    },
  );
  for (const verdict of ["approve", "reject"] as const) {
    http.post<Input<typeof DecisionBody, typeof IdParams>>(
      `/v1/ops/approvals/:id/${verdict}`,
      {
        schema: opsSchema({
          operationId: verdict === "approve" ? "opsApprove" : "opsReject",
          summary:
            verdict === "approve"
              ? "Approve what another operator proposed, and carry it out"
              : "Reject what another operator proposed",
          params: IdParams,
          body: DecisionBody,
          response: { 200: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
        }),
      },
      async (request) => {
        const actor = await deps.operators.authenticate(request, "approvals.read");
        const id = readId("apr", request.params.id);
        return presentApproval(await deps.approvals[verdict](actor, id, request.body?.note ?? null));
      },
    );
  }
}
