import { hasParam, numberParam } from "../faults/index.ts";
import { Refused } from "../refuse.ts";
import { arrive, formIn } from "./arrival.ts";
import {
  faultContext,
  keepStep,
  lockOrder,
  newMarks,
  transact,
  type UnionpayDeps,
  type Work,
} from "./context.ts";
import { type Blocked, failOrder, openOrder, payOrder, type Step } from "./machine/purchase.ts";
import { type Failure, type Order, orders } from "./model.ts";
import { orderOfPaymentCode, paymentCodePattern } from "./payment-codes.ts";
import { isRespCode, messageOf, type RespCode } from "./wire/resp-codes.ts";

// What a buyer does in 云闪付 or at the cashier: the order is named by whatever the buyer would have in hand.

/** The sandbox's one pretend buyer's card; nobody real's. */
const buyerAccNo = "6216***********0018";
const qrPrefix = "https://qr.95516.com/";
/** A tn or a queryId. */
const numberPattern = /^\d{21}$/;

/** Whether a text is something of UnionPay's that a buyer can open. */
export function isUnionpayCode(code: string): boolean {
  return (
    code.startsWith(qrPrefix) ||
    paymentCodePattern.test(code) ||
    numberPattern.test(code) ||
    formIn(code) !== undefined
  );
}

/** The order with this wallet token; undefined when there is none. */
export function unionpayOrderOfToken(deps: UnionpayDeps, token: string): Promise<Order | undefined> {
  return deps.store.find(orders, "token", token);
}

/** The buyer opens the order; a signed form places it. */
export function openWithUnionpay(deps: UnionpayDeps, code: string): Promise<Order> {
  return acting(deps, code, async (unit, order) => keepStep(unit, orRefused(openOrder(order, unit.now))));
}

export type UnionpayPayment = {
  code: string;
  amount: bigint | null;
  /** Fen that the merchant would fund. */
  voucher: bigint;
  /** False when the buyer did not enter the password that is asked for. */
  password: boolean;
};

/** The buyer pays. */
export function payWithUnionpay(deps: UnionpayDeps, asked: UnionpayPayment): Promise<Order> {
  if (asked.voucher > 0n) {
    throw new Refused(409, "voucher_unknown", "UnionPay takes no voucher here; leave it out.");
  }
  return acting(deps, asked.code, async (unit, order) => {
    if (order.code?.awaitsPassword && !asked.password) {
      throw new Refused(409, "password_required", "This payment waits for the buyer's password.");
    }
    return payAs(unit, order, { amount: asked.amount, evenOver: false });
  });
}

/** The buyer could not pay; `reason` may be one of UnionPay's codes, and is lack of funds where absent. */
export function failWithUnionpay(
  deps: UnionpayDeps,
  code: string,
  reason: string | undefined,
): Promise<Order> {
  const failure = reason === undefined || isRespCode(reason) ? failedWith(reason ?? "64") : other(reason);
  return acting(deps, code, async (unit, order) =>
    keepStep(unit, orRefused(failOrder(order, failure, unit.now))),
  );
}

/** The buyer puts the order away. Nothing ends: it can be opened again until its time is over. */
export function abandonWithUnionpay(deps: UnionpayDeps, code: string): Promise<Order> {
  return acting(deps, code, async (unit, order) => {
    if (order.payment) {
      throw new Refused(409, "trade_paid", "This payment is already made; there is nothing to put away.");
    }
    const abandoned = { ...order, abandonedAt: unit.now };
    await unit.tx.update(orders, abandoned);
    return abandoned;
  });
}

/** Where the buyer's browser goes after paying at the cashier: by a form that posts itself to frontUrl. */
export function unionpayReturnUrl(deps: UnionpayDeps, order: Order): string | null {
  return order.payment && order.frontUrl ? `${deps.url()}/unionpay/return/${order.token}` : null;
}

export type Paying = { amount: bigint | null; evenOver: boolean };

/** The buyer pays an order: the one place where money comes in. */
export async function payAs(unit: Work, order: Order, paying: Paying): Promise<Order> {
  const total = paying.amount ?? (await amountBuyerPays(unit, order));
  const { now } = unit;
  const marks = order.marks ?? newMarks(unit);
  const step = payOrder(order, { now, total, accNo: buyerAccNo, marks, evenOver: paying.evenOver });
  return keepStep(unit, orRefused(step));
}

/** A failure by one of UnionPay's codes. */
export function failedWith(code: RespCode): Failure {
  return { code, sentence: messageOf(code) };
}

function other(sentence: string): Failure {
  return { code: "01", sentence };
}

/** The step, or what is over as the wallet's own error. */
function orRefused(step: Step | Blocked): Step {
  if ("blocked" in step) throw new Refused(409, step.blocked, step.because);
  return step;
}

async function amountBuyerPays(unit: Work, order: Order): Promise<bigint> {
  const wrong = await unit.armed.take("trade_wrong_amount", faultContext(order, "payment"));
  if (!wrong) return order.total;
  const amount = hasParam(wrong, "amount")
    ? BigInt(numberParam(wrong, "amount"))
    : order.total + BigInt(numberParam(wrong, "delta"));
  return amount > 0n ? amount : 1n;
}

async function acting(
  deps: UnionpayDeps,
  code: string,
  act: (unit: Work, order: Order) => Promise<Order>,
): Promise<Order> {
  const found = await resolve(deps, code);
  return transact(deps, async (unit) => act(unit, (await lockOrder(unit, found.id))!));
}

async function resolve(deps: UnionpayDeps, code: string): Promise<Order> {
  const form = formIn(code);
  if (form) {
    const arrived = await arrive(deps, form);
    if ("order" in arrived) return arrived.order;
    throw new Refused(409, `UNIONPAY_${arrived.refused.code}`, arrived.refused.sentence);
  }
  const order = await orderBehindCode(deps, code);
  if (order) return order;
  const message = "No order stands behind this code; scan a code, tn or signed form of this sandbox.";
  throw new Refused(404, "code_unknown", message);
}

async function orderBehindCode({ store }: UnionpayDeps, code: string): Promise<Order | undefined> {
  if (paymentCodePattern.test(code)) return orderOfPaymentCode(store, code);
  if (code.startsWith(qrPrefix)) return store.find(orders, "qr_code", code);
  if (numberPattern.test(code)) {
    return (await store.find(orders, "tn", code)) ?? store.find(orders, "query_id", code);
  }
  const token = /[?&]trade=([^&]+)/.exec(code)?.[1] ?? code;
  return store.find(orders, "token", token);
}
