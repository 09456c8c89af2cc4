/**
 * A platform of the bench's own: the real server process with its embedded PostgreSQL, fsync on, and the
 * instant channel.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseId } from "../../server/src/kernel/ids.ts";
import type { Merchant } from "./commands.ts";

const MAIN = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
const READY_MS = 60_000;
const STOP_MS = 30_000;

/** With its webhook endpoint, as rows name it. */
export type BenchMerchant = Merchant & { readonly endpointId: string };

export type BenchPlatform = {
  readonly baseUrl: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly pid: number;
  /** Milliseconds from the process's start to its first answer. */
  readonly startMs: number;
  readonly dataDir: string;
  /** Makes merchants with an account at the instant channel, and an endpoint at the receiver. */
  merchants(count: number, receiverPort: number): Promise<readonly BenchMerchant[]>;
  ops(method: string, path: string, body?: unknown): Promise<Record<string, string>>;
  /** A call with a key of a merchant. */
  api(key: string, method: string, path: string, body?: unknown): Promise<Record<string, string>>;
  stop(): Promise<void>;
  /** Ends the process as a power cut does; its data stays. */
  kill(): Promise<void>;
};

export type PlatformOptions = {
  readonly progress: (line: string) => void;
  /** Where the server leaves its CPU profile when it ends. */
  readonly profileDir?: string | null;
  /** A data folder that was there before and stays when it is stopped; absent: one of its own. */
  readonly dataDir?: string;
  /** Options of Node for the server, beside those of the profile. */
  readonly nodeOptions?: readonly string[];
};

/** Starts it on a data folder of its own, which is gone when it is stopped. */
export async function startPlatform(options: PlatformOptions): Promise<BenchPlatform> {
  const { progress, profileDir = null, nodeOptions = [] } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "tributary-bench-"));
  const clean = () => {
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  const port = await freePort();
  const begun = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, ...profiling(profileDir), MAIN], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      TRIBUTARY_SANDBOX: "instant",
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  try {
    await ready(child, baseUrl, () => output);
  } catch (error) {
    child.kill("SIGKILL");
    clean();
    throw error;
  }
  const startMs = performance.now() - begun;
  progress(`the platform is ready after ${(startMs / 1_000).toFixed(1)} s`);
  const { database_url: databaseUrl } = JSON.parse(readFileSync(join(dataDir, "server.json"), "utf8"));
  const { operator_key: token } = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8"));
  const ops: BenchPlatform["ops"] = (method, path, body) => call(method, baseUrl + path, token, body);
  return {
    baseUrl,
    port,
    databaseUrl,
    pid: child.pid as number,
    startMs,
    dataDir,
    ops,
    api: (key, method, path, body) => call(method, baseUrl + path, key, body),
    merchants: (count, receiverPort) => makeMerchants(baseUrl, ops, count, receiverPort),
    stop: async () => {
      await stopChild(child);
      clean();
    },
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** @param profileDir where the server leaves its CPU profile when it ends. */
function profiling(profileDir: string | null): string[] {
  return profileDir === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
}

async function makeMerchants(
  baseUrl: string,
  ops: BenchPlatform["ops"],
  count: number,
  receiverPort: number,
): Promise<readonly BenchMerchant[]> {
  const merchants: BenchMerchant[] = [];
  for (let index = 0; index < count; index += 1) {
    const merchant = await ops("POST", "/v1/ops/merchants", {
      name: `Shop ${index}`,
      legal_name: `Shop ${index} Trading Co., Ltd.`,
      fee_rate_millionths: 8_000,
      currencies: ["CNY"],
    });
    const key = await ops("POST", `/v1/ops/merchants/${merchant.id}/api_keys`, { label: "bench" });
    const account = await ops("POST", "/v1/ops/channel_accounts", {
      merchant_id: merchant.id,
      channel: "instant",
      label: "Instant",
      gateway_url: "http://127.0.0.1:1",
      cost_rate_millionths: 6_000,
      fund_flow: "through_platform",
      calls_per_second: 100_000,
      credentials: {},
    });
    await ops("POST", `/v1/ops/channel_accounts/${account.id}/enable`);
    const secret = key.secret as string;
    const endpoint = await call("POST", `${baseUrl}/v1/webhook_endpoints`, secret, {
      url: `http://127.0.0.1:${receiverPort}/shops/${index}`,
      events: ["payment.succeeded"],
    });
    merchants.push({
      key: secret,
      notifyPath: `/notify/instant/${account.id}`,
      endpointId: parseId("whe", endpoint.id as string) as string,
    });
  }
  return merchants;
}

async function call(
  method: string,
  url: string,
  token: string,
  body?: unknown,
): Promise<Record<string, string>> {
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`);
  const isJson = answer.headers.get("content-type")?.includes("json") === true;
  return (isJson ? JSON.parse(text) : {}) as Record<string, string>;
}

async function ready(child: ChildProcess, baseUrl: string, output: () => string): Promise<void> {
  const until = performance.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended while it started:\n${output()}`);
    const answer = await fetch(`${baseUrl}/ready`).catch(() => null);
    // The banner comes once the owner file names every address.
    if (answer?.ok === true && output().includes("is ready")) return;
    if (performance.now() > until) throw new Error(`the server is not ready after a minute:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends a program in order, and by force when that takes too long. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** A port that nobody listens at. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
