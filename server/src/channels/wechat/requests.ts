import type { NewOrder, Order, RefundOrder } from "../port.ts";
import type { WechatCredentials } from "./credentials.ts";
import { rfc3339 } from "./time.ts";

// Pure: what is asked of WeChat Pay's API v3. Signing and sending are the gateway's part. With `sub_mchid`
// the account is a service provider's, whose orders have paths and names of their own.

/** One call: its target is path and query, exactly as it is signed and sent. */
export type ApiRequest = {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly body: Readonly<Record<string, unknown>> | null;
};

type Ids = Pick<WechatCredentials, "mchid" | "appid" | "subMchid" | "subAppid">;

export const SUBJECT_CHARACTERS_MAX = 127;
const REASON_CHARACTERS_MAX = 80;

const SCENES: Readonly<Record<string, string>> = {
  "wechat.native": "native",
  "wechat.jsapi": "jsapi",
  "wechat.h5": "h5",
  "wechat.app": "app",
};

/** The request that places an order in its scene; the same order makes the same request, byte for byte. */
export function placeRequest(order: NewOrder, ids: Ids): ApiRequest {
  const scene = SCENES[order.method];
  if (scene === undefined) throw new RangeError(`not a scene of WeChat Pay: ${order.method}`);
  return {
    method: "POST",
    target: `${ordersPath(ids)}/${scene}`,
    body: {
      ...merchantOf(ids),
      ...appOf(ids),
      description: plainText(order.subject),
      out_trade_no: order.channelOrderNo,
      time_expire: rfc3339(order.expiresAt),
      notify_url: order.notifyUrl,
      amount: { total: Number(order.amount), currency: "CNY" },
      ...(scene === "jsapi" ? { payer: payerOf(order.buyer, ids) } : {}),
      ...(order.profitSharing === true ? { settle_info: { profit_sharing: true } } : {}),
      ...(scene === "h5" ? { scene_info: { payer_client_ip: order.buyerIp, h5_info: { type: "Wap" } } } : {}),
    },
  };
}

export function queryRequest(channelOrderNo: string, ids: Ids): ApiRequest {
  const target = `${ordersPath(ids)}/out-trade-no/${encodeURIComponent(channelOrderNo)}`;
  return { method: "GET", target: withQuery(target, merchantOf(ids)), body: null };
}

export function closeRequest(order: Order, ids: Ids): ApiRequest {
  const path = `${ordersPath(ids)}/out-trade-no/${encodeURIComponent(order.channelOrderNo)}/close`;
  return { method: "POST", target: path, body: merchantOf(ids) };
}

export function refundRequest(refund: RefundOrder, ids: Ids): ApiRequest {
  const { order, reason } = refund;
  return {
    method: "POST",
    target: "/v3/refund/domestic/refunds",
    body: {
      ...subMerchantOf(ids),
      out_trade_no: order.channelOrderNo,
      out_refund_no: refund.channelRefundNo,
      ...(reason === null || reason.trim() === ""
        ? {}
        : { reason: [...plainText(reason)].slice(0, REASON_CHARACTERS_MAX).join("") }),
      notify_url: refund.notifyUrl,
      amount: { refund: Number(refund.amount), total: Number(refund.paidAmount), currency: "CNY" },
    },
  };
}

export function refundQueryRequest(refund: RefundOrder, ids: Ids): ApiRequest {
  const path = `/v3/refund/domestic/refunds/${encodeURIComponent(refund.channelRefundNo)}`;
  return { method: "GET", target: withQuery(path, subMerchantOf(ids)), body: null };
}

/** @param channelDate `yyyy-mm-dd` */
export function billRequest(channelDate: string, ids: Ids): ApiRequest {
  const wanted = { bill_date: channelDate, bill_type: "ALL", tar_type: "GZIP", ...subMerchantOf(ids) };
  return { method: "GET", target: withQuery("/v3/bill/tradebill", wanted), body: null };
}

/** Asks for the platform certificates. */
export const certificatesRequest: ApiRequest = { method: "GET", target: "/v3/certificates", body: null };

/** @param channelDate `yyyy-mm-dd` @param accountType `BASIC`, `OPERATION` or `FEES` */
export function fundFlowRequest(channelDate: string, accountType: string): ApiRequest {
  const wanted = { bill_date: channelDate, account_type: accountType, tar_type: "GZIP" };
  return { method: "GET", target: withQuery("/v3/bill/fundflowbill", wanted), body: null };
}

/** The app that the buyer pays in, and the merchant that he pays. */
export function clientIdsOf(ids: Ids): { readonly appId: string; readonly partnerId: string } {
  return { appId: ids.subAppid ?? ids.appid, partnerId: ids.subMchid ?? ids.mchid };
}

/**
 * Text as WeChat Pay takes it: characters of four bytes (emoji) are refused there, line breaks and tabs would
 * break a line of the statement, and a backtick begins its cells.
 */
export function plainText(text: string): string {
  return text
    .replace(/[\u{10000}-\u{10FFFF}]/gu, "□")
    .replace(/\s/g, " ")
    .replaceAll("`", "'");
}

function ordersPath(ids: Ids): string {
  return ids.subMchid === null ? "/v3/pay/transactions" : "/v3/pay/partner/transactions";
}

function merchantOf(ids: Ids): Record<string, string> {
  return ids.subMchid === null ? { mchid: ids.mchid } : { sp_mchid: ids.mchid, sub_mchid: ids.subMchid };
}

function appOf(ids: Ids): Record<string, string> {
  if (ids.subMchid === null) return { appid: ids.appid };
  return { sp_appid: ids.appid, ...(ids.subAppid === null ? {} : { sub_appid: ids.subAppid }) };
}

/** Names the merchant that is paid, of a service provider's account. */
export function subMerchantOf(ids: Ids): Record<string, string> {
  return ids.subMchid === null ? {} : { sub_mchid: ids.subMchid };
}

/** An openid belongs to one app: the merchant's own where the account names it. */
function payerOf(buyer: string | null, ids: Ids): Record<string, string | null> {
  if (ids.subMchid === null) return { openid: buyer };
  return ids.subAppid === null ? { sp_openid: buyer } : { sub_openid: buyer };
}

/** A path with its query, as it is signed. */
export function withQuery(path: string, parameters: Readonly<Record<string, string>>): string {
  const query = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  return query === "" ? path : `${path}?${query}`;
}
