import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../../kernel/database.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import type { MerchantIdentity } from "../../merchants/index.ts";
import { IdParams, pageSchema, readCursorId, readId } from "../../operators/index.ts";
import { REFUND_STATES } from "../model.ts";
import { presentRefund } from "../view.ts";
import { RefundSchema } from "../wire.ts";
import { CreateRefundSchema } from "./request.ts";
import type { Refunds } from "./service.ts";
import { listRefunds } from "./store.ts";

export type RefundRoutesDeps = {
  readonly cell: Cell;
  readonly refunds: Refunds;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
};

const ListQuery = strictObject({
  ...PageQuery,
  payment: Type.Optional(Type.String({ description: "A payment's id" })),
  state: Type.Optional(Type.Enum([...REFUND_STATES])),
});

const tags = ["Refunds"];
const security = [{ merchant: [] }];

/** Adds the refunds' addresses for merchants. */
export function refundRoutes(http: Http, deps: RefundRoutesDeps): void {
  const { refunds, authenticateMerchant } = deps;
  http.post<Input<typeof CreateRefundSchema, typeof IdParams>>(
    "/v1/payments/:id/refunds",
    {
      schema: {
        operationId: "createRefund",
        summary: "Refund a payment, or a part of it",
        description:
          "Without an amount all that is left is refunded. `accepted` means the channel took it; " +
          "`succeeded` that it arrived. The same request again returns the same refund as it now is.",
        tags,
        security,
        params: IdParams,
        body: CreateRefundSchema,
        response: { 200: RefundSchema, 201: RefundSchema, ...problems(400, 401, 404, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const identity = await authenticateMerchant(request);
      const made = await refunds.create(identity, readId("pay", request.params.id), request.body);
      return reply.status(made.isNew ? 201 : 200).send(presentRefund(made.refund));
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/refunds/:id",
    {
      schema: {
        operationId: "getRefund",
        summary: "Get a refund",
        tags,
        security,
        params: IdParams,
        response: { 200: RefundSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return presentRefund(await refunds.get(merchantId, readId("rfd", request.params.id)));
    },
  );

  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/refunds",
    {
      schema: {
        operationId: "listRefunds",
        summary: "List refunds",
        description: "Newest first, automatic ones included.",
        tags,
        security,
        querystring: ListQuery,
        response: { 200: pageSchema(RefundSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      const { payment, state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        merchantId,
        paymentId: payment === undefined ? null : readId("pay", payment),
        state: state ?? null,
      };
      const rows = await listRefunds(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (refund) => [refund.id], presentRefund);
    },
  );
}
