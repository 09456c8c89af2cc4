import type { StoreReader } from "../../store/index.ts";
import type { UnionpayDeps } from "../context.ts";
import { type Merchant, numberOf, type Order, orders, takenNumbers } from "../model.ts";
import type { Fields } from "../wire/fields.ts";
import type { Answer } from "../wire/message.ts";
import { UnionpayRefusal } from "../wire/resp-codes.ts";

/** A verified call of the gateway. */
export type Call = { method: string; merchant: Merchant; fields: Fields };

export type Path = "front" | "app" | "back" | "query" | "file";

/** One of the gateway's messages: where it is asked for, and by what it is told. */
export type MessageKind = {
  /** The name that faults know it by. */
  name: string;
  path: Path;
  txnType: string;
  txnSubType: string;
  bizTypes: readonly string[];
};

export type Operation = MessageKind & {
  /** The number of the order that it is about. */
  outTradeNoOf: (reader: StoreReader, call: Call) => Promise<string | null>;
  /** Carries the call out, in a transaction of its own. */
  carryOut: (deps: UnionpayDeps, call: Call) => Promise<Answer>;
};

/** The order number that the call itself brings. */
export async function ownOutTradeNo(_reader: StoreReader, call: Call): Promise<string | null> {
  return call.fields.params.orderId ?? null;
}

/** The order number behind origQryId, or origOrderId and origTxnTime. */
export async function originalOutTradeNo(reader: StoreReader, call: Call): Promise<string | null> {
  const found = await originalOf(reader, call).catch(() => undefined);
  return found?.orderId ?? null;
}

/** The merchant's order that a refund or void names. Ends the call when it names none or there is none. */
export async function originalOf(reader: StoreReader, { merchant, fields }: Call): Promise<Order> {
  const origQryId = fields.text("origQryId", 21);
  if (origQryId !== null) {
    const found = await reader.find(orders, "query_id", origQryId);
    if (found?.merId === merchant.merId) return found;
    throw new UnionpayRefusal("34");
  }
  if (!fields.params.origOrderId) throw new UnionpayRefusal("13", "origQryId");
  const txnTime = fields.time("origTxnTime");
  const id = numberOf(merchant.merId, fields.orderId("origOrderId"), txnTime);
  const found = await reader.get(orders, id);
  if (found?.txnTime === txnTime) return found;
  throw new UnionpayRefusal("34");
}

/** The order behind the call's orderId and txnTime, be it of the order itself or of what followed it. */
export async function orderBehind(reader: StoreReader, call: Call): Promise<Order | undefined> {
  const { merchant, fields } = call;
  const id = numberOf(merchant.merId, fields.orderId(), fields.time("txnTime"));
  const taken = await reader.get(takenNumbers, id);
  return taken && reader.get(orders, taken.orderRecord);
}
