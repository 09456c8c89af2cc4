/**
 * One scheduler owns time and order. Whatever happens in a simulated world is an *event* with an instant
 * before which it does not happen; of all that could happen now, the seed picks one, which runs until
 * nothing moves any more. When nothing can happen now, time jumps to the next instant at which something can.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../server/src/kernel/clock.ts";
import type { Chance } from "./chance.ts";

/** Who an event belongs to. What belongs to a process that has died never happens. */
export type Owner = {
  readonly name: string;
  alive: boolean;
  /** Called once when it dies: what the garbage collector cannot see that nobody waits for. */
  readonly releases?: Set<() => void>;
  /** A process that stands still: nothing of it happens before this instant, in milliseconds. */
  stillUntil?: number;
};

/** What an event says of itself while it runs. */
export type Told = {
  /** Its line of the trace says this besides its label. */
  note(text: string): void;
  /** What follows from here on is no part of it any more. */
  over(): void;
};

export type Scheduler = {
  now(): Date;
  /** The clock of one owner. */
  clockOf(owner: Owner): Clock;
  /** Something happens, not before `delayMs` from now; what it sets off are events of their own. */
  event(owner: Owner, label: string, delayMs: number, run: (told: Told) => void): () => void;
  /**
   * The same, waited for: all that it does in the database is a part of it, and nothing happens meanwhile.
   */
  atom(owner: Owner, label: string, delayMs: number, run: (told: Told) => Promise<void>): () => void;
  /** True while an atom runs. */
  readonly isRunning: boolean;
  /**
   * Runs events until `done` says so, or until nothing is left before `end`. Throws when there is no rest in
   * sight after as many steps as a world may take.
   */
  run(done: () => boolean, end: Date): Promise<"done" | "ended">;
  readonly trace: Trace;
};

export type Trace = {
  readonly steps: number;
  /** The last steps, oldest first. */
  readonly lines: readonly string[];
  hash(): string;
};

/** When rows are next due, as far as pollers look; null: none is. */
export type NextDue = {
  readonly any: Date | null;
  /** Of those pollers that look at their own rows alone, by their names. */
  readonly of: ReadonlyMap<string, Date | null>;
};

export type SchedulerDeps = {
  readonly chance: Chance;
  readonly start: Date;
  /** When the next row is due in the database. */
  readonly nextDue: () => Promise<NextDue>;
  readonly stepsMax: number;
  /** Sees each line of the trace. */
  readonly onLine?: (line: string) => void;
};

type Event = {
  readonly owner: Owner;
  readonly label: string;
  at: number;
  /** What that was when it was made. */
  readonly firstAt: number;
  readonly madeAt: number;
  /** A poller's pause, which repeats by itself: its length. */
  readonly pauseMs: number | null;
  /** Whose pause it is; null: nobody has said, or it is none. */
  readonly worker: string | null;
  readonly atomic: boolean;
  readonly run: (told: Told) => Promise<void> | void;
};

/** No pause, and no poller's. */
const OF_NOBODY = { pauseMs: null, worker: null } as const;

const LINES_KEPT = 60;
/** Turns of the event loop in which nothing new may appear before the world is held to be at rest. */
const QUIET_TURNS = 3;
/** Beijing's midnight: nobody's pause is skipped past a change of the day. */
const DAY_MS = 86_400_000;
const BEIJING_MS = 8 * 3_600_000;

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const order = deps.chance.stream("order");
  const events: Event[] = [];
  const digest = createHash("sha256");
  const lines: string[] = [];
  let steps = 0;
  let now = deps.start.getTime();
  let activity = 0;
  let running = false;

  const add = (event: Event): (() => void) => {
    activity += 1;
    events.push(event);
    return () => {
      const index = events.indexOf(event);
      if (index !== -1) events.splice(index, 1);
    };
  };

  const write = (event: Event, notes: readonly string[]) => {
    steps += 1;
    const at = new Date(now).toISOString();
    const line = `${steps} ${at} ${event.owner.name} ${[event.label, ...notes].join(" ")}`;
    digest.update(line).update("\n");
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    deps.onLine?.(line);
  };

  /** Waits until all that an event set off has come to rest: what is left waits for another event. */
  const rest = async () => {
    let seen = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      if (seen !== activity) quiet = 0;
      seen = activity;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  };

  const step = async (event: Event) => {
    const notes: string[] = [];
    running = event.atomic;
    const result = event.run({
      note: (text) => notes.push(text),
      over: () => {
        running = false;
      },
    });
    if (event.atomic) await result;
    running = false;
    write(event, notes);
    await rest();
  };

  const ready = () => {
    for (let i = events.length - 1; i >= 0; i -= 1) {
      if (!(events[i] as Event).owner.alive) events.splice(i, 1);
    }
    return events.filter((event) => possibleAt(event) <= now);
  };

  /** Moves time to the next instant at which something can happen; false when that is past the end. */
  const jump = async (end: number): Promise<boolean> => {
    const hard = earliest(events.filter((event) => event.pauseMs === null));
    const pauses = events.filter((event) => event.pauseMs !== null);
    if (pauses.some(({ firstAt }) => firstAt < Math.min(hard, end))) {
      const { any, of } = await deps.nextDue();
      const midnight = (dayOf(now) + 1) * DAY_MS - BEIJING_MS;
      // Looks that would find nothing are skipped: each poller looks next at its own beat.
      const bound = Math.min(hard, any?.getTime() ?? Number.POSITIVE_INFINITY, midnight, end);
      for (const pause of pauses) {
        const due = pause.worker === null ? undefined : of.get(pause.worker);
        // The first look of a day is one that finds something: the day is to be cut over.
        const isFirstOfDay = dayOf(pause.at) > dayOf(pause.madeAt);
        if (due === null) pause.at = Number.POSITIVE_INFINITY;
        else if (due !== undefined) pause.at = beat(pause, Math.max(due.getTime(), now));
        else if (pause.at < bound && !isFirstOfDay) pause.at = beat(pause, bound);
      }
    }
    const next = earliest(events);
    if (next >= end) {
      now = Math.max(now, end);
      return false;
    }
    now = Math.max(now, next);
    return true;
  };

  return {
    now: () => new Date(now),
    event: (owner, label, delayMs, run) => {
      const at = now + Math.max(0, delayMs);
      return add({ ...OF_NOBODY, owner, label, at, firstAt: at, madeAt: now, atomic: false, run });
    },
    atom: (owner, label, delayMs, run) => {
      const at = now + Math.max(0, delayMs);
      return add({ ...OF_NOBODY, owner, label, at, firstAt: at, madeAt: now, atomic: true, run });
    },
    clockOf: (owner) => ({
      now: () => {
        activity += 1;
        return new Date(now);
      },
      after: (ms, run) => {
        const fire = () => {
          run();
        };
        const at = now + Math.max(0, ms);
        const timer = { owner, label: "timer", at, firstAt: at, madeAt: now, run: fire };
        return add({ ...OF_NOBODY, ...timer, atomic: false });
      },
      sleep: (ms, signal, worker) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) {
            resolve();
            return;
          }
          // Only pollers pause in a way that can be called off.
          const pauseMs = signal === undefined ? null : Math.max(1, ms);
          const label = pauseMs === null ? "sleep" : "pause";
          const at = now + Math.max(0, ms);
          const release = () => {
            signal?.removeEventListener("abort", abort);
            owner.releases?.delete(release);
          };
          const wake = () => {
            release();
            resolve();
          };
          const times = { at, firstAt: at, madeAt: now, pauseMs };
          const of = { owner, label, worker: worker ?? null };
          const cancel = add({ ...of, ...times, atomic: false, run: wake });
          const abort = () => {
            cancel();
            wake();
          };
          // A signal made of others is kept alive by whoever listens to it.
          signal?.addEventListener("abort", abort);
          owner.releases?.add(release);
        }),
    }),
    get isRunning() {
      return running;
    },
    run: async (done, end) => {
      await rest();
      while (!done()) {
        if (steps >= deps.stepsMax) throw new Error(`the world has no rest after ${steps} steps`);
        const possible = ready();
        if (possible.length === 0) {
          if (!(await jump(end.getTime()))) return "ended";
          continue;
        }
        const chosen = order.pick(possible);
        events.splice(events.indexOf(chosen), 1);
        await step(chosen);
      }
      return "done";
    },
    trace: {
      get steps() {
        return steps;
      },
      lines,
      hash: () => digest.copy().digest("hex").slice(0, 16),
    },
  };
}

/** The first instant from `bound` on at which a poller whose looks found nothing would look. */
function beat({ firstAt, pauseMs }: Event, bound: number): number {
  if (firstAt >= bound || pauseMs === null) return firstAt;
  return firstAt + Math.ceil((bound - firstAt) / pauseMs) * pauseMs;
}

/** Beijing's days, counted. */
function dayOf(ms: number): number {
  return Math.floor((ms + BEIJING_MS) / DAY_MS);
}

function earliest(events: readonly Event[]): number {
  return events.reduce((least, event) => Math.min(least, possibleAt(event)), Number.POSITIVE_INFINITY);
}

function possibleAt(event: Event): number {
  return Math.max(event.at, event.owner.stillUntil ?? 0);
}
