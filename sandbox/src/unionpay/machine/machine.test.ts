import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Order } from "../model.ts";
import { type FollowUpAsked, followUpCode, refundedOf, refundOrder, voidOrder } from "./follow-up.ts";
import { failOrder, openOrder, payOrder, queriedCode, reverseOrder, type Step, stateOf } from "./purchase.ts";

/** An instant of November 2026 in Beijing. */
const at = (time: string): Date => new Date(`2026-11-${time}+08:00`);
const morning = at("20T09:30:00");
const evening = at("20T22:59:59");
const nextClearingDay = at("20T23:00:00");
const over = at("20T10:30:00");

const marks = (queryId: string, when = morning) => ({ queryId, traceNo: "000001", at: when });

function anOrder(more: Partial<Order> = {}): Order {
  return {
    id: "777290058110048/T0000001/20261120",
    token: "token",
    merId: "777290058110048",
    merchantName: "Tea House",
    categoryCode: "5411",
    orderId: "T0000001",
    txnTime: "20261120093000",
    txnType: "01",
    txnSubType: "07",
    bizType: "000000",
    accessType: "0",
    channelType: "08",
    backUrl: null,
    reqReserved: null,
    scene: "qr",
    total: 1000n,
    subject: "Tea",
    frontUrl: null,
    termId: null,
    feeRateMillionths: 6_000n,
    refundWindowDays: 30,
    placedAt: morning,
    expiresAt: over,
    tn: null,
    qrCode: null,
    openedAt: null,
    abandonedAt: null,
    lastFailure: null,
    failedAt: null,
    code: null,
    lag: { notFound: 0, unknown: 0 },
    marks: null,
    payment: null,
    reversedAt: null,
    followUps: [],
    ...more,
  };
}

const code = { qrNo: "6225735053201615202", awaitsPassword: false };
const aCode = (more: Partial<Order> = {}): Order =>
  anOrder({ scene: "code", code, marks: marks("1"), openedAt: morning, ...more });

function done(step: object): Order {
  assert.ok("order" in step, refused(step));
  return (step as Step).order;
}

const paid = (order: Order, now = morning, evenOver = false): object =>
  payOrder(order, {
    now,
    total: order.total,
    accNo: "6216***********0018",
    marks: marks("1", now),
    evenOver,
  });
const failed = (order: Order, now = morning): object =>
  failOrder(order, { code: "64", sentence: "余额不足" }, now);
const asked = (
  kind: "refund" | "void",
  amount: bigint,
  more: Partial<FollowUpAsked> = {},
): FollowUpAsked => ({
  ...anOrder(),
  kind,
  amount,
  marks: marks(`${kind}${amount}`),
  lag: { notFound: 0, unknown: 0 },
  returnsAt: null,
  ...more,
});
const refused = (step: object): string | undefined =>
  (step as { refused?: string }).refused ?? (step as { blocked?: string }).blocked;

void describe("where an order stands, and what a query says of it", () => {
  const paidOrder = done(paid(anOrder()));
  const cases: [title: string, order: Order, now: Date, state: string, queried: string | undefined][] = [
    ["nobody opened it", anOrder(), morning, "NOT_OPENED", undefined],
    ["somebody looks at it", done(openOrder(anOrder(), morning)), morning, "UNPAID", undefined],
    ["nobody paid in time", anOrder(), over, "EXPIRED", undefined],
    ["a try failed, another may follow", done(failed(anOrder())), morning, "UNPAID", "05"],
    ["a try failed and time is over", done(failed(anOrder())), over, "EXPIRED", "64"],
    ["it is paid", paidOrder, morning, "SUCCESS", "00"],
    ["it is paid, and time is over", paidOrder, over, "SUCCESS", "00"],
    [
      "a code waits for its password",
      aCode({ code: { ...code, awaitsPassword: true } }),
      morning,
      "AWAITS_PASSWORD",
      "05",
    ],
    ["the password never came", aCode({ code: { ...code, awaitsPassword: true } }), over, "EXPIRED", "01"],
    ["a code failed", done(failed(aCode())), morning, "FAILED", "64"],
    ["a paid code is reversed", done(reverseOrder(done(paid(aCode())), morning)), morning, "REVERSED", "01"],
    ["an unpaid code is reversed", done(reverseOrder(aCode(), morning)), morning, "REVERSED", "01"],
  ];
  for (const [title, order, now, state, queried] of cases) {
    void test(`${title}: ${state}, ${queried ?? "34"}`, () => {
      assert.equal(stateOf(order, now), state);
      assert.equal(queriedCode(order, now), queried);
    });
  }
});

void describe("what cannot be paid", () => {
  for (const [title, order, now, blocked] of [
    ["what is paid", done(paid(anOrder())), morning, "ORDERPAID"],
    ["what is past its time, to the millisecond", anOrder(), over, "ORDER_CLOSED"],
    ["a code that failed", done(failed(aCode())), morning, "ORDER_CLOSED"],
    ["what is reversed", done(reverseOrder(aCode(), morning)), morning, "ORDER_CLOSED"],
  ] as const) {
    void test(title, () => {
      assert.equal(refused(paid(order, now)), blocked);
      assert.equal(refused(failed(order, now)), blocked);
    });
  }
  void test("but a channel's races pay what is over, once", () => {
    const late = done(paid(done(reverseOrder(aCode(), morning)), over, true));
    assert.equal(stateOf(late, over), "SUCCESS");
    assert.equal(refused(paid(late, over, true)), "ORDERPAID");
  });
});

void describe("a void", () => {
  const order = done(paid(anOrder()));
  for (const [title, step, code] of [
    ["of what nobody paid", voidOrder(anOrder(), asked("void", 1000n), morning), "34"],
    ["on the next clearing day", voidOrder(order, asked("void", 1000n), nextClearingDay), "39"],
    ["of a part", voidOrder(order, asked("void", 999n), morning), "36"],
    [
      "of what is void",
      voidOrder(done(voidOrder(order, asked("void", 1000n), morning)), asked("void", 1000n), morning),
      "35",
    ],
    [
      "of what is reversed",
      voidOrder(done(reverseOrder(done(paid(aCode())), morning)), asked("void", 1000n), morning),
      "35",
    ],
  ] as const) {
    void test(`${title} is refused with ${code}`, () => assert.equal(refused(step), code));
  }
  void test("gives back everything, the fee too, until the clearing day ends", () => {
    const { order: next, happened } = voidOrder(order, asked("void", 1000n), evening) as Step;
    assert.deepEqual([refundedOf(next, evening), next.followUps[0]!.fee], [1000n, 6n]);
    assert.deepEqual(happened, [{ kind: "followed", queryId: "void1000" }]);
  });
});

void describe("a refund", () => {
  const order = done(paid(anOrder()));
  const lastMoment = new Date(morning.getTime() + 30 * 24 * 3_600_000);
  const tooLate = new Date(lastMoment.getTime() + 1);
  for (const [title, step, code] of [
    ["of what nobody paid", refundOrder(anOrder(), asked("refund", 1n), nextClearingDay), "34"],
    ["on the payment's clearing day", refundOrder(order, asked("refund", 1n), evening), "39"],
    ["of more than was paid", refundOrder(order, asked("refund", 1001n), nextClearingDay), "36"],
    ["past the window", refundOrder(order, asked("refund", 1n), tooLate), "39"],
    [
      "of what is void",
      refundOrder(
        done(voidOrder(order, asked("void", 1000n), morning)),
        asked("refund", 1n),
        nextClearingDay,
      ),
      "35",
    ],
  ] as const) {
    void test(`${title} is refused with ${code}`, () => assert.equal(refused(step), code));
  }
  void test("is possible in the window's last moment", () => {
    assert.equal(refused(refundOrder(order, asked("refund", 1n), lastMoment)), undefined);
  });
  void test("comes in parts whose fees add up, and never to more than the payment", () => {
    let next = order;
    for (const part of [333n, 333n, 334n]) {
      next = done(refundOrder(next, asked("refund", part), nextClearingDay));
    }
    assert.equal(refundedOf(next, nextClearingDay), 1000n);
    assert.equal(
      next.followUps.reduce((sum, one) => sum + one.fee, 0n),
      order.payment!.fee,
    );
    assert.equal(refused(refundOrder(next, asked("refund", 1n), nextClearingDay)), "36");
  });
  void test("that the bank sends back is 05, then 01, and can be made again", () => {
    const returnsAt = at("21T09:00:00");
    const { order: next, happened } = refundOrder(
      order,
      asked("refund", 1000n, { returnsAt }),
      nextClearingDay,
    ) as Step;
    assert.deepEqual(happened, []);
    assert.equal(followUpCode(next.followUps[0]!, nextClearingDay), "05");
    assert.equal(refused(refundOrder(next, asked("refund", 1n), nextClearingDay)), "36");
    assert.equal(followUpCode(next.followUps[0]!, returnsAt), "01");
    assert.equal(refused(refundOrder(next, asked("refund", 1000n), returnsAt)), undefined);
  });
});

void describe("a reversal", () => {
  for (const [title, step, code] of [
    ["of a code to scan", reverseOrder(done(paid(anOrder())), morning), "39"],
    ["on the next clearing day", reverseOrder(aCode(), nextClearingDay), "39"],
    [
      "of what is void",
      reverseOrder(done(voidOrder(done(paid(aCode())), asked("void", 1000n), morning)), morning),
      "35",
    ],
  ] as const) {
    void test(`${title} is refused with ${code}`, () => assert.equal(refused(step), code));
  }
  void test("happens once, however often it is asked for, and on the next clearing day too", () => {
    const first = reverseOrder(done(paid(aCode())), evening) as Step;
    assert.deepEqual(first.happened, [{ kind: "reversed" }]);
    assert.deepEqual(reverseOrder(first.order, nextClearingDay), { order: first.order, happened: [] });
  });
  void test("takes the password back", () => {
    const order = done(reverseOrder(aCode({ code: { ...code, awaitsPassword: true } }), morning));
    assert.equal(order.code!.awaitsPassword, false);
  });
});
