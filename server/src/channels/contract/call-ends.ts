import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call, ChannelContext, Method, NewOrder, RefundOrder } from "../port.ts";
import type { CallFault, Harness } from "./harness.ts";
import { answerOf, impatient, methodsOf, type Stage, sceneOf, shown, wentBack } from "./stage.ts";

/** What each fault must make of a call, whatever the call is. */
export const END_UNDER: Record<CallFault, "unknown" | "not_sent"> = {
  answer_lost: "unknown",
  timeout_before: "unknown",
  http_5xx: "unknown",
  slow: "unknown",
  rate_refusal: "not_sent",
  system_error: "unknown",
};

/** Faults under which the channel has done what it was asked, although we don't know it. */
const DONE_UNDER: ReadonlySet<CallFault> = new Set(["answer_lost"]);
/** Faults under which it may be done or not by the time we look. */
const OPEN_UNDER: ReadonlySet<CallFault> = new Set(["slow"]);

/**
 * Faults that only our own time-out ends. The others are answered, and on a busy machine that may take a
 * while.
 */
export const WAITED_FOR: ReadonlySet<CallFault> = new Set(["timeout_before", "slow"]);

/**
 * One operation: makes ready, gives the call, and tells afterwards whether it was done (null: it changes
 * nothing).
 */
type Trial = {
  readonly channelOrderNo: string;
  call(context: ChannelContext): Promise<Call<unknown>>;
  done: (() => Promise<boolean>) | null;
};

/** A time-out is never a failure, a refusal for rate never a fact: how every call ends under every fault. */
export function describeCallEnds(harness: Harness, stage: () => Stage): void {
  for (const [operation, prepare] of Object.entries(trialsOf(harness))) {
    describe(`${operation} ends`, () => {
      for (const fault of harness.callFaults) {
        it(`${END_UNDER[fault]} under ${fault}`, async () => {
          const trial = await prepare(stage());
          await stage().arm(fault, trial.channelOrderNo);
          const { context } = stage();
          const call = await trial.call(WAITED_FOR.has(fault) ? impatient(context) : context);
          assert.equal(call.end, END_UNDER[fault], shown(call));
          assert.ok("reason" in call && call.reason !== "");
          if (trial.done === null || OPEN_UNDER.has(fault)) return;
          assert.equal(await trial.done(), DONE_UNDER.has(fault), "what the channel did");
        });
      }
      it("not_sent where nobody listens", async () => {
        const trial = await prepare(stage());
        const gatewayUrl = "http://127.0.0.1:1/nobody";
        const call = await trial.call({ ...stage().context, gatewayUrl });
        assert.equal(call.end, "not_sent");
        if (trial.done !== null) assert.equal(await trial.done(), false);
      });
    });
  }
}

/**
 * Operations on orders of the first scene that takes a call to place, and on payment codes where there are
 * any.
 */
function trialsOf(harness: Harness): Record<string, (stage: Stage) => Promise<Trial>> {
  const placed = methodsOf(harness, "placed").filter(
    (method) => harness.placesEveryScene || !["redirect", "app"].includes(sceneOf(harness, method).kind),
  );
  const [charged] = methodsOf(harness, "charged");
  const method = placed[0] ?? charged ?? "";
  return {
    ...Object.fromEntries(placed.map((one) => [`pay ${one}`, placing(one, harness)])),
    ...(charged === undefined ? {} : { [`pay ${charged}`]: charging(charged), reverse: reversing(charged) }),
    query: async (stage) => {
      const { order } = await stage.paid(method);
      return {
        channelOrderNo: order.channelOrderNo,
        call: (context) => stage.channel.query(context, order),
        done: null,
      };
    },
    ...(placed[0] === undefined ? {} : { close: closing(placed[0], harness) }),
    refund: (stage) => refunding(stage, method, "refund"),
    "refund query": (stage) => refunding(stage, method, "queryRefund"),
  };
}

function placing(method: Method, harness: Harness): (stage: Stage) => Promise<Trial> {
  const appearsLater = sceneOf(harness, method).orderAppearsWithBuyer;
  return async (stage) => {
    const order = stage.newOrder(method);
    return {
      channelOrderNo: order.channelOrderNo,
      call: (context) => stage.channel.pay(context, order),
      // An order that appears with the buyer can't be asked for: placing it again must work in either case.
      done: appearsLater ? null : () => exists(stage, order),
    };
  };
}

function charging(method: Method): (stage: Stage) => Promise<Trial> {
  return async (stage) => {
    const paymentCode = await stage.buyer.paymentCode("pays");
    const order = stage.newOrder(method, { paymentCode });
    return {
      channelOrderNo: order.channelOrderNo,
      call: (context) => stage.channel.pay(context, order),
      done: () => exists(stage, order),
    };
  };
}

function reversing(method: Method): (stage: Stage) => Promise<Trial> {
  return async (stage) => {
    const { order } = await stage.place(method);
    return {
      channelOrderNo: order.channelOrderNo,
      call: (context) => stage.channel.reverse(context, order),
      done: async () => wentBack(answerOf(await stage.channel.query(stage.context, order))) === order.amount,
    };
  };
}

function closing(method: Method, harness: Harness): (stage: Stage) => Promise<Trial> {
  return async (stage) => {
    const opened = await stage.place(method);
    await stage.buyer.open(opened);
    return {
      channelOrderNo: opened.order.channelOrderNo,
      call: (context) => stage.channel.close(context, opened.order),
      done:
        harness.closes === false
          ? null
          : async () => answerOf(await stage.channel.query(stage.context, opened.order)).outcome === "closed",
    };
  };
}

async function refunding(stage: Stage, method: Method, operation: "refund" | "queryRefund"): Promise<Trial> {
  const { order } = await stage.paid(method);
  await stage.untilParts();
  const refund: RefundOrder = stage.newRefund(order, 100n);
  // Some channels find a refund by its own number alone: there must be one to ask about.
  if (operation === "queryRefund") answerOf(await stage.channel.refund(stage.context, refund));
  return {
    channelOrderNo: order.channelOrderNo,
    call: (context) => stage.channel[operation](context, refund),
    done:
      operation === "queryRefund"
        ? null
        : async () =>
            answerOf(await stage.channel.queryRefund(stage.context, refund)).outcome !== "not_found",
  };
}

async function exists(stage: Stage, order: NewOrder): Promise<boolean> {
  return answerOf(await stage.channel.query(stage.context, order)).outcome !== "not_found";
}
