import type { FastifyInstance } from "fastify";
import { type AlipayDeps, newPaymentCode } from "../alipay/index.ts";
import { bodyOf, booleanField, integerField, Refused, textField } from "../refuse.ts";
import type { StripeDeps } from "../stripe/index.ts";
import { newUnionpayPaymentCode, type UnionpayDeps } from "../unionpay/index.ts";
import { newWechatPaymentCode, type WechatDeps } from "../wechat/index.ts";
import { alipayInWallet } from "./alipay-channel.ts";
import { browse, isPlateAddress, type WalletName } from "./browser.ts";
import { channelOf, type WalletChannel } from "./channel.ts";
import { isCursor, listAll } from "./list.ts";
import { stripeInWallet } from "./stripe-channel.ts";
import { unionpayInWallet } from "./unionpay-channel.ts";
import { wechatInWallet } from "./wechat-channel.ts";

/** `online`: whether the wallet's browser can reach addresses outside. */
type WalletDeps = AlipayDeps & StripeDeps & UnionpayDeps & WechatDeps & { readonly online: boolean };

const newCode = {
  alipay: newPaymentCode,
  unionpay: newUnionpayPaymentCode,
  wechat: newWechatPaymentCode,
} as const;
const behaviours = ["pays", "asks_password", "insufficient_balance"] as const;
const inHand = ["code", "token", "buyer"] as const;
const amountMax = 10_000_000_000;
const pageDefault = 20;
const pageMax = 100;
/** How far back `GET /wallet/pending` looks. */
const pendingLookback = 200;

/** The buyer's wallet for programs: scan, pay, fail, abandon, payment codes, and what happened so far. */
export function registerWalletRoutes(app: FastifyInstance, deps: WalletDeps): void {
  const channels = [wechatInWallet(deps), unionpayInWallet(deps), stripeInWallet(deps), alipayInWallet(deps)];
  registerScan(app, deps, channels);
  registerActions(app, channels);
  registerPaymentCodes(app, deps);
  registerLists(app, channels);
}

/** A code of a channel is opened; an address of a platform's is opened in the wallet's browser. */
function registerScan(app: FastifyInstance, deps: WalletDeps, channels: readonly WalletChannel[]): void {
  app.post("/wallet/scan", async (request) => {
    const body = bodyOf(request.body, [...inHand, "wallet", "amount"]);
    const code = codeOf(body);
    const buyer = buyerIn(body);
    if (!isPlateAddress(code))
      return { trade: await (await channelOf(channels, code)).scan({ code, buyer }) };
    if (!deps.online) {
      throw new Refused(409, "no_network", "This sandbox opens no addresses: it runs inside a simulation.");
    }
    const seen = await browse(deps.clock, deps.url(), {
      url: code,
      wallet: walletOf(body),
      buyer,
      amount: textField(body, "amount", 32) ?? null,
    });
    if ("page" in seen) return seen;
    return { trade: await (await channelOf(channels, seen.order)).scan({ code: seen.order, buyer }) };
  });
}

function walletOf(body: Record<string, unknown>): WalletName {
  const wallet = textField(body, "wallet") ?? "alipay";
  if (wallet === "alipay" || wallet === "unionpay" || wallet === "wechat") return wallet;
  throw new Refused(400, "wallet_unknown", "wallet must be alipay, unionpay or wechat.");
}

function registerActions(app: FastifyInstance, channels: readonly WalletChannel[]): void {
  app.post("/wallet/pay", async (request) => {
    const body = bodyOf(request.body, [...inHand, "amount", "password", "voucher_amount", "card"]);
    const amount = integerField(body, "amount", 1, amountMax);
    const asked = {
      code: codeOf(body),
      buyer: buyerIn(body),
      amount: amount === undefined ? null : BigInt(amount),
      voucher: BigInt(integerField(body, "voucher_amount", 0, amountMax) ?? 0),
      password: booleanField(body, "password") ?? true,
      card: textField(body, "card", 64) ?? null,
    };
    const { trade, redirectUrl } = await (await channelOf(channels, asked.code)).pay(asked);
    return { trade, redirect_url: redirectUrl };
  });
  app.post("/wallet/fail", async (request) => {
    const body = bodyOf(request.body, [...inHand, "reason"]);
    const code = codeOf(body);
    const reason = textField(body, "reason", 200);
    return { trade: await (await channelOf(channels, code)).fail({ code, buyer: buyerIn(body) }, reason) };
  });
  app.post("/wallet/abandon", async (request) => {
    const code = codeOf(bodyOf(request.body, ["code", "token"]));
    return { trade: await (await channelOf(channels, code)).abandon(code) };
  });
}

function registerPaymentCodes(app: FastifyInstance, deps: WalletDeps): void {
  app.post("/wallet/payment-codes", async (request, reply) => {
    const body = bodyOf(request.body, ["behaviour", "wallet"]);
    const wallet = textField(body, "wallet") ?? "alipay";
    if (wallet !== "alipay" && wallet !== "unionpay" && wallet !== "wechat") {
      throw new Refused(400, "wallet_unknown", "wallet must be alipay, unionpay or wechat.");
    }
    const behaviour = textField(body, "behaviour") ?? "pays";
    const known = behaviours.find((one) => one === behaviour);
    if (!known) {
      throw new Refused(400, "field_invalid", `behaviour must be one of ${behaviours.join(", ")}.`);
    }
    const code = await newCode[wallet](deps, known);
    return reply.code(201).send({
      code: code.code,
      wallet,
      behaviour: code.behaviour,
      expires_at: code.expiresAt.toISOString(),
    });
  });
}

function registerLists(app: FastifyInstance, channels: readonly WalletChannel[]): void {
  app.get("/wallet/trades", async (request) => {
    const { limit, cursor } = request.query as { limit?: string; cursor?: string };
    const page = await listAll(channels, limitOf(limit), cursorOf(cursor, channels.length));
    return { data: page.data, next_cursor: page.cursor };
  });
  app.get("/wallet/trades/:token", async (request) => {
    const { token } = request.params as { token: string };
    for (const channel of channels) {
      const shown = await channel.ofToken(token);
      if (shown) return { trade: shown.trade, redirect_url: shown.redirectUrl };
    }
    throw new Refused(404, "trade_unknown", "There is no trade with this token.");
  });
  app.get("/wallet/pending", async () => {
    const { data } = await listAll(channels, pendingLookback, null);
    return { data: data.filter((trade) => trade.awaits_password === true && trade.abandoned !== true) };
  });
}

function codeOf(body: Record<string, unknown>): string {
  const code = textField(body, "code", 16_384) ?? textField(body, "token", 256);
  if (code === undefined) {
    const message = "code is required: a code's text, a link, an app string, a trade number or a token.";
    throw new Refused(400, "field_missing", message);
  }
  return code.trim();
}

/** Whose phone it is; nobody named is the sandbox's one pretend buyer. */
function buyerIn(body: Record<string, unknown>): string | null {
  return textField(body, "buyer", 64) ?? null;
}

function limitOf(text: string | undefined): number {
  const limit = text === undefined ? pageDefault : Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= pageMax) return limit;
  throw new Refused(400, "field_invalid", `limit must be a whole number from 1 to ${pageMax}.`);
}

function cursorOf(text: string | undefined, channels: number): string | null {
  if (text === undefined) return null;
  if (isCursor(text, channels)) return text;
  throw new Refused(400, "field_invalid", "cursor must be the next_cursor of an earlier answer.");
}
