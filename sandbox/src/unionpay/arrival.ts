import { lockOrder, transact, type UnionpayDeps } from "./context.ts";
import { stateOf } from "./machine/purchase.ts";
import { numberOf, type Order, orders } from "./model.ts";
import type { MessageKind } from "./operations/call.ts";
import { insertOrder, newOrder } from "./place.ts";
import { verifyRequest } from "./verify.ts";
import { UnionpayRefusal } from "./wire/resp-codes.ts";
import type { Params } from "./wire/signing.ts";

/** 01/01 at the browser's path: the cashier's page, on a PC or a phone. */
const frontPurchase: MessageKind = {
  name: "purchase.front",
  path: "front",
  txnType: "01",
  txnSubType: "01",
  bizTypes: ["000201"],
};

/**
 * A buyer arrives with a signed form (frontTransReq): the order is placed by it. Arriving again with the same
 * form shows the same order, paid or not; another order under its number is refused as any duplicate is.
 */
export async function arrive(
  deps: UnionpayDeps,
  params: Params,
): Promise<{ order: Order } | { refused: UnionpayRefusal }> {
  try {
    const { merchant, kind, fields } = await verifyRequest(deps, "front", params, [frontPurchase]);
    const call = { method: kind.name, merchant, fields };
    const order = await transact(deps, async (unit) => {
      const id = numberOf(merchant.merId, fields.orderId(), fields.time("txnTime"));
      const known = await lockOrder(unit, id);
      if (!known) return insertOrder(unit, { ...newOrder(unit, call, "front"), openedAt: unit.now });
      const same =
        known.scene === "front" && known.txnTime === params.txnTime && known.total === fields.amount();
      if (!same) throw new UnionpayRefusal("12");
      if (!known.abandonedAt || stateOf(known, unit.now) !== "UNPAID") return known;
      const again = { ...known, abandonedAt: null };
      await unit.tx.update(orders, again);
      return again;
    });
    return { order };
  } catch (error) {
    if (!(error instanceof UnionpayRefusal)) throw error;
    return { refused: error };
  }
}

/** The fields of a signed form, as a browser would post it; undefined when the text is none. */
export function formIn(code: string): Params | undefined {
  const text = code.slice(code.indexOf("?") + 1);
  if (!/(^|&)txnType=/.test(text) || !/(^|&)signature=/.test(text)) return undefined;
  return Object.fromEntries(new URLSearchParams(text));
}
