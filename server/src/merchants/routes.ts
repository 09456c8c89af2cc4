import { Type } from "typebox";
import type { Clock } from "../kernel/clock.ts";
import type { Database } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import { CURRENCIES, type Currency } from "../kernel/money.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import {
  ApprovalSchema,
  IdParams,
  type Operators,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
  readId,
} from "../operators/index.ts";
import { registerApiKeys } from "./keys/routes.ts";
import { registerPlaces } from "./places/routes.ts";
import type { MerchantChange, Merchants } from "./service.ts";
import * as store from "./store.ts";
import { MerchantSchema, presentMerchant } from "./wire.ts";

export type MerchantRoutesDeps = {
  readonly platform: Database;
  readonly clock: Clock;
  readonly operators: Operators;
  readonly merchants: Merchants;
};

/**
 * Adds `/v1/ops/merchants…` for operators, and `/v1/merchant`, `/v1/stores`, `/v1/terminals` for a merchant's
 * own key.
 */
export function registerMerchants(http: Http, deps: MerchantRoutesDeps): void {
  whoAmI(http, deps);
  readers(http, deps);
  creation(http, deps);
  change(http, deps);
  creditLines(http, deps);
  registerPlaces(http, deps);
  registerApiKeys(http, deps);
}

const NameSchema = Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" });
const RateSchema = Type.Integer({
  minimum: 0,
  maximum: 1_000_000,
  description: "Our fee of a payment, in millionths: 6000 is 0.6 %",
});
const CurrenciesSchema = Type.Array(CurrencySchema, {
  minItems: 1,
  maxItems: CURRENCIES.length,
  uniqueItems: true,
});

function whoAmI(http: Http, deps: MerchantRoutesDeps): void {
  http.get(
    "/v1/merchant",
    {
      schema: {
        tags: ["Merchant"],
        security: [{ merchant: [] }],
        operationId: "getMerchant",
        summary: "Show the merchant that the key belongs to",
        response: { 200: MerchantSchema, ...problems(401) },
      },
    },
    async (request) => presentMerchant((await deps.merchants.authenticate(request)).merchant),
  );
}

const ListQuery = strictObject({
  ...PageQuery,
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 120,
      description: "An id, or a part of the name or legal name",
    }),
  ),
  status: Type.Optional(Type.Enum(["opening", "active", "suspended"])),
});

function readers(http: Http, deps: MerchantRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/merchants",
    {
      schema: opsSchema({
        operationId: "opsListMerchants",
        summary: "List and search merchants, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(MerchantSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "merchants.read");
      const { query } = request;
      const limit = readLimit(query.limit);
      const id = query.q === undefined ? null : parseId("mch", query.q);
      const filter = {
        before: readCursorId(query.cursor),
        text: id === null ? (query.q ?? null) : null,
        id,
        status: query.status ?? null,
      };
      const rows = await store.listMerchants(deps.platform.db, filter, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentMerchant);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/merchants/:id",
    {
      schema: opsSchema({
        operationId: "opsGetMerchant",
        summary: "Show one merchant",
        params: IdParams,
        response: { 200: MerchantSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "merchants.read");
      // Read past the cache: an operator who has just changed it in another process sees the change.
      const found = await store.findMerchant(deps.platform.db, readId("mch", request.params.id));
      if (found === null) throw problem("not_found");
      return presentMerchant(found);
    },
  );
}

const CreateBody = strictObject({
  name: NameSchema,
  legal_name: NameSchema,
  fee_rate_millionths: RateSchema,
  currencies: Type.Optional(CurrenciesSchema),
});

function creation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof CreateBody>>(
    "/v1/ops/merchants",
    {
      schema: opsSchema({
        operationId: "opsCreateMerchant",
        summary: "Create a merchant and open its book",
        body: CreateBody,
        response: { 200: MerchantSchema, 201: MerchantSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "merchants.write");
      const { body } = request;
      const { resource, made } = await deps.merchants.create(actor, {
        name: body.name,
        legalName: body.legal_name,
        feeRateMillionths: BigInt(body.fee_rate_millionths),
        currencies: readCurrencies(body.currencies ?? ["CNY"]),
      });
      reply.status(made ? 201 : 200);
      return presentMerchant(resource);
    },
  );
}

const ChangeBody = strictObject({
  revision: Type.Integer({ minimum: 1, description: "The revision that the change is based on" }),
  name: Type.Optional(NameSchema),
  legal_name: Type.Optional(NameSchema),
  fee_rate_millionths: Type.Optional(RateSchema),
  currencies: Type.Optional(CurrenciesSchema),
  status: Type.Optional(Type.Enum(["active", "suspended"])),
});

function change(http: Http, deps: MerchantRoutesDeps): void {
  http.patch<Input<typeof ChangeBody, typeof IdParams>>(
    "/v1/ops/merchants/:id",
    {
      schema: opsSchema({
        operationId: "opsUpdateMerchant",
        summary: "Change a merchant; currencies can be added, and credit lines have an address of their own",
        params: IdParams,
        body: ChangeBody,
        response: { 200: MerchantSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "merchants.write");
      const { body } = request;
      const wanted: MerchantChange = {
        ...(body.name === undefined ? {} : { name: body.name }),
        ...(body.legal_name === undefined ? {} : { legalName: body.legal_name }),
        ...(body.fee_rate_millionths === undefined
          ? {}
          : { feeRateMillionths: BigInt(body.fee_rate_millionths) }),
        ...(body.currencies === undefined ? {} : { currencies: readCurrencies(body.currencies) }),
        ...(body.status === undefined ? {} : { status: body.status }),
      };
      const id = readId("mch", request.params.id);
      return presentMerchant(await deps.merchants.update(actor, id, body.revision, wanted));
    },
  );
}

const CreditLineBody = strictObject({
  currency: CurrencySchema,
  amount: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: "Minor units; 0: no credit",
  }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
});

function creditLines(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof CreditLineBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/credit_lines",
    {
      schema: opsSchema({
        operationId: "opsSetCreditLine",
        summary: "Lower a credit line at once (200), or propose to raise it (202)",
        params: IdParams,
        body: CreditLineBody,
        response: { 200: MerchantSchema, 202: ApprovalSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "credit_lines.propose");
      const { body } = request;
      const id: Id = readId("mch", request.params.id);
      const wanted = {
        currency: body.currency,
        amount: BigInt(body.amount),
        reason: body.reason ?? null,
      };
      const outcome = await deps.merchants.creditLines.set(actor, id, wanted);
      if ("applied" in outcome) return presentMerchant(outcome.applied);
      reply.status(202);
      return presentApproval(outcome.proposed);
    },
  );
}

function readCurrencies(texts: readonly string[]): readonly Currency[] {
  texts.forEach((text: string, index) => {
    if (CURRENCIES.includes(text)) return;
    throw problem("invalid_request", {
      field: `currencies.${index}`,
      detail: `${text} is not a currency known here; these are: ${CURRENCIES.join(", ")}`,
    });
  });
  return texts;
}
