import { dayMs, hourMs, parseBeijing } from "../china/beijing.ts";
import { randomToken } from "../clock.ts";
import { Overtaken } from "../store/index.ts";
import type { Biz } from "./biz.ts";
import { BusinessRefusal, invalid } from "./biz.ts";
import type { Work } from "./context.ts";
import { type App, type Order, orderId, orders, type Scene, type Seller } from "./model.ts";
import { isFrozen } from "./royalty/biz.ts";
import { parseTimeoutExpress } from "./wire/time.ts";

/** A call that places an order, as far as it concerns the order. */
export type Placing = {
  app: App;
  seller: Seller;
  scene: Scene;
  biz: Biz;
  notifyUrl: string | null;
  returnUrl: string | null;
};

/**
 * How long an unpaid trade lives where the merchant does not say: three hours face to face, else fifteen
 * days.
 */
const lifetimeMs: Record<Scene, number> = {
  qr: 3 * hourMs,
  code: 3 * hourMs,
  jsapi: 3 * hourMs,
  app: 15 * dayMs,
  page: 15 * dayMs,
  wap: 15 * dayMs,
};

/** A precreated code can be opened for two hours at most. */
const qrLifetimeMs = 2 * hourMs;

const outTradeNoPattern = /^[A-Za-z0-9_]{1,64}$/;

/** The order that a call describes, not yet written. */
export function newOrder(unit: Work, placing: Placing): Order {
  const { app, seller, scene, biz } = placing;
  const { now, deps } = unit;
  const outTradeNo = outTradeNoOf(biz);
  const subject = biz.required("subject", 256);
  if (/[/=&]/.test(subject)) throw invalid("subject");
  const sellerId = biz.text("seller_id", 28);
  if (sellerId !== null && sellerId !== seller.sellerId) throw invalid("seller_id");
  const expiresAt = expiryOf(biz, now, scene);
  return {
    id: orderId(seller.sellerId, outTradeNo),
    token: randomToken(deps.random),
    appId: app.appId,
    authAppId: seller.authAppId,
    sellerId: seller.sellerId,
    merchantName: app.merchantName,
    outTradeNo,
    scene,
    total: biz.yuan("total_amount"),
    subject,
    body: biz.text("body", 400),
    passbackParams: biz.text("passback_params", 512),
    storeId: biz.text("store_id", 32),
    terminalId: biz.text("terminal_id", 32),
    operatorId: biz.text("operator_id", 28),
    notifyUrl: placing.notifyUrl,
    returnUrl: placing.returnUrl,
    quitUrl: biz.text("quit_url", 400),
    feeRateMillionths: app.feeRateMillionths,
    placedAt: now,
    expiresAt,
    qrCode: null,
    qrExpiresAt: scene === "qr" ? qrExpiryOf(biz, now, expiresAt) : null,
    abandonedAt: null,
    trade: null,
    refunds: [],
    ...(isFrozen(biz) ? { royalty: { settlements: [], returns: [], finishedBy: null } } : {}),
  };
}

/**
 * The order that stands under this number already. Another content, a paid or a closed trade end the call.
 */
export function sameOrderOrRefuse(known: Order, asked: Order): Order {
  const { trade } = known;
  if (trade?.payment) throw new BusinessRefusal("ACQ.TRADE_HAS_SUCCESS");
  const same = known.total === asked.total && known.subject === asked.subject && known.scene === asked.scene;
  if (!same) throw new BusinessRefusal("ACQ.CONTEXT_INCONSISTENT");
  if (trade?.status === "TRADE_CLOSED") throw new BusinessRefusal("ACQ.TRADE_HAS_CLOSE");
  return known;
}

/** Writes a new order. */
export async function insertOrder(unit: Work, order: Order): Promise<Order> {
  if (!(await unit.tx.insert(orders, order))) throw new Overtaken(`order ${order.id} appeared meanwhile`);
  return order;
}

export function outTradeNoOf(biz: Biz): string {
  const outTradeNo = biz.required("out_trade_no", 64);
  if (!outTradeNoPattern.test(outTradeNo)) throw invalid("out_trade_no");
  return outTradeNo;
}

function expiryOf(biz: Biz, now: Date, scene: Scene): Date {
  const absolute = biz.text("time_expire", 32);
  if (absolute !== null) {
    const instant = parseBeijing(absolute);
    if (!instant || instant <= now || instant.getTime() > now.getTime() + 15 * dayMs)
      throw invalid("time_expire");
    return instant;
  }
  const relative = biz.text("timeout_express", 6);
  if (relative === null) return new Date(now.getTime() + lifetimeMs[scene]);
  const instant = parseTimeoutExpress(relative, now);
  if (!instant) throw invalid("timeout_express");
  return instant;
}

function qrExpiryOf(biz: Biz, now: Date, expiresAt: Date): Date {
  const atMost = Math.min(now.getTime() + qrLifetimeMs, expiresAt.getTime());
  const relative = biz.text("qr_code_timeout_express", 6);
  if (relative === null) return new Date(atMost);
  const instant = parseTimeoutExpress(relative, now);
  if (!instant) throw invalid("qr_code_timeout_express");
  return new Date(Math.min(instant.getTime(), atMost));
}
