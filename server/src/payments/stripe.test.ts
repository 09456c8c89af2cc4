import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE } from "../kernel/clock.ts";
import { aNumber, handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
let shop: { key: string; merchant: string; account: string; stripe: Json };
const hands = handsOn(() => platform);

before(async () => {
  platform = await startTestPlatform();
  shop = await openCardShop();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const created = async (path: string, body: unknown): Promise<Json> => {
  const made = await platform.ops("POST", path, body);
  assert.ok(made.status < 300, JSON.stringify(made.body));
  return made.body;
};

/** A merchant that takes cards alone, in three currencies. */
async function openCardShop(terms: Json = {}) {
  const merchant = await created("/v1/ops/merchants", {
    name: "Card Shop",
    legal_name: "Card Shop Ltd.",
    fee_rate_millionths: 30_000,
    currencies: ["USD", "EUR", "JPY"],
  });
  const key = await created(`/v1/ops/merchants/${merchant.id}/api_keys`, { label: "till" });
  const { body: stripe } = await platform.sandbox("POST", "/stripe/accounts", {
    currencies: ["usd", "eur", "jpy"],
    ...terms,
  });
  const account = await created("/v1/ops/channel_accounts", {
    merchant_id: merchant.id,
    channel: "stripe",
    label: "Cards at the sandbox",
    gateway_url: stripe.api_url,
    cost_rate_millionths: 29_000,
    fund_flow: "through_platform",
    currencies: ["USD", "EUR", "JPY"],
    credentials: {
      secret_key: stripe.secret_key,
      publishable_key: stripe.publishable_key,
      webhook_secret: stripe.webhook_secret,
      account_id: stripe.account_id,
    },
  });
  await created(`/v1/ops/channel_accounts/${account.id}/enable`, undefined);
  const notifyUrl = `${platform.baseUrl}/notify/stripe/${account.id}`;
  await platform.sandbox("POST", `/stripe/accounts/${stripe.account_id}/notify-url`, {
    notify_url: notifyUrl,
  });
  return {
    key: key.secret as string,
    merchant: merchant.id as string,
    account: account.id as string,
    stripe,
  };
}

const api = (method: string, path: string, body?: unknown) => platform.api(method, path, body, shop.key);
const get = async (path: string): Promise<Json> => (await api("GET", path)).body;
const until = (path: string, done: (seen: Json) => boolean) => hands.eventually(() => get(path), done);

async function create(wanted: Record<string, unknown> = {}): Promise<Json> {
  const made = await api("POST", "/v1/payments", {
    merchant_order_no: aNumber("C"),
    amount: 1234,
    currency: "USD",
    subject: "Tea",
    method: "card",
    ...wanted,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

/** What the buyer has in hand: the page's address, or the app's client secret. */
function inHand({ next_action: action }: Json): string {
  return action.type === "redirect" ? action.url : JSON.parse(action.params).client_secret;
}

async function paid(wanted: Record<string, unknown> = {}): Promise<Json> {
  const payment = await create(wanted);
  assert.equal((await platform.payCode(inHand(payment))).status, 200);
  return until(`/v1/payments/${payment.id}`, (seen) => seen.status === "succeeded");
}

async function dispute(payment: Json, amount?: number): Promise<Json> {
  const order = payment.attempts[0].channel_trade_no;
  const asked = await platform.sandbox("POST", "/wallet/dispute", {
    order,
    ...(amount === undefined ? {} : { amount }),
  });
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  const seen = await until(`/v1/payments/${payment.id}`, ({ disputes }) => disputes.length > 0);
  return seen.disputes[0];
}

const decide = async (payment: Json, outcome: "won" | "lost") => {
  const order = payment.attempts[0].channel_trade_no;
  const decided = await platform.sandbox("POST", "/wallet/dispute-decide", { order, outcome });
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
};

async function balanceOf(code: string, currency: string): Promise<number> {
  const { data } = await get("/v1/accounts?limit=100");
  // On the wire a credit is negative.
  return -(data.find((one: Json) => one.code === code && one.currency === currency)?.balance ?? 0);
}

describe("cards beside Chinese wallets, from the order to the success", () => {
  for (const [method, currency, amount, fee] of [
    ["card", "USD", 1234, 37],
    ["card.app", "EUR", 500, 15],
    ["card", "JPY", 1200, 36],
  ] as const) {
    test(`${method} in ${currency} is paid, booked in its own currency, and told`, async () => {
      const payment = await paid({ method, currency, amount });
      const [attempt] = payment.attempts;
      assert.deepEqual([attempt.amount_paid, attempt.fee, payment.currency], [amount, fee, currency]);
      assert.match(attempt.channel_trade_no, /^pi_/);
      assert.ok((await hands.events(payment.id)).includes("payment.succeeded"));
    });
  }

  test("a currency that the account does not settle is refused", async () => {
    const refused = await api("POST", "/v1/payments", {
      merchant_order_no: aNumber("C"),
      amount: 1234,
      currency: "GBP",
      subject: "Tea",
      method: "card",
    });
    assert.ok(refused.status >= 400 && refused.status < 500, JSON.stringify(refused.body));
    assert.equal(refused.body.field, "currency");
  });

  test("an amount that Stripe does not take in a currency is refused with what it takes", async () => {
    const wanted = { merchant_order_no: aNumber("C"), amount: 10, currency: "USD", subject: "Tea" };
    const { status, body } = await api("POST", "/v1/payments", { ...wanted, method: "card" });
    assert.deepEqual([status, body.code, body.field], [422, "amount_out_of_range", "amount"]);
    assert.match(body.detail, /takes 0\.50 to 999999\.99 USD, not 0\.10/);
  });

  test("closed by the merchant, its page takes no money any more", async () => {
    const payment = await create();
    assert.match(payment.attempts[0].channel_trade_no, /^cs_/);
    const closed = await api("POST", `/v1/payments/${payment.id}/close`);
    assert.equal(closed.body.status, "closed", JSON.stringify(closed.body));
    assert.notEqual((await platform.payCode(inHand(payment))).status, 200);
  });

  test("an order whose answer was lost is placed again and stays one order", async () => {
    await hands.fault("answer_lost_after_success", { method: "checkout.sessions.create" });
    const payment = await create();
    assert.equal(payment.next_action, null);
    const placed = await hands.eventually(
      async () => {
        platform.clock.advance(MINUTE);
        return get(`/v1/payments/${payment.id}`);
      },
      (seen) => seen.next_action !== null || seen.attempts.length > 1,
    );
    assert.equal(placed.attempts.length, 1);
    await platform.payCode(inHand(placed));
    await until(`/v1/payments/${payment.id}`, (seen) => seen.status === "succeeded");
  });
});

describe("money given back to a card", () => {
  test("arrives, and by parts makes the whole", async () => {
    const payment = await paid();
    for (const amount of [234, 1000]) {
      const { status, body } = await api("POST", `/v1/payments/${payment.id}/refunds`, {
        merchant_refund_no: aNumber("R"),
        amount,
      });
      assert.equal(status, 201, JSON.stringify(body));
      await until(`/v1/refunds/${body.id}`, (seen) => seen.state === "succeeded");
    }
    const { refund_status: whole } = await get(`/v1/payments/${payment.id}`);
    assert.equal(whole, "full");
  });

  test("by somebody at the dashboard is booked and shown to a person", async () => {
    const payment = await paid();
    const order = payment.attempts[0].channel_trade_no;
    await platform.sandbox("POST", `/stripe/orders/${order}/refund`, { amount: 100 });
    await hands.eventually(
      () => hands.work(payment.id),
      (items) => items.some((item: Json) => item.kind === "refund_by_channel"),
    );
  });

  test("by somebody at the dashboard after one of ours failed at the bank is booked, and once", async () => {
    const payment = await paid();
    await hands.fault("refund_returned", { out_trade_no: hands.order(payment) }, { ms: 1_000 });
    const { body: refund } = await api("POST", `/v1/payments/${payment.id}/refunds`, {
      merchant_refund_no: aNumber("R"),
      amount: 1000,
    });
    await until(`/v1/refunds/${refund.id}`, (seen) => seen.state === "returned");
    // Less than what Stripe called refunded before: its sum has fallen, and tells nothing of it.
    await atTheDashboard(payment, { amount: 300 });
    assert.deepEqual(await bookedAtTheDashboard(payment, 1), [300]);
    await atTheDashboard(payment, { amount: 300 });
    assert.deepEqual(await bookedAtTheDashboard(payment, 2), [300, 300]);

    const tellings = await eventsOf(payment, "refund.created");
    assert.equal(tellings.length, 3);
    for (const { id } of [...tellings, ...(await eventsOf(payment, "charge.refunded"))]) {
      const again = await platform.sandbox("POST", `/stripe/notifications/${id}/resend`);
      assert.ok(again.status < 300, JSON.stringify(again.body));
    }
    const toldAgain = (items: Json[]) => items.filter((item) => item.decision === "already_known").length;
    await hands.eventually(
      async () => (await hands.timeline(payment.id)).map((item) => item.detail),
      (details) => toldAgain(details) >= tellings.length,
    );
    assert.deepEqual(await bookedAtTheDashboard(payment, 2), [300, 300]);
  });

  test("by somebody at the dashboard, told before the payment is, is refused until then", async () => {
    const { payment, order, tell } = await paidUntold({ method: "card" }, "4242");
    const made = await platform.sandbox("POST", `/stripe/orders/${order}/refund`, { amount: 200 });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    const refused = await tell("refund.created", 1);
    assert.ok(refused.status >= 300, JSON.stringify(refused));

    assert.equal((await tell("payment_intent.succeeded", 1)).status, 200);
    assert.equal((await tell("refund.created", 2)).status, 200);
    assert.deepEqual(await bookedAtTheDashboard(payment, 1), [200]);
  });

  test("by somebody at the dashboard that fails at the bank is booked back", async () => {
    const payment = await paid();
    await atTheDashboard(payment, { fails_after_ms: 1_000 });
    await until(`/v1/payments/${payment.id}`, (seen) => seen.reversed_by_channel);
    const items = await hands.eventually(
      () => hands.work(payment.id),
      (seen) => seen.some((item: Json) => /came back/.test(item.detail)),
    );
    const kinds = items.map((item: Json) => `${item.kind} ${item.amount}`);
    assert.deepEqual(kinds.toSorted(), ["refund_by_channel 1234", "reversed_by_channel 1234"]);
    assert.equal((await booked(payment, "break_refund_theirs")).length, 1);
  });
});

/** A payment that was paid at Stripe, and of which nothing is told until `tell` says it. */
async function paidUntold(wanted: Record<string, unknown>, card: string) {
  const payment = await create(wanted);
  const order = hands.order(payment);
  const lost = { kind: "notification_lost", match: { out_trade_no: order }, params: {} };
  assert.equal((await platform.sandbox("POST", "/faults", lost)).status, 201);
  const paying = { code: inHand(payment), card };
  assert.equal((await platform.sandbox("POST", "/wallet/pay", paying)).status, 200);
  const heard = async (type: string): Promise<Json> => {
    const { body } = await platform.sandbox("GET", `/stripe/notifications?out_trade_no=${order}`);
    return body.data.find((one: Json) => one.params.event_type === type);
  };
  const tell = async (type: string, tries: number): Promise<Json> => {
    await platform.sandbox("POST", `/stripe/notifications/${(await heard(type)).id}/resend`);
    const told = await hands.eventually(
      () => heard(type),
      (one) => one.tries.length === tries,
    );
    return told.tries.at(-1);
  };
  return { payment, order, tell };
}

async function atTheDashboard(payment: Json, refund: Json): Promise<void> {
  const order = payment.attempts[0].channel_trade_no;
  const made = await platform.sandbox("POST", `/stripe/orders/${order}/refund`, refund);
  assert.equal(made.status, 200, JSON.stringify(made.body));
}

/** What work items say went back at the dashboard, once there are so many, with a journal each. */
async function bookedAtTheDashboard(payment: Json, count: number): Promise<number[]> {
  const items = await hands.eventually(
    async () => (await hands.work(payment.id)).filter((item) => item.kind === "refund_by_channel"),
    (seen) => seen.length >= count,
  );
  assert.equal((await booked(payment, "break_refund_theirs")).length, count);
  return items.map((item) => item.amount);
}

const booked = async (payment: Json, kind: string): Promise<Json[]> =>
  (await hands.timeline(payment.id)).filter((item) => item.what === `Booked: ${kind}`);

async function eventsOf(payment: Json, type: string): Promise<Json[]> {
  const query = `out_trade_no=${hands.order(payment)}`;
  const { body } = await platform.sandbox("GET", `/stripe/notifications?${query}`);
  return body.data.filter((one: Json) => JSON.stringify(one).includes(type));
}

describe("a payer's claim", () => {
  test("opens: held back, shown, told, on the work-list; refunds keep clear of it; lost: gone", async () => {
    const payment = await paid({ amount: 5000 });
    const before = await balanceOf("merchant_pending", "USD");
    const opened = await dispute(payment, 2000);
    assert.deepEqual(
      [opened.state, opened.amount, opened.fee, opened.currency],
      ["opened", 2000, 1500, "USD"],
    );
    assert.equal(await balanceOf("merchant_pending", "USD"), before - 3500);
    assert.equal((await get(`/v1/payments/${payment.id}`)).status, "succeeded");
    assert.deepEqual(await get(`/v1/disputes/${opened.id}`), opened);
    const items = await hands.work(payment.id);
    assert.ok(items.some((item: Json) => item.kind === "dispute_opened" && item.amount === 2000));
    const refused = await api("POST", `/v1/payments/${payment.id}/refunds`, {
      merchant_refund_no: aNumber("R"),
      amount: 3001,
    });
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.amount_left],
      [409, "payment_disputed", 3000],
    );

    await decide(payment, "lost");
    const lost = await until(`/v1/disputes/${opened.id}`, (seen) => seen.state === "lost");
    assert.equal(lost.state_final, true);
    assert.equal(await balanceOf("merchant_pending", "USD"), before - 3500);
    assert.deepEqual(
      (await hands.events(payment.id)).filter((type) => type.startsWith("dispute.")),
      ["dispute.opened", "dispute.lost"],
    );
  });

  test("won: the amount comes back, the fee does not; the timeline tells it all", async () => {
    const payment = await paid({ currency: "JPY", amount: 3000 });
    const before = await balanceOf("merchant_pending", "JPY");
    const opened = await dispute(payment);
    await decide(payment, "won");
    await until(`/v1/disputes/${opened.id}`, (seen) => seen.state === "won");
    assert.equal(await balanceOf("merchant_pending", "JPY"), before - 1500);
    const told = (await hands.timeline(payment.id)).map((item) => String(item.what));
    for (const what of [
      "Dispute won",
      "Booked: dispute_opened",
      "Booked: dispute_won",
      "Event dispute.won",
    ]) {
      assert.ok(told.includes(what), `${what} is missing in ${told.join("; ")}`);
    }
  });

  test("won, the fee comes back too where the contract gives it back", async () => {
    const plain = shop;
    shop = await openCardShop({ dispute_fee_returned: true });
    try {
      const payment = await paid({ amount: 5000 });
      const before = await balanceOf("merchant_pending", "USD");
      const opened = await dispute(payment, 2000);
      assert.equal(await balanceOf("merchant_pending", "USD"), before - 3500);
      await decide(payment, "won");
      const won = await until(`/v1/disputes/${opened.id}`, (seen) => seen.state === "won");
      assert.deepEqual([won.fee, won.amount_returned, won.fee_returned], [1500, 2000, 1500]);
      assert.equal(await balanceOf("merchant_pending", "USD"), before);
    } finally {
      shop = plain;
    }
  });

  test("whose end is never told is asked about", async () => {
    const payment = await paid();
    const opened = await dispute(payment);
    await hands.fault("notification_lost", { out_trade_no: hands.order(payment) });
    await decide(payment, "won");
    await hands.eventually(
      async () => {
        platform.clock.advance(6 * HOUR);
        return get(`/v1/disputes/${opened.id}`);
      },
      (seen) => seen.state === "won",
    );
  });

  for (const [outcome, end] of [
    ["won", "succeeded"],
    ["lost", "failed"],
  ] as const) {
    test(`on a surplus is not the merchant's; its refund waits: ${outcome}, it ${end}`, async () => {
      const payment = await create();
      const closed = await api("POST", `/v1/payments/${payment.id}/close`);
      assert.equal(closed.body.status, "closed", JSON.stringify(closed.body));
      const before = await balanceOf("merchant_pending", "USD");
      await hands.fault("rate_refusal", { out_trade_no: hands.order(payment), method: "refunds.create" });
      await platform.sandbox("POST", `/stripe/orders/${hands.order(payment)}/pay-late`, {});
      const isHeld = (seen: Json) => seen.refunds_automatic[0]?.failure_code === "not_sent";
      await until(`/v1/payments/${payment.id}`, isHeld);
      const opened = await dispute(await get(`/v1/payments/${payment.id}`));
      assert.deepEqual([opened.amount, opened.fee], [1234, 1500]);
      assert.equal(await balanceOf("merchant_pending", "USD"), before);
      await assertInvariants(platform);

      platform.clock.advance(HOUR);
      await decide(await get(`/v1/payments/${payment.id}`), outcome);
      const seen = await until(
        `/v1/payments/${payment.id}`,
        ({ refunds_automatic: [refund] }) => refund.state === end,
      );
      assert.equal(seen.disputes[0].state, outcome);
      assert.equal(await balanceOf("merchant_pending", "USD"), before);
    });
  }

  const early = "told before its payment is refused, and booked when the channel says it again";
  // A page's order has Stripe's number of the payment only once it is paid.
  for (const method of ["card.app", "card"]) test(`${early}: ${method}`, () => isToldEarly(method));

  async function isToldEarly(method: string): Promise<void> {
    const { payment, tell } = await paidUntold({ method }, "0259");
    const refused = await tell("charge.dispute.created", 1);
    assert.ok(refused.status >= 300, JSON.stringify(refused));
    const before = await get(`/v1/payments/${payment.id}`);
    assert.deepEqual([before.status, before.disputes], ["processing", []]);

    assert.equal((await tell("payment_intent.succeeded", 1)).status, 200);
    assert.equal((await tell("charge.dispute.created", 2)).status, 200);
    const { status, disputes } = await get(`/v1/payments/${payment.id}`);
    assert.equal(status, "succeeded");
    assert.deepEqual([disputes.length, disputes[0].state, disputes[0].amount], [1, "opened", 1234]);
  }

  test("on a payment that is nobody's here is refused at first, and shown when it is a day old", async () => {
    const made = await fetch(`${shop.stripe.api_url}/v1/payment_intents`, {
      method: "POST",
      headers: { authorization: `Bearer ${shop.stripe.secret_key}` },
      body: new URLSearchParams({ amount: "1234", currency: "usd" }),
    });
    const { id, client_secret: code } = (await made.json()) as Json;
    assert.equal((await platform.sandbox("POST", "/wallet/pay", { code, card: "0259" })).status, 200);
    const strays = async () => (await hands.strays()).filter((one: Json) => one.outcome === "opened");
    const tries = async () => {
      const { body } = await platform.sandbox("GET", "/stripe/notifications");
      return body.data
        .filter(({ params }: Json) => /charge.dispute/.test(params.event) && params.event.includes(id))
        .flatMap((one: Json) => one.tries);
    };
    const [first] = await hands.eventually(tries, (all) => all.length > 0);
    assert.ok(first.status >= 300, JSON.stringify(first));
    assert.equal((await strays()).length, 0);
    await hands.eventually(
      async () => {
        platform.clock.advance(12 * HOUR);
        return strays();
      },
      (seen) => seen.length > 0,
    );
  });

  test("stands in the merchant's list and in the operators', and in nobody else's", async () => {
    const { data } = await get("/v1/disputes?limit=2");
    assert.equal(data.length, 2);
    const own = await get(`/v1/disputes?payment=${data[0].payment}`);
    assert.deepEqual(
      own.data.map((one: Json) => one.id),
      [data[0].id],
    );
    const all = await platform.ops("GET", `/v1/ops/disputes?merchant=${shop.merchant}&state=won`);
    assert.ok(all.body.data.length > 0 && all.body.data.every((one: Json) => one.state === "won"));
    assert.equal((await platform.ops("GET", `/v1/ops/disputes/${data[0].id}`)).body.id, data[0].id);
    assert.equal((await platform.api("GET", `/v1/disputes/${data[0].id}`)).status, 404);
    assert.equal((await platform.api("GET", "/v1/disputes")).body.data.length, 0);
  });
});

test("the statement of the day has payments, refunds and claims", async () => {
  const payment = await paid();
  const { body: refund } = await api("POST", `/v1/payments/${payment.id}/refunds`, {
    merchant_refund_no: aNumber("R"),
    amount: 100,
  });
  await dispute(payment, 200);
  const date = payment.attempts[0].paid_at.slice(0, 10);
  const { status, body } = await platform.ops(
    "GET",
    `/v1/ops/channel_accounts/${shop.account}/statements/${date}`,
  );
  assert.equal(status, 200, JSON.stringify(body));
  const own = body.lines.filter(
    (line: Json) => line.channel_trade_no === payment.attempts[0].channel_trade_no,
  );
  assert.deepEqual(
    own.map((line: Json) => [line.kind, line.amount, line.fee, line.channel_refund_no]),
    [
      ["payment", 1234, 66, null],
      ["refund", -100, 0, refund.channel_refund_no],
      ["dispute", -200, 1500, null],
    ],
  );
});
