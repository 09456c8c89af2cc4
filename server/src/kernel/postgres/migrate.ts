import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type MigrationBuilder, runner } from "node-pg-migrate";
import pg from "pg";
import { StartRefused } from "../host/start-refused.ts";
import type { Log } from "../log.ts";

export type MigrateOptions = {
  url: string;
  log: Log;
  /**
   * The folder that holds one folder of numbered .sql files per kind of schema; the server's own by default.
   */
  folder?: string;
};

/**
 * Each schema has its own files and its own record of them. `platform` comes first: cells may refer to it.
 */
const schemas = [
  { schema: "platform", files: "platform" },
  { schema: "cell_0", files: "cell" },
] as const;

/**
 * A first line that says so runs a file's one statement outside a transaction, such as an index made
 * concurrently.
 */
const outsideTransaction = /^-- outside a transaction\b/;

/**
 * A first line that says so tells of the file's earlier text, by its SHA-256: where that ran it left the same
 * schema, so such a database needs nothing more. For a file that failed on some databases, which no later
 * file could mend.
 */
const replacesText = /^-- replaces ([0-9a-f]{64})\b/;

const recordTable = "migrations";
const checksumTable = "migration_checksums";
const advisoryLock = 7_421_901_337;
const oldestMajor = 18;

/**
 * Brings a database to this version: runs the migrations that it lacks, in the order of their numbers, each
 * in a transaction of its own with its record. Several processes may start at once: the others wait for the
 * first.
 *
 * Throws `StartRefused` for a server that is too old, a database of a newer version, an applied file that was
 * edited, a number that comes before an applied one, and a migration that fails (which is rolled back).
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.url });
  await connect(client, options.url);
  try {
    await refuseOldServer(client);
    await takeTurn(client, options.log);
    for (const { schema, files } of schemas) {
      await migrateSchema(client, options, schema, filesIn(options.folder ?? serverMigrations, files));
    }
  } catch (error) {
    throw error instanceof StartRefused ? error : unprepared(error as pg.DatabaseError);
  } finally {
    await client.end();
  }
}

async function takeTurn(client: pg.Client, log: Log): Promise<void> {
  const { rows } = await client.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [
    advisoryLock,
  ]);
  if (rows[0]?.mine === true) return;
  log.info("another process is migrating the database; waiting for it");
  await client.query("select pg_advisory_lock($1)", [advisoryLock]);
}

function unprepared({ code, message }: pg.DatabaseError): StartRefused {
  const remedy =
    code === "42501" ? "Let its role create schemas (grant create on database), or use one that may." : "";
  return new StartRefused(`The database could not be prepared: ${message}. ${remedy}`.trim());
}

const serverMigrations = fileURLToPath(new URL("../../../migrations", import.meta.url));

type File = { name: string; path: string; text: string; checksum: string; replaces: string | null };

function filesIn(folder: string, kind: string): File[] {
  const path = join(folder, kind);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => extname(name) === ".sql");
  return names.map((name) => {
    const text = readFileSync(join(path, name), "utf8").replaceAll("\r\n", "\n");
    const checksum = createHash("sha256").update(text).digest("hex");
    const replaces = replacesText.exec(text)?.[1] ?? null;
    return { name: basename(name, ".sql"), path: join(path, name), text, checksum, replaces };
  });
}

async function migrateSchema(
  client: pg.Client,
  options: MigrateOptions,
  schema: string,
  files: File[],
): Promise<void> {
  await client.query(`create schema if not exists ${schema}`);
  await client.query(
    `create table if not exists ${schema}.${checksumTable} (
       name text constraint ${checksumTable}_pkey primary key,
       sha256 text not null
     )`,
  );
  await refuseDifferent(client, schema, files);
  if (files.length === 0) return;
  const { log } = options;
  try {
    await runner({
      databaseUrl: options.url,
      dir: join(files[0]?.path ?? "", ".."),
      ignorePattern: "(?!.*\\.sql$).*",
      direction: "up",
      schema,
      migrationsTable: recordTable,
      migrationLoaderStrategies: [
        { extensions: [".sql"], loader: (paths) => Promise.resolve(paths.map(load)) },
      ],
      singleTransaction: false,
      // Held already, for all schemas together.
      noLock: true,
      logger: {
        debug: () => {},
        info: (text) => log.debug({ schema }, text),
        warn: (text) => log.debug({ schema }, text),
        error: (text) => log.error({ schema }, text),
      },
    });
  } catch (error) {
    throw failed(error as Error, schema);
  }

  function load(path: string) {
    const file = files.find((candidate) => candidate.path === path);
    if (file === undefined) throw new Error(`${path} was added while migrating`);
    const up = (migration: MigrationBuilder) => {
      if (outsideTransaction.test(file.text)) migration.noTransaction();
      migration.sql(file.text);
      migration.sql(`insert into ${schema}.${checksumTable} values ('${file.name}', '${file.checksum}')`);
    };
    return { id: path, filePaths: [path], actions: { up, down: false as const } };
  }
}

/** What the database has applied must be exactly what this version would have applied. */
async function refuseDifferent(client: pg.Client, schema: string, files: File[]): Promise<void> {
  const { rows } = await client.query<{ name: string; sha256: string }>(
    `select name, sha256
       from ${schema}.${checksumTable}
      order by name`,
  );
  for (const { name, sha256 } of rows) {
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) {
      throw new StartRefused(
        `The database is newer than this version of Tributary: its schema ${schema} has the migration ` +
          `${name}, which is not known here. Start the version that made it, or restore a backup from ` +
          "before the upgrade.",
      );
    }
    if (file.checksum !== sha256 && file.replaces !== sha256) {
      throw new StartRefused(
        `The migration ${name} of schema ${schema} was edited after this database applied it. Restore the ` +
          "file, and put the change into a new migration with a higher number.",
      );
    }
  }
}

function failed(error: Error, schema: string): StartRefused {
  const order = /Not run migration (\S+) is preceding already run migration (\S+)/.exec(error.message);
  if (order !== null) {
    return new StartRefused(
      `The migration ${order[1]} of schema ${schema} is new, but its number comes before ${order[2]}, ` +
        "which this database has applied. Give it a number above all others.",
    );
  }
  const { detail } = error as pg.DatabaseError;
  const more = detail === undefined ? "" : ` (${detail})`;
  return new StartRefused(
    `A migration of schema ${schema} failed and was rolled back: ${error.message}${more}. The database is ` +
      "as it was before that migration; mend the cause and start again.",
  );
}

async function connect(client: pg.Client, url: string): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    const { hostname, port, pathname } = new URL(url);
    const { message, code } = error as NodeJS.ErrnoException;
    throw new StartRefused(
      `The database ${pathname.slice(1)} at ${hostname}:${port || 5432} cannot be reached: ` +
        `${message || code}. Check DATABASE_URL, and that the server runs.`,
    );
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int / 10000 as version",
  );
  const version = rows[0]?.version ?? 0;
  if (version >= oldestMajor) return;
  throw new StartRefused(
    `The server that DATABASE_URL names is PostgreSQL ${version}; Tributary needs ${oldestMajor} or newer. ` +
      "Upgrade it, or unset DATABASE_URL to use the embedded one.",
  );
}
