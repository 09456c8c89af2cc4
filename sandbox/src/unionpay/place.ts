import { hourMs } from "../china/beijing.ts";
import { randomToken } from "../clock.ts";
import type { Work } from "./context.ts";
import {
  type FollowUp,
  numberOf,
  type Order,
  orders,
  type Scene,
  type Transaction,
  takenNumbers,
} from "./model.ts";
import type { Call } from "./operations/call.ts";
import type { Fields } from "./wire/fields.ts";
import { UnionpayRefusal } from "./wire/resp-codes.ts";
import { parseCompactTime } from "./wire/time.ts";

/** How long an order can be paid where the merchant does not say. */
const lifetimeMs = hourMs;
const channelTypes = ["07", "08"] as const;

/** The order that a call describes, not yet written. */
export function newOrder(unit: Work, call: Call, scene: Scene): Order {
  const { merchant, fields } = call;
  const { now, deps } = unit;
  const transaction = transactionOf(fields, scene !== "code");
  fields.oneOf("currencyCode", ["156"]);
  const ofCode = scene === "qr" || scene === "code";
  return {
    ...transaction,
    id: numberOf(merchant.merId, transaction.orderId, transaction.txnTime),
    token: randomToken(deps.random),
    merId: merchant.merId,
    merchantName: merchant.merchantName,
    categoryCode: merchant.categoryCode,
    scene,
    total: fields.amount(),
    subject: fields.text("orderDesc", 32) ?? merchant.merchantName,
    frontUrl: scene === "front" ? fields.requiredUrl("frontUrl") : null,
    termId: scene === "code" ? fields.required("termId", 8) : fields.text("termId", 8),
    feeRateMillionths: merchant.feeRateMillionths,
    refundWindowDays: ofCode ? merchant.codeRefundWindowDays : merchant.refundWindowDays,
    placedAt: now,
    expiresAt: expiryOf(fields, now),
    tn: null,
    qrCode: null,
    openedAt: null,
    abandonedAt: null,
    lastFailure: null,
    failedAt: null,
    code: null,
    lag: { notFound: 0, unknown: 0 },
    marks: null,
    payment: null,
    reversedAt: null,
    followUps: [],
  };
}

/** What a call says about its own transaction. */
export function transactionOf(fields: Fields, mustNotify: boolean): Transaction {
  const { txnType, txnSubType, bizType, accessType } = fields.params as Record<string, string>;
  return {
    orderId: fields.orderId(),
    txnTime: fields.time("txnTime"),
    txnType: txnType!,
    txnSubType: txnSubType!,
    bizType: bizType!,
    accessType: accessType!,
    channelType: fields.oneOf("channelType", channelTypes),
    backUrl: mustNotify ? fields.requiredUrl("backUrl") : fields.url("backUrl"),
    reqReserved: fields.text("reqReserved", 1_024),
  };
}

/** Writes a new order under its number; a number that is taken on the day ends the call. */
export async function insertOrder(unit: Work, order: Order): Promise<Order> {
  await takeNumber(unit, order.id, order.id, "purchase");
  if (!(await unit.tx.insert(orders, order))) throw new UnionpayRefusal("12");
  return order;
}

/** Takes a number for a transaction; one that is taken ends the call. */
export async function takeNumber(
  unit: Work,
  id: string,
  orderRecord: string,
  kind: "purchase" | FollowUp["kind"],
): Promise<void> {
  if (!(await unit.tx.insert(takenNumbers, { id, orderRecord, kind }))) throw new UnionpayRefusal("12");
}

function expiryOf(fields: Fields, now: Date): Date {
  const text = fields.text("payTimeout", 14);
  if (text === null) return new Date(now.getTime() + lifetimeMs);
  const instant = parseCompactTime(text);
  if (!instant || instant <= now) throw new UnionpayRefusal("10", "payTimeout");
  return instant;
}
