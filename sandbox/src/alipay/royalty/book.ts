import { beijingDate } from "../../china/beijing.ts";
import type { Work } from "../context.ts";
import { type BookEntry, book, type Order } from "../model.ts";
import type { RoyaltyReturn, Settlement } from "./model.ts";

// Money that was split moves on the seller's account and is no trade: the account bill shows it, the trade
// bill does not.

export async function keepRoyalty(unit: Work, order: Order, one: Settlement): Promise<void> {
  await unit.tx.insert(book, {
    ...moved(order, one.at, one.amount),
    id: `${order.id}/royalty/${one.outRequestNo}/${one.transIn}`,
    kind: "royalty",
    outRequestNo: one.outRequestNo,
    buyer: one.transIn,
  });
}

export async function keepRoyaltyReturn(unit: Work, order: Order, one: RoyaltyReturn): Promise<void> {
  await unit.tx.insert(book, {
    ...moved(order, unit.now, one.amount),
    id: `${order.id}/royalty-return/${one.outRequestNo}/${one.transOut}`,
    kind: "royalty_return",
    outRequestNo: one.outRequestNo,
    buyer: one.transOut,
  });
}

function moved(
  order: Order,
  at: Date,
  amount: bigint,
): Omit<BookEntry, "id" | "kind" | "outRequestNo" | "buyer"> {
  const trade = order.trade!;
  return {
    sellerId: order.sellerId,
    appId: order.appId,
    date: beijingDate(at),
    tradeNo: trade.tradeNo,
    outTradeNo: order.outTradeNo,
    subject: order.subject,
    createdAt: trade.createdAt,
    finishedAt: at,
    storeId: order.storeId ?? "",
    operatorId: order.operatorId ?? "",
    terminalId: order.terminalId ?? "",
    total: amount,
    receipt: amount,
    voucher: 0n,
    fee: 0n,
  };
}
