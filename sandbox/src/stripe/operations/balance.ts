import { movementsOfAccount } from "../days.ts";
import { expand } from "../expand.ts";
import { createdIn, type Listed, pageOf, within } from "../lists.ts";
import { movements } from "../model.ts";
import { viewMovement } from "../views.ts";
import { missing } from "../wire/refusals.ts";
import { type Call, done, type Operation } from "./call.ts";

const retrieve: Operation = {
  verb: "GET",
  path: "/v1/balance_transactions/:id",
  name: "balance_transactions.retrieve",
  carryOut: async (call) => {
    const { params, unit, account, id, url } = call;
    const movement = await unit.tx.get(movements, id);
    if (movement?.accountId !== account.id) throw missing("balance_transaction", id);
    const paths = params.texts("expand");
    params.done();
    return done(await expand(unit.tx, viewMovement(movement), paths, url));
  },
};

const list: Operation = {
  verb: "GET",
  path: "/v1/balance_transactions",
  name: "balance_transactions.list",
  carryOut: async (call) => {
    const { params, unit, url } = call;
    const paths = params.texts("expand");
    const page = await pageOf(params, "/v1/balance_transactions", listed(call));
    params.done();
    return done(await expand(unit.tx, page, paths, url));
  },
};

export const balanceOperations = [retrieve, list];

function listed(call: Call): AsyncIterable<Listed> {
  const { params, unit, account } = call;
  const range = createdIn(params);
  const type = params.text("type", 64);
  const source = params.text("source", 255);
  const currency = params.text("currency", 3);
  async function* all(): AsyncGenerator<Listed> {
    for await (const movement of movementsOfAccount(unit, account, range)) {
      if (type !== null && movement.type !== type) continue;
      if (source !== null && movement.sourceId !== source) continue;
      if (currency !== null && movement.currency !== currency.toLowerCase()) continue;
      yield { id: movement.id, createdAt: movement.createdAt, view: () => viewMovement(movement) };
    }
  }
  return within(range, all());
}
