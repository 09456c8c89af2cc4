/** A platform of the story's own whose clock it moves: days pass in seconds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DemoFile } from "../platform.ts";

export type MovablePlatform = {
  readonly demo: DemoFile;
  now(): Date;
  /** Jumps ahead; whatever was due in between is due then. */
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
};

const PROGRAM = fileURLToPath(new URL("../../../simulation/src/movable-cli.ts", import.meta.url));

/** Starts it. Throws with what it said when it does not get ready. */
export async function startMovable(): Promise<MovablePlatform> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString("utf8");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <Said>(): Promise<Said> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the platform with the clock ended:\n${complaints}`);
    return JSON.parse(value) as Said;
  };
  const demo = await answer<DemoFile & { readonly now: string }>();
  let offset = Date.parse(demo.now) - Date.now();
  return {
    demo,
    now: () => new Date(Date.now() + offset),
    advance: async (ms) => {
      child.stdin.write(`${Math.ceil(ms)}\n`);
      offset = Date.parse((await answer<{ now: string }>()).now) - Date.now();
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
