import type { Collection } from "../../store/index.ts";

// Royalty (分账): an order placed with royalty_freeze keeps its money frozen. `trade.order.settle` splits it,
// and the one with royalty_finish lets go of the rest. Amounts are fen.

export type Settlement = {
  outRequestNo: string;
  settleNo: string;
  transInType: string;
  transIn: string;
  amount: bigint;
  detailId: string;
  at: Date;
};

/** What a receiver gave back with a refund. */
export type RoyaltyReturn = { outRequestNo: string; transOut: string; amount: bigint };

export type Royalty = {
  settlements: Settlement[];
  returns: RoyaltyReturn[];
  /** The call that let go of the rest. */
  finishedBy: string | null;
};

export type RoyaltyReceiver = { id: string; sellerId: string; type: string; account: string };

export const royaltyReceivers: Collection<RoyaltyReceiver> = {
  name: "alipay_royalty_receivers",
  id: (receiver) => receiver.id,
  keys: {},
  group: (receiver) => receiver.sellerId,
  dueAt: null,
};

export function royaltyReceiverId(sellerId: string, type: string, account: string): string {
  return `${sellerId}/${type}/${account}`;
}
