import { deflateSync } from "node:zlib";
import { archiveOf, statementOf } from "../bill/service.ts";
import { answer } from "../wire/message.ts";
import { UnionpayRefusal } from "../wire/resp-codes.ts";
import { clearingDate, settleDate } from "../wire/time.ts";
import type { Operation } from "./call.ts";

/** 76/01: the statement of a clearing day, in fileContent: the base64 of a deflated ZIP. 98 is none. */
export const file: Operation = {
  name: "file",
  path: "file",
  txnType: "76",
  txnSubType: "01",
  bizTypes: ["000000"],
  outTradeNoOf: async () => null,
  carryOut: async (deps, { merchant, fields }) => {
    fields.time("txnTime");
    fields.oneOf("fileType", ["00"]);
    const asked = fields.shaped("settleDate", /^\d{4}$/);
    const date = dateOf(asked, clearingDate(deps.clock.now()));
    if (!date) throw new UnionpayRefusal("10", "settleDate");
    const statement = await statementOf(deps, merchant, date);
    if (!statement) throw new UnionpayRefusal("98");
    return answer("00", {
      settleDate: settleDate(date),
      fileName: `${merchant.merId}_${date.replaceAll("-", "")}.zip`,
      fileContent: deflateSync(archiveOf(statement)).toString("base64"),
    });
  },
};

/** The last clearing day with this MMDD; undefined when no year has it. */
function dateOf(monthDay: string, today: string): string | undefined {
  const year = Number(today.slice(0, 4));
  // 29 February comes back after eight years at most.
  for (let back = 0; back <= 8; back += 1) {
    const date = `${year - back}-${monthDay.slice(0, 2)}-${monthDay.slice(2)}`;
    const exists = new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date) ?? false;
    if (exists && date <= today) return date;
  }
  return undefined;
}
