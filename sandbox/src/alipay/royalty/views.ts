import { findRefund } from "../machine/refund.ts";
import type { Order } from "../model.ts";

/** All that was split of an order and came back, for whoever looks at the sandbox itself. */
export function viewShares(order: Order): object {
  const { outTradeNo, royalty } = order;
  return {
    out_trade_no: outTradeNo,
    frozen: royalty !== undefined && royalty.finishedBy === null,
    finished_by: royalty?.finishedBy ?? null,
    shares: (royalty?.settlements ?? []).map((one) => ({
      number: one.outRequestNo,
      type: one.transInType,
      account: one.transIn,
      amount: Number(one.amount),
      result: "SUCCESS",
      ends_at: one.at.toISOString(),
    })),
    returns: (royalty?.returns ?? []).map(({ outRequestNo, transOut, amount }) => ({
      number: outRequestNo,
      account: transOut,
      amount: Number(amount),
      result: "SUCCESS",
      ends_at: findRefund(order, outRequestNo)?.refundedAt.toISOString() ?? null,
    })),
  };
}
