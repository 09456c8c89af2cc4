import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import type { Id } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { PAYOUT_STATES } from "../model.ts";
import { proposeRejection } from "../outcome/people.ts";
import { reportsOf } from "../outcome/store.ts";
import { parsePayee } from "../payees/payee.ts";
import { createPayout, getPayout, withdrawPayout } from "./service.ts";
import { sourcesOfPayouts } from "./sources.ts";
import { listPayouts } from "./store.ts";
import {
  CreatePayoutSchema,
  OpsPayoutSchema,
  PayoutSchema,
  presentOpsPayout,
  presentPayout,
  presentReport,
  presentSource,
  ReportSchema,
  SourceSchema,
} from "./wire.ts";

const StateQuery = Type.Optional(Type.Enum([...PAYOUT_STATES]));
const ListQuery = strictObject({ ...PageQuery, status: StateQuery });
const OpsListQuery = strictObject({
  ...PageQuery,
  status: StateQuery,
  merchant: Type.Optional(Type.String({ maxLength: 40 })),
  payee: Type.Optional(Type.String({ maxLength: 40, description: "mch_…, prt_… or rcv_…" })),
  batch: Type.Optional(Type.String({ maxLength: 40 })),
  contradicted: Type.Optional(Type.Enum(["true", "false"])),
});
export const ReasonBody = strictObject({ reason: Type.String({ minLength: 3, maxLength: 500 }) });
export const EvidenceBody = strictObject({
  evidence: Type.String({ minLength: 3, maxLength: 500, description: "What is in writing, and where it is" }),
});
const OpsPayoutWithReports = Type.Object({
  ...OpsPayoutSchema.properties,
  reports: Type.Array(ReportSchema, { description: "Every word about it, in the order of coming" }),
  sources: Type.Array(SourceSchema, { description: "Whence its money comes: the sum is its amount" }),
});

const tags = ["Payouts"];
const security = [{ merchant: [] }];

/** Adds the payouts' addresses for merchants. */
export function payoutRoutes(http: Http, deps: PayoutsDeps, { authenticateMerchant }: PayoutsAuth): void {
  http.post<Input<typeof CreatePayoutSchema>>(
    "/v1/payouts",
    {
      schema: {
        operationId: "createPayout",
        summary: "Pay out available money to your verified bank account",
        description:
          "The amount and the payout's fee are put aside at once; two people of the platform then send it. " +
          "`succeeded` means that the bank's statement shows it. The same request again returns the same " +
          "payout as it now is.",
        tags,
        security,
        body: CreatePayoutSchema,
        response: { 200: PayoutSchema, 201: PayoutSchema, ...problems(400, 401, 403, 409, 422, 503) },
      },
    },
    async (request, reply) => {
      const identity = await authenticateMerchant(request);
      const { payout, isNew } = await createPayout(deps, identity, request.body);
      return reply.status(isNew ? 201 : 200).send(presentPayout(payout));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/payouts/:id",
    {
      schema: {
        operationId: "getPayout",
        summary: "Get a payout",
        tags,
        security,
        params: IdParams,
        response: { 200: PayoutSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      return presentPayout(await getPayout(deps, merchantId, readId("pyt", request.params.id)));
    },
  );
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/payouts",
    {
      schema: {
        operationId: "listPayouts",
        summary: "List payouts",
        description: "Newest first.",
        tags,
        security,
        querystring: ListQuery,
        response: { 200: pageSchema(PayoutSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticateMerchant(request);
      const limit = readLimit(request.query.limit);
      const filter = {
        payeeId: merchantId,
        state: request.query.status ?? null,
        batchId: null,
        contradicted: null,
      };
      const rows = await listPayouts(deps.cell.db, filter, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (payout) => [payout.id], presentPayout);
    },
  );
}

/** Adds the payouts' addresses for operators. */
export function opsPayoutRoutes(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof OpsListQuery>>(
    "/v1/ops/payouts",
    {
      schema: opsSchema({
        operationId: "opsListPayouts",
        summary: "Payouts to all payees, the newest first",
        querystring: OpsListQuery,
        response: { 200: pageSchema(OpsPayoutSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { status, merchant, payee, batch, contradicted, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        payeeId: merchant === undefined ? readPayeeId(payee) : readId("mch", merchant),
        state: status ?? null,
        batchId: batch === undefined ? null : readId("pyb", batch),
        contradicted: contradicted === undefined ? null : contradicted === "true",
      };
      const rows = await listPayouts(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (payout) => [payout.id], presentOpsPayout);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/payouts/:id",
    {
      schema: opsSchema({
        operationId: "opsGetPayout",
        summary: "A payout with every word about it, and whence its money comes",
        params: IdParams,
        response: { 200: OpsPayoutWithReports, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const payout = await getPayout(deps, null, readId("pyt", request.params.id));
      const reports = await reportsOf(deps.cell.db, payout.id);
      const sources = (await sourcesOfPayouts(deps.cell.db, [payout.id]))(payout.id);
      return {
        ...presentOpsPayout(payout),
        reports: reports.map(presentReport),
        sources: sources.map(presentSource),
      };
    },
  );
  endingRoutes(http, deps, authenticateOperator);
}

function readPayeeId(text: string | undefined): Id | null {
  if (text === undefined) return null;
  const payee = parsePayee(text);
  if (payee !== null) return payee.payeeId;
  const detail = "a payee is a merchant (mch_…), a partner (prt_…) or a receiver (rcv_…)";
  throw problem("invalid_request", { field: "query.payee", detail });
}

function endingRoutes(
  http: Http,
  deps: PayoutsDeps,
  authenticateOperator: PayoutsAuth["authenticateOperator"],
): void {
  http.post<Input<typeof ReasonBody, typeof IdParams>>(
    "/v1/ops/payouts/:id/withdraw",
    {
      schema: opsSchema({
        operationId: "opsWithdrawPayout",
        summary: "Give a payout's money back before it is in a batch",
        params: IdParams,
        body: ReasonBody,
        response: { 200: OpsPayoutSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("pyt", request.params.id);
      return presentOpsPayout(await withdrawPayout(deps, actor, id, request.body.reason));
    },
  );
  http.post<Input<typeof EvidenceBody, typeof IdParams>>(
    "/v1/ops/payouts/:id/reject",
    {
      schema: opsSchema({
        operationId: "opsRejectPayout",
        summary: "Propose to end a sent payout on the bank's written no",
        description: "Another operator approves it at /v1/ops/approvals; the money is the payee's again.",
        params: IdParams,
        body: EvidenceBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("pyt", request.params.id);
      const approval = await proposeRejection(deps, actor, id, request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
