/**
 * Runs a server of the bench's own on the platform's PostgreSQL, under the same generator and by the same
 * rules.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measureOpen } from "../ceiling.ts";
import { startLoad } from "../load.ts";
import { openGauge } from "../measure.ts";
import type { Bench } from "../run.ts";
import { newRun, SPREAD, type Stage } from "../stage.ts";
import { type Figures, summaryOf } from "../summary.ts";
import { withDatabase } from "./database.ts";

const LANES = 512;
const SECONDS_MAX = 30;

export type OwnServer = {
  readonly name: string;
  /** Is given the database and the port of the merchants' receiver, and sends the port that it listens at. */
  readonly program: URL;
  readonly completeOn: "report" | "webhook";
  /** Makes the tables in an empty database, and the accounts of so many merchants. */
  prepare(databaseUrl: string, merchants: number): Promise<void>;
  /** What must hold after a run: a sentence for each thing that does not. */
  violationsOf(databaseUrl: string, reported: number): Promise<string[]>;
};

/** Measures it for at most half a minute; the platform on the same PostgreSQL does nothing meanwhile. */
export async function measureOwnServer(
  stage: Pick<Stage, "gauge" | "progress" | "inFlight">,
  own: OwnServer,
  seconds: number,
): Promise<Figures> {
  const { gauge: platform, progress, inFlight } = stage;
  const { name } = own;
  return withDatabase(platform, name, async (databaseUrl) => {
    await own.prepare(databaseUrl, SPREAD.merchants);
    const load = await startLoad();
    const { child, port } = await start(own, databaseUrl, load.receiverPort);
    const gauge = await openGauge({ databaseUrl, postmasterPid: platform.postmasterPid });
    try {
      load.tell({
        do: "start",
        host: "127.0.0.1",
        port,
        merchants: Array.from({ length: SPREAD.merchants }, (_, index) => ({
          key: String(index),
          notifyPath: `/notify/${name}/${index}`,
        })),
        zipf: SPREAD.zipf,
        lanes: LANES,
        run: newRun(),
        completeOn: own.completeOn,
      });
      const bench: Bench = {
        server: { pid: child.pid as number, batches: async () => ({}) },
        load,
        gauge,
        inFlight,
        progress: (line) => progress(`${name}: ${line}`),
      };
      const { open } = await measureOpen(bench, Math.min(SECONDS_MAX, seconds));
      const violations = await own.violationsOf(databaseUrl, (await load.count()).reported);
      if (violations.length > 0) throw new Error(`the run of ${name} is void: ${violations.join("; ")}`);
      return summaryOf(name, open);
    } finally {
      await load.stop();
      await gauge.close();
      child.kill();
    }
  });
}

async function start(
  { name, program }: OwnServer,
  databaseUrl: string,
  receiverPort: number,
): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(fileURLToPath(program), [databaseUrl, String(receiverPort)]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (listening) => resolve(listening as number));
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { child, port };
}
