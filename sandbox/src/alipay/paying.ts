import { hasParam, numberParam } from "../faults/index.ts";
import { orRefuse } from "./biz.ts";
import { faultContext, keepStep, type Work } from "./context.ts";
import { payClosedTrade, payTrade } from "./machine/trade.ts";
import type { Buyer, Order } from "./model.ts";

export type PayingBuyer = {
  buyer: Buyer;
  /** Fen that the buyer pays for instead of the order's total; null is the total. */
  amount: bigint | null;
  voucher: bigint;
  /** Whether a closed trade is paid all the same. */
  evenClosed?: boolean;
};

/** The buyer pays a trade: the one place where money comes in, whichever way the order reached the buyer. */
export async function payAs(unit: Work, order: Order, paying: PayingBuyer): Promise<Order> {
  const total = paying.amount ?? (await amountBuyerPays(unit, order));
  const { buyer, voucher } = paying;
  const step = { buyer, voucher, total, now: unit.now };
  return keepStep(unit, orRefuse(paying.evenClosed ? payClosedTrade(order, step) : payTrade(order, step)));
}

async function amountBuyerPays(unit: Work, order: Order): Promise<bigint> {
  const wrong = await unit.armed.take("trade_wrong_amount", faultContext(order, "payment"));
  if (!wrong) return order.total;
  const amount = hasParam(wrong, "amount")
    ? BigInt(numberParam(wrong, "amount"))
    : order.total + BigInt(numberParam(wrong, "delta"));
  return amount > 0n ? amount : 1n;
}
