import { readFileSync } from "node:fs";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { Problem, problem } from "../kernel/errors.ts";
import { type Http, type Input, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { liveOf, type Whole } from "../payments/index.ts";
import { BEACON_KINDS, type Beacons } from "./beacons.ts";
import { goPage } from "./go-page.ts";
import { insideOf } from "./inside.ts";
import type { CashierSettingsService } from "./settings/index.ts";
import { findByToken, type StateDeps, sceneOf, stateOf } from "./state.ts";
import { ordinalOf, renewalDue } from "./view.ts";
import type { Watchers } from "./watchers.ts";

export type CheckoutRoutesDeps = StateDeps & {
  readonly settings: CashierSettingsService;
  readonly watchers: Watchers;
  readonly beacons: Beacons;
  /** Where `web/checkout` was built to. */
  readonly assets: URL;
};

const TokenParams = strictObject({ token: Type.String({ pattern: "^[A-Za-z0-9_-]{1,100}$" }) });
const Ordinal = Type.Integer({ minimum: 1, maximum: 1_000 });
const StartSchema = strictObject({
  method: Type.String({ maxLength: 40 }),
  device: Type.Enum(["phone", "desktop"]),
  /** The attempt whose code or link is dead or about to die: with it the same method begins anew. */
  renews: Type.Optional(Ordinal),
});
const BeaconSchema = strictObject({ attempt: Ordinal, kind: Type.Enum([...BEACON_KINDS]) });
const LogoQuery = strictObject({ v: Type.Optional(Type.String({ maxLength: 12 })) });

/** A certificate and a signature in a form make some kilobytes. */
const RETURN_BYTES_MAX = 64 * 1_024;

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const ASSETS = {
  "checkout.js": "text/javascript; charset=utf-8",
  "go.js": "text/javascript; charset=utf-8",
  "checkout.css": "text/css; charset=utf-8",
} as const;
const hidden = { hide: true, params: TokenParams };

/**
 * Adds the cashier: `/pay/{token}`, what it asks and tells, and its files. A page is reachable by its
 * payment's token alone.
 */
export function checkoutRoutes(http: Http, deps: CheckoutRoutesDeps): void {
  files(http, deps);
  status(http, deps);
  starting(http, deps);
  goingOn(http, deps);
  takeFormsBack(http);
}

function files(http: Http, deps: CheckoutRoutesDeps): void {
  const page = readFileSync(new URL("index.html", deps.assets));
  for (const [name, type] of Object.entries(ASSETS)) {
    const bytes = readFileSync(new URL(name, deps.assets));
    http.get(`/pay/assets/${name}`, { schema: { hide: true } }, (_, reply) =>
      reply.header("content-type", type).header("cache-control", "no-cache").send(bytes),
    );
  }
  // The page itself says nothing: an unknown token gets the same page, which then reads that there is no such
  // payment.
  http.get<Input<never, typeof TokenParams>>("/pay/:token", { schema: hidden }, (_, reply) =>
    reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", CSP)
      .header("referrer-policy", "no-referrer")
      .header("x-frame-options", "DENY")
      .send(page),
  );
  http.get<Input<never, typeof TokenParams, typeof LogoQuery>>(
    "/pay/:token/logo",
    { schema: { ...hidden, querystring: LogoQuery } },
    async (request, reply) => {
      const { payment } = await findByToken(deps, request.params.token);
      const logo = await deps.settings.logo(payment.merchantId);
      if (logo === null) throw problem("not_found");
      // A picture opened by itself is a document of this origin, so it may do nothing.
      return reply
        .header("content-type", logo.type)
        .header("content-security-policy", "default-src 'none'; sandbox")
        .header("cache-control", "private, max-age=86400")
        .send(logo.bytes);
    },
  );
}

/** What the page asks, and what it is told: an ended payment's events are 204, and no browser comes again. */
function status(http: Http, deps: CheckoutRoutesDeps): void {
  http.get<Input<never, typeof TokenParams>>("/pay/:token/state", { schema: hidden }, async (request) => {
    const whole = await findByToken(deps, request.params.token);
    await deps.payments.watch(whole.payment);
    return { ...(await stateOf(deps, whole)), inside: insideOf(agentOf(request), deps.channels) };
  });

  http.addHook("preClose", async () => deps.watchers.stop());
  http.get<Input<never, typeof TokenParams>>(
    "/pay/:token/events",
    { schema: hidden, exposeHeadRoute: false },
    async (request, reply) => {
      const whole = await findByToken(deps, request.params.token);
      if (whole.payment.finishedAt !== null) return reply.code(204).send();
      await deps.payments.watch(whole.payment);
      const events = deps.watchers.watch(whole.payment.id, await stateOf(deps, whole));
      if (events === null) throw problem("overloaded", { retryAfterSeconds: 60 });
      return reply
        .header("content-type", "text/event-stream; charset=utf-8")
        .header("x-accel-buffering", "no")
        .send(events);
    },
  );
}

function agentOf({ headers }: FastifyRequest): string {
  return headers["user-agent"] ?? "";
}

function starting(http: Http, deps: CheckoutRoutesDeps): void {
  http.post<Input<typeof StartSchema, typeof TokenParams>>(
    "/pay/:token/attempts",
    { schema: { ...hidden, body: StartSchema } },
    async (request) => {
      const whole = await findByToken(deps, request.params.token);
      const { payment } = whole;
      const { method, renews } = request.body;
      // Another page was quicker, or its clock is behind: what is there now is still good.
      if (renews !== undefined && !isToBeRenewed(deps, whole, method, renews)) return stateOf(deps, whole);
      const offered = await deps.offers.now(payment, liveOf(whole)?.method ?? null);
      if (!offered.some((candidate) => candidate.method === method)) {
        throw problem("method_not_available", { field: "method" });
      }
      const { device } = request.body;
      const wish = { method, paymentCode: null, buyer: null, buyerIp: request.ip, device };
      // Two pages that renew the same code are one wish.
      const name =
        renews === undefined
          ? null
          : { own: `renewal of ${formatId("att", payment.liveAttemptId as string)}` };
      const started = deps.payments.newAttempt(payment.merchantId, payment.id, wish, name);
      return stateOf(deps, await started.catch(refuseBuyer));
    },
  );
}

/** What a buyer is refused with: reasons name accounts, rules and limits, which are the merchant's own. */
function refuseBuyer(error: unknown): never {
  if (!(error instanceof Problem)) throw error;
  const { field, retryAfterSeconds } = error.extras;
  throw problem(error.code, {
    ...(field === undefined ? {} : { field }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/**
 * A channel may lead the buyer back by a form instead of a link (UnionPay). What it says is for show: none of
 * it is read, and the page asks the platform.
 */
function takeFormsBack(http: Http): void {
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: RETURN_BYTES_MAX }, (_, _body, done) => {
      done(null, null);
    });
    scope.post<Input<never, typeof TokenParams>>(
      "/pay/:token",
      { schema: hidden },
      // Relative, so that it holds behind whatever address the platform is reached at.
      (request, reply) => reply.code(303).header("location", request.params.token).send(),
    );
  });
}

function isToBeRenewed(deps: CheckoutRoutesDeps, whole: Whole, method: string, ordinal: number): boolean {
  const live = liveOf(whole);
  if (live === null || live.method !== method || ordinalOf(whole, live) !== ordinal) return false;
  const dueAt = renewalDue(whole.payment, live, sceneOf(deps, whole));
  return dueAt !== null && dueAt <= deps.clock.now();
}

/** The page that sends the live attempt's form on; null: there is none to send. */
function pageOfForm(whole: Whole, acceptLanguage: string | undefined) {
  const live = liveOf(whole);
  const action = live?.nextAction;
  if (live === null || whole.payment.closingSince !== null) return null;
  if (action?.type !== "redirect" || action.form === undefined) return null;
  return goPage({ url: action.url, form: action.form }, ordinalOf(whole, live), acceptLanguage);
}

/** To the channel's page by a form, and what a browser reports when a channel's page does not open. */
function goingOn(http: Http, deps: CheckoutRoutesDeps): void {
  http.get<Input<never, typeof TokenParams>>("/pay/:token/go", { schema: hidden }, async (request, reply) => {
    const whole = await findByToken(deps, request.params.token);
    const page = pageOfForm(whole, request.headers["accept-language"]);
    // Meanwhile paid, ended or another way: the cashier's page says so.
    if (page === null) return reply.redirect(`/pay/${request.params.token}`, 303);
    return reply
      .header("content-type", "text/html; charset=utf-8")
      .header("content-security-policy", page.policy)
      .header("referrer-policy", "no-referrer")
      .header("x-frame-options", "DENY")
      .send(page.html);
  });

  http.post<Input<typeof BeaconSchema, typeof TokenParams>>(
    "/pay/:token/beacon",
    { schema: { ...hidden, body: BeaconSchema } },
    async (request, reply) => {
      const whole = await findByToken(deps, request.params.token);
      const { attempt: ordinal, kind } = request.body;
      const attempt = whole.attempts.find((one) => ordinalOf(whole, one) === ordinal);
      if (attempt === undefined) {
        throw problem("invalid_request", { field: "attempt", detail: `there is no attempt ${ordinal}` });
      }
      if (!deps.beacons.take(whole.payment, attempt, kind)) {
        throw problem("rate_limited", { retryAfterSeconds: 60 });
      }
      return reply.code(204).send();
    },
  );
}
