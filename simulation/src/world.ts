/** One simulated world: a platform, the sandbox's channel, shops and buyers, under one scheduler. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { RunningSandbox } from "../../sandbox/src/index.ts";
import type { Database } from "../../server/src/kernel/database.ts";
import type { SchemaCompilers } from "../../server/src/kernel/http-compilers.ts";
import type { Engine } from "../../server/src/reconciliation/index.ts";
import { testConfig } from "../../tools/testing/config.ts";
import { type Answer, bodyOf, NOTHING } from "./body.ts";
import { type Chance, createChance } from "./chance.ts";
import { startChannel } from "./channel.ts";
import type { CircuitEvent, Death } from "./circuits.ts";
import type { WarmPools } from "./connections.ts";
import { watchDue } from "./due.ts";
import { createFiles } from "./files.ts";
import { createKeyRing, type KeyPair, type KeyRing } from "./keys.ts";
import { type NetworkDeps, type Place, type Request, type Response, send } from "./network.ts";
import { createLines, type Lines } from "./outages.ts";
import { balance, createPlatform, type HealthWord, PLATFORM_URL, type Platform } from "./platform.ts";
import { createScheduler, type Owner, type Scheduler } from "./scheduler.ts";
import { createShops, type Shops } from "./shops.ts";
import { createWeather, type Weather } from "./weather.ts";

/** What one run shares between its seeds. */
export type Ground = {
  readonly databaseUrl: string;
  readonly pools: WarmPools;
  readonly pairs: readonly KeyPair[];
  readonly compilers: SchemaCompilers;
  /** The simulation's own eyes on the cell, past the scheduler. */
  readonly cell: Database;
  /** For files of its worlds, each in a folder of its own there. */
  readonly folder: string;
  /** One that compares the days of all its worlds. */
  readonly engine: Engine;
};

export type World = {
  readonly seed: number;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  /** The machines that the platform runs on, each a process over the one database. */
  readonly platforms: readonly Platform[];
  /** Their one address. */
  readonly platform: Place;
  readonly sandbox: RunningSandbox;
  readonly channel: Place;
  readonly shops: Shops;
  readonly keys: KeyRing;
  readonly ground: Ground;
  /** The channel as the platform's machines reach it, contract by contract. */
  readonly lines: Lines;
  /** What the machines said of accounts that left rotation and came back. */
  readonly circuits: readonly CircuitEvent[];
  readonly deaths: readonly Death[];
  /** This seed keeps its one process alive while a line is broken and until it has come back. */
  readonly hasLongCalm: boolean;
  /** We are licensed to hold what receivers get of payments. */
  readonly mayHoldShares: boolean;
  readonly violations: string[];
  /** Channels at which a key was replaced: what was signed with it before is refused there. */
  readonly replacedKeysAt: Set<string>;
  readonly operatorKey: string;
  readonly begunAt: Date;
  /** It began on the last day of a month. */
  readonly endsMonth: boolean;
  /** Its merchants may have what came in on the day itself. */
  readonly hasSameDay: boolean;
  /** Where its processes keep files. */
  readonly dataDir: string;
  /** Whether any row is still due but for the calendar's. */
  isBusy(): Promise<boolean>;
  /** The world's actors wait by this. */
  sleep(actor: Owner, ms: number): Promise<void>;
  /** Something that an actor does to a place that is always there, such as a buyer in the wallet. */
  act(actor: Owner, label: string, request: Request, place: Place): Promise<Answer>;
  /** One request of a merchant or an operator; rejects with `NoAnswer`. */
  ask(actor: Owner, request: Request, timeoutMs: number): Promise<Answer>;
};

/** So many of the seeds. */
const LONG_CALM_SHARE = 0.4;
/** And in so many we may split in our own books. */
const LICENSED = 0.5;
/** So many have merchants with T+0. */
const SAME_DAY = 0.15;
/** A Friday noon in Beijing; each world begins up to a day later, some shortly before a day changes. */
const EPOCH = Date.parse("2026-03-06T04:00:00Z");
/** So many begin on the last day of a month: it is over, and closed, when they pay out. */
const MONTH_ENDS = 0.2;
const HOUR_MS = 3_600_000;
const BEIJING_MS = 8 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
/** After noon in Beijing: UnionPay's clearing day ends at 23:00, others' at midnight, Stripe's in UTC. */
const UNIONPAY_ENDS_MS = 11 * HOUR_MS;
const DAYS_END_MS = [UNIONPAY_ENDS_MS, 12 * HOUR_MS, 20 * HOUR_MS];

export type WorldOptions = {
  readonly stepsMax: number;
  /** Sees each line of the trace. */
  readonly onLine?: (line: string) => void;
};

export async function createWorld(ground: Ground, seed: number, options: WorldOptions): Promise<World> {
  const chance = createChance(seed);
  const violations: string[] = [];
  const violated = (what: string) => violations.push(what);
  const due = watchDue(ground.cell);
  const weather = createWeather(seed, chance);
  const beginning = beginningOf(chance, weather);
  const scheduler = createScheduler({ chance, start: beginning.begunAt, nextDue: due.next, ...options });
  const keys = createKeyRing(ground.pairs);
  const shops = createShops(chance.stream("shops"), violated);
  const dataDir = mkdtempSync(join(ground.folder, `${seed}-`));
  const rights = rightsOf(chance, weather);
  const { mayHoldShares } = rights;
  const config = testConfig({ publicUrl: PLATFORM_URL, dataDir, closeAt: "00:10", mayHoldShares });
  const platforms: Platform[] = [];
  const platform = balance(platforms, chance.stream("balance"));
  const common = { scheduler, weather, chance, violated };
  const { sandbox, channel } = await startChannel({ ...common, keys, platform });
  const { databaseUrl, pools, compilers, engine } = ground;
  const close = { engine, statementFiles: createFiles() };
  const lines = createLines((name) => weather.tally.add("routing", name));
  const circuits: CircuitEvent[] = [];
  const deaths: Death[] = [];
  const hasLongCalm =
    chance.stream("longer calm").hits(LONG_CALM_SHARE) && !weather.isDeadly && !weather.isStilling;
  const heard = (word: HealthWord) => {
    circuits.push({ ...word, at: scheduler.now().getTime() });
    weather.tally.add("routing", `${word.event}${word.why === "" ? "" : `, by ${word.why}`}`);
  };
  const died = (process: string) => void deaths.push({ process, at: scheduler.now().getTime() });
  const places = { channel: lines.over(channel), shops: shops.answer, heard, died };
  // Circuits are each process's own: one that hears of every call is one that opens.
  const areTwo = (chance.stream("machines").hits(1 / 3) && !hasLongCalm) || weather.isStilling;
  for (const name of areTwo ? ["a", "b"] : ["a"]) {
    const own = { name, config, databaseUrl, pools, compilers, close, onWrite: due.forget };
    platforms.push(createPlatform({ ...common, ...places, ...own }));
  }
  return {
    seed,
    chance,
    scheduler,
    weather,
    platforms,
    platform,
    sandbox,
    channel,
    shops,
    keys,
    ground,
    violations,
    replacedKeysAt: new Set(),
    lines,
    circuits,
    deaths,
    hasLongCalm,
    ...rights,
    operatorKey: config.operatorKey,
    ...beginning,
    dataDir,
    isBusy: due.isBusy,
    ...doings({ scheduler, weather }, platform),
  };
}

function rightsOf(chance: Chance, weather: Weather): Pick<World, "mayHoldShares" | "hasSameDay"> {
  // Without a trap of its own: what lies in wait for shares lies at the channel's.
  const isLicensed = weather.isBadFor("owed") || chance.stream("licence").hits(LICENSED);
  return {
    mayHoldShares: isLicensed && !weather.isBadFor("shares"),
    hasSameDay: weather.isBadFor("sameDay") || chance.stream("same day").hits(SAME_DAY),
  };
}

function beginningOf(chance: Chance, weather: Weather): Pick<World, "begunAt" | "endsMonth"> {
  const endsMonth = weather.isBadFor("costs") || chance.stream("month").hits(MONTH_ENDS);
  const luck = chance.stream("start");
  const start = EPOCH + (weather.isBadFor("unionpay") ? ordersBefore(UNIONPAY_ENDS_MS, luck) : startOf(luck));
  return { begunAt: new Date(endsMonth ? onLastDay(start) : start), endsMonth };
}

/** The same time of day on the month's last day in Beijing. */
function onLastDay(at: number): number {
  const day = new Date(at + BEIJING_MS);
  const last = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0));
  return at + (last.getUTCDate() - day.getUTCDate()) * DAY_MS;
}

/** The date in Beijing so much later. */
export function dateIn(at: Date, ms: number): string {
  return new Date(at.getTime() + BEIJING_MS + ms).toISOString().slice(0, 10);
}

/** What a channel still undoes on its own day it refuses on the next. */
function startOf(luck: Chance): number {
  return luck.hits(0.3) ? shortlyBefore(luck.pick(DAYS_END_MS), luck) : luck.integer(DAY_MS);
}

/** So long before that most orders are paid by then. */
function ordersBefore(ms: number, luck: Chance): number {
  return shortlyBefore(ms, luck) - HOUR_MS / 2;
}

function shortlyBefore(ms: number, luck: Chance): number {
  return ms - luck.integer(HOUR_MS / 2);
}

/** What the world's actors do. */
function doings(network: NetworkDeps, platform: Place): Pick<World, "sleep" | "act" | "ask"> {
  const { scheduler, weather } = network;
  return {
    sleep: (actor, ms) =>
      new Promise((resolve) => {
        scheduler.event(actor, "waits", ms, () => resolve());
      }),
    act: (actor, label, request, place) =>
      new Promise((resolve) => {
        const done = (response: Response) => {
          scheduler.event(actor, `${label} done`, weather.wayMs(), ({ note }) => {
            note(String(response.status));
            resolve(answerOf(response));
          });
        };
        scheduler.event(actor, label, weather.wayMs(), () => {
          place(request).then(done, () => resolve({ status: 0, body: NOTHING }));
        });
      }),
    ask: async (actor, request, timeoutMs) => {
      const label = `${request.method} ${pathShape(request.url)}`;
      return answerOf(
        await send(network, { from: actor, label, to: platform, request, timeoutMs, sender: null }),
      );
    },
  };
}

/** A request with a JSON body. */
export function jsonRequest(
  method: Request["method"],
  url: string,
  body: unknown,
  token: string | null = null,
): Request {
  return {
    method,
    url,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  };
}

export function platformUrl(path: string): string {
  return PLATFORM_URL + path;
}

function pathShape(url: string): string {
  return new URL(url).pathname.replace(
    /\b(pay|rfd|dsp|mch|cha|whe|apr|bac|brk|cms|pyt|pyb|opr|rcv|shr)_[0-9a-z]{26}/g,
    "{id}",
  );
}

function answerOf(response: Response): Answer {
  return { status: response.status, body: bodyOf(response.body) };
}
