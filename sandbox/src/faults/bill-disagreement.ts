import type { FaultContext } from "./model.ts";
import { type Fault, textParam } from "./model.ts";
import type { ArmedFaults } from "./service.ts";

/** The lines of a bill, and those that a fault moved to the next day's. */
export type BillLines<E> = { rows: E[]; movedToNextDay: E[] };

/** How a channel's lines are made wrong. */
export type BillTwists<E> = {
  kindOf: (entry: E) => "payment" | "refund" | "dispute";
  contextOf: (entry: E) => FaultContext;
  amountOff: (entry: E) => E;
  feeOff: (entry: E) => E;
  nextDay: (entry: E) => E;
  movedAlready: (entry: E) => boolean;
  /** Where the channel's lines name their currency, and their merchant. */
  otherCurrency?: (entry: E) => E;
  otherMerchant?: (entry: E) => E;
  /** A trade that nobody knows, looking like this one. */
  unknown: (like: E) => E;
};

/** The lines as the armed faults let the bill show them; `whole` is the context of the bill itself. */
export async function asFaultsShow<E>(
  armed: ArmedFaults,
  twists: BillTwists<E>,
  whole: FaultContext,
  entries: E[],
): Promise<BillLines<E>> {
  const shown: BillLines<E> = { rows: [], movedToNextDay: [] };
  const difference = (fault: Fault): string => textParam(fault, "difference");
  const isOf = (fault: Fault, entry: E): boolean =>
    ["any", twists.kindOf(entry)].includes(textParam(fault, "of"));
  for (const entry of entries) {
    const applies = (one: Fault): boolean =>
      isOf(one, entry) &&
      difference(one) !== "extra_row" &&
      canTwist(twists, difference(one)) &&
      !(difference(one) === "wrong_day" && twists.movedAlready(entry));
    const fault = await armed.take("bill_disagrees", twists.contextOf(entry), applies);
    const next = fault ? disagreeing(twists, entry, difference(fault)) : { rows: [entry], moved: [] };
    shown.rows.push(...next.rows);
    shown.movedToNextDay.push(...next.moved);
  }
  // A bill without a line that it could look like leaves it armed.
  const canLook = (one: Fault): boolean =>
    difference(one) === "extra_row" && entries.some((entry) => isOf(one, entry));
  const extra = await armed.take("bill_disagrees", whole, canLook);
  const like = extra && entries.findLast((entry) => isOf(extra, entry));
  if (extra && like) shown.rows.push(twists.unknown(like));
  return shown;
}

/** A fault that the channel's lines cannot show stays armed. */
function canTwist<E>({ otherCurrency, otherMerchant }: BillTwists<E>, difference: string): boolean {
  if (difference === "other_currency") return otherCurrency !== undefined;
  return difference !== "other_merchant" || otherMerchant !== undefined;
}

function disagreeing<E>(twists: BillTwists<E>, entry: E, difference: string): { rows: E[]; moved: E[] } {
  switch (difference) {
    case "missing_row":
      return { rows: [], moved: [] };
    case "duplicate_row":
      return { rows: [entry, entry], moved: [] };
    case "amount_off":
      return { rows: [twists.amountOff(entry)], moved: [] };
    case "fee_difference":
      return { rows: [twists.feeOff(entry)], moved: [] };
    case "other_currency":
      return { rows: [twists.otherCurrency?.(entry) ?? entry], moved: [] };
    case "other_merchant":
      return { rows: [twists.otherMerchant?.(entry) ?? entry], moved: [] };
    case "wrong_day":
      return { rows: [], moved: [twists.nextDay(entry)] };
    default:
      throw new Error(`there is no difference ${difference}`);
  }
}
