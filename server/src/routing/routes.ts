import { Type } from "typebox";
import type { Channels } from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { problem } from "../kernel/errors.ts";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../kernel/http.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import { IdParams, type Operators, opsSchema, pageSchema, readId, readIdField } from "../operators/index.ts";
import {
  presentKept,
  presentSettingsVersion,
  SettingsProperties,
  SettingsSchema,
  SettingsVersionSchema,
} from "./accounts/wire.ts";
import { decisionText } from "./decision-text.ts";
import type { LineView } from "./health/health.ts";
import type { Put, RoutingRequest } from "./model.ts";
import { PERIODS, type Use } from "./quotas/model.ts";
import type { Routed, RoutingRefusal } from "./route.ts";
import { readVersion, ruleRoutes } from "./rules/routes.ts";
import { sceneOfMethod } from "./scenes.ts";
import type { Routing } from "./service.ts";

export type RoutingRoutesDeps = {
  readonly routing: Routing;
  readonly operators: Operators;
  readonly channels: Pick<Channels, "all">;
  readonly clock: Clock;
};

/** Adds `/v1/ops/routing/…`. */
export function registerRouting(http: Http, deps: RoutingRoutesDeps): void {
  ruleRoutes(http, { operators: deps.operators, rules: deps.routing.rules });
  accountRoutes(http, deps);
  healthRoute(http, deps);
  explainRoute(http, deps);
}

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const SettingsBody = strictObject({
  version: Type.Integer({
    minimum: 0,
    description: "The version that the change is based on; 0: the defaults",
  }),
  ...Type.Partial(Type.Object(SettingsProperties)).properties,
});
const VersionsQuery = strictObject(PageQuery);

const UseSchema = Type.Object({
  period: Type.Enum([...PERIODS]),
  starts_on: Type.String({ description: "The first day of the period; nothing to a cool-down" }),
  used_amount: Type.Integer({ description: "Minor units" }),
  used_count: Type.Integer(),
  last_used_at: Nullable(InstantSchema),
});

function accountRoutes(http: Http, { operators, routing }: RoutingRoutesDeps): void {
  const { accounts } = routing;
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/routing/accounts/:id",
    {
      schema: opsSchema({
        operationId: "opsGetRoutingAccount",
        summary: "What routing knows of a channel account beyond its contract",
        params: IdParams,
        response: { 200: SettingsSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      const id = readId("cha", request.params.id);
      return presentKept(id, await accounts.get(id));
    },
  );
  http.patch<Input<typeof SettingsBody, typeof IdParams>>(
    "/v1/ops/routing/accounts/:id",
    {
      schema: opsSchema({
        operationId: "opsChangeRoutingAccount",
        summary: "Change weight, windows, trading hours, quotas, cool-down or success floor of an account",
        params: IdParams,
        body: SettingsBody,
        response: { 200: SettingsSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await operators.authenticate(request, "routing.write");
      const id = readId("cha", request.params.id);
      const { version, ...wanted } = request.body;
      return presentKept(id, await accounts.change(actor, id, version, wanted));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/routing/accounts/:id/quotas",
    {
      schema: opsSchema({
        operationId: "opsGetRoutingQuotas",
        summary: "What a channel account has used of its quotas: orders that are open or took money",
        params: IdParams,
        response: { 200: Type.Object({ data: Type.Array(UseSchema) }), ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      const id = readId("cha", request.params.id);
      await accounts.get(id);
      return { data: (await routing.usesOf(id)).map(presentUse) };
    },
  );
  http.get<Input<never, typeof IdParams, typeof VersionsQuery>>(
    "/v1/ops/routing/accounts/:id/versions",
    {
      schema: opsSchema({
        operationId: "opsListRoutingAccountVersions",
        summary: "An account's settings before, and who changed them, newest first",
        params: IdParams,
        querystring: VersionsQuery,
        response: { 200: pageSchema(SettingsVersionSchema), ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      const limit = readLimit(request.query.limit);
      const id = readId("cha", request.params.id);
      const rows = await accounts.versions(id, readVersion(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [String(row.version)], presentSettingsVersion);
    },
  );
}

function presentUse(use: Use) {
  return {
    period: use.period,
    starts_on: use.startsOn,
    used_amount: Number(use.usedAmount),
    used_count: Number(use.usedCount),
    last_used_at: use.lastUsedAt?.toISOString() ?? null,
  };
}

const LineSchema = Type.Object({
  channel_account: Type.String(),
  scene: Type.String({ description: "qr, redirect, app, jsapi or payment_code" }),
  circuit: Type.Enum(["closed", "open", "half_open", "probing"]),
  orders: Type.Integer({ description: "Of the last ten minutes, whose buyers have had their time to pay" }),
  orders_paid: Type.Integer(),
  paid_share: Nullable(Type.Number({ description: "Of the orders of the last minutes, 0 to 1" })),
  baseline: Nullable(
    Type.Number({ description: "The account's own paid share before; null: too few orders" }),
  ),
  calls: Type.Integer({ description: "Orders placed since this process started" }),
  calls_failed: Type.Integer(),
  times_opened: Type.Integer(),
  beacons: Type.Integer({
    description: "Buyers for whom the channel's page did not open, as the cashier told",
  }),
  below_floor: Type.Boolean({ description: "Below its success floor: it gets a tenth of its share" }),
});

function healthRoute(http: Http, { operators, routing }: RoutingRoutesDeps): void {
  http.get(
    "/v1/ops/routing/health",
    {
      schema: opsSchema({
        operationId: "opsGetRoutingHealth",
        summary: "How the lines of the accounts are, as the process that answers sees them",
        response: { 200: Type.Object({ data: Type.Array(LineSchema) }), ...problems(401, 403) },
      }),
    },
    async (request) => {
      await operators.authenticate(request, "routing.read");
      return { data: routing.health.lines().map(presentLine) };
    },
  );
}

function presentLine(line: LineView) {
  return {
    channel_account: formatId("cha", line.accountId),
    scene: line.kind,
    circuit: line.circuit,
    orders: line.opened,
    orders_paid: line.paid,
    paid_share: line.paidShare,
    baseline: line.baseline,
    calls: line.calls,
    calls_failed: line.failedCalls,
    times_opened: line.timesOpened,
    beacons: line.beacons,
    below_floor: line.belowFloor,
  };
}

const ExplainBody = strictObject({
  merchant_id: Type.String({ maxLength: 100 }),
  amount: AmountSchema,
  currency: CurrencySchema,
  method: Type.String({ minLength: 1, maxLength: 40 }),
  store: Type.Optional(Type.String({ maxLength: 100 })),
  terminal: Type.Optional(Type.String({ maxLength: 100 })),
  device: Type.Optional(Type.String({ maxLength: 40 })),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 500 }))),
});

const PutSchema = Type.Object({
  channel_account: Type.String(),
  reason: Type.String(),
  rule: Nullable(Type.String()),
});

const ExplainSchema = Type.Object({
  refusal: Nullable(
    Type.String({ description: "The code that the merchant would be told; null: it is routed" }),
  ),
  strategy: Nullable(Type.String()),
  rule: Nullable(Type.Object({ id: Type.String(), version: Type.Integer(), name: Type.String() })),
  last_resort: Type.Boolean({ description: "No account in rotation is left, so another is tried after all" }),
  order: Type.Array(
    Type.Object({ channel_account: Type.String(), label: Type.String(), channel: Type.String() }),
    { description: "The best first; where chance decides, one possible order" },
  ),
  put_aside: Type.Array(PutSchema),
  reasons: Nullable(Type.String({ description: "As they would be kept with the order" })),
});

function explainRoute(http: Http, deps: RoutingRoutesDeps): void {
  http.post<Input<typeof ExplainBody>>(
    "/v1/ops/routing/explain",
    {
      schema: opsSchema({
        operationId: "opsExplainRouting",
        summary: "Which account a payment would go through now, and why; nothing is placed",
        body: ExplainBody,
        response: { 200: ExplainSchema, ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "routing.read");
      const { body } = request;
      const scene = sceneOfMethod(deps.channels, body.method);
      if (scene === null) {
        const methods = deps.channels.all.flatMap(({ traits }) => Object.keys(traits.scenes)).join(", ");
        throw problem("invalid_request", {
          field: "method",
          detail: `there are only the methods ${methods}`,
        });
      }
      const wanted: RoutingRequest = {
        merchantId: readIdField("mch", body.merchant_id, "merchant_id"),
        method: body.method,
        kind: scene.kind,
        currency: body.currency,
        amount: BigInt(body.amount),
        store: body.store ?? null,
        terminal: body.terminal ?? null,
        device: body.device ?? null,
        metadata: body.metadata ?? {},
        at: deps.clock.now(),
      };
      return presentDecision(await deps.routing.consider(wanted));
    },
  );
}

function presentDecision(routed: Routed | RoutingRefusal) {
  if ("refused" in routed) {
    const put = routed.refused === "no_account_available" ? routed.put : [];
    return {
      refusal: routed.refused,
      strategy: null,
      rule: null,
      last_resort: false,
      order: [],
      put_aside: put.map(presentPut),
      reasons: null,
    };
  }
  const { rule, strategy, lastResort, order, put } = routed;
  return {
    refusal: null,
    strategy,
    rule: rule === null ? null : { id: formatId("rul", rule.id), version: rule.version, name: rule.name },
    last_resort: lastResort,
    order: order.map(({ account }) => ({
      channel_account: accountOf(account.id),
      label: account.label,
      channel: account.channel,
    })),
    put_aside: put.map(presentPut),
    reasons: decisionText(routed, 0),
  };
}

function presentPut({ accountId, reason, ruleId }: Put) {
  return {
    channel_account: accountOf(accountId),
    reason,
    rule: ruleId === null ? null : formatId("rul", ruleId),
  };
}

function accountOf(id: Id): string {
  return formatId("cha", id);
}
