import iconv from "iconv-lite";
import type { BookEntry } from "../model.ts";
import { compactTime } from "../wire/time.ts";

// The transaction detail of a statement: 42 fields of fixed length in GBK bytes, a space between any two,
// a line of 607 bytes and CRLF for each movement of money.

/** The lengths of the fields, in bytes. */
export const zmLengths = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
] as const;

const acquirer = "48021000";
const sender = "00049992";
const debitCard = "01";
const tradeCodes: Record<BookEntry["kind"], string> = { payment: "S22", refund: "S30", void: "S31" };

/** The text of a day's ZM file. */
export function zmFile(rows: readonly BookEntry[]): Buffer {
  return Buffer.concat(rows.flatMap((row) => [zmLine(row), Buffer.from("\r\n")]));
}

function zmLine(row: BookEntry): Buffer {
  const fields = fieldsOf(row);
  const padded = zmLengths.map((length, index) => inBytes(fields[index] ?? "", length));
  const space = Buffer.from(" ");
  return Buffer.concat(padded.flatMap((field, index) => (index === 0 ? [field] : [space, field])));
}

function fieldsOf(row: BookEntry): string[] {
  const { marks, original } = row;
  const incoming = row.kind === "payment";
  const net = row.amount - row.fee;
  return [
    tradeCodes[row.kind],
    acquirer,
    sender,
    marks.traceNo,
    compactTime(marks.at).slice(4),
    row.accNo,
    row.amount.toString().padStart(12, "0"),
    row.categoryCode,
    row.channelType,
    marks.queryId,
    "",
    row.orderId,
    debitCard,
    original?.traceNo ?? "",
    original ? compactTime(original.at).slice(4) : "",
    signedFen(!incoming, row.fee, 12),
    signedFen(incoming, net, 12),
    "",
    "",
    row.txnType,
    row.txnSubType,
    row.bizType,
    debitCard,
    "",
    "",
    "",
    original?.queryId ?? "",
    row.merId,
    "",
    "",
    "",
    signedFen(true, 0n, 12),
    signedFen(incoming, net, 12),
    row.termId ?? "",
    row.reqReserved ?? "",
    signedFen(true, 0n, 12),
    signedFen(true, 0n, 12),
    signedFen(true, 0n, 11),
    "",
    "",
    original?.orderId ?? "",
    "",
  ];
}

/** C for what the merchant gets, D for what it gives. */
function signedFen(isCredit: boolean, fen: bigint, digits: number): string {
  return `${isCredit ? "C" : "D"}${fen.toString().padStart(digits, "0")}`;
}

/** A field in its bytes: filled with spaces, or cut before the character that no longer fits. */
function inBytes(text: string, length: number): Buffer {
  const field = Buffer.alloc(length, " ");
  let end = 0;
  for (const character of text.replace(/[\r\n\t]/g, " ")) {
    const bytes = iconv.encode(character, "gbk");
    if (end + bytes.length > length) break;
    bytes.copy(field, end);
    end += bytes.length;
  }
  return field;
}
