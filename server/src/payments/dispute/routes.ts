import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import type { Id } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import type { MerchantIdentity } from "../../merchants/index.ts";
import {
  type Actor,
  IdParams,
  opsSchema,
  type Permission,
  pageSchema,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import { DISPUTE_STATES, type Dispute } from "../model.ts";
import { presentDispute } from "../view.ts";
import { DisputeSchema } from "../wire.ts";
import { disputeById, listDisputes } from "./store.ts";

export type DisputeRoutesDeps = {
  readonly cell: Cell;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const filters = {
  ...PageQuery,
  payment: Type.Optional(Type.String({ description: "A payment's id" })),
  state: Type.Optional(Type.Enum([...DISPUTE_STATES])),
};
const ListQuery = strictObject(filters);
const OpsListQuery = strictObject({
  ...filters,
  merchant: Type.Optional(Type.String({ description: "A merchant's id" })),
});
type Asked = {
  readonly payment?: string;
  readonly state?: string;
  readonly cursor?: string;
  readonly limit?: string;
};

const tags = ["Disputes"];
const security = [{ merchant: [] }];

/** Adds the disputes' addresses for merchants and operators. Disputes are made by channels alone. */
export function disputeRoutes(http: Http, deps: DisputeRoutesDeps): void {
  http.get<Input<never, typeof IdParams>>(
    "/v1/disputes/:id",
    {
      schema: {
        operationId: "getDispute",
        summary: "Get a dispute",
        tags,
        security,
        params: IdParams,
        response: { 200: DisputeSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const dispute = await found(deps, request.params.id);
      if (dispute.merchantId !== merchantId) throw problem("not_found");
      return presentDispute(dispute);
    },
  );

  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/disputes",
    {
      schema: {
        operationId: "listDisputes",
        summary: "List disputes",
        description: "Payers' claims through channels, newest first.",
        tags,
        security,
        querystring: ListQuery,
        response: { 200: pageSchema(DisputeSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      return list(deps, merchantId, request.query);
    },
  );
  operatorRoutes(http, deps);
}

function operatorRoutes(http: Http, deps: DisputeRoutesDeps): void {
  http.get<Input<never, never, typeof OpsListQuery>>(
    "/v1/ops/disputes",
    {
      schema: opsSchema({
        operationId: "opsListDisputes",
        summary: "List the disputes of all merchants",
        querystring: OpsListQuery,
        response: { 200: pageSchema(DisputeSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "payments.read");
      const { merchant } = request.query;
      return list(deps, merchant === undefined ? null : readId("mch", merchant), request.query);
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/disputes/:id",
    {
      schema: opsSchema({
        operationId: "opsGetDispute",
        summary: "Get a dispute",
        params: IdParams,
        response: { 200: DisputeSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "payments.read");
      return presentDispute(await found(deps, request.params.id));
    },
  );
}

async function found(deps: DisputeRoutesDeps, id: string): Promise<Dispute> {
  const dispute = await disputeById(deps.cell.db, readId("dsp", id));
  if (dispute === null) throw problem("not_found");
  return dispute;
}

async function list(
  deps: DisputeRoutesDeps,
  merchantId: Id | null,
  { payment, state, cursor, limit }: Asked,
) {
  const size = readLimit(limit);
  const filter = {
    merchantId,
    paymentId: payment === undefined ? null : readId("pay", payment),
    state: state ?? null,
  };
  const rows = await listDisputes(deps.cell.db, filter, readCursorId(cursor), size + 1);
  return pageOf(rows, size, (dispute) => [dispute.id], presentDispute);
}
