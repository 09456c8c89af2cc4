import { joinExchanges } from "../exchanges.ts";
import type {
  Call,
  CallEnd,
  ChannelContext,
  ChannelDeps,
  ExchangeRecord,
  Operation,
  Order,
} from "../port.ts";
import { type Fields, isMissing, objectOf, refused, textOr } from "./answer.ts";
import { callGateway } from "./gateway.ts";
import { orderNoOf } from "./outcomes.ts";
import { type ApiRequest, intentQuery, intentSearch, sessionQuery, sessionsAround } from "./requests.ts";
import { PAGE_METHOD } from "./traits.ts";

// Stripe finds an object by its own number. Where ours alone is known, because the answer to the call that
// placed the order was lost, it is looked for.

/** Half an hour of a busy account; an order beyond it shows up by its notification, or in the statement. */
const PAGES_MAX = 20;

/** The object of an order, a Checkout Session or a PaymentIntent; null: Stripe has none. */
export type Found = Call<Fields | null>;

/** Asks for the object of an order, by its number at Stripe where that is known. */
export async function findOrder(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  order: Order,
): Promise<Found> {
  const { channelTradeNo, channelOrderNo } = order;
  if (channelTradeNo?.startsWith("cs_")) return one(deps, context, operation, sessionQuery(channelTradeNo));
  if (channelTradeNo?.startsWith("pi_")) return one(deps, context, operation, intentQuery(channelTradeNo));
  const byNumber = (object: Fields) => orderNoOf(object) === channelOrderNo;
  if (order.method !== PAGE_METHOD) {
    const request = () => intentSearch(channelOrderNo);
    return whole(deps, context, operation, await seek(deps, context, operation, request, byNumber));
  }
  const request = (after: string | null) => sessionsAround(order.createdAt, after);
  return whole(deps, context, operation, await seek(deps, context, operation, request, byNumber));
}

/** The first object in a list, page by page, that is wanted; null: none is. */
export async function seek(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  pageAfter: (after: string | null) => ApiRequest,
  isWanted: (object: Fields) => boolean,
): Promise<Found> {
  let after: string | null = null;
  let exchange: ExchangeRecord | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const called = await callGateway(deps, context, operation, pageAfter(after));
    exchange = exchange === null ? called.exchange : joinExchanges(exchange, called.exchange);
    if (called.end !== "answer") return { ...called, exchange };
    if (called.answer.code !== null) return { ...refused(called.answer), exchange };
    const page = pageOf(called.answer.body);
    if ("reason" in page) return { ...page, exchange };
    const found = page.objects.find(isWanted);
    if (found !== undefined) return { end: "answered", value: found, exchange };
    if (page.next === null) return { end: "answered", value: null, exchange };
    after = page.next;
  }
  const reason = `not among the first ${PAGES_MAX} pages`;
  return { end: "unknown", reason, exchange: exchange as ExchangeRecord };
}

/** One page of a list; `next`: after which object the next one begins. */
export function pageOf(
  body: Fields,
):
  | { readonly objects: readonly Fields[]; readonly next: string | null }
  | (CallEnd<never> & { end: "unknown" }) {
  if (!Array.isArray(body.data)) return { end: "unknown", reason: "the answer is no list" };
  const objects = body.data.map(objectOf);
  if (body.has_more !== true || body.object === "search_result") return { objects, next: null };
  const next = textOr(objects.at(-1)?.id, null);
  return next === null ? { end: "unknown", reason: "a page that goes on after nothing" } : { objects, next };
}

/** A list holds objects without what belongs to them: the one that was found is asked for again. */
async function whole(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  found: Found,
): Promise<Found> {
  if (found.end !== "answered" || found.value === null) return found;
  const id = textOr(found.value.id, "");
  const request = found.value.object === "checkout.session" ? sessionQuery(id) : intentQuery(id);
  const asked = await one(deps, context, operation, request);
  return { ...asked, exchange: joinExchanges(found.exchange, asked.exchange) };
}

async function one(
  deps: ChannelDeps,
  context: ChannelContext,
  operation: Operation,
  request: ApiRequest,
): Promise<Found> {
  const called = await callGateway(deps, context, operation, request);
  const { exchange } = called;
  if (called.end !== "answer") return called;
  const { answer } = called;
  if (answer.code === null) return { end: "answered", value: answer.body, exchange };
  return isMissing(answer) ? { end: "answered", value: null, exchange } : { ...refused(answer), exchange };
}
