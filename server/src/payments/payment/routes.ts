import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { type Id, parseChannelNumber, parseId } from "../../kernel/ids.ts";
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
import { PAYMENT_STATUSES } from "../model.ts";
import { timelineOf } from "../timeline.ts";
import { type PaymentPages, presentPayment, presentPaymentForOperators } from "../view.ts";
import { type Whole, wholesById } from "../whole.ts";
import { OpsPaymentSchema, PaymentSchema, TimelineSchema } from "../wire.ts";
import { BuyerIpSchema, CreatePaymentSchema, MethodSchema, PaymentCodeSchema } from "./request.ts";
import type { Payments } from "./service.ts";
import { listPayments, type PaymentFilter } from "./store.ts";

export type PaymentRoutesDeps = {
  readonly cell: Cell;
  readonly payments: Payments;
  readonly pagesOf: (paymentId: Id) => PaymentPages;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const AttemptWishSchema = strictObject({
  method: Type.Optional(MethodSchema),
  payment_code: Type.Optional(PaymentCodeSchema),
  buyer: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  buyer_ip: Type.Optional(BuyerIpSchema),
});

const ListQuery = strictObject({
  ...PageQuery,
  status: Type.Optional(Type.Enum([...PAYMENT_STATUSES])),
  method: Type.Optional(MethodSchema),
  created_from: Type.Optional(InstantSchema),
  created_to: Type.Optional(InstantSchema),
  number: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: "Any number that somebody can quote: ours, yours, the channel's, a refund's",
    }),
  ),
});

const OpsListQuery = strictObject({ ...ListQuery.properties, merchant: Type.Optional(Type.String()) });

const tags = ["Payments"];
const security = [{ merchant: [] }];

type Present<View = ReturnType<typeof presentPayment>> = (whole: Whole) => View;

/** Adds the payments' addresses for merchants and operators. */
export function paymentRoutes(http: Http, deps: PaymentRoutesDeps): void {
  const presentBy =
    <View>(view: (...shown: Parameters<typeof presentPayment>) => View): Present<View> =>
    (whole) =>
      view(
        whole.payment,
        whole,
        whole.refunds.filter((refund) => refund.automatic),
        deps.pagesOf(whole.payment.id),
      );
  const present = presentBy(presentPayment);
  creation(http, deps, present);
  reading(http, deps, present);
  ending(http, deps, present);
  story(http, deps);
  opsRoutes(http, deps, presentBy(presentPaymentForOperators));
}

function creation(http: Http, deps: PaymentRoutesDeps, present: Present): void {
  const { payments, authenticateMerchant } = deps;

  http.post<Input<typeof CreatePaymentSchema>>(
    "/v1/payments",
    {
      schema: {
        operationId: "createPayment",
        summary: "Create a payment",
        description:
          "Without a method the buyer chooses at `cashier_url`; with one, `next_action` says what the " +
          "buyer's device does next. The same request again returns the same payment as it now is.",
        tags,
        security,
        body: CreatePaymentSchema,
        response: { 200: PaymentSchema, 201: PaymentSchema, ...problems(400, 401, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const identity = await authenticateMerchant(request);
      const whole = await payments.create(identity, request.body);
      return reply.status(whole.isNew ? 201 : 200).send(present(whole));
    },
  );
}

function reading(http: Http, deps: PaymentRoutesDeps, present: Present): void {
  const { payments, authenticateMerchant } = deps;

  http.get<Input<never, typeof IdParams>>(
    "/v1/payments/:id",
    {
      schema: {
        operationId: "getPayment",
        summary: "Get a payment",
        description:
          "Asking for an open payment counts as watching it: its channel is asked more often for a while.",
        tags,
        security,
        params: IdParams,
        response: { 200: PaymentSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      const whole = await payments.get(merchantId, readId("pay", request.params.id));
      await payments.watch(whole.payment);
      return present(whole);
    },
  );

  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/payments",
    {
      schema: {
        operationId: "listPayments",
        summary: "List payments",
        description: "Newest first.",
        tags,
        security,
        querystring: ListQuery,
        response: { 200: pageSchema(PaymentSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return list(deps, present, { merchantId, ...request.query });
    },
  );
}

function ending(http: Http, deps: PaymentRoutesDeps, present: Present): void {
  const { payments, authenticateMerchant } = deps;

  http.post<Input<never, typeof IdParams>>(
    "/v1/payments/:id/close",
    {
      schema: {
        operationId: "closePayment",
        summary: "Close a payment",
        description:
          "Ends the order at the channel. When the buyer was quicker the answer shows the payment " +
          "succeeded; when the channel has not answered, `closing` is true and the payment ends by itself.",
        tags,
        security,
        params: IdParams,
        response: { 200: PaymentSchema, ...problems(401, 404, 409, 503) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return present(await payments.close(merchantId, readId("pay", request.params.id)));
    },
  );

  http.post<Input<typeof AttemptWishSchema, typeof IdParams>>(
    "/v1/payments/:id/attempts",
    {
      schema: {
        operationId: "createAttempt",
        summary: "Try another way to pay",
        description:
          "Ends the live attempt first. When that was paid meanwhile, the answer shows the payment " +
          "succeeded. The same request again, under the same Idempotency-Key or with the same payment " +
          "code, returns the payment as it now is and ends nothing.",
        tags,
        security,
        params: IdParams,
        body: AttemptWishSchema,
        response: { 200: PaymentSchema, 201: PaymentSchema, ...problems(400, 401, 404, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const { merchantId } = await authenticateMerchant(request);
      const { method, payment_code, buyer, buyer_ip } = request.body;
      if (method === undefined && payment_code === undefined) {
        throw problem("invalid_request", { field: "method", detail: "name a method or a payment code" });
      }
      const wish = {
        method: method ?? null,
        paymentCode: payment_code ?? null,
        buyer: buyer ?? null,
        buyerIp: buyer_ip ?? null,
      };
      const key = idempotencyKeyOf(request);
      const name = key === null ? null : { idempotencyKey: key };
      const whole = await payments.newAttempt(merchantId, readId("pay", request.params.id), wish, name);
      const made = whole.isNew && whole.payment.status !== "succeeded";
      return reply.status(made ? 201 : 200).send(present(whole));
    },
  );
}

const IDEMPOTENCY_KEY_MAX = 255;

function idempotencyKeyOf({ headers }: FastifyRequest): string | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && key.length > 0 && key.length <= IDEMPOTENCY_KEY_MAX) return key;
  throw problem("invalid_request", {
    field: "headers.idempotency-key",
    detail: `an Idempotency-Key has 1 to ${IDEMPOTENCY_KEY_MAX} characters`,
  });
}

function story(http: Http, deps: PaymentRoutesDeps): void {
  const { payments, authenticateMerchant } = deps;

  http.get<Input<never, typeof IdParams>>(
    "/v1/payments/:id/timeline",
    {
      schema: {
        operationId: "getPaymentTimeline",
        summary: "A payment's story",
        description:
          "Every request, answer, notification, query, decision, posting and delivery, oldest first.",
        tags,
        security,
        params: IdParams,
        response: { 200: TimelineSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      const whole = await payments.get(merchantId, readId("pay", request.params.id));
      return { data: await timelineOf(deps.cell.db, whole, false) };
    },
  );
}

function opsRoutes(
  http: Http,
  deps: PaymentRoutesDeps,
  present: Present<ReturnType<typeof presentPaymentForOperators>>,
): void {
  const find = async (text: string) => {
    const whole = await deps.payments.find(readId("pay", text));
    if (whole === null) throw problem("not_found");
    return whole;
  };
  http.get<Input<never, never, typeof OpsListQuery>>(
    "/v1/ops/payments",
    {
      schema: opsSchema({
        operationId: "opsListPayments",
        summary: "Find payments of any merchant",
        querystring: OpsListQuery,
        response: { 200: pageSchema(OpsPaymentSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "payments.read");
      const { merchant, ...query } = request.query;
      const merchantId = merchant === undefined ? null : readId("mch", merchant);
      return list(deps, present, { merchantId, ...query });
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/payments/:id",
    {
      schema: opsSchema({
        operationId: "opsGetPayment",
        summary: "Get any merchant's payment",
        params: IdParams,
        response: { 200: OpsPaymentSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "payments.read");
      return present(await find(request.params.id));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/payments/:id/timeline",
    {
      schema: opsSchema({
        operationId: "opsGetPaymentTimeline",
        summary: "A payment's story, with whole journals",
        params: IdParams,
        response: { 200: TimelineSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "payments.read");
      return { data: await timelineOf(deps.cell.db, await find(request.params.id), true) };
    },
  );
}

type ListInput = { readonly merchantId: Id | null } & Input<never, never, typeof ListQuery>["Querystring"];

async function list<View>(deps: PaymentRoutesDeps, present: Present<View>, query: ListInput) {
  const limit = readLimit(query.limit);
  const payments = await listPayments(deps.cell.db, filterOf(query), readCursorId(query.cursor), limit + 1);
  const ids = payments.map((payment) => payment.id);
  const wholes = await wholesById(deps.cell.db, ids);
  return pageOf(
    payments,
    limit,
    (payment) => [payment.id],
    (payment) => present(wholes.get(payment.id) as Whole),
  );
}

function filterOf(query: ListInput): PaymentFilter {
  const { number } = query;
  return {
    merchantId: query.merchantId,
    status: query.status ?? null,
    method: query.method ?? null,
    createdFrom: query.created_from === undefined ? null : new Date(query.created_from),
    createdTo: query.created_to === undefined ? null : new Date(query.created_to),
    number: number ?? null,
    paymentId: number === undefined ? null : parseId("pay", number),
    attemptId: number === undefined ? null : (parseId("att", number) ?? parseChannelNumber("att", number)),
    refundId: number === undefined ? null : (parseId("rfd", number) ?? parseChannelNumber("rfd", number)),
  };
}
