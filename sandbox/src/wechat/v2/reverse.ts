import { numberParam } from "../../faults/index.ts";
import { faultContext, keepStep, plan, transact } from "../context.ts";
import { reverseOrder } from "../machine/code.ts";
import { lockNamedOrder, type V2Operation } from "./call.ts";
import { V2Refusal } from "./refusals.ts";

/** `/secapi/pay/reverse`: ends a charge whose result is not known; whether money went back is not told. */
export const reverse: V2Operation = {
  name: "reverse",
  path: "/secapi/pay/reverse",
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const order = await lockNamedOrder(unit, call);
      if (!order) throw new V2Refusal("ORDERNOTEXIST");
      const context = faultContext(order, call.method);
      if (await unit.armed.take("cancel_retry_flag", context)) return { recall: "Y" };
      const step = reverseOrder(order, unit.now);
      if ("refused" in step) throw new V2Refusal(step.refused);
      const late = order.payment ? undefined : await unit.armed.take("paid_after_close", context);
      await keepStep(unit, step);
      if (late) await plan(unit, order, "pay", new Date(unit.now.getTime() + numberParam(late, "ms")));
      return { recall: "N" };
    }),
};
