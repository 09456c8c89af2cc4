/**
 * A day of one Alipay account on disk, with its answer key: the statement as Alipay writes it, in GBK, and
 * the movements as the ledger's extract has them.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import iconv from "iconv-lite";
import { channelNumber } from "../../../server/src/kernel/ids.ts";
import { alipayFrame, alipayLine } from "../../../server/src/reconciliation/testing/day/writers.ts";

export type DayFiles = {
  readonly statementHash: Buffer;
  readonly movementsHash: Buffer;
  readonly movementsBytes: bigint;
  readonly lines: number;
  readonly movements: number;
  /** How many of each kind must be found. */
  readonly key: Readonly<Record<string, number>>;
};

export type DayPlace = {
  readonly statement: string;
  /** Where the statement is packed as well, as Alipay hands it out; absent: nowhere. */
  readonly archive?: string;
  readonly movements: string;
  readonly channelAccountId: string;
  readonly date: string;
};

/** What is wrong with an order, by its number; each once in a thousand orders. */
const BROKEN: Readonly<Record<number, string>> = {
  7: "payment_ours_only",
  9: "payment_theirs_only",
  11: "amount",
  13: "fee",
  17: "duplicate_theirs",
};
const OF_ORDERS = 1_000;
/** Every so many orders one is refunded in part. */
const REFUNDED = 50;
const CHUNK_CHARACTERS = 4_194_304;
const SUBJECTS = ["一杯茶", "牛肉面", "停车费", "Tea for two"];

/** A file written in pieces, hashed on its way. */
function createOutput(path: string, encoding: "latin1" | "utf8") {
  const file = openSync(path, "w");
  const hash: Hash = createHash("sha256");
  let waiting = "";
  let bytes = 0n;
  const flush = () => {
    const content = Buffer.from(waiting, encoding);
    hash.update(content);
    writeSync(file, content);
    bytes += BigInt(content.length);
    waiting = "";
  };
  return {
    put: (text: string) => {
      waiting += text;
      if (waiting.length >= CHUNK_CHARACTERS) flush();
    },
    end: () => {
      flush();
      closeSync(file);
      return { hash: hash.digest(), bytes };
    },
  };
}

/** GBK, each byte as a character. */
const wide = (text: string) => iconv.encode(text, "gbk").toString("latin1");

const idOf = (kind: string, index: number) =>
  `01980000-${kind}-7000-8000-${index.toString(16).padStart(12, "0")}`;

/**
 * The trailer stands behind the lines and the frame is made of their sums, so the lines are counted first.
 */
export function writeDay(place: DayPlace, rows: number): DayFiles {
  const totals = { payment: { count: 0, settled: 0n }, refund: { count: 0, settled: 0n } };
  const key: Record<string, number> = {};
  const statement = createOutput(place.statement, "latin1");
  const movements = createOutput(place.movements, "utf8");
  const templates = SUBJECTS.map(templatesOf);
  statement.put(wide(alipayFrame(place.date, totals).head));
  movements.put(`${MOVEMENT_COLUMNS}\n`);
  let [lines, moved] = [0, 0];
  const tell = (kind: "payment" | "refund", amount: bigint, text: string) => {
    totals[kind].count += 1;
    totals[kind].settled += amount;
    lines += 1;
    statement.put(text);
  };
  for (let index = 0; lines < rows; index += 1) {
    const broken = BROKEN[index % OF_ORDERS];
    if (broken !== undefined) key[broken] = (key[broken] ?? 0) + 1;
    const order = orderOf(index);
    const template = templates[index % templates.length] as Template;
    if (broken !== "payment_theirs_only") {
      movements.put(movementOf(place, order, "payment", order.amount, order.fee));
      moved += 1;
    }
    if (broken !== "payment_ours_only") {
      const amount = order.amount + (broken === "amount" ? 1n : 0n);
      const fee = order.fee + (broken === "fee" ? 1n : 0n);
      const line = filled(template.payment, order, amount, fee);
      tell("payment", amount, line);
      if (broken === "duplicate_theirs") tell("payment", amount, line);
    }
    if (broken === undefined && index % REFUNDED === 0) {
      tell("refund", -100n, filled(template.refund, order, -100n, 0n));
      movements.put(movementOf(place, order, "refund", -100n, 0n));
      moved += 1;
    }
  }
  statement.put(wide(alipayFrame(place.date, totals).tail));
  const [told, kept] = [statement.end(), movements.end()];
  return {
    statementHash: told.hash,
    movementsHash: kept.hash,
    movementsBytes: kept.bytes,
    lines,
    movements: moved,
    key,
  };
}

type Order = {
  readonly index: number;
  readonly orderNo: string;
  readonly refundNo: string;
  readonly tradeNo: string;
  readonly amount: bigint;
  readonly fee: bigint;
};

function orderOf(index: number): Order {
  const amount = BigInt(200 + ((index * 7_919) % 99_991));
  return {
    index,
    orderNo: channelNumber("att", idOf("00aa", index)),
    refundNo: channelNumber("rfd", idOf("00ab", index)),
    tradeNo: `2026030622001${String(index).padStart(15, "0")}`,
    amount,
    fee: amount / 200n,
  };
}

type Template = { readonly payment: readonly string[]; readonly refund: readonly string[] };

/** The line of an order with its numbers left out, cut where they belong. */
function templatesOf(subject: string): Template {
  const at = new Date("2026-03-06T04:00:00Z");
  const line = {
    channelTradeNo: "<trade>",
    channelOrderNo: "<order>",
    amount: 111_111n,
    settleAmount: 111_111n,
    fee: 222_222n,
    currency: "CNY",
    createdAt: at,
    finishedAt: at,
    subject,
  } as const;
  const cut = (text: string) => `${wide(text)}\r\n`.split(/<trade>|<order>|<refund>|-?1111\.11|-?2222\.22/);
  return {
    payment: cut(alipayLine({ ...line, kind: "payment", channelRefundNo: null })),
    refund: cut(alipayLine({ ...line, kind: "refund", channelRefundNo: "<refund>" })),
  };
}

function filled(parts: readonly string[], order: Order, amount: bigint, fee: bigint): string {
  const isRefund = parts.length === 7;
  const numbers = [order.tradeNo, order.orderNo, yuan(amount), yuan(amount)];
  const values = [...numbers, ...(isRefund ? [order.refundNo] : []), yuan(-fee)];
  return parts.map((part, index) => part + (values[index] ?? "")).join("");
}

function yuan(fen: bigint): string {
  const digits = String(fen < 0n ? -fen : fen).padStart(3, "0");
  return `${fen < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

const MOVEMENT_COLUMNS =
  "channel_account_id,accounting_date,channel_date,journal_id,origin,kind,order_no,trade_no,refund_no," +
  "amount,settle,fee,currency,payment_id,attempt_id,refund_id,voucher,quiet,net,entries";

function movementOf(
  { channelAccountId, date }: DayPlace,
  order: Order,
  kind: "payment" | "refund",
  amount: bigint,
  fee: bigint,
): string {
  const { index, orderNo, tradeNo, refundNo } = order;
  const isRefund = kind === "refund";
  const ids = [idOf("00ac", index), idOf("00aa", index), isRefund ? idOf("00ab", index) : '""'];
  return (
    `${channelAccountId},${date},${date},${idOf(isRefund ? "00ae" : "00ad", index)},` +
    `${isRefund ? "refund_accepted" : "payment_success"},${kind},"${orderNo}","${tradeNo}",` +
    `"${isRefund ? refundNo : ""}",${amount},${amount},${fee},CNY,${ids.join(",")},0,0,${amount - fee},1\n`
  );
}
