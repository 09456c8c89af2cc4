import { Type } from "typebox";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { opsSchema, pageSchema, readCursorId, readIdField } from "../../operators/index.ts";
import type { FeeRoutesDeps } from "../routes.ts";
import { gapOf } from "./service.ts";
import type { Minimum } from "./store.ts";

const ListQuery = strictObject({
  ...PageQuery,
  channel_account_id: Type.Optional(Type.String({ maxLength: 100 })),
});

const MinimumSchema = Type.Object({
  channel_account_id: Type.String(),
  month: Type.String({ description: "yyyy-mm" }),
  currency: CurrencySchema,
  minimum: Type.Integer({ description: "What the channel bills at least, minor units" }),
  cost: Type.Integer({ description: "Of the month's payments, less what came back" }),
  gap: Type.Integer({ description: "What was booked above it" }),
  schedule: Type.String(),
  schedule_version: Type.Integer(),
  made_at: InstantSchema,
});

/** Adds `/v1/ops/cost_minimums`. */
export function minimumRoutes(http: Http, { fees, authenticateOperator }: FeeRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/cost_minimums",
    {
      schema: opsSchema({
        operationId: "opsListCostMinimums",
        summary: "What channels billed for past months at least, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(MinimumSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      const { channel_account_id: account, cursor } = request.query;
      const channelAccountId =
        account === undefined ? null : readIdField("cha", account, "query.channel_account_id");
      const limit = readLimit(request.query.limit);
      const rows = await fees.minimums({ before: readCursorId(cursor), channelAccountId }, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], present);
    },
  );
}

function present(made: Minimum) {
  return {
    channel_account_id: formatId("cha", made.channelAccountId),
    month: made.month.slice(0, "yyyy-mm".length),
    currency: made.currency,
    minimum: Number(made.minimum),
    cost: Number(made.cost),
    gap: Number(gapOf(made)),
    schedule: formatId("fsc", made.scheduleId),
    schedule_version: made.scheduleVersion,
    made_at: made.madeAt.toISOString(),
  };
}
