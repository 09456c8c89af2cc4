import { readFileSync } from "node:fs";
import { Type } from "typebox";
import type { Channels } from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, strictObject } from "../kernel/http.ts";
import type { Log } from "../kernel/log.ts";
import type { Merchants } from "../merchants/index.ts";
import { type Payments, readCashierToken, type Whole } from "../payments/index.ts";
import { checkoutState, offeredMethods } from "./view.ts";
import { createWatchers } from "./watchers.ts";

export type CheckoutRoutesDeps = {
  readonly payments: Payments;
  readonly channels: Channels;
  readonly merchants: Pick<Merchants, "get">;
  readonly keyring: Pick<Keyring, "macs">;
  readonly clock: Clock;
  readonly log: Log;
  /** Where `web/checkout` was built to. */
  readonly assets: URL;
};

const TokenParams = strictObject({ token: Type.String({ pattern: "^[A-Za-z0-9_-]{1,100}$" }) });
const StartSchema = strictObject({
  method: Type.String({ maxLength: 40 }),
  device: Type.Enum(["phone", "desktop"]),
});

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ASSETS = {
  "checkout.js": "text/javascript; charset=utf-8",
  "checkout.css": "text/css; charset=utf-8",
} as const;

/**
 * Adds the cashier: `/pay/{token}`, what it polls, and its files. A page is reachable by its payment's token
 * alone.
 */
export function checkoutRoutes(http: Http, deps: CheckoutRoutesDeps): void {
  const page = readFileSync(new URL("index.html", deps.assets));
  const hide = true;

  for (const [name, type] of Object.entries(ASSETS)) {
    const bytes = readFileSync(new URL(name, deps.assets));
    http.get(`/pay/assets/${name}`, { schema: { hide } }, (_, reply) =>
      reply.header("content-type", type).header("cache-control", "no-cache").send(bytes),
    );
  }

  // The page itself says nothing: an unknown token gets the same page, which then reads that there is no such
  // payment.
  http.get<Input<never, typeof TokenParams>>(
    "/pay/:token",
    { schema: { hide, params: TokenParams } },
    (_, reply) =>
      reply
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", CSP)
        .header("referrer-policy", "no-referrer")
        .header("x-frame-options", "DENY")
        .send(page),
  );

  http.get<Input<never, typeof TokenParams>>(
    "/pay/:token/state",
    { schema: { hide, params: TokenParams } },
    async (request) => {
      const whole = await find(deps, request.params.token);
      await deps.payments.watch(whole.payment);
      return stateOf(deps, whole);
    },
  );

  liveStatus(http, deps);

  http.post<Input<typeof StartSchema, typeof TokenParams>>(
    "/pay/:token/attempts",
    { schema: { hide, params: TokenParams, body: StartSchema } },
    async (request) => {
      const { payment } = await find(deps, request.params.token);
      const offered = await methodsOf(deps, payment);
      if (!offered.some((candidate) => candidate.method === request.body.method)) {
        throw problem("method_not_available", { field: "method" });
      }
      const wish = {
        method: request.body.method,
        paymentCode: null,
        buyer: null,
        buyerIp: request.ip,
      };
      return stateOf(deps, await deps.payments.newAttempt(payment.merchantId, payment.id, wish, null));
    },
  );
}

/**
 * `/pay/{token}/events`: the state, again whenever it changes. An ended payment is answered with 204, which
 * tells a browser not to come again.
 */
function liveStatus(http: Http, deps: CheckoutRoutesDeps): void {
  const watchers = createWatchers({
    clock: deps.clock,
    log: deps.log,
    look: async (paymentIds) => {
      const wholes = await deps.payments.findAll(paymentIds);
      const states = [...wholes].map(async ([id, whole]) => {
        await deps.payments.watch(whole.payment);
        return [id, await stateOf(deps, whole)] as const;
      });
      return new Map(await Promise.all(states));
    },
  });
  http.addHook("preClose", async () => watchers.stop());
  http.get<Input<never, typeof TokenParams>>(
    "/pay/:token/events",
    { schema: { hide: true, params: TokenParams }, exposeHeadRoute: false },
    async (request, reply) => {
      const whole = await find(deps, request.params.token);
      if (whole.payment.finishedAt !== null) return reply.code(204).send();
      await deps.payments.watch(whole.payment);
      const events = watchers.watch(whole.payment.id, await stateOf(deps, whole));
      if (events === null) throw problem("overloaded", { retryAfterSeconds: 60 });
      return reply
        .header("content-type", "text/event-stream; charset=utf-8")
        .header("x-accel-buffering", "no")
        .send(events);
    },
  );
}

async function find(deps: CheckoutRoutesDeps, token: string): Promise<Whole> {
  const id = readCashierToken(deps.keyring, token);
  const whole = id === null ? null : await deps.payments.find(id);
  if (whole === null) throw problem("not_found");
  return whole;
}

async function stateOf(deps: CheckoutRoutesDeps, whole: Whole) {
  const merchant = await deps.merchants.get(whole.payment.merchantId);
  const methods = whole.payment.finishedAt === null ? await methodsOf(deps, whole.payment) : [];
  return checkoutState(whole, merchant?.name ?? "", methods, deps.clock.now());
}

async function methodsOf(deps: CheckoutRoutesDeps, payment: Whole["payment"]) {
  return offeredMethods(await deps.channels.accountsOfMerchant(payment.merchantId), deps.channels, payment);
}
