/**
 * `overload`: more arrivals than the platform can take, between two stretches of what it can. What is beyond
 * is refused before anything happened, what is accepted is answered as fast as ever, and once the crowd is
 * gone everything is as before, by itself.
 */
import { findCeiling, warmUp } from "../ceiling.ts";
import type { PhaseCommand } from "../commands.ts";
import { drain, stretch } from "../run.ts";
import { onStage, SPREAD } from "../stage.ts";
import { round, summaryOf } from "../summary.ts";
import { blocksOf, secondsOf } from "./blocks.ts";
import { type Given, type Outcome, outcomeOf } from "./scenario.ts";

const USUAL_SHARE = 0.6;
const CROWD_SHARE = 2;
/**
 * Each arrival of a crowd has a socket of its own, open beforehand as a merchant's are: it must not wait
 * where the platform cannot see it, and node takes but one new connection in a turn of its loop.
 */
const LANES = 8_192;

/** @param given `seconds` of each of the three parts */
export async function overload({
  scenario,
  seconds,
  progress,
  profileDir,
  inFlight,
}: Given): Promise<Outcome> {
  const options = { shape: SPREAD, progress, profileDir, inFlight, lanes: LANES };
  const { result, verdict } = await onStage(options, async (stage) => {
    await warmUp(stage, seconds);
    const ceiling = await findCeiling(stage, seconds);
    const at = (share: number): PhaseCommand => ({
      do: "phase",
      perSecond: ceiling.completedPerSecond * share,
      keepLatency: true,
    });
    stage.load.tell({ do: "connect" });
    await drain(stage);
    progress(`the ceiling is ${Math.round(ceiling.completedPerSecond)}/s; twice that will arrive`);
    const all = await stretch(stage, {
      label: "overload",
      seconds: 3 * seconds,
      phase: { ...at(USUAL_SHARE), keepLatency: false },
      onSecond: (second) => {
        if (second === seconds) stage.load.tell(at(CROWD_SHARE));
        if (second === 2 * seconds) stage.load.tell(at(USUAL_SHARE));
      },
    });
    return { ceiling, all, backlog: await drain(stage) };
  });
  const { ceiling, all } = result;
  const blocks = [
    { name: "before", from: 0, to: seconds },
    { name: "during", from: seconds, to: 2 * seconds },
    { name: "after", from: 2 * seconds, to: 3 * seconds },
  ];
  return outcomeOf(verdict, all, {
    ...summaryOf(scenario, all),
    ceiling_per_second: round(ceiling.completedPerSecond),
    ...blocksOf(blocks, all.perSecond),
    per_second: secondsOf(all.perSecond),
  });
}
