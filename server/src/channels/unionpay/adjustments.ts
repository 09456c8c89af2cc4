import type { StatementLine } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { namingNumber } from "../statement-text.ts";
import { signedFenOf } from "./amount.ts";
import { AMOUNT_DIGITS, type Expected, fieldsOf, recordsOf } from "./bill.ts";
import { timeNear } from "./time.ts";

// The adjustments (ZME, 差错) of one clearing day, GBK: disputes and corrections, records of 339 bytes with 22
// fields. UnionPay's demos give their lengths alone; what the fields are is from memory, and shown by the
// merchant's own number, which must stand where it is remembered:
//
//    1 to 9    as in ZM: 交易代码, 代理机构, 发送机构, 系统跟踪号, 交易传输时间, 帐号, 交易金额, …
//   15, 16     商户手续费 and 结算金额, as ZM's 16 and 17: X+n12
//   17 or 18   商户代码
//
// No field has room for the number of an order or of a query, so that a record is of no order here. One that
// is not as remembered tells no amount: it is a line all the same, for a person to look at.

const LENGTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135];

/** Fields by their number, from 1. */
const KEY = [2, 3, 4, 5] as const;
const TIME = 5;
const CARD = 6;
const FEE = 15;
const SETTLED = 16;
const MERCHANT = [17, 18] as const;

export type Adjustments = {
  /** One for each record, under its own number, of no order. */
  readonly lines: readonly StatementLine[];
  /** How many of them tell no amount that is understood. */
  readonly unread: number;
};

/** @throws StatementFault where a record is not of their layout */
export function parseAdjustments(content: Buffer, expected: Expected): Adjustments {
  const read = recordsOf(content).map((bytes, index) => {
    const fields = fieldsOf(bytes, LENGTHS, index + 1);
    return { line: index + 1, fields, money: moneyOf(fields, expected) };
  });
  return {
    lines: read.map(({ line, fields, money }) => lineOf(fields, line, money ?? NOTHING, expected)),
    unread: read.filter(({ money }) => money === null).length,
  };
}

type Money = { readonly settled: bigint; readonly fee: bigint };
const NOTHING: Money = { settled: 0n, fee: 0n };

/** What the merchant's account gets by it; null where the record is not as remembered. */
function moneyOf(fields: readonly string[], { merId }: Expected): Money | null {
  const at = (field: number) => fields[field - 1] as string;
  const feeCredit = signedFenOf(at(FEE), AMOUNT_DIGITS);
  const settledCredit = signedFenOf(at(SETTLED), AMOUNT_DIGITS);
  if (feeCredit === null || settledCredit === null) return null;
  if (!MERCHANT.some((field) => at(field) === merId)) return null;
  return { settled: settledCredit - feeCredit, fee: -feeCredit };
}

function lineOf(
  fields: readonly string[],
  line: number,
  { settled, fee }: Money,
  { channelDate }: Expected,
): StatementLine {
  const number = namingNumber(["ZME", ...KEY.map((field) => fields[field - 1])].join("/"));
  if (number === "") throw new StatementFault(line, "its number holds a control character");
  const noon = new Date(`${channelDate}T12:00:00+08:00`);
  const time = timeNear(fields[TIME - 1] as string, noon) ?? noon;
  return {
    line,
    kind: settled > 0n ? "payment" : "refund",
    channelTradeNo: number,
    channelOrderNo: "",
    channelRefundNo: null,
    amount: settled,
    settleAmount: settled,
    fee,
    currency: "CNY",
    createdAt: time,
    finishedAt: time,
    subject: `ZME ${shown(fields)}`,
  };
}

/** The fields that are not blank, by their numbers; of the card's number its ends. */
function shown(fields: readonly string[]): string {
  const text = (value: string, field: number) =>
    field === CARD ? value.replace(/^(\d{6})\d+(\d{4})$/, "$1***$2") : value;
  return fields
    .flatMap((value, index) => (value === "" ? [] : [`${index + 1}=${text(value, index + 1)}`]))
    .join(" ");
}
