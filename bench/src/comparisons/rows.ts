/**
 * The platform as it is, but row at a time: every command a transaction of its own, as many at once as there
 * are connections. What batching is worth.
 */
import { fileURLToPath } from "node:url";
import { measureOpen } from "../ceiling.ts";
import { onStage, SPREAD } from "../stage.ts";
import { type Figures, summaryOf } from "../summary.ts";

const SECONDS_MAX = 20;
const PRELOAD = fileURLToPath(new URL("./unbatched-build.ts", import.meta.url));

/** Measures it on a platform of its own, by the same rules. */
export async function compareRows(
  seconds: number,
  inFlight: number,
  progress: (line: string) => void,
): Promise<Figures> {
  const told = (line: string) => progress(`row at a time: ${line}`);
  const options = { shape: SPREAD, inFlight, progress: told, nodeOptions: ["--import", PRELOAD] };
  const { result, verdict } = await onStage(options, (stage) =>
    measureOpen(stage, Math.min(SECONDS_MAX, seconds)),
  );
  const figures = { ...summaryOf("row_at_a_time", result.open), invariants: verdict.invariants };
  return { row_at_a_time: figures };
}
