import { Type } from "typebox";
import type { Clock } from "../../kernel/clock.ts";
import type { Database } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  type Actor,
  IdParams,
  type Operators,
  opsSchema,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../../operators/index.ts";
import type { ChannelAccount, ChannelAccountStatus } from "./model.ts";
import type { ChannelAccounts, GivenContract, NewCredentials } from "./service.ts";
import * as store from "./store.ts";
import {
  ChannelAccountDetailSchema,
  ChannelAccountSchema,
  ContractProperties,
  presentAccount,
  presentAccountDetail,
  readContract,
} from "./wire.ts";

export type ChannelAccountRoutesDeps = {
  readonly platform: Database;
  readonly clock: Clock;
  readonly operators: Operators;
  readonly accounts: ChannelAccounts;
};

/** Adds `/v1/ops/channel_accounts…`. */
export function registerChannelAccounts(http: Http, deps: ChannelAccountRoutesDeps): void {
  list(http, deps);
  detail(http, deps);
  creation(http, deps);
  change(http, deps);
  rotation(http, deps);
  actions(http, deps);
  removal(http, deps);
}

const ListQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100 })),
  channel: Type.Optional(Type.String({ maxLength: 40 })),
  status: Type.Optional(Type.Enum(["draft", "active", "disabled"])),
});

function list(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/channel_accounts",
    {
      schema: opsSchema({
        operationId: "opsListChannelAccounts",
        summary: "List channel accounts, newest first; secrets are never shown",
        querystring: ListQuery,
        response: { 200: pageSchema(ChannelAccountSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "channel_accounts.read");
      const { query } = request;
      const limit = readLimit(query.limit);
      const merchant = query.merchant_id;
      const filter = {
        before: readCursorId(query.cursor),
        merchantId: merchant === undefined ? null : readIdField("mch", merchant, "query.merchant_id"),
        channel: query.channel ?? null,
        status: (query.status ?? null) as ChannelAccountStatus | null,
      };
      const { db } = deps.platform;
      const rows = await store.listAccounts(db, filter, limit + 1);
      const ids = rows.map((row) => row.id);
      const newest = new Map(
        (await store.newestCredentials(db, ids)).map((version) => [version.channelAccountId, version]),
      );
      const now = deps.clock.now();
      return pageOf(
        rows,
        limit,
        (row) => [row.id],
        (row) => presentAccount(row, newest.get(row.id) ?? null, now),
      );
    },
  );
}

function detail(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id",
    {
      schema: opsSchema({
        operationId: "opsGetChannelAccount",
        summary: "Show one channel account and the versions of its credentials",
        params: IdParams,
        response: { 200: ChannelAccountDetailSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "channel_accounts.read");
      const account = await store.findAccount(deps.platform.db, readId("cha", request.params.id));
      if (account === null) throw problem("not_found");
      return shown(deps, account);
    },
  );
}

/** Names are the channel's own; the values are never repeated, not even in a refusal. */
const CredentialsSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: "The channel's own fields, such as Alipay's app_id, private_key and alipay_public_key",
});

const { label, gateway_url, cost_rate_millionths, fund_flow, ...otherTerms } = ContractProperties;
const OptionalTerms = Type.Partial(Type.Object(otherTerms)).properties;

const CreateBody = strictObject({
  merchant_id: Type.String({ maxLength: 100 }),
  channel: Type.String({ maxLength: 40, description: "Such as alipay" }),
  label,
  gateway_url,
  cost_rate_millionths,
  fund_flow,
  ...OptionalTerms,
  credentials: Type.Optional(CredentialsSchema),
  token_expires_at: Type.Optional(InstantSchema),
});

function creation(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.post<Input<typeof CreateBody>>(
    "/v1/ops/channel_accounts",
    {
      schema: opsSchema({
        operationId: "opsCreateChannelAccount",
        summary: "Create a channel account as a draft; its credentials are proved before they are saved",
        body: CreateBody,
        response: {
          200: ChannelAccountDetailSchema,
          201: ChannelAccountDetailSchema,
          ...problems(400, 401, 403, 409, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "channel_accounts.write");
      const { body } = request;
      const { resource, made } = await deps.accounts.create(actor, {
        merchantId: readIdField("mch", body.merchant_id, "merchant_id"),
        channel: body.channel,
        contract: readContract(body) as GivenContract,
        credentials: body.credentials === undefined ? null : readCredentials(body, body.credentials),
      });
      reply.status(made ? 201 : 200);
      return shown(deps, resource);
    },
  );
}

const ChangeBody = strictObject({
  revision: Type.Integer({ minimum: 1, description: "The revision that the change is based on" }),
  ...Type.Partial(Type.Object(ContractProperties)).properties,
});

function change(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.patch<Input<typeof ChangeBody, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id",
    {
      schema: opsSchema({
        operationId: "opsUpdateChannelAccount",
        summary: "Change the contract",
        params: IdParams,
        body: ChangeBody,
        response: { 200: ChannelAccountDetailSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "channel_accounts.write");
      const id = readId("cha", request.params.id);
      const { revision, ...terms } = request.body;
      return shown(deps, await deps.accounts.update(actor, id, revision, readContract(terms)));
    },
  );
}

const RotateBody = strictObject({
  credentials: CredentialsSchema,
  token_expires_at: Type.Optional(InstantSchema),
  keep_others: Type.Optional(
    Type.Boolean({ description: "True: fields that are not named stay as they are in the newest version" }),
  ),
});

function rotation(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.post<Input<typeof RotateBody, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id/credentials",
    {
      schema: opsSchema({
        operationId: "opsRotateChannelCredentials",
        summary: "Save another version of the credentials, once proved; orders placed before keep theirs",
        params: IdParams,
        body: RotateBody,
        response: { 201: ChannelAccountDetailSchema, ...problems(400, 401, 403, 404, 409, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "channel_accounts.write");
      const { body } = request;
      const rotated = await deps.accounts.rotate(actor, readId("cha", request.params.id), {
        ...readCredentials(body, body.credentials),
        keepOthers: body.keep_others ?? false,
      });
      reply.status(201);
      return shown(deps, rotated);
    },
  );
}

const ACTIONS = {
  prove: "Ask the channel with the newest credentials whether they work",
  enable: "Let the account take new orders",
  disable: "Let the account take no new orders; refunds and queries of its orders go on",
} as const satisfies Partial<Record<keyof ChannelAccounts, string>>;

const OPERATIONS = {
  prove: "opsProveChannelAccount",
  enable: "opsEnableChannelAccount",
  disable: "opsDisableChannelAccount",
} as const satisfies Record<keyof typeof ACTIONS, string>;

function actions(http: Http, deps: ChannelAccountRoutesDeps): void {
  for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
    http.post<Input<never, typeof IdParams>>(
      `/v1/ops/channel_accounts/:id/${action}`,
      {
        schema: opsSchema({
          operationId: OPERATIONS[action],
          summary: ACTIONS[action],
          params: IdParams,
          response: { 200: ChannelAccountDetailSchema, ...problems(401, 403, 404, 409, 422) },
        }),
      },
      async (request) => {
        const actor: Actor = await deps.operators.authenticate(request, "channel_accounts.write");
        return shown(deps, await deps.accounts[action](actor, readId("cha", request.params.id)));
      },
    );
  }
}

function removal(http: Http, deps: ChannelAccountRoutesDeps): void {
  http.delete<Input<never, typeof IdParams>>(
    "/v1/ops/channel_accounts/:id",
    {
      schema: opsSchema({
        operationId: "opsRemoveChannelAccount",
        summary: "Remove a draft; an account that was ever enabled can only be disabled",
        params: IdParams,
        response: { 204: Type.Null(), ...problems(401, 403, 404, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "channel_accounts.write");
      await deps.accounts.remove(actor, readId("cha", request.params.id));
      return reply.status(204).send();
    },
  );
}

async function shown(deps: ChannelAccountRoutesDeps, account: ChannelAccount) {
  const versions = await store.listCredentials(deps.platform.db, account.id);
  return presentAccountDetail(account, versions, deps.clock.now());
}

function readCredentials(
  body: { readonly token_expires_at?: string },
  raw: Record<string, unknown>,
): NewCredentials {
  return {
    raw,
    tokenExpiresAt: body.token_expires_at === undefined ? null : new Date(body.token_expires_at),
  };
}
