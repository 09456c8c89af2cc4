import type { FastifyRequest } from "fastify";
import { type Static, Type } from "typebox";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  problems,
  strictObject,
} from "../kernel/http.ts";
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
  readIdField,
} from "../operators/index.ts";
import { minimumRoutes } from "./minimums/routes.ts";
import type { CardType, ScheduleKind } from "./model.ts";
import { previewCost, previewFee } from "./preview.ts";
import type { Fees } from "./service.ts";
import type { Place } from "./store.ts";
import {
  CardTypeSchema,
  CostQuoteSchema,
  CostScheduleDetail,
  CostScheduleSchema,
  DateSchema,
  FeeQuoteSchema,
  FeeScheduleDetail,
  FeeScheduleSchema,
  MethodText,
  presentSchedule,
  presentScheduleDetail,
  readTerms,
  TermsSchema,
} from "./wire.ts";

export type FeeRoutesDeps = {
  readonly fees: Fees;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const IdText = Type.String({ maxLength: 100 });
const PLACE = { method: Type.Union([MethodText, Type.Null()]), currency: CurrencySchema };

const VERSION = {
  ...PLACE,
  effective_from: DateSchema,
  terms: Type.Union([TermsSchema, Type.Null()], { description: "Null: the schedule ends on that date" }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
};
const FeeVersionBody = strictObject({ merchant_id: IdText, ...VERSION });
const CostVersionBody = strictObject({ channel_account_id: IdText, ...VERSION });

const TRANSACTION = {
  method: MethodText,
  currency: CurrencySchema,
  amount: AmountSchema,
  card_type: Type.Optional(CardTypeSchema),
  date: Type.Optional(DateSchema),
  terms: Type.Optional(TermsSchema),
};
const FeeQuoteBody = strictObject({ merchant_id: IdText, ...TRANSACTION });
const CostQuoteBody = strictObject({ channel_account_id: IdText, ...TRANSACTION });

const FeeListQuery = strictObject({ ...PageQuery, merchant_id: Type.Optional(IdText) });
const CostListQuery = strictObject({ ...PageQuery, channel_account_id: Type.Optional(IdText) });

const QUOTE =
  "By the version in force on the date, today where none is named; with terms, by those instead: what a " +
  "version would charge before it is proposed.";
const VERSIONS =
  "The next version of the schedule of this owner, method (null: all methods without one of their own) " +
  "and currency, from a date on. Another operator approves it at /v1/ops/approvals; earlier versions never " +
  "change.";

/** Adds `/v1/ops/fee_schedules…`, `/v1/ops/cost_schedules…` and `/v1/ops/cost_minimums`. */
export function feeRoutes(http: Http, deps: FeeRoutesDeps): void {
  listing(http, deps);
  minimumRoutes(http, deps);
  showing(http, deps);
  proposing(http, deps);
  quoting(http, deps);
}

function listing(http: Http, { fees, authenticateOperator }: FeeRoutesDeps): void {
  http.get<Input<never, never, typeof FeeListQuery>>(
    "/v1/ops/fee_schedules",
    {
      schema: opsSchema({
        operationId: "opsListFeeSchedules",
        summary: "What merchants pay, newest schedule first",
        querystring: FeeListQuery,
        response: { 200: pageSchema(FeeScheduleSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      const { merchant_id: merchant, cursor, limit } = request.query;
      const merchantId = merchant === undefined ? null : readIdField("mch", merchant, "query.merchant_id");
      return page(fees, { kind: "fee", merchantId, channelAccountId: null }, cursor, limit);
    },
  );
  http.get<Input<never, never, typeof CostListQuery>>(
    "/v1/ops/cost_schedules",
    {
      schema: opsSchema({
        operationId: "opsListCostSchedules",
        summary: "What channels cost, newest schedule first",
        querystring: CostListQuery,
        response: { 200: pageSchema(CostScheduleSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      const { channel_account_id: account, cursor, limit } = request.query;
      const channelAccountId =
        account === undefined ? null : readIdField("cha", account, "query.channel_account_id");
      return page(fees, { kind: "cost", merchantId: null, channelAccountId }, cursor, limit);
    },
  );
}

type Listed = Pick<Place, "kind" | "merchantId" | "channelAccountId">;

async function page(fees: Fees, of: Listed, cursor: string | undefined, wanted: string | undefined) {
  const limit = readLimit(wanted);
  const today = await fees.today();
  const rows = await fees.list({ ...of, before: readCursorId(cursor) }, limit + 1);
  return pageOf(
    rows,
    limit,
    (row) => [row.id],
    (row) => presentSchedule(row, today),
  );
}

function showing(http: Http, { fees, authenticateOperator }: FeeRoutesDeps): void {
  const show = async (kind: ScheduleKind, id: string) => {
    const schedule = await fees.get(kind, readId("fsc", id));
    return presentScheduleDetail(schedule, await fees.today());
  };
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/fee_schedules/:id",
    {
      schema: opsSchema({
        operationId: "opsGetFeeSchedule",
        summary: "Show a schedule of fees with all its versions",
        params: IdParams,
        response: { 200: FeeScheduleDetail, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      return show("fee", request.params.id);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/cost_schedules/:id",
    {
      schema: opsSchema({
        operationId: "opsGetCostSchedule",
        summary: "Show a schedule of costs with all its versions",
        params: IdParams,
        response: { 200: CostScheduleDetail, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      return show("cost", request.params.id);
    },
  );
}

function proposing(http: Http, { fees, authenticateOperator }: FeeRoutesDeps): void {
  http.post<Input<typeof FeeVersionBody>>(
    "/v1/ops/fee_schedules",
    {
      schema: opsSchema({
        operationId: "opsProposeFeeSchedule",
        summary: "Propose what a merchant pays from a date on",
        description: VERSIONS,
        body: FeeVersionBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "fees.propose");
      const approval = await fees.propose(actor, wantedOf(feePlace(request.body), request.body));
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.post<Input<typeof CostVersionBody>>(
    "/v1/ops/cost_schedules",
    {
      schema: opsSchema({
        operationId: "opsProposeCostSchedule",
        summary: "Propose what a channel account costs from a date on",
        description: VERSIONS,
        body: CostVersionBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "fees.propose");
      const approval = await fees.propose(actor, wantedOf(costPlace(request.body), request.body));
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function quoting(http: Http, { fees, authenticateOperator }: FeeRoutesDeps): void {
  http.post<Input<typeof FeeQuoteBody>>(
    "/v1/ops/fee_schedules/quote",
    {
      schema: opsSchema({
        operationId: "opsQuoteFee",
        summary: "Say what a merchant pays for one transaction",
        description: QUOTE,
        body: FeeQuoteBody,
        response: { 200: FeeQuoteSchema, ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      return previewFee(fees, feePlace(request.body), askedOf(request.body));
    },
  );
  http.post<Input<typeof CostQuoteBody>>(
    "/v1/ops/cost_schedules/quote",
    {
      schema: opsSchema({
        operationId: "opsQuoteCost",
        summary: "Say what one transaction costs at a channel",
        description: QUOTE,
        body: CostQuoteBody,
        response: { 200: CostQuoteSchema, ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "fees.read");
      return previewCost(fees, costPlace(request.body), askedOf(request.body));
    },
  );
}

type WirePlace = { readonly method: string | null; readonly currency: string };

function feePlace(wire: WirePlace & { readonly merchant_id: string }): Place {
  const { method, currency } = wire;
  const merchantId = readIdField("mch", wire.merchant_id, "merchant_id");
  return { kind: "fee", merchantId, channelAccountId: null, method, currency };
}

function costPlace(wire: WirePlace & { readonly channel_account_id: string }): Place {
  const { method, currency } = wire;
  const channelAccountId = readIdField("cha", wire.channel_account_id, "channel_account_id");
  return { kind: "cost", merchantId: null, channelAccountId, method, currency };
}

const VersionBody = Type.Object(VERSION);

function wantedOf(place: Place, { effective_from, terms, reason }: Static<typeof VersionBody>) {
  return {
    place,
    effectiveFrom: effective_from,
    terms: terms === null ? null : readTerms(terms),
    reason: reason ?? null,
  };
}

const TransactionBody = Type.Object(TRANSACTION);

function askedOf({ amount, card_type, date, terms }: Static<typeof TransactionBody>) {
  return {
    amount: BigInt(amount),
    cardType: (card_type ?? null) as CardType | null,
    date: date ?? null,
    terms: terms === undefined ? null : readTerms(terms),
  };
}
