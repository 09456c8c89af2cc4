import { namingNumber, notesOfOtherDay, StatementFault } from "../../channels/index.ts";
import { dateIn, instantAt } from "../../kernel/clock.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import { bankAmountOf } from "../bank/model.ts";
import { compileDateFormat, type ReadDate } from "./dates.ts";
import { type Field, type Mapping, zoneOf } from "./model.ts";
import { type Cell, isBlank, type Row, readTable, type Table } from "./table.ts";

/** One line of a mapped file. */
export type MappedRow = {
  /** Line number in the file, or row of the sheet, from 1. */
  readonly line: number;
  readonly number: string;
  /** By the mapping's words; `line` where it names no kinds. */
  readonly kind: string;
  readonly at: Date;
  /** The date on the wall in the mapping's time zone. */
  readonly date: string;
  /** Minor units, signs as the merchant (or the bank account) sees them. */
  readonly amount: bigint;
  readonly settleAmount: bigint;
  /** Positive is a charge. */
  readonly fee: bigint;
  readonly currency: Currency;
  readonly balance: bigint | null;
  readonly store: string | null;
  readonly counterpartyName: string | null;
  readonly counterpartyAccount: string | null;
  readonly endToEndId: string | null;
  readonly text: string;
};

export type MappedFile = {
  readonly rows: readonly MappedRow[];
  /** What a person should look at. */
  readonly notes: readonly string[];
};

/** Whose file of which day it must be, where the mapping says that it tells. */
export type MappedDay = { readonly account: string; readonly statementDate: string };

/**
 * Reads a file by a mapping, all of it or nothing: a column that is missing, a cell that is not what its
 * column holds, another account or day, a count or a sum of the trailer that the lines do not make, balances
 * that do not follow, each refuses the file. @throws StatementFault with line and reason
 */
export async function readMapped(mapping: Mapping, of: MappedDay, content: Buffer): Promise<MappedFile> {
  const table = await readTable(mapping, content);
  const tellsDate = checkPreamble(mapping, of, table);
  const columns = columnsOf(mapping, table.header);
  const end = endOf(mapping, table);
  const read = rowReader(mapping, columns, table.header.cells.length);
  const rows = table.rows
    .slice(0, end)
    .filter((row) => !isBlank(row))
    .map(read);
  if (mapping.trailer !== undefined) checkTrailer(mapping, table.rows[end] as Row, rows);
  return { rows, notes: tellsDate ? [] : notesOfOtherDay(rows, of.statementDate) };
}

/** Whether the lines above the header tell the date. */
function checkPreamble(mapping: Mapping, of: MappedDay, { above }: Table): boolean {
  let tellsDate = false;
  for (const { line, before, after, is, date_format: format = "yyyy-MM-dd" } of mapping.preamble ?? []) {
    const text = above[line - 1];
    if (text === undefined) throw new StatementFault(above.length, "the file is cut off above its header");
    const from = text.indexOf(before);
    const start = from + before.length;
    const end = after === "" ? text.length : text.indexOf(after, start);
    if (from === -1 || end === -1) throw new StatementFault(line, `does not tell the ${is}`);
    const told = text.slice(start, end).trim();
    if (is === "account") {
      if (told !== of.account) throw new StatementFault(line, `is of ${told}, not of ${of.account}`);
      continue;
    }
    const date = (compileDateFormat(format) as ReadDate)(told)?.toISOString().slice(0, 10);
    if (date !== of.statementDate)
      throw new StatementFault(line, `is of ${told}, not of ${of.statementDate}`);
    tellsDate = true;
  }
  return tellsDate;
}

type Columns = Readonly<Partial<Record<Field, number>>>;

function columnsOf(mapping: Mapping, header: Row): Columns {
  const names = header.cells.map((cell) => (typeof cell === "string" ? cell : ""));
  const places = Object.entries(mapping.columns).map(([field, name]) => {
    const place = names.indexOf(name);
    if (place === -1) throw new StatementFault(header.line, `the column ${name} is missing`);
    if (names.lastIndexOf(name) !== place) {
      throw new StatementFault(header.line, `the column ${name} is there twice`);
    }
    return [field, place] as const;
  });
  return Object.fromEntries(places);
}

/** Where the lines end: at the trailer, behind which nothing may stand, or with the file. */
function endOf({ trailer }: Mapping, { rows, header }: Table): number {
  if (trailer === undefined) return rows.length;
  const end = rows.findIndex(
    ({ cells: [first] }) => typeof first === "string" && first.startsWith(trailer.marker),
  );
  if (end === -1) {
    throw new StatementFault(rows.at(-1)?.line ?? header.line, "the trailer is missing: the file is cut off");
  }
  const more = rows.slice(end + 1).find((row) => !isBlank(row));
  if (more !== undefined) throw new StatementFault(more.line, "something follows the trailer");
  return end;
}

function rowReader(mapping: Mapping, columns: Columns, width: number): (row: Row) => MappedRow {
  const readDate = compileDateFormat(mapping.date_format) as ReadDate;
  const zone = zoneOf(mapping);
  return (row) => {
    const { line, cells } = row;
    if (
      cells.length > width ? !isBlank({ line, cells: cells.slice(width) }) : isShort(mapping, cells, width)
    ) {
      throw new StatementFault(line, `has ${cells.length} cells, the header ${width}`);
    }
    const cell = cellReader(mapping, columns, row);
    const currency = mapping.currency ?? cell.text("currency");
    if (!isCurrency(currency)) throw cell.fault("currency");
    const { kind, negate } = cell.kind();
    const sign = negate ? -1n : 1n;
    const amount = sign * cell.amount(currency);
    const fee = sign * (mapping.fees === "moved" ? -1n : 1n) * cell.money("fee", currency, "0");
    const at = cell.time(readDate, zone);
    const settled = columns.settle_amount === undefined ? null : cell.money("settle_amount", currency);
    return {
      line,
      number: cell.must("number"),
      kind,
      at,
      date: dateIn(zone, at),
      amount,
      settleAmount: settled === null ? amount - fee : sign * settled,
      fee,
      currency,
      balance: columns.balance === undefined ? null : cell.money("balance", currency),
      store: cell.text("store") || null,
      counterpartyName: cell.text("counterparty_name") || null,
      counterpartyAccount: cell.text("counterparty_account") || null,
      endToEndId: cell.text("end_to_end_id") || null,
      text: cell.text("text"),
    };
  };
}

/** A sheet leaves empty cells at a row's end out; a line of text has all its cells. */
function isShort({ format }: Mapping, cells: readonly Cell[], width: number): boolean {
  return format === "csv" && cells.length < width;
}

function cellReader(mapping: Mapping, columns: Columns, { line, cells }: Row) {
  const raw = (field: Field): Cell => {
    const place = columns[field];
    return place === undefined ? "" : (cells[place] ?? "");
  };
  const nameOf = (field: Field) => mapping.columns[field] ?? field;
  const text = (field: Field): string => {
    const cell = raw(field);
    if (typeof cell === "string") return cell;
    const what = "at" in cell ? "a date, where text is wanted" : cell.unreadable;
    throw new StatementFault(line, `${nameOf(field)} holds ${what}`);
  };
  const fault = (field: Field) => {
    const shown = raw(field);
    const value = typeof shown === "string" ? JSON.stringify(shown) : "no text";
    return new StatementFault(line, `${nameOf(field)} is ${value}`);
  };
  const must = (field: Field): string => {
    const value = namingNumber(text(field));
    if (value === "") throw fault(field);
    return value;
  };
  const money = (field: Field, currency: Currency, absent = ""): bigint => {
    const value = plainNumber(text(field) || absent, mapping);
    const amount = value === null ? null : bankAmountOf(value, currency);
    if (amount === null) throw fault(field);
    return amount;
  };
  return {
    text,
    must,
    fault,
    money,
    amount: (currency: Currency): bigint => {
      if (columns.amount === undefined) {
        const [credit, debit] = [money("credit", currency, "0"), money("debit", currency, "0")];
        if (credit !== 0n && debit !== 0n) throw fault("debit");
        if (text("credit") === "" && text("debit") === "") throw fault("credit");
        return credit - (debit < 0n ? -debit : debit);
      }
      const amount = money("amount", currency);
      if (columns.direction === undefined) return amount;
      const direction = wordOf(mapping.directions, text("direction"));
      if (direction === null) throw fault("direction");
      if (amount < 0n) throw fault("amount");
      return direction === "in" ? amount : -amount;
    },
    kind: (): { kind: string; negate: boolean } => {
      if (columns.kind === undefined) return { kind: "line", negate: false };
      const found = wordOf(mapping.kinds, text("kind"));
      if (found === null) throw fault("kind");
      return { kind: found.kind, negate: found.negate ?? false };
    },
    time: (readDate: ReadDate, zone: string): Date => {
      const cell = raw("at");
      const wall = typeof cell === "object" && "at" in cell ? cell.at : readDate(text("at"));
      if (wall === null) throw fault("at");
      return instantAt(zone, wall);
    },
  };
}

function wordOf<T>(words: Readonly<Record<string, T>> | undefined, word: string): T | null {
  return words !== undefined && Object.hasOwn(words, word) ? (words[word] as T) : null;
}

/** The number with a point, and without what groups its thousands; null where they group otherwise. */
function plainNumber(text: string, { decimal_point: point = ".", thousands }: Mapping): string | null {
  const [whole = "", fraction, ...more] = text.split(point);
  if (more.length > 0) return null;
  const groups = thousands === undefined ? [whole] : whole.split(thousands);
  if (groups.slice(1).some((group) => !/^\d{3}$/.test(group))) return null;
  if (groups.length > 1 && !/^[+-]?\d{1,3}$/.test(groups[0] ?? "")) return null;
  return fraction === undefined ? groups.join("") : `${groups.join("")}.${fraction}`;
}

function checkTrailer(mapping: Mapping, row: Row, rows: readonly MappedRow[]): void {
  const { count, amount, fee } = mapping.trailer ?? {};
  const told = (place: number): string => {
    const cell = row.cells[place - 1];
    if (typeof cell === "string") return cell;
    throw new StatementFault(row.line, `the trailer's cell ${place} is no text`);
  };
  if (count !== undefined && told(count) !== String(rows.length)) {
    throw new StatementFault(row.line, `the trailer counts ${told(count)}, there are ${rows.length} lines`);
  }
  const currencies = new Set(rows.map(({ currency }) => currency));
  const [currency = mapping.currency ?? "CNY"] = currencies;
  const made = {
    amount: rows.reduce((sum, each) => sum + each.amount, 0n),
    fee: rows.reduce((sum, each) => sum + each.fee, 0n) * (mapping.fees === "moved" ? -1n : 1n),
  };
  for (const [what, place] of [["amount", amount] as const, ["fee", fee] as const]) {
    if (place === undefined) continue;
    const value = plainNumber(told(place), mapping);
    if (currencies.size > 1 || value === null || bankAmountOf(value, currency) !== made[what]) {
      throw new StatementFault(
        row.line,
        `the trailer's ${what} is ${told(place)}, the lines make ${made[what]}`,
      );
    }
  }
}
