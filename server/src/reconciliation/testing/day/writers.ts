/** Statements as the channels write them, byte for byte, from the lines that they are to hold. */
import iconv from "iconv-lite";
import { yuanText } from "../../../channels/alipay/amount.ts";
import { beijingTime } from "../../../channels/alipay/time.ts";
import type { StatementLine } from "../../../channels/index.ts";

export type WrittenLine = Omit<StatementLine, "line">;

export const ALIPAY_SELLER = "2088000000000001";
export const WECHAT_MCHID = "1900000001";
export const UNIONPAY_MER_ID = "777290058110048";

const sumOf = (lines: readonly WrittenLine[], of: (line: WrittenLine) => bigint) =>
  lines.reduce((sum, line) => sum + of(line), 0n);

export const ALIPAY_COLUMNS =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户," +
  "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）," +
  "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

/** What stands before the lines of an Alipay statement, and after. */
export function alipayFrame(
  date: string,
  totals: Readonly<Record<"payment" | "refund", { readonly count: number; readonly settled: bigint }>>,
): { readonly head: string; readonly tail: string } {
  const [year, month, day] = date.split("-");
  const total = (kind: "payment" | "refund", word: string) => {
    const { count, settled } = totals[kind];
    return `${count}笔，商家实收${word}共${yuanText(settled)}元，商家优惠${word}共0.00元`;
  };
  const head = [
    "#支付宝业务明细查询",
    `#账号：[${ALIPAY_SELLER}0156]`,
    `#起始日期：[${year}年${month}月${day}日 00:00:00]   终止日期：[${year}年${month}月${day}日 24:00:00]`,
    `#${"-".repeat(41)}业务明细列表${"-".repeat(40)}`,
    ALIPAY_COLUMNS,
    "",
  ];
  const tail = [
    `#${"-".repeat(41)}业务明细列表结束${"-".repeat(36)}`,
    `#交易合计：${total("payment", "")}`,
    `#退款合计：${total("refund", "退款")}`,
    `#导出时间：[${year}年${month}月${day}日 05:46:49]`,
    "",
  ];
  return { head: head.join("\r\n"), tail: tail.join("\r\n") };
}

/** A line of an Alipay statement, without its end. */
export function alipayLine(line: WrittenLine): string {
  return [
    `${line.channelTradeNo}\t`,
    `${line.channelOrderNo}\t`,
    `${line.kind === "payment" ? "交易" : "退款"}\t`,
    line.subject,
    beijingTime(line.createdAt),
    beijingTime(line.finishedAt),
    "store1\t,门店一\t,op1\t,\t,*三(138****0000)\t",
    yuanText(line.amount),
    yuanText(line.settleAmount),
    "0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00",
    line.channelRefundNo ?? "\t",
    yuanText(-line.fee),
    "0.00",
    line.subject,
  ].join(",");
}

export function alipayStatement(date: string, lines: readonly WrittenLine[]): Buffer {
  const totalOf = (kind: WrittenLine["kind"]) => {
    const own = lines.filter((line) => line.kind === kind);
    return { count: own.length, settled: sumOf(own, (line) => line.settleAmount) };
  };
  const { head, tail } = alipayFrame(date, { payment: totalOf("payment"), refund: totalOf("refund") });
  return iconv.encode(`${head}${lines.map((line) => `${alipayLine(line)}\r\n`).join("")}${tail}`, "gbk");
}

const WECHAT_COLUMNS =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类," +
  "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包," +
  "手续费,费率,订单金额,申请退款金额,费率备注";

/** @param failed refunds that came to nothing, which the bill shows and which are no line */
export function wechatStatement(lines: readonly WrittenLine[], failed: readonly WrittenLine[] = []): Buffer {
  const all = [
    ...lines.map((line) => ({ line, state: "SUCCESS" })),
    ...failed.map((line) => ({ line, state: "FAIL" })),
  ];
  const rows = all.map(({ line, state }) => {
    const isPayment = line.kind === "payment";
    const isReversal = !isPayment && line.channelRefundNo === null;
    const [settled, back] = isPayment ? [line.settleAmount, 0n] : [0n, -line.settleAmount];
    const [ordered, asked] = isPayment ? [line.amount, 0n] : [0n, -line.amount];
    const cells = [
      beijingTime(line.createdAt),
      "wx2421b1c4370ec43b",
      WECHAT_MCHID,
      "0",
      "",
      line.channelTradeNo,
      line.channelOrderNo,
      "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
      "NATIVE",
      isPayment ? "SUCCESS" : isReversal ? "REVOKED" : "REFUND",
      "OTHERS",
      "CNY",
      yuanText(settled),
      "0.00",
      isPayment ? "0" : `5030${line.channelTradeNo}`,
      line.channelRefundNo ?? "0",
      yuanText(back),
      "0.00",
      isPayment ? "" : "ORIGINAL",
      isPayment || isReversal ? "" : state,
      line.subject,
      "",
      `${yuanText(line.fee)}000`,
      "0.60%",
      yuanText(ordered),
      yuanText(asked),
      "",
    ];
    return cells.map((cell) => `\`${cell}`).join(",");
  });
  const payments = all.map(({ line }) => line).filter(({ kind }) => kind === "payment");
  const refunds = all.map(({ line }) => line).filter(({ kind }) => kind === "refund");
  const summary = [
    String(all.length),
    yuanText(sumOf(payments, (line) => line.settleAmount)),
    yuanText(-sumOf(refunds, (line) => line.settleAmount)),
    "0.00",
    `${yuanText(sumOf([...payments, ...refunds], (line) => line.fee))}000`,
    yuanText(sumOf(payments, (line) => line.amount)),
    yuanText(-sumOf(refunds, (line) => line.amount)),
  ];
  const titles =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
  const table = [WECHAT_COLUMNS, ...rows, titles, summary.map((cell) => `\`${cell}`).join(",")];
  return Buffer.from(`\uFEFF${table.join("\r\n")}\r\n`);
}

const ZM_LENGTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

const digits = (amount: bigint) => String(amount < 0n ? -amount : amount).padStart(12, "0");
const signed = (amount: bigint) => `${amount < 0n ? "D" : "C"}${digits(amount)}`;

export function unionpayStatement(lines: readonly WrittenLine[]): Buffer {
  const records = lines.map((line) => {
    const isPayment = line.kind === "payment";
    const isReversal = !isPayment && line.channelRefundNo === null;
    const fields: Record<number, string> = {
      1: "S22",
      5: beijingTime(line.createdAt).slice(5).replaceAll(/\D/g, ""),
      7: digits(line.amount),
      10: isPayment ? line.channelTradeNo : `9${line.channelTradeNo.slice(1)}`,
      12: line.channelRefundNo ?? line.channelOrderNo,
      16: signed(-line.fee),
      17: signed(line.settleAmount - line.fee),
      20: isPayment ? "01" : isReversal ? "99" : "04",
      27: isPayment ? "" : line.channelTradeNo,
      28: UNIONPAY_MER_ID,
      35: line.subject,
      41: isPayment || isReversal ? "" : line.channelOrderNo,
    };
    return fixedRecord(ZM_LENGTHS, fields);
  });
  return Buffer.concat(records);
}

const ZME_LENGTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135];

/** Adjustments: lines under the number of one; without an amount they tell none that is understood. */
export function unionpayAdjustments(lines: readonly WrittenLine[]): Buffer {
  const records = lines.map((line) => {
    const [, acquirer = "", sender = "", trace = "", time = ""] = line.channelTradeNo.split("/");
    const money = {
      15: signed(-line.fee),
      16: signed(line.settleAmount - line.fee),
      18: UNIONPAY_MER_ID,
    };
    const key = { 1: "E74", 2: acquirer, 3: sender, 4: trace, 5: time };
    return fixedRecord(ZME_LENGTHS, line.amount === 0n ? key : { ...key, ...money });
  });
  return Buffer.concat(records);
}

function fixedRecord(lengths: readonly number[], fields: Readonly<Record<number, string>>): Buffer {
  const parts = lengths.map((length, index) => {
    const bytes = iconv.encode(fields[index + 1] ?? "", "gbk");
    return Buffer.concat([bytes, Buffer.alloc(length - bytes.length, " ")]);
  });
  const spaced = parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from(" "), part]));
  return Buffer.concat([...spaced, Buffer.from("\r\n")]);
}

/** Balance transactions as Stripe lists them, newest first. */
export function stripeMovements(lines: readonly WrittenLine[]): Record<string, unknown>[] {
  const types = { payment: "charge", refund: "refund", dispute: "adjustment" };
  const objects = { payment: "charge", refund: "refund", dispute: "dispute" };
  return lines.toReversed().map((line) => {
    const currency = line.currency.toLowerCase();
    const isReturn = line.kind === "refund" && line.amount > 0n;
    // What Stripe moves by itself.
    if (line.channelTradeNo.startsWith("txn_")) {
      return {
        id: line.channelTradeNo,
        object: "balance_transaction",
        type: line.amount < 0n ? "stripe_fee" : "topup",
        amount: Number(line.amount),
        fee: Number(line.fee),
        net: Number(line.amount - line.fee),
        currency,
        created: Math.floor(line.finishedAt.getTime() / 1_000),
        description: line.subject,
        source: null,
      };
    }
    return {
      object: "balance_transaction",
      type: isReturn ? "refund_failure" : types[line.kind],
      amount: Number(line.amount),
      fee: Number(line.fee),
      net: Number(line.amount - line.fee),
      currency,
      created: Math.floor(line.finishedAt.getTime() / 1_000),
      description: line.subject,
      source: {
        object: objects[line.kind],
        currency,
        created: Math.floor(line.createdAt.getTime() / 1_000),
        payment_intent: line.channelTradeNo,
        metadata: {
          ...(line.channelOrderNo === "" ? {} : { channel_order_no: line.channelOrderNo }),
          ...(line.channelRefundNo === null ? {} : { channel_refund_no: line.channelRefundNo }),
        },
      },
    };
  });
}
