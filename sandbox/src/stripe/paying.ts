import { hasParam, numberParam } from "../faults/index.ts";
import { faultContext, type Work } from "./context.ts";
import type { Order } from "./model.ts";

/** What the buyer really pays for: the order's amount unless a fault says otherwise. */
export async function amountBuyerPays(unit: Work, order: Order): Promise<bigint> {
  const wrong = await unit.armed.take("trade_wrong_amount", faultContext(order, "payment"));
  if (!wrong) return order.amount;
  const amount = hasParam(wrong, "amount")
    ? BigInt(numberParam(wrong, "amount"))
    : order.amount + BigInt(numberParam(wrong, "delta"));
  return amount > 0n ? amount : 1n;
}
