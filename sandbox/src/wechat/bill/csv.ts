import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import type { BookEntry, RefundStatus } from "../model.ts";
import { tradeTypeOf } from "../views.ts";

// A trade bill as WeChat Pay lays it out: UTF-8 with a BOM, a header without and cells with a backtick,
// amounts in yuan, fees with five decimals; a refund's fee is negative, and its order amounts are nought.

export type BillType = "ALL" | "SUCCESS" | "REFUND";

type Column = [name: string, cell: (row: BookEntry) => string];

const isRefund = (row: BookEntry): boolean => row.kind === "refund";
const ofPayment = (row: BookEntry, fen: bigint): string => formatYuan(isRefund(row) ? 0n : fen);
const ofRefund = (row: BookEntry, fen: bigint): string => formatYuan(isRefund(row) ? fen : 0n);

/** REVOKED is a payment code that was reversed after it had paid. */
function stateOf(row: BookEntry): string {
  if (row.kind === "payment") return "SUCCESS";
  return row.revoked ? "REVOKED" : "REFUND";
}

const refundStatuses: Record<RefundStatus, string> = {
  PROCESSING: "PROCESSING",
  SUCCESS: "SUCCESS",
  ABNORMAL: "CHANGE",
  CLOSED: "FAIL",
};

const begin: Column[] = [
  ["交易时间", (row) => formatBeijing(row.at)],
  ["公众账号ID", (row) => row.appid],
  ["商户号", (row) => row.mchid],
  ["特约商户号", (row) => row.subMchid ?? "0"],
  ["设备号", (row) => text(row.deviceId)],
  ["微信订单号", (row) => row.transactionId],
  ["商户订单号", (row) => row.outTradeNo],
  ["用户标识", (row) => row.openid],
  ["交易类型", (row) => tradeTypeOf(row)],
  ["交易状态", (row) => stateOf(row)],
  ["付款银行", (row) => row.bankType],
  ["货币种类", (row) => row.currency ?? "CNY"],
  ["应结订单金额", (row) => ofPayment(row, row.settlement)],
  // Coupons that were charged up beforehand; the sandbox's are not, and lower what is settled instead.
  ["代金券金额", () => "0.00"],
];

const refundTimes: Column[] = [
  ["退款申请时间", (row) => formatBeijing(row.at)],
  ["退款成功时间", (row) => (row.refundedAt ? formatBeijing(row.refundedAt) : "")],
];

const refundColumns: Column[] = [
  ["微信退款单号", (row) => row.refundId || "0"],
  ["商户退款单号", (row) => row.outRefundNo || "0"],
  ["退款金额", (row) => ofRefund(row, row.settlement)],
  ["充值券退款金额", () => "0.00"],
  ["退款类型", (row) => (isRefund(row) ? "ORIGINAL" : "")],
  ["退款状态", (row) => (row.refundStatus ? refundStatuses[row.refundStatus] : "")],
];

const goods: Column[] = [
  ["商品名称", (row) => text(row.description)],
  ["商户数据包", (row) => text(row.attach)],
  ["手续费", (row) => feeText(isRefund(row) ? -row.fee : row.fee)],
  ["费率", (row) => rateText(row.feeRateMillionths)],
  ["订单金额", (row) => ofPayment(row, row.total)],
];

const askedBack: Column[] = [["申请退款金额", (row) => ofRefund(row, row.total)]];
const remark: Column[] = [["费率备注", () => ""]];

const columnsOf: Record<BillType, Column[]> = {
  ALL: [...begin, ...refundColumns, ...goods, ...askedBack, ...remark],
  SUCCESS: [...begin, ...goods, ...remark],
  REFUND: [...begin, ...refundTimes, ...refundColumns, ...goods, ...askedBack, ...remark],
};

/** The lines that a bill of this type has. */
export function rowsOfType(rows: BookEntry[], type: BillType): BookEntry[] {
  if (type === "ALL") return rows;
  return rows.filter((row) => isRefund(row) === (type === "REFUND"));
}

/** The bill's text, from its BOM to its last line feed. */
export function billText(rows: BookEntry[], type: BillType): string {
  const columns = columnsOf[type];
  const lines = [
    columns.map(([name]) => name).join(","),
    ...rows.map((row) => cells(columns.map(([, cell]) => cell(row)))),
    ...summary(rows, type),
  ];
  return `\uFEFF${lines.join("\r\n")}\r\n`;
}

/** Counts and sums of a bill; refunds positive. */
export function totalsOf(rows: BookEntry[]) {
  const payments = rows.filter((row) => !isRefund(row));
  const refunds = rows.filter(isRefund);
  const sum = (some: BookEntry[], field: "total" | "settlement" | "fee"): bigint =>
    some.reduce((total, row) => total + row[field], 0n);
  const of = (some: BookEntry[]) => ({
    count: some.length,
    total: sum(some, "total"),
    settlement: sum(some, "settlement"),
    fee: sum(some, "fee"),
  });
  return { payments: of(payments), refunds: of(refunds) };
}

function summary(rows: BookEntry[], type: BillType): [header: string, line: string] {
  const { payments, refunds } = totalsOf(rows);
  const fee = feeText(payments.fee - refunds.fee);
  const count = String(rows.length);
  if (type === "SUCCESS") {
    return [
      "总交易单数,应结订单总金额,手续费总金额,订单总金额",
      cells([count, formatYuan(payments.settlement), fee, formatYuan(payments.total)]),
    ];
  }
  return [
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
    cells([
      count,
      formatYuan(payments.settlement),
      formatYuan(refunds.settlement),
      "0.00",
      fee,
      formatYuan(payments.total),
      formatYuan(refunds.total),
    ]),
  ];
}

/** A line of cells. */
export function cells(values: string[]): string {
  return values.map((value) => `\`${value}`).join(",");
}

/** "0.07000" for 7 fen. */
function feeText(fen: bigint): string {
  return `${formatYuan(fen)}000`;
}

/** "0.60%" for 6000 millionths. */
function rateText(millionths: bigint): string {
  return `${formatYuan(millionths / 100n)}%`;
}

/** The bill quotes nothing, so what would end a cell or a line is replaced. */
export function text(value: string): string {
  return value
    .replaceAll(",", "，")
    .replaceAll("`", "'")
    .replace(/[\r\n\t]/g, " ");
}
