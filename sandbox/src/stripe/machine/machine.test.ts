import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CardName } from "../cards.ts";
import type { Account, Order } from "../model.ts";
import { movementOf } from "../movement.ts";
import type { Refusal } from "../wire/refusals.ts";
import { decideDispute, openDispute } from "./dispute.ts";
import { authenticate, cancelIntent, confirm, declineOrder, expireSession, newIntent } from "./payment.ts";
import { refundedOf, refundOrder } from "./refund.ts";
import { feeOf, type Moment, type Step } from "./step.ts";
import { nextAt, settleTime } from "./time.ts";

const start = Date.parse("2026-11-20T09:30:00Z");
let minted = 0;

const account: Account = {
  id: "acct_1",
  secretKey: "sk_test_1",
  publishableKey: "pk_test_1",
  merchantName: "Sandbox Shop",
  currencies: ["usd"],
  feeRateMillionths: 29_000n,
  feeFixed: 30n,
  disputeFee: 1_500n,
  disputeFeeReturned: false,
  createdAt: new Date(start),
};

function at(afterMs: number, more: Partial<Account> = {}): Moment {
  const mint = (prefix: string): string => {
    minted += 1;
    return `${prefix}${minted}`;
  };
  return { now: new Date(start + afterMs), account: { ...account, ...more }, mint };
}

function anOrder(kind: "session" | "intent"): Order {
  const moment = at(0);
  return {
    id: "o1",
    token: "token",
    accountId: "acct_1",
    merchantName: "Sandbox Shop",
    orderNo: "T1",
    amount: 1_234n,
    currency: "usd",
    description: "Tea",
    placedAt: moment.now,
    abandonedAt: null,
    session:
      kind === "intent"
        ? null
        : {
            id: "cs_test_1",
            status: "open",
            paymentStatus: "unpaid",
            lines: [{ name: "Tea", unitAmount: 1_234n, quantity: 1n, currency: "usd" }],
            clientReferenceId: "T1",
            metadata: {},
            intentMetadata: { order_no: "T1" },
            intentDescription: null,
            customerEmail: null,
            successUrl: "http://127.0.0.1:1/done",
            cancelUrl: null,
            createdAt: moment.now,
            expiresAt: new Date(start + 30 * 60_000),
          },
    intent: kind === "intent" ? newIntent("pi_1", moment) : null,
    charges: [],
    refunds: [],
    disputes: [],
  };
}

function step(result: Step | Refusal): Step {
  assert.ok("order" in result, "begun" in result ? result.message : "");
  return result;
}

const pay = (order: Order, card: CardName = "4242", evenClosed = false) =>
  confirm(order, { card, amount: order.amount, evenClosed }, at(1_000));
const kinds = ({ happened }: Step): string[] => happened.map(({ kind }) => kind);
const codeOf = (result: Step | Refusal) =>
  "begun" in result ? (result.code ?? result.param ?? "open only") : "";
const paidOrder = (kind: "session" | "intent" = "intent") => step(pay(anOrder(kind))).order;
const refund = (order: Order, amount: bigint | null, failsAfterMs: number | null = null) =>
  refundOrder(order, { amount, reason: null, metadata: {}, by: "merchant", failsAfterMs }, at(2_000));

void describe("a payment with a card", () => {
  const table: [CardName, status: string, session: string, happened: string[]][] = [
    ["4242", "succeeded", "complete", ["intent_created", "charge_succeeded", "paid", "session_completed"]],
    ["0002", "requires_payment_method", "open", ["intent_created", "charge_failed", "payment_failed"]],
    ["9995", "requires_payment_method", "open", ["intent_created", "charge_failed", "payment_failed"]],
    ["3220", "requires_action", "open", ["intent_created", "action_required"]],
    [
      "0259",
      "succeeded",
      "complete",
      ["intent_created", "charge_succeeded", "paid", "session_completed", "dispute_created"],
    ],
    ["6789", "processing", "complete", ["intent_created", "processing", "session_completed"]],
  ];
  for (const [card, status, session, happened] of table) {
    void test(`ending in ${card} leaves the intent ${status} and the session ${session}`, () => {
      const done = step(pay(anOrder("session"), card));
      assert.equal(done.order.intent!.status, status);
      assert.equal(done.order.session!.status, session);
      assert.equal(done.order.session!.paymentStatus, card === "4242" || card === "0259" ? "paid" : "unpaid");
      assert.deepEqual(kinds(done), happened);
    });
  }

  void test("keeps one intent over all tries, and forgets an error that is over", () => {
    const declined = step(pay(anOrder("session"), "9995")).order;
    assert.equal(declined.intent!.lastError!.declineCode, "insufficient_funds");
    const paid = step(pay(declined)).order;
    assert.equal(paid.intent!.id, declined.intent!.id);
    assert.equal(paid.intent!.lastError, null);
    assert.deepEqual(
      paid.charges.map((charge) => charge.status),
      ["failed", "succeeded"],
    );
  });

  void test("that asks for authentication is paid or back at the start by its answer", () => {
    const asked = step(pay(anOrder("intent"), "3220")).order;
    assert.equal(step(authenticate(asked, true, 1_234n, at(1))).order.intent!.status, "succeeded");
    const refused = step(authenticate(asked, false, 1_234n, at(1)));
    assert.equal(refused.order.intent!.status, "requires_payment_method");
    assert.deepEqual(kinds(refused), ["payment_failed"]);
    assert.equal(refused.order.charges.length, 0);
    assert.equal(codeOf(authenticate(refused.order, true, 1_234n, at(1))), "payment_intent_unexpected_state");
  });

  void test("happens once: what is over takes no other", () => {
    const canceled = step(cancelIntent(anOrder("intent"), null, at(1).now)).order;
    const processing = step(pay(anOrder("intent"), "6789")).order;
    for (const over of [paidOrder(), canceled, processing]) {
      assert.equal(codeOf(pay(over)), "payment_intent_unexpected_state");
      assert.equal(codeOf(declineOrder(over, "generic_decline", at(1))), "payment_intent_unexpected_state");
      assert.equal(codeOf(cancelIntent(over, null, at(1).now)), "payment_intent_unexpected_state");
    }
    const expired = step(expireSession(anOrder("session"), at(1).now)).order;
    for (const over of [paidOrder("session"), expired]) {
      assert.equal(codeOf(pay(over)), "open only");
      assert.equal(codeOf(expireSession(over, at(1).now)), "open only");
    }
  });

  void test("arrives even where it is over, when a fault wants it", () => {
    const expired = step(expireSession(step(pay(anOrder("session"), "0002")).order, at(1).now));
    assert.deepEqual(kinds(expired), ["canceled", "session_expired"]);
    const late = step(pay(expired.order, "4242", true)).order;
    assert.deepEqual([late.intent!.status, late.session!.status], ["succeeded", "complete"]);
    assert.equal(codeOf(pay(late, "4242", true)), "payment_intent_unexpected_state");
  });

  void test("of a session is not the merchant's to cancel", () => {
    const order = step(pay(anOrder("session"), "3220")).order;
    assert.equal(codeOf(cancelIntent(order, null, at(1).now)), "payment_intent_unexpected_state");
  });

  void test("costs its share, half up, and the fixed part, and never more than itself", () => {
    const cases: [bigint, bigint][] = [
      [1_234n, 66n],
      [50n, 31n],
      [1_500n, 74n],
      [20n, 20n],
    ];
    for (const [amount, fee] of cases) assert.equal(feeOf(account, amount), fee);
  });
});

void describe("time", () => {
  void test("expires an open session at its instant and cancels what it began", () => {
    const order = step(pay(anOrder("session"), "3220")).order;
    assert.equal(nextAt(order)!.getTime(), order.session!.expiresAt.getTime());
    assert.deepEqual(settleTime(order, at(30 * 60_000 - 1)).happened, []);
    assert.deepEqual(kinds(settleTime(order, at(30 * 60_000))), ["canceled", "session_expired"]);
  });

  void test("ends a bank debit paid, and the session with it", () => {
    const order = step(pay(anOrder("session"), "6789")).order;
    const done = settleTime(order, at(1_000 + 2_000));
    assert.deepEqual(kinds(done), ["charge_succeeded", "paid", "session_paid_late"]);
    assert.equal(done.order.session!.paymentStatus, "paid");
    assert.equal(nextAt(done.order), null);
  });

  void test("lets a refund arrive, and come back later where the bank refuses it", () => {
    const kept = step(refund(paidOrder(), 34n)).order;
    const arrived = settleTime(kept, at(2_500));
    assert.deepEqual([kinds(arrived), arrived.order.refunds[0]!.status], [["refund_updated"], "succeeded"]);
    const fails = step(refund(paidOrder(), 34n, 60_000)).order;
    const first = settleTime(fails, at(2_500)).order;
    assert.equal(first.refunds[0]!.status, "succeeded");
    const back = settleTime(first, at(62_000));
    assert.deepEqual([kinds(back), back.order.refunds[0]!.status], [["refund_failed"], "failed"]);
    assert.equal(refundedOf(back.order), 0n);
    assert.equal(nextAt(back.order), null);
  });
});

void describe("a refund", () => {
  void test("never gives back more than was paid, in however many parts", () => {
    const part = step(refund(paidOrder(), 1_000n)).order;
    assert.equal(codeOf(refund(part, 235n)), "amount");
    const rest = step(refund(part, null)).order;
    assert.equal(refundedOf(rest), 1_234n);
    assert.equal(codeOf(refund(rest, 1n)), "charge_already_refunded");
    assert.equal(codeOf(refund(anOrder("intent"), 1n)), "payment_intent_unexpected_state");
  });
});

void describe("a dispute", () => {
  const dispute = (order: Order, amount: bigint | null = null) =>
    openDispute(order, { amount, reason: "fraudulent" }, at(3_000));
  const moneyOf = (done: Step) => {
    const movement = movementOf(done.order, done.happened.at(-1)!, at(0).now);
    return movement && [movement.category, movement.amount, movement.fee];
  };

  void test("takes what was not refunded, and its fee; there is one at a time", () => {
    const part = step(refund(paidOrder(), 234n)).order;
    assert.equal(codeOf(dispute(part, 1_001n)), "amount_invalid");
    const opened = step(dispute(part));
    assert.deepEqual(moneyOf(opened), ["dispute", -1_000n, 1_500n]);
    assert.equal(codeOf(dispute(opened.order)), "charge_already_disputed");
    assert.equal(codeOf(refund(opened.order, 1n)), "charge_disputed");
    assert.equal(codeOf(dispute(anOrder("intent"))), "charge_not_paid");
  });

  void test("gives the money back when it is won, and the fee where the contract says so", () => {
    const opened = step(dispute(paidOrder())).order;
    const won = step(decideDispute(opened, "won", at(4_000)));
    assert.deepEqual(moneyOf(won), ["dispute_reversal", 1_234n, 0n]);
    assert.equal(codeOf(decideDispute(won.order, "won", at(5_000))), "dispute_not_open");
    step(refund(won.order, 1n));
    const generous = at(3_000, { disputeFeeReturned: true });
    const other = step(openDispute(paidOrder(), { amount: null, reason: "general" }, generous)).order;
    assert.deepEqual(moneyOf(step(decideDispute(other, "won", generous))), [
      "dispute_reversal",
      1_234n,
      -1_500n,
    ]);
  });

  void test("moves nothing more when it is lost", () => {
    const lost = step(decideDispute(step(dispute(paidOrder())).order, "lost", at(4_000)));
    assert.equal(moneyOf(lost), undefined);
    assert.equal(codeOf(refund(lost.order, 1n)), "charge_disputed");
  });
});
