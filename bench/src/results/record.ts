/** Results on disk: one file for each scenario, one line for each run, the last run last. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figures } from "../summary.ts";

export const RESULTS = fileURLToPath(new URL("../../results/", import.meta.url));

export type Result = Figures & { readonly scenario: string; readonly recorded_at: string };

/** Adds a run to its scenario's file; the file's path. */
export function record(folder: string, figures: Figures, now: Date): string {
  const scenario = figures.scenario as string;
  const path = join(folder, `${scenario}.json`);
  const all = [...readResults(folder, scenario), { recorded_at: now.toISOString(), ...figures }];
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `[\n${all.map((result) => JSON.stringify(result)).join(",\n")}\n]\n`);
  return path;
}

/** Every recorded run of a scenario, the earliest first; none where there is no file. */
export function readResults(folder: string, scenario: string): readonly Result[] {
  try {
    return JSON.parse(readFileSync(join(folder, `${scenario}.json`), "utf8")) as Result[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
