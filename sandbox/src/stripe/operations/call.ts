import type { StoreReader } from "../../store/index.ts";
import type { Locked, Work } from "../context.ts";
import { lockOrder } from "../context.ts";
import { orderNoOf } from "../ids.ts";
import { type Account, type Name, type NameKind, names, orders } from "../model.ts";
import type { View } from "../views.ts";
import type { Tree } from "../wire/form.ts";
import type { Params } from "../wire/params.ts";
import { missing } from "../wire/refusals.ts";

/** A call that was let in, in the transaction in which it is carried out. */
export type Call = {
  account: Account;
  unit: Work;
  params: Params;
  /** The id in the path, where there is one. */
  id: string;
  url: string;
};

export type Carried = { status: number; body: View };

export type Operation = {
  verb: "GET" | "POST" | "DELETE";
  path: string;
  /** What faults call it. */
  name: string;
  /** Refuses by throwing a StripeRefusal, before it has written anything. */
  carryOut: (call: Call) => Promise<Carried>;
};

export const done = (body: View): Carried => ({ status: 200, body });

const what: Record<NameKind, string> = {
  session: "checkout.session",
  intent: "payment_intent",
  charge: "charge",
  refund: "refund",
  dispute: "dispute",
};

/** The account's own name for an object of this kind; refuses others' as unknown. */
export async function nameOr404(call: Call, kind: NameKind, id: string, param = "id"): Promise<Name> {
  const name = await call.unit.tx.get(names, id);
  if (name && name.kind === kind && name.accountId === call.account.id) return name;
  throw missing(what[kind], id, param);
}

/** The order behind an object of the account, locked and as it is now. */
export async function lockNamed(call: Call, kind: NameKind, id = call.id, param = "id"): Promise<Locked> {
  const name = await nameOr404(call, kind, id, param);
  return (await lockOrder(call.unit, name.orderId))!;
}

/** The merchant's number of the order that a call is about, for faults to match. */
export async function orderNoIn(
  reader: StoreReader,
  id: string | undefined,
  tree: Tree,
): Promise<string | null> {
  for (const given of [id, tree.get("payment_intent"), tree.get("charge"), tree.get("source")]) {
    if (typeof given !== "string") continue;
    const name = await reader.get(names, given);
    const order = name && (await reader.get(orders, name.orderId));
    if (order) return order.orderNo;
  }
  const reference = tree.get("client_reference_id");
  const data = tree.get("payment_intent_data");
  const inner = data instanceof Map ? data.get("metadata") : undefined;
  const told = [tree.get("metadata"), inner].map((one) => textsOf(one));
  return orderNoOf(typeof reference === "string" ? reference : null, ...told);
}

function textsOf(value: unknown): Record<string, string> {
  if (!(value instanceof Map)) return {};
  const texts = [...(value as Tree)].filter((one): one is [string, string] => typeof one[1] === "string");
  return Object.fromEntries(texts);
}
