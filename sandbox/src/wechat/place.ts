import { formatBeijing, hourMs, minuteMs } from "../china/beijing.ts";
import { randomToken } from "../clock.ts";
import { Overtaken } from "../store/index.ts";
import type { Work } from "./context.ts";
import { lifetimeMaxMs } from "./machine/order.ts";
import { type Handle, type Merchant, type Order, orderId, orders, type Scene } from "./model.ts";
import { canonical, type Fields } from "./wire/fields.ts";
import { WechatRefusal } from "./wire/refusals.ts";
import { parseRfc3339 } from "./wire/time.ts";

/** A call that places an order, as far as it concerns the order. */
export type Placing = {
  merchant: Merchant;
  scene: Scene;
  partner: boolean;
  body: Record<string, unknown>;
  fields: Fields;
};

/** A code_url and a prepay_id can be opened for two hours, an h5_url for five minutes. */
const handleLifetimeMs = 2 * hourMs;
const h5LifetimeMs = 5 * minuteMs;

export const outTradeNoPattern = /^[0-9A-Za-z_\-|*]{6,32}$/;

/** The order that a call describes, not yet written. */
export function newOrder(unit: Work, placing: Placing): Order {
  const { merchant, scene, fields } = placing;
  const { now, deps } = unit;
  const payee = payeeAsked(placing);
  const outTradeNo = fields.required("out_trade_no", 32, outTradeNoPattern);
  const amount = fields.object("amount");
  if ((amount.text("currency", 16) ?? "CNY") !== "CNY") throw amount.invalid("currency", "仅支持CNY");
  const total = amount.fen("total");
  if (scene === "h5") checkH5Scene(fields);
  const expiresAt = expiryOf(fields, now);
  return {
    id: orderId(payee.subMchid ?? merchant.mchid, outTradeNo),
    token: randomToken(deps.random),
    mchid: merchant.mchid,
    ...payee,
    appid: merchant.appid,
    merchantName: merchant.merchantName,
    outTradeNo,
    scene,
    total,
    description: fields.required("description", 127),
    attach: fields.text("attach", 128),
    deviceId: fields.object("scene_info").text("device_id", 32),
    notifyUrl: notifyUrlOf(fields, "notify_url")!,
    parameters: canonical({ ...placing.body, scene }),
    ...payerOf(placing),
    feeRateMillionths: merchant.feeRateMillionths,
    placedAt: now,
    expiresAt,
    handle: newHandle(unit, scene, expiresAt),
    redirectUrl: null,
    openedAt: null,
    abandonedAt: null,
    lastFailure: null,
    closedAt: null,
    payment: null,
    refunds: [],
    ...(isFlagged(fields) ? { sharing: { shares: [], returns: [], unfrozen: null } } : {}),
  };
}

/** `settle_info.profit_sharing`: the money is frozen to be split. */
function isFlagged(fields: Fields): boolean {
  return fields.object("settle_info").flag("profit_sharing");
}

/** Writes a new order. */
export async function insertOrder(unit: Work, order: Order): Promise<Order> {
  if (!(await unit.tx.insert(orders, order))) throw new Overtaken(`order ${order.id} appeared meanwhile`);
  return order;
}

/**
 * A notify_url: absolute and without a query, as WeChat Pay demands. Plain HTTP and private addresses are
 * taken, unlike there: that is where a sandbox's merchants live.
 */
export function notifyUrlOf(fields: Fields, name: string, required = true): string | null {
  const text = required ? fields.required(name, 256) : fields.text(name, 256);
  if (text === null) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== "") {
    throw fields.invalid(name, "应为不带参数的完整URL");
  }
  return text;
}

/** Whom the call names as merchant and app, held against who signed it. */
function payeeAsked({ merchant, partner, fields }: Placing): {
  subMchid: string | null;
  subAppid: string | null;
} {
  const mchid = fields.required(partner ? "sp_mchid" : "mchid", 32);
  if (mchid !== merchant.mchid) {
    throw new WechatRefusal("INVALID_REQUEST", "请求中的商户号与签名的商户号不一致");
  }
  if (fields.required(partner ? "sp_appid" : "appid", 32) !== merchant.appid) {
    throw new WechatRefusal("APPID_MCHID_NOT_MATCH");
  }
  if (!partner) return { subMchid: null, subAppid: null };
  const subMchid = fields.required("sub_mchid", 32);
  const sub = merchant.subMerchants.find((one) => one.mchid === subMchid);
  if (!sub) throw new WechatRefusal("NO_AUTH", "特约商户与服务商没有绑定关系");
  const subAppid = fields.text("sub_appid", 32);
  if (subAppid !== null && subAppid !== sub.appid) {
    throw new WechatRefusal("APPID_MCHID_NOT_MATCH", "sub_appid和sub_mchid不匹配");
  }
  return { subMchid, subAppid };
}

/** The buyer where the scene needs one named, and the field in which the payer is told later. */
function payerOf({ scene, partner, fields }: Placing): Pick<Order, "openid" | "payerField"> {
  const own = partner ? "sp_openid" : "openid";
  if (scene !== "jsapi") return { openid: null, payerField: own };
  const payer = fields.object("payer");
  const payerField = partner && payer.text("sp_openid", 128) === null ? "sub_openid" : own;
  return { openid: payer.required(payerField, 128), payerField };
}

function checkH5Scene(fields: Fields): void {
  const scene = fields.object("scene_info");
  scene.required("payer_client_ip", 45);
  scene.object("h5_info").required("type", 32, /^(iOS|Android|Wap)$/);
}

function expiryOf(fields: Fields, now: Date): Date {
  const latest = now.getTime() + lifetimeMaxMs;
  const text = fields.text("time_expire", 64);
  if (text === null) return new Date(latest);
  const instant = parseRfc3339(text);
  if (!instant) throw fields.invalid("time_expire", "应为RFC3339格式");
  if (instant <= now) throw fields.invalid("time_expire", "早于当前时间");
  return new Date(Math.min(instant.getTime(), latest));
}

/** What the buyer can have in hand of an order; of a payment code nobody ever sees it. */
export function newHandle(unit: Work, scene: Scene, orderExpiresAt: Date): Handle {
  const { now, deps } = unit;
  const until = (ms: number) => new Date(Math.min(now.getTime() + ms, orderExpiresAt.getTime()));
  const digits = formatBeijing(now).replace(/\D/g, "");
  const prepayId = `wx${digits}${deps.random.bytes(9).toString("hex")}00`;
  const pr = randomToken(deps.random, 9).replace(/[-_]/g, "z");
  const h5 = new URLSearchParams({ prepay_id: prepayId, package: randomToken(deps.random, 9) });
  return {
    prepayId,
    codeUrl: scene === "native" ? `weixin://wxpay/bizpayurl?pr=${pr}` : null,
    h5Url: scene === "h5" ? `${deps.url()}/wechat/h5?${h5.toString()}` : null,
    expiresAt: until(handleLifetimeMs),
    h5ExpiresAt: scene === "h5" ? until(h5LifetimeMs) : null,
  };
}
