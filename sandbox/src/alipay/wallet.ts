import { formatBeijing } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import { randomDigits } from "../clock.ts";
import { Refused } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import { arrive } from "./arrival.ts";
import { BusinessRefusal, orRefuse } from "./biz.ts";
import { sandboxBuyer } from "./buyers.ts";
import {
  type AlipayDeps,
  keepStep,
  lockOrder,
  newTradeNo,
  planExpiry,
  transact,
  type Work,
} from "./context.ts";
import { mergedParams } from "./gateway.ts";
import { acqSentences } from "./machine/refusals.ts";
import { failTrade, openTrade, settleTime } from "./machine/trade.ts";
import { apps, type Order, orders, type PaymentCode, paymentCodes } from "./model.ts";
import { payAs } from "./paying.ts";
import { signedNotification } from "./wire/signing.ts";

// What a buyer does in the Alipay app, for programs: the order is named by whatever the buyer would have in
// hand.

const qrPrefix = "https://qr.alipay.com/";
const paymentCodeLifetimeMs = 2 * 60_000;

/** Opens what a code stands for, as scanning it does: an order without a trade gets one. */
export async function scan(deps: AlipayDeps, code: string): Promise<Order> {
  const found = await resolve(deps, code.trim());
  return withWalletErrors(() =>
    transact(deps, async (unit) => {
      const order = await lockOrder(unit, found.id);
      return order!.trade && !order!.abandonedAt ? order! : opened(unit, order!);
    }),
  );
}

export type WalletPayment = {
  code: string;
  amount: bigint | null;
  voucher: bigint;
  /** False when the buyer did not enter the password that is asked for. */
  password: boolean;
};

/** Pays; a payment code that waits for its password is confirmed by this. */
export async function payInWallet(
  deps: AlipayDeps,
  asked: WalletPayment,
): Promise<{ order: Order; redirectUrl: string | null }> {
  const found = await resolve(deps, asked.code.trim());
  const order = await withWalletErrors(() =>
    transact(deps, async (unit) => {
      const locked = (await lockOrder(unit, found.id))!;
      const ready = locked.trade ? locked : await opened(unit, locked);
      if (ready.trade!.awaitsPassword && !asked.password) {
        throw new Refused(409, "password_required", "This payment waits for the buyer's password.");
      }
      const { amount, voucher } = asked;
      return payAs(unit, ready, { buyer: sandboxBuyer, amount, voucher });
    }),
  );
  return { order, redirectUrl: await returnUrl(deps, order) };
}

/** The buyer could not pay; `reason` is what the wallet says. */
export async function failInWallet(deps: AlipayDeps, code: string, reason: string): Promise<Order> {
  const found = await resolve(deps, code.trim());
  return withWalletErrors(() =>
    transact(deps, async (unit) => {
      const locked = (await lockOrder(unit, found.id))!;
      const ready = locked.trade ? locked : await opened(unit, locked);
      return keepStep(unit, orRefuse(failTrade(ready, reason, unit.now)));
    }),
  );
}

/**
 * The buyer puts the payment away. Nothing ends at Alipay: the code can be opened again until its time is
 * over.
 */
export async function abandonInWallet(deps: AlipayDeps, code: string): Promise<Order> {
  const found = await resolve(deps, code.trim());
  return transact(deps, async (unit) => {
    const order = (await lockOrder(unit, found.id))!;
    if (order.trade?.payment) {
      throw new Refused(409, "trade_paid", "This payment is already made; there is nothing to put away.");
    }
    const abandoned = { ...order, abandonedAt: unit.now };
    await unit.tx.update(orders, abandoned);
    return abandoned;
  });
}

/** A payment code for a cashier to scan: 28 and 16 more digits, for one payment. */
export async function newPaymentCode(
  deps: AlipayDeps,
  behaviour: PaymentCode["behaviour"],
): Promise<PaymentCode> {
  const now = deps.clock.now();
  const code: PaymentCode = {
    code: `28${randomDigits(deps.random, 16)}`,
    wallet: "alipay",
    behaviour,
    createdAt: now,
    expiresAt: new Date(now.getTime() + paymentCodeLifetimeMs),
    usedByOrder: null,
  };
  await deps.store.transaction((tx) => tx.insert(paymentCodes, code));
  return code;
}

/** The order as it is at this instant, without writing down what time did to it. */
export function asOfNow(deps: AlipayDeps, order: Order): Order {
  return settleTime(order, deps.clock.now()).order;
}

/** The order with this wallet token; undefined when there is none. */
export async function orderOfToken(deps: AlipayDeps, token: string): Promise<Order | undefined> {
  const order = await deps.store.find(orders, "token", token);
  return order && asOfNow(deps, order);
}

/**
 * Where the buyer's browser goes after paying on a page: the merchant's return_url with Alipay's signed
 * parameters.
 */
export async function returnUrl(deps: AlipayDeps, order: Order): Promise<string | null> {
  const { trade } = order;
  if (!order.returnUrl || !trade?.payment || (order.scene !== "page" && order.scene !== "wap")) return null;
  const app = await deps.store.get(apps, order.appId);
  if (!app || !URL.canParse(order.returnUrl)) return null;
  const signed = signedNotification(
    {
      app_id: order.appId,
      auth_app_id: order.authAppId,
      charset: "utf-8",
      method: `alipay.trade.${order.scene}.pay.return`,
      out_trade_no: order.outTradeNo,
      seller_id: order.sellerId,
      timestamp: formatBeijing(deps.clock.now()),
      total_amount: formatYuan(trade.payment.total),
      trade_no: trade.tradeNo,
      version: "1.0",
    },
    app.platformPrivateKey,
  );
  const url = new URL(order.returnUrl);
  for (const [name, value] of Object.entries(signed)) url.searchParams.set(name, value);
  return url.href;
}

async function opened(unit: Work, order: Order): Promise<Order> {
  if (order.trade) {
    const again = { ...order, abandonedAt: null };
    await unit.tx.update(orders, again);
    return again;
  }
  const next = orRefuse(openTrade(order, newTradeNo(unit), unit.now)).order;
  await unit.tx.update(orders, next);
  await planExpiry(unit, next);
  return next;
}

/**
 * The order that a code, link, app string, trade number or token stands for; a signed order is placed by it.
 */
async function resolve(deps: AlipayDeps, code: string): Promise<Order> {
  const { store } = deps;
  if (code.startsWith(qrPrefix)) return orUnknown(await store.find(orders, "qr_code", code));
  if (/^\d{28}$/.test(code)) return orUnknown(await store.find(orders, "trade_no", code));
  if (/^\d{16,24}$/.test(code)) return orUnknown(await orderOfPaymentCode(store, code));
  const tradeNo = tradeNoInJson(code);
  if (tradeNo !== undefined) return orUnknown(await store.find(orders, "trade_no", tradeNo));
  const signed = signedParams(code);
  if (signed) {
    const arrived = await arrive(deps, signed);
    if ("order" in arrived) return arrived.order;
    throw new Refused(409, arrived.refused.code, arrived.refused.sentence);
  }
  const token = /[?&]trade=([^&]+)/.exec(code)?.[1] ?? code;
  return orUnknown(await store.find(orders, "token", token));
}

function orUnknown(order: Order | undefined): Order {
  if (order) return order;
  const message =
    "No order stands behind this code; scan a code, link, app string or trade number of this sandbox.";
  throw new Refused(404, "code_unknown", message);
}

async function orderOfPaymentCode(reader: StoreReader, code: string): Promise<Order | undefined> {
  const found = await reader.get(paymentCodes, code);
  if (found && found.usedByOrder === null) {
    throw new Refused(409, "code_unused", "This payment code has not been scanned by a cashier yet.");
  }
  return found?.usedByOrder ? reader.get(orders, found.usedByOrder) : undefined;
}

/** tradeNO in what a page hands to AlipayJSBridge: `{"tradeNO":"…"}`. */
function tradeNoInJson(code: string): string | undefined {
  if (!code.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(code) as Record<string, unknown>;
    const tradeNo = value.tradeNO ?? value.trade_no;
    return typeof tradeNo === "string" ? tradeNo : undefined;
  } catch {
    return undefined;
  }
}

/** The parameters of a link to gateway.do or of the string that an app hands to the wallet. */
function signedParams(code: string): Record<string, string> | undefined {
  const query = code.includes("gateway.do?") ? code.slice(code.indexOf("?") + 1) : code;
  if (!/(^|&)app_id=/.test(query) || !/(^|&)sign=/.test(query)) return undefined;
  return mergedParams(Object.fromEntries(new URLSearchParams(query)), undefined);
}

/** Alipay's business refusals as the wallet's own errors. */
async function withWalletErrors<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BusinessRefusal)) throw error;
    const message = error.detail ? `${acqSentences[error.code]}: ${error.detail}` : acqSentences[error.code];
    throw new Refused(409, error.code, message);
  }
}
