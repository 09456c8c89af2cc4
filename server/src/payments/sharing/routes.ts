import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import type { MerchantIdentity } from "../../merchants/index.ts";
import { IdParams, readId } from "../../operators/index.ts";
import { presentShare, ShareRulesSchema, ShareSchema } from "../../sharing/index.ts";
import { MerchantNumber } from "../payment/request.ts";
import type { SharedPayment, Shares } from "./service.ts";

export type ShareRoutesDeps = {
  readonly shares: Shares;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
};

const CreateSharesSchema = strictObject({
  merchant_share_no: MerchantNumber,
  receivers: ShareRulesSchema,
  description: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 80,
      pattern: "^[^\\u0000-\\u001f\\u007f]+$",
      description: "Shown to the receivers where the channel does so",
    }),
  ),
  finish: Type.Optional(
    Type.Boolean({ description: "What is left is yours once these shares are done; no by default" }),
  ),
});

const SharesSchema = Type.Object({ data: Type.Array(ShareSchema) });

const NullableText = Type.Union([Type.String(), Type.Null()]);

const SharedPaymentSchema = Type.Object({
  mode: Type.String({ description: "`channel`: it splits; `books`: we do" }),
  state: Type.String({ description: "open, finishing or finished" }),
  is_planned: Type.Boolean({ description: "Shares that came with the payment are still to be made" }),
  term_ends_at: InstantSchema,
  failure_code: NullableText,
  failure_message: NullableText,
  finished_at: Type.Union([InstantSchema, Type.Null()]),
  data: Type.Array(ShareSchema),
});

const own = { tags: ["Profit sharing"], security: [{ merchant: [] }] };

/** Adds the addresses of a payment's shares. */
export function shareRoutes(http: Http, { shares, authenticateMerchant }: ShareRoutesDeps): void {
  http.post<Input<typeof CreateSharesSchema, typeof IdParams>>(
    "/v1/payments/:id/shares",
    {
      schema: {
        ...own,
        operationId: "createShares",
        summary: "Split a payment's money among receivers",
        description:
          "The payment was created with profit_sharing and has succeeded. The same request again returns " +
          "the same shares as they now are.",
        params: IdParams,
        body: CreateSharesSchema,
        response: { 200: SharesSchema, 201: SharesSchema, ...problems(400, 401, 404, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const { merchantId } = await authenticateMerchant(request);
      const made = await shares.create(merchantId, readId("pay", request.params.id), request.body);
      return reply.status(made.isNew ? 201 : 200).send({ data: made.shares.map(presentShare) });
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/payments/:id/shares",
    {
      schema: {
        ...own,
        operationId: "getPaymentShares",
        summary: "How a payment's money is split",
        params: IdParams,
        response: { 200: SharedPaymentSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return presentShared(await shares.get(merchantId, readId("pay", request.params.id)));
    },
  );

  http.post<Input<never, typeof IdParams>>(
    "/v1/payments/:id/shares/finish",
    {
      schema: {
        ...own,
        operationId: "finishShares",
        summary: "Let go of what was not split",
        description: "No share is made of the payment afterwards. Repeating it changes nothing.",
        params: IdParams,
        response: { 200: SharedPaymentSchema, ...problems(401, 404, 409, 503) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return presentShared(await shares.finish(merchantId, readId("pay", request.params.id)));
    },
  );
}

function presentShared({ sharing, shares }: SharedPayment) {
  return {
    mode: sharing.mode,
    state: sharing.state,
    is_planned: sharing.plan !== null,
    term_ends_at: sharing.termEndsAt.toISOString(),
    failure_code: sharing.failureCode,
    failure_message: sharing.failureMessage,
    finished_at: sharing.finishedAt?.toISOString() ?? null,
    data: shares.map(presentShare),
  };
}
