import { expand } from "./expand.ts";
import { everyOf } from "./lists.ts";
import { names, type Order, orders, type Tag, tagGroup, tags } from "./model.ts";
import type { Call } from "./operations/call.ts";
import { type View, viewIntent } from "./views.ts";
import { invalid } from "./wire/refusals.ts";

// The query language as far as a shop needs it: metadata['k']:'v', status:'v', joined by AND.
// https://docs.stripe.com/search

type Clause = { field: "metadata"; key: string; value: string } | { field: "status"; value: string };

const clausePattern = /^(?:metadata\[(["'])(.{1,40}?)\1\]|(status))\s*:\s*(["'])(.*)\4$/;
const limitMax = 100n;

/** Intents that match every clause, newest first. What was written is found at once, unlike at Stripe. */
export async function searchIntents(call: Call): Promise<View> {
  const { params, unit, url } = call;
  const clauses = clausesOf(params.required("query", 1_000));
  const limit = Number(params.integer("limit", 1n, limitMax) ?? 10n);
  const skip = Number(params.integer("page", 0n, 1_000_000_000n) ?? 0n);
  const paths = params.texts("expand");
  params.done();
  const data: View[] = [];
  let seen = 0;
  for await (const order of candidates(call, clauses)) {
    if (!clauses.every((clause) => matches(order, clause))) continue;
    seen += 1;
    if (seen > skip + limit) break;
    if (seen > skip) data.push(viewIntent(order, url));
  }
  const more = seen > skip + limit;
  const view = {
    object: "search_result",
    data,
    has_more: more,
    next_page: more ? String(skip + limit) : null,
    url: "/v1/payment_intents/search",
  };
  return expand(unit.tx, view, paths, url);
}

function clausesOf(query: string): Clause[] {
  return query.split(/\s+AND\s+/i).map((text): Clause => {
    const match = clausePattern.exec(text.trim());
    if (!match) throw invalid("query", `We were unable to parse your search query: ${text.trim()}`);
    const [, , key, , , value = ""] = match;
    return key === undefined ? { field: "status", value } : { field: "metadata", key, value };
  });
}

function matches(order: Order, clause: Clause): boolean {
  const intent = order.intent!;
  return clause.field === "status"
    ? intent.status === clause.value
    : intent.metadata[clause.key] === clause.value;
}

/** The intents that carry one of the query's values; all of the account's where it names none. */
async function* candidates(call: Call, clauses: readonly Clause[]): AsyncGenerator<Order> {
  const { unit, account } = call;
  const first = clauses.find((clause) => clause.field === "metadata");
  const ids = first
    ? everyOf<Tag>(unit.tx, tags, tagGroup(account.id, first.key, first.value))
    : everyOf(unit.tx, names, `${account.id}/intent`);
  for await (const found of ids) {
    const id = "intentId" in found ? found.intentId : found.id;
    const name = await unit.tx.get(names, id);
    yield (await unit.tx.get(orders, name!.orderId))!;
  }
}
