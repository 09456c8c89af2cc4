import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type {
  Call,
  ChannelContext,
  NewOrder,
  ShareOrder,
  ShareOutcome,
  ShareReturnOrder,
  Sharing,
} from "../port.ts";
import { END_UNDER, WAITED_FOR } from "./call-ends.ts";
import type { CallFault, Harness, SharingHarness } from "./harness.ts";
import { answerOf, impatient, methodsOf, newNumber, type Stage, shown } from "./stage.ts";

/** Done and not known, not done, certainly not sent: how a call ends under the others is judged elsewhere. */
const TELLING: ReadonlySet<CallFault> = new Set(["answer_lost", "timeout_before", "rate_refusal"]);
const TRY_AGAIN_MS = 20;
const TRIES_MAX = 60;

/** Splitting a frozen order: once under one number, told by asking, taken back, and let go of. */
export function describeSharing(harness: Harness, stage: () => Stage): void {
  const { sharing } = harness;
  if (sharing === undefined) {
    it("splits nothing, and says so by having no part for it", () => {
      assert.equal(stage().channel.sharing, undefined);
    });
    return;
  }
  const [method = ""] = methodsOf(harness, "placed");
  const hands = handsOn(sharing, stage, method);
  describeSplits(hands);
  describeReturns(hands);
  describeSharingEnds(harness, hands);
}

type Hands = ReturnType<typeof handsOn>;

function handsOn({ receiver }: SharingHarness, stage: () => Stage, method: string) {
  const part = (): Sharing<ChannelContext> => {
    const { sharing } = stage().channel;
    if (sharing === undefined) throw new Error("the channel has no part for sharing");
    return sharing;
  };
  const frozen = async (changes: Partial<NewOrder> = { profitSharing: true }): Promise<NewOrder> => {
    const { buyer, channel, context } = stage();
    const placed = await stage().place(method, { amount: 1_000n, ...changes });
    await buyer.pay(placed);
    const trade = answerOf(await channel.query(context, placed.order));
    assert.ok(trade.outcome === "paid", trade.outcome);
    answerOf(await part().bindReceiver(context, receiver, newNumber("rcb").slice(0, 29)));
    await stage().untilShares?.();
    return { ...placed.order, channelTradeNo: trade.channelTradeNo };
  };
  const shareOf = (order: NewOrder, amount: bigint): ShareOrder => ({
    order: {
      channelOrderNo: order.channelOrderNo,
      channelTradeNo: order.channelTradeNo ?? "",
      currency: order.currency,
    },
    channelShareNo: newNumber("shr"),
    receiver: { ...receiver, name: null, relation: null },
    amount,
    description: "合同测试分账",
  });
  const returnOf = (share: ShareOrder, amount: bigint): ShareReturnOrder => ({
    share,
    channelReturnNo: newNumber("shb"),
    amount,
    description: "合同测试回退",
  });
  const done = async (ask: () => Promise<Call<ShareOutcome>>): Promise<ShareOutcome> => {
    for (let tries = 0; ; tries += 1) {
      const told = answerOf(await ask());
      if (told.outcome !== "pending" || tries > TRIES_MAX) return told;
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  };
  const split = async (order: NewOrder, amount = 200n): Promise<ShareOrder> => {
    const share = shareOf(order, amount);
    answerOf(await part().share(stage().context, share));
    assert.equal((await done(() => part().queryShare(stage().context, share))).outcome, "done");
    return share;
  };
  const context = () => stage().context;
  return { context, done, frozen, part, receiver, returnOf, shareOf, split, stage };
}

function describeSplits({ context, done, frozen, part, receiver, shareOf, split, stage }: Hands): void {
  it("a receiver is bound, and bound again", async () => {
    assert.equal(part().refuseReceiver(receiver), null);
    for (const number of ["1", "2"]) {
      const call = await part().bindReceiver(context(), receiver, newNumber(number).slice(0, 27));
      assert.deepEqual(answerOf(call), { outcome: "bound" });
    }
  });
  it("no receiver of a kind that the channel does not know", () => {
    const refused = part().refuseReceiver({ ...receiver, type: "NOBODY" });
    assert.deepEqual([refused?.field, typeof refused?.detail], ["type", "string"]);
  });
  it("sent twice under one number, it is split off once", async () => {
    const order = await frozen();
    const share = shareOf(order, 200n);
    const most = (1_000n * part().traits.maxMillionths) / 1_000_000n;
    for (let sent = 0; sent < 2; sent += 1) {
      const { outcome } = answerOf(await part().share(context(), share));
      assert.ok(outcome === "pending" || outcome === "done", outcome);
    }
    const told = await done(() => part().queryShare(context(), share));
    assert.ok(told.outcome === "done", told.outcome);
    assert.equal(told.channelDate, stage().today());
    // Twice as much would leave no room for this.
    await split(order, most - 200n);
  });
  it("another amount under one number moves nothing more", async () => {
    const order = await frozen();
    const share = await split(order, 100n);
    const call = await part().share(context(), { ...share, amount: 150n });
    assert.ok(
      call.end === "refused" || (call.end === "answered" && call.value.outcome === "failed"),
      shown(call),
    );
    await split(order, 200n);
  });
  it("more than the channel's maximum is refused for good", async () => {
    const order = await frozen();
    const call = await part().share(context(), shareOf(order, 301n));
    assert.ok(call.end === "refused" && !call.retryable, shown(call));
  });
  it("a receiver whom nobody bound gets nothing", async () => {
    const share = shareOf(await frozen(), 100n);
    const account = `${share.receiver.account.slice(0, -3)}999`;
    const strange = { ...share, receiver: { ...share.receiver, account } };
    const call = await part().share(context(), strange);
    if (call.end === "refused") return;
    const told = await done(() => part().queryShare(context(), strange));
    assert.equal(told.outcome, "failed");
  });
  it("an order that was not frozen is not split", async () => {
    const order = await frozen({});
    const call = await part().share(context(), shareOf(order, 100n));
    assert.ok(call.end === "refused" && !call.retryable, shown(call));
  });
  it("one that was never sent is not found", async () => {
    const share = shareOf(await frozen(), 100n);
    assert.equal(answerOf(await part().queryShare(context(), share)).outcome, "not_found");
  });
  it("finished twice, it is finished, and split no more", async () => {
    const order = await frozen();
    const share = await split(order);
    const finishNo = newNumber("shr");
    for (let sent = 0; sent < 2; sent += 1) {
      const call = await part().finish(context(), share.order, finishNo);
      assert.deepEqual(answerOf(call), { outcome: "finished" });
    }
    const call = await part().share(context(), shareOf(order, 50n));
    assert.ok(call.end === "refused" && !call.retryable, shown(call));
  });
}

function describeReturns({ context, done, frozen, part, receiver, returnOf, split, stage }: Hands): void {
  it("what a receiver gives back comes once under one number, and no more than it got", async () => {
    const order = await frozen();
    const share = await split(order);
    if (part().traits.returnsWithRefund) {
      const { channel, newRefund } = stage();
      const parts = (amount: bigint) => ({ shares: [{ receiver: { ...receiver, name: null }, amount }] });
      const refund = { ...newRefund(order, 500n), ...parts(100n) };
      assert.equal(answerOf(await channel.refund(context(), refund)).outcome, "accepted");
      const beyond = await channel.refund(context(), { ...newRefund(order, 500n), ...parts(101n) });
      assert.ok(
        beyond.end === "refused" && part().traits.returnRefusals.includes(beyond.code),
        shown(beyond),
      );
      return;
    }
    const given = returnOf(share, 150n);
    for (let sent = 0; sent < 2; sent += 1) {
      const { outcome } = answerOf(await part().returnShare(context(), given));
      assert.ok(outcome === "pending" || outcome === "done", outcome);
    }
    assert.equal((await done(() => part().queryReturn(context(), given))).outcome, "done");
    const beyond = await part().returnShare(context(), returnOf(share, 51n));
    assert.ok(beyond.end === "refused" && !beyond.retryable, shown(beyond));
    assert.equal(answerOf(await part().queryReturn(context(), returnOf(share, 1n))).outcome, "not_found");
  });
}

/** A time-out is no failure here either: how each call ends under each fault, and what the channel did. */
function describeSharingEnds(
  harness: Harness,
  { context, done, frozen, part, returnOf, shareOf, split, stage }: Hands,
): void {
  type Trial = { readonly order: NewOrder; call(with_: ChannelContext): Promise<Call<unknown>> };
  const trials: Record<string, () => Promise<Trial & { again?(): Promise<void> }>> = {
    share: async () => {
      const order = await frozen();
      const share = shareOf(order, 100n);
      const again = async () => {
        answerOf(await part().share(context(), share));
        assert.equal((await done(() => part().queryShare(context(), share))).outcome, "done");
        await split(order, 200n);
      };
      return { order, call: (way) => part().share(way, share), again };
    },
    "share query": async () => {
      const order = await frozen();
      const share = await split(order);
      return { order, call: (way) => part().queryShare(way, share) };
    },
    finish: async () => {
      const order = await frozen();
      const { order: shared } = shareOf(order, 1n);
      const finishNo = newNumber("shr");
      const again = async () => {
        assert.equal(answerOf(await part().finish(context(), shared, finishNo)).outcome, "finished");
      };
      return { order, call: (way) => part().finish(way, shared, finishNo), again };
    },
    ...(harness.sharing?.returnsWithRefund === true
      ? {}
      : {
          "share return": async () => {
            const order = await frozen();
            const given = returnOf(await split(order), 100n);
            const again = async () => {
              answerOf(await part().returnShare(context(), given));
              assert.equal((await done(() => part().queryReturn(context(), given))).outcome, "done");
            };
            return { order, call: (way: ChannelContext) => part().returnShare(way, given), again };
          },
        }),
  };
  for (const [operation, prepare] of Object.entries(trials)) {
    describe(`${operation} ends`, () => {
      for (const fault of harness.callFaults.filter((one) => TELLING.has(one))) {
        it(`${END_UNDER[fault]} under ${fault}, and made again it is made once`, async () => {
          const { order, call, again } = await prepare();
          await stage().arm(fault, order.channelOrderNo);
          const ended = await call(WAITED_FOR.has(fault) ? impatient(context()) : context());
          assert.equal(ended.end, END_UNDER[fault], shown(ended));
          await again?.();
        });
      }
    });
  }
}
