/** Runs what should find a mistake in a tree that has it, and reads from its output what it found. */
import { spawn } from "node:child_process";
import type { Catcher } from "./mutants.ts";

export type Hunted = {
  readonly catcher: string;
  /** What was found, in the words of whoever found it; null: nothing. */
  readonly found: string | null;
  readonly seconds: number;
};

const MINUTE_MS = 60_000;
const SHOWN_MAX = 160;

export async function hunt(folder: string, catcher: Catcher): Promise<Hunted> {
  const began = performance.now();
  const { code, output } = await run(folder, commandOf(catcher), limitOf(catcher));
  const seconds = Math.round((performance.now() - began) / 1_000);
  return { catcher: nameOf(catcher), found: code === 0 ? null : toldBy(catcher, output, code), seconds };
}

function commandOf(catcher: Catcher): readonly string[] {
  switch (catcher.by) {
    case "simulation":
      return ["simulation/src/main.ts", "--seeds", String(catcher.seeds), "--stop"];
    case "chaos":
      return [
        "tools/crash/chaos-cli.ts",
        "--rounds",
        String(catcher.rounds),
        "--blows",
        catcher.blows,
        "--seed",
        "1",
      ];
    case "test":
      return ["--test", catcher.file];
  }
}

function nameOf(catcher: Catcher): string {
  switch (catcher.by) {
    case "simulation":
      return "simulation";
    case "chaos":
      return "chaos";
    case "test":
      return catcher.file;
  }
}

function limitOf(catcher: Catcher): number {
  return catcher.by === "simulation" ? catcher.seeds * MINUTE_MS : 10 * MINUTE_MS;
}

/** The first thing that it complains of. */
function toldBy(catcher: Catcher, output: string, code: number | null): string {
  const lines = output.split(/[\r\n]+/);
  const after = (pattern: RegExp) => lines[lines.findIndex((line) => pattern.test(line)) + 1]?.trim() ?? "";
  switch (catcher.by) {
    case "simulation": {
      const seed = /^seed (\d+) violates:/m.exec(output)?.[1];
      return seed === undefined
        ? lastOf(lines, code)
        : shortened(`seed ${seed}: ${after(/^seed \d+ violates/)}`);
    }
    case "chaos": {
      const rounds = lines.filter((line) => line.startsWith("round ")).length;
      const fault = lines.find((line) => /^ +(at the end, )?(lost|doubled|violations): /.test(line));
      const undrained = lines.find((line) => line.includes("the backlog did not drain"));
      const summary = lines.findLast((line) => line.startsWith("{"));
      const told = fault ?? undrained ?? summary ?? lastOf(lines, code);
      return shortened(`round ${rounds}: ${told.trim()}`);
    }
    case "test": {
      const failed = lines.filter((line) => /^\s*✖ /.test(line) && !line.includes("failing tests"));
      return shortened((failed[0] ?? lastOf(lines, code)).replace(/\(\d.*$/, "").trim());
    }
  }
}

function lastOf(lines: readonly string[], code: number | null): string {
  return `${lines.findLast((line) => line.trim() !== "") ?? ""} (exit code ${code})`;
}

function shortened(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

type Ended = { readonly code: number | null; readonly output: string };

function run(folder: string, args: readonly string[], limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const takeAlong = () => child.kill("SIGTERM");
    process.once("exit", takeAlong);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString("utf8");
      });
    }
    const late = setTimeout(() => {
      output += `\nnot over after ${limitMs / MINUTE_MS} minutes`;
      child.kill("SIGTERM");
    }, limitMs);
    child.once("exit", (code) => {
      clearTimeout(late);
      process.removeListener("exit", takeAlong);
      resolve({ code, output });
    });
  });
}
