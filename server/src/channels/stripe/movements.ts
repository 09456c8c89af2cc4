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
// payout and what came back of one         no line: told apart, by payouts.ts
// whatever else moved the balance          a line of no order: fees of the account, reserves, top-ups
//
// Other software may charge through the same account. What it charges in a currency that is taken here is a
// line as any; settled in another currency it is a line of nobody's. What moved in a currency that is not
// taken here can be no line, and is a note with the statement.

const KINDS: Readonly<Record<string, StatementLine["kind"]>> = {
  charge: "payment",
  payment: "payment",
  refund: "refund",
  payment_refund: "refund",
  refund_failure: "refund",
  payment_refund_failure: "refund",
};

/** Told by readPayouts, as what goes to our bank and what comes back from there. */
const PAYOUTS: ReadonlySet<string> = new Set(["payout", "payout_failure", "payout_cancel"]);

/** By ISO 4217 in small letters, and four of them for a coin. */
const CURRENCY = /^[a-z]{3,4}$/;

/** Stripe's words for kinds; a movement without one is a line of nobody's. */
const KIND = /^[a-z_]*$/;

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

/** Reads such a file: every movement but payouts, in the file's order. */
export function readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault> {
  const { channelDate, holder } = of;
  return orFault(() => {
    const read = movementsIn(original).map(lineOf);
    const lines = read.filter((each) => each !== null && !("untaken" in each)) as StatementLine[];
    const dated = lines.map(({ line, finishedAt }) => ({ line, date: utcDate(finishedAt) }));
    const notes = [
      ...notesOf(read.flatMap((each) => (each !== null && "untaken" in each ? [each] : []))),
      ...notesOfOtherDay(dated, channelDate),
    ];
    return { account: holder.account_id ?? "", channelDate, lines, original, ...withNotes(notes) };
  });
}

/** What moved in a currency that is not taken here: its net, in what Stripe counts it by. */
type Untaken = { readonly untaken: string; readonly net: bigint };

/** One sentence a currency. */
function notesOf(untaken: readonly Untaken[]): string[] {
  const currencies = [...new Set(untaken.map((each) => each.untaken))].sort();
  return currencies.map((currency) => {
    const nets = untaken.filter((each) => each.untaken === currency).map(({ net }) => net);
    const sum = nets.reduce((total, net) => total + net, 0n);
    return `movements in ${currency}, which is not taken here, are no lines: ${nets.length}, ${sum} in all`;
  });
}

/** One movement of the balance: its figures in Stripe's own minor units. */
export type Movement = {
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly fields: Fields;
  readonly type: string;
  readonly amount: bigint;
  readonly fee: bigint;
  /** `amount` less `fee`. */
  readonly net: bigint;
  readonly at: Date;
  /** Null for one that is not taken here. */
  readonly currency: string | null;
};

/**
 * The movements of such a file, in its order, payouts among them. One whose figures do not add up or that
 * is in no currency refuses the file, whoever reads it. @throws StatementFault
 */
export function movementsIn(original: Buffer): Movement[] {
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

function movementOf(text: string, line: number): Movement {
  const fault = (reason: string) => new StatementFault(line, reason);
  const fields = fieldsOf(text, line);
  const [amount, fee, net] = [fields.amount, fields.fee, fields.net].map(minorUnitsOf);
  const at = instantOf(fields.created);
  if (amount == null || fee == null || net == null || at === null)
    throw fault("a figure or the time is missing");
  if (amount - fee !== net) throw fault(`${amount} less the fee ${fee} is not ${net}`);
  if (typeof fields.currency !== "string" || !CURRENCY.test(fields.currency)) {
    throw fault(`the currency is ${JSON.stringify(fields.currency ?? null)}`);
  }
  if (!isKeepable(fields)) throw fault("holds a character that is none");
  const type = textOr(fields.type, "");
  if (!KIND.test(type)) throw fault(`the kind is ${JSON.stringify(fields.type)}`);
  return { line, fields, type, amount, fee, net, at, currency: currencyOf(fields.currency) };
}

function fieldsOf(text: string, line: number): Fields {
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

function lineOf(movement: Movement): StatementLine | Untaken | null {
  const { line, fields, type, currency } = movement;
  const fault = (reason: string) => new StatementFault(line, reason);
  if (PAYOUTS.has(type)) return null;
  const source = objectOf(fields.source);
  if (NOT_UNDERSTOOD.has(type) && !isOfOthers(source)) {
    throw fault(`a movement of the kind ${type} is not understood`);
  }
  const kind = source.object === "dispute" ? "dispute" : KINDS[type];
  if (movement.amount === 0n && movement.fee === 0n) return null;
  if (kind === undefined) return nobodys(movement);
  if (typeof source.currency !== "string") throw fault("what moved did not come with it");
  const paidIn = currencyOf(source.currency);
  if (currency === null || paidIn !== currency) {
    // A refund or a dispute does not always name its order, but every charge of ours does: a contract that
    // settles in another currency is told at the charge.
    if (orderNoOf(source) === null && refundNoOf(source) === null) return nobodys(movement);
    if (currency === null) throw fault(`the currency ${String(fields.currency)} is not taken here`);
    const settled = `paid in ${paidIn ?? source.currency} and settled in ${currency}`;
    throw fault(`${settled}; the account needs a bank account in what is paid`);
  }
  return {
    ...common(movement, currency),
    kind,
    channelTradeNo: textOr(source.payment_intent, textOr(source.charge, textOr(source.id, ""))),
    channelOrderNo: orderNoOf(source) ?? "",
    channelRefundNo: kind === "refund" ? refundNoOf(source) : null,
    createdAt: instantOf(source.created) ?? movement.at,
    subject: textOr(source.description, textOr(fields.description, "")),
  };
}

function common({ line, amount, fee, at }: Movement, currency: string) {
  return { line, amount, settleAmount: amount, fee, currency, finishedAt: at };
}

/**
 * What moved the balance and is of no order here: under its own number, so that each is told by itself, with
 * Stripe's kind, what it is of, and Stripe's words for it.
 */
function nobodys(movement: Movement): StatementLine | Untaken {
  const { line, fields, type, amount, fee, net, currency } = movement;
  if (currency === null) return { untaken: String(fields.currency).toUpperCase(), net };
  const channelTradeNo = textOr(fields.id, "");
  if (channelTradeNo === "") throw new StatementFault(line, "a movement came without its number");
  const source = typeof fields.source === "string" ? fields.source : objectOf(fields.source).id;
  const what = [type || "a movement without a kind", textOr(source, "")].join(" ").trimEnd();
  const words = textOr(fields.description, "");
  return {
    ...common(movement, currency),
    kind: (amount === 0n ? -fee : amount) > 0n ? "payment" : "refund",
    channelTradeNo,
    channelOrderNo: "",
    channelRefundNo: null,
    createdAt: movement.at,
    subject: words === "" ? what : `${what}: ${words}`,
  };
}

/** JSON can write what no text holds: a NUL, or half a pair. A backslash of the text's own stands twice. */
function isKeepable(fields: Fields): boolean {
  return !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(JSON.stringify(fields));
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
