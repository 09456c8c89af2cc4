import { formatDecimal } from "../../kernel/money.ts";
import { walletOf } from "../payment-codes.ts";
import type { NewOrder } from "../port.ts";
import { AMOUNT_MAX_FEN, AMOUNT_MIN_FEN } from "./amount.ts";
import { CODE_METHOD, UNIONPAY_TRAITS } from "./traits.ts";

type Fault = { readonly field: string; readonly detail: string };

/**
 * Why UnionPay would not take this order, found without asking it: the first fault, in this order; null when
 * there is none.
 */
export function refuseOrder(order: NewOrder): Fault | null {
  const scene = UNIONPAY_TRAITS.scenes[order.method];
  if (scene === undefined) {
    const methods = Object.keys(UNIONPAY_TRAITS.scenes).join(", ");
    return { field: "method", detail: `UnionPay has no ${order.method}; use ${methods}.` };
  }
  if (order.currency !== "CNY") {
    return { field: "currency", detail: `UnionPay takes CNY, not ${order.currency}.` };
  }
  if (order.amount < AMOUNT_MIN_FEN || order.amount > AMOUNT_MAX_FEN) {
    const range = `${yuanText(AMOUNT_MIN_FEN)} to ${yuanText(AMOUNT_MAX_FEN)} yuan`;
    return { field: "amount", detail: `UnionPay takes ${range}, not ${yuanText(order.amount)}.` };
  }
  return refusePaymentCode(order);
}

function refusePaymentCode({ method, paymentCode }: NewOrder): Fault | null {
  const refuse = (detail: string): Fault => ({ field: "payment_code", detail });
  if (method !== CODE_METHOD) {
    return paymentCode === null ? null : refuse(`${method} takes no payment code; leave it out.`);
  }
  if (paymentCode === null) return refuse(`${method} needs the buyer's payment code.`);
  if (walletOf(paymentCode)?.channel === "unionpay") return null;
  return refuse("A payment code of UnionPay has 19 digits and begins with 62.");
}

function yuanText(fen: bigint): string {
  return formatDecimal({ amount: fen, currency: "CNY" });
}
