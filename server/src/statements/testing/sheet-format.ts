import assert from "node:assert/strict";
import { type CellValue, writeXlsx } from "hucre/xlsx";
import { orFault } from "../../channels/index.ts";
import type { Mapping } from "../mapping/model.ts";
import { readMapped } from "../mapping/read.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { mutateBytes } from "./mutate.ts";
import { isRefusal, type Target } from "./refusal.ts";

const DAY = "2026-11-19";
const of = { account: "M1", statementDate: DAY };

/** Sales as a workbook: dates are the workbook's own, figures are numbers. */
export const SHEET: Mapping = {
  kind: "sales",
  format: "xlsx",
  columns: { number: "Order", at: "Time", amount: "Amount", fee: "Commission", text: "Note" },
  currency: "CNY",
  date_format: "yyyy-MM-dd",
  trailer: { marker: "Total", count: 2, amount: 3 },
};

type Sheet = CellValue[][];

function sampleOf(chance: Chance): Sheet {
  let sum = 0;
  const rows = Array.from({ length: 2 + chance.upTo(5) }, (_, index) => {
    const fen = 1 + chance.upTo(300_000);
    sum += fen;
    const at = new Date(Date.UTC(2026, 10, 19, 8 + index, chance.upTo(60)));
    return [
      `M${chance.upTo(1_000_000)}`,
      at,
      fen / 100,
      Math.trunc(fen / 10) / 100,
      chance.pick(["", "茶", "a,b"]),
    ];
  });
  return [
    ["Order", "Time", "Amount", "Commission", "Note"],
    ...rows,
    ["Total", rows.length, sum / 100, null, null],
  ];
}

const bytesOf = async (rows: Sheet) => Buffer.from(await writeXlsx({ sheets: [{ name: "Sales", rows }] }));

/** Workbooks are damaged as archives, and cell by cell; what is read of them is held against the cells. */
export const sheetFormat: Target = {
  name: "sales XLSX",
  run: async (seed) => {
    const chance = chanceOf(seed);
    const rows = sampleOf(chance);
    const original = await bytesOf(rows);
    const whole = await orFault(() => readMapped(SHEET, of, original));
    assert.ok(!isRefusal(whole, "undamaged"), "its own layout is refused");
    assert.equal(whole.rows.length, rows.length - 2);
    if (chance.upTo(2) === 0) {
      const { what, bytes } = mutateBytes(original, chance);
      const read = await orFault(() => readMapped(SHEET, of, bytes));
      if (isRefusal(read, what)) return "refused";
      assert.deepEqual(read, whole, `${what}: it is read otherwise`);
      return "read";
    }
    const { what, changed } = mutateSheet(rows, chance);
    const bytes = await bytesOf(changed);
    const read = await orFault(() => readMapped(SHEET, of, bytes));
    if (isRefusal(read, what)) return "refused";
    for (const { line, number, amount } of read.rows) {
      const [order, , figure] = changed[line - 1] ?? [];
      assert.equal(String(order).trim(), number, `${what}: line ${line}`);
      assert.equal(BigInt(Math.round(Number(figure) * 100)), amount, `${what}: line ${line}`);
    }
    return "read";
  },
};

function mutateSheet(rows: Sheet, chance: Chance): { readonly what: string; readonly changed: Sheet } {
  const at = chance.upTo(rows.length);
  const row = rows[at] ?? [];
  const cell = chance.upTo(5);
  switch (chance.upTo(4)) {
    case 0:
      return { what: `row ${at + 1} dropped`, changed: rows.toSpliced(at, 1) };
    case 1:
      return { what: `row ${at + 1} doubled`, changed: rows.toSpliced(at, 0, row) };
    case 2: {
      const value = chance.pick<CellValue>([null, "x", -1, 0.1 + 0.2, 1e21, true, new Date(0), "12.34", " "]);
      return {
        what: `cell ${cell + 1} of row ${at + 1} is ${String(value)}`,
        changed: rows.with(at, row.with(cell, value)),
      };
    }
    default:
      return { what: `row ${at + 1} moved`, changed: [...rows.toSpliced(at, 1), row] };
  }
}
