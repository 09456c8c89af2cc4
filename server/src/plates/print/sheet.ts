import type { Clock } from "../../kernel/clock.ts";
import { groupedCode } from "../code.ts";
import type { Plate, PlateBatch } from "../model.ts";
import { drawCode } from "./drawing.ts";
import { A4, newCanvas, pdfOf } from "./pdf.ts";

const COLUMNS = 3;
const ROWS = 4;
const PER_PAGE = COLUMNS * ROWS;
/** No printer prints to the edge: 10 mm. */
const MARGIN = 28.35;
const CELL = { width: (A4.width - 2 * MARGIN) / COLUMNS, height: (A4.height - 2 * MARGIN) / ROWS };
/** 49 mm with its frame: a module of a version 4 code is 1.2 mm, read from an arm's length. */
const CODE_SIDE = 139;
const NUMBER_DIGITS = 4;

/**
 * A batch for the printer: twelve plates on an A4 page, each with its number and code in print, for whoever
 * binds it later or must type it. Labels are ASCII: no font is embedded.
 *
 * Drawing takes a millisecond or two a code; other requests are answered between the pages.
 */
export async function sheetOf(
  clock: Pick<Clock, "turn">,
  batch: PlateBatch,
  plates: readonly Plate[],
  urlOf: (plate: Pick<Plate, "code">) => string,
): Promise<Buffer> {
  const pages: string[] = [];
  for (let at = 0; at < plates.length; at += PER_PAGE) {
    pages.push(pageOf(batch, plates.slice(at, at + PER_PAGE), urlOf));
    await clock.turn?.();
  }
  return pdfOf(batch.label, pages);
}

function pageOf(
  batch: PlateBatch,
  plates: readonly Plate[],
  urlOf: (plate: Pick<Plate, "code">) => string,
): string {
  const canvas = newCanvas();
  for (let column = 0; column <= COLUMNS; column += 1) {
    const x = MARGIN + column * CELL.width;
    canvas.line(x, MARGIN, x, A4.height - MARGIN);
  }
  for (let row = 0; row <= ROWS; row += 1) {
    const y = MARGIN + row * CELL.height;
    canvas.line(MARGIN, y, A4.width - MARGIN, y);
  }
  plates.forEach((plate, index) => {
    const left = MARGIN + (index % COLUMNS) * CELL.width;
    const top = A4.height - MARGIN - Math.floor(index / COLUMNS) * CELL.height;
    const codeLeft = left + (CELL.width - CODE_SIDE) / 2;
    canvas.mask(codeLeft, top - CODE_SIDE - 12, CODE_SIDE, drawCode(urlOf(plate)).rows);
    const number = `No. ${String(plate.number).padStart(NUMBER_DIGITS, "0")}`;
    canvas.text(codeLeft + 12, top - CODE_SIDE - 22, 10, number);
    canvas.text(codeLeft + 12, top - CODE_SIDE - 35, 9, groupedCode(plate.code));
    canvas.text(codeLeft + 12, top - CODE_SIDE - 46, 7, batch.label.slice(0, 40));
  });
  return canvas.content();
}
