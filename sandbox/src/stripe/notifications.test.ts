import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Stripe } from "stripe";
import { type TestClock, testClock } from "../testing/clock.ts";
import { type StripeBench, type StripeHeard, startStripeBench } from "../testing/stripe.ts";
import { until } from "../testing/until.ts";

let bench: StripeBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T09:30:00Z");
  bench = await startStripeBench({ clock });
});
after(() => bench.stop());

type Shown = {
  id: string;
  state: string;
  forged: string | null;
  params: { event_type: string };
  tries: object[];
};

const minute = 60_000;
const { webhooks } = new Stripe("sk_test_none");
const shown = async (orderNo: string, type: string): Promise<Shown[]> => {
  const { data } = await bench.get(`/stripe/notifications?out_trade_no=${orderNo}`);
  return (data as Shown[]).filter((one) => one.params.event_type === type);
};
const of = (orderNo: string, type = "payment_intent.succeeded"): StripeHeard[] =>
  bench.heard.filter(({ event }) => {
    const { metadata, client_reference_id: reference } = event.data.object as unknown as {
      metadata: { order_no?: string };
      client_reference_id?: string;
    };
    return event.type === type && (metadata.order_no ?? reference) === orderNo;
  });
const settled = (orderNo: string, count: number) =>
  until(`${orderNo} is heard ${count} times`, () => of(orderNo).length === count && of(orderNo));
const tried = (orderNo: string, tries: number) =>
  until(`${orderNo}: ${tries} tries`, async () => {
    const [one] = await shown(orderNo, "payment_intent.succeeded");
    return one?.tries.length === tries && one;
  });
const trusts = ({ body, signature }: StripeHeard, secret = bench.account.webhook_secret): boolean => {
  const at = Number(/t=(\d+)/.exec(signature)?.[1] ?? 0);
  try {
    webhooks.constructEvent(body, signature, secret, 300, undefined, at);
    return true;
  } catch {
    return false;
  }
};
const arm = (kind: string, orderNo: string, params: object = {}) =>
  bench.arm(kind, { match: { out_trade_no: orderNo }, count: 1, params });
/** Only the intent's success, so that each order has one event. */
const onlySuccess = () =>
  bench.sdk.webhookEndpoints.update(bench.account.webhook_endpoint_id, {
    enabled_events: ["payment_intent.succeeded"],
  });

void describe("an event", () => {
  test("is told of everything that a platform has to hear", async () => {
    const intent = await bench.paid("ALL001");
    await bench.sdk.refunds.create({ payment_intent: intent.id, amount: 34 });
    await clock.advance(500);
    await bench.post("/wallet/dispute", { order: "ALL001" });
    await bench.post("/wallet/dispute-decide", { order: "ALL001", outcome: "won" });
    for (const type of [
      "checkout.session.completed",
      "payment_intent.succeeded",
      "refund.created",
      "charge.refunded",
      "refund.updated",
      "charge.dispute.created",
      "charge.dispute.closed",
    ]) {
      const [told] = await bench.hear(type, 1);
      assert.ok(trusts(told!), type);
      assert.equal((await bench.sdk.events.retrieve(told!.event.id)).type, type);
    }
    await onlySuccess();
  });

  test("is tried again after doubling gaps for three days, until any 2xx", async () => {
    bench.answerWith(500);
    await bench.paid("SCHED1");
    let tries = 1;
    for (const gap of [5, 10, 20, 40, 80, 160, 320, 640, 720, 720, 720, 720]) {
      await tried("SCHED1", tries);
      await clock.advance(gap * minute - 1);
      assert.equal((await shown("SCHED1", "payment_intent.succeeded"))[0]!.tries.length, tries);
      await clock.advance(1);
      tries += 1;
    }
    assert.equal((await tried("SCHED1", 13)).state, "given_up");
    assert.equal(new Set(of("SCHED1").map(({ event }) => event.id)).size, 1);
    assert.equal(new Set(of("SCHED1").map(({ signature }) => signature)).size, 13);
    assert.ok(of("SCHED1").every((one) => trusts(one)));
    bench.answerWith(204);
    await bench.post(`/stripe/notifications/${(await tried("SCHED1", 13)).id}/resend`);
    assert.equal((await tried("SCHED1", 14)).state, "acknowledged");
  });

  test("is signed with both secrets while one is rolled, and with the new one after that", async () => {
    const roll = `/stripe/accounts/${bench.account.account_id}/roll-webhook-secret`;
    const { body } = await bench.post(roll, { overlap_seconds: 600 });
    const fresh = body.webhook_secret as string;
    await bench.paid("ROLL1");
    const [both] = await settled("ROLL1", 1);
    assert.deepEqual([trusts(both!), trusts(both!, fresh)], [true, true]);
    await clock.advance(10 * minute);
    await bench.paid("ROLL2");
    const [one] = await settled("ROLL2", 1);
    assert.deepEqual([trusts(one!), trusts(one!, fresh)], [false, true]);
    bench.account.webhook_secret = fresh;
  });
});

void describe("an event that misbehaves on demand", () => {
  test("comes again although it was acknowledged", async () => {
    await arm("notification_duplicate", "DUP1", { copies: 2 });
    await bench.paid("DUP1");
    const all = await settled("DUP1", 3);
    assert.equal(new Set(all.map(({ event }) => event.id)).size, 1);
  });

  test("comes late, or never", async () => {
    await arm("notification_late", "LATE1", { ms: 90_000 });
    await arm("notification_lost", "LOST1");
    await bench.paid("LATE1");
    await bench.paid("LOST1");
    await clock.advance(89_999);
    assert.equal(of("LATE1").length, 0);
    await clock.advance(1);
    await settled("LATE1", 1);
    const [lost] = await shown("LOST1", "payment_intent.succeeded");
    assert.deepEqual([lost!.state, lost!.tries.length], ["lost", 0]);
  });

  test("names another amount, authentically, while the query tells the truth", async () => {
    await arm("notification_wrong_amount", "WRONG1", { delta: -100 });
    const intent = await bench.paid("WRONG1");
    const [told] = await settled("WRONG1", 1);
    assert.equal((told!.event.data.object as Stripe.PaymentIntent).amount_received, 1134);
    assert.ok(trusts(told!));
    assert.equal(intent.amount_received, 1234);
  });

  for (const how of ["tampered", "foreign_key", "unsigned"]) {
    test(`is forged (${how}), and the official verifier sees it`, async () => {
      const orderNo = `FORGE_${how}`;
      await arm("notification_forged", orderNo, { how });
      await bench.paid(orderNo);
      const all = await settled(orderNo, 2);
      assert.equal(all.filter((one) => trusts(one)).length, 1);
    });
  }

  test("claims a payment that never was, when it is forged by hand", async () => {
    const session = await bench.session("FORGE1");
    await bench.post("/stripe/orders/FORGE1/forge-notification");
    const told = await until("the forgery", () =>
      bench.heard.find(
        ({ event }) =>
          event.type === "payment_intent.succeeded" &&
          of("FORGE1").length === 0 &&
          (event.data.object as Stripe.PaymentIntent).latest_charge === null,
      ),
    );
    assert.equal(trusts(told), false);
    assert.equal((await bench.sdk.checkout.sessions.retrieve(session.id)).status, "open");
  });
});
