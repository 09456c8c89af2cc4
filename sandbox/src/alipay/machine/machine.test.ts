import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { anOrder, at } from "../../testing/orders.ts";
import { sandboxBuyer } from "../buyers.ts";
import type { Order } from "../model.ts";
import { refundedOf, refundTrade } from "./refund.ts";
import type { Refusal } from "./refusals.ts";
import {
  cancelTrade,
  closeTrade,
  failTrade,
  openTrade,
  payClosedTrade,
  payTrade,
  type Step,
  settleTime,
} from "./trade.ts";

const tradeNo = "2026112022001400000000000001";

function step(result: Step | Refusal): Order {
  if ("refused" in result) assert.fail(result.refused);
  return result.order;
}

function pay(order: Order, now = at("09:31:00"), voucher = 0n): Step | Refusal {
  return payTrade(order, { buyer: sandboxBuyer, now, voucher, total: order.total });
}

function refund(order: Order, amount: bigint, outRequestNo: string, now = at("10:00:00")): Step | Refusal {
  return refundTrade(order, { outRequestNo, amount, reason: null, now, by: "merchant", depositBack: null });
}

const unopened = anOrder();
const waiting = step(openTrade(unopened, tradeNo, at("09:30:30")));
const paid = step(pay(waiting));
const closed = step(closeTrade(waiting, at("09:40:00")));
const partly = step(refund(paid, 2_34n, "R1"));
const fully = step(refund(partly, 10_00n, "R2"));
const finished = settleTime(paid, at("+366 09:30:00")).order;

/** What each call of a merchant or a buyer says in each state: a refusal, or the state after it. */
const table: [title: string, order: Order, expected: Record<string, string>][] = [
  [
    "a code nobody opened",
    unopened,
    {
      pay: "ACQ.TRADE_NOT_EXIST",
      close: "ACQ.TRADE_NOT_EXIST",
      cancel: "no trade",
      refund: "ACQ.TRADE_NOT_EXIST",
      late: "ACQ.TRADE_NOT_EXIST",
    },
  ],
  [
    "a trade that waits for its buyer",
    waiting,
    {
      pay: "TRADE_SUCCESS",
      close: "TRADE_CLOSED",
      cancel: "TRADE_CLOSED",
      refund: "ACQ.TRADE_STATUS_ERROR",
      late: "TRADE_SUCCESS",
    },
  ],
  [
    "a paid trade",
    paid,
    {
      pay: "ACQ.TRADE_HAS_SUCCESS",
      close: "ACQ.TRADE_STATUS_ERROR",
      cancel: "TRADE_CLOSED",
      refund: "TRADE_SUCCESS",
      late: "ACQ.TRADE_HAS_SUCCESS",
    },
  ],
  [
    "a trade closed before it was paid",
    closed,
    {
      pay: "ACQ.TRADE_HAS_CLOSE",
      close: "ACQ.TRADE_STATUS_ERROR",
      cancel: "TRADE_CLOSED",
      refund: "ACQ.TRADE_STATUS_ERROR",
      late: "TRADE_SUCCESS",
    },
  ],
  [
    "a partly refunded trade",
    partly,
    {
      pay: "ACQ.TRADE_STATUS_ERROR",
      close: "ACQ.TRADE_STATUS_ERROR",
      cancel: "TRADE_CLOSED",
      refund: "TRADE_SUCCESS",
      late: "ACQ.TRADE_HAS_SUCCESS",
    },
  ],
  [
    "a fully refunded trade",
    fully,
    {
      pay: "ACQ.TRADE_STATUS_ERROR",
      close: "ACQ.TRADE_STATUS_ERROR",
      cancel: "TRADE_CLOSED",
      refund: "ACQ.TRADE_HAS_CLOSE",
      late: "ACQ.TRADE_HAS_SUCCESS",
    },
  ],
  [
    "a trade past its refund window",
    finished,
    {
      pay: "ACQ.TRADE_HAS_SUCCESS",
      close: "ACQ.TRADE_STATUS_ERROR",
      cancel: "ACQ.TRADE_HAS_FINISHED",
      refund: "ACQ.TRADE_HAS_FINISHED",
      late: "ACQ.TRADE_HAS_SUCCESS",
    },
  ],
];

const commands: Record<string, (order: Order) => Step | Refusal> = {
  pay: (order) => pay(order),
  close: (order) => closeTrade(order, at("10:30:00")),
  cancel: (order) => cancelTrade(order, at("10:30:00")),
  refund: (order) => refund(order, 1_00n, "R9", at("10:30:00")),
  late: (order) =>
    payClosedTrade(order, { buyer: sandboxBuyer, now: at("10:30:00"), voucher: 0n, total: order.total }),
};

void describe("a trade of Alipay", () => {
  for (const [title, order, expected] of table) {
    for (const [command, outcome] of Object.entries(expected)) {
      void test(`${title}: ${command} is ${outcome}`, () => {
        const result = commands[command]!(order);
        const seen = "refused" in result ? result.refused : (result.order.trade?.status ?? "no trade");
        assert.equal(seen, outcome);
      });
    }
  }

  void test("closes by itself when its time is over, and not a moment before", () => {
    assert.equal(settleTime(waiting, at("12:29:59")).order, waiting);
    const { order, happened } = settleTime(waiting, at("12:30:00"));
    assert.equal(order.trade?.status, "TRADE_CLOSED");
    assert.equal(order.trade?.closedBy, "expiry");
    assert.deepEqual(happened, [{ kind: "closed" }]);
    assert.equal(settleTime(paid, at("12:30:00")).order.trade?.status, "TRADE_SUCCESS");
  });

  void test("is not made from a code past its two hours", () => {
    assert.ok(!("refused" in openTrade(unopened, tradeNo, at("11:29:59"))));
    assert.ok("refused" in openTrade(unopened, tradeNo, at("11:30:00")));
  });

  void test("can be cancelled only on its own day", () => {
    const late = cancelTrade(paid, at("+1 00:00:00"));
    assert.deepEqual(late, { refused: "ACQ.TRADE_CANCEL_TIME_OUT" });
  });

  void test("repeats what a cancel did, without doing it again", () => {
    const first = cancelTrade(paid, at("09:35:00"));
    assert.ok("action" in first);
    assert.equal(first.action, "refund");
    const again = cancelTrade(first.order, at("09:36:00"));
    assert.ok("action" in again);
    assert.equal(again.action, "refund");
    assert.deepEqual(again.happened, []);
  });

  void test("ends with a refused payment code, and goes on after any other refusal", () => {
    const byCode = step(
      failTrade({ ...waiting, scene: "code" }, "ACQ.BUYER_BALANCE_NOT_ENOUGH", at("09:32:00")),
    );
    assert.equal(byCode.trade?.status, "TRADE_CLOSED");
    const byPage = step(
      failTrade({ ...waiting, scene: "page" }, "ACQ.BUYER_BALANCE_NOT_ENOUGH", at("09:32:00")),
    );
    assert.equal(byPage.trade?.status, "WAIT_BUYER_PAY");
  });

  void test("gives back the fee and the seller's share along with the money, to the cent", () => {
    const vouchered = step(pay(waiting, at("09:31:00"), 2_34n));
    assert.equal(vouchered.trade?.payment?.receipt, 10_00n);
    assert.equal(vouchered.trade?.payment?.fee, 6n);
    const [first, second] = step(refund(step(refund(vouchered, 3_33n, "R1")), 9_01n, "R2")).refunds;
    assert.equal(first!.receipt + second!.receipt, 10_00n);
    assert.equal(first!.fee + second!.fee, 6n);
  });
});

void describe("refunds of a trade", () => {
  void test("are the same refund under the same number, and refused with another amount", () => {
    const repeat = refund(partly, 2_34n, "R1");
    assert.deepEqual(repeat, { order: partly, happened: [] });
    assert.deepEqual(refund(partly, 2_35n, "R1"), { refused: "ACQ.DISCORDANT_REPEAT_REQUEST" });
    assert.deepEqual(refund(fully, 2_34n, "R1"), { order: fully, happened: [] });
  });

  void test("cannot go beyond what was paid", () => {
    assert.deepEqual(refund(partly, 10_01n, "R2"), { refused: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" });
  });

  void test("never exceed what was paid and always add up, whatever is asked in whatever order", () => {
    const asks = fc.array(fc.record({ amount: fc.bigInt(1n, 5_00n), no: fc.integer({ min: 0, max: 9 }) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(asks, fc.bigInt(0n, 12_00n), (wanted, voucher) => {
        let order = step(pay(waiting, at("09:31:00"), voucher));
        const payment = order.trade!.payment!;
        for (const { amount, no } of wanted) {
          const result = refund(order, amount, `R${no}`);
          if (!("refused" in result)) order = result.order;
          assert.ok(refundedOf(order) <= payment.total);
          assert.ok(order.refunds.every((one) => one.receipt >= 0n && one.fee >= 0n));
        }
        const receipts = order.refunds.reduce((sum, one) => sum + one.receipt, 0n);
        const fees = order.refunds.reduce((sum, one) => sum + one.fee, 0n);
        assert.ok(receipts <= payment.receipt && fees <= payment.fee);
        if (refundedOf(order) === payment.total) {
          assert.equal(receipts, payment.receipt);
          assert.equal(fees, payment.fee);
          assert.equal(order.trade!.status, "TRADE_CLOSED");
        }
      }),
    );
  });

  void test("money that moved is never forgotten, whatever follows", () => {
    const names = fc.array(fc.constantFrom(...Object.keys(commands)), { maxLength: 20 });
    fc.assert(
      fc.property(names, (sequence) => {
        let order = waiting;
        for (const name of sequence) {
          const before = order;
          const result = commands[name]!(order);
          if ("refused" in result) continue;
          order = result.order;
          if (before.trade?.payment) assert.deepEqual(order.trade?.payment, before.trade.payment);
          assert.ok(refundedOf(order) >= refundedOf(before));
          assert.ok(order.refunds.length >= before.refunds.length);
        }
      }),
    );
  });
});
