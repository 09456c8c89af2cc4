import assert from "node:assert/strict";
import { it } from "node:test";
import type { ChannelContext, InboundRequest, Notification } from "../port.ts";
import type { Harness } from "./harness.ts";
import { answerOf, methodsOf, type Stage, shown } from "./stage.ts";

type Authentic = Extract<Notification, { verdict: "authentic" }>;

/** What a notification is worth: authentic it says what a query says, and nothing else is believed. */
export function describeNotifications(harness: Harness, stage: () => Stage): void {
  const [method = ""] = Object.keys(harness.traits.scenes);

  function read(request: InboundRequest | undefined, ...contexts: ChannelContext[]): Notification {
    assert.ok(request);
    return stage().channel.readNotification(contexts.length > 0 ? contexts : [stage().context], request);
  }
  function authentic(request: InboundRequest | undefined, ...contexts: ChannelContext[]): Authentic {
    const notification = read(request, ...contexts);
    assert.ok(notification.verdict === "authentic", shown(notification));
    return notification;
  }
  async function paidAndTold() {
    const { order } = await stage().paid(method);
    const [request] = await stage().notifications(order.channelOrderNo, 1);
    assert.ok(request);
    return { order, request };
  }

  const silent = harness.notifiesOfCodes ? [] : methodsOf(harness, "charged");
  for (const each of Object.keys(harness.traits.scenes).filter((one) => !silent.includes(one))) {
    it(`${each}: a payment is told with the facts of a query`, async () => {
      const { channel, context, notifications, paid } = stage();
      const { order } = await paid(each);
      const [request] = await notifications(order.channelOrderNo, 1);
      const notification = authentic(request);
      assert.equal(notification.channelOrderNo, order.channelOrderNo);
      assert.notEqual(notification.notifyId, "");
      assert.equal(notification.about.kind, "trade");
      const { trade } = notification.about;
      const asked = answerOf(await channel.query(context, order));
      assert.ok(trade.outcome === "paid" && asked.outcome === "paid");
      assert.equal(trade.amount, asked.amount);
      assert.equal(trade.channelTradeNo, asked.channelTradeNo);
      assert.equal(trade.channelDate, asked.channelDate);
      assert.deepEqual(trade.paidAt, asked.paidAt);
      assert.equal(trade.settleAmount ?? trade.amount, asked.settleAmount ?? asked.amount);
    });
  }

  it("a refund is told by its number, with the sum given back where the channel knows it", async () => {
    const { channel, context, newRefund, notifications, untilParts } = stage();
    const { order } = await paidAndTold();
    await untilParts();
    const refund = newRefund(order, 234n);
    await channel.refund(context, refund);
    const { about } = authentic((await notifications(order.channelOrderNo, 2))[1]);
    assert.ok(about.kind === "refund", about.kind);
    assert.equal(about.channelRefundNo, refund.channelRefundNo);
    assert.ok(["accepted", "arrived"].includes(about.refund.outcome));
    if (about.amount !== undefined) assert.equal(about.amount, 234n);
    const { trade } = about;
    const sum = trade?.outcome === "refunded" ? trade.refundedAmount : null;
    assert.equal(sum, (harness.refundNoticeTellsSum ?? harness.tellsRefundedSum) ? 234n : null);
  });

  it("one with a changed amount is refused", async () => {
    const { request } = await paidAndTold();
    assert.equal(read(stage().tamper(request)).verdict, "refused");
  });

  it("one signed with a key that is not the channel's, or meant for another app, is refused", async () => {
    const { request } = await paidAndTold();
    const { platformKey, otherApp } = stage().wrong;
    assert.equal(read(request, platformKey).verdict, "refused");
    assert.equal(read(request, otherApp).verdict, "refused");
    assert.equal(read(request, platformKey, otherApp).verdict, "refused");
  });

  it("after a rotation of keys, whichever version was in use verifies", async () => {
    const { request } = await paidAndTold();
    const { context, wrong } = stage();
    authentic(request, wrong.platformKey, context);
    authentic(request, context, wrong.platformKey);
  });

  it("rubbish is refused and never throws", async () => {
    const { request } = await paidAndTold();
    for (const body of [
      Buffer.alloc(0),
      Buffer.from("a=b"),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from("{"),
    ]) {
      assert.equal(read({ ...request, body }).verdict, "refused");
    }
    const half = request.body.subarray(0, request.body.length / 2);
    assert.equal(read({ ...request, body: half }).verdict, "refused");
  });

  it("the two acknowledgements differ", () => {
    const { acknowledge } = stage().channel;
    const said = [true, false].map((accepted) => {
      const { status, body } = acknowledge(accepted);
      return `${status} ${body}`;
    });
    assert.notEqual(said[0], said[1]);
  });

  if (harness.channelFaults.includes("notification_forged")) {
    it("a forgery ahead of the real one is refused, the real one believed", async () => {
      const { arm, buyer, notifications, place } = stage();
      const open = Object.keys(harness.traits.scenes).find((one) => one !== method) ?? method;
      const placed = await place(open);
      await arm("notification_forged", placed.order.channelOrderNo);
      await buyer.pay(placed);
      const both = await notifications(placed.order.channelOrderNo, 2);
      const verdicts = both.map((request) => read(request).verdict).sort();
      assert.deepEqual(verdicts, ["authentic", "refused"]);
    });
  }
  if (harness.channelFaults.includes("notification_duplicate")) {
    it("a duplicate carries the id of the first", async () => {
      const { arm, buyer, notifications, place } = stage();
      const placed = await place(method);
      await arm("notification_duplicate", placed.order.channelOrderNo);
      await buyer.pay(placed);
      const [first, second] = await notifications(placed.order.channelOrderNo, 2);
      assert.equal(authentic(first).notifyId, authentic(second).notifyId);
    });
  }
}
