/** How much a server can take, and what its latency is just below that. */
import { type Bench, type Stretch, stretch } from "./run.ts";

const IN_FLIGHT = 256;
const CEILING_SHARE = 0.95;
const WARM_UP_SECONDS_MAX = 20;
const CEILING_SECONDS_MAX = 30;

/** Warms up, finds the ceiling, then measures the open loop. */
export async function measureOpen(
  bench: Bench,
  seconds: number,
): Promise<{ readonly ceiling: Stretch; readonly open: Stretch }> {
  const ceiling = await findCeiling(bench, seconds);
  const perSecond = ceiling.completedPerSecond * CEILING_SHARE;
  bench.progress(
    `the ceiling is ${Math.round(ceiling.completedPerSecond)}/s; open loop at ${Math.round(perSecond)}/s`,
  );
  const open = await stretch(bench, { label: "open loop", seconds, phase: { do: "phase", perSecond } });
  return { ceiling, open };
}

/** The most that a closed loop completes, after a warm-up. */
export async function findCeiling(bench: Bench, seconds: number): Promise<Stretch> {
  const phase = { do: "phase", inFlight: IN_FLIGHT } as const;
  const warmUp = await stretch(bench, {
    label: "warm-up",
    seconds: Math.min(WARM_UP_SECONDS_MAX, seconds),
    phase,
  });
  bench.progress(`warm: ${Math.round(warmUp.completedPerSecond)}/s`);
  return stretch(bench, { label: "closed loop", seconds: Math.min(CEILING_SECONDS_MAX, seconds), phase });
}
