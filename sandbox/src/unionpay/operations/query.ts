import { lockOrder, transact, type Work } from "../context.ts";
import { followUpCode } from "../machine/follow-up.ts";
import { queriedCode } from "../machine/purchase.ts";
import { type FollowUp, type Lag, type Order, orders } from "../model.ts";
import { markFields } from "../notify.ts";
import { type Answer, answer } from "../wire/message.ts";
import { messageOf, type RespCode, UnionpayRefusal } from "../wire/resp-codes.ts";
import { type Call, type Operation, orderBehind } from "./call.ts";

/**
 * 00/00: what became of an order, refund or void, by its orderId and txnTime. 34 is not final: nobody may
 * have tried to pay yet, or the transaction may be under way.
 */
export const query: Operation = {
  name: "query",
  path: "query",
  txnType: "00",
  txnSubType: "00",
  bizTypes: ["000000", "000201"],
  outTradeNoOf: async (reader, call) =>
    (await orderBehind(reader, call).catch(() => undefined))?.orderId ?? call.fields.params.orderId ?? null,
  carryOut: (deps, call) => transact(deps, (unit) => queried(unit, call)),
};

async function queried(unit: Work, call: Call): Promise<Answer> {
  const found = await orderBehind(unit.tx, call);
  const order = found && (await lockOrder(unit, found.id));
  if (!order) throw new UnionpayRefusal("34");
  const { orderId, txnTime } = call.fields.params;
  const isAsked = (one: { orderId: string; txnTime: string }): boolean =>
    one.orderId === orderId && one.txnTime === txnTime;
  const followUp = order.followUps.find(isAsked);
  if (!followUp && !isAsked(order)) throw new UnionpayRefusal("34");

  const lagging = await lagged(unit, order, followUp ?? order);
  if (lagging === "34") return answer("34");
  const code = lagging ?? (followUp ? followUpCode(followUp, unit.now) : queriedCode(order, unit.now));
  if (code === undefined) throw new UnionpayRefusal("34");
  return answer("00", {
    ...(followUp ? followUpFields(order, followUp) : orderFields(order)),
    ...outcome(code),
  });

  function outcome(origRespCode: RespCode) {
    return { origRespCode, origRespMsg: messageOf(origRespCode) };
  }
}

/** What a query says that does not see the transaction yet; one query fewer will. */
async function lagged(unit: Work, order: Order, of: { lag: Lag }): Promise<"34" | "05" | null> {
  const { notFound, unknown } = of.lag;
  if (notFound + unknown <= 0) return null;
  const lag = notFound > 0 ? { notFound: notFound - 1, unknown } : { notFound: 0, unknown: unknown - 1 };
  const followUps = order.followUps.map((one) => (one === of ? { ...one, lag } : one));
  await unit.tx.update(orders, of === order ? { ...order, lag } : { ...order, followUps });
  return notFound > 0 ? "34" : "05";
}

function orderFields(order: Order): Answer["fields"] {
  const amount = order.payment?.total ?? order.total;
  const common = { txnAmt: amount.toString(), currencyCode: "156", reqReserved: order.reqReserved };
  if (!order.marks) return common;
  const marks = markFields(order.marks, amount);
  if (order.payment) return { ...common, accNo: order.payment.accNo, ...marks };
  const { queryId, traceNo, traceTime } = marks;
  return { ...common, queryId, traceNo, traceTime };
}

function followUpFields(order: Order, { marks, amount, reqReserved }: FollowUp): Answer["fields"] {
  return {
    txnAmt: amount.toString(),
    currencyCode: "156",
    reqReserved,
    ...markFields(marks, amount),
    origQryId: order.marks!.queryId,
  };
}
