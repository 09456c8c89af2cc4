/** What the report says of claims on channels. Pure. */
import { dateIn } from "../kernel/clock.ts";
import { moneyText } from "../kernel/money.ts";
import type { ExcessClaims, FiledClaims } from "../reconciliation/index.ts";

/**
 * A sentence for each currency in which channels have not answered, and for each in which they have paid
 * beyond what the books take. @param timeZone of the operator's business days
 */
export function claimNotes(
  { filed, excess }: { readonly filed: readonly FiledClaims[]; readonly excess: readonly ExcessClaims[] },
  timeZone: string,
): string[] {
  const unanswered = filed.map(({ currency, count, amount, oldestFiledAt }) => {
    const since = dateIn(timeZone, oldestFiledAt);
    const sum = moneyText({ amount, currency });
    return count === 1
      ? `1 claim on a channel is filed and not answered: ${sum}, since ${since}.`
      : `${count} claims on channels are filed and not answered: ${sum} in all, the oldest since ${since}.`;
  });
  const beyond = excess.map(({ currency, count, amount }) => {
    const sum = moneyText({ amount, currency });
    const of = count === 1 ? "a claim" : `${count} claims`;
    return `Upon ${of} channels have paid ${sum} beyond what is left of the breaks: correct what was paid.`;
  });
  return [...unanswered, ...beyond];
}
