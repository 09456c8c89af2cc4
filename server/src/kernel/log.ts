import { type Logger, pino, stdTimeFunctions } from "pino";

/** The program's log. Lines are for operators: whole sentences, ids beside them, never a secret. */
export type Log = Logger;

/** How the log is written: JSON lines for machines, or one readable line each for a terminal. */
export type LogOptions = {
  level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** True where a person reads along. */
  readable: boolean;
  /** Where finished lines go; standard output when absent. */
  write?: (line: string) => void;
};

/** Fields whose value never reaches a log, at the top of a line or one level down. */
const secretFields = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "secret_key",
  "api_key",
  "private_key",
  "app_auth_token",
  "payment_code",
  "auth_code",
  "token",
  "master_key",
  "operator_key",
  "database_url",
  "webhook_secret",
] as const;

/** A logger that blanks `secretFields`, wherever they stand in the first two levels of a line. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => process.stdout.write(line));
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secretFields.flatMap((field) => [
          field,
          camelCase(field),
          `*.${field}`,
          `*.${camelCase(field)}`,
        ]),
        censor: "[hidden]",
      },
    },
    { write: (line: string) => write(options.readable ? readableLine(line) : line) },
  );
}

/** A log that says nothing, for tests. */
export function silentLog(): Log {
  return pino({ level: "silent" });
}

/** One JSON line of the log as `12:30:05 warn  what happened (key=value)`. */
export function readableLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as {
    level: string;
    time: string;
    msg?: string;
    err?: { stack?: string; message?: string };
    [key: string]: unknown;
  };
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${plain(value)}`);
  const detail = fields.length > 0 ? ` (${fields.join(" ")})` : "";
  const stack = err === undefined ? "" : `\n${err.stack ?? err.message ?? plain(err)}`;
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${msg ?? ""}${detail}${stack}\n`;
}

/** Text from outside stays on its line: a line break in it would look like another line of the log. */
function plain(value: unknown): string {
  return typeof value === "string" && !/\p{Cc}/u.test(value) ? value : JSON.stringify(value);
}

function camelCase(field: string): string {
  return field.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
