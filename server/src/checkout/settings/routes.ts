import type { FastifyRequest } from "fastify";
import type { Channels } from "../../channels/index.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems } from "../../kernel/http.ts";
import type { MerchantIdentity, Merchants } from "../../merchants/index.ts";
import { type Actor, IdParams, opsSchema, type Permission, readId } from "../../operators/index.ts";
import type { CashierSettingsService } from "./service.ts";
import { presentSettings, readSettings, SettingsBody, SettingsSchema } from "./wire.ts";

export type CashierSettingsRoutesDeps = {
  readonly settings: CashierSettingsService;
  readonly channels: Pick<Channels, "all">;
  readonly merchants: Pick<Merchants, "get">;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<MerchantIdentity>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const own = { tags: ["Cashier"], security: [{ merchant: [] }] };

/** Adds `/v1/cashier` for a merchant's own key and `/v1/ops/merchants/{id}/cashier` for operators. */
export function cashierSettingsRoutes(http: Http, deps: CashierSettingsRoutesDeps): void {
  const offerable = new Set(
    deps.channels.all.flatMap(({ traits }) =>
      Object.entries(traits.scenes).flatMap(([method, { devices }]) => (devices.length > 0 ? [method] : [])),
    ),
  );
  merchants(http, deps, offerable);
  operators(http, deps, offerable);
}

function merchants(http: Http, deps: CashierSettingsRoutesDeps, offerable: ReadonlySet<string>): void {
  http.get(
    "/v1/cashier",
    {
      schema: {
        ...own,
        operationId: "getCashier",
        summary: "Show how your cashier looks and what it offers",
        response: { 200: SettingsSchema, ...problems(401) },
      },
    },
    async (request) => {
      const { merchant } = await deps.authenticateMerchant(request);
      return presentSettings(await deps.settings.read(merchant.id));
    },
  );
  http.put<Input<typeof SettingsBody>>(
    "/v1/cashier",
    {
      schema: {
        ...own,
        operationId: "setCashier",
        summary: "Replace how your cashier looks and what it offers",
        body: SettingsBody,
        response: { 200: SettingsSchema, ...problems(400, 401, 409) },
      },
    },
    async (request) => {
      const { merchant } = await deps.authenticateMerchant(request);
      const wanted = readSettings(request.body, offerable);
      return presentSettings(await deps.settings.set("merchant", merchant.id, request.body.version, wanted));
    },
  );
}

function operators(http: Http, deps: CashierSettingsRoutesDeps, offerable: ReadonlySet<string>): void {
  const existing = async (text: string) => {
    const id = readId("mch", text);
    if ((await deps.merchants.get(id)) === null) throw problem("not_found");
    return id;
  };
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/merchants/:id/cashier",
    {
      schema: opsSchema({
        operationId: "opsGetCashier",
        summary: "Show how a merchant's cashier looks and what it offers",
        params: IdParams,
        response: { 200: SettingsSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "merchants.read");
      return presentSettings(await deps.settings.read(await existing(request.params.id)));
    },
  );
  http.put<Input<typeof SettingsBody, typeof IdParams>>(
    "/v1/ops/merchants/:id/cashier",
    {
      schema: opsSchema({
        operationId: "opsSetCashier",
        summary: "Replace how a merchant's cashier looks and what it offers",
        params: IdParams,
        body: SettingsBody,
        response: { 200: SettingsSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await deps.authenticateOperator(request, "merchants.write");
      const id = await existing(request.params.id);
      const wanted = readSettings(request.body, offerable);
      return presentSettings(await deps.settings.set(actor, id, request.body.version, wanted));
    },
  );
}
