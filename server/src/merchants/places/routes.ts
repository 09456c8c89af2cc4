import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import type { Id } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { IdParams, opsSchema, pageSchema, readCursorId, readId } from "../../operators/index.ts";
import { TERMINAL_TYPES } from "../model.ts";
import type { MerchantRoutesDeps } from "../routes.ts";
import { presentStore, presentTerminal, StoreSchema, TerminalSchema } from "../wire.ts";
import * as store from "./store.ts";

/** Adds the routes of stores and terminals, for operators and for a merchant's own key. */
export function registerPlaces(http: Http, deps: MerchantRoutesDeps): void {
  lists(http, deps);
  storeCreation(http, deps);
  terminalCreation(http, deps);
}

const ListQuery = strictObject(PageQuery);
const PlaceSchema = Type.String({ minLength: 1, maxLength: 200 });
/** Up to 32 characters: what channels take for a store or terminal number. */
const NumberSchema = Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$" });

type Kind = {
  readonly path: "stores" | "terminals";
  readonly schema: typeof StoreSchema | typeof TerminalSchema;
  readonly page: (
    deps: MerchantRoutesDeps,
    merchantId: Id,
    query: { limit?: string; cursor?: string },
  ) => Promise<unknown>;
};

const KINDS: readonly Kind[] = [
  {
    path: "stores",
    schema: StoreSchema,
    page: async (deps, merchantId, query) => {
      const limit = readLimit(query.limit);
      const before = readCursorId(query.cursor);
      const rows = await store.listStores(deps.platform.db, merchantId, before, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentStore);
    },
  },
  {
    path: "terminals",
    schema: TerminalSchema,
    page: async (deps, merchantId, query) => {
      const limit = readLimit(query.limit);
      const before = readCursorId(query.cursor);
      const rows = await store.listTerminals(deps.platform.db, merchantId, before, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentTerminal);
    },
  },
];

function lists(http: Http, deps: MerchantRoutesDeps): void {
  for (const kind of KINDS) {
    http.get<Input<never, never, typeof ListQuery>>(
      `/v1/${kind.path}`,
      {
        schema: {
          tags: ["Merchant"],
          security: [{ merchant: [] }],
          operationId: kind.path === "stores" ? "listStores" : "listTerminals",
          summary: `List one's own ${kind.path}, newest first`,
          querystring: ListQuery,
          response: { 200: pageSchema(kind.schema), ...problems(400, 401) },
        },
      },
      async (request) => {
        const { merchantId } = await deps.merchants.authenticate(request);
        return kind.page(deps, merchantId, request.query);
      },
    );
    http.get<Input<never, typeof IdParams, typeof ListQuery>>(
      `/v1/ops/merchants/:id/${kind.path}`,
      {
        schema: opsSchema({
          operationId: kind.path === "stores" ? "opsListStores" : "opsListTerminals",
          summary: `List a merchant's ${kind.path}, newest first`,
          params: IdParams,
          querystring: ListQuery,
          response: { 200: pageSchema(kind.schema), ...problems(400, 401, 403, 404) },
        }),
      },
      async (request) => {
        await deps.operators.authenticate(request, "merchants.read");
        return kind.page(deps, await existingMerchant(deps, request), request.query);
      },
    );
  }
}

const StoreBody = strictObject({
  store_no: NumberSchema,
  name: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
  place: Type.Optional(PlaceSchema),
});

function storeCreation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof StoreBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/stores",
    {
      schema: opsSchema({
        operationId: "opsCreateStore",
        summary: "Add a store",
        params: IdParams,
        body: StoreBody,
        response: { 200: StoreSchema, 201: StoreSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "merchants.write");
      const { body } = request;
      const merchantId = await existingMerchant(deps, request);
      const { resource, made } = await deps.merchants.places.createStore(actor, merchantId, {
        storeNo: body.store_no,
        name: body.name,
        place: body.place ?? null,
      });
      reply.status(made ? 201 : 200);
      return presentStore(resource);
    },
  );
}

const TerminalBody = strictObject({
  serial: NumberSchema,
  type: Type.Enum([...TERMINAL_TYPES]),
  store: Type.String({ minLength: 1, maxLength: 64, description: "The store's id or number" }),
  place: Type.Optional(PlaceSchema),
});

function terminalCreation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof TerminalBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/terminals",
    {
      schema: opsSchema({
        operationId: "opsCreateTerminal",
        summary: "Add a terminal to a store",
        params: IdParams,
        body: TerminalBody,
        response: { 200: TerminalSchema, 201: TerminalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "merchants.write");
      const { body } = request;
      const merchantId = await existingMerchant(deps, request);
      const { resource, made } = await deps.merchants.places.createTerminal(actor, merchantId, {
        serial: body.serial,
        type: body.type,
        store: body.store,
        place: body.place ?? null,
      });
      reply.status(made ? 201 : 200);
      return presentTerminal(resource);
    },
  );
}

/** The merchant that a path names. Throws `not_found`. */
export async function existingMerchant(deps: MerchantRoutesDeps, request: FastifyRequest): Promise<Id> {
  const { id: text } = request.params as { id: string };
  const merchant = await deps.merchants.get(readId("mch", text));
  if (merchant === null) throw problem("not_found", { detail: "there is no such merchant" });
  return merchant.id;
}
