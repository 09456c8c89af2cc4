import { Type } from "typebox";
import type { Db } from "../../kernel/database.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { IdParams, optionalBody, readId } from "../../operators/index.ts";
import { type HealthRow, readHealth } from "../deliveries/health-store.ts";
import { DeliverySchema, presentDelivery } from "../deliveries/present.ts";
import type { DeliveryService } from "../deliveries/service.ts";
import { ALL_EVENTS, type Endpoint, EVENT_TYPES } from "../model.ts";
import type { AuthenticateMerchant } from "../routes.ts";
import { URL_LENGTH_MAX } from "../sending/target.ts";
import { ENDPOINTS_PER_MERCHANT_MAX, type EndpointService, type WithSecret } from "./service.ts";

const OVERLAP_SECONDS = 86_400;
const OVERLAP_SECONDS_MAX = 7 * OVERLAP_SECONDS;

const subscribable = Object.keys(EVENT_TYPES).filter((type) => type !== "ping");
const catalogue = subscribable.map((type) => `\`${type}\``).join(", ");

const UrlSchema = Type.String({
  minLength: 1,
  maxLength: URL_LENGTH_MAX,
  description: "Where events are POSTed: https, on a public host. Redirects are not followed",
});
const DescriptionSchema = Type.String({ maxLength: 200 });
const EventsSchema = Type.Array(Type.Enum([ALL_EVENTS, ...subscribable]), {
  minItems: 1,
  maxItems: subscribable.length,
  uniqueItems: true,
  description: `Which events: \`["*"]\` for all, or some of ${catalogue}`,
});
const BodySuccessSchema = Type.Boolean({
  description: "Whether a 2xx counts only when its body is the word success. False by default",
});
const StatusSchema = Type.Enum(["enabled", "disabled"]);

const SettingsSchema = {
  description: Type.Optional(DescriptionSchema),
  events: Type.Optional(EventsSchema),
  require_body_success: Type.Optional(BodySuccessSchema),
};
const CreateBody = strictObject({ url: UrlSchema, ...SettingsSchema });
const UpdateBody = strictObject({
  url: Type.Optional(UrlSchema),
  ...SettingsSchema,
  status: Type.Optional(StatusSchema),
});
const RotateBody = optionalBody({
  overlap_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OVERLAP_SECONDS_MAX,
      description: `How long the present secret still signs too; ${OVERLAP_SECONDS} by default`,
    }),
  ),
});

const properties = {
  id: Type.String(),
  url: Type.String(),
  description: Type.String(),
  events: Type.Array(Type.String()),
  require_body_success: Type.Boolean(),
  status: StatusSchema,
  previous_secret_expires_at: Type.Union([InstantSchema, Type.Null()], {
    description: "Until when two secrets sign, after a rotation",
  }),
  health: Type.Union(
    [
      Type.Object({
        failing_since: InstantSchema,
        failures: Type.Integer({ description: "In a row; tries side by side count once" }),
        paused_until: Type.Union([InstantSchema, Type.Null()]),
        last_status: Type.Union([Type.Integer(), Type.Null()]),
        last_error: Type.String(),
      }),
      Type.Null(),
    ],
    { description: "Null while deliveries arrive" },
  ),
  created_at: InstantSchema,
  updated_at: InstantSchema,
};
const EndpointSchema = Type.Object(properties, { title: "WebhookEndpoint" });
const SecretSchema = Type.Object(
  { ...properties, secret: Type.String({ description: "whsec_…; shown this once" }) },
  { title: "WebhookEndpointWithSecret" },
);
const EndpointList = Type.Object({ data: Type.Array(EndpointSchema) });

export type EndpointRoutesDeps = {
  readonly db: Db;
  readonly endpoints: EndpointService;
  readonly deliveries: DeliveryService;
  readonly authenticate: AuthenticateMerchant;
};

type Schema = Record<string, unknown>;
const described = (operationId: string, summary: string, schema: Schema) => ({
  schema: { operationId, summary, tags: ["Webhooks"], security: [{ merchant: [] }], ...schema },
});

export function endpointRoutes(http: Http, deps: EndpointRoutesDeps): void {
  writingRoutes(http, deps);
  readingRoutes(http, deps);
}

function writingRoutes(http: Http, deps: EndpointRoutesDeps): void {
  const { endpoints, authenticate } = deps;
  http.post<Input<typeof CreateBody>>(
    "/v1/webhook_endpoints",
    described("createWebhookEndpoint", `Adds an endpoint, at most ${ENDPOINTS_PER_MERCHANT_MAX} in all`, {
      body: CreateBody,
      response: { 201: SecretSchema, ...problems(400, 401, 409, 422) },
    }),
    async (request, reply) => {
      const { merchantId } = await authenticate(request);
      const { url, description = "", events = [ALL_EVENTS], require_body_success = false } = request.body;
      const made = await endpoints.create(merchantId, {
        url,
        description,
        events: allOrSome(events),
        requireBodySuccess: require_body_success,
        status: "enabled",
      });
      return reply.code(201).send(presentSecret(made));
    },
  );
  http.patch<Input<typeof UpdateBody, typeof IdParams>>(
    "/v1/webhook_endpoints/:id",
    described("updateWebhookEndpoint", "Changes an endpoint; enabled again, it hears of events from now on", {
      body: UpdateBody,
      params: IdParams,
      response: { 200: EndpointSchema, ...problems(400, 401, 404, 409, 422) },
    }),
    async (request) => {
      const { merchantId } = await authenticate(request);
      const { require_body_success: requireBodySuccess, events, ...same } = request.body;
      const changed = await endpoints.update(merchantId, readId("whe", request.params.id), {
        ...same,
        ...(events === undefined ? {} : { events: allOrSome(events) }),
        ...(requireBodySuccess === undefined ? {} : { requireBodySuccess }),
      });
      return presentEndpoint(changed, null);
    },
  );
  http.delete<Input<never, typeof IdParams>>(
    "/v1/webhook_endpoints/:id",
    described("disableWebhookEndpoint", "Disables an endpoint; its deliveries stay readable", {
      params: IdParams,
      response: { 200: EndpointSchema, ...problems(401, 404) },
    }),
    async (request) => {
      const { merchantId } = await authenticate(request);
      const id = readId("whe", request.params.id);
      return presentEndpoint(await endpoints.update(merchantId, id, { status: "disabled" }), null);
    },
  );
  http.post<Input<typeof RotateBody, typeof IdParams>>(
    "/v1/webhook_endpoints/:id/rotate_secret",
    described("rotateWebhookSecret", "Makes a new secret; both sign while they overlap", {
      body: RotateBody,
      params: IdParams,
      response: { 200: SecretSchema, ...problems(400, 401, 404) },
    }),
    async (request) => {
      const { merchantId } = await authenticate(request);
      const overlapSeconds = request.body?.overlap_seconds ?? OVERLAP_SECONDS;
      const id = readId("whe", request.params.id);
      return presentSecret(await endpoints.rotate(merchantId, id, overlapSeconds));
    },
  );
  http.post<Input<never, typeof IdParams>>(
    "/v1/webhook_endpoints/:id/test",
    described("testWebhookEndpoint", "Sends a ping; read the delivery for what came of it", {
      params: IdParams,
      response: { 202: DeliverySchema, ...problems(401, 404, 409) },
    }),
    async (request, reply) => {
      const { merchantId } = await authenticate(request);
      const { row } = await deps.deliveries.test(merchantId, readId("whe", request.params.id));
      return reply.code(202).send(presentDelivery(row));
    },
  );
}

function readingRoutes(http: Http, { db, endpoints, authenticate }: EndpointRoutesDeps): void {
  http.get(
    "/v1/webhook_endpoints",
    described("listWebhookEndpoints", "All endpoints, the oldest first", {
      response: { 200: EndpointList, ...problems(401) },
    }),
    async (request) => {
      const { merchantId } = await authenticate(request);
      const found = await endpoints.list(merchantId);
      const ids = found.map(({ id }) => id);
      const health = new Map((await readHealth(db, ids)).map((row) => [row.endpointId, row]));
      return { data: found.map((endpoint) => presentEndpoint(endpoint, health.get(endpoint.id) ?? null)) };
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/webhook_endpoints/:id",
    described("getWebhookEndpoint", "One endpoint, and how it fares", {
      params: IdParams,
      response: { 200: EndpointSchema, ...problems(401, 404) },
    }),
    async (request) => {
      const { merchantId } = await authenticate(request);
      const found = await endpoints.get(merchantId, readId("whe", request.params.id));
      const [health = null] = await readHealth(db, [found.id]);
      return presentEndpoint(found, health);
    },
  );
}

/** `*` beside types means what it means alone. */
function allOrSome(events: readonly string[]): readonly string[] {
  return events.includes(ALL_EVENTS) ? [ALL_EVENTS] : events;
}

function presentEndpoint(endpoint: Endpoint, health: HealthRow | null) {
  return {
    id: formatId("whe", endpoint.id),
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    require_body_success: endpoint.requireBodySuccess,
    status: endpoint.status,
    previous_secret_expires_at:
      endpoint.keys.find(({ expiresAt }) => expiresAt !== null)?.expiresAt?.toISOString() ?? null,
    health: health && {
      failing_since: health.failingSince.toISOString(),
      failures: health.failures,
      paused_until: health.pausedUntil?.toISOString() ?? null,
      last_status: health.lastStatus,
      last_error: health.lastError,
    },
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  };
}

function presentSecret({ endpoint, secret }: WithSecret) {
  return { ...presentEndpoint(endpoint, null), secret };
}
