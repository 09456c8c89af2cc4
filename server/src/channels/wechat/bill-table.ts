import { StatementFault } from "../statement-fault.ts";
import { decodedLine } from "../statement-text.ts";

// What WeChat Pay's bills have in common: UTF-8 with or without a byte order mark; a header without
// backticks; records whose every cell begins with a backtick, so that a spreadsheet keeps it as it is; then a
// header and one record of counts and sums. Lines are cut before cells, and numbered from 1 for people.

/** Columns by name: their order and number have changed over the years. */
export type Table = { readonly index: Readonly<Record<string, number>>; readonly count: number };

/** One record: the number of its first line, and its cells by the names of their columns. */
export type BillRecord = { readonly line: number; readonly cell: (name: string) => string };

export type Bill = { readonly records: readonly BillRecord[]; readonly summary: BillRecord };

export type BillLayout = {
  /** Columns that must be there. */
  readonly columns: readonly string[];
  /** The column that holds the instant of a record, which tells where one begins. */
  readonly time: string;
  /** Columns that hold what people wrote, in their order; not each need be there. */
  readonly free: readonly string[];
  readonly summaryColumns: readonly string[];
};

const SEPARATOR = ",`";
const TIME_CELL = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/;

/**
 * The records and the summary of a bill. What people wrote may hold a separator or a line feed: a record goes
 * on until it has its cells, and cells too many belong to the free columns, counted from both ends.
 * @throws StatementFault where something is missing, is left over, or can be read in two ways
 */
export function readBill(content: Buffer, layout: BillLayout): Bill {
  const lines = decodeLines(content);
  const table = tableOf(at(lines, 0), 1, layout.columns, layout.free);
  const found = lines.findIndex((line, index) => index > 0 && isSummaryHeader(line, layout));
  const end = found === -1 ? firstForeign(lines, table, layout) : found;
  const summaryTable = tableOf(at(lines, end), end + 1, layout.summaryColumns);
  const records = recordsOf(lines.slice(1, end), table, layout);
  const summary = recordOf(at(lines, end + 1), end + 2, summaryTable, null);
  if (lines.length > end + 2) throw new StatementFault(end + 3, "something follows the end of the statement");
  return { records, summary };
}

/** The titles of a bill's columns. @throws StatementFault where they are not UTF-8 */
export function headerOf(content: Buffer): string[] {
  const feed = content.indexOf(0x0a);
  return titlesOf(at(decodeLines(feed === -1 ? content : content.subarray(0, feed)), 0));
}

function titlesOf(header: string): string[] {
  return header.split(",").map((name) => name.trim());
}

/** The end of a bill whose summary has no header that is known: what is missing there is told of it. */
function firstForeign(lines: readonly string[], table: Table, layout: BillLayout): number {
  recordsOf(lines.slice(1), table, layout);
  return lines.length;
}

function isSummaryHeader(line: string, layout: BillLayout): boolean {
  const [first = ""] = layout.summaryColumns;
  return !line.startsWith("`") && line.split(",")[0]?.trim() === first;
}

/**
 * No byte within a character of UTF-8 is a line feed, so lines can be cut first, and a bad byte has a line.
 */
function decodeLines(content: Buffer): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let start = 0; start < content.length; ) {
    const feed = content.indexOf(0x0a, start);
    const end = feed === -1 ? content.length : feed;
    lines.push(decodedLine(decoder, content.subarray(start, end), lines.length + 1).replace(/\r$/, ""));
    start = end + 1;
  }
  if (lines[0] !== undefined) lines[0] = lines[0].replace(/^\uFEFF/, "");
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function at(lines: readonly string[], index: number): string {
  const line = lines[index];
  if (line === undefined) throw new StatementFault(lines.length, "the file is cut off");
  return line;
}

function tableOf(
  header: string,
  line: number,
  wanted: readonly string[],
  known: readonly string[] = [],
): Table {
  const names = titlesOf(header);
  const positions = wanted.map((name) => {
    const position = names.indexOf(name);
    if (position === -1) throw new StatementFault(line, `the column ${name} is missing`);
    if (names.lastIndexOf(name) !== position) {
      throw new StatementFault(line, `the column ${name} is there twice`);
    }
    return [name, position] as const;
  });
  const others = known.flatMap((name) =>
    names.includes(name) ? [[name, names.indexOf(name)] as const] : [],
  );
  return { index: Object.fromEntries([...others, ...positions]), count: names.length };
}

/** A line that is like a record, or begins like one, begins one; any other goes on with the one before it. */
function recordsOf(lines: readonly string[], table: Table, layout: BillLayout): BillRecord[] {
  const begun: { line: number; text: string }[] = [];
  lines.forEach((text, index) => {
    const last = begun.at(-1);
    if (last === undefined || begins(text, table, layout)) begun.push({ line: index + 2, text });
    else last.text += `\n${text}`;
  });
  return begun.map(({ line, text }) => recordOf(text, line, table, layout));
}

function begins(text: string, table: Table, { time }: BillLayout): boolean {
  if (!text.startsWith("`")) return false;
  const cells = text.slice(1).split(SEPARATOR);
  return cells.length === table.count || TIME_CELL.test(cells[table.index[time] as number] ?? "");
}

function recordOf(text: string, line: number, table: Table, layout: BillLayout | null): BillRecord {
  if (!text.startsWith("`")) throw new StatementFault(line, "a cell begins without a backtick");
  const cells = withoutSurplus(text.slice(1).split(SEPARATOR), table, layout);
  if (cells.length !== table.count) {
    throw new StatementFault(line, `has ${cells.length} cells, the header ${table.count}`);
  }
  return { line, cell: (name) => (cells[table.index[name] as number] as string).trim() };
}

/**
 * With more cells than columns a separator stands in what somebody wrote. Where the free columns stand side
 * by side, the cells before them and after them are sure; which of the free ones it was is not, and nothing
 * hangs on it: the first takes the surplus.
 */
function withoutSurplus(
  cells: readonly string[],
  table: Table,
  layout: BillLayout | null,
): readonly string[] {
  const surplus = cells.length - table.count;
  const free = (layout?.free ?? []).flatMap((name) => table.index[name] ?? []);
  const [first] = free;
  const sideBySide = free.every((index, offset) => index === (first as number) + offset);
  if (surplus <= 0 || first === undefined || !sideBySide) return cells;
  const whole = cells.slice(first, first + surplus + 1).join(SEPARATOR);
  return [...cells.slice(0, first), whole, ...cells.slice(first + surplus + 1)];
}
