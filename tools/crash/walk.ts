/**
 * Walks every step of a story: first the story is told undisturbed and its steps are noted; then it is told
 * once for each of them, with a kill at exactly that step.
 */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesIn, signal } from "../../server/src/kernel/host/processes.ts";
import { type Stage, startStage } from "./stage.ts";
import { createSteps, type Steps } from "./steps.ts";
import type { Story, Told } from "./story.ts";
import { balanceOf, faultsOf, netOf, repeatNotifications } from "./verify.ts";

export type Victim = "server" | "postgres" | "both";

/** A stage with its steps, on which one story after the other is told. */
export type Lane = {
  readonly stage: Stage;
  /** Tells the story, with `victim` killed at `target`; null: undisturbed. */
  tell(story: Story, number: string, target: string | null): Promise<Telling>;
  stop(): Promise<void>;
};

export type Telling = {
  readonly passed: readonly string[];
  readonly struck: boolean;
  /** How much of the platform's time the story took, beyond what passed by itself. */
  readonly agedMs: number;
  /** What was not as it must be afterwards. */
  readonly faults: readonly string[];
};

export type LaneOptions = {
  readonly databaseUrl: string;
  readonly victim: Victim;
  /** Ends every process of PostgreSQL at once; needed where it is a victim. */
  readonly killPostgres?: () => Promise<void>;
};

/** While nothing moves for this long after a crash, leases are let end: steps and calls are seen. */
const SKIP = { afterMs: 250, beyondMs: 0 };

/** A lease, the channel's own gaps between queries, the last word of a payment code: minutes, never hours. */
const AGED_MS_MAX = 240_000;

export async function openLane(options: LaneOptions): Promise<Lane> {
  let recovery: Promise<void> = Promise.resolve();
  const steps: Steps = createSteps(async () => {
    const server = stage.servers[0] as Stage["servers"][number];
    const { victim } = options;
    await Promise.all([
      victim === "postgres" ? null : server.kill(),
      victim === "server" ? null : options.killPostgres?.(),
    ]);
    if (victim !== "postgres") recovery = server.start();
    recovery.catch(() => {});
  });
  let shopsOpen = () => 0;
  const stage = await startStage({
    databaseUrl: options.databaseUrl,
    gate: steps.gate,
    // Undisturbed, a notification comes when the call it could overtake is answered: steps keep one order.
    turn: async () => {
      while (shopsOpen() > 0 && !steps.struck) await sleep(2);
    },
  });
  const [shop] = stage.shops;
  if (shop === undefined) throw new Error("the stage has no shop");
  shopsOpen = shop.client.open;
  let balance = 0;

  return {
    stage,
    tell: async (story, number, target) => {
      const skipping = () => (steps.struck ? SKIP : null);
      const agedBefore = stage.books.agedMs();
      steps.begin(target);
      const told: Told = await story({ stage, shop, skipping }, number);
      await recovery;
      await repeatNotifications(stage, shop, told);
      const { passed, struck } = steps.end();
      await recovery;
      const agedMs = stage.books.agedMs() - agedBefore;
      balance += netOf(told);
      const faults = [...(await faultsOf(stage, shop, told)), ...(await stage.books.violations())];
      const owed = await balanceOf(shop);
      if (owed !== balance) faults.push(`${number}: the shop is owed ${owed}, not ${balance}`);
      const odd = shop.client.setbacks.filter((status) => status !== 0 && status !== 503);
      if (odd.length > 0) faults.push(`${number}: instead of 503 it answered ${odd.join(", ")}`);
      if (agedMs > AGED_MS_MAX) faults.push(`${number}: it took ${Math.round(agedMs / 1000)} s`);
      const deadlocks = await stage.books.deadlocks();
      if (deadlocks > 0) faults.push(`${number}: ${deadlocks} deadlocks`);
      // A fault is told once; what follows is measured from what is there.
      balance = owed;
      return { passed, struck, agedMs, faults };
    },
    stop: () => stage.stop(),
  };
}

export type Walked = {
  readonly steps: readonly string[];
  /** Steps that the story did not come by when its turn was there. */
  readonly missed: readonly string[];
  readonly faults: readonly string[];
};

export type WalkOptions = {
  readonly lanes: readonly Lane[];
  readonly story: Story;
  /** The story's name: numbers begin with it. */
  readonly name: string;
  /** Which of the steps are walked. */
  readonly only?: (step: string) => boolean;
  readonly onStep?: (step: string, telling: Telling) => void;
};

/** On a busy machine two webhooks' results may share one commit, and a step is not met under its name. */
const TRIES_MAX = 4;

/** Walks one story over several lanes at once. */
export async function walk({ lanes, story, name, only, onStep }: WalkOptions): Promise<Walked> {
  const [first] = lanes;
  if (first === undefined) throw new Error("a walk needs a lane");
  // The first payment of a merchant also opens accounts, and every process prepares its statements once.
  const rehearsals = await Promise.all(
    lanes.map((lane, index) => lane.tell(story, `${name}-rehearsal-${index}`, null)),
  );
  const undisturbed = await first.tell(story, `${name}-undisturbed`, null);
  const wanted = undisturbed.passed.filter((step) => only?.(step) ?? true);
  const queue = wanted.map((step, index) => ({ step, number: `${name}-${index + 1}` }));
  const missed: string[] = [];
  const faults = [...rehearsals, undisturbed].flatMap((telling) => telling.faults);
  const work = async (lane: Lane) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { step, number } = next;
      let struck = false;
      for (let tries = 1; !struck && tries <= TRIES_MAX; tries += 1) {
        const telling = await tellSafely(lane, story, `${number}-${tries}`, step);
        struck = telling.struck;
        faults.push(...telling.faults.map((fault) => `killed ${step}: ${fault}`));
        onStep?.(step, telling);
      }
      if (!struck) missed.push(step);
    }
  };
  await Promise.all(lanes.map(work));
  return { steps: wanted, missed, faults };
}

async function tellSafely(lane: Lane, story: Story, number: string, step: string): Promise<Telling> {
  try {
    return await lane.tell(story, number, step);
  } catch (error) {
    const output = lane.stage.servers.map((server) => server.output()).join("\n");
    throw new Error(`the story that was cut ${step} found no end\n${output}`, { cause: error });
  }
}

/** Kills every process of an embedded PostgreSQL at once, as a machine that runs out of memory may. */
export async function killPostgres(dataDir: string): Promise<void> {
  const folder = join(realpathSync(join(dataDir, "postgres")), "data");
  // What one of them starts meanwhile is killed with the next look.
  for (let pids = processesIn(folder); pids.length > 0; pids = processesIn(folder)) {
    for (const pid of pids) signal(pid, "SIGKILL");
    await sleep(1);
  }
}
