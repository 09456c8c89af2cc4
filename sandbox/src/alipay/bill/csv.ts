import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import type { BookEntry } from "../model.ts";
import { voucherName } from "../notify.ts";

// The two texts of a business bill (业务明细 and its 汇总), character for character as Alipay lays them out:
// full-width brackets and colons, three spaces between the dates, a TAB after some columns and not after
// others.

/** What a bill covers: the seller, and the days from `start` up to but not including `end`. */
export type BillPeriod = { sellerId: string; start: Date; end: Date };

export type BillTotals = {
  payments: number;
  refunds: number;
  paymentTotal: bigint;
  paymentReceipt: bigint;
  paymentVoucher: bigint;
  paymentFee: bigint;
  refundTotal: bigint;
  refundReceipt: bigint;
  refundVoucher: bigint;
  refundFee: bigint;
};

const detailHeader = [
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,",
  "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,",
  "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
].join("");

const summaryHeader = [
  "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,",
  "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
].join("");

/** 业务明细: one line for each payment and refund. */
export function detailText(period: BillPeriod, rows: BookEntry[], exportedAt: Date): string {
  const totals = totalsOf(rows);
  return lines([
    "#支付宝业务明细查询",
    ...heading(period),
    marker(41, "业务明细列表", 40),
    detailHeader,
    ...rows.map(detailLine),
    marker(41, "业务明细列表结束", 36),
    `#交易合计：${totals.payments}笔，商家实收共${formatYuan(totals.paymentReceipt)}元，` +
      `商家优惠共${formatYuan(totals.paymentVoucher)}元`,
    `#退款合计：${totals.refunds}笔，商家实收退款共${formatYuan(-totals.refundReceipt)}元，` +
      `商家优惠退款共${formatYuan(-totals.refundVoucher)}元`,
    `#导出时间：[${chineseTime(exportedAt)}]`,
  ]);
}

/** 业务明细(汇总): one line for each store, then all of them together. */
export function summaryText(period: BillPeriod, rows: BookEntry[], exportedAt: Date): string {
  const stores = [...new Set(rows.map((row) => row.storeId))].sort();
  const storeLine = (store: string): string =>
    summaryLine(
      `${store}\t,${store}\t`,
      rows.filter((row) => row.storeId === store),
    );
  return lines([
    "#支付宝业务汇总查询",
    ...heading(period),
    marker(41, "业务汇总列表", 40),
    summaryHeader,
    ...stores.map(storeLine),
    summaryLine("合计\t,\t", rows),
    marker(40, "业务汇总列表结束", 37),
    `#导出时间：[${chineseTime(exportedAt)}]`,
  ]);
}

/** Counts and sums of a bill; refunds positive. */
export function totalsOf(rows: BookEntry[]): BillTotals {
  const payments = rows.filter((row) => row.kind === "payment");
  const refunds = rows.filter((row) => row.kind === "refund");
  const sum = (some: BookEntry[], field: "total" | "receipt" | "voucher" | "fee"): bigint =>
    some.reduce((total, row) => total + row[field], 0n);
  return {
    payments: payments.length,
    refunds: refunds.length,
    paymentTotal: sum(payments, "total"),
    paymentReceipt: sum(payments, "receipt"),
    paymentVoucher: sum(payments, "voucher"),
    paymentFee: sum(payments, "fee"),
    refundTotal: sum(refunds, "total"),
    refundReceipt: sum(refunds, "receipt"),
    refundVoucher: sum(refunds, "voucher"),
    refundFee: sum(refunds, "fee"),
  };
}

function detailLine(row: BookEntry): string {
  const refund = row.kind === "refund";
  const signed = (fen: bigint): string => formatYuan(refund ? -fen : fen);
  return [
    `${row.tradeNo}\t`,
    `${row.outTradeNo}\t`,
    `${refund ? "退款" : "交易"}\t`,
    cell(row.subject),
    formatBeijing(row.createdAt),
    formatBeijing(row.finishedAt),
    `${cell(row.storeId)}\t`,
    `${cell(row.storeId)}\t`,
    `${cell(row.operatorId)}\t`,
    `${cell(row.terminalId)}\t`,
    `${row.buyer}\t`,
    signed(row.total),
    signed(row.receipt),
    "0.00",
    "0.00",
    "0.00",
    signed(row.voucher),
    "0.00",
    row.voucher > 0n ? voucherName : "",
    "0.00\t",
    "0.00",
    `${row.outRequestNo}\t`,
    formatYuan(refund ? row.fee : -row.fee),
    "0.00",
    cell(row.subject),
  ].join(",");
}

function summaryLine(store: string, rows: BookEntry[]): string {
  const totals = totalsOf(rows);
  const receipt = totals.paymentReceipt - totals.refundReceipt;
  const fee = totals.refundFee - totals.paymentFee;
  return [
    store,
    totals.payments,
    totals.refunds,
    formatYuan(totals.paymentTotal - totals.refundTotal),
    formatYuan(receipt),
    "0.00",
    formatYuan(totals.paymentVoucher - totals.refundVoucher),
    "0.00",
    formatYuan(fee),
    "0.00",
    formatYuan(receipt + fee),
  ].join(",");
}

export function heading({ sellerId, start, end }: BillPeriod): string[] {
  return [
    `#账号：[${billAccount(sellerId)}]`,
    `#起始日期：[${chineseTime(start)}]   终止日期：[${chineseTime(end)}]`,
  ];
}

/** The account a bill is for: the seller's number and 0156, its currency account. */
export function billAccount(sellerId: string): string {
  return `${sellerId}0156`;
}

export function marker(before: number, text: string, after: number): string {
  return `#${"-".repeat(before)}${text}${"-".repeat(after)}`;
}

/** "2026年11月20日 05:46:49" */
export function chineseTime(instant: Date): string {
  const text = formatBeijing(instant);
  return `${text.slice(0, 4)}年${text.slice(5, 7)}月${text.slice(8, 10)}日${text.slice(10)}`;
}

/** The bill quotes nothing, so what would end a cell or a line is replaced. */
export function cell(text: string): string {
  return text.replaceAll(",", "，").replace(/[\r\n\t]/g, " ");
}

export function lines(all: string[]): string {
  return `${all.join("\r\n")}\r\n`;
}
