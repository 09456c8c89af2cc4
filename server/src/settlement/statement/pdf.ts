import { type FontFile, fontFiles, trueType } from "./font.ts";
import type { Statement } from "./model.ts";
import { HEAD, nameOf, rowsOf } from "./table.ts";

const MARGIN = 40;
const LINE_HEIGHT = 16;
const BOTTOM = 800;
/** Left edges of the two text columns, right edges of the four amounts. */
const TEXT_AT = [MARGIN, 190] as const;
const AMOUNTS_UP_TO = [310, 390, 470, 555] as const;

/** A4 pages with every date of every account. @param madeAt stands in the file as its date. */
export async function pdfOf(statement: Statement, madeAt: Date): Promise<Buffer> {
  const { merchant, currency, from, to } = statement;
  const rows = rowsOf(statement);
  const title = `${merchant} 对账单 Statement`;
  const period = `${from} – ${to} ${currency}`;
  const texts = [title, period, ...HEAD, ...rows.flatMap(({ account, date }) => [nameOf(account), date])];
  const pen = await penFor(texts.join(""), { Title: title, CreationDate: madeAt });
  pen.text(title, MARGIN, MARGIN, 15);
  pen.text(period, MARGIN, MARGIN + 24, 10);
  let y = MARGIN + 52;
  pen.row(HEAD[0], HEAD[1], HEAD.slice(2), y);
  for (const { account, date, amounts } of rows) {
    y += LINE_HEIGHT;
    if (y > BOTTOM) {
      pen.page();
      y = MARGIN;
    }
    pen.row(nameOf(account), date, amounts, y);
    if (date === "total") {
      pen.rule(y + LINE_HEIGHT);
      y += LINE_HEIGHT / 2;
    }
  }
  return pen.end();
}

type Run = { readonly name: string; text: string };

async function penFor(all: string, info: { Title: string; CreationDate: Date }) {
  const files = fontFiles();
  // Read when somebody asks: a process that draws nothing starts without it.
  const { default: PDFDocument } = await import("pdfkit");
  const doc = new PDFDocument({ size: "A4", margin: MARGIN, info });
  const chunks: Buffer[] = [];
  doc.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve) => {
    doc.on("end", resolve);
  });
  for (const { name } of runsOf(all, files).filter((run, at, runs) => firstOf(runs, run) === at)) {
    doc.registerFont(name, await trueType(name));
  }
  const widthOf = (runs: readonly Run[]) =>
    runs.reduce((sum, { name, text }) => sum + doc.font(name).widthOfString(text), 0);
  const draw = (runs: readonly Run[], x: number, y: number) => {
    let at = x;
    for (const { name, text } of runs) {
      doc.font(name).text(text, at, y, { lineBreak: false });
      at += doc.widthOfString(text);
    }
  };
  const write = (text: string, x: number, y: number, size: number) => {
    doc.fontSize(size);
    draw(runsOf(text, files), x, y);
  };
  const writeUpTo = (text: string, right: number, y: number) => {
    doc.fontSize(9);
    const runs = runsOf(text, files);
    draw(runs, right - widthOf(runs), y);
  };
  return {
    text: write,
    row: (name: string, date: string, amounts: readonly string[], y: number) => {
      write(name, TEXT_AT[0], y, 9);
      write(date, TEXT_AT[1], y, 9);
      AMOUNTS_UP_TO.forEach((right, index) => {
        writeUpTo(amounts[index] ?? "", right, y);
      });
    },
    rule: (y: number) => {
      doc.moveTo(MARGIN, y).lineTo(AMOUNTS_UP_TO[3], y).lineWidth(0.4).strokeColor("#999999").stroke();
    },
    page: () => {
      doc.addPage();
    },
    end: async () => {
      doc.end();
      await ended;
      return Buffer.concat(chunks);
    },
  };
}

function firstOf(runs: readonly Run[], run: Run): number {
  return runs.findIndex(({ name }) => name === run.name);
}

/** Text cut where another of the font's files takes over; what none has is a question mark. */
function runsOf(text: string, files: readonly FontFile[]): Run[] {
  const runs: Run[] = [];
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const name = files.find((file) => file.covers(codePoint))?.name;
    const [known, shown] = name === undefined ? ["latin", "?"] : [name, character];
    const last = runs.at(-1);
    if (last?.name === known) last.text += shown;
    else runs.push({ name: known, text: shown });
  }
  return runs;
}
