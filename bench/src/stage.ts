/**
 * What every scenario runs on: a platform of its own, its merchants, the generator; and what every run ends
 * with: the invariants hold, and everything that was acknowledged is there.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Found, findAcknowledged } from "./acknowledged.ts";
import { readBatches } from "./batches.ts";
import { startLoad } from "./load.ts";
import { openGauge } from "./measure.ts";
import { type BenchMerchant, type BenchPlatform, type PlatformOptions, startPlatform } from "./platform.ts";
import type { Bench } from "./run.ts";

const AUDIT = fileURLToPath(new URL("../../server/src/operations/audit-cli.ts", import.meta.url));
/** Enough that an open loop finds a free socket at once while latency is what it should be; one at least for
 * each payment of a closed loop. */
const LANES = 512;
const BACKLOG = `
  select count(*) as waiting
  from cell_0.deliveries d
  where d.state = 'scheduled'
    and not exists (select from cell_0.endpoint_health h where h.endpoint_id = d.endpoint_id)`;

export type Shape = {
  readonly merchants: number;
  /** Exponent of the law by which merchants are drawn; 0: alike. */
  readonly zipf: number;
};

/** Merchants by Zipf: the first of a hundred takes a fifth of everything. */
export const SPREAD: Shape = { merchants: 100, zipf: 1 };

export type Stage = Bench & {
  readonly platform: BenchPlatform;
  readonly merchants: readonly BenchMerchant[];
  readonly run: string;
};

export type StageOptions = PlatformOptions & {
  readonly shape: Shape;
  readonly progress: (line: string) => void;
  readonly lanes?: number;
  readonly inFlight: number;
};

export type Verdict = {
  readonly invariants: "ok" | "violated";
  readonly found: Found;
  readonly settings: Readonly<Record<string, string>>;
};

/** Runs `act` on a stage, then checks what it left; the platform and its data are gone afterwards. */
export async function onStage<T>(
  options: StageOptions,
  act: (stage: Stage) => Promise<T>,
): Promise<{ readonly result: T; readonly verdict: Verdict }> {
  const { shape, progress } = options;
  const platform = await startPlatform(options);
  try {
    const load = await startLoad();
    try {
      const merchants = await platform.merchants(shape.merchants, load.receiverPort);
      progress(`${merchants.length} merchants are open`);
      const gauge = await openGauge({
        databaseUrl: platform.databaseUrl,
        postmasterPid: postmasterOf(platform.dataDir),
        backlogSql: BACKLOG,
      });
      const run = newRun();
      load.tell({
        do: "start",
        host: "127.0.0.1",
        port: platform.port,
        merchants,
        zipf: shape.zipf,
        lanes: options.lanes ?? LANES,
        run,
        completeOn: "webhook",
      });
      const server = { pid: platform.pid, batches: () => readBatches(platform.baseUrl) };
      const { inFlight } = options;
      const stage: Stage = { platform, merchants, load, gauge, server, progress, run, inFlight };
      try {
        const result = await act(stage);
        return { result, verdict: await check(stage) };
      } finally {
        await gauge.close();
      }
    } finally {
      await load.stop();
    }
  } finally {
    await platform.stop();
  }
}

/** Begins the order numbers of one run: no other run has the same. */
export function newRun(): string {
  return Date.now().toString(36);
}

function postmasterOf(dataDir: string): number {
  return Number(readFileSync(join(dataDir, "postgres/data/postmaster.pid"), "utf8").split("\n")[0]);
}

async function check({ platform, load, gauge, run, progress }: Stage): Promise<Verdict> {
  const found = await findAcknowledged(gauge, run, await load.acknowledged());
  progress(`${found.acknowledged} payments were acknowledged, ${found.missing} of them are missing`);
  const { code, output } = await auditOf(platform.dataDir);
  if (code !== 0) progress(output);
  const invariants = code === 0 && found.missing === 0 ? "ok" : "violated";
  return { found, invariants, settings: await gauge.settings() };
}

/** The audit of the platform whose data folder this is, as `npm run audit` prints it; 0: all holds. */
export function auditOf(dataDir: string): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [AUDIT], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TRIBUTARY_DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
