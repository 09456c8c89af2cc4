import { Type } from "typebox";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readIdField,
} from "../../operators/index.ts";
import { allConnections } from "../accounts/store.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { ENTRY_FIELDS } from "../statement/entry-fields.ts";
import { proposeReceipt, RECEIPT_ITEMS_MAX } from "./receipts.ts";
import { type CommissionReceipt, listReceipts, type ReceiptItem, receiptItemsOf } from "./receipts-store.ts";

const ListQuery = strictObject({
  ...PageQuery,
  channel_account: Type.Optional(Type.String({ maxLength: 40 })),
});
const ReceiveBody = strictObject({
  ...ENTRY_FIELDS,
  commissions: Type.Array(
    strictObject({ channel_account: Type.String({ maxLength: 40 }), amount: AmountSchema }),
    {
      minItems: 1,
      maxItems: RECEIPT_ITEMS_MAX,
      description: "Whose it is; they come to the credit's amount",
    },
  ),
  evidence: Type.String({ minLength: 3, maxLength: 500 }),
});
const ReceiptSchema = Type.Object({
  approval: Type.String({ description: "By which two people said what the credit was" }),
  connection: Type.Union([Type.String(), Type.Null()]),
  entry_ref: Type.String(),
  currency: CurrencySchema,
  amount: Type.Integer(),
  commissions: Type.Array(
    Type.Object({ channel_account: Type.String(), merchant: Type.String(), amount: Type.Integer() }),
  ),
  evidence: Type.String(),
  received_on: Type.String({ description: "Accounting date" }),
  made_at: InstantSchema,
});

function presentReceipt(
  row: CommissionReceipt,
  items: readonly ReceiptItem[],
  names: ReadonlyMap<string, string>,
) {
  return {
    approval: formatId("apr", row.id),
    connection: names.get(row.accountNumber) ?? null,
    entry_ref: row.entryRef,
    currency: row.currency,
    amount: Number(row.amount),
    commissions: items.map(({ channelAccountId, merchantId, amount }) => ({
      channel_account: formatId("cha", channelAccountId),
      merchant: formatId("mch", merchantId),
      amount: Number(amount),
    })),
    evidence: row.evidence,
    received_on: row.receivedOn,
    made_at: row.madeAt.toISOString(),
  };
}

/** Adds the addresses of commission that channels have paid. */
export function commissionReceiptRoutes(
  http: Http,
  deps: PayoutsDeps,
  { authenticateOperator }: PayoutsAuth,
): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/commission_receipts",
    {
      schema: opsSchema({
        operationId: "opsListCommissionReceipts",
        summary: "What channels have paid of our commission, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(ReceiptSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { channel_account: account, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const accountId = account === undefined ? null : readIdField("cha", account, "query.channel_account");
      const rows = await listReceipts(deps.cell.db, accountId, readCursorId(cursor), limit + 1);
      const items = await receiptItemsOf(
        deps.cell.db,
        rows.map(({ id }) => id),
      );
      const connections = await allConnections(deps.platform.db);
      const names = new Map(connections.map(({ accountNumber, name }) => [accountNumber, name]));
      const ofReceipt = (id: Id) => items.filter(({ receiptId }) => receiptId === id);
      return pageOf(
        rows,
        limit,
        ({ id }) => [id],
        (row) => presentReceipt(row, ofReceipt(row.id), names),
      );
    },
  );
  http.post<Input<typeof ReceiveBody>>(
    "/v1/ops/commission_receipts",
    {
      schema: opsSchema({
        operationId: "opsReceiveCommission",
        summary: "Propose that a credit of our own account is commission of channel accounts",
        description: "Another operator approves it; never more than what each account's statements tell.",
        body: ReceiveBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { connection, entry_ref: entryRef, commissions, evidence } = request.body;
      const wanted = commissions.map(({ channel_account: account, amount }, index) => ({
        channelAccountId: readIdField("cha", account, `commissions.${index}.channel_account`),
        amount: BigInt(amount),
      }));
      const approval = await proposeReceipt(deps, actor, { connection, entryRef }, wanted, evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}
