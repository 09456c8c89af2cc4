/**
 * A company's batch (批量代付) as a file: UTF-8, commas, a header, one payout a line. It is read whole or
 * refused whole, with the first wrong line and why.
 */
import { type Id, parseId } from "../../kernel/ids.ts";
import { type Currency, parseDecimal } from "../../kernel/money.ts";
import { BATCH_MAX } from "../model.ts";

export type FileRow = {
  readonly line: number;
  readonly merchantId: Id;
  readonly payoutNo: string;
  readonly amount: bigint;
  readonly remark: string | null;
};

export type FileRefusal = { readonly line: number; readonly reason: string };

export type ReadFile = { readonly rows: readonly FileRow[] } | { readonly refused: FileRefusal };

const COLUMNS = ["merchant", "payout_no", "amount", "remark"];
const PAYOUT_NO = /^(?!stl_)[0-9A-Za-z_.-]{1,64}$/;
const REMARK = /^[\p{L}\p{N} /?:().,'+-]{1,60}$/u;
const AMOUNT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a file of payouts in one currency; amounts are decimals of its major unit. */
export function readPayoutFile(text: string, currency: Currency): ReadFile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const header = lines[0] === undefined ? null : fieldsOf(lines[0]);
  if (header === null || header.join(",") !== COLUMNS.join(",")) {
    return refused(1, `the first line is ${COLUMNS.join(",")}`);
  }
  if (lines.length === 1) return refused(1, "no payout follows the header");
  if (lines.length - 1 > BATCH_MAX) {
    return refused(BATCH_MAX + 2, `a file has at most ${BATCH_MAX} payouts`);
  }
  const rows: FileRow[] = [];
  const numbers = new Map<string, number>();
  for (const [index, text] of lines.slice(1).entries()) {
    const line = index + 2;
    const read = rowOf(text, line, currency);
    if ("reason" in read) return { refused: read };
    const key = `${read.merchantId}/${read.payoutNo}`;
    const before = numbers.get(key);
    if (before !== undefined) return refused(line, `payout_no is that of line ${before} already`);
    numbers.set(key, line);
    rows.push(read);
  }
  return { rows };
}

function rowOf(text: string, line: number, currency: Currency): FileRow | FileRefusal {
  const wrong = (reason: string): FileRefusal => ({ line, reason });
  const fields = fieldsOf(text);
  if (fields === null) return wrong("a quote is open, or stands inside a field without quotes");
  if (fields.length !== COLUMNS.length) {
    return wrong(`${fields.length} fields where ${COLUMNS.length} are wanted: ${COLUMNS.join(",")}`);
  }
  const [merchant, payoutNo, decimal, remark] = fields as [string, string, string, string];
  const merchantId = parseId("mch", merchant);
  if (merchantId === null) return wrong(`merchant is no id of one: mch_ and 26 characters`);
  if (!PAYOUT_NO.test(payoutNo)) {
    return wrong("payout_no has 1 to 64 letters, digits, - _ or . and does not begin with stl_");
  }
  const amount = /^\d+(\.\d+)?$/.test(decimal) ? parseDecimal(decimal, currency) : null;
  if (amount === null) return wrong(`amount is no decimal of ${currency}, such as 12.34`);
  if (amount <= 0n || amount > AMOUNT_MAX) return wrong("amount is not above zero, or too large");
  if (remark !== "" && !REMARK.test(remark)) {
    return wrong("remark has at most 60 letters, digits, spaces and / - ? : ( ) . , ' +");
  }
  return { line, merchantId, payoutNo, amount, remark: remark === "" ? null : remark };
}

/** RFC 4180 without line breaks inside fields; null for a line that is no such record. */
function fieldsOf(line: string): string[] | null {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = line[at] === '"';
    const pattern = quoted ? /"((?:[^"]|"")*)"(?=,|$)/y : /([^",]*)(?=,|$)/y;
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) return null;
    fields.push(quoted ? (match[1] as string).replaceAll('""', '"') : (match[1] as string));
    at = pattern.lastIndex;
    if (at >= line.length) return fields;
    at += 1;
  }
}

function refused(line: number, reason: string): ReadFile {
  return { refused: { line, reason } };
}
