import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { DAY, MINUTE } from "../../kernel/clock.ts";
import { aNumber } from "../testing/hands.ts";
import { sharingHandsOn } from "../testing/sharing.ts";

let platform: TestPlatform;
const hands = sharingHandsOn(() => platform);
let receiver: Json;
let other: Json;
before(async () => {
  platform = await startTestPlatform();
  await hands.contract(platform.demo.wechat_account_id as string);
  [receiver, other] = await Promise.all([hands.wechatReceiver(), hands.wechatReceiver()]);
  assert.equal(receiver.accounts[0].state, "bound", JSON.stringify(receiver));
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const { goingOn } = hands;
const isFinished = goingOn((seen) => seen.state === "finished");
const all = (state: string) =>
  goingOn(({ data }) => data.length > 0 && data.every((one: Json) => one.state === state));

describe("a payment whose money is frozen at WeChat", () => {
  test("is split to receivers, and the rest let go of", async () => {
    const [pending] = await hands.balances("merchant_pending");
    const payment = await hands.wechatPaid();
    platform.clock.advance(2 * MINUTE);
    const receivers = [
      { receiver: receiver.id, amount: 200 },
      { receiver: other.id, share_millionths: 50_000 },
    ];
    const made = await hands.share(payment.id, receivers, { finish: true });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const ended = await hands.untilShared(payment.id, isFinished);
    const amounts = ended.data.map(({ amount }: Json) => amount).toSorted((a: number, b: number) => b - a);
    // 5 % of 12.34, rounded down.
    assert.deepEqual(amounts, [200, 61]);
    assert.ok(ended.data.every(({ state }: Json) => state === "succeeded"));
    // Less the fee of 0.10 and the shares; the receivers' part has left us with the channel.
    const [left, receivers_] = await hands.balances("merchant_pending", "receiver_pending");
    assert.deepEqual([left, receivers_], [(pending as number) + 1234 - 10 - 261, 0]);
    const told = (await hands.events(payment.id)).filter((type) => type === "share.succeeded");
    assert.equal(told.length, 2);
    const timeline = await hands.timeline(payment.id);
    const shown = timeline.filter(({ kind }) => kind === "share").map(({ what }) => what);
    assert.ok(
      shown.includes("Share of 2.00 CNY made") && shown.includes("Splitting finished"),
      shown.join("; "),
    );
    const journals = timeline.filter(({ kind }) => kind === "journal").map(({ what }) => what);
    assert.ok(journals.includes("Booked: share_booked") && journals.includes("Booked: share_done"));
  });

  test("that came with its receivers is split by itself as soon as the channel allows it", async () => {
    const plan = { receivers: [{ receiver: receiver.id, share_millionths: 100_000 }] };
    const payment = await hands.wechatPaid({ profit_sharing: plan, amount: 999 });
    assert.equal((await hands.shared(payment.id)).is_planned, true);
    const ended = await hands.untilShared(payment.id, isFinished);
    assert.deepEqual([ended.data.length, ended.data[0].amount, ended.data[0].state], [1, 99, "succeeded"]);
  });

  test("is let go of by itself before the channel's term ends", async () => {
    const payment = await hands.wechatPaid();
    const open = await hands.shared(payment.id);
    assert.ok(Date.parse(open.term_ends_at) < Date.parse(payment.created_at) + 30 * DAY);
    await platform.app.cell.transact((tx) =>
      tx.run(
        {
          name: "test_end_term",
          text: `update sharings set term_ends_at = now(), due_at = now() where payment_id = (
            select id from payments where merchant_order_no = $1)`,
        },
        [payment.merchant_order_no],
      ),
    );
    await hands.untilShared(payment.id, isFinished);
    const late = await hands.share(payment.id, [{ receiver: receiver.id, amount: 1 }]);
    assert.deepEqual([late.status, late.body.code], [409, "payment_not_shareable"]);
  });

  test("is not split when the channel says no, and the merchant has the money again", async () => {
    const payment = await hands.wechatPaid();
    platform.clock.advance(2 * MINUTE);
    const [pending] = await hands.balances("merchant_pending");
    await hands.fault(
      "share_closed",
      { out_trade_no: hands.order(payment) },
      { reason: "RECEIVER_HIGH_RISK" },
    );
    await hands.share(payment.id, [{ receiver: receiver.id, amount: 100 }]);
    const { data } = await hands.untilShared(payment.id, all("failed"));
    assert.equal(data[0].failure_code, "RECEIVER_HIGH_RISK");
    assert.deepEqual(await hands.balances("merchant_pending", "receiver_pending"), [pending, 0]);
  });
});

describe("what a merchant may not split", () => {
  let payment: Json;
  before(async () => {
    payment = await hands.wechatPaid({ amount: 1_000 });
    platform.clock.advance(2 * MINUTE);
  });
  const refusals: readonly [string, () => Json[], number, string, string][] = [
    [
      "more than the channel's maximum",
      () => [{ receiver: receiver.id, amount: 301 }],
      422,
      "share_exceeds_payment",
      "receivers",
    ],
    [
      "to nobody",
      () => [{ receiver: `rcv_${"0".repeat(26)}`, amount: 1 }],
      422,
      "receiver_not_available",
      "receivers.0.receiver",
    ],
    [
      "to a name that is no receiver's",
      () => [{ receiver: payment.id, amount: 1 }],
      400,
      "invalid_request",
      "receivers.0.receiver",
    ],
    [
      "twice to one",
      () => [
        { receiver: receiver.id, amount: 1 },
        { receiver: receiver.id, amount: 1 },
      ],
      400,
      "invalid_request",
      "receivers.1.receiver",
    ],
    [
      "less than a fen",
      () => [{ receiver: receiver.id, share_millionths: 1 }],
      400,
      "invalid_request",
      "receivers",
    ],
  ];
  for (const [title, receivers, status, code, field] of refusals) {
    test(`${title}: field and remedy are named, and nothing happens`, async () => {
      const { status: got, body } = await hands.share(payment.id, receivers());
      assert.deepEqual([got, body.code, body.field], [status, code, field], JSON.stringify(body));
      assert.deepEqual((await hands.shared(payment.id)).data, []);
    });
  }
  test("a payment that was not created for it, or is not paid", async () => {
    const plain = await hands.paid({ method: "wechat.native" });
    const refused = await hands.share(plain.id, [{ receiver: receiver.id, amount: 1 }]);
    assert.deepEqual([refused.status, refused.body.code], [409, "payment_not_shareable"]);
    const unpaid = await hands.create({ method: "wechat.native", profit_sharing: "later" });
    const early = await hands.share(unpaid.id, [{ receiver: receiver.id, amount: 1 }]);
    assert.deepEqual([early.status, early.body.code], [409, "payment_not_shareable"]);
  });
  test("at a channel or by a contract that splits nothing: no order is placed", async () => {
    const refused = await platform.pay({ method: "alipay.qr", profit_sharing: "later" });
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.field],
      [422, "sharing_not_available", "profit_sharing"],
    );
    const nobody = { receivers: [{ receiver: `rcv_${"0".repeat(26)}`, amount: 1 }] };
    const plan = await platform.pay({ method: "wechat.native", profit_sharing: nobody });
    assert.deepEqual([plan.status, plan.body.code], [422, "receiver_not_available"]);
    const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/sharing`;
    const books = await platform.ops("PUT", path, { mode: "books" });
    assert.deepEqual([books.status, books.body.code], [422, "sharing_not_licensed"]);
  });
});

describe("a share number", () => {
  test("sent again gives the same shares, and with another content is refused naming the field", async () => {
    const payment = await hands.wechatPaid();
    platform.clock.advance(2 * MINUTE);
    const body = { merchant_share_no: aNumber("S"), receivers: [{ receiver: receiver.id, amount: 10 }] };
    const path = `/v1/payments/${payment.id}/shares`;
    const sent = await Promise.all([1, 2, 3].map(() => platform.api("POST", path, body)));
    assert.deepEqual(
      sent.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 201],
    );
    assert.equal(new Set(sent.map((one) => one.body.data[0].id)).size, 1);
    const changed = await platform.api("POST", path, {
      ...body,
      receivers: [{ receiver: receiver.id, amount: 11 }],
    });
    assert.deepEqual(
      [changed.status, changed.body.code, changed.body.field],
      [409, "number_reused", "receivers"],
    );
    const second = await hands.wechatPaid();
    const elsewhere = await platform.api("POST", `/v1/payments/${second.id}/shares`, body);
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [409, "number_reused"]);
  });

  test("two that race for the same rest never split more than it", async () => {
    const payment = await hands.wechatPaid({ amount: 1_000 });
    platform.clock.advance(2 * MINUTE);
    const wishes = Array.from({ length: 6 }, () =>
      hands.share(payment.id, [{ receiver: receiver.id, amount: 200 }]),
    );
    const answers = await Promise.all(wishes);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 422, 422, 422, 422, 422],
    );
    const refused = answers.find(({ status }) => status === 422);
    assert.deepEqual([refused?.body.code, refused?.body.amount_left], ["share_exceeds_payment", 100]);
    await hands.untilShared(payment.id, all("succeeded"));
  });
});

describe("lists", () => {
  test("show merchants their own receivers and shares, page by page, and operators all", async () => {
    const { body: page } = await platform.api("GET", "/v1/shares?limit=1");
    assert.equal(page.data.length, 1);
    const next = await platform.api("GET", `/v1/shares?limit=1&cursor=${page.next_cursor}`);
    assert.notEqual(next.body.data[0].id, page.data[0].id);
    const one = await platform.api("GET", `/v1/shares/${page.data[0].id}`);
    assert.deepEqual(one.body, page.data[0]);
    const { body: shares } = await platform.ops(
      "GET",
      `/v1/ops/shares?receiver=${receiver.id}&state=succeeded`,
    );
    assert.ok(shares.data.length > 0 && shares.data.every((share: Json) => share.receiver === receiver.id));
    const { body: receivers } = await platform.ops("GET", "/v1/ops/receivers?state=active");
    const account = receivers.data.find(({ id }: Json) => id === receiver.id).accounts[0].account;
    assert.match(account, /^190\*{4}\d{3}$/);
  });
  test("of receivers: one that nobody approved gets no share, nor one that was disabled", async () => {
    const account = {
      channel_account: platform.demo.wechat_account_id,
      type: "MERCHANT_ID",
      account: "1900000555",
    };
    const wanted = {
      merchant: platform.demo.merchant_id,
      label: "New",
      name: "新供应商",
      accounts: [account],
    };
    const { body } = await platform.ops("POST", "/v1/ops/receivers", wanted);
    const own = await platform.ops("POST", `/v1/ops/approvals/${body.approval.id}/approve`);
    assert.deepEqual([own.status, own.body.code], [403, "second_person_required"]);
    const payment = await hands.wechatPaid();
    const refused = await hands.share(payment.id, [{ receiver: body.receiver.id, amount: 1 }]);
    assert.equal(refused.body.code, "receiver_not_available");
    const strange = await platform.ops("POST", "/v1/ops/receivers", {
      ...wanted,
      accounts: [{ ...account, type: "NOBODY" }],
    });
    assert.deepEqual([strange.status, strange.body.field], [400, "accounts.0.type"]);
    const third = await hands.wechatReceiver();
    await platform.ops("POST", `/v1/ops/receivers/${third.id}/disable`);
    const gone = await hands.share(payment.id, [{ receiver: third.id, amount: 1 }]);
    assert.equal(gone.body.code, "receiver_not_available");
  });
});
