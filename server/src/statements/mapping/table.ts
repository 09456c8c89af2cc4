import { CsvError, parse } from "csv-parse/sync";
import type { Sheet, Cell as SheetCell } from "hucre/xlsx";
import { decodedLine, StatementFault } from "../../channels/index.ts";
import { unzip } from "../../kernel/zip.ts";
import type { Mapping } from "./model.ts";

/** A cell: text, a workbook's date as a wall clock shows it, or why it holds neither. */
export type Cell = string | { readonly at: Date } | { readonly unreadable: string };

export type Row = { readonly line: number; readonly cells: readonly Cell[] };

export type Table = {
  /** The lines above the header, as text. */
  readonly above: readonly string[];
  readonly header: Row;
  readonly rows: readonly Row[];
};

/** The rows of a file, before anything is made of them. @throws StatementFault with line and reason */
export async function readTable(mapping: Mapping, content: Buffer): Promise<Table> {
  return mapping.format === "csv" ? csvTable(mapping, content) : xlsxTable(mapping, content);
}

function csvTable(mapping: Mapping, content: Buffer): Table {
  const { delimiter = ",", header_line: headerLine = 1 } = mapping;
  const lines = decodeLines(content, mapping.encoding ?? "utf-8");
  const body = lines.slice(headerLine - 1).join("\n");
  let end = headerLine - 1;
  let records: string[][];
  try {
    records = parse(body, { delimiter, relax_column_count: true, record_delimiter: "\n" });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const at = (error as { readonly lines?: number }).lines ?? 0;
    throw new StatementFault(
      headerLine - 1 + at,
      `is no CSV: ${error.message.replace(/ at line \d+.*$/, "")}`,
    );
  }
  const rows = records.map((record) => {
    const line = end + 1;
    end += 1 + record.reduce((feeds, cell) => feeds + (cell.match(/\n/g)?.length ?? 0), 0);
    return { line, cells: record.map((cell) => cell.trim()) };
  });
  return tableOf(lines.slice(0, headerLine - 1), rows, lines.length);
}

/** No byte within a character of either is a line feed, so that a bad one has a line. */
function decodeLines(content: Buffer, encoding: "utf-8" | "gbk"): string[] {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let start = 0; start < content.length; ) {
    const feed = content.indexOf(0x0a, start);
    const end = feed === -1 ? content.length : feed;
    lines.push(decodedLine(decoder, content.subarray(start, end), lines.length + 1).replace(/\r$/, ""));
    start = end + 1;
  }
  if (lines[0] !== undefined) lines[0] = lines[0].replace(/^\uFEFF/, "");
  return lines;
}

async function xlsxTable(mapping: Mapping, content: Buffer): Promise<Table> {
  const sheet = await sheetOf(content, mapping.sheet ?? 0);
  const rows = sheet.rows.map((values, index) => ({
    line: index + 1,
    cells: values.map((value, column) => cellOf(value, sheet.cells?.get(`${index},${column}`))),
  }));
  const headerLine = mapping.header_line ?? 1;
  const above = rows
    .slice(0, headerLine - 1)
    .map(({ cells }) => cells.map((cell) => (typeof cell === "string" ? cell : "")).join("\t"));
  return tableOf(above, rows.slice(headerLine - 1), sheet.rows.length);
}

/** The archive is checked first: the reader of workbooks does not look at every checksum. */
async function sheetOf(content: Buffer, wanted: string | number): Promise<Sheet> {
  let sheets: readonly Sheet[];
  try {
    await unzip(content);
    const { readXlsx } = await import("hucre/xlsx");
    ({ sheets } = await readXlsx(content, { sheets: [wanted] }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StatementFault(0, `the workbook cannot be read: ${reason}`, { isDamage: true });
  }
  const [sheet] = sheets;
  if (sheet === undefined) throw new StatementFault(0, `the workbook has no sheet ${wanted}`);
  return sheet;
}

function cellOf(value: unknown, cell: SheetCell | undefined): Cell {
  if (cell?.formula !== undefined || cell?.type === "formula") {
    return { unreadable: "a formula, whose result may be an old one; save the sheet with values" };
  }
  if (cell?.type === "error") return { unreadable: `the error ${String(value)}` };
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value.trim();
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? { unreadable: "a date that is none" } : { at: value };
  }
  if (typeof value === "number" && Number.isFinite(value)) {
    const text = String(value);
    return /e/i.test(text) ? { unreadable: `the number ${text}, which is too long to be exact` } : text;
  }
  return { unreadable: `a ${typeof value}, where text or a figure is wanted` };
}

function tableOf(above: readonly string[], rows: readonly Row[], lines: number): Table {
  const [header, ...rest] = rows;
  if (header === undefined) throw new StatementFault(lines, "the header is missing: the file is cut off");
  return { above, header, rows: rest };
}

/** Whether nothing stands in a row. */
export function isBlank({ cells }: Row): boolean {
  return cells.every((cell) => cell === "");
}
