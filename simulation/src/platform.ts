/**
 * The platform's process in a simulated world: it is built, dies, and is built again over the same database.
 */
import { type App, buildApp, type Edges } from "../../server/src/app.ts";
import type { CloseEdges } from "../../server/src/close-rooms.ts";
import type { Config } from "../../server/src/config.ts";
import { DAY, type Random, startOfDate } from "../../server/src/kernel/clock.ts";
import type { SchemaCompilers } from "../../server/src/kernel/http-compilers.ts";
import { createLog } from "../../server/src/kernel/log.ts";
import type { Chance } from "./chance.ts";
import { openSimulated, type WarmPools } from "./connections.ts";
import { channelHttpOver, NoAnswer, type Place, type Response, type Sender, send } from "./network.ts";
import type { Owner, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

export const PLATFORM_URL = "http://platform.test";

/** One simulated machine that the platform runs on. */
export type Platform = {
  /** Answers a request, or rejects because nobody does. */
  readonly answer: Place;
  /** Builds the process and keeps it running, until the world ends. */
  start(): void;
  /** Ends the process at once, as a power failure would. */
  kill(why: string): void;
  /** The process stands still for so long, as one that is stopped and continued. */
  stall(ms: number): void;
  readonly isUp: boolean;
  readonly crashes: number;
};

export type PlatformDeps = {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly chance: Chance;
  readonly pools: WarmPools;
  readonly compilers: SchemaCompilers;
  readonly config: Config;
  readonly databaseUrl: string;
  /** Of all its processes: what they keep in files, and what compares for them. */
  readonly close: Required<Pick<CloseEdges, "engine" | "statementFiles">>;
  readonly channel: Place;
  readonly shops: Place;
  /** Something that must never happen did. */
  readonly violated: (what: string) => void;
  readonly onWrite: () => void;
  /** What a process says of a line's health. */
  readonly heard: (circuit: HealthWord) => void;
  /** A process ended, and all that it kept in memory is gone. */
  readonly died: (process: string) => void;
};

/**
 * What a process says of an account's line for one kind of scene: `opened`, `half_open`, `closed`, and what
 * it is told by.
 */
export type HealthWord = {
  readonly process: string;
  readonly account: string;
  readonly kind: string;
  readonly event: string;
  readonly why: string;
};

/** Longer than any lease of a call, and shorter than what anybody waits for. */
const STILL_MS = [45_000, 150_000] as const;

/** The reason of an end that is no disturbance. */
export const WITH_ITS_WORLD = "with its world";

type Process = { readonly owner: Owner; app: App | null; readonly waiting: Set<(error: Error) => void> };

export function createPlatform(deps: PlatformDeps): Platform {
  const { scheduler, weather, chance } = deps;
  const machine: Owner = { name: `machine ${deps.name}`, alive: true };
  const random = randomOf(chance.stream(`platform ${deps.name}`));
  const deaths = chance.stream(`deaths ${deps.name}`);
  const stillness = chance.stream(`stillness ${deps.name}`);
  let running: Process | null = null;
  let crashes = 0;
  let built = 0;

  const kill = (why: string) => {
    if (running === null) return;
    crashes += 1;
    if (why !== WITH_ITS_WORLD) weather.tally.add("crashes", why);
    running.owner.alive = false;
    deps.died(running.owner.name);
    for (const release of running.owner.releases ?? []) release();
    for (const give of running.waiting) give(new NoAnswer("the connection was reset"));
    running = null;
    scheduler.atom(machine, `starts again, died ${why}`, restartMs(), start);
  };
  const stall = (ms: number) => {
    if (running === null) return;
    weather.tally.add("fate", "a process stands still");
    running.owner.stillUntil = scheduler.now().getTime() + ms;
  };
  const restartMs = () => (deaths.hits(0.2) ? deaths.between(10_000, 300_000) : deaths.between(50, 5_000));

  const start = async () => {
    built += 1;
    const owner: Owner = { name: `${deps.name}${built}`, alive: true, releases: new Set() };
    const process: Process = { owner, app: null, waiting: new Set() };
    running = process;
    const sender: Sender = {
      die: (why) => {
        if (running === process) kill(why);
      },
      standStill: () => {
        if (running === process) stall(stillness.between(...STILL_MS));
      },
    };
    const build = build_(deps, random, owner, sender).then((app) => {
      process.app = app;
    });
    // A process that dies while it starts leaves its start unfinished.
    const ended = new Promise<void>((resolve) => owner.releases?.add(resolve));
    await Promise.race([build.catch(() => sender.die("at its start")), ended]);
    // What the workers do first are events of their own.
    scheduler.event(owner, "works", 0, () => process.app?.start());
  };

  return {
    answer: (request) =>
      new Promise<Response>((resolve, reject) => {
        const process = running;
        if (process?.app == null) {
          reject(new NoAnswer("connect ECONNREFUSED", true));
          return;
        }
        process.waiting.add(reject);
        const { method, url, headers, body } = request;
        const { pathname, search } = new URL(url);
        process.app.http
          .inject({ method, url: pathname + search, headers, ...(body === null ? {} : { payload: body }) })
          .then(
            (answer) => {
              process.waiting.delete(reject);
              resolve({
                status: answer.statusCode,
                headers: answer.headers as Record<string, string>,
                body: answer.rawPayload,
              });
            },
            (error: Error) => {
              process.waiting.delete(reject);
              reject(error);
            },
          );
      }),
    start: () => {
      scheduler.atom(machine, "starts", 0, start);
    },
    kill,
    stall,
    get isUp() {
      return running?.app != null;
    },
    get crashes() {
      return crashes;
    },
  };
}

/** One address for several machines: a request goes to one that is up. */
export function balance(platforms: readonly Platform[], chance: Chance): Place {
  return (request) => {
    const up = platforms.filter((platform) => platform.isUp);
    return chance.pick(up.length === 0 ? platforms : up).answer(request);
  };
}

async function build_(deps: PlatformDeps, random: Random, owner: Owner, sender: Sender): Promise<App> {
  const { scheduler, weather, config, databaseUrl, pools } = deps;
  const network = { scheduler, weather };
  const log = createLog({
    level: "info",
    readable: false,
    write: (line) => hear(deps, owner.name, line),
  });
  const app = await buildApp({
    config,
    databaseUrl,
    clock: scheduler.clockOf(owner),
    random,
    log,
    edges: {
      compilers: deps.compilers,
      ...deps.close,
      around: (what, work) => asOne(deps, owner, what, work),
      openConnections: openSimulated({
        scheduler,
        weather,
        owner,
        pools,
        die: sender.die,
        onWrite: deps.onWrite,
        onError: (error) => {
          if ((error as { code?: string }).code === "40P01") deps.violated("PostgreSQL found a deadlock");
        },
      }),
      channelHttp: channelHttpOver(network, { owner, sender }, deps.channel),
      post: async ({ url, headers, body, timeoutMs, signal }) => {
        const label = `webhook ${url.pathname}`;
        const request = { method: "POST" as const, url: url.href, headers, body };
        const sending = send(network, { from: owner, label, to: deps.shops, request, timeoutMs, sender });
        const { status, body: answer } = await unlessAborted(owner, signal, sending);
        return { status, body: answer.toString("utf8") };
      },
    } satisfies Edges,
  });
  await app.http.ready();
  return app;
}

/** Work with files and the engine, which no scheduler orders: one event, in which nothing goes wrong. */
function asOne<T>(
  { scheduler, weather }: PlatformDeps,
  owner: Owner,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (weather.isHushed) return work();
  return new Promise((resolve, reject) => {
    scheduler.atom(owner, what, weather.queueMs(), async ({ over }) => {
      const settle = await weather.hushed(() =>
        work().then(
          (value) => () => resolve(value),
          (error: unknown) => () => reject(error as Error),
        ),
      );
      // Whoever waits for it goes on behind it, not within.
      over();
      settle();
    });
  });
}

/** What is awaited, or the signal's reason once it aborts. */
function unlessAborted<T>(owner: Owner, signal: AbortSignal, awaited: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = () => {
      signal.removeEventListener("abort", abort);
      owner.releases?.delete(release);
    };
    const abort = () => {
      release();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort);
    owner.releases?.add(release);
    if (signal.aborted) abort();
    awaited.then(resolve, reject).finally(release);
  });
}

/** What the platform may log as an error in rough weather: that PostgreSQL was away, or too slow. */
const EXPECTED_CODES = ["database_unavailable", "outcome_unknown", "overloaded", "stopping"];

/** Errors are violations; circuits that open and close are remembered. */
function hear(deps: PlatformDeps, process: string, line: string): void {
  const told = JSON.parse(line) as Line & { level: string };
  if (told.alarm !== undefined) reportAlarm(deps, told);
  else if (told.level === "error" || told.level === "fatal" || told.step !== undefined)
    reportError(deps, told);
  else if (told.channel_account !== undefined && told.event !== undefined) {
    const { channel_account: account, kind = "", event, why = "" } = told;
    deps.heard({ process, account, kind, event, why });
  }
}

type Line = {
  msg: string;
  /** A step of the close, whose failed try is told as a warning. */
  step?: string;
  alarm?: string;
  accountingDate?: string;
  channel_account?: string;
  kind?: string;
  event?: string;
  why?: string;
  code?: string;
  err?: { code?: string; message?: string; stack?: string };
};

function reportError(deps: PlatformDeps, { msg, code, err }: Line): void {
  if (EXPECTED_CODES.includes(code ?? err?.code ?? "")) return;
  deps.violated(`the platform logged an error: ${msg}: ${err?.stack ?? code ?? ""}`);
}

/** A date that is over for longer than this is closed in any weather. */
const CLOSE_LATE_MS = 2 * DAY;

/**
 * An alarm tells a person to look; machines that die at night cause one. What failed was told before it, so
 * it is a violation only where the close is not done a day after its date was cut over.
 */
function reportAlarm(deps: PlatformDeps, { msg, accountingDate = "" }: Line): void {
  const begins = startOfDate(deps.config.timeZone, accountingDate);
  if (deps.scheduler.now().getTime() - begins.getTime() < CLOSE_LATE_MS) return;
  deps.violated(`the platform raised an alarm: ${msg}: ${accountingDate}`);
}

function randomOf(chance: Chance): Random {
  return { bytes: (length) => chance.bytes(length), integer: (below) => chance.integer(below) };
}
