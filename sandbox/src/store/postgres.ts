import pg from "pg";
import { decodeRecord, encodeRecord } from "./codec.ts";
import {
  type Collection,
  type ListOptions,
  Overtaken,
  type Page,
  type SandboxStore,
  type StoreReader,
  type StoreTx,
  transactionTriesMax,
} from "./port.ts";

type Queryable = {
  query(config: { name: string; text: string; values: unknown[] }): Promise<pg.QueryResult>;
};

type Claimed = { body: string; seq: string; was_due: Date };

const connectionsMax = 10;
const lockWaitMs = 10_000;

/** Connection lost, cut or refused by a starting server; serialization, deadlock, lock wait. */
const passing = /^(08|57P0|40001|40P01|55P03)/;

/**
 * A store in a PostgreSQL database of its own: one table per collection, made when missing. The database
 * itself is made too where the server has none of this name and lets us.
 */
export async function openPostgresStore(
  url: string,
  collections: Collection<never>[],
): Promise<{ store: SandboxStore; pool: pg.Pool }> {
  await createDatabaseIfMissing(url);
  const pool = new pg.Pool({ connectionString: url, max: connectionsMax, application_name: "sandbox" });
  // An idle connection that dies is replaced at its next use.
  pool.on("error", () => undefined);
  await createTables(pool, collections);
  return { store: postgresStore(pool), pool };
}

function postgresStore(pool: pg.Pool): SandboxStore {
  return {
    ...readerOver(pool),
    transaction: (work) => transaction(pool, work),
    claimDue: async (collection, now, limit, leaseUntil) => {
      const text = `
        with due as (
          select id, due_at
          from ${tableOf(collection)}
          where due_at <= $1
          order by due_at, seq
          limit $2
          for update skip locked
        )
        update ${tableOf(collection)} t
        set due_at = $3, claimed = true
        from due
        where t.id = due.id
        returning t.body::text, t.seq, due.due_at as was_due`;
      const values = [now, limit, leaseUntil];
      const { rows } = await pool.query({ name: `claim_${collection.name}`, text, values });
      return (rows as Claimed[]).sort(oldestDueFirst).map((row) => decodeRecord(row.body));
    },
    releaseClaims: async (collection, now) => {
      const text = `
        update ${tableOf(collection)}
        set due_at = $1, claimed = false
        where claimed`;
      await pool.query({ name: `release_${collection.name}`, text, values: [now] });
    },
    nextDue: async (collection) => {
      const text = `
        select due_at
        from ${tableOf(collection)}
        where due_at is not null
        order by due_at
        limit 1`;
      const { rows } = await pool.query({ name: `next_due_${collection.name}`, text, values: [] });
      return (rows as { due_at: Date }[])[0]?.due_at ?? null;
    },
    close: () => pool.end(),
  };
}

/** `update … returning` keeps no order. */
function oldestDueFirst(a: Claimed, b: Claimed): number {
  return a.was_due.getTime() - b.was_due.getTime() || Number(a.seq) - Number(b.seq);
}

async function transaction<R>(pool: pg.Pool, work: (tx: StoreTx) => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries += 1) {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query("begin");
      await client.query(`set local lock_timeout = ${lockWaitMs}`);
      const result = await work(txOver(client));
      const { command } = await client.query("commit");
      if (command !== "COMMIT") throw new Overtaken("the commit was rolled back");
      return result;
    } catch (error) {
      broken = await rolledBack(client);
      const code = (error as { code?: string }).code ?? "";
      const again = error instanceof Overtaken || passing.test(code);
      if (!again || tries === transactionTriesMax) throw error;
    } finally {
      client.release(broken);
    }
  }
}

/** Undefined when the connection can be used again. */
async function rolledBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query("rollback");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function readerOver(db: Queryable): StoreReader {
  return {
    get: (collection, id) => one(db, collection, "get", "where id = $1", id),
    find: (collection, key, value) => one(db, collection, `find_${key}`, `where key_${key} = $1`, value),
    list: (collection, options) => list(db, collection, options),
  };
}

function txOver(client: pg.PoolClient): StoreTx {
  return {
    ...readerOver(client),
    lock: (collection, id) => one(client, collection, "lock", "where id = $1 for update", id),
    insert: async (collection, record) => {
      const columns = columnsOf(collection);
      const text = `
        insert into ${tableOf(collection)} (${columns.join(", ")})
        values (${columns.map((_, index) => `$${index + 1}`).join(", ")})
        on conflict do nothing`;
      const values = valuesOf(collection, record);
      const { rowCount } = await client.query({ name: `insert_${collection.name}`, text, values });
      return rowCount === 1;
    },
    update: async (collection, record) => {
      const [, ...columns] = columnsOf(collection);
      const text = `
        update ${tableOf(collection)}
        set claimed = false, ${columns.map((column, index) => `${column} = $${index + 2}`).join(", ")}
        where id = $1`;
      const values = valuesOf(collection, record);
      const { rowCount } = await client.query({ name: `update_${collection.name}`, text, values });
      if (rowCount !== 1) throw new Error(`${collection.name}: there is no such record to update`);
    },
    remove: async (collection, id) => {
      const text = `delete from ${tableOf(collection)} where id = $1`;
      const { rowCount } = await client.query({ name: `remove_${collection.name}`, text, values: [id] });
      return rowCount === 1;
    },
  };
}

async function one<T>(
  db: Queryable,
  collection: Collection<T>,
  verb: string,
  where: string,
  value: string,
): Promise<T | undefined> {
  const text = `select body::text from ${tableOf(collection)} ${where}`;
  const { rows } = await db.query({ name: `${verb}_${collection.name}`, text, values: [value] });
  const found = (rows as { body: string }[])[0];
  return found && decodeRecord<T>(found.body);
}

async function list<T>(db: Queryable, collection: Collection<T>, options: ListOptions): Promise<Page<T>> {
  const text = `
    select body::text, seq
    from ${tableOf(collection)}
    where ($1::text is null or group_name = $1)
      and ($2::bigint is null or seq < $2)
    order by seq desc
    limit $3`;
  const values = [options.group ?? null, options.cursor ?? null, options.limit + 1];
  const { rows } = await db.query({ name: `list_${collection.name}`, text, values });
  const found = rows as { body: string; seq: string }[];
  const page = found.slice(0, options.limit);
  return {
    records: page.map((row) => decodeRecord<T>(row.body)),
    cursor: found.length > page.length ? page.at(-1)!.seq : null,
  };
}

function tableOf(collection: { name: string }): string {
  return `sandbox_${collection.name}`;
}

function keyNames(collection: { keys: object }): string[] {
  return Object.keys(collection.keys).sort();
}

function columnsOf(collection: { keys: object }): string[] {
  return ["id", "body", "group_name", "due_at", ...keyNames(collection).map((key) => `key_${key}`)];
}

function valuesOf<T>(collection: Collection<T>, record: T): unknown[] {
  return [
    collection.id(record),
    encodeRecord(record),
    collection.group?.(record) ?? null,
    collection.dueAt?.(record) ?? null,
    ...keyNames(collection).map((key) => collection.keys[key]!(record)),
  ];
}

/** Two sandboxes that start on one empty database at the same time make its tables one after the other. */
async function createTables(pool: pg.Pool, collections: Collection<never>[]): Promise<void> {
  const startLock = 5_203_401;
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [startLock]);
    for (const collection of collections) await client.query(tableText(collection));
    await client.query("commit");
  } finally {
    client.release();
  }
}

/** The table with all its columns; one that an older sandbox made gains what it lacks. */
function tableText(collection: Collection<never>): string {
  const table = tableOf(collection);
  const columns = [
    "seq bigint generated always as identity",
    'group_name text collate "C"',
    "due_at timestamptz",
    "claimed boolean not null default false",
    "body json not null",
    ...keyNames(collection).map((key) => `key_${key} text collate "C"`),
  ];
  const indexes = [
    `index if not exists ${table}_seq on ${table} (seq)`,
    `index if not exists ${table}_group on ${table} (group_name, seq) where group_name is not null`,
    `index if not exists ${table}_due on ${table} (due_at) where due_at is not null`,
    ...keyNames(collection).map(
      (key) => `unique index if not exists ${table}_${key}_key on ${table} (key_${key})`,
    ),
  ];
  return [
    `create table if not exists ${table} (id text collate "C" constraint ${table}_pkey primary key)`,
    ...columns.map((column) => `alter table ${table} add column if not exists ${column}`),
    ...indexes.map((index) => `create ${index}`),
  ].join(";\n");
}

async function createDatabaseIfMissing(url: string): Promise<void> {
  const invalidCatalogName = "3D000";
  const duplicateDatabase = "42P04";
  const wanted = new pg.Client({ connectionString: url });
  try {
    await wanted.connect();
    await wanted.end();
    return;
  } catch (error) {
    if ((error as { code?: string }).code !== invalidCatalogName) throw error;
  }
  const admin = new URL(url);
  const name = decodeURIComponent(admin.pathname.slice(1));
  admin.pathname = "/postgres";
  const client = new pg.Client({ connectionString: admin.href });
  await client.connect();
  try {
    await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== duplicateDatabase) throw error;
  } finally {
    await client.end();
  }
}
