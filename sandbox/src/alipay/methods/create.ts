import { BusinessRefusal, orRefuse } from "../biz.ts";
import { lockOrder, newTradeNo, planExpiry, transact } from "../context.ts";
import { openTrade } from "../machine/trade.ts";
import { insertOrder, newOrder, sameOrderOrRefuse } from "../place.ts";
import { success } from "../wire/answer.ts";
import type { Method } from "./call.ts";

/**
 * alipay.trade.create: a trade for a buyer who is already inside the wallet; the page there pays it by its
 * number.
 */
export const create: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const { biz } = call;
    if (!biz.text("buyer_id", 28) && !biz.text("buyer_open_id", 128)) {
      throw new BusinessRefusal("ACQ.INVALID_PARAMETER", "buyer_id or buyer_open_id");
    }
    const asked = newOrder(unit, { ...call, scene: "jsapi" });
    const known = await lockOrder(unit, asked.id);
    if (known) return created(sameOrderOrRefuse(known, asked).trade!.tradeNo, known.outTradeNo);
    const { order } = orRefuse(openTrade(asked, newTradeNo(unit), unit.now));
    await insertOrder(unit, order);
    await planExpiry(unit, order);
    return created(order.trade!.tradeNo, order.outTradeNo);
  });

function created(tradeNo: string, outTradeNo: string) {
  return success({ out_trade_no: outTradeNo, trade_no: tradeNo });
}
