import { minuteMs } from "../china/beijing.ts";
import { randomDigits } from "../clock.ts";
import { Refused } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import type { UnionpayDeps } from "./context.ts";
import { type Order, orders, type PaymentCode, paymentCodes } from "./model.ts";

const lifetimeMs = minuteMs;
/** 62, a product of two digits, and fifteen more. */
export const paymentCodePattern = /^62\d{17}$/;
const product = "25";

/** A payment code for a cashier to scan, for one payment. */
export async function newUnionpayPaymentCode(
  deps: UnionpayDeps,
  behaviour: PaymentCode["behaviour"],
): Promise<PaymentCode> {
  const now = deps.clock.now();
  const code: PaymentCode = {
    code: `62${product}${randomDigits(deps.random, 15)}`,
    behaviour,
    createdAt: now,
    expiresAt: new Date(now.getTime() + lifetimeMs),
    usedByOrder: null,
  };
  await deps.store.transaction((tx) => tx.insert(paymentCodes, code));
  return code;
}

/** The order that a code was charged for; undefined when the code is unknown. */
export async function orderOfPaymentCode(reader: StoreReader, text: string): Promise<Order | undefined> {
  const code = await reader.get(paymentCodes, text);
  if (code && code.usedByOrder === null) {
    throw new Refused(409, "code_unused", "This payment code has not been scanned by a cashier yet.");
  }
  return code?.usedByOrder ? reader.get(orders, code.usedByOrder) : undefined;
}
