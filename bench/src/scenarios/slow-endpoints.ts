/**
 * `slow-endpoints`: the same arrivals while nobody's endpoint fails, while one does, and while half of them
 * are slow or dead. What is reported stays where it was, and who answers is told as fast as ever.
 */
import { findCeiling, warmUp } from "../ceiling.ts";
import type { Behaviour } from "../receiver.ts";
import { sleep, stretch } from "../run.ts";
import { onStage, SPREAD, type Stage } from "../stage.ts";
import { round, summaryOf } from "../summary.ts";
import { cumulativeZipf } from "../zipf.ts";
import { blocksOf, secondsOf } from "./blocks.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

const ARRIVALS_SHARE = 0.7;
const DEAD: Behaviour = { kind: "dead" };
const SLOW: Behaviour = { kind: "slow", ms: 3_000 };
/** The busiest merchant but one: its endpoint alone is a tenth of all deliveries. */
const ONE = 1;
const DRAIN_MS = 60_000;
const DRAIN_LOOK_MS = 200;

/** @param given `seconds` of each of the three parts */
export async function slowEndpoints({
  scenario,
  seconds,
  progress,
  profileDir,
  inFlight,
}: Given): Promise<Outcome> {
  const { result, verdict } = await onStage(
    { shape: SPREAD, progress, profileDir, inFlight },
    async (stage) => {
      await warmUp(stage, seconds);
      const ceiling = await findCeiling(stage, seconds);
      const perSecond = ceiling.completedPerSecond * ARRIVALS_SHARE;
      const all = await stretch(stage, {
        label: "endpoints",
        seconds: 3 * seconds,
        phase: { do: "phase", perSecond },
        undrained: true,
        onSecond: (second) => {
          if (second === seconds) behave(stage, [ONE], DEAD);
          if (second === 2 * seconds) behaveHalf(stage);
        },
      });
      return { ceiling, perSecond, all, backlogEnd: await drainHealthy(stage), owed: await owed(stage) };
    },
  );
  const { ceiling, perSecond, all, backlogEnd, owed: waiting } = result;
  const blocks = [
    { name: "before", from: 0, to: seconds },
    { name: "one_dead", from: seconds, to: 2 * seconds },
    { name: "half_failing", from: 2 * seconds, to: 3 * seconds },
  ];
  return outcomeOf(
    verdict,
    { backlogEnd },
    {
      ...summaryOf(scenario, { ...all, backlogEnd }),
      ceiling_per_second: round(ceiling.completedPerSecond),
      arrivals_per_second: round(perSecond),
      ...blocksOf(blocks, all.perSecond),
      // Completed means told, so it falls by the share of those whom nobody can tell.
      share_of_healthy: {
        before: 1,
        one_dead: healthyShare((m) => m !== ONE),
        half_failing: healthyShare(isHealthy),
      },
      owed_to_failing_endpoints: waiting,
      per_second: secondsOf(all.perSecond),
    },
  );
}

/** Every second merchant, from the second on: a little under half of all deliveries. */
function isHealthy(merchant: number): boolean {
  return merchant % 2 === 0;
}

function behave({ load, progress }: Stage, merchants: readonly number[], behaviour: Behaviour): void {
  progress(`${merchants.length} endpoints are ${behaviour.kind} from now on`);
  for (const merchant of merchants) load.tell({ do: "behave", path: `/shops/${merchant}`, behaviour });
}

/** Of the failing half every second one cuts the connection, the others answer late. */
function behaveHalf(stage: Stage): void {
  const failing = stage.merchants.map((_, merchant) => merchant).filter((merchant) => !isHealthy(merchant));
  behave(
    stage,
    failing.filter((_, index) => index % 2 === 0),
    DEAD,
  );
  behave(
    stage,
    failing.filter((_, index) => index % 2 === 1),
    SLOW,
  );
}

function healthyShare(healthy: (merchant: number) => boolean): number {
  const cumulative = [...cumulativeZipf(SPREAD.merchants, SPREAD.zipf)];
  const share = cumulative.reduce((sum, upTo, merchant) => {
    return healthy(merchant) ? sum + upTo - (cumulative[merchant - 1] ?? 0) : sum;
  }, 0);
  return round(share, 3);
}

/** Waits until nothing is left for those who answer; what is left after a minute. */
async function drainHealthy({ gauge, merchants }: Stage): Promise<number> {
  const healthy = merchants.filter((_, merchant) => isHealthy(merchant)).map(({ endpointId }) => endpointId);
  const until = performance.now() + DRAIN_MS;
  for (;;) {
    const waiting = await scheduled(gauge, `where endpoint_id = any('{${healthy.join(",")}}')`);
    if (waiting === 0 || performance.now() > until) return waiting;
    await sleep(DRAIN_LOOK_MS);
  }
}

function owed({ gauge }: Stage): Promise<number> {
  return scheduled(gauge, "");
}

async function scheduled(gauge: Stage["gauge"], where: string): Promise<number> {
  const [row] = await gauge.query(
    `select count(*) filter (where state = 'scheduled') as waiting from cell_0.deliveries ${where}`,
  );
  return Number(row?.waiting);
}
