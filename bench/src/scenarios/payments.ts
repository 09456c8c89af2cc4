/**
 * `payments`: the closed-loop ceiling first, then open loop at 95 % of it; every printed figure is from the
 * open loop.
 */
import type { Bench } from "../run.ts";
import { drain, stretch } from "../run.ts";

const IN_FLIGHT = 256;
const CEILING_SHARE = 0.95;

export type Shape = {
  readonly merchants: number;
  /** Exponent of the law by which merchants are drawn; 0: alike. */
  readonly zipf: number;
};

export const SPREAD: Shape = { merchants: 100, zipf: 1 };
export const HOT: Shape = { merchants: 1, zipf: 0 };

/** @param seconds of the open loop; warm-up and ceiling come before and are not counted. */
export async function runPayments(bench: Bench, seconds: number) {
  const warmUp = await stretch(bench, { do: "phase", inFlight: IN_FLIGHT }, Math.min(20, seconds), "warm-up");
  bench.progress(`warm: ${Math.round(warmUp.completedPerSecond)}/s`);
  const ceiling = await stretch(
    bench,
    { do: "phase", inFlight: IN_FLIGHT },
    Math.min(30, seconds),
    "closed loop",
  );
  const rate = ceiling.completedPerSecond * CEILING_SHARE;
  bench.progress(
    `the ceiling is ${Math.round(ceiling.completedPerSecond)}/s; open loop at ${Math.round(rate)}/s`,
  );
  const open = await stretch(bench, { do: "phase", perSecond: rate }, seconds, "open loop");
  return { ceiling, open, backlogEnd: await drain(bench) };
}
