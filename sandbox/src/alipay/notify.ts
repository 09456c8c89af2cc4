import { formatBeijing } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import { findRefund, refundedOf } from "./machine/refund.ts";
import type { Happening } from "./machine/trade.ts";
import type { Order, Scene } from "./model.ts";

/**
 * Which happenings a product tells the merchant of: payments and refunds always; the end of an unpaid trade
 * and of the refund window only for app and mobile web.
 */
export function pushes(scene: Scene, happening: Pick<Happening, "kind">): boolean {
  if (happening.kind === "closed" || happening.kind === "finished") return scene === "app" || scene === "wap";
  return true;
}

/** The fields of a trade_status_sync, without what each delivery adds. None is empty. */
export function notificationParams(order: Order, happening: Happening): Record<string, string> {
  const trade = order.trade!;
  const { payment } = trade;
  const params: Record<string, string | null> = {
    notify_type: "trade_status_sync",
    app_id: order.appId,
    auth_app_id: order.authAppId,
    charset: "utf-8",
    version: "1.0",
    trade_no: trade.tradeNo,
    out_trade_no: order.outTradeNo,
    seller_id: order.sellerId,
    trade_status: trade.status,
    total_amount: formatYuan(payment?.total ?? order.total),
    subject: order.subject,
    body: order.body,
    passback_params: order.passbackParams,
    gmt_create: formatBeijing(trade.createdAt),
    gmt_close: trade.closedAt ? formatBeijing(trade.closedAt) : null,
    ...(payment && {
      receipt_amount: formatYuan(payment.receipt),
      invoice_amount: formatYuan(payment.receipt),
      buyer_pay_amount: formatYuan(payment.receipt),
      point_amount: "0.00",
      buyer_id: payment.buyer.userId,
      buyer_open_id: payment.buyer.openId,
      buyer_logon_id: payment.buyer.logonId,
      gmt_payment: formatBeijing(payment.paidAt),
      fund_bill_list: JSON.stringify(fundBills(order, "fundChannel")),
      voucher_detail_list: payment.voucher > 0n ? JSON.stringify(vouchers(order)) : null,
    }),
    ...refundParams(order, happening),
  };
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ""),
  );
}

/** Where the buyer's money came from; notifications spell the field fundChannel, answers fund_channel. */
export function fundBills(order: Order, channelField: "fundChannel" | "fund_channel"): object[] {
  const payment = order.trade!.payment!;
  const bills = [{ amount: formatYuan(payment.receipt), [channelField]: "ALIPAYACCOUNT" }];
  if (payment.voucher > 0n) bills.push({ amount: formatYuan(payment.voucher), [channelField]: "MCOUPON" });
  return bills;
}

/** The voucher that the seller paid for. */
export function vouchers(order: Order): object[] {
  const amount = formatYuan(order.trade!.payment!.voucher);
  return [
    {
      id: `${order.trade!.tradeNo}01`,
      name: voucherName,
      type: "ALIPAY_FIX_VOUCHER",
      amount,
      merchant_contribute: amount,
      other_contribute: "0.00",
    },
  ];
}

export const voucherName = "商家优惠券";

function refundParams(order: Order, happening: Happening): Record<string, string | null> {
  const refunded = refundedOf(order);
  if (refunded === 0n) return {};
  const latest = order.refunds.at(-1)!;
  const params: Record<string, string | null> = {
    refund_fee: formatYuan(refunded),
    gmt_refund: formatBeijing(latest.refundedAt),
  };
  if (happening.kind !== "refunded" && happening.kind !== "deposit_back") return params;
  const refund = findRefund(order, happening.outRequestNo)!;
  params.out_biz_no = refund.outRequestNo;
  params.gmt_refund = formatBeijing(refund.refundedAt);
  if (happening.kind === "deposit_back" && refund.depositBack) {
    params.dback_status = refund.depositBack.outcome;
    params.dback_amount = formatYuan(refund.amount);
    params.bank_ack_time = formatBeijing(refund.depositBack.settlesAt);
  }
  return params;
}
