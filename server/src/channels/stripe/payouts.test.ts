import assert from "node:assert/strict";
import { test } from "node:test";
import { StatementFault } from "../statement-fault.ts";
import type { Fields } from "./answer.ts";
import { fileOf } from "./movements.ts";
import { readPayouts } from "./payouts.ts";
import { CREATED } from "./testing.ts";

const of = { holder: {}, channelDate: "2026-11-20" };
const movement = (type: string, amount: number, source: unknown, more: object = {}) => ({
  id: `txn_${type}`,
  object: "balance_transaction",
  type,
  amount,
  fee: 0,
  net: amount,
  currency: "usd",
  created: CREATED,
  available_on: CREATED + 2 * 86_400,
  source,
  ...more,
});
const read = (...movements: object[]) => readPayouts(of, fileOf(movements as Fields[]));
const payout = (more: object = {}) => ({ id: "po_1", object: "payout", automatic: true, ...more });

test("Stripe's payouts, those that came back, and when the rest of the day is available", async () => {
  const told = await read(
    movement("payout_failure", 700, "po_0"),
    movement("payout", -300, { ...payout(), id: "po_2", automatic: false }),
    movement("payout", -500, payout()),
    movement("charge", 1_234, {}, { net: 1_168, fee: 66 }),
    movement("charge", 900, {}, { currency: "xxx" }),
  );
  assert.ok(!(told instanceof StatementFault));
  assert.deepEqual(
    told.payouts.map(({ payoutNo, amount, currency, left }) => [payoutNo, amount, currency, left]),
    [
      ["po_1", 500n, "USD", "unavailable"],
      ["po_2", 300n, "USD", null],
    ],
  );
  assert.deepEqual(told.cameBack, [{ line: 5, payoutNo: "po_0" }]);
  assert.deepEqual(told.moved, [
    { currency: "USD", millionths: 11_680_000n, sharedMillionths: null, availableOn: "2026-11-22" },
  ]);
});

test("a payout without its number, or that brought money, is refused", async () => {
  assert.ok((await read(movement("payout", -5, null))) instanceof StatementFault);
  assert.ok((await read(movement("payout", 5, payout()))) instanceof StatementFault);
});

test("figures that do not add up, of a payout or of what else moved, are refused", async () => {
  for (const wrong of [
    movement("payout", -500, payout(), { net: -50 }),
    movement("charge", 900, {}, { net: 9 }),
  ]) {
    const told = await read(movement("payout", -5, payout()), wrong);
    assert.ok(told instanceof StatementFault);
    assert.match(told.reason, /less the fee/);
  }
});
