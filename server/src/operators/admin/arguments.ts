import { parseArgs } from "node:util";
import { COMMON_OPTIONS, type Command, type Json, type OptionSpec, type Values } from "./model.ts";

export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly values: Values }
  | { readonly kind: "help"; readonly text: string }
  /** The command line makes no sense: what is wrong, and what to type instead. */
  | { readonly kind: "wrong"; readonly text: string };

/** Reads a command line. @param readFile the text of a file, or of standard input for `-`; it may throw. */
export function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  readFile: (path: string) => string,
): Parsed {
  const [first, second] = argv;
  if (first === undefined || first === "help" || first === "--help" || first === "-h") {
    return { kind: "help", text: overview(commands) };
  }
  const command = commands.find(({ words }) => words[0] === first && words[1] === second);
  if (command !== undefined) return parseFor(command, argv.slice(2), readFile);
  const family = commands.filter(({ words }) => words[0] === first);
  if (family.length === 0) {
    const known = [...new Set(commands.map(({ words }) => words[0]))].join(", ");
    return wrong(`There is no command ${first}. There are: ${known}.`);
  }
  if (second === undefined || second === "--help" || second === "-h") {
    return { kind: "help", text: overview(family) };
  }
  const known = family.map(({ words }) => words[1]).join(", ");
  return wrong(`${first} has no command ${second}. It has: ${known}.`);
}

function parseFor(command: Command, rest: readonly string[], readFile: (path: string) => string): Parsed {
  const specs: Readonly<Record<string, OptionSpec>> = { ...command.options, ...COMMON_OPTIONS };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(specs).map(([name, { type }]) => [
          name,
          { type: type === "flag" ? "boolean" : "string", multiple: type === "texts" },
        ]),
      ),
    });
  } catch (error) {
    return wrong(`${(error as Error).message.split(". To specify")[0]}.\n\n${usage(command)}`);
  }
  if (parsed.values.help === true) return { kind: "help", text: explanation(command) };
  const args = namedArgs(command, parsed.positionals);
  if (typeof args === "string") return wrong(`${args}\n\n${usage(command)}`);
  const options: Record<string, Json | undefined> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const given = parsed.values[name];
    if (given === undefined) {
      if (spec.required) return wrong(`--${name} is missing: ${spec.help}.\n\n${usage(command)}`);
      continue;
    }
    const value = readOption(name, spec, given as string | boolean | string[], readFile);
    if ("fault" in value) return wrong(`${value.fault}\n\n${usage(command)}`);
    options[name] = value.value;
  }
  return { kind: "run", command, values: { args, options } };
}

function namedArgs(command: Command, given: readonly string[]): Record<string, string> | string {
  const missing = command.args[given.length];
  if (missing !== undefined) return `<${missing}> is missing.`;
  const extra = given[command.args.length];
  if (extra !== undefined) return `${JSON.stringify(extra)} is one argument too many.`;
  return Object.fromEntries(command.args.map((name, index) => [name, given[index] as string]));
}

function readOption(
  name: string,
  spec: OptionSpec,
  given: string | boolean | string[],
  readFile: (path: string) => string,
): { value: Json } | { fault: string } {
  if (spec.type === "number") {
    const number = Number(given);
    return /^-?\d+$/.test(String(given)) && Number.isSafeInteger(number)
      ? { value: number }
      : { fault: `--${name} is a whole number, not ${JSON.stringify(given)}.` };
  }
  if (spec.type !== "file") return { value: given };
  try {
    return { value: JSON.parse(readFile(String(given))) as Json };
  } catch (error) {
    // A parser quotes what it could not read, and the file may hold a private key.
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message;
    return { fault: `--${name} ${String(given)} could not be read: ${why}.` };
  }
}

function wrong(text: string): Parsed {
  return { kind: "wrong", text };
}

function callOf({ words, args }: Command): string {
  return [...words, ...args.map((name) => `<${name}>`)].join(" ");
}

function usage(command: Command): string {
  return `npm run admin -- ${callOf(command)} --help explains it.`;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => callOf(command).length));
  const lines = commands.map((command) => `  ${callOf(command).padEnd(width)}  ${command.summary}`);
  return [
    "Administers a running platform through its API.",
    "",
    "npm run admin -- <command> [options]",
    "",
    ...lines,
    "",
    ...optionLines(COMMON_OPTIONS),
  ].join("\n");
}

function explanation(command: Command): string {
  return [
    `${command.summary}.`,
    "",
    `npm run admin -- ${callOf(command)} [options]`,
    "",
    ...optionLines({ ...command.options, ...COMMON_OPTIONS }),
  ].join("\n");
}

const TYPE_SHOWN: Readonly<Record<OptionSpec["type"], string>> = {
  text: " <text>",
  number: " <number>",
  flag: "",
  texts: " <text>…",
  file: " <file>",
};

function optionLines(options: Readonly<Record<string, OptionSpec>>): string[] {
  const shown = Object.entries(options).map(
    ([name, spec]) => [`--${name}${TYPE_SHOWN[spec.type]}`, spec] as const,
  );
  const width = Math.max(...shown.map(([text]) => text.length));
  return shown.map(
    ([text, spec]) => `  ${text.padEnd(width)}  ${spec.help}${spec.required ? " (required)" : ""}`,
  );
}
