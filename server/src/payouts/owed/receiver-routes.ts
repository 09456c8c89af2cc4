import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { IdParams, opsSchema, pageSchema, readCursorId, readId } from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import type { Payee } from "../model.ts";
import { listPayouts } from "../payout/store.ts";
import { PayoutSchema, presentPayout } from "../payout/wire.ts";
import { owedPayeeRoutes } from "./payee-routes.ts";
import { owedToReceivers, payReceiver, presentOwedToReceiver } from "./receivers.ts";

const OwedSchema = Type.Object({
  receiver: Type.String(),
  merchant: Type.Union([Type.String(), Type.Null()]),
  currency: CurrencySchema,
  earned: Type.Integer({ description: "Shares of days that are over, less what refunds took back" }),
  owed: Type.Integer({ description: "Less what payouts have of it; below zero: it had too much" }),
});
const ListQuery = strictObject(PageQuery);

const payeeOf = (id: string): Payee => ({ payeeKind: "receiver", payeeId: readId("rcv", id) });

/** Adds the addresses of what receivers have in our own books, and how they are paid. */
export function receiverPayoutRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  owed(http, deps, auth);
  owedPayeeRoutes(http, deps, auth, {
    whose: "Receiver",
    path: "/v1/ops/receivers/:id",
    params: IdParams,
    param: "id",
    payeeOf: async (id) => payeeOf(id),
    payouts: {
      summary: "Make a payout of what a receiver has in our own books",
      description:
        "All of it, of days that are over, or `amount` of it. It waits for a batch, which two people " +
        "send. The same request again returns the same payout.",
    },
    pay: (actor, id, wanted) => payReceiver(deps, actor, payeeOf(id).payeeId, wanted),
  });
}

function owed(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/receiver_dues",
    {
      schema: opsSchema({
        operationId: "opsListReceiverDues",
        summary: "What receivers have in our own books, by receiver and currency",
        description: "Of days that are over; brought up to date each hour, and when a payout is asked for.",
        querystring: ListQuery,
        response: { 200: pageSchema(OwedSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await auth.authenticateOperator(request, "payouts.read");
      const limit = readLimit(request.query.limit);
      const rows = await owedToReceivers(deps, decodeCursor(request.query.cursor, 2), limit + 1);
      return pageOf(rows, limit, ({ payee, currency }) => [payee, currency], presentOwedToReceiver);
    },
  );
  http.get<Input<never, typeof IdParams, typeof ListQuery>>(
    "/v1/receivers/:id/payouts",
    {
      schema: {
        operationId: "listReceiverPayouts",
        summary: "List what was paid to a receiver of yours",
        description: "Of the money that lies with the platform; newest first.",
        tags: ["Profit sharing"],
        security: [{ merchant: [] }],
        params: IdParams,
        querystring: ListQuery,
        response: { 200: pageSchema(PayoutSchema), ...problems(400, 401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await auth.authenticateMerchant(request);
      const { payeeId } = payeeOf(request.params.id);
      if ((await deps.receivers.one(payeeId))?.merchantId !== merchantId) throw problem("not_found");
      const limit = readLimit(request.query.limit);
      const filter = { payeeId, state: null, batchId: null, contradicted: null };
      const rows = await listPayouts(deps.cell.db, filter, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (payout) => [payout.id], presentPayout);
    },
  );
}
