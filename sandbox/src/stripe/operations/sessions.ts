import { randomToken } from "../../clock.ts";
import { numberParam } from "../../faults/index.ts";
import { faultContext, keepNew, keepStep, momentOf, plan } from "../context.ts";
import { expand } from "../expand.ts";
import { newId, orderNoOf } from "../ids.ts";
import { createdIn, everyOf, pageOf, within } from "../lists.ts";
import { expireSession } from "../machine/payment.ts";
import { type Account, type Line, type Name, names, type Order, orders, type Session } from "../model.ts";
import { type View, viewSession } from "../views.ts";
import type { Params } from "../wire/params.ts";
import { invalid, orThrow } from "../wire/refusals.ts";
import { currencyOf, payableAmount } from "./amounts.ts";
import { type Call, done, lockNamed, nameOr404, type Operation } from "./call.ts";

const minuteMs = 60_000;
const lifetimeMinMs = 30 * minuteMs;
const lifetimeMaxMs = 24 * 60 * minuteMs;
/** A caller's clock may be a little ahead or behind, and its seconds are whole. */
const lifetimeSlackMs = minuteMs;
/** Taken, and without effect here. */
const withoutEffect = ["locale", "submit_type", "billing_address_collection"];
export const intentWithoutEffect = ["receipt_email", "statement_descriptor", "statement_descriptor_suffix"];
const unitAmountMax = 99_999_999n;
const quantityMax = 999_999n;

async function shown(call: Call, order: Order): Promise<View> {
  const view = viewSession(order, call.url);
  const paths = call.params.texts("expand");
  if (paths.includes("line_items")) view.line_items = viewLines(order.session!);
  call.params.done();
  return expand(call.unit.tx, view, paths, call.url);
}

const create: Operation = {
  verb: "POST",
  path: "/v1/checkout/sessions",
  name: "checkout.sessions.create",
  carryOut: async (call) => {
    const { unit, params } = call;
    const order = newOrder(call, newId(unit.deps.random, "cs_test_"));
    params.texts("expand");
    params.done();
    return done(await shown(call, await keepNew(unit, { order, happened: [] })));
  },
};

const retrieve: Operation = {
  verb: "GET",
  path: "/v1/checkout/sessions/:id",
  name: "checkout.sessions.retrieve",
  carryOut: async (call) => done(await shown(call, (await lockNamed(call, "session")).order)),
};

const lineItems: Operation = {
  verb: "GET",
  path: "/v1/checkout/sessions/:id/line_items",
  name: "checkout.sessions.line_items",
  carryOut: async (call) => {
    const { order } = await lockNamed(call, "session");
    return done(viewLines(order.session!));
  },
};

const expire: Operation = {
  verb: "POST",
  path: "/v1/checkout/sessions/:id/expire",
  name: "checkout.sessions.expire",
  carryOut: async (call) => {
    const { unit } = call;
    const { order } = await lockNamed(call, "session");
    const expired = await keepStep(unit, orThrow(expireSession(order, unit.now)));
    const late = await unit.armed.take("paid_after_close", faultContext(order, expire.name));
    if (late) await plan(unit, expired, "pay", new Date(unit.now.getTime() + numberParam(late, "ms")));
    return done(await shown(call, expired));
  },
};

const list: Operation = {
  verb: "GET",
  path: "/v1/checkout/sessions",
  name: "checkout.sessions.list",
  carryOut: async (call) => {
    const { params, unit, url } = call;
    const intentId = params.text("payment_intent");
    const status = params.oneOf("status", ["open", "complete", "expired"]);
    const range = createdIn(params);
    const paths = params.texts("expand");
    const found = intentId === null ? null : await nameOr404(call, "intent", intentId, "payment_intent");
    async function* all() {
      for await (const order of found ? one(call, found) : ordersNamed(call)) {
        if (!order.session || (status !== null && order.session.status !== status)) continue;
        const { id, createdAt } = order.session;
        yield { id, createdAt, view: () => viewSession(order, url) };
      }
    }
    const page = await pageOf(params, "/v1/checkout/sessions", within(range, all()));
    params.done();
    return done(await expand(unit.tx, page, paths, url));
  },
};

export const sessionOperations = [create, retrieve, lineItems, expire, list];

async function* one(call: Call, name: Name): AsyncGenerator<Order> {
  yield (await call.unit.tx.get(orders, name.orderId))!;
}

async function* ordersNamed(call: Call): AsyncGenerator<Order> {
  const { tx } = call.unit;
  for await (const name of everyOf(tx, names, `${call.account.id}/session`)) {
    yield (await tx.get(orders, name.orderId))!;
  }
}

function newOrder(call: Call, id: string): Order {
  const { unit, account, params } = call;
  const { now } = momentOf(unit, account);
  if (params.required("mode") !== "payment") throw invalid("mode", "Invalid mode: must be payment");
  const lines = linesOf(params, account);
  const amount = lines.reduce((sum, line) => sum + line.unitAmount * line.quantity, 0n);
  const currency = lines[0]!.currency;
  payableAmount(amount, "line_items");
  const data = params.object("payment_intent_data");
  const session: Session = {
    id,
    status: "open",
    paymentStatus: "unpaid",
    lines,
    clientReferenceId: params.text("client_reference_id", 200),
    metadata: params.metadata(),
    intentMetadata: data?.metadata() ?? {},
    intentDescription: data?.text("description", 1_000) ?? null,
    customerEmail: params.text("customer_email", 512),
    successUrl: addressOf(params, "success_url"),
    cancelUrl: params.text("cancel_url") === null ? null : addressOf(params, "cancel_url"),
    createdAt: now,
    expiresAt: expiryOf(params, now),
  };
  for (const name of withoutEffect) params.text(name);
  for (const name of intentWithoutEffect) data?.text(name);
  params.texts("payment_method_types");
  params.texts("allowed_payment_method_types");
  params.object("adaptive_pricing")?.boolean("enabled");
  params.oneOf("ui_mode", ["hosted", "hosted_page"]);
  return {
    id,
    token: randomToken(unit.deps.random),
    accountId: account.id,
    merchantName: account.merchantName,
    orderNo: orderNoOf(session.clientReferenceId, session.metadata, session.intentMetadata) ?? id,
    amount,
    currency,
    description: lines[0]!.name,
    placedAt: now,
    abandonedAt: null,
    session,
    intent: null,
    charges: [],
    refunds: [],
    disputes: [],
  };
}

function linesOf(params: Params, account: Account): Line[] {
  const given = params.objects("line_items");
  if (given.length === 0)
    throw invalid("line_items", "Missing required param: line_items.", "parameter_missing");
  const lines = given.map((item) => {
    const price = item.object("price_data");
    if (!price)
      throw invalid(item.named("price_data"), "price_data is required; there are no stored prices here.");
    const product = price.object("product_data");
    if (!product)
      throw invalid(price.named("product_data"), "product_data is required.", "parameter_missing");
    const name = product.required("name", 250);
    product.text("description", 1_000);
    return {
      name,
      currency: currencyOf(price, account),
      unitAmount: price.requiredInteger("unit_amount", 0n, unitAmountMax),
      quantity: item.integer("quantity", 1n, quantityMax) ?? 1n,
    };
  });
  if (new Set(lines.map((line) => line.currency)).size > 1) {
    throw invalid("line_items", "All prices of a Checkout Session must have the same currency.");
  }
  return lines;
}

function expiryOf(params: Params, now: Date): Date {
  const given = params.integer("expires_at", 0n, 99_999_999_999n);
  if (given === null) return new Date(now.getTime() + lifetimeMaxMs);
  const at = new Date(Number(given) * 1_000);
  const lifetimeMs = at.getTime() - now.getTime();
  if (lifetimeMs < lifetimeMinMs - lifetimeSlackMs) {
    throw invalid(
      "expires_at",
      "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
    );
  }
  if (lifetimeMs > lifetimeMaxMs + lifetimeSlackMs) {
    throw invalid(
      "expires_at",
      "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
    );
  }
  return at;
}

function addressOf(params: Params, name: string): string {
  const address = params.required(name);
  if (URL.canParse(address.replaceAll("{CHECKOUT_SESSION_ID}", "cs")) && /^https?:/.test(address))
    return address;
  throw invalid(params.named(name), "Not a valid URL", "url_invalid");
}

function viewLines(session: Session): View {
  const data = session.lines.map((line, index) => ({
    id: `li_${session.id.slice(-20)}${index}`,
    object: "item",
    amount_total: Number(line.unitAmount * line.quantity),
    currency: line.currency,
    description: line.name,
    quantity: Number(line.quantity),
  }));
  return { object: "list", data, has_more: false, url: `/v1/checkout/sessions/${session.id}/line_items` };
}
