import { dayMs, minuteMs } from "../../china/beijing.ts";
import { randomToken } from "../../clock.ts";
import { payAs, sandboxOpenid } from "../buyer.ts";
import { keepStep, lockOrder, transact, type Work } from "../context.ts";
import { chargedAlready } from "../machine/code.ts";
import { failOrder } from "../machine/order.ts";
import { type Order, orderId, orders, type PaymentCode, paymentCodes } from "../model.ts";
import { isPaymentCode } from "../payment-codes.ts";
import { insertOrder, newHandle, outTradeNoPattern } from "../place.ts";
import { orRefuse } from "../wire/refusals.ts";
import { requiredField, type V2Call, type V2Operation, v2PayeeOf } from "./call.ts";
import { type V2Code, V2Refusal, v2Refusals } from "./refusals.ts";
import { paidFields } from "./views.ts";
import type { V2Fields } from "./xml.ts";

/** How long the buyer may take where the merchant does not say. */
const patienceMs = 10 * minuteMs;
const expiryPattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;

/** `/pay/micropay`: charges the code that the buyer shows. */
export const micropay: V2Operation = {
  name: "micropay",
  path: "/pay/micropay",
  carryOut: async (deps, call) => {
    const charged = await transact(deps, async (unit): Promise<Order | V2Code> => {
      const asked = newOrder(unit, call);
      const known = await lockOrder(unit, asked.id);
      return known ? chargedAlready(known, { ...asked, ...asked.code }) : charge(unit, asked);
    });
    // Thrown only now: what was written must stay.
    if (typeof charged === "string") throw new V2Refusal(charged);
    if (charged.payment) return paidFields(charged);
    if (charged.code!.awaitsPassword) throw new V2Refusal("USERPAYING");
    throw new V2Refusal("NOTENOUGH");
  },
};

async function charge(unit: Work, asked: Order & { code: { authCode: string } }): Promise<Order | V2Code> {
  const code = await unit.tx.lock(paymentCodes, asked.code.authCode);
  if (!code || code.usedByOrder !== null || unit.now >= code.expiresAt) return "AUTH_CODE_INVALID";
  await unit.tx.update(paymentCodes, { ...code, usedByOrder: asked.id });
  return asTheBuyerBehaves(unit, await insertOrder(unit, asked), code.behaviour);
}

async function asTheBuyerBehaves(
  unit: Work,
  order: Order,
  behaviour: PaymentCode["behaviour"],
): Promise<Order> {
  if (behaviour === "pays") return payAs(unit, order, { amount: null, coupon: 0n, evenClosed: false });
  if (behaviour === "insufficient_balance") {
    return keepStep(unit, orRefuse(failOrder(order, v2Refusals.NOTENOUGH, unit.now)));
  }
  const waiting = { ...order, code: { ...order.code!, awaitsPassword: true } };
  await unit.tx.update(orders, waiting);
  return waiting;
}

/** The order that a call describes, not yet written. */
function newOrder(unit: Work, call: V2Call): Order & { code: { authCode: string } } {
  const { fields, merchant } = call;
  const payee = v2PayeeOf(call);
  const outTradeNo = requiredField(fields, "out_trade_no", outTradeNoPattern);
  if ((fields.fee_type || "CNY") !== "CNY") throw new V2Refusal("PARAM_ERROR", "仅支持CNY");
  requiredField(fields, "spbill_create_ip", /^[0-9A-Fa-f.:]{2,45}$/);
  const authCode = requiredField(fields, "auth_code");
  if (!isPaymentCode(authCode)) throw new V2Refusal("AUTH_CODE_ERROR");
  const expiresAt = expiryOf(unit.now, fields);
  return {
    ...payee,
    id: orderId(payee.subMchid ?? payee.mchid, outTradeNo),
    token: randomToken(unit.deps.random),
    appid: merchant.appid,
    merchantName: merchant.merchantName,
    outTradeNo,
    scene: "code",
    total: BigInt(requiredField(fields, "total_fee", /^[1-9]\d{0,10}$/)),
    description: requiredField(fields, "body", /^.{1,127}$/su),
    attach: fields.attach || null,
    deviceId: fields.device_info || null,
    notifyUrl: "",
    parameters: "",
    openid: sandboxOpenid,
    payerField: payee.subAppid === null ? "openid" : "sub_openid",
    feeRateMillionths: merchant.feeRateMillionths,
    placedAt: unit.now,
    expiresAt,
    handle: newHandle(unit, "code", expiresAt),
    redirectUrl: null,
    openedAt: unit.now,
    abandonedAt: null,
    lastFailure: null,
    closedAt: null,
    code: { authCode, awaitsPassword: false, revokedAt: null },
    payment: null,
    refunds: [],
    ...(fields.profit_sharing === "Y" ? { sharing: { shares: [], returns: [], unfrozen: null } } : {}),
  };
}

function expiryOf(now: Date, fields: V2Fields): Date {
  if (!fields.time_expire) return new Date(now.getTime() + patienceMs);
  const [, year, month, day, hour, minute, second] = expiryPattern.exec(fields.time_expire) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  if (!(at > now.getTime())) throw new V2Refusal("PARAM_ERROR", "time_expire参数错误");
  return new Date(Math.min(at, now.getTime() + dayMs));
}
