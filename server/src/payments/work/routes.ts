import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  type Actor,
  ApprovalSchema,
  IdParams,
  type Operators,
  opsSchema,
  type Permission,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import { type ExchangeRow, listContradictions } from "../exchanges.ts";
import { listStrays, type Stray } from "../strays.ts";
import { presentWorkItem, RESOLVE_KIND, type WorkItems } from "./service.ts";

export type WorkRoutesDeps = {
  readonly cell: Cell;
  readonly workItems: WorkItems;
  readonly operators: Pick<Operators, "propose">;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const Nullable = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()]);

const WorkItemSchema = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  payment: Type.String(),
  merchant: Type.String(),
  amount: Type.Integer(),
  currency: Type.String(),
  detail: Type.String(),
  state: Type.Enum(["open", "resolved"]),
  opened_at: InstantSchema,
  resolved_at: Type.Union([InstantSchema, Type.Null()]),
  resolution: Nullable(Type.String()),
});

const StraySchema = Type.Object({
  id: Type.String(),
  channel_account: Type.String(),
  kind: Type.Enum(["orphan", "refused"]),
  reason: Type.String(),
  channel_order_no: Nullable(Type.String()),
  notify_id: Nullable(Type.String()),
  outcome: Nullable(Type.String()),
  request: Type.String(),
  received_at: InstantSchema,
});

const ContradictionSchema = Type.Object({
  id: Type.String(),
  payment: Type.String(),
  attempt: Type.String(),
  refund: Nullable(Type.String()),
  operation: Type.String(),
  outcome: Nullable(Type.String()),
  channel_code: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  request: Type.String(),
  response: Nullable(Type.String()),
  at: InstantSchema,
});

const ContradictionQuery = strictObject(PageQuery);
const WorkQuery = strictObject({ ...PageQuery, state: Type.Optional(Type.Enum(["open", "resolved"])) });
const StrayQuery = strictObject({ ...PageQuery, kind: Type.Optional(Type.Enum(["orphan", "refused"])) });
const ResolveSchema = strictObject({
  resolution: Type.String({
    minLength: 3,
    maxLength: 500,
    description: "What was done, and where it is written",
  }),
});

/**
 * Adds the operators' work-lists: money that needs a person, notifications that belong to nothing,
 * contradictions.
 */
export function workRoutes(http: Http, deps: WorkRoutesDeps): void {
  contradictionRoutes(http, deps);
  http.get<Input<never, never, typeof WorkQuery>>(
    "/v1/ops/work_items",
    {
      schema: opsSchema({
        operationId: "opsListWorkItems",
        summary: "What a person must look at",
        querystring: WorkQuery,
        response: { 200: pageSchema(WorkItemSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "work_items.read");
      const { state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const rows = await deps.workItems.list(state ?? null, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (item) => [item.id], presentWorkItem);
    },
  );

  http.post<Input<typeof ResolveSchema, typeof IdParams>>(
    "/v1/ops/work_items/:id/resolve",
    {
      schema: opsSchema({
        operationId: "opsResolveWorkItem",
        summary: "Propose to resolve a work item",
        description: "Another operator approves it at /v1/ops/approvals.",
        params: IdParams,
        body: ResolveSchema,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "work_items.propose");
      const item = await deps.workItems.get(readId("wrk", request.params.id));
      if (item.state === "resolved")
        throw problem("conflict", { detail: "the work item is resolved already" });
      const { resolution } = request.body;
      const approval = await deps.operators.propose(actor, {
        kind: RESOLVE_KIND,
        subject: formatId("wrk", item.id),
        payload: { resolution },
        reason: resolution,
      });
      return reply.status(202).send(presentApproval(approval));
    },
  );

  http.get<Input<never, never, typeof StrayQuery>>(
    "/v1/ops/stray_notifications",
    {
      schema: opsSchema({
        operationId: "opsListStrayNotifications",
        summary: "Notifications that belong to no order here, or were refused",
        querystring: StrayQuery,
        response: { 200: pageSchema(StraySchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "work_items.read");
      const { kind, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const rows = await listStrays(deps.cell.db, kind ?? null, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (stray) => [stray.id], presentStray);
    },
  );
}

function contradictionRoutes(http: Http, deps: WorkRoutesDeps): void {
  http.get<Input<never, never, typeof ContradictionQuery>>(
    "/v1/ops/contradictions",
    {
      schema: opsSchema({
        operationId: "opsListContradictions",
        summary: "What channels said against what was known",
        description:
          "Such a word is kept and booked nowhere; what became of its payment is in the payment's timeline.",
        querystring: ContradictionQuery,
        response: { 200: pageSchema(ContradictionSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "work_items.read");
      const limit = readLimit(request.query.limit);
      const rows = await listContradictions(deps.cell.db, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentContradiction);
    },
  );
}

function presentContradiction(row: ExchangeRow) {
  return {
    id: formatId("exc", row.id),
    payment: formatId("pay", row.paymentId),
    attempt: formatId("att", row.attemptId),
    refund: row.refundId === null ? null : formatId("rfd", row.refundId),
    operation: row.operation,
    outcome: row.outcome,
    channel_code: row.channelCode,
    reason: row.detail,
    request: row.request,
    response: row.response,
    at: row.decidedAt.toISOString(),
  };
}

function presentStray(stray: Stray) {
  return {
    id: formatId("exc", stray.id),
    channel_account: formatId("cha", stray.channelAccountId),
    kind: stray.kind,
    reason: stray.reason,
    channel_order_no: stray.channelOrderNo,
    notify_id: stray.notifyId,
    outcome: stray.outcome,
    request: stray.request,
    received_at: stray.receivedAt.toISOString(),
  };
}
