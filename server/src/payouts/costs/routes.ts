import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
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
import { allConnections } from "../accounts/store.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { ENTRY_FIELDS } from "../statement/entry-fields.ts";
import { type CostItem, type CostMonth, type CostPayment, ITEMS_MAX, owedOf } from "./model.ts";
import { closedMonth, costPaymentId, proposeCostPayment, proposeCostReturn } from "./service.ts";
import { costMonths, itemsOf, listPayments } from "./store.ts";

const Evidence = Type.String({ minLength: 3, maxLength: 500 });
const MonthField = Type.String({ pattern: "^\\d{4}-\\d{2}$", description: "yyyy-mm" });
const PayBody = strictObject({
  ...ENTRY_FIELDS,
  costs: Type.Array(
    strictObject({
      channel_account: Type.String({ maxLength: 40 }),
      month: MonthField,
      amount: AmountSchema,
    }),
    { minItems: 1, maxItems: ITEMS_MAX, description: "What the debit paid; they come to its amount" },
  ),
  evidence: Evidence,
});
const ReturnBody = strictObject({ ...ENTRY_FIELDS, evidence: Evidence });
const ListQuery = strictObject({
  ...PageQuery,
  channel_account: Type.Optional(Type.String({ maxLength: 40 })),
});
const MonthQuery = strictObject({ ...PageQuery, month: MonthField });
const PaymentSchema = Type.Object({
  id: Type.String(),
  connection: Type.Union([Type.String(), Type.Null()]),
  entry_ref: Type.String(),
  currency: CurrencySchema,
  amount: Type.Integer(),
  evidence: Type.String(),
  costs: Type.Array(
    Type.Object({
      channel_account: Type.String(),
      merchant: Type.String(),
      month: Type.String(),
      amount: Type.Integer(),
      of_minimum: Type.Integer({ description: "What of it the month's minimum was above its costs" }),
    }),
  ),
  paid_on: Type.String({ description: "Accounting date" }),
  returned_on: Type.Union([Type.String(), Type.Null()], { description: "It came back: it is owed again" }),
  made_at: InstantSchema,
});
const MonthSchema = Type.Object({
  channel_account: Type.String(),
  merchant: Type.String(),
  currency: CurrencySchema,
  charged: Type.Integer({ description: "Costs billed apart, less what came back in the month" }),
  minimum: Type.Integer({ description: "Above that, up to the month's minimum" }),
  paid: Type.Integer(),
  owed: Type.Integer(),
});

function presentPayment(row: CostPayment, items: readonly CostItem[], names: ReadonlyMap<string, string>) {
  return {
    id: costPaymentId(row.id),
    connection: names.get(row.accountNumber) ?? null,
    entry_ref: row.entryRef,
    currency: row.currency,
    amount: Number(row.amount),
    evidence: row.evidence,
    costs: items.map(({ channelAccountId, merchantId, month, merchantAmount, minimumAmount }) => ({
      channel_account: formatId("cha", channelAccountId),
      merchant: formatId("mch", merchantId),
      month: month.slice(0, "yyyy-mm".length),
      amount: Number(merchantAmount + minimumAmount),
      of_minimum: Number(minimumAmount),
    })),
    paid_on: row.paidOn,
    returned_on: row.returnedOn,
    made_at: row.madeAt.toISOString(),
  };
}

function presentMonth(row: CostMonth) {
  return {
    channel_account: formatId("cha", row.channelAccountId),
    merchant: formatId("mch", row.merchantId),
    currency: row.currency,
    charged: Number(row.charged),
    minimum: Number(row.gap),
    paid: Number(row.paidOfCharged + row.paidOfGap),
    owed: Number(owedOf(row)),
  };
}

/** Adds the addresses of channels' costs that are billed apart: what is owed, and what was paid of it. */
export function costRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  reading(http, deps, auth);
  saying(http, deps, auth);
}

function reading(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof MonthQuery>>(
    "/v1/ops/channel_cost_months",
    {
      schema: opsSchema({
        operationId: "opsListChannelCostMonths",
        summary: "What channels are owed for a closed month, by channel account",
        querystring: MonthQuery,
        response: { 200: pageSchema(MonthSchema), ...problems(400, 401, 403, 409) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { month, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const days = await closedMonth(deps.cell.db, month, "query.month");
      const rows = await costMonths(deps.cell.db, days, afterOf(cursor), limit + 1);
      const placeOf = (row: CostMonth) => [formatId("cha", row.channelAccountId), row.currency];
      return pageOf(rows, limit, placeOf, presentMonth);
    },
  );
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/channel_cost_payments",
    {
      schema: opsSchema({
        operationId: "opsListChannelCostPayments",
        summary: "What was paid to channels of costs that they bill apart, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(PaymentSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { channel_account: account, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const accountId = account === undefined ? null : readIdField("cha", account, "query.channel_account");
      const rows = await listPayments(deps.cell.db, accountId, readCursorId(cursor), limit + 1);
      const items = await itemsOf(
        deps.cell.db,
        rows.map(({ id }) => id),
      );
      const connections = await allConnections(deps.platform.db);
      const names = new Map(connections.map(({ accountNumber, name }) => [accountNumber, name]));
      const ofPayment = (id: Id) => items.filter(({ paymentId }) => paymentId === id);
      return pageOf(
        rows,
        limit,
        ({ id }) => [id],
        (row) => presentPayment(row, ofPayment(row.id), names),
      );
    },
  );
}

function afterOf(cursor: string | undefined): readonly [Id, string] | null {
  const [account = "", currency = ""] = decodeCursor(cursor, 2) ?? [];
  if (cursor === undefined) return null;
  const id = parseId("cha", account);
  if (id === null) throw problem("cursor_invalid", { field: "query.cursor" });
  return [id, currency];
}

function saying(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  const answers = { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409, 422) };
  http.post<Input<typeof PayBody>>(
    "/v1/ops/channel_cost_payments",
    {
      schema: opsSchema({
        operationId: "opsPayChannelCosts",
        summary: "Propose that a debit of our own account paid channels' costs of closed months",
        description:
          "A person sends it at the bank. Another operator approves what it was; never more than the books " +
          "owe for each month.",
        body: PayBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, entry_ref: entryRef, costs, evidence } = request.body;
      const wanted = costs.map(({ channel_account: account, month, amount }, index) => ({
        channelAccountId: readIdField("cha", account, `costs.${index}.channel_account`),
        month,
        amount: BigInt(amount),
      }));
      const named = { connection, entryRef };
      const approval = await proposeCostPayment(deps, actor, named, wanted, evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.post<Input<typeof ReturnBody, typeof IdParams>>(
    "/v1/ops/channel_cost_payments/:id/return",
    {
      schema: opsSchema({
        operationId: "opsReturnChannelCosts",
        summary: "Propose that a credit of our own account brings a payment of costs back",
        description: "All of it is owed again, once another operator has approved it.",
        params: IdParams,
        body: ReturnBody,
        response: answers,
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, entry_ref: entryRef, evidence } = request.body;
      const id = readId("ccp", request.params.id);
      const approval = await proposeCostReturn(deps, actor, id, { connection, entryRef }, evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
