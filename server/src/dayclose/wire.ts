import { Type } from "typebox";
import { InstantSchema } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import type { Alarm } from "./alarms.ts";
import { estimatedEndOf, type Run, type Step } from "./model.ts";
import type { ClosedDate, RunWithSteps } from "./service.ts";

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

export const AlarmSchema = Type.Object({
  accounting_date: DateSchema,
  what: Type.Enum(["not_begun", "failed", "stuck", "not_done"]),
  since: InstantSchema,
  step: NullableString,
  detail: Type.Union([Type.String(), Type.Null()], { description: "What the step says of itself" }),
  remedy: Type.String({ description: "For a person: what to do" }),
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
  estimated_end_at: Type.Union([InstantSchema, Type.Null()], {
    description:
      "About when it will be done, by what its steps took on the newest closed days, and as if no " +
      "channel were late from here on; null where there is no basis, and while a step waits or fails",
  }),
  alarms: Type.Array(AlarmSchema),
  steps: Type.Array(StepSchema),
});

export const DaySchema = Type.Object({
  accounting_date: DateSchema,
  cut_over_at: InstantSchema,
  close: Type.Union([Type.Enum(["running", "waiting", "failing", "done"]), Type.Null()], {
    description: "null: its close has not begun",
  }),
  late: Type.Boolean({ description: "Its close should have begun, or be done by now" }),
  alarms: Type.Array(AlarmSchema),
  ended_at: NullableInstant,
});

export function presentRun(
  { run, steps, alarms, estimatedEnd }: RunWithSteps,
  titles: ReadonlyMap<string, string>,
  now: Date,
) {
  return {
    id: formatId("cls", run.id),
    accounting_date: run.accountingDate,
    state: run.state,
    without_statements: run.withoutStatements,
    requested_by: run.requestedBy === null ? null : formatId("opr", run.requestedBy),
    requested_at: run.requestedAt.toISOString(),
    next_try_at: nextTryOf(run),
    ended_at: run.endedAt?.toISOString() ?? null,
    estimated_end_at: estimatedEnd?.toISOString() ?? null,
    alarms: alarms.map(presentAlarm),
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

export function presentAlarm({ accountingDate, what, since, step, detail, remedy }: Alarm) {
  return { accounting_date: accountingDate, what, since: since.toISOString(), step, detail, remedy };
}

export function presentDay({ accountingDate, closedAt, run, alarms }: ClosedDate) {
  return {
    accounting_date: accountingDate,
    cut_over_at: closedAt.toISOString(),
    close: run?.state ?? null,
    late: alarms.some(({ what }) => what === "not_begun" || what === "not_done"),
    alarms: alarms.map(presentAlarm),
    ended_at: run?.endedAt?.toISOString() ?? null,
  };
}
