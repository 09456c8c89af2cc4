import { randomDigits, type SandboxRandom } from "../../clock.ts";
import { type ArmedFaults, type Fault, textParam } from "../../faults/index.ts";
import type { BookEntry } from "../model.ts";
import { dayMs } from "../wire/time.ts";

/** The lines of a bill, and those that a fault moved to the next day's. */
export type BillLines = { rows: BookEntry[]; movedToNextDay: BookEntry[] };

/** The lines as the armed faults let the bill show them. */
export async function asFaultsShow(
  armed: ArmedFaults,
  random: SandboxRandom,
  appId: string,
  entries: BookEntry[],
): Promise<BillLines> {
  const shown: BillLines = { rows: [], movedToNextDay: [] };
  const difference = (fault: Fault): string => textParam(fault, "difference");
  for (const entry of entries) {
    const context = { outTradeNo: entry.outTradeNo, appId: entry.appId, method: "bill" };
    const applies = (one: Fault): boolean =>
      difference(one) !== "extra_row" && !(difference(one) === "wrong_day" && movedAlready(entry));
    const fault = await armed.take("bill_disagrees", context, applies);
    const next = fault ? disagreeing(entry, difference(fault)) : { rows: [entry], moved: [] };
    shown.rows.push(...next.rows);
    shown.movedToNextDay.push(...next.moved);
  }
  const context = { outTradeNo: null, appId, method: "bill" };
  const extra = await armed.take("bill_disagrees", context, (one) => difference(one) === "extra_row");
  const like = entries.at(-1);
  if (extra && like) shown.rows.push(unknownTrade(like, random));
  return shown;
}

function disagreeing(entry: BookEntry, difference: string): { rows: BookEntry[]; moved: BookEntry[] } {
  switch (difference) {
    case "missing_row":
      return { rows: [], moved: [] };
    case "duplicate_row":
      return { rows: [entry, entry], moved: [] };
    case "amount_off":
      return { rows: [{ ...entry, total: entry.total + 1n, receipt: entry.receipt + 1n }], moved: [] };
    case "fee_difference":
      return { rows: [{ ...entry, fee: entry.fee + 1n }], moved: [] };
    case "wrong_day":
      return { rows: [], moved: [nextDay(entry)] };
    default:
      throw new Error(`there is no difference ${difference}`);
  }
}

/** Begun at the end of one day and finished at the beginning of the next. */
function nextDay(entry: BookEntry): BookEntry {
  const dayStart = Date.parse(`${entry.date}T00:00:00+08:00`);
  const finishedAt = new Date(dayStart + dayMs);
  const date = new Date(dayStart + dayMs + dayMs / 3).toISOString().slice(0, 10);
  return { ...entry, date, createdAt: new Date(finishedAt.getTime() - 1_000), finishedAt };
}

function movedAlready(entry: BookEntry): boolean {
  return entry.finishedAt.getTime() === Date.parse(`${entry.date}T00:00:00+08:00`);
}

function unknownTrade(like: BookEntry, random: SandboxRandom): BookEntry {
  const tradeNo = `${like.tradeNo.slice(0, 13)}${randomDigits(random, 15)}`;
  return { ...like, tradeNo, outTradeNo: `X${randomDigits(random, 20)}` };
}
