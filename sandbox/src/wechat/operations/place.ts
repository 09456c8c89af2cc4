import { transact, type WechatDeps } from "../context.ts";
import { placeAgain } from "../machine/order.ts";
import { type Order, orders, type Scene } from "../model.ts";
import { insertOrder, newOrder } from "../place.ts";
import { ok } from "../wire/answer.ts";
import { orRefuse } from "../wire/refusals.ts";
import type { Call } from "./call.ts";
import { lockByNumber, type Operation, orderNamed } from "./call.ts";

/**
 * `POST …/transactions/{scene}`: places an order, or answers the one that stands under the same parameters.
 */
export function placing(scene: Scene, partner: boolean): Operation {
  return {
    name: `transactions.${scene}`,
    verb: "POST",
    path: `/v3/pay/${partner ? "partner/" : ""}transactions/${scene}`,
    orderOf: (reader, call) => orderNamed(reader, call.body),
    carryOut: async (deps, call) => ok(inHand(await place(deps, call, scene, partner))),
  };
}

function place(deps: WechatDeps, call: Call, scene: Scene, partner: boolean): Promise<Order> {
  const { merchant, body, fields } = call;
  return transact(deps, async (unit) => {
    const asked = newOrder(unit, { merchant, scene, partner, body, fields });
    const known = await lockByNumber(unit, asked.subMchid ?? asked.mchid, asked.outTradeNo);
    if (!known) return insertOrder(unit, asked);
    const { order } = orRefuse(placeAgain(known, asked, unit.now));
    if (order !== known) await unit.tx.update(orders, order);
    return order;
  });
}

function inHand({ scene, handle }: Order): object {
  if (scene === "native") return { code_url: handle.codeUrl };
  if (scene === "h5") return { h5_url: handle.h5Url };
  return { prepay_id: handle.prepayId };
}
