import { randomToken } from "../../clock.ts";
import { numberParam } from "../../faults/index.ts";
import { type CardName, cardOf } from "../cards.ts";
import { faultContext, keepNew, keepStep, keepTags, type Locked, momentOf, plan } from "../context.ts";
import { expand } from "../expand.ts";
import { newId, orderNoOf } from "../ids.ts";
import { createdIn, everyOf, pageOf, within } from "../lists.ts";
import { cancelIntent, confirm, newIntent } from "../machine/payment.ts";
import { type Name, names, type Order, orders } from "../model.ts";
import { amountBuyerPays } from "../paying.ts";
import { searchIntents } from "../search.ts";
import { type View, viewFailure, viewIntent } from "../views.ts";
import type { Params } from "../wire/params.ts";
import { invalid, orThrow } from "../wire/refusals.ts";
import { currencyOf, payableAmount } from "./amounts.ts";
import { type Call, type Carried, done, lockNamed, type Operation } from "./call.ts";
import { intentWithoutEffect } from "./sessions.ts";

const amountMax = 999_999_999_999n;
const reasons = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"] as const;

async function shown(call: Call, order: Order): Promise<View> {
  const paths = call.params.texts("expand");
  call.params.done();
  return expand(call.unit.tx, viewIntent(order, call.url), paths, call.url);
}

const create: Operation = {
  verb: "POST",
  path: "/v1/payment_intents",
  name: "payment_intents.create",
  carryOut: async (call) => {
    const { unit, params, account } = call;
    const order = newOrder(call);
    const confirmed = params.boolean("confirm") === true;
    const card = confirmed ? cardGiven(params) : null;
    params.text("return_url");
    params.texts("expand");
    params.done();
    const kept = await keepNew(unit, { order, happened: [{ kind: "intent_created" }] });
    if (card === null) return done(await shown(call, kept));
    return confirming(call, { order: kept, moment: momentOf(unit, account) }, card);
  },
};

const confirmation: Operation = {
  verb: "POST",
  path: "/v1/payment_intents/:id/confirm",
  name: "payment_intents.confirm",
  carryOut: async (call) => {
    const locked = await lockNamed(call, "intent");
    const card = cardGiven(call.params);
    call.params.text("return_url");
    return confirming(call, locked, card);
  },
};

const retrieve: Operation = {
  verb: "GET",
  path: "/v1/payment_intents/:id",
  name: "payment_intents.retrieve",
  carryOut: async (call) => {
    call.params.text("client_secret");
    return done(await shown(call, (await lockNamed(call, "intent")).order));
  },
};

const update: Operation = {
  verb: "POST",
  path: "/v1/payment_intents/:id",
  name: "payment_intents.update",
  carryOut: async (call) => {
    const { params, unit } = call;
    const { order } = await lockNamed(call, "intent");
    const given = params.metadata();
    const description = params.text("description", 1_000) ?? order.intent!.description;
    params.texts("expand");
    params.done();
    const intent = { ...order.intent!, description, metadata: { ...order.intent!.metadata, ...given } };
    const kept = await keepStep(unit, { order: { ...order, intent }, happened: [] });
    await keepTags(unit, kept, order.intent!.metadata);
    return done(await shown(call, kept));
  },
};

const cancel: Operation = {
  verb: "POST",
  path: "/v1/payment_intents/:id/cancel",
  name: "payment_intents.cancel",
  carryOut: async (call) => {
    const { unit, params } = call;
    const { order } = await lockNamed(call, "intent");
    const reason = params.oneOf("cancellation_reason", reasons);
    params.texts("expand");
    params.done();
    const canceled = await keepStep(unit, orThrow(cancelIntent(order, reason, unit.now)));
    const late = await unit.armed.take("paid_after_close", faultContext(order, cancel.name));
    if (late) await plan(unit, canceled, "pay", new Date(unit.now.getTime() + numberParam(late, "ms")));
    return done(await shown(call, canceled));
  },
};

const list: Operation = {
  verb: "GET",
  path: "/v1/payment_intents",
  name: "payment_intents.list",
  carryOut: async (call) => {
    const { params, unit, url, account } = call;
    const range = createdIn(params);
    const paths = params.texts("expand");
    async function* all() {
      for await (const name of everyOf<Name>(unit.tx, names, `${account.id}/intent`)) {
        const order = (await unit.tx.get(orders, name.orderId))!;
        const { id, createdAt } = order.intent!;
        yield { id, createdAt, view: () => viewIntent(order, url) };
      }
    }
    const page = await pageOf(params, "/v1/payment_intents", within(range, all()));
    params.done();
    return done(await expand(unit.tx, page, paths, url));
  },
};

const search: Operation = {
  verb: "GET",
  path: "/v1/payment_intents/search",
  name: "payment_intents.search",
  carryOut: async (call) => done(await searchIntents(call)),
};

export const intentOperations = [create, confirmation, update, cancel, search, retrieve, list];

async function confirming(call: Call, { order, moment }: Locked, card: CardName): Promise<Carried> {
  const { unit, params } = call;
  params.texts("expand");
  params.done();
  const amount = await amountBuyerPays(unit, order);
  const kept = await keepStep(unit, orThrow(confirm(order, { card, amount, evenClosed: false }, moment)));
  const failure = kept.intent!.lastError;
  if (failure === null) return done(await shown(call, kept));
  return {
    status: 402,
    body: { error: { ...viewFailure(failure), payment_intent: viewIntent(kept, call.url) } },
  };
}

function cardGiven(params: Params): CardName {
  const given = params.required("payment_method", 255);
  const card = cardOf(given);
  if (!card) throw invalid("payment_method", `No such PaymentMethod: '${given}'`, "resource_missing");
  return card;
}

function newOrder(call: Call): Order {
  const { unit, account, params } = call;
  const moment = momentOf(unit, account);
  const id = newId(unit.deps.random, "pi_");
  const amount = payableAmount(params.requiredInteger("amount", 0n, amountMax), "amount");
  const metadata = params.metadata();
  const description = params.text("description", 1_000);
  for (const name of intentWithoutEffect) params.text(name);
  const types = params.texts("payment_method_types");
  const automatic = params.object("automatic_payment_methods");
  automatic?.boolean("enabled");
  automatic?.text("allow_redirects");
  const capture = params.oneOf("capture_method", ["automatic", "automatic_async", "manual"]);
  if (capture === "manual") throw invalid("capture_method", "Manual capture is not simulated here.");
  const paymentMethodTypes = types.length > 0 ? types : ["card"];
  const intent = {
    ...newIntent(id, moment),
    metadata,
    description,
    automatic: types.length === 0,
    paymentMethodTypes,
  };
  return {
    id,
    token: randomToken(unit.deps.random),
    accountId: account.id,
    merchantName: account.merchantName,
    orderNo: orderNoOf(null, metadata) ?? id,
    amount,
    currency: currencyOf(params, account),
    description: description ?? "Payment",
    placedAt: unit.now,
    abandonedAt: null,
    session: null,
    intent,
    charges: [],
    refunds: [],
    disputes: [],
  };
}
