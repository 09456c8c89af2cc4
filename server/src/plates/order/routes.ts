import type { FastifyReply, FastifyRequest } from "fastify";
import { type ScanningApp, walletOfUserAgent } from "../../codes/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import type { Http } from "../../kernel/http.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { markup } from "../../kernel/markup.ts";
import type { Merchants } from "../../merchants/index.ts";
import { liveOf, type Payments, readCashierToken, type Whole } from "../../payments/index.ts";
import { sendPage, tongueOf } from "../pages/frame.ts";
import {
  confirmingPage,
  elsewherePage,
  endedPage,
  invokePage,
  refusedOrderPage,
  unidentifiedPage,
  unknownPaymentPage,
} from "../pages/order-pages.ts";
import { codeSvg } from "../print/drawing.ts";
import { isWaiting, type OrderPages, type Step } from "./service.ts";
import { readOrderState } from "./state.ts";

export type OrderRoutesDeps = {
  readonly clock: Clock;
  readonly keyring: Pick<Keyring, "macs">;
  readonly payments: Pick<Payments, "find" | "watch">;
  readonly merchants: Pick<Merchants, "get">;
  readonly orders: OrderPages;
  readonly publicUrl: () => string;
  readonly scanPath: (paymentId: Id) => string;
  readonly cashierPath: (paymentId: Id) => string;
};

const hide = true;

/**
 * Adds `/q/o/{token}`: the one address of a payment that opens it in whichever wallet scans it. Wallets ask
 * for the folder that calls their bridge to be registered: it is `/q/o/` alone, and nothing stands behind a
 * `#`.
 */
export function orderRoutes(http: Http, deps: OrderRoutesDeps): void {
  http.get<{ Querystring: Record<string, unknown> }>(
    "/q/o/back",
    { schema: { hide } },
    async (request, reply) => back(deps, request, reply),
  );

  http.get<{ Params: { token: string }; Querystring: Record<string, unknown> }>(
    "/q/o/:token",
    { schema: { hide } },
    async (request, reply) => {
      const whole = await findOr(deps, request, reply, request.params.token);
      if (whole === null) return reply;
      const app = appOf(request);
      if (app?.channel == null) return showElsewhere(deps, request, reply, whole, app);
      if (isWaiting(whole, deps.clock.now())) return showWaiting(deps, request, reply, whole);
      const live = liveOf(whole);
      const named = parseId("att", textIn(request.query, "a"));
      if (live !== null && live.id === named && live.nextAction?.type === "jsapi_params") {
        return showInvoke(deps, request, reply, whole, app);
      }
      return take(deps, request, reply, whole, app, await deps.orders.open(whole, app, request.ip));
    },
  );

  http.get<{ Params: { token: string } }>(
    "/q/o/:token/done",
    { schema: { hide } },
    async (request, reply) => {
      const whole = await findOr(deps, request, reply, request.params.token);
      if (whole === null) return reply;
      const tongue = tongueOf(request);
      return sendPage(reply, tongue, confirmingPage(tongue, `${deps.scanPath(whole.payment.id)}/done`));
    },
  );
}

/** The wallet's page has sent the browser back: with a code of its user, or without where it would not. */
async function back(
  deps: OrderRoutesDeps,
  request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const tongue = tongueOf(request);
  const read = readOrderState(deps.keyring, textIn(request.query, "state"), deps.clock.now());
  if (read === null) return sendPage(reply, tongue, unknownPaymentPage(tongue));
  const { state, late } = read;
  const whole = await openOr(deps, request, reply, await deps.payments.find(state.paymentId));
  if (whole === null) return reply;
  const app = appOf(request);
  if (app === null) return showElsewhere(deps, request, reply, whole, app);
  const { ip: buyerIp, query: parameters } = request;
  const step = await deps.orders.identified(whole, app, { state, late, parameters, buyerIp });
  return take(deps, request, reply, whole, app, step);
}

async function take(
  deps: OrderRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  whole: Whole,
  app: ScanningApp,
  step: Step,
): Promise<FastifyReply> {
  const tongue = tongueOf(request);
  const path = deps.scanPath(whole.payment.id);
  switch (step.step) {
    case "go":
      return reply.redirect(step.url, 302);
    case "invoke":
      return reply.redirect(`${path}?a=${formatId("att", step.attemptId)}`, 303);
    case "ended":
      return reply.redirect(path, 303);
    case "confirming":
      return showWaiting(deps, request, reply, whole);
    case "elsewhere":
      return showElsewhere(deps, request, reply, whole, app);
    case "unidentified":
      return sendPage(reply, tongue, unidentifiedPage(tongue, path));
    case "refused":
      return sendPage(reply, tongue, refusedOrderPage(tongue, path));
  }
}

async function findOr(deps: OrderRoutesDeps, request: FastifyRequest, reply: FastifyReply, token: string) {
  const id = readCashierToken(deps.keyring, token);
  return openOr(deps, request, reply, id === null ? null : await deps.payments.find(id));
}

/** The payment while it is open; null where the answer was sent already, which says what became of it. */
async function openOr(
  deps: OrderRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  whole: Whole | null,
): Promise<Whole | null> {
  const tongue = tongueOf(request);
  if (whole === null) {
    sendPage(reply, tongue, unknownPaymentPage(tongue));
    return null;
  }
  await deps.payments.watch(whole.payment);
  const name = await merchantName(deps, whole);
  const ended = endedPage(tongue, whole.payment, name, deps.clock.now());
  if (ended === null) return whole;
  sendPage(reply, tongue, ended);
  return null;
}

async function merchantName(deps: OrderRoutesDeps, { payment }: Whole): Promise<string> {
  return (await deps.merchants.get(payment.merchantId))?.name ?? "";
}

/** Once what is not known is known, the payment's own address goes on from there. */
function showWaiting(
  deps: OrderRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { payment }: Whole,
): FastifyReply {
  const tongue = tongueOf(request);
  return sendPage(reply, tongue, confirmingPage(tongue, deps.scanPath(payment.id)));
}

async function showInvoke(
  deps: OrderRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  whole: Whole,
  app: ScanningApp,
): Promise<FastifyReply> {
  const tongue = tongueOf(request);
  const action = liveOf(whole)?.nextAction;
  const params = action?.type === "jsapi_params" ? action.params : {};
  const sum = { payment: whole.payment, merchantName: await merchantName(deps, whole) };
  const done = `${deps.scanPath(whole.payment.id)}/done`;
  return sendPage(reply, tongue, invokePage(tongue, sum, app.app, params, done));
}

async function showElsewhere(
  deps: OrderRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  whole: Whole,
  app: ScanningApp | null,
): Promise<FastifyReply> {
  const tongue = tongueOf(request);
  const { payment } = whole;
  const sum = { payment, merchantName: await merchantName(deps, whole) };
  const page = elsewherePage(tongue, sum, {
    app,
    wallets: await deps.orders.walletsFor(payment),
    code: markup(codeSvg(`${deps.publicUrl()}${deps.scanPath(payment.id)}`)),
    cashier: deps.cashierPath(payment.id),
  });
  return sendPage(reply, tongue, page);
}

function appOf(request: FastifyRequest): ScanningApp | null {
  return walletOfUserAgent(request.headers["user-agent"] ?? "");
}

/** A parameter of an address; empty where it is missing or there are several. */
function textIn(query: Record<string, unknown>, name: string): string {
  const value = query[name];
  return typeof value === "string" ? value : "";
}
