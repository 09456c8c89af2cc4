/** What is wrong with terms that an operator proposes, each fault with its field and its remedy. Pure. */
import { RATE_ONE } from "../kernel/money.ts";
import type { Rule, Schedule, Share, Terms } from "./model.ts";

export type Fault = { readonly field: string; readonly detail: string };

/** The first fault of terms for a schedule; null: none. Fields are below `terms`. */
export function faultOf(terms: Terms, { kind, method }: Pick<Schedule, "kind" | "method">): Fault | null {
  return (
    faultOfRules(terms.rules) ?? faultOfShares(terms.shares, kind) ?? faultOfMinimum(terms, kind, method)
  );
}

function fault(field: string, detail: string): Fault {
  return { field: `terms.${field}`, detail };
}

function faultOfRules(rules: readonly Rule[]): Fault | null {
  for (const [index, rule] of rules.entries()) {
    const at = `rules.${index}`;
    if (rules.findIndex(({ cardType }) => cardType === rule.cardType) < index) {
      return fault(
        `${at}.card_type`,
        `there are two rules for ${rule.cardType ?? "all other cards"}; leave one`,
      );
    }
    const found = faultOfTiers(rule, `${at}.tiers`);
    if (found !== null) return found;
    if (rule.cap !== null && rule.cap < rule.minimum) {
      return fault(
        `${at}.cap`,
        `the cap ${rule.cap} is below the minimum ${rule.minimum}; raise it or lower that`,
      );
    }
  }
  if (rules.some(({ cardType }) => cardType === null)) return null;
  return fault("rules", "add a rule without a card type: a channel may not tell what card paid");
}

function faultOfTiers({ tiers }: Rule, at: string): Fault | null {
  for (const [index, { from }] of tiers.entries()) {
    const before = tiers[index - 1];
    if (before === undefined && from !== 0n) {
      return fault(
        `${at}.0.from`,
        `the first tier begins at 0, not at ${from}: smaller amounts would have none`,
      );
    }
    if (before !== undefined && from <= before.from) {
      return fault(
        `${at}.${index}.from`,
        `it overlaps the tier before: ${from} is not above ${before.from}; put them in ascending order`,
      );
    }
  }
  return null;
}

function faultOfShares(shares: readonly Share[], kind: Schedule["kind"]): Fault | null {
  if (kind === "cost" && shares.length > 0) {
    return fault("shares", "a channel's cost is not shared; put the shares into the merchant's schedule");
  }
  for (const [index, { party }] of shares.entries()) {
    if (shares.findIndex((share) => share.party === party) < index) {
      return fault(`shares.${index}.party`, `${party} has two shares; add them up`);
    }
  }
  const sum = shares.reduce((total, { rateMillionths }) => total + rateMillionths, 0n);
  if (sum <= RATE_ONE) return null;
  return fault(
    "shares",
    `the shares are ${sum} millionths of the fee together; at most ${RATE_ONE} can be given`,
  );
}

function faultOfMinimum(
  { monthlyMinimum }: Terms,
  kind: Schedule["kind"],
  method: string | null,
): Fault | null {
  if (monthlyMinimum === null) return null;
  if (kind === "fee")
    return fault("monthly_minimum", "only a channel's cost has a monthly minimum; leave it out");
  if (method === null) return null;
  return fault("monthly_minimum", "it is the whole account's: put it into the schedule of all methods");
}
