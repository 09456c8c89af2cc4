/**
 * The platform that the story is told against: one that runs, or one that is started for it and gone
 * afterwards.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** What `demo.json` tells programs. */
export type DemoFile = {
  readonly base_url: string;
  readonly secret_key: string;
  readonly merchant_id: string;
  readonly channel_account_id: string;
  readonly alipay_app_id: string;
  readonly wechat_account_id: string;
  readonly wechat_mchid: string;
  readonly unionpay_account_id: string;
  readonly unionpay_mer_id: string;
  readonly card_account_id: string;
  readonly stripe_account: string;
  readonly operator_token: string;
  readonly sandbox_url: string;
  readonly wallet_url: string;
  readonly inbox_url: string;
};

export type Platform = {
  readonly demo: DemoFile;
  /** Started by the story. */
  readonly own: boolean;
  /** What a program of the platform needs to find the same data. */
  readonly environment: NodeJS.ProcessEnv;
};

type ServerFile = {
  readonly base_url?: string;
  readonly sandbox_url?: string | null;
  readonly database_url?: string;
};

const SERVER = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
const ANSWER_MS = 5_000;
const START_MS = 180_000;
const STOP_MS = 40_000;
const PAUSE_MS = 100;
const OUTPUT_KEPT = 6_000;

/** The platform that runs on a data folder with its sandbox, or null when there is none. */
export async function findPlatform(dataDir: string): Promise<Platform | null> {
  const server = readJson<ServerFile>(join(dataDir, "server.json"));
  const demo = readJson<DemoFile>(join(dataDir, "demo.json"));
  if (server === null || demo === null || typeof server.sandbox_url !== "string") return null;
  if (!(await answers(`${demo.base_url}/ready`)) || !(await answers(demo.wallet_url))) return null;
  return { demo, own: false, environment: environmentOf(dataDir, server) };
}

/**
 * Starts a platform on free ports with a data folder of its own. Throws with what the server said when it
 * does not get ready. @param undo is given what ends it and removes its data.
 */
export async function startPlatform(undo: (() => Promise<unknown>)[]): Promise<Platform> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-demo-"));
  // PostgreSQL may still be letting go of a file when its server was ended the hard way.
  undo.unshift(async () =>
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  );
  const environment = { ...environmentOf(dataDir, {}), PORT: "0", TRIBUTARY_SANDBOX_PORT: "0" };
  const server = spawn(process.execPath, [SERVER], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  undo.unshift(() => end(server));
  const output = collect(server);
  const published = await ready(server, dataDir, output);
  const demo = readJson<DemoFile>(join(dataDir, "demo.json"));
  if (demo === null) throw new Error(`the server made no demo merchant:\n${output()}`);
  return { demo, own: true, environment: environmentOf(dataDir, published) };
}

/** Ours, without the settings that would lead another program of the platform elsewhere. */
function environmentOf(dataDir: string, server: ServerFile): NodeJS.ProcessEnv {
  const foreign = /^(TRIBUTARY_|DATABASE_URL$|NODE_ENV$|NODE_TEST_CONTEXT$|HOST$|PORT$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    TRIBUTARY_DATA_DIR: dataDir,
    ...(server.database_url === undefined ? {} : { DATABASE_URL: server.database_url }),
  };
}

async function ready(server: ChildProcess, dataDir: string, output: () => string): Promise<ServerFile> {
  const giveUpAt = performance.now() + START_MS;
  while (server.exitCode === null && server.signalCode === null && performance.now() < giveUpAt) {
    const published = readJson<ServerFile>(join(dataDir, "server.json"));
    if (published?.base_url !== undefined) return published;
    await sleep(PAUSE_MS);
  }
  throw new Error(`the platform did not get ready:\n${output()}`);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const late = new AbortController();
  await Promise.race([ended, sleep(STOP_MS, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
  if (server.exitCode === null && server.signalCode === null) {
    server.kill("SIGKILL");
    await ended;
  }
}

function collect(server: ChildProcess): () => string {
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-OUTPUT_KEPT);
  };
  server.stdout?.on("data", keep);
  server.stderr?.on("data", keep);
  return () => output.trim();
}

function readJson<Content>(file: string): Content | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Content;
  } catch {
    return null;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
