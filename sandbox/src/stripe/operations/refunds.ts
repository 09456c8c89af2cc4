import { numberParam } from "../../faults/index.ts";
import { faultContext, keepStep, type Locked } from "../context.ts";
import { expand } from "../expand.ts";
import { createdIn, everyOf, type Listed, pageOf, within } from "../lists.ts";
import { findRefund, refundOrder } from "../machine/refund.ts";
import { names, type Order, orders, type Refund } from "../model.ts";
import { type View, viewRefund } from "../views.ts";
import { invalid, orThrow, type Refusal, StripeRefusal } from "../wire/refusals.ts";
import { type Call, type Carried, done, lockNamed, nameOr404, type Operation } from "./call.ts";

const amountMax = 999_999_999_999n;
const reasons = ["duplicate", "fraudulent", "requested_by_customer"] as const;

const outOfFunds: Refusal = {
  status: 400,
  type: "invalid_request_error",
  code: "balance_insufficient",
  message: "Insufficient funds in your Stripe balance to refund this amount.",
  begun: true,
};

const create: Operation = {
  verb: "POST",
  path: "/v1/refunds",
  name: "refunds.create",
  carryOut: async (call) => {
    const { params, unit } = call;
    const { order, moment } = await lockPaid(call);
    const amount = params.integer("amount", 1n, amountMax);
    const reason = params.oneOf("reason", reasons);
    const metadata = params.metadata();
    params.texts("expand");
    params.done();
    const context = faultContext(order, create.name);
    const refused = await unit.armed.take("refund_refused", context);
    const refusal = refused && (refused.params.final === true ? disputed(order) : outOfFunds);
    if (refusal && refused.params.executed !== true) throw new StripeRefusal(refusal);
    const returned = await unit.armed.take("refund_returned", context);
    const failsAfterMs = returned ? numberParam(returned, "ms") : null;
    const asked = { amount, reason, metadata, by: "merchant", failsAfterMs } as const;
    const kept = await keepStep(unit, orThrow(refundOrder(order, asked, moment)));
    if (refusal)
      return { status: refusal.status, body: { error: { ...refusal, status: undefined, begun: undefined } } };
    return shown(call, kept, kept.refunds.at(-1)!);
  },
};

const retrieve: Operation = {
  verb: "GET",
  path: "/v1/refunds/:id",
  name: "refunds.retrieve",
  carryOut: async (call) => {
    const { order } = await lockNamed(call, "refund");
    return shown(call, order, findRefund(order, call.id)!);
  },
};

const list: Operation = {
  verb: "GET",
  path: "/v1/refunds",
  name: "refunds.list",
  carryOut: async (call) => {
    const { params, unit, url } = call;
    const range = createdIn(params);
    const paths = params.texts("expand");
    const page = await pageOf(params, "/v1/refunds", within(range, await refundsAsked(call)));
    params.done();
    return done(await expand(unit.tx, page, paths, url));
  },
};

export const refundOperations = [create, retrieve, list];

/** The order that `payment_intent` or `charge` names. */
async function lockPaid(call: Call): Promise<Locked> {
  const intentId = call.params.text("payment_intent");
  const chargeId = call.params.text("charge");
  if (intentId !== null) return lockNamed(call, "intent", intentId, "payment_intent");
  if (chargeId !== null) return lockNamed(call, "charge", chargeId, "charge");
  const message =
    "One of the following params should be provided for this request: payment_intent or charge.";
  throw invalid("payment_intent", message, "parameter_missing");
}

async function refundsAsked(call: Call): Promise<AsyncIterable<Listed>> {
  const { params, unit, account } = call;
  const intentId = params.text("payment_intent");
  const chargeId = params.text("charge");
  const listed = (order: Order, refund: Refund): Listed => ({
    id: refund.id,
    createdAt: refund.createdAt,
    view: () => viewRefund(order, refund),
  });
  if (intentId !== null || chargeId !== null) {
    const { orderId } = await (intentId === null
      ? nameOr404(call, "charge", chargeId!, "charge")
      : nameOr404(call, "intent", intentId, "payment_intent"));
    const order = (await unit.tx.get(orders, orderId))!;
    return (async function* () {
      for (const refund of order.refunds.toReversed()) yield listed(order, refund);
    })();
  }
  return (async function* () {
    for await (const name of everyOf(unit.tx, names, `${account.id}/refund`)) {
      const order = (await unit.tx.get(orders, name.orderId))!;
      yield listed(order, findRefund(order, name.id)!);
    }
  })();
}

async function shown(call: Call, order: Order, refund: Refund): Promise<Carried> {
  const paths = call.params.texts("expand");
  call.params.done();
  const view: View = viewRefund(order, refund);
  return done(await expand(call.unit.tx, view, paths, call.url));
}

function disputed(order: Order): Refusal {
  const message = `Charge of ${order.intent?.id ?? order.id} has been charged back; cannot issue a refund.`;
  return { ...outOfFunds, code: "charge_disputed", message };
}
