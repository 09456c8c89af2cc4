import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  IdParams,
  type Made,
  opsSchema,
  optionalBody,
  pageSchema,
  readCursorId,
  readId,
} from "../../operators/index.ts";
import { existingMerchant } from "../places/routes.ts";
import type { MerchantRoutesDeps } from "../routes.ts";
import { ApiKeySchema, ApiKeyWithSecretSchema, presentApiKey } from "../wire.ts";
import type { KeyWithSecret } from "./service.ts";
import * as store from "./store.ts";

/** Adds `/v1/ops/merchants/{id}/api_keys…`. */
export function registerApiKeys(http: Http, deps: MerchantRoutesDeps): void {
  list(http, deps);
  creation(http, deps);
  rotation(http, deps);
  revocation(http, deps);
}

const ListQuery = strictObject(PageQuery);
const KeyParams = strictObject({
  id: Type.String({ maxLength: 100 }),
  key_id: Type.String({ maxLength: 100 }),
});
const OVERLAP_HOURS_MAX = 720;
const OVERLAP_HOURS = 24;

function list(http: Http, deps: MerchantRoutesDeps): void {
  http.get<Input<never, typeof IdParams, typeof ListQuery>>(
    "/v1/ops/merchants/:id/api_keys",
    {
      schema: opsSchema({
        operationId: "opsListApiKeys",
        summary: "List a merchant's API keys, newest first; secrets are never shown again",
        params: IdParams,
        querystring: ListQuery,
        response: { 200: pageSchema(ApiKeySchema), ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "merchants.read");
      const merchantId = await existingMerchant(deps, request);
      const limit = readLimit(request.query.limit);
      const before = readCursorId(request.query.cursor);
      const rows = await store.listKeys(deps.platform.db, merchantId, before, limit + 1);
      const now = deps.clock.now();
      return pageOf(
        rows,
        limit,
        (row) => [row.id],
        (row) => presentApiKey(row, now),
      );
    },
  );
}

const CreateBody = strictObject({
  label: Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" }),
  expires_at: Type.Optional(InstantSchema),
});

function creation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof CreateBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/api_keys",
    {
      schema: opsSchema({
        operationId: "opsCreateApiKey",
        summary: "Create an API key; its secret is shown once",
        params: IdParams,
        body: CreateBody,
        response: {
          200: ApiKeyWithSecretSchema,
          201: ApiKeyWithSecretSchema,
          ...problems(400, 401, 403, 404, 409),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "api_keys.write");
      const { body } = request;
      const expiresAt = body.expires_at === undefined ? null : new Date(body.expires_at);
      if (expiresAt !== null && expiresAt <= deps.clock.now()) {
        throw problem("invalid_request", { field: "expires_at", detail: "expires_at lies in the past" });
      }
      const merchantId = await existingMerchant(deps, request);
      const wanted = { label: body.label, expiresAt };
      return answer(deps, reply, await deps.merchants.keys.create(actor, merchantId, wanted));
    },
  );
}

const RotateBody = optionalBody({
  overlap_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OVERLAP_HOURS_MAX,
      description: `How long the old key still works; ${OVERLAP_HOURS} by default`,
    }),
  ),
});

function rotation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<typeof RotateBody, typeof KeyParams>>(
    "/v1/ops/merchants/:id/api_keys/:key_id/rotate",
    {
      schema: opsSchema({
        operationId: "opsRotateApiKey",
        summary: "Create a key in place of another, which works a while longer",
        params: KeyParams,
        body: RotateBody,
        response: {
          200: ApiKeyWithSecretSchema,
          201: ApiKeyWithSecretSchema,
          ...problems(400, 401, 403, 404, 409),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "api_keys.write");
      const merchantId = await existingMerchant(deps, request);
      const keyId = readId("key", request.params.key_id);
      const overlapHours = request.body?.overlap_hours ?? OVERLAP_HOURS;
      return answer(deps, reply, await deps.merchants.keys.rotate(actor, merchantId, keyId, overlapHours));
    },
  );
}

function revocation(http: Http, deps: MerchantRoutesDeps): void {
  http.post<Input<never, typeof KeyParams>>(
    "/v1/ops/merchants/:id/api_keys/:key_id/revoke",
    {
      schema: opsSchema({
        operationId: "opsRevokeApiKey",
        summary: "End a key at once",
        params: KeyParams,
        response: { 200: ApiKeySchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "api_keys.write");
      const merchantId = await existingMerchant(deps, request);
      const keyId = readId("key", request.params.key_id);
      return presentApiKey(await deps.merchants.keys.revoke(actor, merchantId, keyId), deps.clock.now());
    },
  );
}

function answer(deps: MerchantRoutesDeps, reply: FastifyReply, result: Made<KeyWithSecret>) {
  reply.status(result.made ? 201 : 200);
  return { ...presentApiKey(result.resource.key, deps.clock.now()), secret: result.resource.secret };
}
