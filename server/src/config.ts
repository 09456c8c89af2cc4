/**
 * The only reader of the environment. Settings that never change while the program runs: env → typed
 * settings, with every problem found at once, each in one sentence that says what to do. docs/settings.md
 * explains them to operators.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Random } from "./kernel/clock.ts";
import { StartRefused } from "./kernel/host/start-refused.ts";

export const roles = ["api", "worker"] as const;
/** What a process does: answer the API, or do what is due. One process does both unless told otherwise. */
export type Role = (typeof roles)[number];

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** What the environment says. */
export type Settings = {
  /**
   * Real money: nothing is made up that an operator must decide, and no webhook leaves for internal targets.
   */
  production: boolean;
  roles: readonly Role[];
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Absolute; holds the embedded PostgreSQL, secrets that were made once, and server.json. */
  dataDir: string;
  /** Where channels and buyers reach this platform, without a slash at the end; `null`: where it listens. */
  publicUrl: string | null;
  /** `null`: the embedded PostgreSQL. */
  databaseUrl: string | null;
  /** `instant`: the bench's channel without cryptography, in place of the simulators. */
  sandbox: { on: boolean; instant: boolean; port: number };
  logLevel: (typeof logLevels)[number];
  /** IANA name; the zone of business dates. */
  timeZone: string;
  /** When the close of what was cut over begins by itself, as `hh:mm` of that zone; null: when asked for. */
  closeAt: string | null;
  /** The largest statement file that is taken. */
  statementBytesMax: number;
  /** The same of what it unpacks to, where it is read piece by piece. */
  statementUnpackedBytesMax: number;
  /** 32 bytes; `null` only outside production. */
  masterKey: Buffer | null;
  /** Master keys before it, which still open what they sealed. */
  previousMasterKeys: readonly Buffer[];
  /** Whether a licence allows us to hold receivers' money, so that our books may split it. */
  mayHoldShares: boolean;
  /** The first operator's token; `null` only outside production. */
  operatorKey: string | null;
};

/** Settings with every secret in place. */
export type Config = Settings & { masterKey: Buffer; operatorKey: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every variable that is read, with what stands in docs/settings.md as its default. */
export const settingNames = {
  DATABASE_URL: "the embedded PostgreSQL",
  NODE_ENV: "development",
  HOST: "127.0.0.1",
  PORT: "8080",
  TRIBUTARY_SANDBOX: "on",
  TRIBUTARY_SANDBOX_PORT: "8081",
  TRIBUTARY_ROLES: "api,worker",
  TRIBUTARY_DATA_DIR: ".data",
  TRIBUTARY_PUBLIC_URL: "where it listens",
  TRIBUTARY_MASTER_KEY: "made once",
  TRIBUTARY_OPERATOR_KEY: "made once",
  TRIBUTARY_LOG_LEVEL: "info",
  TRIBUTARY_TIME_ZONE: "Asia/Shanghai",
  TRIBUTARY_CLOSE_AT: "00:10",
  TRIBUTARY_STATEMENT_MEGABYTES_MAX: "128",
  TRIBUTARY_STATEMENT_UNPACKED_MEGABYTES_MAX: "4096",
  TRIBUTARY_LICENSED_TO_HOLD_SHARES: "off",
} as const;

type Name = keyof typeof settingNames;

const operatorKeyLengthMin = 32;
const masterKeyBytes = 32;
const MEGABYTE = 1_024 * 1_024;
/** A file is held in memory while it is read. */
const MEGABYTES_MAX = 1_024;
const UNPACKED = "TRIBUTARY_STATEMENT_UNPACKED_MEGABYTES_MAX";
const databaseUrlExample = "postgres://user:password@host:5432/database";

/**
 * Reads the settings. Throws `StartRefused` with one line per problem: unknown TRIBUTARY_* names, malformed
 * values, contradictions, and what production must not go without.
 */
export function readConfig(env: Environment = process.env, folder: string = process.cwd()): Settings {
  const problems: string[] = [...unknownNames(env)];
  // A variable that is set to nothing counts as not set: that is how shells and compose files leave one out.
  const text = (name: Name): string | null => env[name]?.trim() || null;
  const read = <T>(name: Name, parse: (value: string) => T | Problem, absent: T): T => {
    const value = text(name);
    if (value === null) return absent;
    const parsed = parse(value);
    if (!isProblem(parsed)) return parsed;
    problems.push(`${name} ${parsed.problem}`);
    return absent;
  };

  const production = read("NODE_ENV", parseMode, false);
  const databaseUrl = read<string | null>("DATABASE_URL", parseDatabaseUrl, null);
  const byItself = !production && databaseUrl === null ? "on" : "off";
  const sandbox = read<SandboxMode>("TRIBUTARY_SANDBOX", parseSandbox, byItself);
  const masterKeys = read<readonly Buffer[]>("TRIBUTARY_MASTER_KEY", parseMasterKeys, []);
  const settings: Settings = {
    production,
    databaseUrl,
    roles: read<readonly Role[]>("TRIBUTARY_ROLES", parseRoles, roles),
    host: read("HOST", parseHost, production ? "0.0.0.0" : "127.0.0.1"),
    port: read("PORT", parsePort, 8080),
    sandbox: {
      on: sandbox === "on",
      instant: sandbox === "instant",
      port: read("TRIBUTARY_SANDBOX_PORT", parsePort, 8081),
    },
    dataDir: resolve(folder, text("TRIBUTARY_DATA_DIR") ?? ".data"),
    publicUrl: read<string | null>("TRIBUTARY_PUBLIC_URL", parsePublicUrl, null),
    logLevel: read("TRIBUTARY_LOG_LEVEL", parseLogLevel, "info"),
    timeZone: read("TRIBUTARY_TIME_ZONE", parseTimeZone, "Asia/Shanghai"),
    closeAt: read<string | null>("TRIBUTARY_CLOSE_AT", parseCloseAt, "00:10"),
    statementBytesMax:
      MEGABYTE * read("TRIBUTARY_STATEMENT_MEGABYTES_MAX", parseMegabytes(MEGABYTES_MAX), 128),
    statementUnpackedBytesMax: MEGABYTE * read(UNPACKED, parseMegabytes(65_536), 4_096),
    mayHoldShares: read("TRIBUTARY_LICENSED_TO_HOLD_SHARES", parseSwitch, false),
    masterKey: masterKeys[0] ?? null,
    previousMasterKeys: masterKeys.slice(1),
    operatorKey: read<string | null>("TRIBUTARY_OPERATOR_KEY", parseOperatorKey, null),
  };
  problems.push(...contradictions(settings, text), ...missingInProduction(settings, text));
  if (problems.length > 0) throw new StartRefused(problems.join("\n"));
  return settings;
}

type Problem = { problem: string };

const problem = (sentence: string): Problem => ({ problem: sentence });

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "problem" in value;
}

function parseMode(value: string): boolean | Problem {
  if (value === "production") return true;
  if (value === "development" || value === "test") return false;
  return problem(`is "${value}": set it to production, or leave it out.`);
}

type SandboxMode = "on" | "instant" | "off";

function parseSandbox(value: string): SandboxMode | Problem {
  if (value === "on" || value === "instant" || value === "off") return value;
  return problem(`is "${value}": set it to on, off, or instant (the bench's channel).`);
}

function parseSwitch(value: string): boolean | Problem {
  if (value === "on" || value === "off") return value === "on";
  return problem(`is "${value}": set it to on or off.`);
}

function parseCloseAt(value: string): string | null | Problem {
  if (value === "never") return null;
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(value)) return value;
  return problem(`is "${value}": give a time of day such as 00:10, or never.`);
}

/** The newest key first; those behind it only open what they sealed. */
function parseMasterKeys(value: string): readonly Buffer[] | Problem {
  const keys: Buffer[] = [];
  for (const each of value.split(",")) {
    const key = parseMasterKey(each.trim());
    if (isProblem(key)) return key;
    keys.push(key);
  }
  return keys;
}

function parseRoles(value: string): readonly Role[] | Problem {
  const named = value.split(",").map((role) => role.trim());
  const known = roles.filter((role) => named.includes(role));
  if (known.length === named.length) return known;
  return problem(`is "${value}": name each of api and worker at most once, such as api,worker.`);
}

function parseHost(value: string): string | Problem {
  if (/^[\w.:-]+$/.test(value)) return value;
  return problem(`is "${value}": give one address to listen at, such as 127.0.0.1 or 0.0.0.0.`);
}

function parsePort(value: string): number | Problem {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (port <= 65_535) return port;
  return problem(`is "${value}": give a number from 1 to 65535, or 0 for any free port.`);
}

function parseDatabaseUrl(value: string): string | Problem {
  const url = URL.parse(value);
  const fits = url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1;
  if (fits) return value;
  // The value may hold a password: it is not repeated.
  return problem(`is not the URL of a PostgreSQL database: write it as ${databaseUrlExample}.`);
}

function parsePublicUrl(value: string): string | Problem {
  const url = URL.parse(value);
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  if (fits) return value.replace(/\/+$/, "");
  return problem(
    `is "${value}": give the address that channels and buyers reach, such as https://pay.example.com.`,
  );
}

function parseLogLevel(value: string): Settings["logLevel"] | Problem {
  const level = logLevels.find((candidate) => candidate === value);
  return level ?? problem(`is "${value}": choose one of ${logLevels.join(", ")}.`);
}

function parseTimeZone(value: string): string | Problem {
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    return value;
  } catch {
    return problem(`is "${value}": give a time zone by its IANA name, such as Asia/Shanghai.`);
  }
}

function parseMegabytes(max: number): (value: string) => number | Problem {
  return (value) => {
    const megabytes = /^\d{1,5}$/.test(value) ? Number(value) : 0;
    if (megabytes >= 1 && megabytes <= max) return megabytes;
    return problem(`is "${value}": give the megabytes of the largest file, from 1 to ${max}.`);
  };
}

function parseMasterKey(value: string): Buffer | Problem {
  const key = Buffer.from(value, "base64");
  if (key.length === masterKeyBytes && key.toString("base64") === value) return key;
  return problem(`is not 32 bytes in base64: make one with openssl rand -base64 ${masterKeyBytes}.`);
}

function parseOperatorKey(value: string): string | Problem {
  if (/^[\x21-\x7e]+$/.test(value) && value.length >= operatorKeyLengthMin) return value;
  return problem(
    `must be at least ${operatorKeyLengthMin} printable characters without spaces: make one with openssl ` +
      "rand -hex 32.",
  );
}

function contradictions(settings: Settings, text: (name: Name) => string | null): string[] {
  const { port, sandbox, publicUrl, production, databaseUrl } = settings;
  const found: string[] = [];
  if (sandbox.on && port !== 0 && port === sandbox.port) {
    found.push(`PORT and TRIBUTARY_SANDBOX_PORT are both ${port}: give the sandbox another port.`);
  }
  if (!sandbox.on && text("TRIBUTARY_SANDBOX_PORT") !== null) {
    found.push(
      "TRIBUTARY_SANDBOX_PORT is set but the sandbox is off: leave the port out, or set " +
        "TRIBUTARY_SANDBOX=on.",
    );
  }
  if (databaseUrl === null && settings.roles.length < roles.length) {
    found.push(
      "TRIBUTARY_ROLES splits the work between processes, but the embedded PostgreSQL serves one: set " +
        "DATABASE_URL, or leave the roles out.",
    );
  }
  if (production && sandbox.instant) {
    found.push(
      "TRIBUTARY_SANDBOX=instant says yes to every payment: production takes it off, or leaves it out.",
    );
  }
  if (production && publicUrl !== null && !isPrivateOrSecure(publicUrl)) {
    found.push(
      "TRIBUTARY_PUBLIC_URL is not https: in production buyers and channels must reach it securely.",
    );
  }
  return found;
}

function isPrivateOrSecure(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/** A malformed one has its own sentence already. */
function missingInProduction(settings: Settings, text: (name: Name) => string | null): string[] {
  if (!settings.production) return [];
  const needed: { name: Name; remedy: string }[] = [
    { name: "DATABASE_URL", remedy: `give your PostgreSQL as ${databaseUrlExample}` },
    { name: "TRIBUTARY_PUBLIC_URL", remedy: "give the https address that channels and buyers reach" },
    {
      name: "TRIBUTARY_MASTER_KEY",
      remedy: "make one with openssl rand -base64 32 and keep it as safe as a backup",
    },
    { name: "TRIBUTARY_OPERATOR_KEY", remedy: "make one with openssl rand -hex 32" },
  ];
  return needed
    .filter(({ name }) => text(name) === null)
    .map(({ name, remedy }) => `${name} is missing and production does not start without it: ${remedy}.`);
}

function unknownNames(env: Environment): string[] {
  const known = Object.keys(settingNames);
  return Object.keys(env)
    .filter((name) => name.startsWith("TRIBUTARY_") && !known.includes(name))
    .map((name) => {
      const closest = known
        .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
        .sort((a, b) => a.distance - b.distance)[0];
      const hint =
        closest !== undefined && closest.distance <= 4 ? `: did you mean ${closest.candidate}?` : ".";
      return `${name} is not a setting${hint} docs/settings.md lists them all.`;
    });
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * Completes the settings with the secrets of `dataDir/secrets.json` (mode 0600), making the file the first
 * time. What the environment sets wins. Production never gets here without both.
 */
export function loadOrCreateSecrets(settings: Settings, random: Random): Config {
  if (settings.masterKey !== null && settings.operatorKey !== null) {
    return { ...settings, masterKey: settings.masterKey, operatorKey: settings.operatorKey };
  }
  const file = join(settings.dataDir, "secrets.json");
  const stored = readSecrets(file) ?? createSecrets(file, random);
  const masterKey = parseMasterKey(stored.master_key);
  const operatorKey = parseOperatorKey(stored.operator_key);
  if (isProblem(masterKey) || isProblem(operatorKey)) throw damaged(file);
  return {
    ...settings,
    masterKey: settings.masterKey ?? masterKey,
    operatorKey: settings.operatorKey ?? operatorKey,
  };
}

type Secrets = { master_key: string; operator_key: string };

function readSecrets(file: string): Secrets | null {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const { master_key, operator_key } = JSON.parse(content) as Partial<Secrets>;
    return { master_key: master_key ?? "", operator_key: operator_key ?? "" };
  } catch {
    throw damaged(file);
  }
}

/** Written beside and linked into place, so that of two processes the first one's secrets stay. */
function createSecrets(file: string, random: Random): Secrets {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  const secrets: Secrets = {
    master_key: random.bytes(masterKeyBytes).toString("base64"),
    operator_key: `op_${random.bytes(32).toString("hex")}`,
  };
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
  return readSecrets(file) ?? secrets;
}

function damaged(file: string): StartRefused {
  return new StartRefused(
    `${file} does not hold the two secrets that were made for this data. Restore it from a backup; without ` +
      "its master key the stored channel credentials cannot be read. To begin anew, move the whole data " +
      "folder away.",
  );
}
