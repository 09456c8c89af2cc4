import { MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import type { Id } from "../../kernel/ids.ts";
import { claimBatches } from "../batch/store.ts";
import { bookInTransit } from "../channel/service.ts";
import { claimChannelPayouts } from "../channel/store.ts";
import { bookPlatformSides as bookCosts } from "../costs/service.ts";
import { claimPayments } from "../costs/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Batch, Payout } from "../model.ts";
import { bookPlatformSides } from "../outcome/platform-side.ts";
import { claimPayouts } from "../payout/store.ts";
import { startReading } from "../statement/readings.ts";
import { LEASE_MS } from "./instruct.ts";
import { workOn } from "./send.ts";

const IDLE_MS = 2 * SECOND;
/** Only what a crash left is found here. */
const TRANSIT_IDLE_MS = 30 * SECOND;
const SIDES_LEASE_MS = MINUTE;
const CONCURRENCY_MAX = 4;

export type PayoutWorkers = {
  /** A batch was approved: look now. */
  nudge(): void;
  stop(): Promise<void>;
  readonly gauges: Readonly<Record<string, DueWorker["gauges"]>>;
};

/** Sends and asks about batches that are due, and books what a crash left; any number of processes may. */
export function startPayoutWorkers(deps: PayoutsDeps): PayoutWorkers {
  const { cell, log } = deps;
  const { clock } = cell;
  const batches = startDueWorker<Batch>({
    name: "payout_batches",
    clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = clock.now();
      return cell.transact((tx) => claimBatches(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (batch) => workOn(deps, batch),
  });
  const sides = startDueWorker<Payout>({
    name: "payouts",
    clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = clock.now();
      return cell.transact((tx) => claimPayouts(tx, now, plus(now, SIDES_LEASE_MS), limit));
    },
    handle: ({ id }) => bookPlatformSides(deps, [id]),
  });
  const transits = startDueWorker<{ readonly id: Id }>({
    name: "channel_payouts",
    clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: TRANSIT_IDLE_MS,
    claim: (limit) => {
      const now = clock.now();
      return cell.transact((tx) => claimChannelPayouts(tx, now, plus(now, SIDES_LEASE_MS), limit));
    },
    handle: ({ id }) => bookInTransit(deps, [id]),
  });
  const costs = startDueWorker<{ readonly id: Id }>({
    name: "channel_costs",
    clock,
    log,
    concurrencyMax: CONCURRENCY_MAX,
    idleMs: TRANSIT_IDLE_MS,
    claim: (limit) => {
      const now = clock.now();
      return cell.transact((tx) => claimPayments(tx, now, plus(now, SIDES_LEASE_MS), limit));
    },
    handle: ({ id }) => bookCosts(deps, [id]),
  });
  const readings = startReading(deps);
  return {
    nudge: () => batches.nudge(),
    stop: async () => {
      await Promise.all([batches.stop(), sides.stop(), transits.stop(), costs.stop(), readings.stop()]);
    },
    gauges: {
      payout_batches: batches.gauges,
      payouts: sides.gauges,
      channel_payouts: transits.gauges,
      channel_costs: costs.gauges,
      bank_readings: readings.gauges,
    },
  };
}
