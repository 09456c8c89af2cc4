import { Type } from "typebox";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  opsSchema,
  pageSchema,
  presentApproval,
  readIdField,
} from "../../operators/index.ts";
import { allConnections } from "../accounts/store.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { dateAndKeyOf } from "./cursor.ts";
import { differences } from "./late.ts";
import { channelPayoutId } from "./service.ts";
import { proposeWithdrawal } from "./withdraw.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);

const DifferenceSchema = Type.Object({
  kind: Type.Enum(["payout_late", "payout_doubted", "credit_unexplained"]),
  date: Type.String({ description: "When the channel announced it, or the bank valued it" }),
  age_days: Type.Integer(),
  amount: Type.Integer(),
  currency: CurrencySchema,
  payer: NullableString,
  channel_payout: NullableString,
  connection: NullableString,
  entry_ref: NullableString,
  detail: Type.String({ description: "What is wrong, and what to do" }),
});
const ListQuery = strictObject(PageQuery);
const PayoutParams = strictObject({ payout: Type.String({ maxLength: 40 }) });
const WithdrawBody = strictObject({
  evidence: Type.String({ minLength: 3, maxLength: 500, description: "What shows that it did not leave" }),
});

const LATE =
  "The bank has not shown it within three business days: ask the bank and the channel, then match " +
  "the entry that it is, or withdraw it.";
const UNEXPLAINED =
  "No channel has announced it within three business days: announce it, match it, or say " +
  "that it is own money.";
const DOUBTED =
  "Match the entry that it is, or withdraw it and announce what the channel says by a number of " +
  "its own.";

/** What is open between channels and banks, and how a payout that never came is taken back. */
export function channelPayoutRoutes(
  http: Http,
  deps: PayoutsDeps,
  { authenticateOperator }: PayoutsAuth,
): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/bank_differences",
    {
      schema: opsSchema({
        operationId: "opsListBankDifferences",
        summary: "What channels have announced and banks have not shown, or the other way round, in time",
        querystring: ListQuery,
        response: { 200: pageSchema(DifferenceSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const limit = readLimit(request.query.limit);
      const rows = await differences(deps, dateAndKeyOf(request.query.cursor), limit + 1);
      const connections = await allConnections(deps.platform.db);
      const names = new Map(connections.map(({ accountNumber, name }) => [accountNumber, name]));
      return pageOf(
        rows,
        limit,
        (row) => [row.date, row.key],
        (row) => presentDifference(row, names),
      );
    },
  );
  http.post<Input<typeof WithdrawBody, typeof PayoutParams>>(
    "/v1/ops/channel_payouts/:payout/withdraw",
    {
      schema: opsSchema({
        operationId: "opsWithdrawChannelPayout",
        summary: "Propose that an announced payout never left the channel, which owes it again",
        params: PayoutParams,
        body: WithdrawBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readIdField("cpo", request.params.payout, "payout");
      const approval = await proposeWithdrawal(deps, actor, id, request.body.evidence);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function presentDifference(
  row: Awaited<ReturnType<typeof differences>>[number],
  names: ReadonlyMap<string, string>,
) {
  const { kind, date, amount, currency, payer, doubt } = row;
  return {
    kind,
    date,
    age_days: row.ageDays,
    amount: Number(amount),
    currency,
    payer,
    channel_payout: row.payoutId === null ? null : channelPayoutId(row.payoutId),
    connection: row.accountNumber === null ? null : (names.get(row.accountNumber) ?? null),
    entry_ref: row.entryRef,
    detail: doubt !== null ? `${doubt}. ${DOUBTED}` : kind === "payout_late" ? LATE : UNEXPLAINED,
  };
}
