import { dayMs } from "../../china/beijing.ts";
import type { Order } from "../model.ts";
import type { Step } from "./order.ts";

/** An order by a payment code can be reversed for this long. */
const reversalWindowMs = 7 * dayMs;

/** What a repeated charge is told of its order. */
export type ChargedAlready =
  | "ORDERPAID"
  | "ORDERREVERSED"
  | "ORDERCLOSED"
  | "OUT_TRADE_NO_USED"
  | "USERPAYING";

/** The same number charged once more: the order as it stands, or that it is another. */
export function chargedAlready(known: Order, asked: { total: bigint; authCode: string }): ChargedAlready {
  if (!known.code || known.code.authCode !== asked.authCode || known.total !== asked.total) {
    return "OUT_TRADE_NO_USED";
  }
  if (known.code.revokedAt) return "ORDERREVERSED";
  if (known.payment) return "ORDERPAID";
  return known.closedAt ? "ORDERCLOSED" : "USERPAYING";
}

/** Ends an order by a payment code: unpaid it is over, paid all goes back. Repeating changes nothing. */
export function reverseOrder(order: Order, now: Date): Step | { refused: "REVERSE_EXPIRE" | "TRADE_ERROR" } {
  // What was placed by v3 is closed there, and what was refunded in part is refunded on.
  if (!order.code || order.refunds.length > 0) return { refused: "TRADE_ERROR" };
  if (order.code.revokedAt) return { order, happened: [] };
  if (now.getTime() >= order.placedAt.getTime() + reversalWindowMs) return { refused: "REVERSE_EXPIRE" };
  const code = { ...order.code, awaitsPassword: false, revokedAt: now };
  const closedAt = order.payment ? null : (order.closedAt ?? now);
  return { order: { ...order, code, closedAt }, happened: [{ kind: "revoked" }] };
}
