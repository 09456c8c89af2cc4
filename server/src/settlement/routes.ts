/** Settlements over HTTP: a merchant's own, and for operators all of them. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import type { MerchantIdentity } from "../merchants/index.ts";
import {
  type Actor,
  IdParams,
  opsSchema,
  type Permission,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../operators/index.ts";
import { readDate } from "./dates.ts";
import { SETTLEMENT_STATES, type Settlement, type SettlementKind, type SettlementState } from "./model.ts";
import { approveSettlement, holdSettlement, releaseSettlement, type StateDeps } from "./states.ts";
import { itemsOf, listSettlements, settlementById, settlementsOfMerchant } from "./store.ts";
import {
  ItemSchema,
  OpsSettlementSchema,
  presentItem,
  presentOpsSettlement,
  presentSettlement,
  SettlementSchema,
} from "./wire.ts";

export type SettlementAuth = {
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

export type SettlementRoutesDeps = StateDeps & SettlementAuth & { readonly cell: Cell };

const MERCHANT = { tags: ["Settlements"], security: [{ merchant: [] }] };

const ListQuery = strictObject({ ...PageQuery, currency: Type.Optional(CurrencySchema) });
const ItemsQuery = strictObject(PageQuery);
const OpsListQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100 })),
  date: Type.Optional(Type.String({ maxLength: 10, description: "yyyy-mm-dd" })),
  state: Type.Optional(Type.Enum([...SETTLEMENT_STATES])),
  kind: Type.Optional(Type.Enum(["regular", "supplementary", "same_day"])),
  currency: Type.Optional(CurrencySchema),
});
const HoldBody = strictObject({ reason: Type.String({ minLength: 3, maxLength: 500 }) });

/** Adds `/v1/settlements…` and `/v1/ops/settlements…`. */
export function settlementRoutes(http: Http, deps: SettlementRoutesDeps): void {
  merchantRoutes(http, deps);
  opsReading(http, deps);
  opsChanges(http, deps);
}

async function ownSettlement(deps: SettlementRoutesDeps, request: FastifyRequest, text: string) {
  const { merchantId } = await deps.authenticateMerchant(request);
  const settlement = await settlementById(deps.cell.db, readId("stl", text));
  if (settlement === null || settlement.merchantId !== merchantId) throw problem("not_found");
  return settlement;
}

async function pageOfItems(
  { cell }: SettlementRoutesDeps,
  settlement: Settlement,
  query: { readonly limit?: string; readonly cursor?: string },
) {
  const limit = readLimit(query.limit);
  const after = readCursorId(query.cursor);
  const rows = await itemsOf(cell.db, settlement.id, { after, limit: limit + 1 });
  return pageOf(rows, limit, (row) => [row.journalId], presentItem);
}

function merchantRoutes(http: Http, deps: SettlementRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/settlements",
    {
      schema: {
        ...MERCHANT,
        operationId: "listSettlements",
        summary: "List your settlements, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(SettlementSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const limit = readLimit(request.query.limit);
      const rows = await settlementsOfMerchant(
        deps.cell.db,
        { merchantId, currency: request.query.currency ?? null },
        { before: readCursorId(request.query.cursor), limit: limit + 1 },
      );
      return pageOf(rows, limit, (row) => [row.id], presentSettlement);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/settlements/:id",
    {
      schema: {
        ...MERCHANT,
        operationId: "getSettlement",
        summary: "Show one settlement",
        params: IdParams,
        response: { 200: SettlementSchema, ...problems(401, 404) },
      },
    },
    async (request) => presentSettlement(await ownSettlement(deps, request, request.params.id)),
  );
  http.get<Input<never, typeof IdParams, typeof ItemsQuery>>(
    "/v1/settlements/:id/items",
    {
      schema: {
        ...MERCHANT,
        operationId: "listSettlementItems",
        summary: "List what a settlement is made of",
        description: "The amounts of its items sum to the amount of the settlement.",
        params: IdParams,
        querystring: ItemsQuery,
        response: { 200: pageSchema(ItemSchema), ...problems(400, 401, 404) },
      },
    },
    async (request) =>
      pageOfItems(deps, await ownSettlement(deps, request, request.params.id), request.query),
  );
}

function opsReading(http: Http, deps: SettlementRoutesDeps): void {
  http.get<Input<never, never, typeof OpsListQuery>>(
    "/v1/ops/settlements",
    {
      schema: opsSchema({
        operationId: "opsListSettlements",
        summary: "List settlements, newest first",
        querystring: OpsListQuery,
        response: { 200: pageSchema(OpsSettlementSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "settlements.read");
      const { merchant_id, date, state, kind, currency, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        merchantId: merchant_id === undefined ? null : readIdField("mch", merchant_id, "query.merchant_id"),
        accountingDate: date === undefined ? null : readDate(date, "query.date"),
        state: (state ?? null) as SettlementState | null,
        kind: (kind ?? null) as SettlementKind | null,
        currency: currency ?? null,
      };
      const page = { before: readCursorId(cursor), limit: limit + 1 };
      const rows = await listSettlements(deps.cell.db, filter, page);
      return pageOf(rows, limit, (row) => [row.id], presentOpsSettlement);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/settlements/:id",
    {
      schema: opsSchema({
        operationId: "opsGetSettlement",
        summary: "Show one settlement",
        params: IdParams,
        response: { 200: OpsSettlementSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "settlements.read");
      return presentOpsSettlement(await anySettlement(deps, request.params.id));
    },
  );
  http.get<Input<never, typeof IdParams, typeof ItemsQuery>>(
    "/v1/ops/settlements/:id/items",
    {
      schema: opsSchema({
        operationId: "opsListSettlementItems",
        summary: "List what a settlement is made of",
        params: IdParams,
        querystring: ItemsQuery,
        response: { 200: pageSchema(ItemSchema), ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "settlements.read");
      return pageOfItems(deps, await anySettlement(deps, request.params.id), request.query);
    },
  );
}

async function anySettlement({ cell }: SettlementRoutesDeps, text: string): Promise<Settlement> {
  const settlement = await settlementById(cell.db, readId("stl", text));
  if (settlement === null) throw problem("not_found");
  return settlement;
}

function opsChanges(http: Http, deps: SettlementRoutesDeps): void {
  http.post<Input<typeof HoldBody, typeof IdParams>>(
    "/v1/ops/settlements/:id/hold",
    {
      schema: opsSchema({
        operationId: "opsHoldSettlement",
        summary: "Hold a settlement that is open",
        params: IdParams,
        body: HoldBody,
        response: { 200: OpsSettlementSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "settlements.write");
      const id = readId("stl", request.params.id);
      return presentOpsSettlement(await holdSettlement(deps, actor, id, request.body.reason));
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/settlements/:id/release",
    {
      schema: opsSchema({
        operationId: "opsReleaseSettlement",
        summary: "Let a held settlement go on",
        params: IdParams,
        response: { 200: OpsSettlementSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "settlements.write");
      return presentOpsSettlement(await releaseSettlement(deps, actor, readId("stl", request.params.id)));
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/settlements/:id/approve",
    {
      schema: opsSchema({
        operationId: "opsApproveSettlement",
        summary: "Approve a settlement that waits for a person",
        description:
          "The platform made it and one person approves it: its money moves to what may be paid out. " +
          "Refunds that have taken from pending money since are taken along.",
        params: IdParams,
        response: { 200: OpsSettlementSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "settlements.approve");
      return presentOpsSettlement(await approveSettlement(deps, actor, readId("stl", request.params.id)));
    },
  );
}
