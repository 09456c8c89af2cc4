import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import { proposeTerms } from "../accounts/connections.ts";
import { AccountBody, OpsAccountSchema, presentOpsAccount, readAccount } from "../accounts/routes.ts";
import { addBankAccount } from "../accounts/service.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import type { Payee } from "../model.ts";
import { listPayouts } from "../payout/store.ts";
import { OpsPayoutSchema, PayoutSchema, presentOpsPayout, presentPayout } from "../payout/wire.ts";
import { owedToReceivers, payReceiver, presentOwedToReceiver } from "./receivers.ts";
import { OwedTermsBody, PayOwedBody, readOwedTerms, readPayOwed } from "./wire.ts";

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
  accounts(http, deps, auth);
  paying(http, deps, auth);
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

function accounts(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<typeof AccountBody, typeof IdParams>>(
    "/v1/ops/receivers/:id/bank_accounts",
    {
      schema: opsSchema({
        operationId: "opsAddReceiverBankAccount",
        summary: "Enter a receiver's bank account",
        description: "In its registered name alone. Nothing is paid to it before it is verified.",
        params: IdParams,
        body: AccountBody,
        response: {
          200: OpsAccountSchema,
          201: OpsAccountSchema,
          ...problems(400, 401, 403, 404, 409, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const payee = payeeOf(request.params.id);
      const { account, made } = await addBankAccount(deps, actor, payee, readAccount(request.body));
      return reply.status(made ? 201 : 200).send(presentOpsAccount(account));
    },
  );
  http.put<Input<typeof OwedTermsBody, typeof IdParams>>(
    "/v1/ops/receivers/:id/payout_terms",
    {
      schema: opsSchema({
        operationId: "opsSetReceiverPayoutTerms",
        summary: "Propose the least that a receiver is paid, and how long a changed account waits",
        params: IdParams,
        body: OwedTermsBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const payee = payeeOf(request.params.id);
      const approval = await proposeTerms(deps, actor, payee, readOwedTerms(request.body));
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function paying(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<typeof PayOwedBody, typeof IdParams>>(
    "/v1/ops/receivers/:id/payouts",
    {
      schema: opsSchema({
        operationId: "opsPayReceiver",
        summary: "Make a payout of what a receiver has in our own books",
        description:
          "All of it, of days that are over, or `amount` of it. It waits for a batch, which two people " +
          "send. The same request again returns the same payout.",
        params: IdParams,
        body: PayOwedBody,
        response: {
          200: OpsPayoutSchema,
          201: OpsPayoutSchema,
          ...problems(400, 401, 403, 404, 409, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { payeeId } = payeeOf(request.params.id);
      const { payout, isNew } = await payReceiver(deps, actor, payeeId, readPayOwed(request.body));
      return reply.status(isNew ? 201 : 200).send(presentOpsPayout(payout));
    },
  );
}
