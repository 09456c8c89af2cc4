/**
 * The pollers: what nobody told us is asked for, by due times. Channel notifications and these queries are
 * two independent sources of the same truth; both end at the door.
 */
import type { CallPriority, Channels, SceneTraits } from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Calls } from "../attempt/calls.ts";
import { attemptById } from "../attempt/store.ts";
import { attendDispute, type DisputeDeps } from "../dispute/service.ts";
import type { Attempt, Dispute, Payment, Refund } from "../model.ts";
import type { Door } from "../outcome/door.ts";
import type { Payments } from "../payment/service.ts";
import { paymentsById } from "../payment/store.ts";
import { refundById } from "../refund/store.ts";
import { createLanes } from "./lanes.ts";
import { PLACING_LEASE_MS } from "./schedule.ts";
import { type Claimable, claimAttempts, claimDisputes, claimPayments, claimRefunds } from "./store.ts";

/** At least three times the longest time-out of a channel call. */
const LEASE_MS = 30 * SECOND;
const IDLE_MS = 500;
/** Rows in hand of one kind: those that are called about, and those that wait for a place in their lane. */
const CONCURRENCY_MAX = 512;
/** A claim may bring rows of one account alone; so many of them wait then. */
const CLAIM_MAX = 32;

export type WorkersDeps = {
  readonly cell: Cell;
  readonly channels: DisputeDeps["channels"] & Pick<Channels, "account">;
  readonly door: Door;
  readonly calls: Calls;
  readonly payments: Pick<Payments, "finishClosing">;
  readonly isHeldBack: (refund: Refund, attempt: Attempt) => Promise<boolean>;
  readonly log: Log;
};

export type Workers = {
  nudge(): void;
  stop(): Promise<void>;
  readonly gauges: Readonly<Record<"attempts" | "payments" | "refunds" | "disputes", DueWorker["gauges"]>>;
};

/** Starts the pollers of a cell; any number of processes may run them. */
export function startWorkers(deps: WorkersDeps): Workers {
  const { cell, log } = deps;
  const lanes = createLanes({
    clock: cell.clock,
    freed: () => {
      for (const worker of all) worker.nudge();
    },
  });
  const inLane = async (channelAccountId: Id, work: (waited: boolean) => Promise<void>) => {
    const account = await deps.channels.account(channelAccountId);
    if (account === null) throw new Error(`there is no channel account ${channelAccountId}`);
    await lanes.run(account, work);
  };
  const claimWith =
    <Row>(
      claim: (
        tx: Parameters<typeof claimAttempts>[0],
        now: Date,
        until: Date,
        claimable: Claimable,
      ) => Promise<Row[]>,
    ) =>
    (limit: number) => {
      const now = cell.clock.now();
      const claimable = { limit, except: lanes.full() };
      return cell.transact((tx) => claim(tx, now, plus(now, LEASE_MS), claimable));
    };
  const common = {
    clock: cell.clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    claimMax: CLAIM_MAX,
    idleMs: IDLE_MS,
  };
  const workers = {
    attempts: startDueWorker<Attempt>({
      ...common,
      name: "attempts",
      claim: claimWith(claimAttempts),
      handle: (attempt) =>
        inLane(attempt.channelAccountId, async (waited) => {
          const present = waited ? await attemptById(cell.db, attempt.id) : attempt;
          if (present !== null) await attend(deps, present);
        }),
    }),
    payments: startDueWorker<Payment>({
      ...common,
      name: "payments",
      claim: claimWith(claimPayments),
      handle: async (payment) => {
        const live = await liveAttemptOf(deps, payment);
        if (live === null) await finish(deps, payment, null);
        else await inLane(live.channelAccountId, () => finish(deps, payment, live));
      },
    }),
    refunds: startDueWorker<Refund>({
      ...common,
      name: "refunds",
      claim: claimWith(claimRefunds),
      handle: async (refund) => {
        const attempt = await attemptById(cell.db, refund.attemptId);
        if (attempt === null) throw new Error(`the refund ${refund.id} has no attempt`);
        await inLane(attempt.channelAccountId, async (waited) => {
          const present = waited ? await refundById(cell.db, refund.id) : refund;
          if (present !== null) await attendRefund(deps, present, attempt);
        });
      },
    }),
    disputes: startDueWorker<Dispute>({
      ...common,
      name: "disputes",
      claim: claimWith(claimDisputes),
      handle: (dispute) =>
        inLane(dispute.channelAccountId, async () => void (await attendDispute(deps, dispute))),
    }),
  };
  const all = Object.values(workers);
  return {
    nudge: () => {
      for (const worker of all) worker.nudge();
    },
    stop: async () => {
      await Promise.all(all.map((worker) => worker.stop()));
    },
    gauges: {
      attempts: workers.attempts.gauges,
      payments: workers.payments.gauges,
      refunds: workers.refunds.gauges,
      disputes: workers.disputes.gauges,
    },
  };
}

export type NextStep = "reverse" | "close" | "give_up" | "place" | "query" | "wait";

/** What a due attempt needs. Pure; `now` against the attempt's age and state decides. */
export function nextStep(attempt: Attempt, scene: SceneTraits, now: Date): NextStep {
  if (attempt.state === "reversing") return "reverse";
  if (attempt.closeWanted) return "close";
  if (attempt.state === "abandoned") return "query";
  if (scene.reverseAfterMs !== null) {
    return now >= plus(attempt.createdAt, scene.reverseAfterMs) ? "give_up" : "query";
  }
  const isBeingPlaced = attempt.state === "created" && attempt.queries === 0;
  if (isBeingPlaced && now < plus(attempt.createdAt, PLACING_LEASE_MS)) return "wait";
  const neverAnswered = attempt.nextAction === null && attempt.state !== "pending";
  // A lost first call is repeated only where the channel answers a known number with the same order.
  if (neverAnswered && scene.afterCrash === "resend" && now < attempt.expiresAt) return "place";
  return "query";
}

async function attend(deps: WorkersDeps, attempt: Attempt): Promise<void> {
  const { calls, cell } = deps;
  const scene = deps.channels.channel(attempt.channel)?.traits.scenes[attempt.method];
  if (scene === undefined) throw new Error(`the channel ${attempt.channel} has no scene ${attempt.method}`);
  const [payment] = await paymentsById(cell.db, [attempt.paymentId]);
  if (payment === undefined) throw new Error(`the attempt ${attempt.id} has no payment`);
  const now = cell.clock.now();
  const priority = priorityOf(attempt, payment, now);
  switch (nextStep(attempt, scene, now)) {
    case "wait":
      return;
    case "reverse": {
      const done = await calls.reverse(attempt, "buyer");
      // Refused, as after the channel's cut-off: only asking tells whether there is money to give back.
      if (done.decision === "refused") await calls.query(attempt, "background");
      return;
    }
    case "close":
      await calls.close(attempt, priority);
      return;
    case "place":
      await calls.place(payment, attempt, null, priority);
      return;
    case "query":
      await calls.query(attempt, priority);
      return;
    case "give_up": {
      // Asked a last time before it is undone: the buyer may have finished in this very moment.
      const asked = await calls.query(attempt, "buyer");
      const present = asked.attempts.find((other) => other.id === attempt.id);
      if (present === undefined || present.finishedAt !== null) return;
      const { paymentId, merchantId, channelAccountId, id: attemptId } = present;
      const about = { paymentId, merchantId, channelAccountId, attemptId };
      const given = await deps.door.submit({ kind: "give_up", ...about });
      const reversing = given.attempts.find((other) => other.id === attempt.id);
      if (reversing?.state === "reversing") await calls.reverse(reversing, "buyer");
      return;
    }
  }
}

/** A waiting buyer comes first; what nobody waits for comes last. */
function priorityOf(attempt: Attempt, payment: Payment, now: Date): CallPriority {
  if (payment.watchedUntil !== null && payment.watchedUntil > now) return "buyer";
  return attempt.state === "abandoned" || now > attempt.expiresAt ? "sweep" : "background";
}

async function liveAttemptOf(deps: WorkersDeps, payment: Payment): Promise<Attempt | null> {
  return payment.liveAttemptId === null ? null : attemptById(deps.cell.db, payment.liveAttemptId);
}

/** A due payment has expired, or its closing has had no answer yet. */
async function finish(deps: WorkersDeps, payment: Payment, live: Attempt | null): Promise<void> {
  if (live !== null && payment.closingSince !== null && deps.cell.clock.now() < payment.expiresAt) {
    await deps.payments.finishClosing(live, "background");
    return;
  }
  const begun = await deps.door.submit({
    kind: "begin_closing",
    closingFor: "expire",
    paymentId: payment.id,
    merchantId: payment.merchantId,
    channelAccountId: live?.channelAccountId ?? null,
  });
  if (begun.wish?.done !== true) return;
  const callId = begun.wish.callAttemptId;
  const target = begun.attempts.find((attempt) => attempt.id === callId);
  if (target !== undefined) await deps.payments.finishClosing(target, "background");
}

async function attendRefund(deps: WorkersDeps, refund: Refund, attempt: Attempt): Promise<void> {
  // Receivers give their shares back first; whoever ends that brings the refund's turn on.
  if (refund.state === "created" && (await deps.isHeldBack(refund, attempt))) return;
  if (refund.state === "created") await deps.calls.refund(refund, attempt, "background");
  else await deps.calls.queryRefund(refund, attempt, "background");
}
