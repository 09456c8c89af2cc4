import type { StatementLine } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { decodedLine, namingNumber } from "../statement-text.ts";
import { fenOf, signedFenOf } from "./amount.ts";
import { timeNear } from "./time.ts";

// The transaction detail (ZM) of one clearing day, GBK: records of 607 bytes, ended by CRLF. Each has 42
// fields of fixed length in bytes with one space between; a character of Chinese takes two bytes.

/** Whose statement of which day it must be. */
export type Expected = { readonly merId: string; readonly channelDate: string };

/** The lengths of ZM's fields, in order; those that are read have a name below. */
const ZM_LENGTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

/** Fields by their number in the layout, from 1, with what people call them. */
const FIELDS = {
  time: [5, "交易传输时间"],
  amount: [7, "交易金额"],
  queryId: [10, "查询流水号"],
  orderId: [12, "商户订单号"],
  fee: [16, "商户手续费"],
  settled: [17, "结算金额"],
  txnType: [20, "交易类型"],
  origQryId: [27, "原交易查询流水号"],
  merId: [28, "商户代码"],
  note: [35, "商户自定义域"],
  origOrderId: [41, "原始交易订单号"],
} as const;
type Field = keyof typeof FIELDS;

/** Purchases; and what gives them back: refunds, voids, and reversals, which have no number of their own. */
const KINDS: Readonly<Record<string, StatementLine["kind"]>> = {
  "01": "payment",
  "04": "refund",
  "31": "refund",
  "99": "refund",
};
const REVERSAL = "99";

const SPACE = 0x20;
export const AMOUNT_DIGITS = 12;

/**
 * Reads the transaction detail, all of it or nothing: a record that is too short or too long, a field that
 * is not what the layout says, another merchant's record, sums that contradict each other, each refuses the
 * file.
 * @throws StatementFault with the line and the reason
 */
export function parseDetail(content: Buffer, expected: Expected): StatementLine[] {
  return recordsOf(content).map((bytes, index) =>
    lineOf(fieldsOf(bytes, ZM_LENGTHS, index + 1), index + 1, expected),
  );
}

/** The second byte of a GBK character is never CR or LF, so lines are cut first. */
export function recordsOf(content: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let start = 0; start < content.length; ) {
    const feed = content.indexOf("\r\n", start);
    const end = feed === -1 ? content.length : feed;
    records.push(content.subarray(start, end));
    start = end + 2;
  }
  while (records.at(-1)?.length === 0) records.pop();
  return records;
}

/**
 * The texts of a record's fields, cut by the running offset in bytes.
 * @throws StatementFault where their lengths or the spaces between them are not those of the layout
 */
export function fieldsOf(bytes: Buffer, lengths: readonly number[], line: number): string[] {
  const wanted = lengths.reduce((sum, length) => sum + length, lengths.length - 1);
  if (bytes.length !== wanted) throw new StatementFault(line, `has ${bytes.length} bytes, not ${wanted}`);
  const decoder = new TextDecoder("gbk", { fatal: true });
  let offset = 0;
  return lengths.map((length, index) => {
    if (index > 0 && bytes[offset - 1] !== SPACE) {
      throw new StatementFault(line, `no space before field ${index + 1}: the fields are out of place`);
    }
    const part = bytes.subarray(offset, offset + length);
    offset += length + 1;
    return decodedLine(decoder, part, line).trim();
  });
}

function lineOf(fields: readonly string[], line: number, expected: Expected): StatementLine {
  const read = (field: Field) => fields[FIELDS[field][0] - 1] as string;
  const must = <T>(field: Field, value: T | null | undefined): T => {
    if (value !== null && value !== undefined && value !== "") return value;
    throw new StatementFault(line, `${FIELDS[field][1]} is ${JSON.stringify(read(field))}`);
  };
  if (read("merId") !== expected.merId) must("merId", null);
  const txnType = read("txnType");
  const kind = must("txnType", KINDS[txnType]);
  const isPayment = kind === "payment";
  const amount = must("amount", fenOf(read("amount")));
  if (amount <= 0n || read("amount").length !== AMOUNT_DIGITS) must("amount", null);
  const feeCredit = must("fee", signedFenOf(read("fee"), AMOUNT_DIGITS));
  const settledCredit = must("settled", signedFenOf(read("settled"), AMOUNT_DIGITS));
  // What is settled has the fee taken off: with it back, it is the merchant's part of the amount.
  const settleAmount = settledCredit - feeCredit;
  const signed = isPayment ? amount : -amount;
  const within = isPayment
    ? settleAmount >= 0n && settleAmount <= signed
    : settleAmount <= 0n && settleAmount >= signed;
  if (!within) {
    const detail = `结算金额 ${settledCredit} and 商户手续费 ${feeCredit} are not of an amount of ${signed}`;
    throw new StatementFault(line, detail);
  }
  const noon = new Date(`${expected.channelDate}T12:00:00+08:00`);
  const time = must("time", timeNear(read("time"), noon));
  const ownNo = must("orderId", namingNumber(read("orderId")));
  const isReversal = txnType === REVERSAL;
  return {
    line,
    kind,
    // A refund is found by the payment that it gives back.
    channelTradeNo: isPayment
      ? must("queryId", namingNumber(read("queryId")))
      : must("origQryId", namingNumber(read("origQryId"))),
    channelOrderNo: isPayment || isReversal ? ownNo : must("origOrderId", namingNumber(read("origOrderId"))),
    channelRefundNo: isPayment || isReversal ? null : ownNo,
    amount: signed,
    settleAmount,
    fee: -feeCredit,
    currency: "CNY",
    createdAt: time,
    finishedAt: time,
    subject: read("note"),
  };
}
