import { constants, privateDecrypt } from "node:crypto";
import { beijingDate } from "../../china/beijing.ts";
import { randomDigits } from "../../clock.ts";
import { textParam } from "../../faults/index.ts";
import { Overtaken } from "../../store/index.ts";
import { faultContext, lockOrder, transact, type Work } from "../context.ts";
import { type Order, orders, payeeOf } from "../model.ts";
import { type Call, lockByTransaction, type Operation, orderNamed, payeeOrSelf } from "../operations/call.ts";
import { ok } from "../wire/answer.ts";
import { orRefuse, WechatRefusal } from "../wire/refusals.ts";
import { keepShare, keepShareReturn } from "./book.ts";
import { ratioMaxMillionths, sharingDelayMs, splitOrder, takeBack, unfreeze, unsplitOf } from "./machine.ts";
import { receiverId, receivers, type Share, type ShareReturn, sharingNumbers } from "./model.ts";
import { viewReturn, viewSplit, viewUnfrozen } from "./views.ts";

const path = "/v3/profitsharing";
const numberPattern = /^[0-9A-Za-z_\-|*@]{1,64}$/;
const typePattern = /^(MERCHANT_ID|PERSONAL_OPENID|PERSONAL_SUB_OPENID)$/;
const nobodys = { orderOf: async () => undefined };

/** Makes a receiver known; one that is known already is taken again. */
const addReceiver: Operation = {
  ...nobodys,
  name: "profitsharing.receivers.add",
  verb: "POST",
  path: `${path}/receivers/add`,
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const { fields } = call;
      const payee = payeeOrSelf(call, call.body.sub_mchid);
      appChecked(call);
      const type = fields.required("type", 32, typePattern);
      const account = fields.required("account", 64);
      const name = nameOf(call, fields.text("name", 10_240));
      if (type === "MERCHANT_ID" && name === null) throw fields.invalid("name", "必填");
      const relationType = fields.required("relation_type", 32);
      const id = receiverId(payee, type, account);
      const receiver = { id, payee, type, account, name, relationType };
      if (!(await unit.tx.insert(receivers, receiver))) await unit.tx.update(receivers, receiver);
      return ok({ ...subOf(call), type, account, relation_type: relationType });
    }),
};

const deleteReceiver: Operation = {
  ...nobodys,
  name: "profitsharing.receivers.delete",
  verb: "POST",
  path: `${path}/receivers/delete`,
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const payee = payeeOrSelf(call, call.body.sub_mchid);
      const type = call.fields.required("type", 32, typePattern);
      const account = call.fields.required("account", 64);
      await unit.tx.remove(receivers, receiverId(payee, type, account));
      return ok({ ...subOf(call), type, account });
    }),
};

/** Splits, one call's receivers at once; answers PROCESSING, and SUCCESS when it is asked again. */
const split: Operation = {
  name: "profitsharing.orders.create",
  verb: "POST",
  path: `${path}/orders`,
  orderOf: (reader, call) => orderNamed(reader, call.body),
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      appChecked(call);
      const outOrderNo = call.fields.required("out_order_no", 64, numberPattern);
      const order = await orderOf(unit, call, call.body);
      if (call.body.unfreeze_unsplit === true) {
        throw new WechatRefusal("PARAM_ERROR", "沙箱仅支持通过解冻接口完结分账");
      }
      const shares: Share[] = [];
      for (const one of receiversAsked(call)) {
        shares.push(await shareOf(unit, order, { ...one, outOrderNo }, call.method));
      }
      const step = orRefuse(splitOrder(order, shares, unit.now));
      if (step.isNew) {
        await keep(unit, step.order, outOrderNo);
        for (const share of shares) await keepShare(unit, step.order, share);
      }
      return ok(viewSplit(step.order, outOrderNo, unit.now));
    }),
};

const querySplit: Operation = {
  name: "profitsharing.orders.query",
  verb: "GET",
  path: `${path}/orders/:out_order_no`,
  orderOf: (reader, call) => orderNamed(reader, call.query),
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const order = await orderOf(unit, call, call.query);
      const outOrderNo = call.params.out_order_no!;
      if (order.sharing?.unfrozen?.outOrderNo === outOrderNo) return ok(viewUnfrozen(order));
      if (!order.sharing?.shares.some((share) => share.outOrderNo === outOrderNo)) {
        throw new WechatRefusal("RESOURCE_NOT_EXISTS", "分账单不存在");
      }
      return ok(viewSplit(order, outOrderNo, unit.now));
    }),
};

const unfreezing: Operation = {
  name: "profitsharing.orders.unfreeze",
  verb: "POST",
  path: `${path}/orders/unfreeze`,
  orderOf: (reader, call) => orderNamed(reader, call.body),
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const outOrderNo = call.fields.required("out_order_no", 64, numberPattern);
      call.fields.required("description", 80);
      const order = await orderOf(unit, call, call.body);
      const step = orRefuse(unfreeze(order, { outOrderNo, orderId: newNumber(unit) }, unit.now));
      if (step.isNew) await keep(unit, step.order, outOrderNo);
      return ok(viewUnfrozen(step.order));
    }),
};

const returning: Operation = {
  name: "profitsharing.return-orders.create",
  verb: "POST",
  path: `${path}/return-orders`,
  orderOf: async (reader, call) => {
    const payee = payeeOrSelf(call, call.body.sub_mchid);
    const id = await reader.get(sharingNumbers, `${payee}/${String(call.body.out_order_no)}`);
    return id && reader.get(orders, id.orderId);
  },
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const { fields } = call;
      const outOrderNo = fields.required("out_order_no", 64, numberPattern);
      const outReturnNo = fields.required("out_return_no", 64, numberPattern);
      const payee = payeeOrSelf(call, call.body.sub_mchid);
      const order = await orderByNumber(unit, payee, outOrderNo);
      const failed = await unit.armed.take("share_return_failed", faultContext(order, call.method));
      const given: ShareReturn = {
        outOrderNo,
        outReturnNo,
        returnId: newNumber(unit),
        returnMchid: fields.required("return_mchid", 32),
        amount: fields.fen("amount"),
        description: fields.required("description", 80),
        createdAt: unit.now,
        outcome: failed ? "FAILED" : "SUCCESS",
        failReason: failed ? (textParam(failed, "reason") ?? "PAYEE_NOT_ENOUGH") : null,
        endsAt: new Date(unit.now.getTime() + sharingDelayMs),
      };
      const step = orRefuse(takeBack(order, given, unit.now));
      if (step.isNew) {
        await keep(unit, step.order, `return/${outReturnNo}`);
        await keepShareReturn(unit, step.order, given);
      }
      return ok(viewReturn(step.order, outReturnNo, unit.now));
    }),
};

const queryReturn: Operation = {
  name: "profitsharing.return-orders.query",
  verb: "GET",
  path: `${path}/return-orders/:out_return_no`,
  orderOf: async (reader, call) => {
    const payee = payeeOrSelf(call, call.query.sub_mchid);
    const id = await reader.get(sharingNumbers, `${payee}/return/${call.params.out_return_no}`);
    return id && reader.get(orders, id.orderId);
  },
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const outReturnNo = call.params.out_return_no!;
      const payee = payeeOrSelf(call, call.query.sub_mchid);
      const order = await orderByNumber(unit, payee, `return/${outReturnNo}`);
      return ok(viewReturn(order, outReturnNo, unit.now));
    }),
};

/** What is frozen still of a payment. */
const unsplit: Operation = {
  name: "profitsharing.amounts",
  verb: "GET",
  path: `${path}/transactions/:transaction_id/amounts`,
  orderOf: (reader, call) => orderNamed(reader, call.params),
  carryOut: (deps, call) =>
    transact(deps, async (unit) => {
      const { transaction_id: transactionId } = call.params as { transaction_id: string };
      const order = await lockByTransaction(unit, payeeOrSelf(call, call.query.sub_mchid), transactionId);
      if (!order?.sharing) throw new WechatRefusal("RESOURCE_NOT_EXISTS", "订单不存在");
      return ok({ transaction_id: transactionId, unsplit_amount: Number(unsplitOf(order)) });
    }),
};

const ratio: Operation = {
  ...nobodys,
  name: "profitsharing.merchant-configs",
  verb: "GET",
  path: `${path}/merchant-configs/:sub_mchid`,
  carryOut: async (_deps, call) => {
    const subMchid = payeeOrSelf(call, call.params.sub_mchid);
    return ok({ sub_mchid: subMchid, max_ratio: Number(ratioMaxMillionths / 100n) });
  },
};

/** Every call of profit sharing that the simulator takes. */
export const sharingOperations: readonly Operation[] = [
  addReceiver,
  deleteReceiver,
  split,
  querySplit,
  unfreezing,
  returning,
  queryReturn,
  unsplit,
  ratio,
];

async function orderOf(unit: Work, call: Call, given: Record<string, unknown>): Promise<Order> {
  const { transaction_id: transactionId } = given;
  if (typeof transactionId !== "string") throw call.fields.invalid("transaction_id", "必填");
  const order = await lockByTransaction(unit, payeeOrSelf(call, given.sub_mchid), transactionId);
  if (!order) throw new WechatRefusal("RESOURCE_NOT_EXISTS", "订单不存在");
  return order;
}

async function orderByNumber(unit: Work, payee: string, number: string): Promise<Order> {
  const known = await unit.tx.get(sharingNumbers, `${payee}/${number}`);
  const order = known && (await lockOrder(unit, known.orderId));
  if (!order) throw new WechatRefusal("RESOURCE_NOT_EXISTS", "分账单不存在");
  return order;
}

type Wanted = Pick<Share, "type" | "account" | "amount" | "description">;

function receiversAsked(call: Call): Wanted[] {
  const list = call.body.receivers;
  if (!Array.isArray(list) || list.length === 0 || list.length > 50) {
    throw call.fields.invalid("receivers", "应为1到50个接收方");
  }
  return list.map((_, index) => {
    const one = call.fields.item("receivers", index);
    return {
      type: one.required("type", 32, typePattern),
      account: one.required("account", 64),
      amount: one.fen("amount"),
      description: one.required("description", 80),
    };
  });
}

/** How a share ends: well for a receiver that is known, unless a fault closes it. */
async function shareOf(
  unit: Work,
  order: Order,
  wanted: Wanted & { outOrderNo: string },
  method: string,
): Promise<Share> {
  const known = await unit.tx.get(receivers, receiverId(payeeOf(order), wanted.type, wanted.account));
  const closed = await unit.armed.take("share_closed", faultContext(order, method));
  const reason = closed ? (textParam(closed, "reason") ?? "ACCOUNT_ABNORMAL") : known ? null : "NO_RELATION";
  return {
    ...wanted,
    orderId: newNumber(unit),
    detailId: `3${newNumber(unit)}`,
    createdAt: unit.now,
    outcome: reason === null ? "SUCCESS" : "CLOSED",
    failReason: reason,
    endsAt: new Date(unit.now.getTime() + sharingDelayMs),
  };
}

async function keep(unit: Work, order: Order, number: string): Promise<void> {
  const id = `${payeeOf(order)}/${number}`;
  if (!(await unit.tx.insert(sharingNumbers, { id, orderId: order.id }))) {
    const known = await unit.tx.get(sharingNumbers, id);
    if (known?.orderId !== order.id) throw new WechatRefusal("INVALID_REQUEST", "商户分账单号已被使用");
    throw new Overtaken(`the number ${id} appeared meanwhile`);
  }
  await unit.tx.update(orders, order);
}

/** What is sealed with the key that the request names is opened with that key alone. */
function nameOf(call: Call, sealed: string | null): string | null {
  if (sealed === null) return null;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  try {
    const key = call.key.privateKey;
    return privateDecrypt({ key, padding, oaepHash: "sha1" }, Buffer.from(sealed, "base64")).toString("utf8");
  } catch {
    throw call.fields.invalid("name", "敏感信息解密失败，请用Wechatpay-Serial指定的公钥加密");
  }
}

function appChecked(call: Call): void {
  if (call.fields.required("appid", 32) !== call.merchant.appid) {
    throw new WechatRefusal("APPID_MCHID_NOT_MATCH");
  }
}

function subOf(call: Call): object {
  return call.body.sub_mchid === undefined ? {} : { sub_mchid: call.body.sub_mchid };
}

function newNumber(unit: Work): string {
  return `3000${beijingDate(unit.now).replaceAll("-", "")}${randomDigits(unit.deps.random, 16)}`;
}
