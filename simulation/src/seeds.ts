/**
 * Runs many seeds: here, one after the other, or in several processes side by side, each with a PostgreSQL of
 * its own. A seed's trace is the same either way.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { prepareGround } from "./ground.ts";
import { runSeed, type SeedResult } from "./run.ts";

export type SeedsOptions = {
  readonly payments: number;
  /** Each seed is run twice, and two traces are a violation. */
  readonly verify: boolean;
  readonly onLine?: (line: string) => void;
};

/** What a process is asked for; it answers with the seed's result. */
export type SeedOrder = { readonly seed: number; readonly options: SeedsOptions };

/** One ground to run seeds on. */
export type SeedRunner = {
  run(seed: number, options: SeedsOptions): Promise<SeedResult>;
  close(): Promise<void>;
};

export async function openRunner(): Promise<SeedRunner> {
  const ground = await prepareGround();
  const once = async (seed: number, { payments, onLine }: SeedsOptions) => {
    await ground.clear();
    return runSeed(ground, seed, { payments, ...(onLine === undefined ? {} : { onLine }) });
  };
  return {
    run: async (seed, options) => {
      const result = await once(seed, options);
      if (!options.verify) return result;
      const again = await once(seed, { payments: options.payments, verify: false });
      if (again.traceHash === result.traceHash) return result;
      const differ = `run twice it gives two traces: ${result.traceHash}, ${again.traceHash}`;
      return { ...result, violations: [...result.violations, differ] };
    },
    close: () => ground.close(),
  };
}

/** Runs the seeds in `jobs` processes, this one when it is one. `onResult` ends the run by saying false. */
export async function runSeeds(
  seeds: readonly number[],
  jobs: number,
  options: SeedsOptions,
  onResult: (result: SeedResult) => boolean,
): Promise<void> {
  const waiting = [...seeds];
  const next = (): number | null => waiting.shift() ?? null;
  const done = (result: SeedResult) => {
    if (!onResult(result)) waiting.length = 0;
  };
  if (jobs > 1) {
    const hands = Array.from({ length: Math.min(jobs, seeds.length) }, () =>
      workInProcess(next, options, done),
    );
    await Promise.all(hands);
    return;
  }
  const runner = await openRunner();
  try {
    for (let seed = next(); seed !== null; seed = next()) done(await runner.run(seed, options));
  } finally {
    await runner.close();
  }
}

const PROGRAM = fileURLToPath(new URL("./seeds-main.ts", import.meta.url));

async function workInProcess(
  next: () => number | null,
  options: SeedsOptions,
  done: (result: SeedResult) => void,
): Promise<void> {
  const child = fork(PROGRAM, { serialization: "advanced" });
  const exited = once(child, "exit");
  try {
    for (let seed = next(); seed !== null; seed = next()) {
      done(
        await ask(child, exited, { seed, options: { payments: options.payments, verify: options.verify } }),
      );
    }
  } finally {
    if (child.connected) child.disconnect();
    await exited;
  }
}

async function ask(child: ChildProcess, exited: Promise<unknown>, order: SeedOrder): Promise<SeedResult> {
  const answered = once(child, "message") as Promise<[SeedResult]>;
  child.send(order);
  const ended = exited.then(() => null);
  const answer = await Promise.race([answered, ended]);
  if (answer === null) throw new Error(`the process that ran seed ${order.seed} ended by itself`);
  return answer[0];
}
