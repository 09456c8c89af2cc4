/**
 * `start`: from `npm start` on an installed checkout to the first payment that is accepted, as whoever tries
 * it out waits for it: an empty data folder, the simulators on. Then the same on the folder that is there.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../platform.ts";
import { sleep } from "../run.ts";
import { auditOf } from "../stage.ts";
import { round } from "../summary.ts";
import { median } from "./blocks.ts";
import type { Given, Outcome } from "./scenario.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const LOOK_MS = 10;
const START_MS = 60_000;
const STOP_MS = 30_000;

type Run = { readonly firstMs: number; readonly againMs: number; readonly sound: boolean };

/** @param given `runs`, each with a data folder of its own */
export async function start({ scenario, runs, progress }: Given): Promise<Outcome> {
  const all: Run[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const one = await startTwice();
    progress(
      `run ${run}: ${Math.round(one.firstMs)} ms on an empty folder, ${Math.round(one.againMs)} ms again`,
    );
    all.push(one);
  }
  const first = all.map(({ firstMs }) => firstMs);
  const again = all.map(({ againMs }) => againMs);
  const valid = all.every(({ sound }) => sound);
  return {
    figures: {
      scenario,
      runs,
      first_payment_ms: round(median(first), 0),
      first_payment_max_ms: round(Math.max(...first), 0),
      again_ms: round(median(again), 0),
      again_max_ms: round(Math.max(...again), 0),
      invariants: valid ? "ok" : "violated",
    },
    valid,
  };
}

async function startTwice(): Promise<Run> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-start-"));
  try {
    const firstMs = await startOnce(dataDir);
    const againMs = await startOnce(dataDir);
    return { firstMs, againMs, sound: (await auditOf(dataDir)).code === 0 };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Milliseconds until a payment was accepted. */
async function startOnce(dataDir: string): Promise<number> {
  const [port, sandboxPort] = [await freePort(), await freePort()];
  const begun = performance.now();
  const child = spawn("npm", ["start"], {
    cwd: ROOT,
    // A group of its own: npm and what it starts are stopped together.
    detached: true,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      TRIBUTARY_SANDBOX_PORT: String(sandboxPort),
      TRIBUTARY_DATA_DIR: dataDir,
    },
  });
  try {
    await firstPayment(child, `http://127.0.0.1:${port}`, dataDir, String(begun));
    return performance.now() - begun;
  } finally {
    await stopGroup(child);
  }
}

async function firstPayment(
  child: ChildProcess,
  baseUrl: string,
  dataDir: string,
  orderNo: string,
): Promise<void> {
  const until = performance.now() + START_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
    if (performance.now() > until) throw new Error("no payment was accepted within a minute");
    const key = demoKeyFor(baseUrl, dataDir);
    if (key !== null && (await isAccepted(baseUrl, key, orderNo))) return;
    await sleep(LOOK_MS);
  }
}

/** The demo merchant's key, once its file names this start's address. */
function demoKeyFor(baseUrl: string, dataDir: string): string | null {
  try {
    const demo = JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8"));
    return demo.base_url === baseUrl ? demo.secret_key : null;
  } catch {
    return null;
  }
}

async function isAccepted(baseUrl: string, key: string, orderNo: string): Promise<boolean> {
  const body = {
    merchant_order_no: orderNo,
    amount: 100,
    currency: "CNY",
    subject: "A cup of tea",
    method: "alipay.qr",
  };
  const answer = await fetch(`${baseUrl}/v1/payments`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (answer !== null && answer.status >= 400 && answer.status < 500) {
    throw new Error(`the first payment was refused: ${await answer.text()}`);
  }
  return answer?.status === 201;
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const signal = (name: NodeJS.Signals) => process.kill(-(child.pid as number), name);
  signal("SIGINT");
  const timer = setTimeout(() => signal("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}
