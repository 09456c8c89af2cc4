import { randomDigits } from "../clock.ts";
import { Refused } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import type { WechatDeps } from "./context.ts";
import { type Order, orders, type PaymentCode, paymentCodes } from "./model.ts";

const lifetimeMs = 60_000;
const pattern = /^1[0-5]\d{16}$/;

/** Whether a text has the form of WeChat's payment codes: eighteen digits, the first two 10 to 15. */
export function isPaymentCode(text: string): boolean {
  return pattern.test(text);
}

/** A payment code for a cashier to scan, for one payment. */
export async function newWechatPaymentCode(
  deps: WechatDeps,
  behaviour: PaymentCode["behaviour"],
): Promise<PaymentCode> {
  const now = deps.clock.now();
  const code: PaymentCode = {
    code: `13${randomDigits(deps.random, 16)}`,
    behaviour,
    createdAt: now,
    expiresAt: new Date(now.getTime() + lifetimeMs),
    usedByOrder: null,
  };
  await deps.store.transaction((tx) => tx.insert(paymentCodes, code));
  return code;
}

/** The order that a code was charged for. */
export async function orderOfPaymentCode(reader: StoreReader, text: string): Promise<Order> {
  const code = await reader.get(paymentCodes, text);
  if (code && code.usedByOrder === null) {
    throw new Refused(409, "code_unused", "This payment code has not been scanned by a cashier yet.");
  }
  const order = code?.usedByOrder ? await reader.get(orders, code.usedByOrder) : undefined;
  if (order) return order;
  throw new Refused(404, "code_unknown", "No order stands behind this payment code.");
}
