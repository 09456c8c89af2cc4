/** What the report says of claims on channels. Pure. */
import { moneyText } from "../kernel/money.ts";
import type { OpenClaims } from "../reconciliation/index.ts";

/** A sentence for each currency in which channels have not answered. */
export function claimNotes(open: readonly OpenClaims[]): string[] {
  return open.map(({ currency, count, amount, oldestFiledAt }) => {
    const since = oldestFiledAt.toISOString().slice(0, 10);
    const sum = moneyText({ amount, currency });
    return count === 1
      ? `1 claim on a channel is open: ${sum}, filed on ${since}.`
      : `${count} claims on channels are open: ${sum} in all, the oldest filed on ${since}.`;
  });
}
