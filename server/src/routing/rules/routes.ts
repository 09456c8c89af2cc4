import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  IdParams,
  type Operators,
  opsSchema,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../../operators/index.ts";
import type { RuleStatus } from "../model.ts";
import type { GivenRule, Rules } from "./service.ts";
import {
  presentRule,
  presentRuleVersion,
  RuleProperties,
  RuleSchema,
  RuleVersionSchema,
  readEffect,
} from "./wire.ts";

export type RuleRoutesDeps = { readonly operators: Operators; readonly rules: Rules };

const ListQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100 })),
  status: Type.Optional(Type.Enum(["active", "disabled"])),
});

const { name, effect, ...others } = RuleProperties;
const CreateBody = strictObject({ name, effect, ...Type.Partial(Type.Object(others)).properties });
const ChangeBody = strictObject({
  version: Type.Integer({ minimum: 1, description: "The version that the change is based on" }),
  ...Type.Partial(Type.Object(RuleProperties)).properties,
});
const VersionsQuery = strictObject(PageQuery);

/** Adds `/v1/ops/routing/rules…`. */
export function ruleRoutes(http: Http, deps: RuleRoutesDeps): void {
  reading(http, deps);
  writing(http, deps);
}

function reading(http: Http, { operators, rules }: RuleRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/routing/rules",
    {
      schema: opsSchema({
        operationId: "opsListRoutingRules",
        summary: "List routing rules, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(RuleSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      const { cursor, merchant_id, status } = request.query;
      const limit = readLimit(request.query.limit);
      const merchantId =
        merchant_id === undefined ? null : readIdField("mch", merchant_id, "query.merchant_id");
      const filter = {
        before: readCursorId(cursor),
        merchantId,
        status: (status ?? null) as RuleStatus | null,
      };
      const rows = await rules.list(filter, limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentRule);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/routing/rules/:id",
    {
      schema: opsSchema({
        operationId: "opsGetRoutingRule",
        summary: "Show one routing rule",
        params: IdParams,
        response: { 200: RuleSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      return presentRule(await rules.get(readId("rul", request.params.id)));
    },
  );
  http.get<Input<never, typeof IdParams, typeof VersionsQuery>>(
    "/v1/ops/routing/rules/:id/versions",
    {
      schema: opsSchema({
        operationId: "opsListRoutingRuleVersions",
        summary: "What a rule said before, and who changed it, newest first",
        params: IdParams,
        querystring: VersionsQuery,
        response: { 200: pageSchema(RuleVersionSchema), ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      const limit = readLimit(request.query.limit);
      const id = readId("rul", request.params.id);
      const rows = await rules.versions(id, readVersion(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [String(row.version)], presentRuleVersion);
    },
  );
}

/** Where a list of versions goes on. Throws `cursor_invalid`. */
export function readVersion(cursor: string | undefined): number | null {
  const place = decodeCursor(cursor, 1)?.[0] ?? null;
  if (place === null) return null;
  if (!/^[1-9][0-9]{0,8}$/.test(place)) throw problem("cursor_invalid", { field: "query.cursor" });
  return Number(place);
}

function writing(http: Http, { operators, rules }: RuleRoutesDeps): void {
  http.post<Input<typeof CreateBody>>(
    "/v1/ops/routing/rules",
    {
      schema: opsSchema({
        operationId: "opsCreateRoutingRule",
        summary: "Write a routing rule",
        description: "Its condition is checked now; a fault names the character and what to do.",
        body: CreateBody,
        response: { 200: RuleSchema, 201: RuleSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await operators.authenticate(request, "routing.write");
      const { resource, made } = await rules.create(actor, {
        ...NEW_RULE,
        ...readRule(request.body),
      } as GivenRule);
      reply.status(made ? 201 : 200);
      return presentRule(resource);
    },
  );
  http.patch<Input<typeof ChangeBody, typeof IdParams>>(
    "/v1/ops/routing/rules/:id",
    {
      schema: opsSchema({
        operationId: "opsChangeRoutingRule",
        summary: "Change a routing rule, or disable it; the version before is kept",
        params: IdParams,
        body: ChangeBody,
        response: { 200: RuleSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await operators.authenticate(request, "routing.write");
      const { version, ...wanted } = request.body;
      return presentRule(
        await rules.change(actor, readId("rul", request.params.id), version, readRule(wanted)),
      );
    },
  );
}

const NEW_RULE = {
  status: "active",
  priority: 0,
  merchantId: null,
  method: null,
  currency: null,
  condition: null,
} as const;

/** Wire names to the rule's own; only what is named is in the result. */
function readRule(wire: Partial<Input<typeof CreateBody>["Body"]>): Partial<GivenRule> {
  const { merchant_id: merchant, when, effect, ...same } = wire;
  const merchantId =
    merchant === undefined
      ? {}
      : { merchantId: merchant === null ? null : readIdField("mch", merchant, "merchant_id") };
  return {
    ...same,
    ...merchantId,
    ...(when === undefined ? {} : { condition: when }),
    ...(effect === undefined ? {} : { effect: readEffect(effect) }),
  } as Partial<GivenRule>;
}
