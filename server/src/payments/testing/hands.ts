import assert from "node:assert/strict";
import type { Answer, Json, TestPlatform } from "../../../../tools/testing/platform.ts";

/** The hands of a shop, its buyer and a troublemaker on a platform under test. */
export type Hands = {
  /** Creates a payment; asserts that it was created. */
  create(wanted?: Record<string, unknown>): Promise<Json>;
  /** Creates a code, pays it, and waits for the success. */
  paid(wanted?: Record<string, unknown>): Promise<Json>;
  get(paymentId: string): Promise<Json>;
  refund(paymentId: string, wanted?: Record<string, unknown>): Promise<Answer>;
  /** Reads a refund until `done`; throws with its last state after 15 s of the machine's time. */
  untilRefund(refundId: string, done: (refund: Json) => boolean): Promise<Json>;
  timeline(paymentId: string): Promise<Json[]>;
  /** The types of the events about a payment and its refunds, oldest first. */
  events(paymentId: string): Promise<string[]>;
  /** Open work items about a payment. */
  work(paymentId: string): Promise<Json[]>;
  strays(): Promise<Json[]>;
  /** A code that the buyer shows at the till. */
  paymentCode(
    behaviour?: "pays" | "asks_password" | "insufficient_balance",
    wallet?: "alipay" | "wechat" | "unionpay",
  ): Promise<string>;
  /** Lets the sandbox misbehave once, for an order or a gateway method. */
  fault(kind: string, match?: Record<string, string>, params?: Record<string, unknown>): Promise<void>;
  /** Says where the sandbox is to find an order of ours. */
  order(payment: Json, index?: number): string;
  /** Waits until `done` says so, looking every 50 ms; throws after 15 s of the machine's time. */
  eventually<T>(look: () => Promise<T>, done: (seen: T) => boolean): Promise<T>;
};

const GIVE_UP_MS = 15_000;
const LOOK_MS = 50;

let numbers = 0;

/** A merchant's number that nobody used before. */
export function aNumber(prefix = "N"): string {
  numbers += 1;
  return `${prefix}-${process.pid}-${numbers}`;
}

/** @param platform asked for at each use: it is started in `before`. */
export function handsOn(platform: () => TestPlatform): Hands {
  const eventually: Hands["eventually"] = async (look, done) => {
    const giveUpAt = Date.now() + GIVE_UP_MS;
    for (;;) {
      const seen = await look();
      if (done(seen)) return seen;
      if (Date.now() > giveUpAt) throw new Error(`it stayed as it is: ${JSON.stringify(seen, null, 2)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const hands: Hands = {
    create: async (wanted) => {
      const created = await platform().pay(wanted);
      assert.equal(created.status, 201, JSON.stringify(created.body));
      return created.body;
    },
    paid: async (wanted) => {
      const payment = await hands.create({ method: "alipay.qr", ...wanted });
      assert.equal((await platform().payCode(payment.next_action.qr_code)).status, 200);
      return platform().until(payment.id, (seen) => seen.status === "succeeded");
    },
    get: async (paymentId) => (await platform().api("GET", `/v1/payments/${paymentId}`)).body,
    refund: (paymentId, wanted) =>
      platform().api("POST", `/v1/payments/${paymentId}/refunds`, {
        merchant_refund_no: aNumber("R"),
        ...wanted,
      }),
    untilRefund: (refundId, done) =>
      eventually(async () => (await platform().api("GET", `/v1/refunds/${refundId}`)).body, done),
    timeline: async (paymentId) => {
      const { body } = await platform().ops("GET", `/v1/ops/payments/${paymentId}/timeline`);
      return body.data;
    },
    events: async (paymentId) => {
      const timeline = await hands.timeline(paymentId);
      return timeline
        .filter((item) => item.kind === "event")
        .map((item) => String(item.what).replace("Event ", ""));
    },
    work: async (paymentId) => {
      const { body } = await platform().ops("GET", "/v1/ops/work_items?state=open&limit=100");
      return body.data.filter((item: Json) => item.payment === paymentId);
    },
    strays: async () => (await platform().ops("GET", "/v1/ops/stray_notifications?limit=100")).body.data,
    paymentCode: async (behaviour = "pays", wallet = "alipay") =>
      (await platform().sandbox("POST", "/wallet/payment-codes", { behaviour, wallet })).body.code,
    fault: async (kind, match = {}, params = {}) => {
      const armed = await platform().sandbox("POST", "/faults", { kind, match, params, count: 1 });
      assert.equal(armed.status, 201, JSON.stringify(armed.body));
    },
    order: (payment, index = 0) => payment.attempts[index].channel_order_no,
    eventually,
  };
  return hands;
}
