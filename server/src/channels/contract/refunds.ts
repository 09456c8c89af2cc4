import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RefundOutcome } from "../port.ts";
import type { Harness } from "./harness.ts";
import { answerOf, type Stage } from "./stage.ts";

const TRY_AGAIN_MS = 100;
const TRIES_MAX = 50;

/** Refunds of every scene: parts, repeats under one number, and what can't be given back. */
export function describeRefunds(harness: Harness, stage: () => Stage): void {
  for (const method of Object.keys(harness.traits.scenes)) {
    it(`${method}: in parts, each accepted, arrived, and summed up by the order`, async () => {
      const { channel, context, newRefund, paid, untilParts } = stage();
      const { order } = await paid(method, 1_000n);
      await untilParts();
      for (const amount of [300n, 700n]) {
        const refund = newRefund(order, amount);
        const accepted = answerOf(await channel.refund(context, refund));
        assert.ok(accepted.outcome === "accepted", accepted.outcome);
        assert.equal(accepted.settleAmount ?? amount, amount);
        const arrived = await arrivalOf(stage(), refund);
        assert.equal(arrived.channelDate, accepted.channelDate);
      }
      const trade = answerOf(await channel.query(context, order));
      assert.equal(trade.outcome, harness.tellsRefundedSum ? "refunded" : "paid");
      assert.ok(trade.outcome === "refunded" || trade.outcome === "paid");
      if (trade.outcome === "refunded") assert.equal(trade.refundedAmount, 1_000n);
      assert.equal(trade.amount, 1_000n);
    });
  }
  if (harness.refundsPartsFrom === "next_day") {
    it("a part waits for the channel's next day, and nothing is sent before it", async () => {
      const { channel, context, newRefund, now, paid, untilParts } = stage();
      const [method = ""] = Object.keys(harness.traits.scenes);
      const { order } = await paid(method, 1_000n);
      const refund = newRefund(order, 300n);
      const call = await channel.refund(context, refund);
      assert.ok(call.end === "not_sent" && call.notBefore !== undefined, call.end);
      assert.ok(call.notBefore > now());
      assert.equal(answerOf(await channel.queryRefund(context, refund)).outcome, "not_found");
      await untilParts();
      assert.ok(call.notBefore <= now());
      assert.equal(answerOf(await channel.refund(context, refund)).outcome, "accepted");
    });
  }
  describeRepeats(harness, stage);
  describeRefusals(harness, stage);
}

function describeRepeats(harness: Harness, stage: () => Stage): void {
  const [method = ""] = Object.keys(harness.traits.scenes);

  it("repeated under one number, it is one refund and never failed, even of the whole amount", async () => {
    const { channel, context, newRefund, paid } = stage();
    const { order } = await paid(method, 1_000n);
    const refund = newRefund(order, 1_000n);
    assert.equal(answerOf(await channel.refund(context, refund)).outcome, "accepted");
    const { outcome } = answerOf(await channel.refund(context, refund));
    assert.ok(["pending", "accepted", "arrived"].includes(outcome), outcome);
    await arrivalOf(stage(), refund);
  });

  it("repeated under one number with another amount, nothing more moves", async () => {
    const { channel, context, newRefund, paid, untilParts } = stage();
    const { order } = await paid(method, 1_000n);
    await untilParts();
    const refund = newRefund(order, 100n);
    await channel.refund(context, refund);
    const call = await channel.refund(context, { ...refund, amount: 900n });
    assert.ok(call.end === "refused" || (call.end === "answered" && call.value.outcome === "failed"));
    await arrivalOf(stage(), refund);
    assert.equal(answerOf(await channel.refund(context, newRefund(order, 900n))).outcome, "accepted");
  });

  it("one that was never sent is not found", async () => {
    const { channel, context, newRefund, paid } = stage();
    const { order } = await paid(method);
    assert.equal(answerOf(await channel.queryRefund(context, newRefund(order, 1n))).outcome, "not_found");
  });
}

function describeRefusals(harness: Harness, stage: () => Stage): void {
  const [method = ""] = Object.keys(harness.traits.scenes);

  describe("what cannot be given back is refused for good:", () => {
    it("more than is left", async () => {
      const { channel, context, newRefund, paid, untilParts } = stage();
      const { order } = await paid(method, 1_000n);
      await untilParts();
      await channel.refund(context, newRefund(order, 400n));
      await refusedForGood(stage(), newRefund(order, 601n));
    });
    it("an order that is not paid", async () => {
      const { buyer, newRefund, place } = stage();
      const placed = await place(method);
      await buyer.open(placed);
      await refusedForGood(stage(), newRefund(placed.order, 1n));
    });
  });

  if (harness.channelFaults.includes("refund_without_funds")) {
    it("refused for lack of funds, the same number succeeds later", async () => {
      const { arm, channel, context, newRefund, paid, untilParts } = stage();
      const { order } = await paid(method);
      await untilParts();
      const refund = newRefund(order, 1n);
      await arm("refund_without_funds", order.channelOrderNo);
      const call = await channel.refund(context, refund);
      assert.ok(call.end === "refused" && call.retryable, call.end);
      assert.equal(answerOf(await channel.refund(context, refund)).outcome, "accepted");
    });
  }
  if (harness.channelFaults.includes("refund_returned")) {
    it("sent back by the buyer's bank, it was accepted and then returned", async () => {
      const { arm, channel, context, newRefund, paid, untilParts } = stage();
      const { order } = await paid(method);
      await untilParts();
      const refund = newRefund(order, 1n);
      await arm("refund_returned", order.channelOrderNo);
      assert.equal(answerOf(await channel.refund(context, refund)).outcome, "accepted");
      assert.equal((await endOf(stage(), refund)).outcome, harness.refundsComeBackAs ?? "returned");
    });
  }
}

type RefundOrder = Parameters<Stage["channel"]["refund"]>[1];

/** What becomes of a refund that the channel has taken: some need a moment. */
async function endOf(stage: Stage, refund: RefundOrder): Promise<RefundOutcome> {
  for (let tries = 0; ; tries += 1) {
    const told = answerOf(await stage.channel.queryRefund(stage.context, refund));
    if ((told.outcome !== "accepted" && told.outcome !== "pending") || tries > TRIES_MAX) return told;
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
}

async function arrivalOf(stage: Stage, refund: RefundOrder) {
  const told = await endOf(stage, refund);
  assert.ok(told.outcome === "arrived", told.outcome);
  return told;
}

async function refusedForGood(stage: Stage, refund: RefundOrder): Promise<void> {
  const call = await stage.channel.refund(stage.context, refund);
  const refused = call.end === "refused" && !call.retryable;
  assert.ok(refused || (call.end === "answered" && call.value.outcome === "failed"), call.end);
}
