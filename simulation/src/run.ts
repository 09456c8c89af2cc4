/** One seed from its first event to its last check. */
import { rm } from "node:fs/promises";
import { openBank } from "./bank.ts";
import { checkBank, isUnderWay } from "./bank-checks.ts";
import { armBankFaults, disarmBankFaults } from "./bank-faults.ts";
import { checkLeftBreaks } from "./bills.ts";
import type { Chance } from "./chance.ts";
import { decideDisputes } from "./channel-whims.ts";
import { checkEnds, checkWorld } from "./checks.ts";
import { checkCloses, hasOpenDays, newestReport, setBreakRules } from "./closes.ts";
import { setCommission } from "./commission.ts";
import { checkCommission, isCommissionUnderWay } from "./commission-checks.ts";
import { checkCosts } from "./cost-checks.ts";
import { setCosts } from "./costs.ts";
import { checkDecisions } from "./decision-checks.ts";
import { type Decision, decideAll, openDeciding } from "./decisions.ts";
import { armFaults, disarmFaults, disturb, resendLost } from "./disturbances.ts";
import { checkFees, setFees } from "./fees.ts";
import { rotateKeys } from "./key-rotations.ts";
import { createWords, type Words } from "./ledger-of-words.ts";
import { sayNonePublished, tradeUnderLies } from "./lies.ts";
import { type Merchant, makeMerchants } from "./merchants.ts";
import { breakLines, type Outages, planOutages } from "./outages.ts";
import { checkOwed } from "./owed-checks.ts";
import { bringDuesUpToDate, type Office, openOffice, payday, turn } from "./payday.ts";
import { WITH_ITS_WORLD } from "./platform.ts";
import { countReached } from "./reached.ts";
import { setRouting } from "./routing.ts";
import { checkRouting } from "./routing-checks.ts";
import { checkSameDay, type Market, season, tradeForToday } from "./same-day.ts";
import { sharesLater } from "./shares.ts";
import { addReceivers, type Sharing, setSharing } from "./sharing.ts";
import { checkSharing } from "./sharing-checks.ts";
import type { Counts } from "./tally.ts";
import { trade } from "./trades.ts";
import { createWorld, type Ground, type World } from "./world.ts";

export type SeedResult = {
  readonly seed: number;
  readonly payments: number;
  readonly steps: number;
  readonly crashes: number;
  /** What went wrong, what was done and what came of it, and how often. */
  readonly reached: Counts;
  readonly violations: readonly string[];
  readonly traceHash: string;
  readonly lastSteps: readonly string[];
};

export type SeedOptions = {
  readonly payments: number;
  readonly onLine?: (line: string) => void;
};

/** Some ten times what a world takes. */
const STEPS_MAX = 40_000;
const STEPS_PER_PAYMENT_MAX = 3_000;
const TAKES_EFFECT_MS = 2_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Longer than anything that a merchant, a buyer or an order waits for. */
const STORM_MAX_MS = 12 * HOUR_MS;
/** Longer than the channel repeats a notification and the platform a webhook. */
const CALM_MS = 30 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
/** So many of the worlds close their first day in rough weather, beside those that lie in wait for it. */
const ROUGH_NIGHTS = 0.3;
/** From midnight until the last statement has been waited for. */
const NIGHT_MS = 15 * HOUR_MS;
/** Until what channels publish in the morning is late; closes go on without it half an hour later. */
const UNTIL_LATE_MS = 13.5 * HOUR_MS;
/** In the evening, when what was settled may leave: a bank is asked about it until its statement comes. */
const UNTIL_PAYDAY_MS = 5 * HOUR_MS;
/** Most of what is done on it. */
const PAYDAY_MS = 1.5 * HOUR_MS;
/** From midnight until banks' statements are read. */
const STATEMENTS_MS = 2 * HOUR_MS;
/** So many of the worlds pay out again what was settled since. */
const SECOND_PAYDAYS = 0.2;
/** Of the others that begin as a month ends: what is left of its costs is paid then. */
const SECOND_AT_MONTHS_END = 0.5;
/** So many of the worlds have a day of which the channels' bills lie. */
const LYING_DAYS = 0.25;
const AFTERMATH_MAX_MS = 10 * DAY_MS;
const AFTERMATH_STEP_MS = 6 * HOUR_MS;

/** Runs a seed on an emptied ground. What the simulation itself trips over is a violation like any other. */
export async function runSeed(ground: Ground, seed: number, options: SeedOptions): Promise<SeedResult> {
  const stepsMax = STEPS_MAX + options.payments * STEPS_PER_PAYMENT_MAX;
  const world = await createWorld(ground, seed, { ...options, stepsMax });
  const { scheduler, platforms, weather } = world;
  const violations: string[] = [];
  let lastSteps: readonly string[] = scheduler.trace.lines;
  try {
    const merchants = await open(world);
    const words = createWords();
    const luck = world.chance.stream("trades");
    const spanMs = luck.pick([30_000, 5 * MINUTE_MS, 30 * MINUTE_MS]);
    const settings = new Map(await setRouting(world, merchants));
    const fees = await setFees(world, merchants);
    const minimums = await setCosts(world, merchants);
    const sharing = await setSharing(world, merchants);
    await season(world, merchants);
    const bank = await openBank(world, merchants, { fees, sharing });
    const office = openOffice(world, bank, merchants, await setCommission(world, merchants));
    await setBreakRules(world, merchants);
    const outages = await planOutages(world, merchants, settings, spanMs);
    // What operators set takes effect on every machine within a second.
    await scheduler.run(() => false, from(world, TAKES_EFFECT_MS));
    const payments = options.payments;
    await storm(world, { merchants, words, payments, luck, spanMs, outages, sharing, office });
    const market = { office, words, firstNumber: payments + 1 };
    await settle(market, sharing);
    lastSteps = [...scheduler.trace.lines];
    violations.push(...(await checkWorld(world, merchants, words)));
    violations.push(...(await checkRouting(world, merchants, settings, outages)));
    violations.push(...(await checkFees(world, fees)));
    violations.push(...(await checkSharing(world, merchants, sharing)));
    violations.push(...(await checkCloses(world)));
    violations.push(...(await checkLeftBreaks(world, merchants)));
    violations.push(...(await checkBank(office)));
    violations.push(...(await checkCommission(office)));
    violations.push(...(await checkOwed(office, fees)));
    violations.push(...(await checkCosts(office, minimums)));
    violations.push(...(await checkSameDay(office)));
    const isWhole = violations.length === 0;
    violations.push(...(await leaveToPeople(market)));
    if (isWhole) lastSteps = [...scheduler.trace.lines];
  } catch (error) {
    violations.push(...world.violations, (error as Error).stack ?? String(error));
  }
  const crashes = platforms.reduce((sum, platform) => sum + platform.crashes, 0);
  for (const platform of platforms) platform.kill(WITH_ITS_WORLD);
  await world.sandbox.stop();
  await rm(world.dataDir, { recursive: true, force: true });
  await countReached(ground.cell, weather.tally);
  return {
    seed,
    payments: options.payments,
    steps: scheduler.trace.steps,
    crashes,
    reached: weather.tally.counts,
    violations,
    traceHash: scheduler.trace.hash(),
    lastSteps,
  };
}

function untilMidnight({ scheduler }: World): number {
  return DAY_MS - ((scheduler.now().getTime() + BEIJING_MS) % DAY_MS);
}

function from(world: World, ms: number): Date {
  return new Date(world.scheduler.now().getTime() + ms);
}

/** The platform starts, and its merchants open. */
async function open(world: World): Promise<readonly Merchant[]> {
  const { platforms, scheduler, chance } = world;
  for (const platform of platforms) platform.start();
  await scheduler.run(() => platforms.every((platform) => platform.isUp), from(world, MINUTE_MS));
  return makeMerchants(world, chance.stream("size").between(1, 3));
}

type Storm = {
  readonly merchants: readonly Merchant[];
  readonly words: Words;
  readonly payments: number;
  readonly luck: Chance;
  readonly spanMs: number;
  readonly outages: Outages;
  readonly sharing: Sharing;
  readonly office: Office;
};

/** Trades begin within a span; things go wrong until the last of them has come to its end. */
async function storm(world: World, plan: Storm): Promise<void> {
  const { merchants, words, payments, luck, spanMs, outages, sharing } = plan;
  const { scheduler, weather, violations } = world;
  await armFaults(world, merchants);
  weather.storm();
  let alive = payments + 2;
  const failed = (error: unknown) =>
    violations.push(`the simulation itself failed: ${(error as Error).stack}`);
  const over = () => {
    alive -= 1;
  };
  const breaking = breakLines(world, outages);
  for (let number = 1; number <= payments; number += 1) {
    const rush = outages.rushOf(number);
    const picked = luck.pick(merchants);
    const merchant = rush?.merchant ?? picked;
    const own = luck.stream(String(number));
    const waitMs = rush === null ? own.integer(spanMs) : rush.at - scheduler.now().getTime();
    void world
      .sleep(merchant.owner, waitMs)
      .then(() => trade({ world, words, merchant, sharing, number, luck: own, wanted: rush?.method ?? null }))
      .catch(failed)
      .finally(over);
  }
  void rotateKeys(world, merchants, spanMs).catch(failed).finally(over);
  void addReceivers(plan.office, sharing, spanMs).catch(failed).finally(over);
  const disturbing = disturb(world, spanMs);
  if ((await scheduler.run(() => alive === 0, from(world, STORM_MAX_MS))) === "ended") {
    violations.push(`${alive} trades, rotations or receivers have not come to an end`);
  }
  disturbing.stop();
  breaking.stop();
}

/** Nothing goes wrong any more, and time passes until nothing is due. */
async function settle(market: Market, sharing: Sharing): Promise<void> {
  const { office } = market;
  const { world, merchants } = office;
  const { scheduler, weather, shops } = world;
  const begunAt = scheduler.now().getTime();
  const pass = (ms: number) => scheduler.run(() => false, from(world, ms));
  weather.calm();
  shops.calm();
  await disarmFaults(world);
  const isByChance = !world.hasLongCalm && world.chance.stream("night").hits(ROUGH_NIGHTS);
  await pass(untilMidnight(world));
  if (isByChance || weather.isBadFor("close")) weather.night();
  await pass(NIGHT_MS);
  // A month's minimum is booked when the channels' bills of its last day have come.
  if (!weather.isBadFor("costs")) weather.calm();
  await pass(UNTIL_PAYDAY_MS);
  await payOut(world, office, sharing);
  await pass(begunAt + CALM_MS - scheduler.now().getTime());
  await resendLost(world);
  await pass(HOUR_MS);
  await decideDisputes(world, merchants);
  await pass(HOUR_MS);
  await rest(world, office);
  if (world.hasSameDay) await sameDay(world, market);
  await payAgain(world, office);
  await bringDuesUpToDate(office);
}

/** Another day's trade, of which merchants have their money at once. */
async function sameDay(world: World, market: Market): Promise<void> {
  const { weather } = world;
  const isRough = world.chance.stream("weather of the same day").hits(0.5);
  if (isRough || weather.isBadFor("sameDay")) weather.storm();
  const disturbing = disturb(world, PAYDAY_MS, "disturbances of the same day");
  await tradeForToday(market);
  disturbing.stop();
  weather.calm();
  await untilTold(market.office);
}

/** Until the channels give up telling what happened by themselves, and their consoles have told the rest. */
async function untilTold(office: Office): Promise<void> {
  const { world, merchants } = office;
  const pass = (ms: number) => world.scheduler.run(() => false, from(world, ms));
  await pass(CALM_MS);
  await resendLost(world);
  await pass(HOUR_MS);
  await decideDisputes(world, merchants);
  await pass(HOUR_MS);
  await rest(world, office);
}

/** A later day, of which the bills lie. What own money stands for is paid by what they tell: not so there. */
async function lyingDay(market: Market): Promise<void> {
  const { world } = market.office;
  const luck = world.chance.stream("lying day");
  const pass = (ms: number) => world.scheduler.run(() => false, from(world, ms));
  if (world.hasSameDay || (!luck.hits(LYING_DAYS) && !world.weather.isBadFor("decisions"))) return;
  await tradeUnderLies(market);
  await pass(untilMidnight(world));
  if (luck.hits(ROUGH_NIGHTS)) world.weather.night();
  await pass(UNTIL_LATE_MS);
  world.weather.calm();
  // Whatever else they tell is true.
  await disarmFaults(world);
  await sayNonePublished(market.office);
  await untilTold(market.office);
}

/** What was settled since, in some worlds. */
async function payAgain(world: World, office: Office): Promise<void> {
  const { weather } = world;
  const luck = world.chance.stream("second payday");
  const isChosen = luck.hits(SECOND_PAYDAYS) || (world.endsMonth && luck.hits(SECOND_AT_MONTHS_END));
  // What channels pay then repays what stood for it.
  if (!isChosen && !weather.isBadFor("costs") && !world.hasSameDay) return;
  weather.tally.add("bank", "a second payday");
  if (weather.isBadFor("costs")) weather.night();
  await payday(office);
  if (weather.isBadFor("sameDay")) weather.night();
  await rest(world, office);
  // A close that finds the money there.
  if (world.hasSameDay) await world.scheduler.run(() => false, from(world, DAY_MS + NIGHT_MS));
  weather.calm();
  await rest(world, office);
}

/** Money leaves, and a night later the bank's statements show it. */
async function payOut(world: World, office: Office, { paid }: Sharing): Promise<void> {
  const { scheduler, weather, violations } = world;
  const pass = (ms: number) => scheduler.run(() => false, from(world, ms));
  await armBankFaults(world, office.bank);
  weather.storm();
  const disturbing = disturb(world, PAYDAY_MS, "disturbances of a payday");
  let isShared = false;
  void sharesLater({ world, paid })
    .catch((error: unknown) => violations.push(`later shares failed: ${(error as Error).stack}`))
    .finally(() => {
      isShared = true;
    });
  await payday(office);
  disturbing.stop();
  await disarmBankFaults(world);
  weather.calm();
  if ((await scheduler.run(() => isShared, from(world, STORM_MAX_MS))) === "ended") {
    violations.push("what was asked for a day later has not come to an end");
  }
  await pass(untilMidnight(world));
  const isRough =
    world.chance.stream("night of statements").hits(ROUGH_NIGHTS) || weather.isBadFor("payouts");
  if (isRough) weather.storm();
  await pass(STATEMENTS_MS);
  await turn(office);
  weather.calm();
}

/** What no statement explains is decided; what was held for it is settled by the close of the next day. */
async function leaveToPeople(market: Market): Promise<readonly string[]> {
  const { office } = market;
  const { world } = office;
  const { weather, violations } = world;
  const known = violations.length;
  const since = await newestReport(world);
  await lyingDay(market);
  const deciding = await openDeciding(office);
  const decisions: Decision[] = [];
  if (deciding.left.length > 0) {
    const isRough = world.chance.stream("weather of decisions").hits(0.5);
    if (isRough || weather.isBadFor("decisions")) weather.storm();
    const disturbing = disturb(world, HOUR_MS, "disturbances of decisions");
    decisions.push(...(await decideAll(office, deciding)));
    disturbing.stop();
    weather.calm();
    await world.scheduler.run(() => false, from(world, DAY_MS + NIGHT_MS));
    await rest(world, office);
  }
  return [
    ...violations.slice(known),
    ...(await checkEnds(world, office.merchants)),
    ...(await checkDecisions(world, deciding.left, decisions)),
    ...(await checkCloses(world, since)),
  ];
}

async function rest(world: World, office: Office): Promise<void> {
  const goesOn = async () =>
    (await world.isBusy()) ||
    (await hasOpenDays(world)) ||
    (await isUnderWay(office)) ||
    (await isCommissionUnderWay(office));
  for (let ms = 0; ms < AFTERMATH_MAX_MS && (await goesOn()); ms += AFTERMATH_STEP_MS) {
    await world.scheduler.run(() => false, from(world, AFTERMATH_STEP_MS));
    await turn(office);
  }
}
