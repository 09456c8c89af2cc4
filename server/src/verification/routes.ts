import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { ChannelAccounts } from "../channels/index.ts";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import {
  type Actor,
  ApprovalSchema,
  IdParams,
  opsSchema,
  type Permission,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../operators/index.ts";
import { liveOf, NextActionSchema, presentNextAction } from "../payments/index.ts";
import { VERIFICATION_STATES, type Verification } from "./model.ts";
import type { Verifications } from "./service.ts";

export type VerificationRoutesDeps = {
  readonly verifications: Verifications;
  readonly accounts: Pick<ChannelAccounts, "goingLive">;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const Text = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });

const StartBody = strictObject({
  method: Text("A method of the account, such as alipay.qr"),
  amount: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: "Minor units; the least that it takes if absent",
    }),
  ),
  currency: Type.Optional(CurrencySchema),
  payment_code: Type.Optional(Type.String({ pattern: "^[0-9]{16,24}$" })),
  buyer: Type.Optional(Text("The payer at the channel, where the method needs one")),
  buyer_ip: Type.Optional(Type.String({ pattern: "^[0-9A-Fa-f.:]{2,45}$" })),
});

const WaiveBody = strictObject({
  reason: Type.String({ minLength: 3, maxLength: 500, description: "Why it may take orders untried" }),
});

const Nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);
const NullableFlag = Type.Union([Type.Boolean(), Type.Null()]);

const VerificationSchema = Type.Object({
  id: Type.String(),
  channel_account: Type.String(),
  merchant: Type.String(),
  method: Type.String(),
  amount: Type.Integer({ description: "Minor units" }),
  currency: CurrencySchema,
  state: Type.Enum([...VERIFICATION_STATES]),
  detail: Nullable(Type.String({ description: "What is waited for, or why it failed" })),
  payment: Nullable(Type.String()),
  next_action: Type.Union([NextActionSchema, Type.Null()], { description: "How to pay it" }),
  refund: Nullable(Type.String()),
  asked_at: Type.Union([InstantSchema, Type.Null()], { description: "When a query told it as it was made" }),
  notified: NullableFlag,
  channel_date: Nullable(Type.String({ format: "date" })),
  refund_channel_date: Nullable(Type.String({ format: "date" })),
  payment_billed: Type.Boolean(),
  refund_billed: Type.Boolean(),
  created_at: InstantSchema,
  finished_at: Type.Union([InstantSchema, Type.Null()]),
});

/** Adds the addresses by which operators try a contract out, or waive that. */
export function verificationRoutes(http: Http, deps: VerificationRoutesDeps): void {
  starting(http, deps);
  reading(http, deps);
  checking(http, deps);
  waiving(http, deps);
}

function starting(http: Http, deps: VerificationRoutesDeps): void {
  http.post<Input<typeof StartBody, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id/verifications",
    {
      schema: opsSchema({
        operationId: "opsStartVerification",
        summary: "Try a contract out with a real payment",
        description:
          "Places a payment through this account, whatever its status. Pay it; it is then asked about, " +
          "given back, and looked for in the channel's next bill, by itself. The payment is the merchant's.",
        params: IdParams,
        body: StartBody,
        response: { 201: VerificationSchema, ...problems(400, 401, 403, 404, 409, 422, 503) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "channel_accounts.write");
      const { method, amount, currency, payment_code, buyer, buyer_ip } = request.body;
      const started = await deps.verifications.start(actor, readId("cha", request.params.id), {
        method,
        amount: amount === undefined ? null : BigInt(amount),
        currency: currency ?? null,
        paymentCode: payment_code ?? null,
        buyer: buyer ?? null,
        buyerIp: buyer_ip ?? null,
      });
      return reply.status(201).send(await shown(deps, started));
    },
  );
}

function reading(http: Http, deps: VerificationRoutesDeps): void {
  const Page = strictObject(PageQuery);
  http.get<Input<never, typeof IdParams, typeof Page>>(
    "/v1/ops/channel_accounts/:id/verifications",
    {
      schema: opsSchema({
        operationId: "opsListVerifications",
        summary: "The verifications of a channel account, newest first",
        params: IdParams,
        querystring: Page,
        response: { 200: pageSchema(VerificationSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "channel_accounts.read");
      const limit = readLimit(request.query.limit);
      const account = readId("cha", request.params.id);
      const rows = await deps.verifications.list(account, readCursorId(request.query.cursor), limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => [row.id],
        (row) => present(row, null),
      );
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/verifications/:id",
    {
      schema: opsSchema({
        operationId: "opsGetVerification",
        summary: "How far a verification has come",
        params: IdParams,
        response: { 200: VerificationSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "channel_accounts.read");
      return shown(deps, await deps.verifications.get(readId("vrf", request.params.id)));
    },
  );
}

function checking(http: Http, deps: VerificationRoutesDeps): void {
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/verifications/:id/check",
    {
      schema: opsSchema({
        operationId: "opsCheckVerification",
        summary: "Look again now instead of at the next due time",
        params: IdParams,
        response: { 200: VerificationSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "channel_accounts.write");
      return shown(deps, await deps.verifications.advance(readId("vrf", request.params.id)));
    },
  );
}

function waiving(http: Http, deps: VerificationRoutesDeps): void {
  http.post<Input<typeof WaiveBody, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id/waive_verification",
    {
      schema: opsSchema({
        operationId: "opsWaiveVerification",
        summary: "Propose to let an account take orders untried",
        description: "Another operator approves it at /v1/ops/approvals.",
        params: IdParams,
        body: WaiveBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "channel_accounts.write");
      const id = readId("cha", request.params.id);
      const approval = await deps.accounts.goingLive.proposeWaiver(actor, id, request.body.reason);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

async function shown(deps: VerificationRoutesDeps, verification: Verification) {
  const whole = await deps.verifications.paymentOf(verification);
  const live = whole === null ? null : liveOf(whole);
  return present(verification, live?.nextAction ?? null);
}

function present(row: Verification, action: Parameters<typeof presentNextAction>[0] | null) {
  return {
    id: formatId("vrf", row.id),
    channel_account: formatId("cha", row.channelAccountId),
    merchant: formatId("mch", row.merchantId),
    method: row.method,
    amount: Number(row.amount),
    currency: row.currency,
    state: row.state,
    detail: row.detail,
    payment: row.paymentId === null ? null : formatId("pay", row.paymentId),
    next_action: action === null ? null : presentNextAction(action),
    refund: row.refundId === null ? null : formatId("rfd", row.refundId),
    asked_at: row.askedAt?.toISOString() ?? null,
    notified: row.notified,
    channel_date: row.channelDate,
    refund_channel_date: row.refundChannelDate,
    payment_billed: row.paymentBilled,
    refund_billed: row.refundBilled,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
