import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { signal } from "../../server/src/kernel/host/processes.ts";
import { startTestServer, templateName } from "./server.ts";

/** A database of a test's own. */
export type TestDatabase = {
  url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
};

/**
 * Makes a migrated, empty database for one test or one test file, in some 50 ms. In `npm test` all of them
 * live in the run's one server; a test file that is run by itself starts a server for itself, which ends with
 * the file.
 */
export function createTestDatabase(): Promise<TestDatabase> {
  return copyOf(templateName);
}

/** A database in which no migration has run. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return copyOf("template0");
}

async function copyOf(template: string): Promise<TestDatabase> {
  const admin = process.env.TEST_POSTGRES_URL ?? (await ownServer());
  const name = `test_${randomBytes(8).toString("hex")}`;
  await copy(admin, template, name);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(admin, `drop database if exists ${name} with (force)`) };
}

const copyTriesMax = 50;

/** Copying needs the template to itself: another file that copies it at this instant makes us try again. */
async function copy(admin: string, template: string, name: string): Promise<void> {
  const objectInUse = "55006";
  for (let tries = 1; ; tries++) {
    try {
      await run(admin, `create database ${name} template ${template}`);
      return;
    } catch (error) {
      if ((error as pg.DatabaseError).code !== objectInUse || tries === copyTriesMax) throw error;
      await sleep(20 + 10 * tries);
    }
  }
}

async function run(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

let own: Promise<string> | null = null;

function ownServer(): Promise<string> {
  own ??= startTestServer().then(({ postgres, dataDir }) => {
    process.once("exit", () => {
      signal(postgres.pid, "SIGKILL");
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    });
    return postgres.url("postgres");
  });
  return own;
}
