import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { DAY, HOUR, plus, SECOND } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { type GoOn, progressOf } from "../kernel/progress.ts";
import { ensureDay } from "../ledger/index.ts";
import { createTestCell, type TestCell } from "../ledger/testing/books.ts";
import type { Scope } from "../reconciliation/index.ts";
import { createAlarms } from "./alarms.ts";
import type { StepEnd, StepWork } from "./model.ts";
import { createDayClose } from "./service.ts";
import { type CloseStepsDeps, closeSteps } from "./steps.ts";
import { cutOverNext } from "./testing/cut-over.ts";

const ZONE = "Asia/Shanghai";
const clock = createMovableClock();
let cell: TestCell;
before(async () => {
  cell = await createTestCell(clock);
  await ensureDay(cell, ZONE);
});
after(() => cell.close());

const closedDate = () => cutOverNext(cell, clock);

/** What a try tells of `done` and `left`, a second of work before each, and how it ends. */
type Script = { readonly tells: readonly (readonly [number, number])[]; readonly end: () => StepEnd };

const fails = () => {
  throw new Error("no disk");
};
const waits = (): StepEnd => ({ end: "waiting", waitsFor: "a channel" });
const done = (): StepEnd => ({ end: "done", detail: "", result: {} });

async function play({ tells, end }: Script, goOn: GoOn): Promise<StepEnd> {
  for (const [units, left] of tells) {
    clock.advance(SECOND);
    await goOn({ done: BigInt(units), left: BigInt(left) });
  }
  clock.advance(SECOND);
  return end();
}

/**
 * Carries a run on, an hour between its tries; its first step after each: its units, left, seconds worked.
 */
async function triesOf(steps: readonly StepWork[], tries: number, stopAt?: { readonly ask: number }) {
  const date = await closedDate();
  const log = silentLog();
  const alarms = createAlarms({ cell, log, timeZone: ZONE, closeAt: null });
  const operators = { auditAlone: async () => undefined };
  const close = createDayClose({ cell, operators, log, steps, alarms, onDue: () => {} });
  await close.request(date, null);
  const seen: string[] = [];
  const began = new Set<number | undefined>();
  for (let at = 0, asked = 0; at < tries; at += 1) {
    clock.advance(HOUR);
    const [run] = await close.claim(1);
    assert.ok(run?.accountingDate === date);
    await close.advance(run, () => {
      asked += 1;
      return asked === stopAt?.ask;
    });
    const [step] = (await close.get(date)).steps;
    assert.ok(step !== undefined);
    began.add(step.beganAt?.getTime());
    const seconds = Number(step.workedMs) / SECOND;
    seen.push(
      `${step.state} ${step.unitsDone} ${step.unitsLeft}, ${step.unitsWorked} in ${Math.floor(seconds)} s`,
    );
  }
  assert.equal(began.size, 1, "it began with its first try");
  return seen;
}

function scripted(scripts: readonly Script[], countsRest: boolean): StepWork[] {
  const left = [...scripts];
  return [
    {
      name: "only",
      title: "Do it",
      countsRest,
      work: (_, { goOn }) => play(left.shift() as Script, goOn),
    },
  ];
}

describe("the tries of a step", () => {
  it("add up what they did and how long they worked, where each counts the rest", async () => {
    const steps = scripted(
      [
        {
          tells: [
            [0, 10],
            [4, 6],
          ],
          end: fails,
        },
        {
          tells: [
            [0, 6],
            [3, 3],
          ],
          end: waits,
        },
        // Two more came while it waited.
        {
          tells: [
            [0, 5],
            [1, 4],
            [2, 3],
          ],
          end: done,
        },
        { tells: [[2, 1]], end: done },
      ],
      true,
    );
    // Those before it ask three times each; it stops as it tells the third time.
    assert.deepEqual(await triesOf(steps, 4, { ask: 10 }), [
      "failed 4 6, 4 in 3 s",
      "waiting 7 3, 7 in 6 s",
      "running 9 3, 9 in 9 s",
      "done 12 0, 12 in 11 s",
    ]);
  });

  it("tell of the whole where each begins anew, and of all that they worked on", async () => {
    const steps = scripted(
      [
        {
          tells: [
            [0, 10],
            [5, 5],
          ],
          end: fails,
        },
        {
          tells: [
            [0, 10],
            [9, 1],
          ],
          end: done,
        },
      ],
      false,
    );
    assert.deepEqual(await triesOf(steps, 2), ["failed 5 5, 5 in 3 s", "done 10 0, 15 in 6 s"]);
  });

  it("leave out nothing that one did which died before it told of it", async () => {
    const steps = scripted(
      [
        {
          tells: [
            [0, 10],
            [4, 6],
          ],
          end: fails,
        },
        { tells: [[0, 3]], end: done },
      ],
      true,
    );
    assert.deepEqual((await triesOf(steps, 2)).at(-1), "done 10 0, 7 in 5 s");
  });
});

/** The close's own steps of these names, over rooms that do as they are told. */
function ownSteps(names: readonly string[], rooms: Partial<CloseStepsDeps>): StepWork[] {
  return closeSteps({ cell, db: cell.db, clock, timeZone: ZONE, ...rooms } as CloseStepsDeps).filter(
    ({ name }) => names.includes(name),
  );
}

describe("a close that goes on", () => {
  for (const name of ["settle", "bills"] as const) {
    it(`has all that its step ${name} did in both tries`, async () => {
      const scripts: Script[] = [
        {
          tells: [
            [0, 10],
            [9, 1],
          ],
          end: fails,
        },
        {
          tells: [
            [0, 1],
            [1, 0],
          ],
          end: done,
        },
      ];
      const work = async (date: string, goOn: GoOn) => {
        await play(scripts.shift() as Script, goOn);
        const none = { waiting: [], outcomes: {}, reservesReleased: 0, advancesRepaid: 0, alarms: [] };
        return { ...none, date, settled: [], totals: [] };
      };
      const steps = ownSteps([name], { settlement: { settle: work, bills: work } });
      assert.deepEqual(await triesOf(steps, 2), ["failed 9 1, 9 in 3 s", "done 10 0, 10 in 6 s"]);
    });
  }

  it("has what was compared before a statement was waited for, and not what waits", async () => {
    const compared = new Set<Id>();
    const accounts = [cell.newId(), cell.newId(), cell.newId()];
    let createdAt: Date | null = null;
    async function* everyAccount() {
      createdAt ??= plus(clock.now(), -DAY - HOUR);
      yield accounts.map((id) => ({ id, createdAt, credentialVersion: compared.has(id) ? null : 1 }));
    }
    const traits = { timeZone: ZONE, dayStartMinutes: 0 };
    let compares = 0;
    const rooms = {
      channels: { everyAccount, channel: () => ({ traits }) },
      statements: { statements: { corrected: async () => [], without: async () => [] } },
      reconciliation: {
        reconcile: async (scopes: readonly Scope[], { goOn }: { goOn: GoOn }) => {
          clock.advance(SECOND);
          compares += 1;
          const results = scopes.map((scope) => {
            const isLate = scope.channelAccountId !== accounts[0];
            if (isLate && compares === 1) return { ...scope, end: "waiting", reason: "another version" };
            compared.add(scope.channelAccountId);
            return { ...scope, end: "done", generation: { findings: 0 } };
          });
          await goOn(progressOf(results.filter(({ end }) => end === "done").length, scopes.length));
          return results;
        },
      },
    };
    const steps = ownSteps(["reconcile"], rooms as unknown as Partial<CloseStepsDeps>);
    assert.deepEqual(await triesOf(steps, 2), ["waiting 1 2, 1 in 1 s", "done 3 0, 3 in 2 s"]);
  });
});
