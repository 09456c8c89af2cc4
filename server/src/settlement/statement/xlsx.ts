import type { Row } from "write-excel-file/node";
import type { Statement } from "./model.ts";
import { HEAD, nameOf, rowsOf } from "./table.ts";

/** A spreadsheet: amounts are numbers in the major unit, so that they can be summed there. */
export async function xlsxOf(statement: Statement): Promise<Buffer> {
  const { merchant, currency, from, to } = statement;
  const text = (value: string, isBold = false) => ({
    value,
    type: String,
    ...(isBold ? { fontWeight: "bold" as const } : {}),
  });
  const digits = rowsOf(statement)[0]?.amounts[0].split(".")[1]?.length ?? 0;
  const format = digits === 0 ? "#,##0" : `#,##0.${"0".repeat(digits)}`;
  const rows: Row[] = [
    [text(merchant, true)],
    [text(`${from} – ${to}`), text(currency)],
    [],
    HEAD.map((title) => text(title, true)),
    ...rowsOf(statement).map(({ account, date, amounts }): Row => {
      const isTotal = date === "total";
      const cells = amounts.map((amount) => ({
        value: Number(amount),
        type: Number,
        format,
        ...(isTotal ? { fontWeight: "bold" as const } : {}),
      }));
      return [text(nameOf(account), isTotal), text(date, isTotal), ...cells];
    }),
  ];
  const columns = [{ width: 28 }, { width: 12 }, ...[1, 2, 3, 4].map(() => ({ width: 16 }))];
  const { default: writeXlsxFile } = await import("write-excel-file/node");
  return writeXlsxFile(rows, { sheet: "Statement", columns }).toBuffer();
}
