import type { DueWorker } from "../../kernel/due.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { PayoutWorkers } from "../sending/workers.ts";
import { startMatching } from "./matching.ts";
import { startTold } from "./told.ts";

/** Starts, beside the others, what announces channels' payouts and finds them at banks. */
export function withChannelWorkers(deps: PayoutsDeps, others: PayoutWorkers): PayoutWorkers {
  const told: DueWorker = startTold(deps);
  const matching = startMatching(deps);
  return {
    ...others,
    stop: async () => {
      await Promise.all([others.stop(), told.stop(), matching.stop()]);
    },
    gauges: { ...others.gauges, channel_payouts_told: told.gauges, channel_payouts_match: matching.gauges },
  };
}
