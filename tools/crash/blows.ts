/** What is done to a platform at work. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "./chance.ts";
import type { ServerProcess } from "./server-process.ts";
import type { Stage } from "./stage.ts";
import { type Gate, openGate } from "./steps.ts";

export const BLOWS = {
  server: "kill -9 of one of the two platform processes",
  servers: "kill -9 of both platform processes",
  postgres: "kill -9 of every process of PostgreSQL",
  postmaster: "kill -9 of PostgreSQL's first process alone",
  both: "kill -9 of both platform processes and of PostgreSQL at once",
  commits_cut: "COMMITs carried out or not, with the connection reset instead of an answer",
  connections_cut: "every connection to PostgreSQL reset at one instant",
  frozen: "one platform process stopped past its leases and resumed",
} as const;
export type Blow = keyof typeof BLOWS;

export type Target = {
  readonly stage: Stage;
  readonly chance: Chance;
  readonly killPostgres: () => Promise<void>;
  readonly killPostmaster: () => void;
  /** How long a stopped process stays stopped; past 30 s its leases are over. */
  readonly frozenMs: number;
  readonly cutter: Cutter;
};

/** Decides at the proxy which commits lose their answer. */
export type Cutter = { readonly gate: Gate; cutting: boolean; readonly cuts: () => number };

export function createCutter(chance: Chance): Cutter {
  let cuts = 0;
  const cutter = {
    cutting: false,
    cuts: () => cuts,
    gate: async (step: string) => {
      if (!cutter.cutting || !/^(before|after) commit/.test(step)) return openGate(step);
      // Most are carried out and only their answer is lost: that is the harder half.
      if (chance.fraction() >= (step.startsWith("after") ? 0.25 : 0.1)) return openGate(step);
      cuts += 1;
      return "reset" as const;
    },
  };
  return cutter;
}

const CUTTING_MS = 1_500;

/** Deals the blow, and resolves when every process that it hit runs again. */
export async function deal(blow: Blow, target: Target): Promise<void> {
  const { stage, cutter, chance } = target;
  const { servers } = stage;
  switch (blow) {
    case "server":
      return killAndStart([chance.one(servers)]);
    case "servers":
      return killAndStart(servers);
    case "postgres":
      return target.killPostgres();
    case "postmaster":
      return target.killPostmaster();
    case "both":
      await Promise.all([...servers.map((server) => server.kill()), target.killPostgres()]);
      return killAndStart(servers);
    case "commits_cut":
      cutter.cutting = true;
      await sleep(CUTTING_MS);
      cutter.cutting = false;
      return;
    case "connections_cut":
      stage.database.cutAll();
      return;
    case "frozen":
      return freeze(chance.one(servers), target.frozenMs);
  }
}

async function killAndStart(servers: readonly ServerProcess[]): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  await Promise.all(servers.map((server) => server.start()));
}

async function freeze(server: ServerProcess, ms: number): Promise<void> {
  server.signal("SIGSTOP");
  await sleep(ms);
  server.signal("SIGCONT");
}
