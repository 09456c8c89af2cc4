/**
 * A decision in the few words that are kept with its order. One account and nothing against any: `only`.
 * Otherwise what chose, the place in the order, and what was put aside and why:
 * `rule rul_…@3 weights 1/2; cha_… circuit_open; cha_… not_in_rule rul_…`.
 */
import { formatId, type Id } from "../kernel/ids.ts";
import type { Put } from "./model.ts";
import type { Routed } from "./route.ts";

/** Beyond this the rest is only counted: the text stands on every order. */
const PUT_SHOWN_MAX = 8;

/** @param place of the account in the decision's order, from 0. `because`: why not the one before. */
export function decisionText(routed: Routed, place: number, because: string | null = null): string {
  const { order, put, rule, strategy, lastResort } = routed;
  const by = rule === null ? strategy : `rule ${formatId("rul", rule.id)}@${rule.version} ${strategy}`;
  const plain = order.length === 1 && put.length === 0 && rule === null && !lastResort && because === null;
  if (plain) return "only";
  const parts = [`${by} ${place + 1}/${order.length}`];
  if (lastResort) parts.push("last_resort");
  if (because !== null) parts.push(because);
  for (const one of put.slice(0, PUT_SHOWN_MAX)) parts.push(putText(one));
  if (put.length > PUT_SHOWN_MAX) parts.push(`and ${put.length - PUT_SHOWN_MAX} more`);
  return parts.join("; ");
}

export function putText({ accountId, reason, ruleId }: Put): string {
  return `${accountText(accountId)} ${reason}${ruleId === null ? "" : ` ${formatId("rul", ruleId)}`}`;
}

export function accountText(accountId: Id): string {
  return formatId("cha", accountId);
}
