import { bookCommon } from "../bill/book.ts";
import type { Work } from "../context.ts";
import { book, type Order } from "../model.ts";
import type { Share, ShareReturn } from "./model.ts";

// Money that was split moves on the merchant's account and is no trade: the fund bill shows it, the trade
// bill does not.

/** Writes down what a share will move when it ends well. */
export async function keepShare(unit: Work, order: Order, share: Share): Promise<void> {
  if (share.outcome !== "SUCCESS") return;
  await unit.tx.insert(book, {
    ...moved(order, share.endsAt, share.amount),
    id: `${order.id}/share/${share.outOrderNo}/${share.type}/${share.account}`,
    kind: "share",
    refundId: share.orderId,
    outRefundNo: share.outOrderNo,
    description: share.description,
  });
}

export async function keepShareReturn(unit: Work, order: Order, given: ShareReturn): Promise<void> {
  if (given.outcome !== "SUCCESS") return;
  await unit.tx.insert(book, {
    ...moved(order, given.endsAt, given.amount),
    id: `${order.id}/share-return/${given.outReturnNo}`,
    kind: "share_return",
    refundId: given.returnId,
    outRefundNo: given.outReturnNo,
    description: given.description,
  });
}

function moved(order: Order, at: Date, amount: bigint) {
  return {
    ...bookCommon(order, at),
    total: amount,
    settlement: amount,
    fee: 0n,
    refundStatus: null,
    refundedAt: null,
  };
}
