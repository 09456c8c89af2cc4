import type { NewOrder, Order, RefundOrder } from "../port.ts";
import { CNY } from "./amount.ts";
import type { UnionpayCredentials } from "./credentials.ts";
import type { Fields } from "./signing.ts";
import { compactTime, monthDayOf } from "./time.ts";

// Pure: what is asked of UnionPay. Signing and sending are the gateway's part.
//
// An order is found by merId, orderId and txnTime: our number and the instant of its creation, so that the
// same order makes the same request at any time. A refund has a number and a time of its own.

/** Where a request goes, within the gateway. */
export type Endpoint = "frontTransReq" | "backTransReq" | "appTransReq" | "queryTrans" | "file";
export type UnionpayRequest = { readonly endpoint: Endpoint; readonly fields: Fields };

type Ids = Pick<UnionpayCredentials, "merId" | "accessType" | "certId" | "termId">;

type Scene = {
  readonly endpoint: Endpoint;
  readonly txnSubType: string;
  readonly bizType: string;
  /** 07 a computer, 08 a phone. */
  readonly channelType: string;
};

const SCENES: Readonly<Record<string, Scene>> = {
  // The page adapts itself; what device the buyer has is not known when the form is made.
  "unionpay.page": { endpoint: "frontTransReq", txnSubType: "01", bizType: "000201", channelType: "07" },
  "unionpay.app": { endpoint: "appTransReq", txnSubType: "01", bizType: "000201", channelType: "08" },
  "unionpay.qr": { endpoint: "backTransReq", txnSubType: "07", bizType: "000000", channelType: "08" },
  "unionpay.code": { endpoint: "backTransReq", txnSubType: "06", bizType: "000000", channelType: "08" },
};

/** The request that places an order in its scene; the same order makes the same request, byte for byte. */
export function placeRequest(order: NewOrder, ids: Ids): UnionpayRequest {
  const { endpoint, ...scene } = sceneOf(order.method);
  return {
    endpoint,
    fields: {
      ...headOf(ids),
      txnType: "01",
      ...scene,
      ...identityOf(order),
      ...moneyOf(order.amount),
      payTimeout: compactTime(order.expiresAt),
      backUrl: order.notifyUrl,
      ...(endpoint === "frontTransReq" && order.returnUrl !== null ? { frontUrl: order.returnUrl } : {}),
      ...(order.paymentCode === null ? {} : { qrNo: order.paymentCode }),
      ...(order.method === "unionpay.code" ? { termId: termIdOf(order.terminalNo, ids) } : {}),
    },
  };
}

export function queryRequest(order: Pick<Order, "channelOrderNo" | "createdAt">, ids: Ids): UnionpayRequest {
  return { endpoint: "queryTrans", fields: { ...queryHead(ids), ...identityOf(order) } };
}

/** Undoes a payment code's order, under the number and the time of that order. */
export function reverseRequest(order: Order, ids: Ids): UnionpayRequest {
  const { bizType, channelType } = sceneOf(order.method);
  return {
    endpoint: "backTransReq",
    fields: { ...headOf(ids), txnType: "99", txnSubType: "01", bizType, channelType, ...identityOf(order) },
  };
}

/** @param way `void` (撤销) within the payment's clearing day, `refund` (退货) after it */
export function refundRequest(
  refund: RefundOrder,
  way: "void" | "refund",
  origQryId: string,
  ids: Ids,
): UnionpayRequest {
  const { bizType, channelType } = sceneOf(refund.order.method);
  return {
    endpoint: "backTransReq",
    fields: {
      ...headOf(ids),
      txnType: way === "void" ? "31" : "04",
      txnSubType: "00",
      bizType,
      channelType,
      ...identityOf({ channelOrderNo: refund.channelRefundNo, createdAt: refund.createdAt }),
      ...moneyOf(refund.amount),
      origQryId,
      backUrl: refund.notifyUrl,
    },
  };
}

export function refundQueryRequest(refund: RefundOrder, ids: Ids): UnionpayRequest {
  return queryRequest({ channelOrderNo: refund.channelRefundNo, createdAt: refund.createdAt }, ids);
}

/** @param channelDate `yyyy-mm-dd` */
export function fileRequest(channelDate: string, now: Date, ids: Ids): UnionpayRequest {
  return {
    endpoint: "file",
    fields: {
      ...headOf(ids),
      txnType: "76",
      txnSubType: "01",
      bizType: "000000",
      txnTime: compactTime(now),
      fileType: "00",
      settleDate: monthDayOf(channelDate),
    },
  };
}

function sceneOf(method: string): Scene {
  const scene = SCENES[method];
  if (scene === undefined) throw new RangeError(`not a scene of UnionPay: ${method}`);
  return scene;
}

function headOf({ merId, accessType, certId }: Ids): Fields {
  return { version: "5.1.0", encoding: "UTF-8", signMethod: "01", certId, accessType, merId };
}

function queryHead(ids: Ids): Fields {
  return { ...headOf(ids), txnType: "00", txnSubType: "00", bizType: "000000" };
}

function identityOf({ channelOrderNo, createdAt }: Pick<Order, "channelOrderNo" | "createdAt">): Fields {
  return { orderId: channelOrderNo, txnTime: compactTime(createdAt) };
}

function moneyOf(amount: bigint): Fields {
  return { txnAmt: amount.toString(), currencyCode: CNY };
}

/** A terminal's number there has eight characters; where ours has not, the account's stands in. */
function termIdOf(terminalNo: string | null, { termId }: Ids): string {
  const fits = terminalNo !== null && /^[0-9A-Za-z]{1,8}$/.test(terminalNo);
  return fits ? terminalNo.padStart(8, "0") : termId;
}
