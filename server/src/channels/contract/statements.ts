import assert from "node:assert/strict";
import { it } from "node:test";
import { channelDateOf } from "../channel-day.ts";
import type { Statement, StatementLine } from "../port.ts";
import type { Harness } from "./harness.ts";
import { answerOf, type Stage } from "./stage.ts";

/**
 * The statement against what was done, on an account of its own: every movement once, with the channel's own
 * figures.
 */
export function describeStatements(harness: Harness, stage: () => Stage): void {
  it("of a day that has none is refused, and may come later", async () => {
    const call = await stage().channel.downloadStatement(stage().context, stage().quietDay());
    assert.ok(call.end === "refused", call.end);
    assert.equal(call.code, "no_statement");
    assert.equal(call.retryable, true);
  });

  it("carries every payment and refund of the day once, and nothing else", async () => {
    const { buyer, channel, context, newRefund, now, paid, place, publishStatement, today, untilParts } =
      stage();
    const expected: Record<string, object> = {};
    const orders: Awaited<ReturnType<typeof paid>>["order"][] = [];
    for (const [index, method] of Object.keys(harness.traits.scenes).entries()) {
      const amount = 1_000n + BigInt(index);
      const { order } = await paid(method, amount);
      orders.push(order);
      expected[order.channelOrderNo] = { kind: "payment", amount, settleAmount: amount };
    }
    const paidOn = now();
    if (harness.refundsPartsFrom === "next_day") await publishStatement();
    await untilParts();
    for (const order of orders) {
      const refund = newRefund(order, 100n);
      answerOf(await channel.refund(context, refund));
      expected[refund.channelRefundNo] = { kind: "refund", amount: -100n, settleAmount: -100n };
    }
    const [method = ""] = Object.keys(harness.traits.scenes);
    const open = await place(method);
    await buyer.open(open);
    await publishStatement();

    const days = new Set([today(paidOn), today()]);
    const statements: Statement[] = [];
    for (const day of days) {
      const statement = answerOf(await channel.downloadStatement(context, day));
      assert.equal(statement.channelDate, day);
      assert.ok(statement.original.length > 0);
      for (const line of statement.lines) assert.equal(channelDateOf(harness.traits, line.finishedAt), day);
      statements.push(statement);
    }
    const lines = statements.flatMap((statement) => statement.lines);
    const found = Object.fromEntries(
      lines.map(({ kind, amount, settleAmount, channelOrderNo, channelRefundNo }) => [
        channelRefundNo ?? channelOrderNo,
        { kind, amount, settleAmount },
      ]),
    );
    assert.deepEqual(found, expected);
    assert.equal(lines.length, Object.keys(expected).length);
    for (const line of lines) {
      assert.equal(line.kind === "payment", line.channelRefundNo === null);
      assert.ok(line.kind === "payment" ? line.fee >= 0n : line.fee <= 0n);
      assert.notEqual(line.channelTradeNo, "");
    }
  });

  if (harness.tellsFunds !== false) {
    it("of the funds moves exactly what settles less the fees", async () => {
      const { channel, context, newRefund, paid, publishStatement, quietDay, today } = stage();
      const fundFlow = channel.downloadFundFlow;
      assert.ok(fundFlow);
      const [method = ""] = Object.keys(harness.traits.scenes);
      const { order } = await paid(method, 12_345n);
      const refund = newRefund(order, 1_234n);
      answerOf(await channel.refund(context, refund));
      await publishStatement();

      const funds = answerOf(await fundFlow(context, today()));
      const statement = answerOf(await channel.downloadStatement(context, today()));
      assert.equal(funds.channelDate, today());
      const minor = (line: StatementLine) => line.settleAmount - line.fee;
      const settled = statement.lines.reduce((total, line) => total + minor(line), 0n);
      const moved = funds.lines.reduce((total, line) => total + line.amountMillionths, 0n);
      assert.equal(moved, settled * 10_000n);
      const { balanceBeforeMillionths, balanceAfterMillionths } = funds;
      assert.equal((balanceAfterMillionths ?? 0n) - (balanceBeforeMillionths ?? 0n), moved);
      assert.ok(funds.lines.some((line) => line.voucherNo === order.channelOrderNo));

      const none = await fundFlow(context, quietDay());
      assert.ok(none.end === "refused" && none.code === "no_statement" && none.retryable);
    });
  }

  if (harness.hasVouchers === false) return;
  it("a voucher that the merchant funded settles less, wherever it is told", async () => {
    const { buyer, channel, context, notifications, place, publishStatement, today } = stage();
    const method = Object.keys(harness.traits.scenes).find(
      (one) => harness.traits.scenes[one]?.kind !== "payment_code",
    );
    assert.ok(method);
    const placed = await place(method, { amount: 1_000n });
    await buyer.pay(placed, 150n);
    const { channelOrderNo } = placed.order;
    const [request] = await notifications(channelOrderNo, 1);
    assert.ok(request);
    const notification = channel.readNotification([context], request);
    assert.ok(notification.verdict === "authentic" && notification.about.kind === "trade");
    await publishStatement();
    const statement = answerOf(await channel.downloadStatement(context, today()));
    const line = statement.lines.find((one) => one.channelOrderNo === channelOrderNo);
    for (const told of [answerOf(await channel.query(context, placed.order)), notification.about.trade]) {
      assert.ok(told?.outcome === "paid");
      assert.deepEqual([told.amount, told.settleAmount], [1_000n, 850n]);
    }
    assert.deepEqual([line?.amount, line?.settleAmount], [1_000n, 850n]);
  });
}
