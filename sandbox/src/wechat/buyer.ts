import { createHash } from "node:crypto";
import { hasParam, numberParam } from "../faults/index.ts";
import { Refused } from "../refuse.ts";
import {
  faultContext,
  keepStep,
  lockOrder,
  newTransactionId,
  transact,
  type WechatDeps,
  type Work,
} from "./context.ts";
import { checkHandedOver } from "./handed-over.ts";
import { failOrder, openOrder, payOrder, type Step, settleTime } from "./machine/order.ts";
import { type Order, orders } from "./model.ts";
import { isPaymentCode, orderOfPaymentCode } from "./payment-codes.ts";
import { type Refusal, refusals } from "./wire/refusals.ts";

// What a buyer does in WeChat: the order is named by whatever the buyer would have in hand.

/** The sandbox's one pretend buyer; nobody real. */
export const sandboxOpenid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

/** Each app knows the same person by another id; the pretend buyer (null) is known everywhere by one. */
export function openidOf(appid: string, buyer: string | null): string {
  if (buyer === null) return sandboxOpenid;
  return `o${createHash("sha256").update(`${appid} ${buyer}`).digest("base64url").slice(0, 27)}`;
}

/** What a buyer can have in hand, read: a code_url, a prepay_id in whatever wrapping, or an h5_url. */
type InHand = { key: "code_url" | "prepay_id" | "transaction_id"; value: string; h5: URL | null };

const codePrefix = "weixin://wxpay/bizpayurl?";
/** `prepay_id=wx…` in a package or a link, `"prepayid":"wx…"` in an app's parameters, or bare. */
const prepayPattern = /(?:^|prepay_?id["']?\s*[=:]\s*["']?)(wx\d{14}[0-9a-f]{20})\b/i;
const transactionPattern = /^4200\d{24}$/;

/** Whether a text is something of WeChat Pay's that a buyer can open. */
export function isWechatCode(code: string): boolean {
  return isPaymentCode(code) || inHandOf(code) !== undefined;
}

/** The order with this wallet token as it is at this instant; undefined when there is none. */
export async function wechatOrderOfToken(deps: WechatDeps, token: string): Promise<Order | undefined> {
  const order = await deps.store.find(orders, "token", token);
  return order && wechatAsOfNow(deps, order);
}

/** The order as it is at this instant, without writing down what time did to it. */
export function wechatAsOfNow(deps: WechatDeps, order: Order): Order {
  return settleTime(order, deps.clock.now()).order;
}

/** The buyer opens the order; a mobile page's return address is taken from its link. */
export async function openInWallet(deps: WechatDeps, code: string, buyer: string | null): Promise<Order> {
  const { order, h5 } = await resolve(deps, code, buyer);
  return transact(deps, async (unit) => opened(unit, (await lockOrder(unit, order.id))!, h5));
}

export type WechatPayment = {
  code: string;
  amount: bigint | null;
  coupon: bigint;
  /** Whose phone it is; null is the sandbox's one pretend buyer. */
  buyer: string | null;
  /** False when the buyer did not enter the password that is asked for. */
  password: boolean;
};

/** The buyer pays; `redirectUrl` is where a mobile page's buyer goes next. */
export async function payWithWechat(
  deps: WechatDeps,
  asked: WechatPayment,
): Promise<{ order: Order; redirectUrl: string | null }> {
  const { order: found, h5 } = await resolve(deps, asked.code, asked.buyer);
  const order = await transact(deps, async (unit) => {
    const ready = await opened(unit, (await lockOrder(unit, found.id))!, h5);
    if (ready.code?.awaitsPassword && !asked.password) {
      throw new Refused(409, "password_required", "This payment waits for the buyer's password.");
    }
    return payAs(unit, ready, { ...asked, evenClosed: false });
  });
  return { order, redirectUrl: wechatReturnUrl(order) };
}

/** The buyer could not pay; the order stays open, unless it was a payment code. */
export async function failWithWechat(
  deps: WechatDeps,
  { code, buyer }: { code: string; buyer: string | null },
  reason: string,
): Promise<Order> {
  const { order: found, h5 } = await resolve(deps, code, buyer);
  return transact(deps, async (unit) => {
    const ready = await opened(unit, (await lockOrder(unit, found.id))!, h5);
    return keepStep(unit, orRefused(failOrder(ready, reason, unit.now)));
  });
}

/** The buyer puts the order away. Nothing ends: it can be opened again until its time is over. */
export async function abandonWithWechat(deps: WechatDeps, code: string): Promise<Order> {
  const found = await orderBehind(deps, code);
  return transact(deps, async (unit) => {
    const order = (await lockOrder(unit, found.id))!;
    if (order.payment) {
      throw new Refused(409, "trade_paid", "This payment is already made; there is nothing to put away.");
    }
    const abandoned = { ...order, abandonedAt: unit.now };
    await unit.tx.update(orders, abandoned);
    return abandoned;
  });
}

/** Where the buyer's browser goes after paying from a mobile page. */
export function wechatReturnUrl(order: Order): string | null {
  return order.payment ? order.redirectUrl : null;
}

export type Paying = { amount: bigint | null; coupon: bigint; evenClosed: boolean };

/** The buyer pays an order: the one place where money comes in. */
export async function payAs(unit: Work, order: Order, paying: Paying): Promise<Order> {
  const total = paying.amount ?? (await amountBuyerPays(unit, order));
  const step = payOrder(order, {
    now: unit.now,
    transactionId: newTransactionId(unit),
    openid: order.openid ?? sandboxOpenid,
    total,
    coupon: paying.coupon,
    evenClosed: paying.evenClosed,
  });
  return keepStep(unit, orRefused(step));
}

/** The step, or WeChat Pay's refusal as the wallet's own error. */
function orRefused(step: Step | Refusal): Step {
  if (!("refused" in step)) return step;
  throw new Refused(409, step.refused, step.message ?? refusals[step.refused][1]);
}

async function opened(unit: Work, order: Order, h5: URL | null): Promise<Order> {
  const step = orRefused(openOrder(order, h5 !== null, unit.now));
  const redirectUrl = h5?.searchParams.get("redirect_url") ?? step.order.redirectUrl;
  return keepStep(unit, { ...step, order: { ...step.order, redirectUrl } });
}

async function amountBuyerPays(unit: Work, order: Order): Promise<bigint> {
  const wrong = await unit.armed.take("trade_wrong_amount", faultContext(order, "payment"));
  if (!wrong) return order.total;
  const amount = hasParam(wrong, "amount")
    ? BigInt(numberParam(wrong, "amount"))
    : order.total + BigInt(numberParam(wrong, "delta"));
  return amount > 0n ? amount : 1n;
}

/** The order that this buyer may open; what a page or an app hands over is looked at first. */
async function resolve(
  deps: WechatDeps,
  code: string,
  buyer: string | null,
): Promise<{ order: Order; h5: URL | null }> {
  const order = await orderBehind(deps, code);
  const inHand = isPaymentCode(code) ? undefined : inHandOf(code);
  if (inHand?.key === "prepay_id") {
    const appid = order.payerField === "sub_openid" ? (order.subAppid ?? order.appid) : order.appid;
    await checkHandedOver(deps.store, order, code, openidOf(appid, buyer));
  }
  return { order, h5: inHand?.h5 ?? null };
}

async function orderBehind({ store }: WechatDeps, code: string): Promise<Order> {
  if (isPaymentCode(code)) return orderOfPaymentCode(store, code);
  const inHand = inHandOf(code);
  const token = /[?&]trade=([^&]+)/.exec(code)?.[1] ?? code;
  const order = inHand
    ? await store.find(orders, inHand.key, inHand.value)
    : await store.find(orders, "token", token);
  if (!order) {
    const message = "No order stands behind this code; scan a code, link or prepay_id of this sandbox.";
    throw new Refused(404, "code_unknown", message);
  }
  return order;
}

function inHandOf(code: string): InHand | undefined {
  if (code.startsWith(codePrefix)) return { key: "code_url", value: code, h5: null };
  if (transactionPattern.test(code)) return { key: "transaction_id", value: code, h5: null };
  const prepayId = prepayPattern.exec(code)?.[1];
  if (prepayId === undefined) return undefined;
  const isLink = /^https?:/.test(code) && URL.canParse(code);
  return { key: "prepay_id", value: prepayId, h5: isLink ? new URL(code) : null };
}
