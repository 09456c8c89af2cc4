import type { Statement, StatementLine, StatementOf } from "../port.ts";
import { notesOfOtherDay, withNotes } from "../statement-days.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import { decodedLine } from "../statement-text.ts";
import { currencyOf, minorUnitsOf } from "./amount.ts";
import { type Fields, objectOf, textOr } from "./answer.ts";
import { isForeignMoney, orderNoOf } from "./outcomes.ts";
import { refundNoOf } from "./refund-outcomes.ts";
import { instantOf, utcDate } from "./time.ts";

// Pure: the movements of the account's balance on one day as a statement.
//
// charge, payment                          a payment
// refund, payment_refund                   a refund
// refund_failure, payment_refund_failure   a refund that came back: kind `refund`, positive
// adjustment of a dispute                  kind `dispute`: negative when it opened, positive when it was won
// whatever belongs to no order             left out: payouts, transfers, fees of the account, reserves
//
// Other software may charge through the same account. What it charges in a currency that is taken here is a
// line; what cannot be one, because its currency is not taken or not the one that settles, is left out.

const KINDS: Readonly<Record<string, StatementLine["kind"]>> = {
  charge: "payment",
  payment: "payment",
  refund: "refund",
  payment_refund: "refund",
  refund_failure: "refund",
  payment_refund_failure: "refund",
};

/** Kinds of movement that have an order behind them and are not understood here, unless it is another's. */
const NOT_UNDERSTOOD: ReadonlySet<string> = new Set(["payment_reversal", "payment_failure_refund"]);

/**
 * The file of a day, its movements as Stripe lists them, the newest first: what came, one object a line in
 * the order of time, the fields of each sorted. The same content is the same bytes.
 */
export function fileOf(movements: readonly Fields[]): Buffer {
  // Those of one second keep their order.
  const inOrder = movements
    .toReversed()
    .toSorted((one, other) => Number(one.created) - Number(other.created));
  return Buffer.from(inOrder.map((movement) => `${canonical(movement)}\n`).join(""));
}

/** Reads such a file: every movement that belongs to an order, in the file's order. */
export function readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault> {
  const { channelDate, holder } = of;
  return orFault(() => {
    const read = decodeLines(original).flatMap(
      (text, index) => lineOf(movementOf(text, index + 1), index + 1) ?? [],
    );
    const dated = read.map(({ line, finishedAt }) => ({ line, date: utcDate(finishedAt) }));
    const notes = withNotes(notesOfOtherDay(dated, channelDate));
    return { account: holder.account_id ?? "", channelDate, lines: read, original, ...notes };
  });
}

/** The movements of such a file, in its order. @throws StatementFault */
export function movementsIn(original: Buffer): Fields[] {
  return decodeLines(original).map((text, index) => movementOf(text, index + 1));
}

/** Every line ends with a line feed: one that does not was cut off. */
function decodeLines(content: Buffer): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf(0x0a, start);
    if (end === -1) throw new StatementFault(lines.length + 1, "the file is cut off");
    lines.push(decodedLine(decoder, content.subarray(start, end), lines.length + 1));
    start = end + 1;
  }
  return lines;
}

function movementOf(text: string, line: number): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StatementFault(line, "is not JSON");
  }
  const fields = objectOf(value);
  if (fields.object !== "balance_transaction") throw new StatementFault(line, "is no balance transaction");
  return fields;
}

function lineOf(movement: Fields, line: number): StatementLine | null {
  const fault = (reason: string) => new StatementFault(line, reason);
  const type = textOr(movement.type, "");
  const source = objectOf(movement.source);
  if (NOT_UNDERSTOOD.has(type)) {
    if (isOfOthers(source)) return null;
    throw fault(`a movement of the kind ${type} is not understood`);
  }
  const kind = source.object === "dispute" ? "dispute" : KINDS[type];
  if (kind === undefined) return null;
  const [amount, fee, net] = [movement.amount, movement.fee, movement.net].map(minorUnitsOf);
  const at = instantOf(movement.created);
  if (amount == null || fee == null || net == null || at === null)
    throw fault("a figure or the time is missing");
  if (amount - fee !== net) throw fault(`${amount} less the fee ${fee} is not ${net}`);
  if (typeof source.currency !== "string") throw fault("what moved did not come with it");
  const currency = currencyOf(movement.currency);
  const paidIn = currencyOf(source.currency);
  if (currency === null || paidIn !== currency) {
    // A refund or a dispute does not always name its order, but every charge of ours does: a contract that
    // settles in another currency is told at the charge.
    if (orderNoOf(source) === null && refundNoOf(source) === null) return null;
    if (currency === null) throw fault(`the currency ${String(movement.currency)} is not taken here`);
    const settled = `paid in ${paidIn ?? source.currency} and settled in ${currency}`;
    throw fault(`${settled}; the account needs a bank account in what is paid`);
  }
  if (!isKeepable(movement)) throw fault("holds a character that is none");
  return {
    line,
    kind,
    channelTradeNo: textOr(source.payment_intent, textOr(source.charge, textOr(source.id, ""))),
    channelOrderNo: orderNoOf(source) ?? "",
    channelRefundNo: kind === "refund" ? refundNoOf(source) : null,
    amount,
    settleAmount: amount,
    fee,
    currency,
    createdAt: instantOf(source.created) ?? at,
    finishedAt: at,
    subject: textOr(source.description, textOr(movement.description, "")),
  };
}

/** JSON can write what no text holds: a NUL, or half a pair. */
function isKeepable(movement: Fields): boolean {
  const text = JSON.stringify(movement);
  return !/\\u(0000|d[89ab])/i.test(text);
}

/** Whether a movement is certainly none of ours: a charge of ours names its order. */
function isOfOthers(source: Fields): boolean {
  return isForeignMoney(source) || (source.object === "charge" && orderNoOf(source) === null);
}

/** JSON text with the fields of every object in alphabetical order: the same content, the same bytes. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join(",")}}`;
}
