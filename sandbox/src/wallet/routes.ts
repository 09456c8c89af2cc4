import type { FastifyInstance } from "fastify";
import {
  type AlipayDeps,
  abandonInWallet,
  asOfNow,
  failInWallet,
  newPaymentCode,
  orderOfToken,
  orders,
  payInWallet,
  returnUrl,
  scan,
} from "../alipay/index.ts";
import { bodyOf, booleanField, integerField, Refused, textField } from "../refuse.ts";
import { viewTrade } from "./view.ts";

const behaviours = ["pays", "asks_password", "insufficient_balance"] as const;
const amountMax = 10_000_000_000;
const pageDefault = 20;
const pageMax = 100;
/** How far back `GET /wallet/pending` looks. */
const pendingLookback = 200;

/** The buyer's wallet for programs: scan, pay, fail, abandon, payment codes, and what happened so far. */
export function registerWalletRoutes(app: FastifyInstance, deps: AlipayDeps): void {
  registerActions(app, deps);
  registerLists(app, deps);
}

function registerActions(app: FastifyInstance, deps: AlipayDeps): void {
  app.post("/wallet/scan", async (request) => {
    const body = bodyOf(request.body, ["code", "token"]);
    return { trade: viewTrade(await scan(deps, codeOf(body))) };
  });
  app.post("/wallet/pay", async (request) => {
    const body = bodyOf(request.body, ["code", "token", "amount", "password", "voucher_amount"]);
    const amount = integerField(body, "amount", 1, amountMax);
    const { order, redirectUrl } = await payInWallet(deps, {
      code: codeOf(body),
      amount: amount === undefined ? null : BigInt(amount),
      voucher: BigInt(integerField(body, "voucher_amount", 0, amountMax) ?? 0),
      password: booleanField(body, "password") ?? true,
    });
    return { trade: viewTrade(order), redirect_url: redirectUrl };
  });
  app.post("/wallet/fail", async (request) => {
    const body = bodyOf(request.body, ["code", "token", "reason"]);
    const reason = textField(body, "reason", 200) ?? "ACQ.BUYER_BALANCE_NOT_ENOUGH";
    return { trade: viewTrade(await failInWallet(deps, codeOf(body), reason)) };
  });
  app.post("/wallet/abandon", async (request) => {
    const body = bodyOf(request.body, ["code", "token"]);
    return { trade: viewTrade(await abandonInWallet(deps, codeOf(body))) };
  });
  app.post("/wallet/payment-codes", async (request, reply) => {
    const body = bodyOf(request.body, ["behaviour", "wallet"]);
    const wallet = textField(body, "wallet") ?? "alipay";
    if (wallet !== "alipay") throw new Refused(400, "wallet_unknown", "wallet must be alipay.");
    const behaviour = textField(body, "behaviour") ?? "pays";
    const known = behaviours.find((one) => one === behaviour);
    if (!known) {
      throw new Refused(400, "field_invalid", `behaviour must be one of ${behaviours.join(", ")}.`);
    }
    const code = await newPaymentCode(deps, known);
    return reply.code(201).send({
      code: code.code,
      wallet,
      behaviour: code.behaviour,
      expires_at: code.expiresAt.toISOString(),
    });
  });
}

function registerLists(app: FastifyInstance, deps: AlipayDeps): void {
  app.get("/wallet/trades", async (request) => {
    const { limit, cursor } = request.query as { limit?: string; cursor?: string };
    const page = await deps.store.list(orders, { limit: limitOf(limit), cursor: cursorOf(cursor) });
    return { data: page.records.map((order) => viewTrade(asOfNow(deps, order))), next_cursor: page.cursor };
  });
  app.get("/wallet/trades/:token", async (request) => {
    const { token } = request.params as { token: string };
    const order = await orderOfToken(deps, token);
    if (!order) throw new Refused(404, "trade_unknown", "There is no trade with this token.");
    return { trade: viewTrade(order), redirect_url: await returnUrl(deps, order) };
  });
  app.get("/wallet/pending", async () => {
    const { records } = await deps.store.list(orders, { limit: pendingLookback });
    const waiting = records
      .map((order) => asOfNow(deps, order))
      .filter((order) => order.trade?.awaitsPassword && !order.abandonedAt);
    return { data: waiting.map(viewTrade) };
  });
}

function codeOf(body: Record<string, unknown>): string {
  const code = textField(body, "code", 16_384) ?? textField(body, "token", 256);
  if (code === undefined) {
    const message = "code is required: a code's text, a link, an app string, a trade number or a token.";
    throw new Refused(400, "field_missing", message);
  }
  return code;
}

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? pageDefault : Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= pageMax) return limit;
  throw new Refused(400, "field_invalid", `limit must be a whole number from 1 to ${pageMax}.`);
}

function cursorOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^\d{1,18}$/.test(text)) return text;
  throw new Refused(400, "field_invalid", "cursor must be the next_cursor of an earlier answer.");
}
