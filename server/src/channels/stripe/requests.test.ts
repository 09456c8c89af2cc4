import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Stripe from "stripe";
import { formText } from "./form.ts";
import {
  API_VERSION,
  type ApiRequest,
  cancelRequest,
  disputeQuery,
  expireRequest,
  intentQuery,
  intentSearch,
  movementsOf,
  placeRequest,
  refundRequest,
  refundsOf,
  sessionQuery,
  sessionsAround,
} from "./requests.ts";
import { CREATED, newOrder, newRefund } from "./testing.ts";

const order = newOrder();
const no = order.channelOrderNo;
const appOrder = newOrder({ method: "stripe.card_app", currency: "JPY", amount: 500n });
const refund = newRefund({ reason: "two\tleaves" });

const fieldsOf = ({ fields }: ApiRequest) => Object.fromEntries(new URLSearchParams(formText(fields ?? {})));
const queryOf = ({ target }: ApiRequest) =>
  Object.fromEntries(new URL(target, "https://api.example").searchParams);

describe("requests to Stripe", () => {
  it("place a page's order with our number wherever it may be looked for", () => {
    const request = placeRequest(order);
    assert.deepEqual([request.target, request.idempotencyKey], ["/v1/checkout/sessions", no]);
    assert.deepEqual(fieldsOf(request), {
      mode: "payment",
      "allowed_payment_method_types[0]": "card",
      client_reference_id: no,
      "line_items[0][quantity]": "1",
      "line_items[0][price_data][currency]": "usd",
      "line_items[0][price_data][unit_amount]": "1234",
      "line_items[0][price_data][product_data][name]": "Tea, 100 g",
      expires_at: String(CREATED + 3_600),
      success_url: order.returnUrl,
      cancel_url: order.returnUrl,
      "metadata[channel_order_no]": no,
      "payment_intent_data[description]": "Tea, 100 g",
      "payment_intent_data[metadata][channel_order_no]": no,
      "adaptive_pricing[enabled]": "false",
    });
  });

  it("give a page the least life that Stripe allows, with room for a repeat, and no less", () => {
    const expiresAt = new Date(order.createdAt.getTime() + 60_000);
    assert.equal(fieldsOf(placeRequest(newOrder({ expiresAt }))).expires_at, String(CREATED + 2_400));
  });

  it("place an app's order, a currency without decimals in whole units", () => {
    const request = placeRequest(appOrder);
    assert.deepEqual([request.target, request.idempotencyKey], ["/v1/payment_intents", no]);
    assert.deepEqual(fieldsOf(request), {
      amount: "500",
      currency: "jpy",
      description: "Tea, 100 g",
      "automatic_payment_methods[enabled]": "true",
      "metadata[channel_order_no]": no,
    });
  });

  it("are the same for the same order, byte for byte", () => {
    for (const one of [order, appOrder]) assert.deepEqual(placeRequest(one), placeRequest({ ...one }));
  });

  it("refund a PaymentIntent, each turn under a key of its own", () => {
    const request = refundRequest(refund, "pi_1", 0);
    assert.equal(request.idempotencyKey, refund.channelRefundNo);
    assert.equal(refundRequest(refund, "pi_1", 2).idempotencyKey, `${refund.channelRefundNo}.2`);
    assert.deepEqual(fieldsOf(request), {
      payment_intent: "pi_1",
      amount: "234",
      "metadata[channel_refund_no]": refund.channelRefundNo,
      "metadata[channel_order_no]": no,
      "metadata[reason]": "two leaves",
    });
  });

  it("ask by Stripe's number, and look for what has none", () => {
    assert.match(sessionQuery("cs_1").target, /^\/v1\/checkout\/sessions\/cs_1\?/);
    assert.match(intentQuery("pi_1").target, /^\/v1\/payment_intents\/pi_1\?/);
    assert.deepEqual(queryOf(intentSearch(no)), { query: `metadata['channel_order_no']:'${no}'` });
    assert.deepEqual(queryOf(sessionsAround(order.createdAt, "cs_9")), {
      "created[gte]": String(CREATED - 900),
      "created[lte]": String(CREATED + 900),
      limit: "100",
      starting_after: "cs_9",
    });
    assert.equal(queryOf(refundsOf("pi_1", null)).payment_intent, "pi_1");
    assert.equal(disputeQuery("dp_1").target, "/v1/disputes/dp_1");
  });

  it("end what waits without a key: to end it twice is to end it", () => {
    assert.deepEqual(
      [expireRequest("cs_1"), cancelRequest("pi_1")].map(({ target, idempotencyKey }) => [
        target,
        idempotencyKey,
      ]),
      [
        ["/v1/checkout/sessions/cs_1/expire", null],
        ["/v1/payment_intents/pi_1/cancel", null],
      ],
    );
  });

  it("ask for the movements of a UTC day, its end left out", () => {
    const asked = queryOf(movementsOf("2026-11-20", null));
    const from = Date.UTC(2026, 10, 20) / 1_000;
    assert.deepEqual([asked["created[gte]"], asked["created[lt]"]], [String(from), String(from + 86_400)]);
    assert.equal(asked["expand[0]"], "data.source");
  });

  it("an id stays one segment of the path", () => {
    assert.match(intentQuery("pi_1/../../x").target, /^\/v1\/payment_intents\/pi_1%2F\.\.%2F\.\.%2Fx\?/);
  });
});

describe("beside Stripe's own SDK", () => {
  /** What the SDK sends for a call. */
  async function sdk(call: (stripe: Stripe) => Promise<unknown>) {
    const sent: { path: string; body: string; version: string | null }[] = [];
    const httpClient = Stripe.createFetchHttpClient(async (...given: Parameters<typeof fetch>) => {
      const request = new Request(...given);
      const { pathname, search } = new URL(request.url);
      const version = request.headers.get("stripe-version");
      sent.push({ path: pathname + search, body: await request.text(), version });
      return Response.json({ id: "x", object: "x" });
    });
    await call(new Stripe("sk_test_x", { httpClient, telemetry: false, maxNetworkRetries: 0 }));
    assert.ok(sent[0]);
    return sent[0];
  }
  const sorted = (text: string) => [...new URLSearchParams(text)].map((pair) => pair.join("=")).toSorted();

  it("the version is the SDK's", async () => {
    const sent = await sdk((stripe) => stripe.balance.retrieve());
    assert.equal(sent.version, API_VERSION);
  });

  it("a session, an intent and a refund are written as the SDK writes them", async () => {
    const metadata = { channel_order_no: no };
    const sent = [
      await sdk((stripe) =>
        stripe.checkout.sessions.create({
          mode: "payment",
          allowed_payment_method_types: ["card"],
          client_reference_id: no,
          line_items: [
            {
              quantity: 1,
              price_data: { currency: "usd", unit_amount: 1_234, product_data: { name: "Tea, 100 g" } },
            },
          ],
          expires_at: CREATED + 3_600,
          success_url: order.returnUrl ?? "",
          cancel_url: order.returnUrl ?? "",
          metadata,
          payment_intent_data: { description: "Tea, 100 g", metadata },
          adaptive_pricing: { enabled: false },
        }),
      ),
      await sdk((stripe) =>
        stripe.paymentIntents.create({
          amount: 500,
          currency: "jpy",
          description: "Tea, 100 g",
          automatic_payment_methods: { enabled: true },
          metadata,
        }),
      ),
      await sdk((stripe) =>
        stripe.refunds.create({
          payment_intent: "pi_1",
          amount: 234,
          metadata: { channel_refund_no: refund.channelRefundNo, channel_order_no: no, reason: "two leaves" },
        }),
      ),
    ];
    const ours = [placeRequest(order), placeRequest(appOrder), refundRequest(refund, "pi_1", 0)];
    for (const [index, { path, body }] of sent.entries()) {
      assert.equal(ours[index]?.target, path);
      assert.deepEqual(sorted(formText(ours[index]?.fields ?? {})), sorted(body));
    }
  });

  it("lists are asked for as the SDK asks", async () => {
    const from = Date.UTC(2026, 10, 20) / 1_000;
    const sent = await sdk((stripe) =>
      stripe.balanceTransactions.list({
        created: { gte: from, lt: from + 86_400 },
        limit: 100,
        starting_after: "txn_1",
        expand: ["data.source"],
      }),
    );
    const queryIn = (target: string) => sorted(target.split("?")[1] ?? "");
    assert.deepEqual(queryIn(movementsOf("2026-11-20", "txn_1").target), queryIn(sent.path));
  });
});
