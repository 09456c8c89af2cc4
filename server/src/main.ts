/**
 * Starts what the configuration names, in order, and stops it in the opposite order: data folder, PostgreSQL,
 * migrations, sandbox, the platform itself.
 */
import { join, relative } from "node:path";
import { buildApp } from "./app.ts";
import { type Config, loadOrCreateSecrets, readConfig } from "./config.ts";
import { ensureDemoMerchant } from "./demo-merchant.ts";
import { systemClock, systemRandom } from "./kernel/clock.ts";
import { keepHeapSmall } from "./kernel/host/memory.ts";
import { claimDataDir } from "./kernel/host/owner.ts";
import { refuseTakenPort } from "./kernel/host/ports.ts";
import { StartRefused } from "./kernel/host/start-refused.ts";
import { createLog, type Log } from "./kernel/log.ts";
import { refuseWrongClock } from "./kernel/postgres/clock-check.ts";
import { migrate } from "./kernel/postgres/migrate.ts";
import { ensureDatabase, startEmbeddedPostgres } from "./kernel/postgres/supervisor.ts";

type Stop = () => Promise<void>;
type Urls = { base: string; sandbox: string | null };

/** Longer than any request or lease that a stop has to see out. */
const stopMs = 30_000;
/** One Ctrl-C reaches us twice when npm passes it on; a person's second one comes later. */
const secondSignalMs = 500;

/** Starts everything; what `stops` holds undoes what has been started so far, the last first. */
async function start(config: Config, log: Log, stops: Stop[]): Promise<Urls> {
  const ownership = claimDataDir(config.dataDir, systemClock.now());
  stops.unshift(async () => ownership.release());
  await refuseTakenPort(config.host, config.port, "PORT");
  if (config.sandbox.on) await refuseTakenPort(config.host, config.sandbox.port, "TRIBUTARY_SANDBOX_PORT");

  const databaseUrl = config.databaseUrl ?? (await startDatabase(config, log, stops));
  await migrate({ url: databaseUrl, log });
  await refuseWrongClock({ url: databaseUrl, clock: systemClock });
  const sandboxUrl = config.sandbox.on ? await startSandboxBeside(config, databaseUrl, log, stops) : null;

  const app = await buildApp({
    config,
    databaseUrl,
    clock: systemClock,
    random: systemRandom,
    log,
    ...(config.sandbox.instant ? { channels: [await instantChannel()] } : {}),
  });
  stops.unshift(() => app.stop());
  const baseUrl = await app.listen();
  if (sandboxUrl !== null) {
    const { operatorKey, dataDir } = config;
    await ensureDemoMerchant({ baseUrl, sandboxUrl, operatorKey, dataDir, log });
  }
  ownership.publish({ base_url: baseUrl, sandbox_url: sandboxUrl, database_url: databaseUrl });
  return { base: baseUrl, sandbox: sandboxUrl };
}

async function startDatabase(config: Config, log: Log, stops: Stop[]): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, durable: true, log });
  stops.unshift(() => postgres.stop());
  return ensureDatabase(postgres.url("postgres"), "tributary");
}

/**
 * The sandbox's state lies in the same cluster, so that it outlives this process as the real channels would.
 */
async function startSandboxBeside(
  config: Config,
  databaseUrl: string,
  log: Log,
  stops: Stop[],
): Promise<string> {
  const { startSandbox } = await import("@tributary/sandbox");
  const sandbox = await startSandbox({
    port: config.sandbox.port,
    host: config.host,
    store: { kind: "postgres", url: await ensureDatabase(databaseUrl, "sandbox") },
    log: (line) => log.debug(line),
  });
  stops.unshift(() => sandbox.stop());
  return sandbox.url;
}

/** The bench's channel: no cryptography, no network. */
async function instantChannel() {
  const { createInstantChannel } = await import("@tributary/sandbox");
  return createInstantChannel({ clock: systemClock });
}

/** Undoes a start, the last thing first. One that fails does not keep the others from stopping. */
async function stopAll(stops: Stop[], log: Log): Promise<boolean> {
  let clean = true;
  for (const stop of stops.splice(0)) {
    await stop().catch((error: Error) => {
      clean = false;
      log.error({ err: error }, "something did not stop as it should");
    });
  }
  return clean;
}

function announce({ base, sandbox }: Urls, config: Config, log: Log): void {
  const seconds = process.uptime().toFixed(1);
  if (config.production) {
    log.info({ base_url: base, sandbox_url: sandbox, roles: config.roles }, `ready in ${seconds} s`);
    return;
  }
  const lines = [
    `Tributary is ready in ${seconds} s.`,
    "",
    `  API and its documentation   ${base}/docs`,
    ...(sandbox === null
      ? []
      : [
          `  Pay as a buyer              ${sandbox}/wallet`,
          `  See the shop's webhooks     ${sandbox}/inbox`,
          `  A merchant to try it with   ${fromHere(join(config.dataDir, "demo.json"))}`,
        ]),
    "",
    ...(sandbox === null ? [] : ["  npm run demo tells a payment's whole story against it."]),
    "  Ctrl-C stops it; the data stays.",
    "",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** As a person would write it: from where they stand, unless that leads out and back. */
function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") ? path : short;
}

async function run(): Promise<void> {
  const config = loadOrCreateSecrets(readConfig(), systemRandom);
  const log = createLog({ level: config.logLevel, readable: !config.production });
  const stops: Stop[] = [];
  const started = start(config, log, stops);
  stopOnSignals(started, stops, log);
  endOnUnexpected(log);
  try {
    announce(await started, config, log);
  } catch (error) {
    await stopAll(stops, log);
    throw error;
  }
}

/** The first signal finishes what was accepted and stops in order; the second ends the process as it is. */
function stopOnSignals(started: Promise<unknown>, stops: Stop[], log: Log): void {
  let firstAt: number | null = null;
  const onSignal = async () => {
    if (firstAt !== null) {
      if (performance.now() - firstAt > secondSignalMs) process.exit(130);
      return;
    }
    firstAt = performance.now();
    log.info("stopping; what was accepted is finished first (once more ends it at once)");
    systemClock.after(stopMs, () => {
      log.error("stopping took too long and is ended as it is; nothing that was acknowledged is lost");
      process.exit(1);
    });
    // A start that is under way cannot be left half made.
    await started.catch(() => {});
    process.exit((await stopAll(stops, log)) ? 0 : 1);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => void onSignal());
}

/**
 * After an error that nobody expected the memory is not to be trusted; the database is, and the next start
 * uses it.
 */
function endOnUnexpected(log: Log): void {
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "an unexpected error ended the program; nothing that was acknowledged is lost");
    process.exit(1);
  });
}

function explain(error: unknown): string {
  if (error instanceof StartRefused) return error.message;
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  if ((code === "EACCES" || code === "EPERM" || code === "EROFS") && path !== undefined) {
    return (
      `${path} cannot be written (${code}): start as the user it belongs to, ` +
      "or set TRIBUTARY_DATA_DIR to another folder."
    );
  }
  if ((code === "ENOTDIR" || code === "EEXIST") && path !== undefined) {
    return `${path} leads through a file: set TRIBUTARY_DATA_DIR to a folder.`;
  }
  if (code === "ENOSPC") return "The disk is full: make room and start again; the data is as it was.";
  return `Tributary could not start: ${stack ?? message}`;
}

// Who reads the output may be gone, with a closed terminal first of all: work and the orderly stop go on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
keepHeapSmall();
try {
  await run();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
