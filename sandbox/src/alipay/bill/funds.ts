import { createHash } from "node:crypto";
import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import type { BookEntry } from "../model.ts";
import { type BillPeriod, cell, chineseTime, heading, lines, marker } from "./csv.ts";

// The two texts of an account bill (账务明细 and its 汇总): a payment comes in by its receipt and its fee goes
// out, a refund goes out and its part of the fee comes back.

type Movement = { entry: BookEntry; kind: string; amount: bigint; balance: bigint };

const detailHeader = [
  "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,",
  "交易渠道,业务类型,备注",
].join("");
const summaryHeader = "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）";
const flowNoDigits = 10n ** 15n;

/** What the entries moved, in their order. @param before fen that were there before them */
export function movementsOf(entries: BookEntry[], before: bigint): Movement[] {
  let balance = before;
  return entries.flatMap(partsOf).map((part) => {
    balance += part.amount;
    return { ...part, balance };
  });
}

/** What is left after the entries. */
export function balanceAfter(entries: BookEntry[], before: bigint): bigint {
  return entries.flatMap(partsOf).reduce((balance, { amount }) => balance + amount, before);
}

function partsOf(entry: BookEntry): Omit<Movement, "balance">[] {
  if (entry.kind === "royalty") return [{ entry, kind: "分账", amount: -entry.receipt }];
  if (entry.kind === "payout") {
    const cost = { entry, kind: "提现手续费", amount: -entry.fee };
    return [{ entry, kind: "提现", amount: -entry.receipt }, ...(entry.fee === 0n ? [] : [cost])];
  }
  if (entry.kind === "royalty_return") return [{ entry, kind: "分账退回", amount: entry.receipt }];
  const parts =
    entry.kind === "payment"
      ? [
          { entry, kind: "在线支付", amount: entry.receipt },
          { entry, kind: "收费", amount: -entry.fee },
        ]
      : [
          { entry, kind: "退款（交易退款）", amount: -entry.receipt },
          { entry, kind: "退费", amount: entry.fee },
        ];
  return parts.filter(({ amount }) => amount !== 0n);
}

/** 账务明细: one line for each movement. */
export function fundsText(period: BillPeriod, movements: Movement[], exportedAt: Date): string {
  const { came, went } = split(movements);
  return lines([
    "#支付宝账务明细查询",
    ...heading(period),
    marker(41, "账务明细列表", 40),
    detailHeader,
    ...movements.map(lineOf),
    marker(41, "账务明细列表结束", 36),
    `#支出合计：${went.length}笔，共${formatYuan(sum(went))}元`,
    `#收入合计：${came.length}笔，共${formatYuan(sum(came))}元`,
    `#导出时间：[${chineseTime(exportedAt)}]`,
  ]);
}

/** 账务明细(汇总): one line for each kind, then all of them together. */
export function fundsSummaryText(period: BillPeriod, movements: Movement[], exportedAt: Date): string {
  const kinds = [...new Set(movements.map(({ kind }) => kind))];
  return lines([
    "#支付宝账务汇总查询",
    ...heading(period),
    marker(41, "账务汇总列表", 40),
    summaryHeader,
    ...kinds.map((kind) =>
      summaryLine(
        kind,
        movements.filter((one) => one.kind === kind),
      ),
    ),
    summaryLine("合计", movements),
    marker(40, "账务汇总列表结束", 37),
    `#导出时间：[${chineseTime(exportedAt)}]`,
  ]);
}

function lineOf({ entry, kind, amount, balance }: Movement): string {
  return [
    `${flowNoOf(entry, kind)}\t`,
    `${entry.tradeNo}\t`,
    `${entry.outTradeNo}\t`,
    cell(entry.subject),
    formatBeijing(entry.finishedAt),
    `${entry.buyer}\t`,
    amount > 0n ? formatYuan(amount) : "",
    amount < 0n ? formatYuan(amount) : "",
    formatYuan(balance),
    "支付宝",
    `${kind}\t`,
    entry.outRequestNo === "" ? "" : `退款批次号：${entry.outRequestNo}`,
  ].join(",");
}

function summaryLine(title: string, movements: Movement[]): string {
  const { came, went } = split(movements);
  const figures = [came.length, formatYuan(sum(came)), went.length, formatYuan(sum(went))];
  return [`${title}\t`, ...figures, formatYuan(sum(movements))].join(",");
}

function split(movements: Movement[]) {
  return {
    came: movements.filter(({ amount }) => amount > 0n),
    went: movements.filter(({ amount }) => amount < 0n),
  };
}

function sum(movements: Movement[]): bigint {
  return movements.reduce((total, { amount }) => total + amount, 0n);
}

/** The same movement has the same number in each bill that shows it. */
function flowNoOf(entry: BookEntry, kind: string): string {
  const hash = createHash("sha256").update(`${entry.id}/${kind}`).digest("hex");
  return (BigInt(`0x${hash}`) % flowNoDigits).toString().padStart(15, "1");
}
