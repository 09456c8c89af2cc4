import { type ArmedFaults, type FaultContext, numberParam, textParam } from "../../faults/index.ts";
import { Overtaken } from "../../store/index.ts";
import {
  faultContext,
  keepStep,
  lockOrder,
  newRefundId,
  orderIdOfRefund,
  transact,
  type WechatDeps,
  type Work,
} from "../context.ts";
import { findRefund, refundDelayMs, refundOrder } from "../machine/refund.ts";
import { type Order, orders, payeeOf, type Refund, refundNumbers } from "../model.ts";
import { notifyUrlOf } from "../place.ts";
import { viewRefund } from "../views.ts";
import { type Answer, errorAnswer, ok } from "../wire/answer.ts";
import { orRefuse, WechatRefusal } from "../wire/refusals.ts";
import {
  type Call,
  lockByNumber,
  lockByTransaction,
  type Operation,
  orderNamed,
  payeeOrSelf,
} from "./call.ts";

const path = "/v3/refund/domestic/refunds";
const outRefundNoPattern = /^[0-9A-Za-z_\-|*@]{1,64}$/;

/** Begins a refund; idempotent by out_refund_no. */
export const createRefund: Operation = {
  name: "refunds.create",
  verb: "POST",
  path,
  orderOf: (reader, call) => orderNamed(reader, call.body),
  carryOut: create,
};

/** Knows a refund by the merchant's own number. */
export const queryRefund: Operation = {
  name: "refunds.query",
  verb: "GET",
  path: `${path}/:out_refund_no`,
  orderOf: async (reader, call) => {
    const payee = call.query.sub_mchid ?? call.merchant.mchid;
    const id = await orderIdOfRefund(reader, payee, call.params.out_refund_no!);
    return id === undefined ? undefined : reader.get(orders, id);
  },
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const outRefundNo = call.params.out_refund_no!;
      const payee = payeeOrSelf(call, call.query.sub_mchid);
      const id = await orderIdOfRefund(unit.tx, payee, outRefundNo);
      const order = id === undefined ? undefined : await lockOrder(unit, id);
      if (!order) throw new WechatRefusal("RESOURCE_NOT_EXISTS", "退款单不存在");
      return ok(viewRefund(order, findRefund(order, outRefundNo)!));
    }),
};

type Asked = {
  outRefundNo: string;
  amount: bigint;
  total: bigint;
  reason: string | null;
  notifyUrl: string | null;
};

function create(deps: WechatDeps, call: Call): Promise<Answer> {
  return transact(deps, async (unit) => {
    const asked = refundAsked(call);
    const order = await lockNamed(unit, call);
    const numberId = `${payeeOf(order)}/${asked.outRefundNo}`;
    const taken = await unit.tx.get(refundNumbers, numberId);
    if (taken && taken.orderId !== order.id) {
      throw new WechatRefusal("INVALID_REQUEST", "商户退款单号已被其他订单使用");
    }
    const context = faultContext(order, call.method);
    const refused = taken ? undefined : await unit.armed.take("refund_refused", context);
    // Returned, not thrown: the fault is used up.
    const refusal =
      refused && errorAnswer(textParam(refused, "final") === "true" ? "INVALID_REQUEST" : "NOT_ENOUGH");
    if (refusal && textParam(refused, "executed") !== "true") return refusal;
    const ending = taken ? plainEnd(unit) : await endOf(unit, unit.armed, context);
    const step = orRefuse(
      refundOrder(order, { ...asked, ...ending, refundId: newRefundId(unit), now: unit.now }),
    );
    if (!taken && !(await unit.tx.insert(refundNumbers, { id: numberId, orderId: order.id }))) {
      throw new Overtaken(`refund ${numberId} appeared meanwhile`);
    }
    const kept = await keepStep(unit, step);
    return refusal ?? ok(viewRefund(kept, findRefund(kept, asked.outRefundNo)!));
  });
}

function refundAsked({ fields }: Call): Asked {
  const amount = fields.object("amount");
  if (amount.required("currency", 16) !== "CNY") throw amount.invalid("currency", "仅支持CNY");
  return {
    outRefundNo: fields.required("out_refund_no", 64, outRefundNoPattern),
    amount: amount.fen("refund"),
    total: amount.fen("total"),
    reason: fields.text("reason", 80),
    notifyUrl: notifyUrlOf(fields, "notify_url", false),
  };
}

async function lockNamed(unit: Work, call: Call): Promise<Order> {
  const payee = payeeOrSelf(call, call.body.sub_mchid);
  const transactionId = call.fields.text("transaction_id", 32);
  const outTradeNo = call.fields.text("out_trade_no", 32);
  if (transactionId === null && outTradeNo === null) {
    throw call.fields.invalid("out_trade_no", "与transaction_id二选一必填");
  }
  const order =
    transactionId === null
      ? await lockByNumber(unit, payee, outTradeNo!)
      : await lockByTransaction(unit, payee, transactionId);
  if (!order) throw new WechatRefusal("RESOURCE_NOT_EXISTS", "订单不存在");
  return order;
}

type Ending = Pick<Refund, "outcome" | "settlesAt">;

/** How the refund will end: well, unless a fault brings it back from the buyer's bank. */
async function endOf(unit: Work, armed: ArmedFaults, context: FaultContext): Promise<Ending> {
  const returned = await armed.take("refund_returned", context);
  if (!returned) return plainEnd(unit);
  const settlesAt = new Date(unit.now.getTime() + Math.max(refundDelayMs, numberParam(returned, "ms")));
  return { outcome: textParam(returned, "closed") === "true" ? "CLOSED" : "ABNORMAL", settlesAt };
}

function plainEnd(unit: Work): Ending {
  return { outcome: "SUCCESS", settlesAt: new Date(unit.now.getTime() + refundDelayMs) };
}
