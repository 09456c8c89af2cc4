import type { StatementOf } from "../port.ts";
import { faultOr, StatementFault } from "../statement-fault.ts";
import { decodedLine } from "../statement-text.ts";
import { parseBeijingTime } from "./time.ts";

// What Alipay's statements have in common: GBK, comma-separated without quoting, cells padded with tabs, a
// title, the account and the day before the list.

export type Columns<Column extends string> = {
  readonly index: Readonly<Record<Column, number>>;
  readonly count: number;
};

export function firstLine(content: Buffer): string {
  return new TextDecoder("gbk").decode(content.subarray(0, 256)).split(/\r?\n/, 1)[0] ?? "";
}

/** Refuses what is another seller's, or of another day. @throws StatementFault */
export function checkWhose(
  statement: { readonly account: string; readonly channelDate: string },
  { holder, channelDate }: StatementOf,
): void {
  if (!statement.account.startsWith(holder.seller_id ?? " ")) {
    throw new StatementFault(2, `it is the statement of another seller, ${statement.account}`);
  }
  if (statement.channelDate !== channelDate) {
    throw new StatementFault(3, `it is the statement of ${statement.channelDate}, not of ${channelDate}`);
  }
}

/**
 * No trail byte of GBK is a line feed, so lines can be cut before they are decoded, and a bad byte has a
 * line.
 */
export function decodeLines(content: Buffer): string[] {
  const decoder = new TextDecoder("gbk", { fatal: true });
  const lines: string[] = [];
  for (let start = 0; start <= content.length; ) {
    const feed = content.indexOf(0x0a, start);
    const end = feed === -1 ? content.length : feed;
    lines.push(decodedLine(decoder, content.subarray(start, end), lines.length + 1).replace(/\r$/, ""));
    start = end + 1;
  }
  return lines;
}

export type CutLine = { readonly text: string; readonly index: number };

/** Alipay's lines have some hundred bytes; one that does not end is refused before it is held. */
const LINE_BYTES_MAX = 1_048_576;

/**
 * Lines as `decodeLines` makes them, of a file that comes in pieces.
 * @throws StatementFault as soon as a line is longer than 1 MB, even where it has no end yet
 */
export function createLineCutter() {
  const decoder = new TextDecoder("gbk", { fatal: true });
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let count = 0;
  let fault: StatementFault | null = null;
  const decoded = (bytes: Buffer): CutLine[] => {
    count += 1;
    if (fault !== null) return [];
    const text = faultOr(() => decodedLine(decoder, bytes, count));
    if (!(text instanceof StatementFault)) return [{ text: text.replace(/\r$/, ""), index: count - 1 }];
    fault = text;
    return [];
  };
  const refuseBeyond = (bytes: number): void => {
    if (bytes <= LINE_BYTES_MAX) return;
    throw new StatementFault(count + 1, `the line is longer than ${LINE_BYTES_MAX} bytes`);
  };
  const ended = (rest: Buffer): CutLine[] => {
    refuseBeyond(begunBytes + rest.length);
    const bytes = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
    begun = [];
    begunBytes = 0;
    return decoded(bytes);
  };
  return {
    count: () => count,
    push: (piece: Buffer): CutLine[] => {
      const lines: CutLine[] = [];
      let start = 0;
      for (let feed = piece.indexOf(0x0a); feed !== -1; feed = piece.indexOf(0x0a, start)) {
        lines.push(...ended(piece.subarray(start, feed)));
        start = feed + 1;
      }
      if (start < piece.length) {
        begun.push(piece.subarray(start));
        begunBytes += piece.length - start;
        refuseBeyond(begunBytes);
      }
      return lines;
    },
    /** The last line, which no line feed ends. Throws where a line before has bytes that are not GBK. */
    end: (): CutLine[] => {
      const lines = ended(Buffer.alloc(0));
      if (fault !== null) throw fault;
      return lines;
    },
  };
}

export function at(lines: readonly string[], index: number): string {
  const line = lines[index];
  if (line === undefined) throw new StatementFault(lines.length, "the file is cut off");
  return line;
}

/** The first group of a line that must have this form. */
export function headed(lines: readonly string[], index: number, form: RegExp, what: string): string {
  const found = form.exec(at(lines, index).trim())?.[1];
  if (found === undefined) throw new StatementFault(index + 1, `is not ${what}`);
  return found;
}

/** The day of the statement: from its midnight to the next. */
export function dayOf(lines: readonly string[]): string {
  const form = /^#起始日期[：:]\[((\d{4})年(\d{2})月(\d{2})日 00:00:00)\]\s+终止日期[：:]\[.+\]$/;
  const [year, month, day] = headed(lines, 2, form, "the day of the statement").match(/\d+/g) ?? [];
  const date = `${year}-${month}-${day}`;
  if (parseBeijingTime(`${date} 00:00:00`) === null) throw new StatementFault(3, `${date} is no date`);
  return date;
}

/** Where the columns are, by their names: their order and number have changed over the years. */
export function columnsOf<Column extends string>(
  header: string,
  line: number,
  wanted: Readonly<Record<Column, string>>,
): Columns<Column> {
  const names = header.split(",").map((name) => cell(name).replace(/（/g, "(").replace(/）/g, ")"));
  const index = Object.fromEntries(
    Object.entries<string>(wanted).map(([column, name]) => {
      const position = names.indexOf(name);
      if (position === -1) throw new StatementFault(line, `the column ${name} is missing`);
      if (names.lastIndexOf(name) !== position)
        throw new StatementFault(line, `the column ${name} is there twice`);
      return [column, position];
    }),
  ) as Record<Column, number>;
  return { index, count: names.length };
}

/** Cells that look like numbers carry a tab, so that a spreadsheet takes them for text. */
export function cell(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, "");
}
