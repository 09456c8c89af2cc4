import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import { type OrderState, stateOf } from "../machine/purchase.ts";
import type { Order } from "../model.ts";
import type { UnionpayRefusal } from "../wire/resp-codes.ts";
import type { Params } from "../wire/signing.ts";
import { buttonTo, escaped, page, twice } from "./html.ts";

const endings: Record<OrderState, [en: string, zh: string] | null> = {
  NOT_OPENED: null,
  UNPAID: null,
  AWAITS_PASSWORD: null,
  SUCCESS: ["This order is paid", "支付成功"],
  FAILED: ["This payment failed", "支付失败"],
  EXPIRED: ["The time to pay is over", "订单已超时"],
  REVERSED: ["The shop took this order back", "订单已冲正"],
};

/** Where the buyer pays, fails or leaves; or what has become of the order. */
export function cashierPage(order: Order, now: Date): string {
  const state = stateOf(order, now);
  const ending = endings[state];
  const facts = `
    <section class="box bill">
      <p class="merchant">${escaped(order.merchantName)}</p>
      <p class="amount">CNY ${formatYuan(order.payment?.total ?? order.total)}</p>
      <p>${escaped(order.subject)}</p>
      <dl class="facts">
        <dt>Pay until</dt><dd>${formatBeijing(order.expiresAt)}</dd>
        <dt>Order</dt><dd class="mono">${escaped(order.orderId)}</dd>
      </dl>
    </section>`;
  if (ending) {
    const back = state === "SUCCESS" && order.frontUrl !== null;
    const link = `<a class="button primary" href="/unionpay/return/${order.token}">
      ${twice("Back to the shop", "返回商家")}</a>`;
    const rest = back ? `<div class="actions">${link}</div>` : "";
    return page("UnionPay", "银联收银台", `${facts}<h2>${twice(...ending)}</h2>${rest}`);
  }
  const failure = order.lastFailure;
  const failed = failure ? `<p class="note bad">The last try failed: ${escaped(failure.sentence)}</p>` : "";
  const left = order.abandonedAt ? `<p class="note">You had left; the order can still be paid.</p>` : "";
  const to = (what: string): string => `/unionpay/cashier/${order.token}/${what}`;
  const actions = [
    buttonTo(to("pay"), "primary", `Pay CNY ${formatYuan(order.total)}`, "确认付款"),
    buttonTo(to("fail"), "danger", "Fail", "付款失败"),
    buttonTo(to("leave"), "", "Walk away", "离开"),
  ];
  return page(
    "UnionPay",
    "银联收银台",
    `${facts}${failed}${left}<div class="actions">${actions.join("")}</div>`,
  );
}

/** The way back to the shop: a signed form that posts itself to frontUrl. For display only. */
export function returnPage(frontUrl: string, form: Params): string {
  const inputs = Object.entries(form).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const screen =
    `<form method="post" action="${escaped(frontUrl)}" class="actions">${inputs.join("")}` +
    `<button class="button primary">${twice("Back to the shop", "返回商家")}</button></form>`;
  return page("Paid", "支付成功", screen, "unionpay-return.js");
}

/** The buyer has put the order away. */
export function leftPage(order: Order): string {
  const href = `/unionpay/cashier/${order.token}`;
  const again = `<a class="button" href="${href}">${twice("Open it again", "重新打开")}</a>`;
  const words = "No money moved. The shop is not told; the order can be opened until its time is over.";
  return page(
    "You walked away",
    "已离开",
    `<p class="quiet">${words}</p><div class="actions">${again}</div>`,
  );
}

/** Why a signed form could not be opened. */
export function refusedPage({ code, sentence }: UnionpayRefusal): string {
  const screen = `<h2>${escaped(code)}</h2><p>${escaped(sentence)}</p>`;
  return page("This cannot be paid", "无法支付", screen);
}
