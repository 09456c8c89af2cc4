import { Type } from "typebox";
import type { Db } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { formatId, type Id, type IdPrefix, parseId } from "../../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { IdParams, opsSchema, pageSchema, readId, readIdField } from "../../operators/index.ts";
import type { EndpointService } from "../endpoints/service.ts";
import type { DeliveryState } from "../model.ts";
import type { WebhookAuth } from "../routes.ts";
import {
  DeliveryDetailSchema,
  DeliverySchema,
  DeliveryStateSchema,
  OperatorDeliverySchema,
  presentDelivery,
  presentFailedTry,
} from "./present.ts";
import type { DeliveryDetail, DeliveryService } from "./service.ts";
import { type DeliveryQuery, type DeliveryRow, listDeliveries } from "./store.ts";

const filters = {
  state: Type.Optional(DeliveryStateSchema),
  webhook_endpoint: Type.Optional(Type.String({ maxLength: 40, description: "whe_…" })),
  event: Type.Optional(Type.String({ maxLength: 40, description: "evt_…" })),
  payment: Type.Optional(Type.String({ maxLength: 40, description: "pay_…" })),
};
const ListQuery = strictObject({ ...PageQuery, ...filters });
const OperatorListQuery = strictObject({
  ...PageQuery,
  ...filters,
  merchant: Type.Optional(Type.String({ maxLength: 40, description: "mch_…" })),
});

export type DeliveryRoutesDeps = {
  readonly db: Db;
  readonly endpoints: EndpointService;
  readonly deliveries: DeliveryService;
  readonly auth: WebhookAuth;
};

export function deliveryRoutes(http: Http, deps: DeliveryRoutesDeps): void {
  const { deliveries, auth } = deps;
  const described = (operationId: string, summary: string, schema: Record<string, unknown>) => ({
    schema: { operationId, summary, tags: ["Webhooks"], security: [{ merchant: [] }], ...schema },
  });

  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/deliveries",
    described("listDeliveries", "Deliveries, those of the newest events first", {
      querystring: ListQuery,
      response: {
        200: pageSchema(DeliverySchema),
        ...problems(400, 401),
      },
    }),
    async (request) => {
      const { merchantId } = await auth.authenticateMerchant(request);
      return list(deps, readQuery(request.query, merchantId), presentDelivery);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/deliveries/:id",
    described("getDelivery", "One delivery with every try that failed", {
      params: IdParams,
      response: { 200: DeliveryDetailSchema, ...problems(401, 404) },
    }),
    async (request) => {
      const { merchantId } = await auth.authenticateMerchant(request);
      return presentDetail(await deliveries.get(merchantId, readId("dlv", request.params.id)));
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/deliveries/:id/resend",
    described(
      "resendDelivery",
      "Sends a delivery again, whatever its state, through a new round of the schedule",
      {
        params: IdParams,
        response: { 202: DeliveryDetailSchema, ...problems(401, 404, 409) },
      },
    ),
    async (request, reply) => {
      const { merchantId } = await auth.authenticateMerchant(request);
      const again = await deliveries.resend(merchantId, readId("dlv", request.params.id));
      return reply.code(202).send(presentDetail(again));
    },
  );
  operatorRoutes(http, deps);
}

function operatorRoutes(http: Http, deps: DeliveryRoutesDeps): void {
  http.get<Input<never, never, typeof OperatorListQuery>>(
    "/v1/ops/deliveries",
    {
      schema: opsSchema({
        operationId: "opsListDeliveries",
        summary: "Deliveries of all merchants; the dead ones unless another state is named",
        querystring: OperatorListQuery,
        response: {
          200: pageSchema(OperatorDeliverySchema),
          ...problems(400, 401, 403),
        },
      }),
    },
    async (request) => {
      await deps.auth.authenticateOperator(request, "payments.read");
      const { merchant, ...query } = request.query;
      const wanted = readQuery(query, readFilter("mch", merchant, "merchant"));
      return list(deps, { ...wanted, state: wanted.state ?? "dead" }, (row) => ({
        merchant: formatId("mch", row.merchantId),
        ...presentDelivery(row),
      }));
    },
  );
}

type ListQueryText = {
  readonly limit?: string;
  readonly cursor?: string;
  readonly state?: DeliveryState;
  readonly webhook_endpoint?: string;
  readonly event?: string;
  readonly payment?: string;
};

function readQuery(query: ListQueryText, merchantId: Id | null): DeliveryQuery {
  return {
    merchantId,
    state: query.state ?? null,
    endpointId: readFilter("whe", query.webhook_endpoint, "webhook_endpoint"),
    eventId: readFilter("evt", query.event, "event"),
    paymentId: readFilter("pay", query.payment, "payment"),
    before: readPlace(query.cursor),
    limit: readLimit(query.limit),
  };
}

function readPlace(cursor: string | undefined): readonly [Id, Id] | null {
  const parts = decodeCursor(cursor, 2);
  if (parts === null) return null;
  const [eventId, id] = [parseId("evt", parts[0] as string), parseId("dlv", parts[1] as string)];
  if (eventId === null || id === null) throw problem("cursor_invalid", { field: "query.cursor" });
  return [eventId, id];
}

function readFilter(prefix: IdPrefix, text: string | undefined, field: string): Id | null {
  return text === undefined ? null : readIdField(prefix, text, `query.${field}`);
}

async function list<Item>(
  { db, endpoints }: DeliveryRoutesDeps,
  query: DeliveryQuery,
  present: (row: DeliveryRow) => Item,
) {
  const own = query.merchantId === null ? [] : await endpoints.list(query.merchantId);
  const endpointIds = own.map(({ id }) => id);
  const rows = await listDeliveries(db, { ...query, limit: query.limit + 1 }, endpointIds);
  const placeOf = (row: DeliveryRow) => [formatId("evt", row.eventId), formatId("dlv", row.id)];
  return pageOf(rows, query.limit, placeOf, present);
}

function presentDetail({ row, view }: DeliveryDetail) {
  return { ...presentDelivery(row), failed_tries: view.failedTries.map(presentFailedTry) };
}
