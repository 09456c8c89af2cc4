import { transact } from "../context.ts";
import { stateSentence, tradeStateOf } from "../machine/order.ts";
import { lockNamedOrder, type V2Operation } from "./call.ts";
import { V2Refusal } from "./refusals.ts";
import { paidFields } from "./views.ts";

/** `/pay/orderquery`: where an order stands, however it was placed. */
export const orderquery: V2Operation = {
  name: "orderquery",
  path: "/pay/orderquery",
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const order = await lockNamedOrder(unit, call);
      if (!order) throw new V2Refusal("ORDERNOTEXIST");
      const state = tradeStateOf(order);
      return {
        out_trade_no: order.outTradeNo,
        ...paidFields(order),
        trade_state: state,
        trade_state_desc: stateSentence(state),
      };
    }),
};
