/** What the contract says of the cost that a break is about: by its order, or by the line's date. */
import type { CostClause, Fees } from "../../fees/index.ts";
import type { Cell } from "../../kernel/database.ts";
import type { Break } from "./model.ts";
import { pricedOrder } from "./reading.ts";
import { lineOf } from "./rows.ts";

export type CostsDeps = { readonly cell: Cell; readonly fees: Pick<Fees, "costClausesOf"> };

/**
 * The rule and version that priced the break's order. Where nothing has priced it, or no order is known, each
 * rule that was in force on its date and may have. None where the money never passes us: the channel charges
 * the merchant itself.
 */
export async function costsOf({ cell, fees }: CostsDeps, about: Break): Promise<readonly CostClause[]> {
  if (about.memo) return [];
  const order = about.attemptId === null ? null : await pricedOrder(cell.db, about.attemptId);
  if (order !== null && order.costRule !== null) {
    const priced = { rule: order.costRule, version: Number(order.costRuleVersion) };
    return fees.costClausesOf(about.channelAccountId, priced);
  }
  return fees.costClausesOf(about.channelAccountId, {
    currency: about.currency,
    method: order?.method ?? null,
    date: about.channelDate,
    at: lineOf(about.theirs, { at: about.foundAt })?.finishedAt ?? about.foundAt,
  });
}
