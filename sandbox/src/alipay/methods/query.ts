import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import { transact } from "../context.ts";
import type { Order } from "../model.ts";
import { fundBills, vouchers } from "../notify.ts";
import { success } from "../wire/answer.ts";
import { lockNamedOrder, type Method } from "./call.ts";

/** alipay.trade.query. */
export const query: Method = (deps, call) =>
  transact(deps, async (unit) => {
    const order = await lockNamedOrder(unit, call);
    return success(tradeFields(order, call.biz.list("query_options")));
  });

function tradeFields(order: Order, options: string[]): Record<string, unknown> {
  const trade = order.trade!;
  const fields = {
    trade_no: trade.tradeNo,
    out_trade_no: order.outTradeNo,
    trade_status: trade.status,
    total_amount: formatYuan(trade.payment?.total ?? order.total),
    store_id: order.storeId,
    terminal_id: order.terminalId,
    subject: order.subject,
    body: order.body,
    passback_params: order.passbackParams,
  };
  if (!trade.payment) {
    return {
      ...fields,
      receipt_amount: "0.00",
      buyer_pay_amount: "0.00",
      point_amount: "0.00",
      invoice_amount: "0.00",
    };
  }
  const shown = fundsShown(order, options);
  return { ...fields, ...paidFields(order), send_pay_date: formatBeijing(trade.payment.paidAt), ...shown };
}

/** What query and pay both say of a paid trade. */
export function paidFields(order: Order): Record<string, unknown> {
  const payment = order.trade!.payment!;
  return {
    buyer_logon_id: payment.buyer.logonId,
    buyer_user_id: payment.buyer.userId,
    buyer_open_id: payment.buyer.openId,
    buyer_user_type: "PRIVATE",
    receipt_amount: formatYuan(payment.receipt),
    buyer_pay_amount: formatYuan(payment.receipt),
    invoice_amount: formatYuan(payment.receipt),
    point_amount: "0.00",
    mdiscount_amount: payment.voucher > 0n ? formatYuan(payment.voucher) : undefined,
  };
}

function fundsShown(order: Order, options: string[]): Record<string, unknown> {
  const { voucher } = order.trade!.payment!;
  return {
    fund_bill_list: fundBills(order, "fund_channel"),
    voucher_detail_list:
      voucher > 0n && options.includes("voucher_detail_list") ? vouchers(order) : undefined,
  };
}
