import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { DAY, HOUR, MINUTE } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { type Id, parseId } from "../kernel/ids.ts";
import type { Actor } from "../operators/index.ts";
import { handsOn } from "../payments/testing/hands.ts";
import { openShop, type Shop } from "../payments/testing/shop.ts";
import { aMerchant, anAccount } from "../payments/testing/terms.ts";
import { createVerifications, type VerificationsDeps } from "./index.ts";
import { numberOf } from "./model.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const account = (shop: Shop) => `/v1/ops/channel_accounts/${shop.channelAccountId}`;

/** A shop whose contract is as new in production: disabled, and to be tried out first. */
async function untriedShop(): Promise<Shop> {
  const shop = await openShop(platform);
  assert.equal((await platform.ops("POST", `${account(shop)}/disable`)).status, 200);
  const requireIt = sql(
    "test_require_verification",
    "update platform.channel_accounts set verification = 'required' where id = $1",
  );
  await platform.app.cell.transact((tx) => tx.run(requireIt, [parseId("cha", shop.channelAccountId)]));
  return shop;
}

async function start(shop: Shop, wish: Record<string, unknown> = { method: "alipay.qr" }): Promise<Json> {
  const started = await platform.ops("POST", `${account(shop)}/verifications`, wish);
  assert.equal(started.status, 201, JSON.stringify(started.body));
  return started.body;
}

const look = async (id: string) => (await platform.ops("GET", `/v1/ops/verifications/${id}`)).body;
const check = async (id: string) => (await platform.ops("POST", `/v1/ops/verifications/${id}/check`)).body;
const until = (id: string, state: string) =>
  hands.eventually(
    () => check(id),
    (seen) => seen.state === state,
  );

/** Starts one and pays it; with the number of its order at the channel. */
async function startPaid(shop: Shop): Promise<Json> {
  const started = await start(shop);
  assert.equal((await platform.payCode(started.next_action.qr_code)).status, 200);
  const paid = await hands.eventually(
    async () => (await shop.api("GET", `/v1/payments/${started.payment}`)).body,
    (seen) => seen.status === "succeeded",
  );
  return { ...started, order: hands.order(paid) };
}

const orderOf = async (shop: Shop, { payment }: Json) =>
  hands.order((await shop.api("GET", `/v1/payments/${payment}`)).body);

/** What a verification asks for when it gives the money back. */
const ownRefund = (id: string) => ({
  merchant_refund_no: numberOf(parseId("vrf", id) as Id),
  reason: "Verification",
});

/** Lets the channel answer no more queries of an order; what ends that. */
async function silence(order: string): Promise<() => Promise<void>> {
  const { body: fault } = await platform.sandbox("POST", "/faults", {
    kind: "http_5xx",
    match: { out_trade_no: order, method: "alipay.trade.query" },
  });
  return async () => {
    assert.equal((await platform.sandbox("DELETE", `/faults/${fault.id}`)).status, 204);
  };
}

/** Approves as a second person. */
async function approve(approval: string) {
  const { body: second } = await platform.ops("POST", "/v1/ops/operators", {
    name: `Second of ${approval}`,
    roles: ["finance"],
  });
  return platform.api("POST", `/v1/ops/approvals/${approval}/approve`, undefined, second.token);
}

describe("a contract that has not shown that money comes back", () => {
  test("takes no orders before a cent was paid, given back, and found in the next bill", async () => {
    const shop = await untriedShop();
    const refused = await platform.ops("POST", `${account(shop)}/enable`);
    assert.deepEqual([refused.status, refused.body.code], [409, "channel_account_not_verified"]);
    const order = {
      merchant_order_no: "A1",
      amount: 100,
      currency: "CNY",
      subject: "Tea",
      method: "alipay.qr",
    };
    assert.equal((await shop.api("POST", "/v1/payments", order)).body.code, "method_not_available");

    const started = await start(shop);
    assert.deepEqual([started.state, started.amount, started.currency], ["waiting_for_buyer", 1, "CNY"]);
    assert.equal(started.next_action.type, "qr_code");
    const another = await platform.ops("POST", `${account(shop)}/verifications`, { method: "alipay.qr" });
    assert.equal(another.status, 409);

    assert.equal((await platform.payCode(started.next_action.qr_code)).status, 200);
    const paid = await until(started.id, "waiting_for_statement");
    assert.equal(paid.next_action, null);
    assert.notEqual(paid.asked_at, null);
    const early = await check(started.id);
    assert.deepEqual([early.state, early.payment_billed], ["waiting_for_statement", false]);
    assert.equal((await platform.ops("POST", `${account(shop)}/enable`)).status, 409);

    await platform.sandbox("POST", "/alipay/close-day", {});
    platform.clock.advance(DAY);
    const verified = await until(started.id, "verified");
    assert.deepEqual(
      [verified.payment_billed, verified.refund_billed, verified.notified, verified.detail],
      [true, true, true, null],
    );
    const { body: enabled } = await platform.ops("POST", `${account(shop)}/enable`);
    assert.deepEqual([enabled.status, enabled.verification], ["active", "verified"]);
    const taken = await shop.api("POST", "/v1/payments", { ...order, merchant_order_no: "A2" });
    assert.equal(taken.status, 201, JSON.stringify(taken.body));
  });

  test("says nothing of an account whose gateway was changed while it was tried out", async () => {
    const shop = await untriedShop();
    const started = await start(shop);
    await platform.payCode(started.next_action.qr_code);
    await until(started.id, "waiting_for_statement");
    const { body: seen } = await platform.ops("GET", account(shop));
    const moveTo = async (gateway_url: string, revision: number) => {
      const moved = await platform.ops("PATCH", account(shop), { revision, gateway_url });
      assert.equal(moved.status, 200, JSON.stringify(moved.body));
      return moved.body.revision;
    };
    // There and back: the address is the same again, and what was between them was not tried.
    const revision = await moveTo(`${seen.gateway_url}?other`, seen.revision);
    await moveTo(seen.gateway_url, revision);
    await platform.sandbox("POST", "/alipay/close-day", {});
    platform.clock.advance(DAY);
    const failed = await until(started.id, "failed");
    assert.match(failed.detail, /gateway_url.*start another/);
    const refused = await platform.ops("POST", `${account(shop)}/enable`);
    assert.deepEqual([refused.status, refused.body.code], [409, "channel_account_not_verified"]);
  });

  test("goes on by itself: nobody has to look", async () => {
    const shop = await untriedShop();
    const { id, next_action: action } = await start(shop);
    await platform.payCode(action.qr_code);
    platform.clock.advance(10_000);
    const refunded = await hands.eventually(
      () => look(id),
      (seen) => seen.state === "waiting_for_statement",
    );
    await platform.sandbox("POST", "/alipay/close-day", {});
    platform.clock.advance(DAY + HOUR);
    const ended = await hands.eventually(
      () => look(id),
      (seen) => seen.finished_at !== null,
    );
    assert.deepEqual([ended.state, ended.refund], ["verified", refunded.refund]);
  });

  test("that nobody pays fails with what to do, and can be tried again", async () => {
    const shop = await untriedShop();
    const { id } = await start(shop);
    platform.clock.advance(HOUR);
    const failed = await until(id, "failed");
    assert.match(failed.detail, /closed.*nobody paid/);
    const again = await start(shop);
    assert.equal(again.state, "waiting_for_buyer");
    const { body: list } = await platform.ops("GET", `${account(shop)}/verifications?limit=1`);
    assert.deepEqual([list.data.length, list.data[0].id], [1, again.id]);
    const next = await platform.ops(
      "GET",
      `${account(shop)}/verifications?limit=1&cursor=${list.next_cursor}`,
    );
    assert.equal(next.body.data[0].id, id);
    await shop.api("POST", `/v1/payments/${again.payment}/close`);
  });

  test("fails in the end where nothing is left to give back, and can be tried again", async () => {
    const shop = await untriedShop();
    const { id, payment, next_action: action } = await start(shop);
    await platform.payCode(action.qr_code);
    await hands.eventually(
      async () => (await shop.api("GET", `/v1/payments/${payment}`)).body,
      (seen) => seen.status === "succeeded",
    );
    // The merchant was quicker: there is nothing left to give back.
    const own = await shop.api("POST", `/v1/payments/${payment}/refunds`, { merchant_refund_no: "own" });
    assert.equal(own.status, 201, JSON.stringify(own.body));
    const asked = await check(id);
    assert.deepEqual([asked.state, asked.asked_at], ["waiting_for_buyer", null]);
    platform.clock.advance(8 * DAY);
    const failed = await until(id, "failed");
    assert.equal(failed.detail, "the channel was asked and says that the payment is refunded");
    assert.deepEqual([failed.asked_at, failed.refund], [null, null]);
    await shop.api("POST", `/v1/payments/${(await start(shop)).payment}/close`);
  });

  test("gives nothing back before the channel, asked, has told the payment", async () => {
    const shop = await untriedShop();
    const started = await start(shop);
    const speakAgain = await silence(await orderOf(shop, started));
    assert.equal((await platform.payCode(started.next_action.qr_code)).status, 200);
    const unanswered = await hands.eventually(
      () => check(started.id),
      (seen) => !seen.detail.includes("waits for whoever"),
    );
    assert.match(unanswered.detail, /^the channel was asked and did not answer: \S/);
    const { state, asked_at, refund } = unanswered;
    assert.deepEqual([state, asked_at, refund], ["waiting_for_buyer", null, null]);
    const { body: payment } = await shop.api("GET", `/v1/payments/${started.payment}`);
    assert.deepEqual([payment.status, payment.amount_refunded], ["succeeded", 0]);
    await speakAgain();
    assert.notEqual((await until(started.id, "waiting_for_statement")).asked_at, null);
  });

  test("is verified by asking alone, and says that no notification arrived", async () => {
    const shop = await untriedShop();
    const started = await start(shop);
    const lost = await platform.sandbox("POST", "/faults", {
      kind: "notification_lost",
      match: { out_trade_no: await orderOf(shop, started) },
    });
    assert.equal((await platform.payCode(started.next_action.qr_code)).status, 200);
    platform.clock.advance(11_000);
    const refunded = await until(started.id, "waiting_for_statement");
    assert.equal(refunded.notified, false);
    await platform.sandbox("POST", "/alipay/close-day", {});
    platform.clock.advance(DAY);
    const verified = await until(started.id, "verified");
    assert.equal(verified.notified, false);
    assert.match(verified.detail, /^it works, but no notification arrived: .*the account's notify path$/);
    assert.equal((await platform.sandbox("DELETE", `/faults/${lost.body.id}`)).status, 204);
  });

  test("fails in the end where the channel never takes the refund, and can be tried again", async () => {
    const shop = await untriedShop();
    const started = await start(shop);
    const refusing = await platform.sandbox("POST", "/faults", {
      kind: "refund_refused",
      match: { out_trade_no: await orderOf(shop, started) },
    });
    await platform.payCode(started.next_action.qr_code);
    const refused = await until(started.id, "refunding");
    assert.match((await check(started.id)).detail, /^the channel has not taken the refund: \S/);
    platform.clock.advance(8 * DAY);
    const failed = await until(started.id, "failed");
    assert.ok(failed.refund !== null && failed.refund === refused.refund);
    assert.match(failed.detail, /^the channel has not taken the refund: \S/);
    assert.ok(failed.asked_at !== null && failed.notified === null);
    await shop.api("POST", `/v1/payments/${(await start(shop)).payment}/close`);
    assert.equal((await platform.sandbox("DELETE", `/faults/${refusing.body.id}`)).status, 204);
  });

  test("goes on with a refund that was made and not noted, as a crash leaves it", async () => {
    const shop = await untriedShop();
    const { id, payment } = await startPaid(shop);
    const made = await shop.api("POST", `/v1/payments/${payment}/refunds`, ownRefund(id));
    assert.ok(made.status < 300, JSON.stringify(made.body));
    platform.clock.advance(10 * MINUTE);
    const seen = await until(id, "waiting_for_statement");
    assert.equal(seen.refund, made.body.id);
    assert.notEqual(seen.asked_at, null);
  });

  test("notes what the channel told before it gives anything back, and asks no more", async () => {
    const shop = await untriedShop();
    const { id, payment, order } = await startPaid(shop);
    const reused = { ...ownRefund(id), reason: "another" };
    const other = await shop.api("POST", `/v1/payments/${payment}/refunds`, reused);
    assert.equal(other.status, 201, JSON.stringify(other.body));
    const asked = await check(id);
    assert.deepEqual([asked.state, asked.refund], ["waiting_for_buyer", null]);
    assert.match(asked.detail, /^the refund was refused, and is tried again: .*different reason/);
    assert.notEqual(asked.asked_at, null);
    await silence(order);
    assert.deepEqual(await check(id), asked);
  });

  test("whose payment's creation has no answer is looked for, and not called refused", async () => {
    const account = anAccount(platform.app.cell.newId());
    const lost = () => Promise.reject(problem("outcome_unknown"));
    const verifications = createVerifications({
      cell: platform.app.cell,
      channels: {
        account: async () => account,
        channel: () => null,
      } as unknown as VerificationsDeps["channels"],
      merchants: { get: async () => aMerchant() },
      operators: { auditAlone: async () => undefined },
      room: { payments: { create: lost } } as unknown as VerificationsDeps["room"],
    });
    const actor = { operator: { id: platform.app.cell.newId() } } as unknown as Actor;
    const wish = {
      method: "alipay.qr",
      amount: null,
      currency: null,
      paymentCode: null,
      buyer: null,
      buyerIp: null,
    };
    await assert.rejects(verifications.start(actor, account.id, wish), { code: "outcome_unknown" });
    const [kept] = await verifications.list(account.id, null, 1);
    assert.equal(kept?.state, "placing");
    // The platform's own worker finds none, and says so.
    platform.clock.advance(2 * MINUTE);
    const ended = await hands.eventually(
      () => verifications.get(kept.id),
      (seen) => seen.finishedAt !== null,
    );
    assert.match(ended.detail ?? "", /stopped before the payment was made/);
  });

  test("whose method it does not serve is told so, and leaves nothing open", async () => {
    const shop = await untriedShop();
    const wrong = await platform.ops("POST", `${account(shop)}/verifications`, { method: "wechat.native" });
    assert.deepEqual([wrong.status, wrong.body.code], [422, "method_not_available"]);
    const { body: list } = await platform.ops("GET", `${account(shop)}/verifications`);
    assert.equal(list.data[0].state, "failed");
    assert.equal((await start(shop)).state, "waiting_for_buyer");
  });

  test("may take orders untried by the word of two people, never of one", async () => {
    const shop = await untriedShop();
    const { status, body } = await platform.ops("POST", `${account(shop)}/waive_verification`, {
      reason: "a test account of the channel without bills",
    });
    assert.equal(status, 202, JSON.stringify(body));
    const alone = await platform.ops("POST", `/v1/ops/approvals/${body.id}/approve`);
    assert.equal(alone.status, 403, JSON.stringify(alone.body));
    assert.equal((await platform.ops("POST", `${account(shop)}/enable`)).status, 409);
    const approved = await approve(body.id);
    assert.equal(approved.status, 200, JSON.stringify(approved.body));
    const { body: enabled } = await platform.ops("POST", `${account(shop)}/enable`);
    assert.deepEqual([enabled.status, enabled.verification], ["active", "waived"]);
  });

  test("is waived for the gateway that it had when that was proposed, and for no other", async () => {
    const shop = await untriedShop();
    const { body } = await platform.ops("POST", `${account(shop)}/waive_verification`, {
      reason: "a test account of the channel without bills",
    });
    const { revision, gateway_url: gateway } = (await platform.ops("GET", account(shop))).body;
    const change = { revision, gateway_url: `${gateway}?other` };
    assert.equal((await platform.ops("PATCH", account(shop), change)).status, 200);
    const approved = await approve(body.id);
    assert.match(JSON.stringify(approved.body), /changed after this was proposed/);
    assert.equal((await platform.ops("GET", account(shop))).body.verification, "required");
  });
});
