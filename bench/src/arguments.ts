/** The command line: a scenario, and how much of it. */
import { parseArgs } from "node:util";

export type Arguments = {
  readonly scenario: string;
  /** Of the measured part; warm-up and ceiling come before it. */
  readonly seconds: number;
  /** What `growth` loads. */
  readonly payments: number;
  /** Whose day `close` closes. */
  readonly merchants: number;
  /** What `reconcile` compares. */
  readonly rows: number;
  /** Whether skeleton, row-at-a-time and TPC-B run beside the platform; null: as the scenario likes. */
  readonly compare: boolean | null;
  readonly record: boolean;
  /** Payments at a time in a closed loop. */
  readonly inFlight: number;
  readonly runs: number;
  readonly profileDir: string | null;
};

const SECONDS = 60;
const PAYMENTS = 10_000_000;
const MERCHANTS = 10_000;
const ROWS = 1_000_000;
const RUNS = 5;
/** More makes larger batches and longer waits: at 5,000/s these are 50 ms of each payment. */
const IN_FLIGHT = 256;

export class UsageError extends Error {}

/** Throws a `UsageError` with a sentence for what it cannot read. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parse(argv);
  if (positionals.length > 1) throw new UsageError(`One scenario at a time, not ${positionals.join(", ")}.`);
  return {
    scenario: positionals[0] ?? "payments",
    seconds: whole("--seconds", values.seconds, SECONDS),
    payments: whole("--payments", values.payments, PAYMENTS),
    merchants: whole("--merchants", values.merchants, MERCHANTS),
    rows: whole("--rows", values.rows, ROWS),
    runs: whole("--runs", values.runs, RUNS),
    compare: values["no-compare"] === true ? false : values.compare === true ? true : null,
    record: values.record === true,
    inFlight: whole("--in-flight", values["in-flight"], IN_FLIGHT),
    profileDir: values.profile ?? null,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seconds: { type: "string" },
        payments: { type: "string" },
        merchants: { type: "string" },
        rows: { type: "string" },
        runs: { type: "string" },
        compare: { type: "boolean" },
        "no-compare": { type: "boolean" },
        record: { type: "boolean" },
        "in-flight": { type: "string" },
        profile: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const value = Number(text.replaceAll("_", ""));
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`${name} takes a whole number above 0.`);
  return value;
}
