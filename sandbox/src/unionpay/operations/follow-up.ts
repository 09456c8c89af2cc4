import { numberParam } from "../../faults/index.ts";
import {
  faultContext,
  keepStep,
  lagOf,
  lockOrder,
  newMarks,
  planPayment,
  transact,
  type Work,
} from "../context.ts";
import { type FollowUpAsked, refundOrder, voidOrder } from "../machine/follow-up.ts";
import { reverseOrder, type Step } from "../machine/purchase.ts";
import { type FollowUp, numberOf, type Order, takenNumbers } from "../model.ts";
import { markFields } from "../notify.ts";
import { takeNumber, transactionOf } from "../place.ts";
import { type Answer, answer } from "../wire/message.ts";
import { orRefuse, UnionpayRefusal } from "../wire/resp-codes.ts";
import {
  type Call,
  type Operation,
  orderBehind,
  originalOf,
  originalOutTradeNo,
  ownOutTradeNo,
} from "./call.ts";

const bizTypes = ["000000", "000201"] as const;

/** 31/00: takes a payment back on its own clearing day, whole. */
export const voidPayment: Operation = {
  name: "void",
  path: "back",
  txnType: "31",
  txnSubType: "00",
  bizTypes,
  outTradeNoOf: originalOutTradeNo,
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const { order, asked } = await followUpAsked(unit, call, "void");
      const lagging = { ...asked, lag: await lagOf(unit, order, call.method) };
      return accepted(unit, order, orRefuse(voidOrder(order, lagging, unit.now)), lagging);
    }),
};

/** 04/00: gives part or all of a payment back after its clearing day. */
export const refund: Operation = {
  name: "refund",
  path: "back",
  txnType: "04",
  txnSubType: "00",
  bizTypes,
  outTradeNoOf: originalOutTradeNo,
  carryOut: (deps, call) => transact(deps, (unit) => refunded(unit, call)),
};

async function refunded(unit: Work, call: Call): Promise<Answer> {
  const { order, asked } = await followUpAsked(unit, call, "refund");
  orRefuse(refundOrder(order, asked, unit.now));
  const context = faultContext(order, call.method);
  const refuses = await unit.armed.take("refund_refused", context);
  // Thrown, the refusal would undo that the fault was used up.
  const told = refuses && answer(refuses.params.final === true ? "36" : "64");
  if (told && refuses.params.executed !== true) return told;
  const returns = await unit.armed.take("refund_returned", context);
  const lasting = {
    ...asked,
    lag: await lagOf(unit, order, call.method),
    returnsAt: returns ? new Date(unit.now.getTime() + numberParam(returns, "ms")) : null,
  };
  const done = await accepted(unit, order, orRefuse(refundOrder(order, lasting, unit.now)), lasting);
  return told ?? done;
}

/** 99/01: takes back a payment code's order whose outcome the merchant does not know, by its own number. */
export const reverse: Operation = {
  name: "reversal",
  path: "back",
  txnType: "99",
  txnSubType: "01",
  bizTypes: ["000000"],
  outTradeNoOf: ownOutTradeNo,
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const found = await orderBehind(unit.tx, call);
      const order = found && (await lockOrder(unit, found.id));
      const isOwn = order?.orderId === call.fields.params.orderId;
      if (!order || !isOwn || order.txnTime !== call.fields.params.txnTime) throw new UnionpayRefusal("34");
      const context = faultContext(order, call.method);
      if (await unit.armed.take("cancel_retry_flag", context)) return answer("05");
      const step = orRefuse(reverseOrder(order, unit.now));
      const kept = await keepStep(unit, step);
      if (!order.payment && !order.reversedAt) await planPaidAfterwards(unit, kept, call.method);
      const { queryId, traceNo, traceTime } = markFields(kept.marks!, kept.total);
      return answer("00", { queryId, traceNo, traceTime });
    }),
};

/** The buyer's money that arrives after the merchant took the order back, where a fault says so. */
async function planPaidAfterwards(unit: Work, order: Order, method: string): Promise<void> {
  const fault = await unit.armed.take("paid_after_close", faultContext(order, method));
  if (fault) await planPayment(unit, order, new Date(unit.now.getTime() + numberParam(fault, "ms")));
}

async function followUpAsked(
  unit: Work,
  call: Call,
  kind: FollowUp["kind"],
): Promise<{ order: Order; asked: FollowUpAsked }> {
  const transaction = transactionOf(call.fields, false);
  if (call.fields.params.currencyCode) call.fields.oneOf("currencyCode", ["156"]);
  const amount = call.fields.amount();
  const found = await originalOf(unit.tx, call);
  const order = (await lockOrder(unit, found.id))!;
  const number = numberOf(order.merId, transaction.orderId, transaction.txnTime);
  // A repeat is a repeat, whatever has become of the order since.
  if (await unit.tx.get(takenNumbers, number)) throw new UnionpayRefusal("12");
  const lag = { notFound: 0, unknown: 0 };
  return { order, asked: { ...transaction, kind, marks: newMarks(unit), amount, lag, returnsAt: null } };
}

async function accepted(unit: Work, order: Order, step: Step, asked: FollowUpAsked): Promise<Answer> {
  const { orderId, txnTime, kind, marks, amount } = asked;
  await takeNumber(unit, numberOf(order.merId, orderId, txnTime), order.id, kind);
  await keepStep(unit, step);
  return answer("00", { ...markFields(marks, amount), origQryId: order.marks!.queryId });
}
