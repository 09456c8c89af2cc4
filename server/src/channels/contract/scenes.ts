import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dateIn } from "../../kernel/clock.ts";
import { channelDateOf } from "../channel-day.ts";
import type { Method, NextAction, SceneTraits } from "../port.ts";
import type { Harness } from "./harness.ts";
import { answerOf, methodsOf, outcomeOf, type Stage, sceneOf } from "./stage.ts";

const NEXT_ACTION_OF: Record<SceneTraits["kind"], NextAction["type"] | null> = {
  qr: "qr_code",
  redirect: "redirect",
  app: "app_params",
  jsapi: "jsapi_params",
  payment_code: null,
};

/** What the channel says of itself must hold together: the platform drives it by nothing else. */
export function describeTraits(harness: Harness): void {
  const { traits } = harness;
  for (const [method, scene] of Object.entries(traits.scenes)) {
    it(`${method}: its traits hold together`, () => {
      const charged = scene.kind === "payment_code";
      assert.ok(method.startsWith(`${traits.name}.`));
      assert.equal(scene.requiresPaymentCode, charged);
      assert.equal(scene.reverseAfterMs !== null, charged);
      assert.ok(!charged || scene.afterCrash === "query_then_cancel", "a payment code is never sent twice");
      assert.ok(!charged || !scene.orderAppearsWithBuyer);
      assert.ok(scene.queryGapsMs.length > 0 && scene.queryGapsMs.every((gap) => gap > 0));
      assert.ok(scene.notFoundHorizonMs > 0);
    });
  }
  it("its limits and refund schedule hold together", () => {
    assert.ok(traits.amountMin > 0n && traits.amountMax >= traits.amountMin);
    assert.ok(traits.currencies.length > 0);
    assert.ok(traits.refundQueryGapsMs.length > 0 && traits.refundQueryGapsMs.every((gap) => gap > 0));
    assert.match(dateIn(traits.timeZone, new Date(0)), /^\d{4}-\d{2}-\d{2}$/);
  });
}

/** Every scene from placing to the buyer's payment, and what closing does at each step. */
export function describeScenes(harness: Harness, stage: () => Stage): void {
  for (const method of methodsOf(harness, "placed")) {
    describe(method, () => describePlacedScene(harness, method, stage));
  }
  it("an order that a channel can't take is named before anything is sent", () => {
    const { channel, newOrder } = stage();
    const { amountMax } = harness.traits;
    for (const method of Object.keys(harness.traits.scenes)) {
      assert.equal(channel.refuseOrder(newOrder(method, { amount: 0n }))?.field, "amount");
      assert.equal(channel.refuseOrder(newOrder(method, { amount: amountMax + 1n }))?.field, "amount");
      assert.equal(channel.refuseOrder(newOrder(method, { currency: "XTS" }))?.field, "currency");
    }
    assert.equal(channel.refuseOrder(newOrder(firstOf(harness), { method: "nobody.qr" }))?.field, "method");
  });
}

function describePlacedScene(harness: Harness, method: Method, stage: () => Stage): void {
  const scene = sceneOf(harness, method);
  const opened = harness.showsOpened === false ? "not_found" : "pending";
  const closedWhileWaiting =
    harness.closes === false
      ? "closed while it waits, it stays open until its expiry"
      : "closed while it waits, it is closed for good, and closing again says so";
  const handsOutOnce = harness.handsOutOnce === true && scene.kind !== "redirect";

  it("gives the buyer what the scene promises, and waits", async () => {
    const placed = await stage().place(method);
    assert.equal(placed.nextAction?.type, NEXT_ACTION_OF[scene.kind]);
    const early = await outcomeOf(stage(), placed.order);
    assert.equal(early, scene.orderAppearsWithBuyer ? "not_found" : "pending");
    await stage().buyer.open(placed);
    assert.equal(await outcomeOf(stage(), placed.order), opened);
  });

  it("tells a payment with its facts", async () => {
    const { channel, context, now, paid } = stage();
    const { order } = await paid(method, 4_321n);
    const trade = answerOf(await channel.query(context, order));
    assert.ok(trade.outcome === "paid", trade.outcome);
    assert.equal(trade.amount, 4_321n);
    assert.equal(trade.currency, order.currency);
    assert.equal(trade.settleAmount ?? trade.amount, 4_321n);
    assert.notEqual(trade.channelTradeNo, "");
    assert.equal(trade.channelDate, channelDateOf(harness.traits, trade.paidAt));
    assert.ok(Math.abs(trade.paidAt.getTime() - now().getTime()) < 60_000);
  });

  it("placed twice under one number, it is one order: paid once, it is paid", async () => {
    const { channel, context, buyer, place } = stage();
    const first = await place(method);
    const again = await channel.pay(context, first.order);
    if (handsOutOnce) assert.equal(again.end, "refused");
    else assert.ok(again.end === "answered" && again.value.outcome === "pending" && again.value.nextAction);
    const told = again.end === "answered" && again.value.outcome === "pending" ? again.value : null;
    await buyer.pay({ ...first, nextAction: told?.nextAction ?? first.nextAction });
    const trade = answerOf(await channel.query(context, first.order));
    assert.ok(trade.outcome === "paid");
    assert.equal(trade.amount, first.order.amount);
  });

  if (harness.callFaults.includes("answer_lost") && (harness.placesEveryScene || isPlacedByCall(scene))) {
    it("placed again after its answer was lost, the buyer gets what to pay with", async () => {
      const { arm, buyer, channel, context, newOrder } = stage();
      const order = newOrder(method);
      await arm("answer_lost", order.channelOrderNo);
      assert.equal((await channel.pay(context, order)).end, "unknown");
      if (handsOutOnce) {
        // Nobody has what it could be paid with: it is over, and the buyer chooses again.
        assert.equal((await channel.pay(context, order)).end, "refused");
        return;
      }
      const again = answerOf(await channel.pay(context, order));
      assert.ok(again.outcome === "pending" && again.nextAction?.type === NEXT_ACTION_OF[scene.kind]);
      await buyer.pay({ order, nextAction: again.nextAction });
      assert.equal(await outcomeOf(stage(), order), "paid");
    });
  }

  it("placed again when it is paid, it is not failed", async () => {
    const { channel, context, paid } = stage();
    const { order } = await paid(method);
    const again = await channel.pay(context, order);
    if (again.end === "answered") assert.notEqual(again.value.outcome, "failed");
    else assert.notEqual(again.end, "refused");
    assert.equal(await outcomeOf(stage(), order), "paid");
  });

  it(closedWhileWaiting, async () => {
    const { channel, context, buyer, place } = stage();
    const placed = await place(method);
    await buyer.open(placed);
    if (harness.closes === false) {
      assert.equal(answerOf(await channel.close(context, placed.order)).outcome, opened);
      await buyer.pay(placed);
      assert.equal(await outcomeOf(stage(), placed.order), "paid");
      return;
    }
    assert.equal(answerOf(await channel.close(context, placed.order)).outcome, "closed");
    assert.equal(await outcomeOf(stage(), placed.order), "closed");
    assert.equal(answerOf(await channel.close(context, placed.order)).outcome, "closed");
    await assert.rejects(buyer.pay(placed));
  });

  it("closed before the buyer came, it is closed, or there is nothing to close yet", async () => {
    const { channel, context, place } = stage();
    const { order } = await place(method);
    const { outcome } = answerOf(await channel.close(context, order));
    assert.equal(outcome, scene.orderAppearsWithBuyer ? "not_found" : "closed");
  });

  it("closed too late, it is paid", async () => {
    const { channel, context, paid } = stage();
    const { order } = await paid(method);
    const late = answerOf(await channel.close(context, order));
    assert.ok(late.outcome === "paid");
    assert.equal(late.amount, order.amount);
  });

  it("put away or not payable by this buyer, it is still open", async () => {
    const { buyer, place } = stage();
    const turns = [
      [buyer.abandon, opened],
      [buyer.fail, "pending"],
    ] as const;
    for (const [turn, outcome] of turns) {
      const placed = await place(method);
      await buyer.open(placed);
      await turn(placed);
      assert.equal(await outcomeOf(stage(), placed.order), outcome);
    }
  });

  it("an order nobody placed is not found, and there is nothing to close", async () => {
    const { channel, context, newOrder } = stage();
    const order = newOrder(method);
    assert.equal(await outcomeOf(stage(), order), "not_found");
    assert.equal(answerOf(await channel.close(context, order)).outcome, "not_found");
  });
}

/** A page and an app order may need no call: the buyer's device carries them to the channel. */
function isPlacedByCall(scene: SceneTraits): boolean {
  return scene.kind === "qr" || scene.kind === "jsapi";
}

function firstOf(harness: Harness): Method {
  return Object.keys(harness.traits.scenes)[0] as Method;
}
