import { afterwards, finish, unsent } from "../exchanges.ts";
import type {
  Call,
  ChannelContext,
  ChannelDeps,
  NewOrder,
  Operation,
  Order,
  ReversalOutcome,
  TradeOutcome,
} from "../port.ts";
import { credentialsOf } from "./gateway.ts";
import { callV2 } from "./v2-gateway.ts";
import { reversalOf, reversalOfTrade, tradeOfMicropay, tradeOfOrderQuery, v2ProofOf } from "./v2-outcomes.ts";
import { micropayRequest, orderQueryRequest, reverseRequest } from "./v2-requests.ts";
import { refuseAccount } from "./validation.ts";

// The buyer's code, charged by us: by API v2, for v3 has no such call. Refunds go by v3 as all do.

/** Charges the code; where the account lacks what reversing takes, nothing is sent. */
export async function payByCode(
  deps: ChannelDeps,
  context: ChannelContext,
  order: NewOrder,
): Promise<Call<TradeOutcome>> {
  const lacks = refuseAccount(context);
  if (lacks !== null) {
    const exchange = unsent(deps.clock, "pay");
    return { end: "refused", code: "account_incomplete", message: lacks.detail, retryable: false, exchange };
  }
  const called = await callV2(deps, context, "pay", micropayRequest(order, credentialsOf(context)));
  return finish(called, (answer) => tradeOfMicropay(answer, order, deps.clock.now()));
}

export async function queryByCode(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
  operation: Operation,
): Promise<Call<TradeOutcome>> {
  const request = orderQueryRequest(order.channelOrderNo, credentialsOf(context));
  const called = await callV2(deps, context, operation, request);
  return finish(called, (answer) => tradeOfOrderQuery(answer, order, deps.clock.now()));
}

/** Reverses, and asks what became of the money. */
export async function reverseByCode(
  deps: ChannelDeps,
  context: ChannelContext,
  order: Order,
): Promise<Call<ReversalOutcome>> {
  const called = await callV2(deps, context, "reverse", reverseRequest(order, credentialsOf(context)));
  if (called.end !== "answer") return called;
  const end = reversalOf(called.answer);
  if (end !== "ask") return { ...end, exchange: called.exchange };
  const asked = afterwards(called.exchange, await queryByCode(deps, context, order, "reverse"));
  if (asked.end !== "answered") return asked;
  return { ...reversalOfTrade(asked.value, order, deps.clock.now()), exchange: asked.exchange };
}

/** The query for nobody's order: answered with a right signature, both sides have the same key. */
export async function proveV2Key(
  deps: ChannelDeps,
  context: ChannelContext,
  nobodys: string,
): Promise<Call<{ proved: true }>> {
  const called = await callV2(deps, context, "prove", orderQueryRequest(nobodys, credentialsOf(context)));
  return finish(called, v2ProofOf);
}
