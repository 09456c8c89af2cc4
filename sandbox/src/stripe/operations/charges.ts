import { expand } from "../expand.ts";
import { createdIn, everyOf, type Listed, pageOf, within } from "../lists.ts";
import { type Charge, type Dispute, names, type Order, orders } from "../model.ts";
import { movementsOf } from "../tell.ts";
import { type View, viewCharge, viewDispute } from "../views.ts";
import { type Call, done, lockNamed, nameOr404, type Operation } from "./call.ts";

// Charges and the disputes about them: objects that a merchant only reads.

type Kind = "charge" | "dispute";
type Found = { id: string; createdAt: Date; view: (call: Call) => Promise<View> };

const retrieveOf = (kind: Kind, path: string): Operation => ({
  verb: "GET",
  path: `/v1/${path}/:id`,
  name: `${path}.retrieve`,
  carryOut: async (call) => {
    const { order } = await lockNamed(call, kind);
    const paths = call.params.texts("expand");
    call.params.done();
    const found = objectsOf(order, kind).find((one) => one.id === call.id)!;
    return done(await expand(call.unit.tx, await found.view(call), paths, call.url));
  },
});

const listOf = (kind: Kind, path: string): Operation => ({
  verb: "GET",
  path: `/v1/${path}`,
  name: `${path}.list`,
  carryOut: async (call) => {
    const { params, unit, url } = call;
    const range = createdIn(params);
    const paths = params.texts("expand");
    const page = await pageOf(params, `/v1/${path}`, within(range, await asked(call, kind)));
    params.done();
    return done(await expand(unit.tx, page, paths, url));
  },
});

export const chargeOperations = [retrieveOf("charge", "charges"), listOf("charge", "charges")];
export const disputeOperations = [retrieveOf("dispute", "disputes"), listOf("dispute", "disputes")];

/** Those of the intent or charge that the call names, else all of the account's; newest first. */
async function asked(call: Call, kind: Kind): Promise<AsyncIterable<Listed>> {
  const { params, unit, account } = call;
  const intentId = params.text("payment_intent");
  const chargeId = kind === "dispute" ? params.text("charge") : null;
  const named = intentId ?? chargeId;
  const listed = (found: Found): Listed => ({ ...found, view: () => found.view(call) });
  if (named !== null) {
    const { orderId } = await (intentId === null
      ? nameOr404(call, "charge", named, "charge")
      : nameOr404(call, "intent", named, "payment_intent"));
    const order = (await unit.tx.get(orders, orderId))!;
    return (async function* () {
      for (const found of objectsOf(order, kind).reverse()) yield listed(found);
    })();
  }
  return (async function* () {
    for await (const name of everyOf(unit.tx, names, `${account.id}/${kind}`)) {
      const order = (await unit.tx.get(orders, name.orderId))!;
      yield listed(objectsOf(order, kind).find((found) => found.id === name.id)!);
    }
  })();
}

function objectsOf(order: Order, kind: Kind): Found[] {
  if (kind === "charge") {
    return order.charges.map((charge: Charge) => ({
      ...charge,
      view: async () => viewCharge(order, charge),
    }));
  }
  return order.disputes.map((dispute: Dispute) => ({
    ...dispute,
    view: async ({ unit }: Call) =>
      viewDispute(order, dispute, await movementsOf(unit.tx, dispute.movementIds)),
  }));
}
