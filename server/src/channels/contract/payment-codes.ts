import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Method } from "../port.ts";
import type { Harness } from "./harness.ts";
import { answerOf, methodsOf, outcomeOf, type Stage, wentBack } from "./stage.ts";

/**
 * The buyer's code, charged by us: the one scene that can be reversed, and the one that must never be sent
 * twice.
 */
export function describePaymentCodes(harness: Harness, stage: () => Stage): void {
  for (const method of methodsOf(harness, "charged")) {
    describe(method, () => {
      describeCharging(method, stage);
      describeReversing(harness, method, stage);
    });
  }
}

function describeCharging(method: Method, stage: () => Stage): void {
  it("a code that pays is paid at once", async () => {
    const { channel, context, buyer, newOrder } = stage();
    const order = newOrder(method, { paymentCode: await buyer.paymentCode("pays") });
    const answer = answerOf(await channel.pay(context, order));
    const asked = answerOf(await channel.query(context, order));
    assert.ok(answer.outcome === "paid" && asked.outcome === "paid");
    assert.equal(answer.amount, order.amount);
    assert.equal(answer.channelTradeNo, asked.channelTradeNo);
    assert.deepEqual(answer.paidAt, asked.paidAt);
  });

  it("a code whose owner must confirm waits, and is paid when it is confirmed", async () => {
    const { buyer, place } = stage();
    const placed = await place(method, {}, "asks_password");
    assert.equal(await outcomeOf(stage(), placed.order), "pending");
    await buyer.pay(placed);
    assert.equal(await outcomeOf(stage(), placed.order), "paid");
  });

  it("a code that is refused failed for good, with a reason", async () => {
    const { channel, context, buyer, newOrder } = stage();
    const order = newOrder(method, { paymentCode: await buyer.paymentCode("refused") });
    const answer = answerOf(await channel.pay(context, order));
    assert.ok(answer.outcome === "failed");
    assert.notEqual(answer.code, "");
    assert.ok(["failed", "closed", "not_found"].includes(await outcomeOf(stage(), order)));
  });

  it("a code is good for one order", async () => {
    const { channel, context, newOrder, place } = stage();
    const { order } = await place(method);
    const other = newOrder(method, { paymentCode: order.paymentCode });
    assert.equal(answerOf(await channel.pay(context, other)).outcome, "failed");
  });

  it("sent twice all the same, it takes the money once and is not failed", async () => {
    const { channel, context, place } = stage();
    const { order } = await place(method);
    const again = await channel.pay(context, order);
    if (again.end === "answered") assert.equal(again.value.outcome, "paid");
    else assert.equal(again.end, "unknown");
    const trade = answerOf(await channel.query(context, order));
    assert.ok(trade.outcome === "paid");
    assert.equal(trade.amount, order.amount);
  });
}

function describeReversing(harness: Harness, method: Method, stage: () => Stage): void {
  async function reverse(order: Parameters<Stage["channel"]["reverse"]>[1]) {
    const value = answerOf(await stage().channel.reverse(stage().context, order));
    assert.ok(value.outcome === "reversed", value.outcome);
    return value;
  }

  it("reversed while it waits, no money moved", async () => {
    const { order } = await stage().place(method, {}, "asks_password");
    assert.equal((await reverse(order)).moneyReturned, false);
    const trade = answerOf(await stage().channel.query(stage().context, order));
    assert.equal(trade.outcome, harness.endsReversedAs ?? "closed");
    assert.equal(wentBack(trade), null);
    assert.equal((await reverse(order)).moneyReturned, false);
  });

  it("reversed when it is paid, the money went back, and repeating says so again", async () => {
    const { order } = await stage().place(method);
    assert.equal((await reverse(order)).moneyReturned, true);
    const trade = answerOf(await stage().channel.query(stage().context, order));
    assert.equal(trade.outcome, harness.endsReversedAs ?? "refunded");
    assert.equal(wentBack(trade), order.amount);
    assert.equal((await reverse(order)).moneyReturned, true);
  });

  it("reversed without ever having been sent, no money moved", async () => {
    const { buyer, newOrder } = stage();
    const order = newOrder(method, { paymentCode: await buyer.paymentCode("pays") });
    assert.equal((await reverse(order)).moneyReturned, false);
  });

  if (harness.channelFaults.includes("reversal_again")) {
    it("a reversal that the channel puts off is repeated", async () => {
      const { arm, channel, context, place } = stage();
      const { order } = await place(method);
      await arm("reversal_again", order.channelOrderNo);
      assert.equal(answerOf(await channel.reverse(context, order)).outcome, "again");
      assert.equal((await reverse(order)).moneyReturned, true);
    });
  }
}
