import { createdIn, everyOf, type Listed, pageOf, within } from "../lists.ts";
import { events } from "../model.ts";
import { viewEvent } from "../views.ts";
import { missing } from "../wire/refusals.ts";
import { type Call, done, type Operation } from "./call.ts";

const retrieve: Operation = {
  verb: "GET",
  path: "/v1/events/:id",
  name: "events.retrieve",
  carryOut: async ({ unit, account, id, params }) => {
    const event = await unit.tx.get(events, id);
    if (event?.accountId !== account.id) throw missing("event", id);
    params.done();
    return done(viewEvent(event));
  },
};

const list: Operation = {
  verb: "GET",
  path: "/v1/events",
  name: "events.list",
  carryOut: async (call) => {
    const page = await pageOf(call.params, "/v1/events", listed(call));
    call.params.done();
    return done(page);
  },
};

export const eventOperations = [retrieve, list];

function listed({ params, unit, account }: Call): AsyncIterable<Listed> {
  const range = createdIn(params);
  const type = params.text("type", 64);
  const types = params.texts("types");
  async function* all(): AsyncGenerator<Listed> {
    for await (const event of everyOf(unit.tx, events, account.id)) {
      if (type !== null && event.type !== type) continue;
      if (types.length > 0 && !types.includes(event.type)) continue;
      yield { id: event.id, createdAt: event.createdAt, view: () => viewEvent(event) };
    }
  }
  return within(range, all());
}
