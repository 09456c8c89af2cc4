/** `refunds` and `mixed`: payments as everywhere, each followed by what merchants do with payments. */
import { measureOpen } from "../ceiling.ts";
import type { Mix } from "../commands.ts";
import { compareAll, compareOnServer } from "../comparisons/beside.ts";
import { onStage, SPREAD } from "../stage.ts";
import { percentilesOf, round, summaryOf } from "../summary.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

const REFUNDS: Mix = { refunds: 1 };
/** Shops look at most payments once, tellers list now and then, one payment in twenty is given back. */
const MIXED: Mix = { reads: 1, timelines: 0.1, lists: 0.1, refunds: 0.05 };

/** Every payment is followed by a refund of a part of it. */
export function refunds(given: Given): Promise<Outcome> {
  return withMix(given, REFUNDS);
}

/** Payments amid queries, timelines, lists and some refunds. */
export function mixed(given: Given): Promise<Outcome> {
  return withMix(given, MIXED);
}

async function withMix(given: Given, mix: Mix): Promise<Outcome> {
  const { scenario, seconds, progress, profileDir, inFlight } = given;
  const comparing = { seconds, progress, inFlight, compare: given.compare ?? false };
  const { result, verdict } = await onStage(
    { shape: SPREAD, progress, profileDir, inFlight },
    async (stage) => ({
      ...(await measureOpen(stage, seconds, { mix })),
      beside: await compareOnServer(comparing, stage),
    }),
  );
  const { ceiling, open, beside } = result;
  return outcomeOf(verdict, open, {
    ...summaryOf(scenario, open),
    ceiling_per_second: round(ceiling.completedPerSecond),
    mix,
    refunded_per_second: round(open.done.refunded / open.seconds),
    read_per_second: round(open.done.read / open.seconds),
    ...percentilesOf("refund", open.latency.refund),
    ...percentilesOf("read", open.latency.read),
    ...percentilesOf("list", open.latency.list),
    ...(await compareAll(comparing, open, beside)),
  });
}
