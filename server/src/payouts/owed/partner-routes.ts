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
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
} from "../../operators/index.ts";
import type { PayoutsAuth, PayoutsDeps } from "../deps.ts";
import { getPartner, proposePartner } from "../payees/partners.ts";
import { listPartners, type Partner } from "../payees/store.ts";
import { owedByMerchants, owedToPartners, payPartner, presentOwed } from "./partners.ts";
import { owedPayeeRoutes } from "./payee-routes.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const Party = Type.String({
  pattern: "^[a-z0-9][a-z0-9_.:-]{0,39}$",
  description: "As the shares of fee schedules name it",
});
const PartyParams = strictObject({ party: Party });
const PartnerBody = strictObject({
  name: Type.String({ minLength: 1, maxLength: 140, pattern: "\\S", description: "The registered name" }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" })),
});
const PartnerSchema = Type.Object({
  id: Type.String(),
  party: Type.String(),
  name: Type.String(),
  created_at: InstantSchema,
  updated_at: InstantSchema,
});
const OwedSchema = Type.Object({
  party: Type.Union([Type.String(), Type.Null()], { description: "Null: no share explains it" }),
  partner: NullableString,
  name: NullableString,
  currency: CurrencySchema,
  merchants: Type.Integer({ description: "In whose books it was earned" }),
  earned: Type.Integer({ description: "On days that are over, less what refunds took back" }),
  owed: Type.Integer({ description: "Less what payouts have of it; below zero: it had too much" }),
});
const OwedByMerchantSchema = Type.Object({
  merchant: Type.String(),
  earned: Type.Integer(),
  owed: Type.Integer({ description: "Less what payouts have of it; below zero: other books keep it back" }),
});
const OwedQuery = strictObject({ ...PageQuery, currency: CurrencySchema });

function presentPartner({ id, party, legalName, createdAt, updatedAt }: Partner) {
  return {
    id: formatId("prt", id),
    party,
    name: legalName,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}

/** Adds the addresses of partners: who they are, what they are owed, how they are paid. */
export function partnerRoutes(http: Http, deps: PayoutsDeps, auth: PayoutsAuth): void {
  registry(http, deps, auth);
  owed(http, deps, auth);
  owedPayeeRoutes(http, deps, auth, {
    whose: "Partner",
    path: "/v1/ops/partners/:party",
    params: PartyParams,
    param: "party",
    payeeOf: async (party) => ({ payeeKind: "partner", payeeId: (await getPartner(deps, party)).id }),
    payouts: {
      summary: "Make a payout of what a partner is owed in all merchants' books",
      description:
        "All that is owed for days that are over, from at most 100 merchants' books, or `amount` of it. " +
        "It waits for a batch, which two people send. The same request again returns the same payout.",
    },
    pay: (actor, party, wanted) => payPartner(deps, actor, party, wanted),
  });
}

function registry(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.put<Input<typeof PartnerBody, typeof PartyParams>>(
    "/v1/ops/partners/:party",
    {
      schema: opsSchema({
        operationId: "opsSetPartner",
        summary: "Propose the registered name of a party to whom parts of fees are owed",
        description:
          "Another operator approves it. With a new name its bank accounts are of no use until one in that " +
          "name is verified.",
        params: PartyParams,
        body: PartnerBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await authenticateOperator(request, "payouts.propose");
      const { name: legalName, reason = null } = request.body;
      const { party } = request.params;
      const approval = await proposePartner(deps, actor, { party, legalName, reason });
      return reply.status(202).send(presentApproval(approval));
    },
  );
  http.get<Input<never, never, ReturnType<typeof strictObject<typeof PageQuery>>>>(
    "/v1/ops/partners",
    {
      schema: opsSchema({
        operationId: "opsListPartners",
        summary: "Partners, by party",
        querystring: strictObject(PageQuery),
        response: { 200: pageSchema(PartnerSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const limit = readLimit(request.query.limit);
      const after = decodeCursor(request.query.cursor, 1)?.[0] ?? null;
      const rows = await listPartners(deps.platform.db, after, limit + 1);
      return pageOf(rows, limit, ({ party }) => [party], presentPartner);
    },
  );
}

function owed(http: Http, deps: PayoutsDeps, { authenticateOperator }: PayoutsAuth): void {
  http.get<Input<never, never, ReturnType<typeof strictObject<typeof PageQuery>>>>(
    "/v1/ops/partner_dues",
    {
      schema: opsSchema({
        operationId: "opsListPartnerDues",
        summary: "What partners are owed, by party and currency",
        description: "Of days that are over; brought up to date each hour, and when a payout is asked for.",
        querystring: strictObject(PageQuery),
        response: { 200: pageSchema(OwedSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const limit = readLimit(request.query.limit);
      const rows = await owedToPartners(deps, decodeCursor(request.query.cursor, 2), limit + 1);
      return pageOf(rows, limit, ({ payee, currency }) => [payee, currency], presentOwed);
    },
  );
  http.get<Input<never, typeof PartyParams, typeof OwedQuery>>(
    "/v1/ops/partners/:party/dues",
    {
      schema: opsSchema({
        operationId: "opsListDuesOfPartner",
        summary: "What each merchant's book owes a party in a currency",
        params: PartyParams,
        querystring: OwedQuery,
        response: { 200: pageSchema(OwedByMerchantSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "payouts.read");
      const { currency, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const of = { party: request.params.party, currency };
      const rows = await owedByMerchants(deps, of, readCursorId(cursor), limit + 1);
      return pageOf(
        rows,
        limit,
        ({ merchantId }) => [merchantId],
        ({ merchantId, earned, amount }) => ({
          merchant: formatId("mch", merchantId),
          earned: Number(earned),
          owed: Number(amount),
        }),
      );
    },
  );
}
