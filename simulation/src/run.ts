/** One seed from its first event to its last check. */
import { checkWorld } from "./checks.ts";
import { armFaults, disarmFaults, disturb, resendLost } from "./disturbances.ts";
import { createWords } from "./ledger-of-words.ts";
import { makeMerchants } from "./merchants.ts";
import { WITH_ITS_WORLD } from "./platform.ts";
import { trade } from "./trades.ts";
import { createWorld, type Ground } from "./world.ts";

export type SeedResult = {
  readonly seed: number;
  readonly payments: number;
  readonly steps: number;
  readonly crashes: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
  readonly traceHash: string;
  readonly lastSteps: readonly string[];
};

export type SeedOptions = {
  readonly payments: number;
  readonly onLine?: (line: string) => void;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Longer than anything that a merchant, a buyer or an order waits for. */
const STORM_MAX_MS = 12 * HOUR_MS;
/** Longer than the channel repeats a notification and the platform a webhook. */
const CALM_MS = 30 * HOUR_MS;
const AFTERMATH_MAX_MS = 10 * 24 * HOUR_MS;

/** Runs a seed on an emptied ground. */
export async function runSeed(ground: Ground, seed: number, options: SeedOptions): Promise<SeedResult> {
  const world = await createWorld(ground, seed, options.onLine);
  const { scheduler, weather, chance, platforms } = world;
  const until = (ms: number) => new Date(scheduler.now().getTime() + ms);
  const words = createWords();
  const violations: string[] = [];

  for (const platform of platforms) platform.start();
  await scheduler.run(() => platforms.every((platform) => platform.isUp), until(MINUTE_MS));
  const merchants = await makeMerchants(world, chance.stream("size").between(1, 3));

  await armFaults(world, merchants);
  weather.storm();
  const luck = chance.stream("trades");
  const spanMs = luck.pick([30_000, 5 * MINUTE_MS, 30 * MINUTE_MS]);
  let alive = options.payments;
  for (let number = 1; number <= options.payments; number += 1) {
    const merchant = luck.pick(merchants);
    const own = luck.stream(String(number));
    void world
      .sleep(merchant.owner, own.integer(spanMs))
      .then(() => trade({ world, words, merchant, number, luck: own }))
      .catch((error: unknown) => violations.push(`the simulation itself failed: ${(error as Error).stack}`))
      .finally(() => {
        alive -= 1;
      });
  }
  const disturbing = disturb(world, spanMs);
  if ((await scheduler.run(() => alive === 0, until(STORM_MAX_MS))) === "ended") {
    violations.push(`${alive} trades have not come to an end`);
  }
  disturbing.stop();
  weather.calm();
  world.shops.calm();
  await disarmFaults(world);
  await scheduler.run(() => false, until(CALM_MS));
  await resendLost(world);
  await scheduler.run(() => false, until(HOUR_MS));
  for (let hours = 0; hours < AFTERMATH_MAX_MS / HOUR_MS && (await world.isBusy()); hours += 6) {
    await scheduler.run(() => false, until(6 * HOUR_MS));
  }
  violations.push(...(await checkWorld(world, merchants, words)));
  const crashes = platforms.reduce((sum, platform) => sum + platform.crashes, 0);
  for (const platform of platforms) platform.kill(WITH_ITS_WORLD);
  await world.sandbox.stop();
  return {
    seed,
    payments: options.payments,
    steps: scheduler.trace.steps,
    crashes,
    counts: weather.counts,
    violations,
    traceHash: scheduler.trace.hash(),
    lastSteps: scheduler.trace.lines,
  };
}
