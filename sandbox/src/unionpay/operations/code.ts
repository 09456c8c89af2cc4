import { failedWith, payAs } from "../buyer.ts";
import { keepStep, lagOf, newMarks, transact, type Work } from "../context.ts";
import { failOrder } from "../machine/purchase.ts";
import { type Order, orders, type PaymentCode, paymentCodes } from "../model.ts";
import { markFields } from "../notify.ts";
import { paymentCodePattern } from "../payment-codes.ts";
import { insertOrder, newOrder } from "../place.ts";
import { type Answer, answer } from "../wire/message.ts";
import { type RespCode, UnionpayRefusal } from "../wire/resp-codes.ts";
import { type Call, type Operation, ownOutTradeNo } from "./call.ts";

/** 01/06: charges the code that the buyer shows. 00 is paid, 05 waits for a password, 6x is refused. */
export const chargeCode: Operation = {
  name: "purchase.code",
  path: "back",
  txnType: "01",
  txnSubType: "06",
  bizTypes: ["000000"],
  outTradeNoOf: ownOutTradeNo,
  carryOut: (deps, call) => transact(deps, async (unit) => answered(await charged(unit, call))),
};

async function charged(unit: Work, call: Call): Promise<Order> {
  const asked = newOrder(unit, call, "code");
  const qrNo = call.fields.shaped("qrNo", paymentCodePattern);
  const order = {
    ...asked,
    openedAt: unit.now,
    code: { qrNo, awaitsPassword: false },
    lag: await lagOf(unit, asked, call.method),
    marks: newMarks(unit),
  };
  await insertOrder(unit, order);
  const code = await unit.tx.lock(paymentCodes, qrNo);
  if (!code || code.usedByOrder !== null || unit.now >= code.expiresAt) return refused(unit, order, "61");
  await unit.tx.update(paymentCodes, { ...code, usedByOrder: order.id });
  return asTheBuyerBehaves(unit, order, code.behaviour);
}

async function asTheBuyerBehaves(
  unit: Work,
  order: Order,
  behaviour: PaymentCode["behaviour"],
): Promise<Order> {
  if (behaviour === "pays") return payAs(unit, order, { amount: null, evenOver: false });
  if (behaviour === "insufficient_balance") return refused(unit, order, "64");
  const waiting = { ...order, code: { ...order.code!, awaitsPassword: true } };
  await unit.tx.update(orders, waiting);
  return waiting;
}

async function refused(unit: Work, order: Order, code: RespCode): Promise<Order> {
  const step = failOrder(order, failedWith(code), unit.now);
  if ("blocked" in step) throw new UnionpayRefusal("12");
  return keepStep(unit, step);
}

function answered(order: Order): Answer {
  const { payment, marks, lastFailure } = order;
  if (payment) return answer("00", { accNo: payment.accNo, ...markFields(marks!, payment.total) });
  const { queryId, traceNo, traceTime } = markFields(marks!, order.total);
  const code = lastFailure ? (lastFailure.code as RespCode) : "05";
  return answer(code, { queryId, traceNo, traceTime });
}
