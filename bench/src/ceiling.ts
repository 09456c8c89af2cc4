/** How much a server can take, and what its latency is just below that. */
import type { PhaseCommand } from "./commands.ts";
import { type Bench, type Stretch, stretch } from "./run.ts";

const CEILING_SHARE = 0.95;
const WARM_UP_SECONDS_MAX = 20;
const CEILING_SECONDS_MAX = 30;

/** What a phase is like beside its rate. */
export type Flavour = Pick<PhaseCommand, "mix" | "merchants">;

export type Measured = { readonly ceiling: Stretch; readonly open: Stretch };

/** Warms up, finds the ceiling, then measures the open loop at 95 % of it. */
export async function measureOpen(bench: Bench, seconds: number, flavour: Flavour = {}): Promise<Measured> {
  await warmUp(bench, seconds);
  const ceiling = await findCeiling(bench, seconds, flavour);
  return { ceiling, open: await openBelow(bench, seconds, ceiling, flavour) };
}

/** An open loop at 95 % of a ceiling. */
export function openBelow(
  bench: Bench,
  seconds: number,
  ceiling: Stretch,
  flavour: Flavour = {},
): Promise<Stretch> {
  const perSecond = ceiling.completedPerSecond * CEILING_SHARE;
  bench.progress(
    `the ceiling is ${Math.round(ceiling.completedPerSecond)}/s; open loop at ${Math.round(perSecond)}/s`,
  );
  const phase = { do: "phase", perSecond, ...flavour } as const;
  return stretch(bench, { label: "open loop", seconds, phase });
}

/** Lets the compiler see what is hot, connections open and tables get their first pages. */
export async function warmUp(bench: Bench, seconds: number): Promise<void> {
  const warm = await stretch(bench, {
    label: "warm-up",
    seconds: Math.min(WARM_UP_SECONDS_MAX, seconds),
    phase: { do: "phase", inFlight: bench.inFlight },
  });
  bench.progress(`warm: ${Math.round(warm.completedPerSecond)}/s`);
}

/** The most that a closed loop completes. */
export function findCeiling(bench: Bench, seconds: number, flavour: Flavour = {}): Promise<Stretch> {
  return stretch(bench, {
    label: "closed loop",
    seconds: Math.min(CEILING_SECONDS_MAX, seconds),
    phase: { do: "phase", inFlight: bench.inFlight, ...flavour },
  });
}
