import type { NewOrder, Order, RefundOrder } from "../port.ts";
import { yuanText } from "./amount.ts";
import type { AlipayCredentials } from "./credentials.ts";
import { encryptContent, type Parameters, requestText, signText } from "./signing.ts";
import { beijingTime } from "./time.ts";

// Pure: what is asked of Alipay, and its signed parameters. Sending is the gateway's part.

/**
 * One call of the gateway: the method, its business content, and where Alipay shall report or lead the buyer.
 */
export type GatewayRequest = {
  readonly method: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly notifyUrl?: string;
  readonly returnUrl?: string | null;
  /** For the methods that take their content as public parameters, and none of it as `biz_content`. */
  readonly parameters?: Readonly<Record<string, string>>;
};

/** A user id at Alipay; any other buyer is an open id. */
const USER_ID = /^2088\d{12}$/;

/**
 * The request that places an order in its scene. `page`, `wap` and `app` are never sent by us: the buyer's
 * device carries the signed parameters to Alipay.
 */
export function placeRequest(order: NewOrder): GatewayRequest {
  const common = {
    out_trade_no: order.channelOrderNo,
    total_amount: yuanText(order.amount),
    subject: subjectText(order.subject),
    time_expire: beijingTime(order.expiresAt),
    ...(order.storeNo === null ? {} : { store_id: order.storeNo }),
    ...(order.profitSharing === true ? { extend_params: { royalty_freeze: "true" } } : {}),
  };
  const atCounter = {
    ...common,
    product_code: "FACE_TO_FACE_PAYMENT",
    ...(order.terminalNo === null ? {} : { terminal_id: order.terminalNo }),
  };
  const notifyUrl = order.notifyUrl;
  const returnUrl = order.returnUrl;
  switch (order.method) {
    case "alipay.qr":
      return { method: "alipay.trade.precreate", content: atCounter, notifyUrl };
    case "alipay.code":
      return {
        method: "alipay.trade.pay",
        content: { ...atCounter, scene: "bar_code", auth_code: order.paymentCode },
        notifyUrl,
      };
    case "alipay.jsapi":
      return { method: "alipay.trade.create", content: { ...atCounter, ...buyerOf(order) }, notifyUrl };
    case "alipay.app":
      return {
        method: "alipay.trade.app.pay",
        content: { ...common, product_code: "QUICK_MSECURITY_PAY" },
        notifyUrl,
      };
    case "alipay.wap":
      return {
        method: "alipay.trade.wap.pay",
        content: {
          ...common,
          product_code: "QUICK_WAP_WAY",
          ...(returnUrl === null ? {} : { quit_url: returnUrl }),
        },
        notifyUrl,
        returnUrl,
      };
    case "alipay.page":
      return {
        method: "alipay.trade.page.pay",
        content: { ...common, product_code: "FAST_INSTANT_TRADE_PAY" },
        notifyUrl,
        returnUrl,
      };
    default:
      throw new RangeError(`not a scene of Alipay: ${order.method}`);
  }
}

export function queryRequest(channelOrderNo: string): GatewayRequest {
  return { method: "alipay.trade.query", content: { out_trade_no: channelOrderNo } };
}

export function closeRequest(order: Order): GatewayRequest {
  return { method: "alipay.trade.close", content: { out_trade_no: order.channelOrderNo } };
}

export function cancelRequest(order: Order): GatewayRequest {
  return { method: "alipay.trade.cancel", content: { out_trade_no: order.channelOrderNo } };
}

/** `refund_detail_item_list` is asked for because without it Alipay does not tell the merchant's part. */
export function refundRequest(refund: RefundOrder): GatewayRequest {
  return {
    method: "alipay.trade.refund",
    content: {
      out_trade_no: refund.order.channelOrderNo,
      out_request_no: refund.channelRefundNo,
      refund_amount: yuanText(refund.amount),
      ...(refund.reason === null ? {} : { refund_reason: refund.reason.slice(0, REASON_CHARACTERS_MAX) }),
      ...royaltyOf(refund),
      query_options: ["refund_detail_item_list"],
    },
  };
}

/** What receivers give back with the refund. */
function royaltyOf({ shares = [] }: RefundOrder): Record<string, unknown> {
  if (shares.length === 0) return {};
  return {
    refund_royalty_parameters: shares.map(({ receiver, amount }) => ({
      royalty_type: "transfer",
      trans_out_type: receiver.type,
      trans_out: receiver.account,
      amount: yuanText(amount),
      desc: "分账退回",
    })),
  };
}

export function refundQueryRequest(refund: RefundOrder): GatewayRequest {
  return {
    method: "alipay.trade.fastpay.refund.query",
    content: {
      out_trade_no: refund.order.channelOrderNo,
      out_request_no: refund.channelRefundNo,
      query_options: ["refund_detail_item_list", "gmt_refund_pay", "deposit_back_info"],
    },
  };
}

/** @param type `trade`: what was sold; `signcustomer`: what moved on the account */
export function billRequest(channelDate: string, type: "trade" | "signcustomer"): GatewayRequest {
  return {
    method: "alipay.data.dataservice.bill.downloadurl.query",
    content: { bill_type: type, bill_date: channelDate },
  };
}

/** All parameters of a request with their signature, in the order in which they are written. */
export function signedParameters(
  request: GatewayRequest,
  credentials: AlipayCredentials,
  now: Date,
): Parameters {
  const content = JSON.stringify(request.content);
  const { appAuthToken, certificates, encryptKey } = credentials;
  const business = {
    ...(encryptKey === null ? {} : { encrypt_type: "AES" }),
    biz_content: encryptKey === null ? content : encryptContent(content, encryptKey),
  };
  const parameters: Record<string, string> = {
    method: request.method,
    app_id: credentials.appId,
    charset: "utf-8",
    version: "1.0",
    sign_type: "RSA2",
    timestamp: beijingTime(now),
    ...(request.notifyUrl === undefined ? {} : { notify_url: request.notifyUrl }),
    ...(request.returnUrl ? { return_url: request.returnUrl } : {}),
    ...(appAuthToken === null ? {} : { app_auth_token: appAuthToken }),
    ...(certificates === null
      ? {}
      : { app_cert_sn: certificates.appCertSn, alipay_root_cert_sn: certificates.alipayRootCertSn }),
    ...(request.parameters ?? business),
  };
  return { ...parameters, sign: signText(requestText(parameters), credentials.privateKey) };
}

/** `name=value&…` with every value percent-encoded: an app's order string, the query of a page, a form. */
export function encodeParameters(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

export const SUBJECT_CHARACTERS_MAX = 256;
const REASON_CHARACTERS_MAX = 256;
const FULL_WIDTH: Readonly<Record<string, string>> = {
  "/": "／",
  "=": "＝",
  "&": "＆",
  ",": "，",
  '"': "＂",
};

/**
 * The subject as Alipay takes it: `/`, `=` and `&` are forbidden there, and a comma or a quote would break
 * the line of the statement, which has no quoting. They become their full-width twins; line breaks and tabs
 * become spaces.
 */
export function subjectText(subject: string): string {
  return subject.replace(/[/=&,"]/g, (character) => FULL_WIDTH[character] as string).replace(/\s/g, " ");
}

function buyerOf(order: NewOrder): Record<string, string> {
  if (order.buyer === null) return {};
  return USER_ID.test(order.buyer) ? { buyer_id: order.buyer } : { buyer_open_id: order.buyer };
}
