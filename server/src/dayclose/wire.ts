import { Type } from "typebox";
import { InstantSchema } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { estimatedEndOf, type Run, type Step } from "./model.ts";
import type { RunWithSteps } from "./service.ts";
import type { ClosedDate } from "./store.ts";

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);
const NullableInteger = Type.Union([Type.Integer(), Type.Null()]);
const DateSchema = Type.String({ format: "date" });

const StepSchema = Type.Object({
  place: Type.Integer(),
  name: Type.String(),
  title: Type.String(),
  state: Type.Enum(["expected", "running", "waiting", "failed", "done"]),
  done: Type.Integer({ description: "How much of it is done, in what the step counts" }),
  left: NullableInteger,
  detail: Type.Union([Type.String(), Type.Null()], {
    description: "What it waits for, why it failed, or how it ended",
  }),
  began_at: NullableInstant,
  ended_at: NullableInstant,
  estimated_end_at: Type.Union([InstantSchema, Type.Null()], {
    description: "If it goes on as it went so far; null where that is not known",
  }),
});

export const RunSchema = Type.Object({
  id: Type.String(),
  accounting_date: DateSchema,
  state: Type.Enum(["running", "waiting", "failing", "done"]),
  without_statements: Type.Boolean(),
  requested_by: NullableString,
  requested_at: InstantSchema,
  next_try_at: NullableInstant,
  ended_at: NullableInstant,
  steps: Type.Array(StepSchema),
});

export const DaySchema = Type.Object({
  accounting_date: DateSchema,
  cut_over_at: InstantSchema,
  close: Type.Union([Type.Enum(["running", "waiting", "failing", "done"]), Type.Null()], {
    description: "null: its close has not begun",
  }),
  late: Type.Boolean({ description: "Not closed a day after it was cut over" }),
  ended_at: NullableInstant,
});

export function presentRun({ run, steps }: RunWithSteps, titles: ReadonlyMap<string, string>, now: Date) {
  return {
    id: formatId("cls", run.id),
    accounting_date: run.accountingDate,
    state: run.state,
    without_statements: run.withoutStatements,
    requested_by: run.requestedBy === null ? null : formatId("opr", run.requestedBy),
    requested_at: run.requestedAt.toISOString(),
    next_try_at: nextTryOf(run),
    ended_at: run.endedAt?.toISOString() ?? null,
    steps: steps.map((step) => presentStep(step, titles.get(step.name) ?? step.name, now)),
  };
}

/** The due time of a run that is worked on is its lease's end, which means nothing to people. */
function nextTryOf(run: Run): string | null {
  const rests = run.state === "waiting" || run.state === "failing";
  return rests ? (run.dueAt?.toISOString() ?? null) : null;
}

function presentStep(step: Step, title: string, now: Date) {
  return {
    place: step.place,
    name: step.name,
    title,
    state: step.state,
    done: Number(step.unitsDone),
    left: step.unitsLeft === null ? null : Number(step.unitsLeft),
    detail: step.detail,
    began_at: step.beganAt?.toISOString() ?? null,
    ended_at: step.endedAt?.toISOString() ?? null,
    estimated_end_at: estimatedEndOf(step, now)?.toISOString() ?? null,
  };
}

export function presentDay({ accountingDate, closedAt, run }: ClosedDate, lateAfterMs: number, now: Date) {
  const done = run?.state === "done";
  return {
    accounting_date: accountingDate,
    cut_over_at: closedAt.toISOString(),
    close: run?.state ?? null,
    late: !done && now.getTime() - closedAt.getTime() >= lateAfterMs,
    ended_at: run?.endedAt?.toISOString() ?? null,
  };
}
