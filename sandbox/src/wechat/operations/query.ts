import { numberParam } from "../../faults/index.ts";
import { faultContext, keepStep, plan, transact } from "../context.ts";
import { closeOrder } from "../machine/order.ts";
import { viewTransaction } from "../views.ts";
import { noContent, ok } from "../wire/answer.ts";
import { orRefuse, WechatRefusal } from "../wire/refusals.ts";
import { lockByNumber, lockByTransaction, type Operation, orderNamed, payeeNamed } from "./call.ts";

/** `GET …/transactions/out-trade-no/{out_trade_no}` */
export function queryByNumber(partner: boolean): Operation {
  return {
    name: "transactions.query",
    verb: "GET",
    path: `${base(partner)}/out-trade-no/:out_trade_no`,
    orderOf: (reader, call) => orderNamed(reader, call.params),
    carryOut: (deps, call) =>
      transact(deps, async (unit) => {
        const payee = payeeNamed(call, call.query, partner);
        const order = await lockByNumber(unit, payee, call.params.out_trade_no!);
        if (!order) throw new WechatRefusal("ORDER_NOT_EXIST");
        return ok(viewTransaction(order));
      }),
  };
}

/** `GET …/transactions/id/{transaction_id}` */
export function queryById(partner: boolean): Operation {
  return {
    name: "transactions.query",
    verb: "GET",
    path: `${base(partner)}/id/:transaction_id`,
    orderOf: (reader, call) => orderNamed(reader, call.params),
    carryOut: (deps, call) =>
      transact(deps, async (unit) => {
        const payee = payeeNamed(call, call.query, partner);
        const order = await lockByTransaction(unit, payee, call.params.transaction_id!);
        if (!order) throw new WechatRefusal("ORDER_NOT_EXIST");
        return ok(viewTransaction(order));
      }),
  };
}

/** `POST …/transactions/out-trade-no/{out_trade_no}/close`: ends an order that nobody has paid. */
export function close(partner: boolean): Operation {
  const name = "transactions.close";
  return {
    name,
    verb: "POST",
    path: `${base(partner)}/out-trade-no/:out_trade_no/close`,
    orderOf: (reader, call) => orderNamed(reader, call.params),
    carryOut: (deps, call) =>
      transact(deps, async (unit) => {
        const payee = payeeNamed(call, call.body, partner);
        const order = await lockByNumber(unit, payee, call.params.out_trade_no!);
        if (!order) throw new WechatRefusal("ORDER_NOT_EXIST");
        const step = orRefuse(closeOrder(order, unit.now));
        const late = await unit.armed.take("paid_after_close", faultContext(order, name));
        await keepStep(unit, step);
        if (late) await plan(unit, order, "pay", new Date(unit.now.getTime() + numberParam(late, "ms")));
        return noContent;
      }),
  };
}

function base(partner: boolean): string {
  return `/v3/pay/${partner ? "partner/" : ""}transactions`;
}
