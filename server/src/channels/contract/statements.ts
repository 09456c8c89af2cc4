import assert from "node:assert/strict";
import { it } from "node:test";
import { dateIn } from "../../kernel/clock.ts";
import type { Harness } from "./harness.ts";
import { answerOf, quietDay, type Stage, today } from "./stage.ts";

/**
 * The statement against what was done, on an account of its own: every movement once, with the channel's own
 * figures.
 */
export function describeStatements(harness: Harness, stage: () => Stage): void {
  it("of a day that has none is refused, and may come later", async () => {
    const call = await stage().channel.downloadStatement(stage().context, quietDay(harness));
    assert.ok(call.end === "refused", call.end);
    assert.equal(call.code, "no_statement");
    assert.equal(call.retryable, true);
  });

  it("carries every payment and refund of the day once, and nothing else", async () => {
    const { buyer, channel, context, newRefund, paid, place, publishStatement } = stage();
    const expected: Record<string, object> = {};
    for (const [index, method] of Object.keys(harness.traits.scenes).entries()) {
      const amount = 1_000n + BigInt(index);
      const { order } = await paid(method, amount);
      const refund = newRefund(order, 100n);
      answerOf(await channel.refund(context, refund));
      expected[order.channelOrderNo] = { kind: "payment", amount, settleAmount: amount };
      expected[refund.channelRefundNo] = { kind: "refund", amount: -100n, settleAmount: -100n };
    }
    const [method = ""] = Object.keys(harness.traits.scenes);
    const open = await place(method);
    await buyer.open(open);
    await publishStatement();

    const statement = answerOf(await channel.downloadStatement(context, today(harness)));
    assert.equal(statement.channelDate, today(harness));
    assert.ok(statement.original.length > 0);
    const found = Object.fromEntries(
      statement.lines.map(({ kind, amount, settleAmount, channelOrderNo, channelRefundNo }) => [
        channelRefundNo ?? channelOrderNo,
        { kind, amount, settleAmount },
      ]),
    );
    assert.deepEqual(found, expected);
    assert.equal(statement.lines.length, Object.keys(expected).length);
    for (const line of statement.lines) {
      assert.equal(line.kind === "payment", line.channelRefundNo === null);
      assert.ok(line.kind === "payment" ? line.fee >= 0n : line.fee <= 0n);
      assert.equal(dateIn(harness.traits.timeZone, line.finishedAt), statement.channelDate);
      assert.notEqual(line.channelTradeNo, "");
    }
  });

  if (harness.hasVouchers === false) return;
  it("a voucher that the merchant funded settles less, wherever it is told", async () => {
    const { buyer, channel, context, notifications, place, publishStatement } = stage();
    const method = Object.keys(harness.traits.scenes).find(
      (one) => harness.traits.scenes[one]?.kind !== "payment_code",
    );
    if (method === undefined) return;
    const placed = await place(method, { amount: 1_000n });
    await buyer.pay(placed, 150n);
    const { channelOrderNo } = placed.order;
    const [request] = await notifications(channelOrderNo, 1);
    assert.ok(request);
    const notification = channel.readNotification([context], request);
    assert.ok(notification.verdict === "authentic" && notification.about.kind === "trade");
    await publishStatement();
    const statement = answerOf(await channel.downloadStatement(context, today(harness)));
    const line = statement.lines.find((one) => one.channelOrderNo === channelOrderNo);
    for (const told of [answerOf(await channel.query(context, placed.order)), notification.about.trade]) {
      assert.ok(told?.outcome === "paid");
      assert.deepEqual([told.amount, told.settleAmount], [1_000n, 850n]);
    }
    assert.deepEqual([line?.amount, line?.settleAmount], [1_000n, 850n]);
  });
}
