import { beijingDate, formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import { randomDigits } from "../../clock.ts";
import { textParam } from "../../faults/index.ts";
import { type Biz, BusinessRefusal, invalid, orRefuse, refusalAnswer } from "../biz.ts";
import { faultContext, transact, type Work } from "../context.ts";
import { acqSentences } from "../machine/refusals.ts";
import { type Call, lockNamedOrder, type Method } from "../methods/call.ts";
import { orders } from "../model.ts";
import { success } from "../wire/answer.ts";
import { extendOf, objectsOf } from "./biz.ts";
import { keepRoyalty } from "./book.ts";
import { settleRoyalty } from "./machine.ts";
import { royaltyReceiverId, royaltyReceivers, type Settlement } from "./model.ts";

const types = ["userId", "loginName", "openId"];

/** alipay.trade.royalty.relation.bind: makes receivers known; one that is known is taken again. */
export const bindRoyalty: Method = (deps, call) =>
  transact(deps, async (unit) => {
    call.biz.required("out_request_no", 64);
    const receivers = objectsOf(call.biz, "receiver_list");
    if (receivers.length === 0 || receivers.length > 20) throw invalid("receiver_list");
    for (const one of receivers) {
      const { sellerId } = call.seller;
      const type = typeOf(one, "type");
      const account = one.required("account", 128);
      if (type === "loginName") one.required("name", 64);
      const receiver = { id: royaltyReceiverId(sellerId, type, account), sellerId, type, account };
      await unit.tx.insert(royaltyReceivers, receiver);
    }
    return success({ result_code: "SUCCESS" });
  });

/** alipay.trade.order.settle, done at once. */
export const settle: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const outRequestNo = call.biz.required("out_request_no", 32);
    const order = await lockNamedOrder(unit, call);
    const settlements = await settlementsAsked(unit, call, outRequestNo);
    const finish = extendOf(call.biz).text("royalty_finish", 5) === "true";
    if (settlements.length === 0 && !finish) throw invalid("royalty_parameters");
    const closed = await unit.armed.take("share_closed", faultContext(order, call.method));
    // Returned, not thrown: the fault is used up.
    if (closed) return refusalAnswer("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", textParam(closed, "reason"));
    const step = orRefuse(settleRoyalty(order, { outRequestNo, settlements, finish, now: unit.now }));
    if (step.isNew) {
      await unit.tx.update(orders, step.order);
      for (const one of settlements) await keepRoyalty(unit, step.order, one);
    }
    const made = step.order.royalty!.settlements.find((one) => one.outRequestNo === outRequestNo);
    return success({ trade_no: order.trade!.tradeNo, settle_no: made?.settleNo ?? newNumber(unit) });
  });

/** alipay.trade.order.settle.query */
export const settleQuery: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const outRequestNo = call.biz.required("out_request_no", 32);
    const order = await lockNamedOrder(unit, call);
    const found = order.royalty?.settlements.filter((one) => one.outRequestNo === outRequestNo) ?? [];
    return success({
      out_request_no: outRequestNo,
      operation_dt: found[0] ? formatBeijing(found[0].at) : undefined,
      royalty_detail_list: found.map((one) => ({
        operation_type: "transfer",
        execute_dt: formatBeijing(one.at),
        trans_out: order.sellerId,
        trans_out_type: "userId",
        trans_in: one.transIn,
        trans_in_type: one.transInType,
        amount: formatYuan(one.amount),
        state: "SUCCESS",
        detail_id: one.detailId,
      })),
    });
  });

async function settlementsAsked(unit: Work, call: Call, outRequestNo: string): Promise<Settlement[]> {
  const settleNo = newNumber(unit);
  const settlements: Settlement[] = [];
  for (const one of objectsOf(call.biz, "royalty_parameters")) {
    const transInType = typeOf(one, "trans_in_type");
    const transIn = one.required("trans_in", 128);
    const id = royaltyReceiverId(call.seller.sellerId, transInType, transIn);
    if (!(await unit.tx.get(royaltyReceivers, id))) {
      throw new BusinessRefusal(
        "ACQ.ROYALTY_ACCOUNT_NOT_EXIST",
        acqSentences["ACQ.ROYALTY_ACCOUNT_NOT_EXIST"],
      );
    }
    const amount = one.yuan("amount");
    const detailId = newNumber(unit);
    settlements.push({ outRequestNo, settleNo, transInType, transIn, amount, detailId, at: unit.now });
  }
  return settlements;
}

function typeOf(biz: Biz, name: string): string {
  const type = biz.required(name, 16);
  if (!types.includes(type)) throw invalid(name);
  return type;
}

function newNumber(unit: Work): string {
  return `${beijingDate(unit.now).replaceAll("-", "")}00200${randomDigits(unit.deps.random, 15)}`;
}
