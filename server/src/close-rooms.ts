/**
 * The part of the composition root that builds what closes a day: each room from those below it, and the
 * steps of the close from them all.
 */
import type { FastifyRequest } from "fastify";
import {
  closeSteps,
  createDayClose,
  dayCloseRoutes,
  nightlyClose,
  startCloseWorker,
} from "./dayclose/index.ts";
import type { Keyring } from "./kernel/crypto.ts";
import type { Cell, Database } from "./kernel/database.ts";
import type { DueWorker } from "./kernel/due.ts";
import type { Http } from "./kernel/http.ts";
import type { Log } from "./kernel/log.ts";
import type { Job } from "./kernel/schedules.ts";
import { invariants, runAudit } from "./operations/index.ts";
import type { Actor, ApprovalAction, Operators, Permission } from "./operators/index.ts";

export type CloseRoomsDeps = {
  readonly cell: Cell;
  readonly operators: Operators;
  readonly keyring: Keyring;
  readonly publicUrl: () => string;
  readonly timeZone: string;
  readonly log: Log;
  /** Connections whose statements may read a whole day's rows; closed when their work is done. */
  readonly openWithTime: () => Database;
};

export type CloseAuth = {
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

export type CloseRooms = {
  routes(http: Http, auth: CloseAuth): void;
  readonly jobs: readonly Job[];
  /** What a second person approves. */
  readonly actions: readonly ApprovalAction[];
  start(): void;
  stop(): Promise<void>;
};

export function createCloseRooms(deps: CloseRoomsDeps): CloseRooms {
  const { cell, log } = deps;
  let worker: DueWorker | null = null;
  const withTime = async <T>(work: (database: Database) => Promise<T>) => {
    const database = deps.openWithTime();
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  const audit = (goOn: () => Promise<void>) =>
    withTime(async ({ db }) => {
      const results = await runAudit(db, invariants, undefined, goOn);
      return results.map(({ name, sentence, violations }) => ({
        name,
        sentence,
        violations: BigInt(violations.length),
      }));
    });
  const steps = closeSteps({ cell, withTime, audit });
  const dayClose = createDayClose({ ...deps, steps, onDue: () => worker?.nudge() });
  return {
    routes: (http, auth) => {
      dayCloseRoutes(http, { ...deps, clock: cell.clock, dayClose, ...auth });
    },
    actions: [],
    jobs: nightlyClose({ cell, dayClose, log }),
    start: () => {
      worker = startCloseWorker({ cell, dayClose, log });
    },
    stop: async () => {
      await worker?.stop();
    },
  };
}
