import type { StoreReader } from "../store/index.ts";
import { findDispute } from "./machine/dispute.ts";
import { findRefund } from "./machine/refund.ts";
import { movements, names, orders } from "./model.ts";
import { movementsOf } from "./tell.ts";
import {
  type View,
  viewCharge,
  viewDispute,
  viewIntent,
  viewMovement,
  viewPayout,
  viewRefund,
  viewSession,
} from "./views.ts";
import { invalid } from "./wire/refusals.ts";

const depthMax = 4;
const pathsMax = 20;

/** Replaces the ids that the paths name by their objects, as `expand[]` asks. */
export async function expand(
  reader: StoreReader,
  view: View,
  paths: readonly string[],
  url: string,
): Promise<View> {
  if (paths.length > pathsMax) throw invalid("expand", `At most ${pathsMax} paths can be expanded.`);
  for (const path of paths) {
    const steps = path.split(".");
    if (steps.length > depthMax) throw invalid("expand", `You cannot expand more than ${depthMax} levels.`);
    await expandPath({ reader, url, path }, view, steps);
  }
  return view;
}

/** Stripe's object under this id of whatever kind; undefined when there is none. */
export async function objectOf(reader: StoreReader, id: string, url: string): Promise<View | undefined> {
  if (id.startsWith("txn_")) {
    const movement = await reader.get(movements, id);
    return movement && viewMovement(movement);
  }
  const name = await reader.get(names, id);
  const order = name && (await reader.get(orders, name.orderId));
  if (!order) return undefined;
  switch (name.kind) {
    case "session":
      return viewSession(order, url);
    case "intent":
      return viewIntent(order, url);
    case "charge":
      return viewCharge(order, order.charges.find((charge) => charge.id === id)!);
    case "refund":
      return viewRefund(order, findRefund(order, id)!);
    case "dispute": {
      const dispute = findDispute(order, id)!;
      return viewDispute(order, dispute, await movementsOf(reader, dispute.movementIds));
    }
  }
}

/** Left out of an object where there is none, and expanded without complaint. */
const optional: ReadonlySet<string> = new Set(["failure_balance_transaction"]);

type Expansion = { reader: StoreReader; url: string; path: string };

async function expandPath(expansion: Expansion, at: View, steps: readonly string[]): Promise<void> {
  const [step, ...rest] = steps;
  const value = at[step ?? ""];
  if (step === undefined || value === null || (value === undefined && optional.has(step))) return;
  if (step === "line_items" && at.object === "checkout.session") return;
  if (Array.isArray(value)) {
    for (const one of value as View[]) await expandPath(expansion, one, rest);
    return;
  }
  const known =
    typeof value === "string"
      ? await objectOf(expansion.reader, value, expansion.url)
      : (value as View | undefined);
  const next = known ?? strangerOf(at, step);
  if (next === undefined || typeof next !== "object") {
    const message = `This property cannot be expanded (${expansion.path}).`;
    throw invalid("expand", message, "property_cannot_be_expanded");
  }
  at[step] = next;
  await expandPath(expansion, next, rest);
}

const strangers: Record<string, string> = { ch_: "charge", re_: "refund", dp_: "dispute" };

/**
 * A payout, which is kept as its balance transaction alone; or what stands behind a line that a fault has put
 * into the balance: something that nobody here knows.
 */
function strangerOf(at: View, step: string): View | undefined {
  const { source, amount, created, currency } = at;
  if (at.object !== "balance_transaction" || step !== "source" || typeof source !== "string")
    return undefined;
  if (at.type === "payout") return viewPayout(at);
  const object = strangers[source.slice(0, 3)];
  const size = typeof amount === "number" && amount < 0 ? -amount : amount;
  return object === undefined
    ? undefined
    : { id: source, object, amount: size, created, currency, metadata: {}, payment_intent: null };
}
