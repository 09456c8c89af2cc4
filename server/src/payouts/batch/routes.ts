import { type Static, Type } from "typebox";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
  readIdField,
} from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { BATCH_MAX, BATCH_STATES, type Batch } from "../model.ts";
import { EvidenceBody } from "../payout/routes.ts";
import { PayoutNumber, RemarkSchema } from "../payout/wire.ts";
import { messageIdOf } from "../sending/pain001.ts";
import { fileRefused, proposeCompanyBatch } from "./company.ts";
import { type FileRow, readPayoutFile } from "./csv.ts";
import { type Funds, fundsByConnection } from "./funds.ts";
import {
  dissolveBatch,
  funds,
  getBatch,
  type Proposed,
  proposeBatch,
  proposeResend,
  reserveConnection,
} from "./service.ts";
import { listBatches } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);
const ConnectionField = Type.String({ minLength: 1, maxLength: 40, description: "A bank connection's name" });

const BatchSchema = Type.Object({
  id: Type.String(),
  connection: Type.String(),
  currency: CurrencySchema,
  state: Type.Enum([...BATCH_STATES]),
  payouts: Type.Integer(),
  amount: Type.Integer(),
  message_id: Type.String({ description: "MsgId at the bank" }),
  instruction_sha256: NullableString,
  sends: Type.Integer(),
  bank_has_it: Type.Boolean(),
  needs_people: Type.Boolean({
    description: "`last_error` says why. Get the bank's word in writing; then resend it or reject",
  }),
  last_error: NullableString,
  proposed_by: Type.String(),
  approved_by: NullableString,
  created_at: InstantSchema,
  approved_at: NullableInstant,
  instructed_at: NullableInstant,
  ended_at: NullableInstant,
});

const ProposedSchema = Type.Object({ batch: BatchSchema, approval: ApprovalSchema });

const ProposeBody = strictObject({
  connection: ConnectionField,
  payouts: Type.Optional(
    Type.Array(Type.String({ maxLength: 40 }), {
      minItems: 1,
      maxItems: BATCH_MAX,
      description: "Which; those that wait for longest if absent",
    }),
  ),
});
const CompanyBody = strictObject({
  connection: ConnectionField,
  csv: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 60_000,
      description: "A file: merchant,payout_no,amount,remark with decimal amounts",
    }),
  ),
  items: Type.Optional(
    Type.Array(
      strictObject({
        merchant: Type.String({ maxLength: 40 }),
        payout_no: PayoutNumber,
        amount: AmountSchema,
        remark: Type.Optional(RemarkSchema),
      }),
      { minItems: 1, maxItems: BATCH_MAX },
    ),
  ),
});
const ListQuery = strictObject({
  ...PageQuery,
  state: Type.Optional(Type.Enum([...BATCH_STATES])),
  needs_people: Type.Optional(Type.Enum(["true", "false"])),
});
const FundsQuery = strictObject({ currency: CurrencySchema });
const FundsSchema = Type.Object({
  currency: CurrencySchema,
  reserve: Type.Integer({ description: "Confirmed by the bank's statements" }),
  instructed: Type.Integer({ description: "Approved or sent, and not yet taken from it" }),
  free: Type.Integer(),
  connections: Type.Array(
    Type.Object({
      connection: Type.String(),
      reserve: Type.Integer({ description: "What the account's latest statement closes with" }),
      instructed: Type.Integer({ description: "Approved or sent through it, and not in that statement" }),
      free: Type.Integer({ description: "The most that a batch through it may be, once one was read" }),
      is_told: Type.Boolean({
        description:
          "Whether a statement of it was read. Until then the books decide where it is the currency's only " +
          "account, and otherwise nothing is sent through it",
      }),
    }),
  ),
});

function presentFunds({ reserve, instructed }: Funds) {
  return {
    reserve: Number(reserve),
    instructed: Number(instructed),
    free: Number(reserve - instructed),
  };
}

function presentBatch(batch: Batch) {
  return {
    id: formatId("pyb", batch.id),
    connection: batch.connection,
    currency: batch.currency,
    state: batch.state,
    payouts: batch.payouts,
    amount: Number(batch.amount),
    message_id: messageIdOf(batch.id),
    instruction_sha256: batch.instructionHash?.toString("hex") ?? null,
    sends: batch.sends,
    bank_has_it: batch.bankHasIt,
    needs_people: batch.needsPeople,
    last_error: batch.lastError,
    proposed_by: formatId("opr", batch.proposedBy),
    approved_by: batch.approvedBy === null ? null : formatId("opr", batch.approvedBy),
    created_at: batch.createdAt.toISOString(),
    approved_at: batch.approvedAt?.toISOString() ?? null,
    instructed_at: batch.instructedAt?.toISOString() ?? null,
    ended_at: batch.endedAt?.toISOString() ?? null,
  };
}

function presentProposed({ batch, approval }: Proposed) {
  return { batch: presentBatch(batch), approval: presentApproval(approval) };
}

/** Adds the batches' addresses. */
export function batchRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  proposing(http, deps, auth);
  reading(http, deps, auth);
  ending(http, deps, auth);
}

function proposing(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<typeof ProposeBody>>(
    "/v1/ops/payout_batches",
    {
      schema: opsSchema({
        operationId: "opsProposePayoutBatch",
        summary: "Propose to send payouts that wait",
        description: "Another operator approves it at /v1/ops/approvals, and only then is anything sent.",
        body: ProposeBody,
        response: { 202: ProposedSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, payouts } = request.body;
      const ids = payouts?.map((text) => readIdField("pyt", text, "payouts")) ?? null;
      const proposed = await proposeBatch(deps, actor, { connection, payouts: ids });
      return reply.status(202).send(presentProposed(proposed));
    },
  );
  http.post<Input<typeof CompanyBody>>(
    "/v1/ops/payout_files",
    {
      schema: opsSchema({
        operationId: "opsProposePayoutFile",
        summary: "Make and propose many payouts at once, by file or as items",
        description: "All of them or none: a refusal names the first wrong line (of items: their place).",
        body: CompanyBody,
        response: { 202: ProposedSchema, ...problems(400, 401, 403, 409, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, csv, items } = request.body;
      const { currency } = await reserveConnection(deps, connection);
      const rows = csv === undefined ? rowsOf(items ?? []) : readRows(csv, currency);
      const proposed = await proposeCompanyBatch(deps, actor, { connection, rows });
      return reply.status(202).send(presentProposed(proposed));
    },
  );
}

function readRows(csv: string, currency: string): readonly FileRow[] {
  const read = readPayoutFile(csv, currency);
  if ("refused" in read) throw fileRefused(read.refused.line, read.refused.reason);
  return read.rows;
}

type Items = NonNullable<Static<typeof CompanyBody>["items"]>;

function rowsOf(items: Items): readonly FileRow[] {
  const seen = new Set<string>();
  return items.map((item, index) => {
    const line = index + 1;
    const key = `${item.merchant}/${item.payout_no}`;
    if (seen.has(key)) throw fileRefused(line, "payout_no is named twice");
    seen.add(key);
    return {
      line,
      merchantId: readIdField("mch", item.merchant, "items.merchant"),
      payoutNo: item.payout_no,
      amount: BigInt(item.amount),
      remark: item.remark ?? null,
    };
  });
}

function reading(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/payout_batches",
    {
      schema: opsSchema({
        operationId: "opsListPayoutBatches",
        summary: "Batches, the newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(BatchSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { state, needs_people, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        state: state ?? null,
        needsPeople: needs_people === undefined ? null : needs_people === "true",
      };
      const rows = await listBatches(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (batch) => [batch.id], presentBatch);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/payout_batches/:id",
    {
      schema: opsSchema({
        operationId: "opsGetPayoutBatch",
        summary: "A batch",
        params: IdParams,
        response: { 200: BatchSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      return presentBatch(await getBatch(deps, readId("pyb", request.params.id)));
    },
  );
  http.get<Input<never, never, typeof FundsQuery>>(
    "/v1/ops/payout_funds",
    {
      schema: opsSchema({
        operationId: "opsGetPayoutFunds",
        summary: "What the confirmed reserve still covers",
        querystring: FundsQuery,
        response: { 200: FundsSchema, ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { currency } = request.query;
      const all = presentFunds(await funds(deps, currency));
      const connections = (await fundsByConnection(deps, currency)).map(({ connection, ...own }) => ({
        connection,
        ...presentFunds(own),
        is_told: own.isTold,
      }));
      return { currency, ...all, connections };
    },
  );
}

function ending(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.post<Input<never, typeof IdParams>>(
    "/v1/ops/payout_batches/:id/dissolve",
    {
      schema: opsSchema({
        operationId: "opsDissolvePayoutBatch",
        summary: "Take a proposed batch apart; its payouts wait again",
        params: IdParams,
        response: { 200: BatchSchema, ...problems(401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      return presentBatch(await dissolveBatch(deps, actor, readId("pyb", request.params.id)));
    },
  );
  http.post<Input<typeof EvidenceBody, typeof IdParams>>(
    "/v1/ops/payout_batches/:id/resend",
    {
      schema: opsSchema({
        operationId: "opsResendPayoutBatch",
        summary: "Propose to send a batch once more, on the bank's written word that it never had it",
        description: "The same message under the same ids, once another operator has approved it.",
        params: IdParams,
        body: EvidenceBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("pyb", request.params.id);
      const approval = await proposeResend(deps, actor, id, request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
