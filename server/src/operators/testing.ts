import assert from "node:assert/strict";
import type { InjectOptions } from "fastify";
import { createTestDatabase } from "../../../tools/testing/database.ts";
import { type Clock, plus, type Random, systemClock, systemRandom } from "../kernel/clock.ts";
import { createHttp, type Http } from "../kernel/http.ts";
import { createIdMaker, type IdMaker } from "../kernel/ids.ts";
import { createLog, type Log } from "../kernel/log.ts";
import { openPlatform, type Platform } from "../kernel/revision.ts";
import { type ApprovalAction, type Approvals, createApprovals } from "./approvals.ts";
import type { Role } from "./model.ts";
import { registerOperators } from "./routes.ts";
import { createOperators, type Operators } from "./service.ts";

/** A clock that stands still until moved; waiting is real. */
export type TestClock = Clock & { move(ms: number): void };

export function createTestClock(start = new Date("2026-03-01T08:00:00.000Z")): TestClock {
  let now = start;
  return {
    ...systemClock,
    now: () => now,
    move: (ms) => {
      now = plus(now, ms);
    },
  };
}

/** What JSON.parse gives: an answer's shape is what the tests assert. */
type Anything = ReturnType<JSON["parse"]>;

export type Answer = { readonly status: number; readonly body: Anything; readonly text: string };

/** The back office over a database of its own, reached through HTTP as its users reach it. */
export type BackOffice = {
  readonly deps: {
    readonly platform: Platform;
    readonly clock: TestClock;
    readonly random: Random;
    readonly newId: IdMaker;
    readonly log: Log;
  };
  readonly http: Http;
  readonly operators: Operators;
  readonly approvals: () => Approvals;
  /** Every line that was logged. */
  readonly logged: string[];
  /** The bootstrap operator's token. */
  readonly token: string;
  /** Asks as the bootstrap operator, unless another secret is given. */
  call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    url: string,
    body?: unknown,
    as?: string,
  ): Promise<Answer>;
  /** Makes an operator; gives its token. */
  hire(name: string, ...roles: Role[]): Promise<string>;
  close(): Promise<void>;
};

/** Rooms above add their routes in `extend`, and the actions that approvals carry out. */
export async function startBackOffice(
  extend: (office: BackOffice) => readonly ApprovalAction[] = () => [],
): Promise<BackOffice> {
  const database = await createTestDatabase();
  const logged: string[] = [];
  const log = createLog({ level: "trace", readable: false, write: (line) => logged.push(line) });
  const clock = createTestClock();
  const platform = openPlatform({ url: database.url, readersMax: 4, writersMax: 4, log }, clock);
  const random = systemRandom;
  const deps = { platform, clock, random, newId: createIdMaker({ clock, random }, 0), log };
  const operators = createOperators(deps);
  const token = `op_${random.bytes(32).toString("hex")}`;
  await operators.ensureBootstrap(token);
  const http = await createHttp({
    log,
    random,
    version: "0.0.0",
    publicUrl: "http://127.0.0.1",
    trustProxy: false,
  });
  const call: BackOffice["call"] = async (method, url, body, as = token) => {
    const options: InjectOptions = { method, url, headers: { authorization: `Bearer ${as}` } };
    const answer = await http.inject(body === undefined ? options : { ...options, payload: body as object });
    return {
      status: answer.statusCode,
      body: answer.body === "" ? null : answer.json(),
      text: answer.body,
    };
  };
  let approvals: Approvals;
  const office: BackOffice = {
    deps,
    http,
    operators,
    approvals: () => approvals,
    logged,
    token,
    call,
    hire: async (name, ...roles) => {
      const made = await call("POST", "/v1/ops/operators", { name, roles });
      assert.equal(made.status, 201, made.text);
      return made.body.token;
    },
    close: async () => {
      await http.close();
      await platform.close();
      await database.drop();
    },
  };
  const actions = extend(office);
  approvals = createApprovals({ ...deps, operators, actions });
  registerOperators(http, { platform, operators, approvals });
  await http.ready();
  return office;
}

/** Sorts statuses. */
export function ascending(left: number, right: number): number {
  return left - right;
}

/** The problem that a refused call answers with. */
export function refused(answer: Answer): [status: number, code: string, field: string | undefined] {
  return [answer.status, answer.body.code, answer.body.field];
}
