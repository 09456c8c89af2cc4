import type { Biz } from "../biz.ts";
import { BusinessRefusal } from "../biz.ts";
import { type AlipayDeps, lockOrder, orderIdOfTrade, type Work } from "../context.ts";
import { type App, type Order, orderId, type Seller } from "../model.ts";
import type { Answer } from "../wire/answer.ts";
import type { Params } from "../wire/signing.ts";

/** A verified call of the gateway. */
export type Call = {
  method: string;
  app: App;
  seller: Seller;
  biz: Biz;
  /** Public parameters, for the methods that take their content there. */
  params: Params;
  notifyUrl: string | null;
  returnUrl: string | null;
};

/** Carries a call out, in a transaction of its own. */
export type Method = (deps: AlipayDeps, call: Call) => Promise<Answer>;

/**
 * The order that a call names by trade_no or, without one, by out_trade_no; locked. Ends the call when there
 * is no trade.
 */
export async function lockNamedOrder(unit: Work, call: Call): Promise<Order> {
  const order = await findNamedOrder(unit, call);
  if (!order?.trade) throw new BusinessRefusal("ACQ.TRADE_NOT_EXIST");
  return order;
}

/** The order that a call names, whether it has a trade or not; undefined when the seller has none such. */
export async function findNamedOrder(unit: Work, call: Call): Promise<Order | undefined> {
  const tradeNo = call.biz.text("trade_no", 64);
  const outTradeNo = call.biz.text("out_trade_no", 64);
  if (tradeNo === null && outTradeNo === null) {
    throw new BusinessRefusal("ACQ.INVALID_PARAMETER", "out_trade_no or trade_no");
  }
  const id =
    tradeNo !== null ? await orderIdOfTrade(unit.tx, tradeNo) : orderId(call.seller.sellerId, outTradeNo!);
  const order = id === undefined ? undefined : await lockOrder(unit, id);
  return order?.sellerId === call.seller.sellerId ? order : undefined;
}
