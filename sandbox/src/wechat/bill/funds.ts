import { createHash } from "node:crypto";
import { formatBeijing } from "../../china/beijing.ts";
import { formatYuan } from "../../china/yuan.ts";
import type { BookEntry } from "../model.ts";
import { cells, text } from "./csv.ts";

// A fund bill as WeChat Pay lays it out. A payment comes in by what is settled of it and its fee goes out; a
// refund goes out and its part of the fee comes back. A refund that came back moved nothing.

export type FundMovement = {
  at: Date;
  businessNo: string;
  flowNo: string;
  kind: string;
  /** Fen; negative where it goes out. */
  amount: bigint;
  balance: bigint;
  remark: string;
  voucherNo: string;
};

const header = [
  "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),",
  "资金变更提交申请人,备注,业务凭证号",
].join("");
const flowNoDigits = 10n ** 20n;

/** What the entries moved, in their order. @param before fen that were there before them */
export function movementsOf(entries: BookEntry[], before: bigint): FundMovement[] {
  let balance = before;
  return entries.flatMap(partsOf).map((part) => {
    balance += part.amount;
    return { ...part, balance };
  });
}

/** What is left after the entries. */
export function balanceAfter(entries: BookEntry[], before: bigint): bigint {
  return entries.flatMap(partsOf).reduce((balance, part) => balance + part.amount, before);
}

function partsOf(entry: BookEntry): Omit<FundMovement, "balance">[] {
  if (entry.refundStatus === "CLOSED") return [];
  const part = (kind: string, amount: bigint): Omit<FundMovement, "balance"> => ({
    at: entry.at,
    businessNo: entry.refundId || entry.transactionId,
    flowNo: flowNoOf(entry, kind),
    kind,
    amount,
    remark: entry.description,
    voucherNo: entry.outRefundNo || entry.outTradeNo,
  });
  if (entry.kind === "share") return [part("分账", -entry.settlement)];
  if (entry.kind === "payout") {
    const cost = part("提现手续费", -entry.fee);
    return [part("提现", -entry.settlement), ...(entry.fee === 0n ? [] : [cost])];
  }
  if (entry.kind === "share_return") return [part("分账回退", entry.settlement)];
  const parts =
    entry.kind === "payment"
      ? [part("交易", entry.settlement), part("扣除交易手续费", -entry.fee)]
      : [part("退款", -entry.settlement), part("退回交易手续费", entry.fee)];
  return parts.filter(({ amount }) => amount !== 0n);
}

/** The same movement has the same number in each bill that shows it. */
function flowNoOf(entry: BookEntry, kind: string): string {
  const hash = createHash("sha256").update(`${entry.id}/${kind}`).digest("hex");
  return (BigInt(`0x${hash}`) % flowNoDigits).toString().padStart(20, "1");
}

/** The bill's text, from its BOM to its last line feed. */
export function fundBillText(movements: FundMovement[]): string {
  const came = movements.filter(({ amount }) => amount > 0n);
  const went = movements.filter(({ amount }) => amount < 0n);
  const sum = (some: FundMovement[]) => some.reduce((total, { amount }) => total + amount, 0n);
  const count = (some: FundMovement[]) => `${some.length}.0`;
  const lines = [
    header,
    ...movements.map(lineOf),
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
    cells([count(movements), count(came), formatYuan(sum(came)), count(went), formatYuan(-sum(went))]),
  ];
  return `\uFEFF${lines.join("\r\n")}\r\n`;
}

function lineOf(movement: FundMovement): string {
  const { amount } = movement;
  return cells([
    formatBeijing(movement.at),
    movement.businessNo,
    movement.flowNo,
    movement.kind,
    movement.kind,
    amount > 0n ? "收入" : "支出",
    formatYuan(amount < 0n ? -amount : amount),
    formatYuan(movement.balance),
    "system",
    text(movement.remark),
    movement.voucherNo,
  ]);
}
