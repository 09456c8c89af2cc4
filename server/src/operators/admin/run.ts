import { readFileSync } from "node:fs";
import type { Clock } from "../../kernel/clock.ts";
import { parseCommandLine } from "./arguments.ts";
import { COMMANDS } from "./commands.ts";
import type { Command, JsonObject, Values } from "./model.ts";
import { AdminStopped, ask, findPlatform, type Platform, type Whereabouts } from "./platform.ts";
import { rowsOf, show, table } from "./print.ts";

export type Terminal = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly clock: Clock;
  readonly where: Pick<Whereabouts, "dataDir" | "operatorKey">;
};

const FOLLOW_GAP_MS = 2_000;
const STANDARD_INPUT = 0;

/**
 * Runs one command line. 0: done · 1: the platform refused or is not there · 2: the command line makes no
 * sense.
 */
export async function runAdmin(argv: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseCommandLine(argv, COMMANDS, (path) =>
    readFileSync(path === "-" ? STANDARD_INPUT : path, "utf8"),
  );
  if (parsed.kind === "help") {
    terminal.out(`${parsed.text}\n`);
    return 0;
  }
  if (parsed.kind === "wrong") {
    terminal.err(`${parsed.text}\n`);
    return 2;
  }
  try {
    await carryOut(parsed.command, parsed.values, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof AdminStopped)) throw error;
    terminal.err(`${error.message}\n`);
    return 1;
  }
}

async function carryOut(command: Command, values: Values, terminal: Terminal): Promise<void> {
  const { url, token, json, follow } = values.options;
  const platform = findPlatform({
    ...terminal.where,
    url: url as string | undefined,
    token: token as string | undefined,
  });
  const request = command.request(values);
  const answer = await ask(terminal.clock, platform, request);
  if (json === true) {
    terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  const shown = command.tail ? { ...answer, data: [...rowsOf(answer)].reverse() } : answer;
  terminal.out(`${show(command.view, shown)}\n`);
  if (follow === true) return followOn(command, values, platform, answer, terminal);
  if (typeof answer.next_cursor === "string") {
    terminal.out(`\nThere are more: --cursor ${answer.next_cursor}\n`);
  }
}

/** New rows as they come, until the process is ended. */
async function followOn(
  command: Command,
  values: Values,
  platform: Platform,
  first: JsonObject,
  terminal: Terminal,
): Promise<never> {
  if (command.view.kind !== "table") throw new Error("only a table can be followed");
  const { columns, empty } = command.view;
  const seen = new Set(rowsOf(first).map((row) => row.id));
  for (;;) {
    await terminal.clock.sleep(FOLLOW_GAP_MS);
    const rows = rowsOf(await ask(terminal.clock, platform, command.request(values)));
    const fresh = rows.filter((row) => !seen.has(row.id)).reverse();
    for (const row of fresh) seen.add(row.id);
    if (fresh.length > 0) terminal.out(`${table(columns, fresh, empty).split("\n").slice(1).join("\n")}\n`);
  }
}
