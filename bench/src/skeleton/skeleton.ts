/** Runs the skeleton on the platform's PostgreSQL, under the same generator and by the same rules. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureOpen } from "../ceiling.ts";
import { withDatabase } from "../comparisons/database.ts";
import { startLoad } from "../load.ts";
import { openGauge } from "../measure.ts";
import type { Bench } from "../run.ts";
import { newRun, SPREAD, type Stage } from "../stage.ts";
import { type Figures, summaryOf } from "../summary.ts";
import { prepareDatabase, violationsOf } from "./store.ts";

const LANES = 512;
const SECONDS_MAX = 30;

/** Measures it for at most half a minute; the platform on the same server does nothing meanwhile. */
export async function runSkeleton(
  stage: Pick<Stage, "gauge" | "progress" | "inFlight">,
  seconds: number,
): Promise<Figures> {
  const { gauge: platform, progress, inFlight } = stage;
  return withDatabase(platform, "skeleton", async (databaseUrl) => {
    await prepareDatabase(databaseUrl, SPREAD.merchants);
    const { child, port } = await start(databaseUrl);
    const load = await startLoad();
    const gauge = await openGauge({ databaseUrl, postmasterPid: platform.postmasterPid });
    try {
      load.tell({
        do: "start",
        host: "127.0.0.1",
        port,
        merchants: Array.from({ length: SPREAD.merchants }, (_, index) => ({
          key: String(index),
          notifyPath: `/notify/skeleton/${index}`,
        })),
        zipf: SPREAD.zipf,
        lanes: LANES,
        run: newRun(),
        completeOn: "report",
      });
      const bench: Bench = {
        server: { pid: child.pid as number, batches: async () => ({}) },
        load,
        gauge,
        inFlight,
        progress: (line) => progress(`skeleton: ${line}`),
      };
      const { open } = await measureOpen(bench, Math.min(SECONDS_MAX, seconds));
      const violations = await violationsOf(databaseUrl, (await load.count()).reported);
      if (violations.length > 0) throw new Error(`the skeleton's run is void: ${violations.join("; ")}`);
      return { skeleton: summaryOf("skeleton", open) };
    } finally {
      await load.stop();
      await gauge.close();
      child.kill();
    }
  });
}

async function start(databaseUrl: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(new URL("./server.ts", import.meta.url)), [databaseUrl]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (listening) => resolve(listening as number));
    child.once("exit", (code) => reject(new Error(`the skeleton ended with ${code}`)));
  });
  return { child, port };
}
