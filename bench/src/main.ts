/** `npm run bench -- <scenario> --seconds N`: prints progress, ends with one JSON line. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startLoad } from "./load.ts";
import { openGauge } from "./measure.ts";
import { startPlatform } from "./platform.ts";
import type { Bench, Stretch } from "./run.ts";
import { HOT, runPayments, type Shape, SPREAD } from "./scenarios/payments.ts";

const LANES = 320;
const AUDIT = fileURLToPath(new URL("../../server/src/operations/audit-cli.ts", import.meta.url));

const [scenario = "payments", ...rest] = process.argv.slice(2);
const secondsAt = rest.indexOf("--seconds");
const seconds = secondsAt < 0 ? 60 : Number(rest[secondsAt + 1]);
const profileAt = rest.indexOf("--profile");
const profileDir = profileAt < 0 ? null : (rest[profileAt + 1] as string);
const progress = (line: string) => process.stderr.write(`${line}\n`);

async function withBench<T>(
  shape: Shape,
  run: (bench: Bench) => Promise<T>,
): Promise<T & { invariants: string }> {
  const platform = await startPlatform(progress, profileDir);
  const load = await startLoad();
  const postmasterPid = Number(
    readFileSync(`${platform.dataDir}/postgres/data/postmaster.pid`, "utf8").split("\n")[0],
  );
  const gauge = await openGauge(platform.databaseUrl, () => postmasterPid);
  try {
    const merchants = await platform.merchants(shape.merchants, load.receiverPort);
    progress(`${merchants.length} merchants are open`);
    load.tell({
      do: "start",
      host: "127.0.0.1",
      port: platform.port,
      merchants,
      zipf: shape.zipf,
      lanes: LANES,
    });
    const result = await run({ platform, load, gauge, postmasterPid, progress });
    const audit = spawnSync(process.execPath, [AUDIT], {
      env: { ...process.env, TRIBUTARY_DATA_DIR: platform.dataDir },
      encoding: "utf8",
    });
    if (audit.status !== 0) progress(audit.stdout + audit.stderr);
    return { ...result, invariants: audit.status === 0 ? "ok" : "violated" };
  } finally {
    await gauge.close();
    await load.stop();
    await platform.stop();
  }
}

function summary(name: string, open: Stretch, backlogEnd: number, invariants: string) {
  const round = (value: number, places = 1) => Number(value.toFixed(places));
  return {
    scenario: name,
    completed_per_second: round(open.completedPerSecond),
    create_p50_ms: round(open.createP50, 2),
    create_p99_ms: round(open.createP99, 2),
    outcome_p99_ms: round(open.outcomeP99, 2),
    complete_p99_ms: round(open.completeP99, 2),
    backlog_end: backlogEnd,
    cpu: {
      server_us: round((open.cpu.server * 1e6) / open.completed),
      postgres_us: round((open.cpu.postgres * 1e6) / open.completed),
      generator_us: round((open.cpu.generator * 1e6) / open.completed),
    },
    cpu_us_per_payment: round(open.cpuUsPerPayment),
    row_versions_per_payment: round(open.rowVersionsPerPayment, 2),
    wal_bytes_per_payment: round(open.walBytesPerPayment, 0),
    rss_mb: open.rssMbMax,
    deadlocks: open.deadlocks,
    checkpoints: open.checkpoints,
    refused: open.refused,
    broken: open.broken,
    invariants,
  };
}

const shape = scenario === "hot" ? HOT : SPREAD;
const { open, backlogEnd, invariants } = await withBench(shape, (bench) => runPayments(bench, seconds));
process.stdout.write(`${JSON.stringify(summary(scenario, open, backlogEnd, invariants))}\n`);
