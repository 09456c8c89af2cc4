import type { FastifyReply, FastifyRequest } from "fastify";
import { walletOfUserAgent } from "../../codes/index.ts";
import type { Http } from "../../kernel/http.ts";
import type { Id } from "../../kernel/ids.ts";
import { readPlateCode } from "../code.ts";
import type { Plate } from "../model.ts";
import type { OrderPages } from "../order/service.ts";
import { sendPage, tongueOf } from "../pages/frame.ts";
import {
  closedShopPage,
  notYetPage,
  onwardPage,
  payPage,
  refusedPage,
  unknownCodePage,
} from "../pages/scan-pages.ts";
import { payByScan, type Ready, type ScanDeps, scanPlate, startScan } from "./service.ts";

export type ScanRoutesDeps = ScanDeps & {
  /** The plate of a code; null: there is none. */
  readonly byCode: (code: string) => Promise<Plate | null>;
  readonly orders: Pick<OrderPages, "walletsFor">;
  /** A payment's pages: in the wallet that scanned, and the cashier of any other browser. */
  readonly scanPath: (paymentId: Id) => string;
  readonly cashierPath: (paymentId: Id) => string;
};

const FORM_BYTES_MAX = 2_048;
const hide = true;

/**
 * Adds `/q/{code}`: what a printed code opens. Reading the printed address makes no payment: the answer
 * carries the token of a scan, which the next address or the form brings back.
 */
export function scanRoutes(http: Http, deps: ScanRoutesDeps): void {
  http.get<{ Params: { code: string } }>("/q/:code", { schema: { hide } }, async (request, reply) => {
    const ready = await readyOr(deps, request, reply);
    if (ready === null) return reply;
    const token = startScan(deps, ready.plate);
    const app = appOf(request);
    if (ready.plate.amount !== null && app?.channel != null) {
      return reply.redirect(`${pathOf(ready)}/${token}`, 303);
    }
    return sendPage(
      reply,
      tongueOf(request),
      payPage(tongueOf(request), await formOf(deps, ready, app, token)),
    );
  });

  http.get<{ Params: { code: string; scan: string } }>(
    "/q/:code/:scan",
    { schema: { hide } },
    async (request, reply) => {
      const ready = await readyOr(deps, request, reply);
      if (ready === null) return reply;
      const path = pathOf(ready);
      if (ready.plate.amount === null) return reply.redirect(path, 303);
      const paid = await payByScan(deps, ready, request.params.scan, null);
      if (paid.result === "payment")
        return reply.redirect(nextPath(deps, request, paid.whole.payment.id), 303);
      if (paid.result === "stale") return reply.redirect(path, 303);
      if (paid.result === "amount") throw new Error(`the amount of plate ${ready.plate.id} was read`);
      return sendPage(reply, tongueOf(request), refusedPage(tongueOf(request), paid, path));
    },
  );

  http.register(async (scope) => {
    const form = { parseAs: "buffer", bodyLimit: FORM_BYTES_MAX } as const;
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/x-www-form-urlencoded", form, (_, body: Buffer, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body.toString("utf8"))));
    });
    scope.post<{ Params: { code: string }; Body: Record<string, unknown> | null }>(
      "/q/:code",
      { schema: { hide } },
      async (request, reply) => {
        const ready = await readyOr(deps, request, reply);
        if (ready === null) return reply;
        return submitted(deps, request, reply, ready);
      },
    );
  });
}

async function submitted(
  deps: ScanRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  ready: Ready,
): Promise<FastifyReply> {
  const tongue = tongueOf(request);
  const body = request.body as Record<string, unknown> | null;
  const [token, typed] = [textOf(body?.scan), textOf(body?.amount)];
  const paid = await payByScan(deps, ready, token, typed);
  if (paid.result === "payment") {
    return sendPage(reply, tongue, onwardPage(tongue, nextPath(deps, request, paid.whole.payment.id)));
  }
  if (paid.result !== "amount") return sendPage(reply, tongue, refusedPage(tongue, paid, pathOf(ready)));
  const form = await formOf(deps, ready, appOf(request), token);
  return sendPage(reply, tongue, payPage(tongue, form, { text: typed.slice(0, 16), fault: paid.fault }));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

async function formOf(deps: ScanRoutesDeps, ready: Ready, app: ReturnType<typeof appOf>, token: string) {
  const { merchantId, currency, amount } = ready.plate;
  const wallets = await deps.orders.walletsFor({ merchantId, currency, amount: amount ?? ready.bounds.min });
  return { ready, action: pathOf(ready), token, app, wallets };
}

/** The plate, ready to be paid; null where the answer was sent already, which says why not. */
async function readyOr(
  deps: ScanRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Ready | null> {
  const tongue = tongueOf(request);
  const code = readPlateCode((request.params as { code: string }).code);
  const plate = code === null ? null : await deps.byCode(code);
  if (plate === null) {
    sendPage(reply, tongue, unknownCodePage(tongue));
    return null;
  }
  const scanned = await scanPlate(deps, plate);
  switch (scanned.found) {
    case "not_yet":
      sendPage(reply, tongue, notYetPage(tongue, scanned.state));
      return null;
    case "closed_shop":
      sendPage(reply, tongue, closedShopPage(tongue));
      return null;
    case "ready":
      return scanned.ready;
  }
}

function appOf(request: FastifyRequest) {
  return walletOfUserAgent(request.headers["user-agent"] ?? "");
}

function pathOf({ plate }: Ready): string {
  return `/q/${plate.code}`;
}

/** In a wallet that can pay, its own page; in any other browser the cashier with all that it offers. */
function nextPath(deps: ScanRoutesDeps, request: FastifyRequest, paymentId: Id): string {
  return appOf(request)?.channel == null ? deps.cashierPath(paymentId) : deps.scanPath(paymentId);
}
