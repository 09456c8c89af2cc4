/** One simulated world: a platform, the sandbox's channel, shops and buyers, under one scheduler. */
import { type RunningSandbox, startSandbox } from "../../sandbox/src/index.ts";
import type { Database } from "../../server/src/kernel/database.ts";
import { testConfig } from "../../tools/testing/config.ts";
import { type Answer, bodyOf, NOTHING } from "./body.ts";
import { type Chance, createChance } from "./chance.ts";
import type { WarmPools } from "./connections.ts";
import { createKeyRing, type KeyPair, type KeyRing } from "./keys.ts";
import { NoAnswer, type Place, type Request, type Response, send } from "./network.ts";
import { balance, createPlatform, PLATFORM_URL, type Platform } from "./platform.ts";
import { createScheduler, type Owner, type Scheduler } from "./scheduler.ts";
import { createShops, type Shops } from "./shops.ts";
import { createWeather, type Weather } from "./weather.ts";

/** What one run shares between its seeds. */
export type Ground = {
  readonly databaseUrl: string;
  readonly pools: WarmPools;
  readonly pairs: readonly KeyPair[];
  /** The simulation's own eyes on the cell, past the scheduler. */
  readonly cell: Database;
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
  readonly violations: string[];
  readonly operatorKey: string;
  readonly begunAt: Date;
  /** Whether any row is still due, ever. */
  isBusy(): Promise<boolean>;
  /** The world's actors wait by this. */
  sleep(actor: Owner, ms: number): Promise<void>;
  /** Something that an actor does to a place that is always there, such as a buyer in the wallet. */
  act(actor: Owner, label: string, request: Request, place: Place): Promise<Answer>;
  /** One request of a merchant or an operator; rejects with `NoAnswer`. */
  ask(actor: Owner, request: Request, timeoutMs: number): Promise<Answer>;
};

const SANDBOX_URL = "http://sandbox.test";
/** A Friday noon in Beijing; each world begins up to a day later. */
const EPOCH = Date.parse("2026-03-06T04:00:00Z");
const DAY_MS = 86_400_000;

const NEXT_DUE = {
  name: "simulation_next_due",
  text: `select min(due_at) as due_at
   from (
     (select due_at from attempts where due_at is not null order by due_at limit 1)
     union all
     (select due_at from payments where due_at is not null order by due_at limit 1)
     union all
     (select due_at from refunds where due_at is not null order by due_at limit 1)
     union all
     (
       select greatest(d.due_at, h.paused_until)
       from deliveries d
       left join endpoint_health h on h.endpoint_id = d.endpoint_id
       where d.state = 'scheduled'
       order by 1
       limit 1
     )
   ) due`,
};

/** @param onLine sees each line of the trace. */
export async function createWorld(
  ground: Ground,
  seed: number,
  onLine?: (line: string) => void,
): Promise<World> {
  const chance = createChance(seed);
  const violations: string[] = [];
  const violated = (what: string) => violations.push(what);
  let due: Promise<Date | null> | null = null;
  const nextDue = () => {
    due ??= ground.cell.db.one<{ dueAt: Date | null }>(NEXT_DUE).then((row) => row?.dueAt ?? null);
    return due;
  };
  const begunAt = new Date(EPOCH + chance.stream("start").integer(DAY_MS));
  const scheduler = createScheduler({
    chance,
    start: begunAt,
    nextDue,
    ...(onLine === undefined ? {} : { onLine }),
  });
  const weather = createWeather(chance);
  const keys = createKeyRing(ground.pairs);
  const channelOwner: Owner = { name: "channel", alive: true };
  const clock = scheduler.clockOf(channelOwner);
  const luck = chance.stream("channel");
  const sandbox = await startSandbox({
    host: "",
    port: 0,
    store: { kind: "memory" },
    clock,
    random: {
      bytes: (count) => luck.bytes(count),
      fraction: () => luck.fraction(),
      keyPair: async () => keys.next(),
    },
    log: (line) => violated(`the sandbox logged: ${line}`),
    within: {
      url: SANDBOX_URL,
      post: async ({ url, body }) => {
        const answer = await send(
          { scheduler, weather },
          {
            from: channelOwner,
            label: `notification`,
            to: (request) => platform(request),
            request: {
              method: "POST",
              url,
              headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
              body,
            },
            timeoutMs: 10_000,
            die: null,
          },
        );
        return { status: answer.status, body: answer.body.toString("utf8") };
      },
    },
  });
  const channel: Place = async (request) => {
    const { method, url, headers, body } = request;
    const { pathname, search } = new URL(url);
    const answer = await sandbox.inject({
      method,
      url: pathname + search,
      headers,
      ...(body === null ? {} : { payload: body }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      body: answer.rawPayload,
    };
  };
  const shops = createShops(chance.stream("shops"), violated);
  const config = testConfig({ publicUrl: PLATFORM_URL });
  const machines = chance.stream("machines").weighed({ one: 2, two: 1 }) === "one" ? ["a"] : ["a", "b"];
  const platforms = machines.map((name) =>
    createPlatform({
      name,
      scheduler,
      weather,
      chance,
      pools: ground.pools,
      config,
      databaseUrl: ground.databaseUrl,
      channel,
      shops: shops.answer,
      violated,
      onWrite: () => {
        due = null;
      },
    }),
  );
  const platform = balance(platforms, chance.stream("balance"));

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
    operatorKey: config.operatorKey,
    begunAt,
    isBusy: async () => (await nextDue()) !== null,
    sleep: (actor, ms) =>
      new Promise((resolve) => {
        scheduler.event(actor, "waits", ms, () => resolve());
      }),
    act: (actor, label, request, place) =>
      new Promise((resolve) => {
        scheduler.event(actor, label, weather.wayMs(), () => {
          place(request).then(
            (response) => {
              scheduler.event(actor, `${label} done`, weather.wayMs(), ({ note }) => {
                note(String(response.status));
                resolve(answerOf(response));
              });
            },
            () => resolve({ status: 0, body: NOTHING }),
          );
        });
      }),
    ask: async (actor, request, timeoutMs) =>
      answerOf(
        await send(
          { scheduler, weather },
          {
            from: actor,
            label: `${request.method} ${pathShape(request.url)}`,
            to: platform,
            request,
            timeoutMs,
            die: null,
          },
        ),
      ),
  };
}

export { NoAnswer };

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

export function sandboxUrl(path: string): string {
  return SANDBOX_URL + path;
}

export function platformUrl(path: string): string {
  return PLATFORM_URL + path;
}

function pathShape(url: string): string {
  return new URL(url).pathname.replace(/\b(pay|rfd|mch|cha|whe)_[0-9a-z]{26}/g, "{id}");
}

function answerOf(response: Response): Answer {
  return { status: response.status, body: bodyOf(response.body) };
}
