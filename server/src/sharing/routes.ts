import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import type { MerchantIdentity } from "../merchants/index.ts";
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
  readIdField,
} from "../operators/index.ts";
import type { Contracts } from "./contracts/service.ts";
import { RECEIVER_STATES, SHARE_STATES, SHARING_MODES } from "./model.ts";
import type { Receivers } from "./receivers/service.ts";
import { listShares, shareById } from "./store.ts";
import {
  ContractSchema,
  presentContract,
  presentReceiver,
  presentShare,
  ReceiverSchema,
  ShareSchema,
} from "./wire.ts";

export type SharingRoutesDeps = {
  readonly cell: Cell;
  readonly receivers: Receivers;
  readonly contracts: Contracts;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }));

const NewReceiverSchema = strictObject({
  merchant: Type.String({ maxLength: 40 }),
  label: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
  name: Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: "^[^\\u0000-\\u001f\\u007f]+$",
    description: "The registered name; kept encrypted and never shown again",
  }),
  accounts: Type.Array(
    strictObject({
      channel_account: Type.String({ maxLength: 40 }),
      type: Type.String({ maxLength: 32, description: "MERCHANT_ID, PERSONAL_OPENID, userId, loginName, …" }),
      account: Type.String({ minLength: 1, maxLength: 64 }),
      relation: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
    }),
    { minItems: 1, maxItems: 8 },
  ),
  reason: Reason,
});

const ContractBody = strictObject({
  mode: Type.Enum([...SHARING_MODES], {
    description: "`channel`: it freezes and splits; `books`: we hold the money. It never changes.",
  }),
  max_millionths: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  term_days: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
  is_open: Type.Optional(Type.Boolean()),
  reason: Reason,
});

const ReceiverQuery = strictObject({ ...PageQuery, state: Type.Optional(Type.Enum([...RECEIVER_STATES])) });
const OpsReceiverQuery = strictObject({
  ...ReceiverQuery.properties,
  merchant: Type.Optional(Type.String({ maxLength: 40 })),
});
const ShareQuery = strictObject({
  ...PageQuery,
  payment: Type.Optional(Type.String({ maxLength: 40 })),
  receiver: Type.Optional(Type.String({ maxLength: 40 })),
  state: Type.Optional(Type.Enum([...SHARE_STATES])),
});
const OpsShareQuery = strictObject({
  ...ShareQuery.properties,
  merchant: Type.Optional(Type.String({ maxLength: 40 })),
});

const own = { tags: ["Profit sharing"], security: [{ merchant: [] }] };

/** Adds the addresses of receivers, of contracts' sharing, and the lists of shares. */
export function sharingRoutes(http: Http, deps: SharingRoutesDeps): void {
  merchantRoutes(http, deps);
  receiverRoutes(http, deps);
  contractRoutes(http, deps);
  shareListRoutes(http, deps);
}

function merchantRoutes(http: Http, deps: SharingRoutesDeps): void {
  http.get<Input<never, never, typeof ReceiverQuery>>(
    "/v1/receivers",
    {
      schema: {
        ...own,
        operationId: "listReceivers",
        summary: "List the receivers of profit sharing",
        querystring: ReceiverQuery,
        response: { 200: pageSchema(ReceiverSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const { state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = { merchantId, state: state ?? null };
      const rows = await deps.receivers.list(filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, ({ receiver }) => [receiver.id], presentReceiver);
    },
  );

  http.get<Input<never, never, typeof ShareQuery>>(
    "/v1/shares",
    {
      schema: {
        ...own,
        operationId: "listShares",
        summary: "List shares",
        description: "Newest first.",
        querystring: ShareQuery,
        response: { 200: pageSchema(ShareSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const { payment, receiver, state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        merchantId,
        paymentId: payment === undefined ? null : readId("pay", payment),
        receiverId: receiver === undefined ? null : readId("rcv", receiver),
        state: state ?? null,
      };
      const rows = await listShares(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (share) => [share.id], presentShare);
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/shares/:id",
    {
      schema: {
        ...own,
        operationId: "getShare",
        summary: "Get a share",
        params: IdParams,
        response: { 200: ShareSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const share = await shareById(deps.cell.db, readId("shr", request.params.id));
      if (share?.merchantId !== merchantId) throw problem("not_found");
      return presentShare(share);
    },
  );
}

function receiverRoutes(http: Http, deps: SharingRoutesDeps): void {
  http.post<Input<typeof NewReceiverSchema>>(
    "/v1/ops/receivers",
    {
      schema: opsSchema({
        operationId: "opsProposeReceiver",
        summary: "Propose a receiver of a merchant's shares",
        description: "Another operator approves it at /v1/ops/approvals; then it is bound at the channels.",
        body: NewReceiverSchema,
        response: {
          202: Type.Object({ receiver: ReceiverSchema, approval: ApprovalSchema }),
          ...problems(400, 401, 403, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "sharing.propose");
      const { body } = request;
      const made = await deps.receivers.propose(
        actor,
        {
          merchantId: readIdField("mch", body.merchant, "merchant"),
          label: body.label,
          name: body.name,
          bindings: body.accounts.map((one, index) => ({
            channelAccountId: readIdField("cha", one.channel_account, `accounts.${index}.channel_account`),
            type: one.type,
            account: one.account,
            relation: one.relation ?? null,
          })),
        },
        body.reason ?? null,
      );
      return reply
        .status(202)
        .send({ receiver: presentReceiver(made), approval: presentApproval(made.approval) });
    },
  );

  http.get<Input<never, never, typeof OpsReceiverQuery>>(
    "/v1/ops/receivers",
    {
      schema: opsSchema({
        operationId: "opsListReceivers",
        summary: "List receivers of profit sharing",
        querystring: OpsReceiverQuery,
        response: { 200: pageSchema(ReceiverSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "sharing.read");
      const { merchant, state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const merchantId = merchant === undefined ? null : readId("mch", merchant);
      const filter = { merchantId, state: state ?? null };
      const rows = await deps.receivers.list(filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, ({ receiver }) => [receiver.id], presentReceiver);
    },
  );

  for (const [verb, operationId, summary] of [
    ["bind", "opsBindReceiver", "Bind a receiver again where a channel refused it"],
    ["disable", "opsDisableReceiver", "Make no more shares for a receiver"],
  ] as const) {
    http.post<Input<never, typeof IdParams>>(
      `/v1/ops/receivers/:id/${verb}`,
      {
        schema: opsSchema({
          operationId,
          summary,
          params: IdParams,
          response: { 200: ReceiverSchema, ...problems(401, 403, 404, 409) },
        }),
      },
      async (request) => {
        const actor = await deps.authenticateOperator(request, "sharing.propose");
        const id = readId("rcv", request.params.id);
        return presentReceiver(await deps.receivers[verb](actor, id));
      },
    );
  }
}

function contractRoutes(http: Http, deps: SharingRoutesDeps): void {
  http.put<Input<typeof ContractBody, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id/sharing",
    {
      schema: opsSchema({
        operationId: "opsProposeSharingContract",
        summary: "Propose what a contract says of splitting",
        description: "Another operator approves it. Limits that are left out are the channel's usual ones.",
        params: IdParams,
        body: ContractBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "sharing.propose");
      const { mode, max_millionths: max, term_days: termDays, is_open: isOpen, reason } = request.body;
      const approval = await deps.contracts.propose(
        actor,
        readId("cha", request.params.id),
        {
          mode,
          maxMillionths: max === undefined ? null : BigInt(max),
          termDays: termDays ?? null,
          isOpen: isOpen ?? true,
        },
        reason ?? null,
      );
      return reply.status(202).send(presentApproval(approval));
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id/sharing",
    {
      schema: opsSchema({
        operationId: "opsGetSharingContract",
        summary: "What a contract says of splitting",
        params: IdParams,
        response: { 200: ContractSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "sharing.read");
      const contract = await deps.contracts.of(readId("cha", request.params.id));
      if (contract === null) throw problem("not_found", { detail: "the account splits nothing" });
      return presentContract(contract);
    },
  );
}

function shareListRoutes(http: Http, deps: SharingRoutesDeps): void {
  http.get<Input<never, never, typeof OpsShareQuery>>(
    "/v1/ops/shares",
    {
      schema: opsSchema({
        operationId: "opsListShares",
        summary: "List shares",
        querystring: OpsShareQuery,
        response: { 200: pageSchema(ShareSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "sharing.read");
      const { merchant, payment, receiver, state, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        merchantId: merchant === undefined ? null : readId("mch", merchant),
        paymentId: payment === undefined ? null : readId("pay", payment),
        receiverId: receiver === undefined ? null : readId("rcv", receiver),
        state: state ?? null,
      };
      const rows = await listShares(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (share) => [share.id], presentShare);
    },
  );
}
