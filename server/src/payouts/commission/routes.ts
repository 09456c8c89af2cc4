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
import { type CommissionRow, REASONS, ROW_STATES, type RowState } from "./model.ts";
import { commissionId, proposeAcceptance } from "./people.ts";
import { listCommissions } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const ListQuery = strictObject({
  ...PageQuery,
  channel_account: Type.Optional(Type.String({ maxLength: 40 })),
  state: Type.Optional(Type.Enum([...ROW_STATES])),
});
const AcceptBody = strictObject({
  evidence: Type.String({ minLength: 3, maxLength: 500, description: "What shows that the channel owes it" }),
});
const CommissionSchema = Type.Object({
  id: Type.String(),
  channel_account: Type.String(),
  merchant: Type.String(),
  statement: Type.String({ description: "The version that had it first" }),
  statement_date: Type.String(),
  line: Type.Integer(),
  number: Type.String({ description: "Of the payment, in the statement's words" }),
  kind: Type.String(),
  at: InstantSchema,
  amount: Type.Integer({ description: "What the channel owes us; below zero it is taken back" }),
  currency: CurrencySchema,
  state: Type.Enum([...ROW_STATES], {
    description: "matched: booked; unmatched: a difference; withdrawn: the current version does not have it",
  }),
  reason: Type.Union([Type.Enum([...REASONS]), Type.Null()], {
    description: "Why it was not booked by itself",
  }),
  payment: NullableString,
  accepted_by: Type.Union([Type.String(), Type.Null()], { description: "The approval that booked it" }),
  told_at: InstantSchema,
});

function presentCommission(row: CommissionRow) {
  const { line, number, kind, currency, state, reason } = row;
  return {
    id: commissionId(row.id),
    channel_account: formatId("cha", row.channelAccountId),
    merchant: formatId("mch", row.merchantId),
    statement: formatId("stm", row.statementId),
    statement_date: row.statementDate,
    line,
    number,
    kind,
    at: row.at.toISOString(),
    amount: Number(row.amount),
    currency,
    state,
    reason,
    payment: row.paymentId === null ? null : formatId("pay", row.paymentId),
    accepted_by: row.acceptedBy === null ? null : formatId("apr", row.acceptedBy),
    told_at: row.toldAt.toISOString(),
  };
}

/** Adds the addresses of our commission on money that does not pass us. */
export function commissionRoutes(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/commissions",
    {
      schema: opsSchema({
        operationId: "opsListCommissions",
        summary: "What channels' commission statements tell, row by row, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(CommissionSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { channel_account: account, state = null, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        channelAccountId: account === undefined ? null : readIdField("cha", account, "query.channel_account"),
        state: state as RowState | null,
      };
      const rows = await listCommissions(deps.cell.db, filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, ({ id }) => [id], presentCommission);
    },
  );
  http.post<Input<typeof AcceptBody, typeof IdParams>>(
    "/v1/ops/commissions/:id/accept",
    {
      schema: opsSchema({
        operationId: "opsAcceptCommission",
        summary: "Propose that the channel owes us a row that was not booked by itself",
        description: "It is booked once another operator has approved it.",
        params: IdParams,
        body: AcceptBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("cms", request.params.id);
      const approval = await proposeAcceptance(deps, actor, id, request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
