import { type Clock, SECOND } from "../kernel/clock.ts";
import { AdminStopped, ask, findPlatform, type JsonObject, type Whereabouts } from "../operators/index.ts";

export const USAGE = `npm run close -- --date yyyy-mm-dd [options]

Closes an accounting date that was cut over, and follows its steps until it is closed.

  --without-statements  go on without the channels' statements that are still missing
  --wait                keep following where a step waits for a channel
  --url URL             the platform, where it does not run over this folder's .data
  --token TOKEN         an operator's token with the role finance
`;

export type CloseWish = {
  readonly date: string;
  readonly withoutStatements: boolean;
  /** Follow on while a step waits for a channel. */
  readonly wait: boolean;
};

export type CloseTerminal = {
  readonly out: (text: string) => void;
  readonly clock: Clock;
  readonly where: Whereabouts;
};

const LOOK_EVERY_MS = SECOND / 2;
const DONE = 0;
const FAILED = 1;
const WAITS = 3;

type StepShown = {
  readonly name: string;
  readonly title: string;
  readonly state: string;
  readonly done: number;
  readonly left: number | null;
  readonly detail: string | null;
  readonly estimated_end_at: string | null;
};

/**
 * Asks for the close of a date and prints each step as it goes; the exit code. Throws `AdminStopped` with a
 * sentence for the person at the terminal.
 */
export async function closeDay(wish: CloseWish, { out, clock, where }: CloseTerminal): Promise<number> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(wish.date)) {
    throw new AdminStopped(`--date is a day such as 2026-11-28, not "${wish.date}".`);
  }
  const platform = findPlatform(where);
  const path = `/v1/ops/days/${wish.date}`;
  const body = { without_statements: wish.withoutStatements };
  let run = await ask(clock, platform, { method: "POST", path: `${path}/close`, body });
  const printed = new Map<string, string>();
  let isEstimateTold = false;
  for (;;) {
    for (const step of stepsOf(run)) {
      const line = lineOf(step);
      if (step.state === "expected" || printed.get(step.name) === line) continue;
      printed.set(step.name, line);
      out(`${line}\n`);
    }
    const end = run.estimated_end_at;
    if (!isEstimateTold && typeof end === "string") {
      isEstimateTold = true;
      out(`  The day is closed about ${end.slice(11, 19)} UTC, if no channel is late.\n`);
    }
    if (run.state === "done") {
      out(`\n${wish.date} is closed.\n`);
      return DONE;
    }
    if (run.state === "failing") return FAILED;
    if (run.state === "waiting" && !wish.wait) {
      out("\nIt goes on by itself when that is there; --wait follows on.\n");
      return WAITS;
    }
    await clock.sleep(LOOK_EVERY_MS);
    run = await ask(clock, platform, { method: "GET", path });
  }
}

function stepsOf(run: JsonObject): readonly StepShown[] {
  return run.steps as unknown as readonly StepShown[];
}

const MARKS: Readonly<Record<string, string>> = { done: "✓", running: "…", waiting: "⏸", failed: "✗" };

function lineOf(step: StepShown): string {
  const { title, state, detail, done, left, estimated_end_at: end } = step;
  const mark = MARKS[state] ?? " ";
  const counted = state === "running" && left !== null ? `${done} of ${done + left}` : null;
  const until = end === null ? null : `until about ${end.slice(11, 19)} UTC`;
  const more = [counted, until, detail].filter((part) => part !== null && part !== "").join(", ");
  return `${mark} ${title}${more === "" ? "" : `: ${more}`}`;
}
