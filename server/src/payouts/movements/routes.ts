import { Type } from "typebox";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { millionthsPerMinorUnit } from "../../kernel/money.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  opsSchema,
  pageSchema,
  presentApproval,
  readId,
} from "../../operators/index.ts";
import { dateAndKeyOf } from "../channel/cursor.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { fundDifferences } from "./differences.ts";
import { movementId, proposePlace } from "./place.ts";
import { PLACES } from "./store.ts";

const DifferenceSchema = Type.Object({
  what: Type.Enum(["fund_unexplained", "shares_differ"]),
  movement: Type.Union([Type.String(), Type.Null()]),
  channel_account: Type.String(),
  date: Type.String({ description: "The channel's date" }),
  age_days: Type.Integer(),
  kind: Type.String({ description: "In the channel's own words" }),
  lines: Type.Integer(),
  numbers: Type.Array(Type.String(), { description: "The channel's numbers of the first of them" }),
  amount: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "What the channel's statement has more than the books, minor units; below zero it has less. " +
      "Null: no whole number of them, see amount_millionths",
  }),
  amount_millionths: Type.Integer({ description: "The same in millionths of the major unit" }),
  currency: CurrencySchema,
  detail: Type.String({ description: "What is wrong, and what to do" }),
});
const ListQuery = strictObject(PageQuery);
const PlaceBody = strictObject({
  as: Type.Enum([...PLACES], {
    description:
      "cost: the channel's charge, ours to bear; merchant: the merchant's; income: ours; " +
      "elsewhere: another statement or announcement explains it, nothing is booked",
  }),
  evidence: Type.String({ minLength: 3, maxLength: 500, description: "What shows that it is so" }),
});

const UNEXPLAINED =
  "The channel's fund bill moves it, and no trade, payout or share is it: ask the channel, then " +
  "say what it is.";
const SHARES =
  "The channel's fund bill and our shares of the date differ: compare the day's shares with the " +
  "bill's lines, and ask the channel.";

/** What channels' fund bills tell that nothing else does, and how people explain it. */
export function movementRoutes(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/fund_differences",
    {
      schema: opsSchema({
        operationId: "opsListFundDifferences",
        summary: "What channels' fund bills move and nothing explains, and days whose shares differ",
        querystring: ListQuery,
        response: { 200: pageSchema(DifferenceSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const limit = readLimit(request.query.limit);
      const rows = await fundDifferences(deps, dateAndKeyOf(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.date, row.key], presentDifference);
    },
  );
  http.post<Input<typeof PlaceBody, typeof IdParams>>(
    "/v1/ops/channel_movements/:id/place",
    {
      schema: opsSchema({
        operationId: "opsPlaceChannelMovement",
        summary: "Propose what a movement of a fund bill is",
        description: "It is booked once another operator has approved it.",
        params: IdParams,
        body: PlaceBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const id = readId("cmv", request.params.id);
      const approval = await proposePlace(deps, actor, id, request.body);
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function presentDifference(row: Awaited<ReturnType<typeof fundDifferences>>[number]) {
  const { what, date, kind, lines, currency, openMillionths } = row;
  const unit = millionthsPerMinorUnit(currency);
  return {
    what,
    movement: row.movementId === null ? null : movementId(row.movementId),
    channel_account: formatId("cha", row.channelAccountId),
    date,
    age_days: row.ageDays,
    kind,
    lines,
    numbers: [...row.numbers],
    amount: openMillionths % unit === 0n ? Number(openMillionths / unit) : null,
    amount_millionths: Number(openMillionths),
    currency,
    detail: what === "shares_differ" ? SHARES : UNEXPLAINED,
  };
}
