/** How the story looks: colours and a moving line on a terminal, plain text anywhere else. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

export type Column = { readonly title: string; readonly side?: "left" | "right" };

export type Terminal = {
  /** Colours a text where colours are shown. */
  paint(style: Style, text: string): string;
  line(text?: string): void;
  chapter(title: string): void;
  /** A short paragraph, wrapped. */
  tell(text: string): void;
  /** A named scene inside a chapter. */
  scene(title: string): void;
  /** Something that was expected and happened. */
  done(text: string): void;
  fact(label: string, value: string): void;
  /** Lines as they came from elsewhere: a document, another program's output. */
  quote(lines: readonly string[]): void;
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** A table whose rows are written one by one, as they happen. */
  growing(columns: readonly (Column & { readonly width: number })[]): (cells: readonly string[]) => void;
  /** Shows that something takes its time; the answer ends it. On plain output nothing is shown. */
  wait(what: string): () => void;
};

const WIDTH_MAX = 100;
const WIDTH_MIN = 60;
const INDENT = "  ";
const LABEL_WIDTH = 20;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 90;

type Stream = NodeJS.WriteStream;

export function createTerminal(stream: Stream): Terminal {
  // Some terminals say that they have no columns.
  const width = Math.max(WIDTH_MIN, Math.min(stream.columns || WIDTH_MAX, WIDTH_MAX));
  const paint = (style: Style, text: string) => styleText(style, text, { stream });
  const line = (text = "") => void stream.write(`${text}\n`);
  let chapters = 0;
  return {
    paint,
    line,
    chapter: (title) => {
      chapters += 1;
      const head = `${chapters}  ${title} `;
      line();
      line(`${paint(["bold", "cyan"], head)}${paint("dim", "─".repeat(Math.max(0, width - head.length)))}`);
      line();
    },
    tell: (text) => {
      for (const each of wrap(text, width - INDENT.length)) line(INDENT + each);
      line();
    },
    scene: (title) => line(INDENT + paint("bold", title)),
    done: (text) => {
      const [first = "", ...rest] = wrap(text, width - INDENT.length - 2);
      line(`${INDENT}${paint("green", "✓")} ${first}`);
      for (const each of rest) line(`${INDENT}  ${each}`);
    },
    fact: (label, value) => {
      const [first = "", ...rest] = value.split("\n");
      line(`${INDENT}${paint("dim", label.padEnd(LABEL_WIDTH))}${first}`);
      for (const each of rest) line(INDENT + " ".repeat(LABEL_WIDTH) + each);
    },
    quote: (lines) => {
      for (const each of lines) line(`${INDENT}${paint("dim", "│")} ${each}`);
    },
    table: (columns, rows) => {
      for (const each of tabulate(columns, rows, (text) => paint("dim", text))) line(INDENT + each);
    },
    growing: (columns) => {
      const widths = columns.map(({ width: wanted }) => wanted);
      line(INDENT + paint("dim", row(columns, widths, titlesOf(columns))));
      return (cells) => line(INDENT + row(columns, widths, cells));
    },
    wait: (what) => (stream.isTTY ? spin(stream, (text) => paint("dim", text), what) : () => {}),
  };
}

/** Redraws one line until it is told to stop, and leaves nothing behind. */
function spin(stream: Stream, paint: (text: string) => string, what: string): () => void {
  const startedAt = performance.now();
  let frame = 0;
  const draw = () => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    stream.write(`\r\u001b[2K${INDENT}${FRAMES[frame % FRAMES.length]} ${paint(`${what} ${seconds} s`)}`);
    frame += 1;
  };
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    if (frame > 0) stream.write("\r\u001b[2K");
  };
}

function tabulate(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  dim: (text: string) => string,
): string[] {
  const widths = columns.map(({ title }, at) =>
    Math.max(visible(title), ...rows.map((cells) => visible(cells[at] ?? ""))),
  );
  const titled = columns.some(({ title }) => title !== "");
  const head = titled ? [dim(row(columns, widths, titlesOf(columns)))] : [];
  return [...head, ...rows.map((cells) => row(columns, widths, cells))];
}

function titlesOf(columns: readonly Column[]): readonly string[] {
  return columns.map(({ title }) => title);
}

function row(columns: readonly Column[], widths: readonly number[], cells: readonly string[]): string {
  const padded = cells.map((cell, at) => {
    const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - visible(cell)));
    return columns[at]?.side === "right" ? space + cell : cell + space;
  });
  return padded.join("  ").trimEnd();
}

function visible(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/ +/)) {
    if (current !== "" && visible(current) + 1 + visible(word) > width) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
