import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import type { Platform } from "../kernel/revision.ts";
import type { MerchantIdentity } from "../merchants/index.ts";
import { IdParams, pageSchema, readCursorId, readId } from "../operators/index.ts";
import { PLATE_STATES, type Plate, type PlateState } from "./model.ts";
import { existingPlate } from "./ops-routes.ts";
import * as store from "./store.ts";
import { PlateSchema, presentPlate } from "./wire.ts";

export type PlateMerchantDeps = {
  readonly platform: Platform;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly urlOf: (plate: Pick<Plate, "code">) => string;
};

const tags = ["Merchant"];
const security = [{ merchant: [] }];

const ListQuery = strictObject({ ...PageQuery, state: Type.Optional(Type.Enum([...PLATE_STATES])) });

/** Adds `/v1/plates…`: a merchant sees its own plates. */
export function plateMerchantRoutes(http: Http, deps: PlateMerchantDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/plates",
    {
      schema: {
        operationId: "listPlates",
        summary: "List one's own plates, newest first",
        tags,
        security,
        querystring: ListQuery,
        response: { 200: pageSchema(PlateSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const limit = readLimit(request.query.limit);
      const filter = {
        before: readCursorId(request.query.cursor),
        batchId: null,
        merchantId,
        state: (request.query.state ?? null) as PlateState | null,
      };
      const rows = await store.listPlates(deps.platform.db, filter, limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => [row.id],
        (row) => presentPlate(row, deps.urlOf(row)),
      );
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/plates/:id",
    {
      schema: {
        operationId: "getPlate",
        summary: "Get one of one's own plates",
        tags,
        security,
        params: IdParams,
        response: { 200: PlateSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const plate = await existingPlate(deps.platform, readId("plt", request.params.id));
      if (plate.merchantId !== merchantId) throw problem("not_found");
      return presentPlate(plate, deps.urlOf(plate));
    },
  );
}
