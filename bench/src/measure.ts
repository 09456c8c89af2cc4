/** What a run costs: CPU by process from /proc, rows and WAL from PostgreSQL's own counters. */
import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";

const TICKS_PER_SECOND = 100;

export type CpuSeconds = { readonly server: number; readonly postgres: number };

/** CPU seconds used so far by the server process and by PostgreSQL under it. */
export function cpuOf(serverPid: number, postmasterPid: number): CpuSeconds {
  const server = ticksOf(serverPid, false);
  let postgres = ticksOf(postmasterPid, true);
  for (const pid of childrenOf(postmasterPid)) postgres += ticksOf(pid, false);
  return { server: server / TICKS_PER_SECOND, postgres: postgres / TICKS_PER_SECOND };
}

/** Resident memory of a process in MB. */
export function rssMbOf(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}

/** @param ended also those of children that have ended. */
function ticksOf(pid: number, ended: boolean): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const own = (fields[11] as number) + (fields[12] as number);
    return ended ? own + (fields[13] as number) + (fields[14] as number) : own;
  } catch {
    return 0;
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}

export type DatabaseCounters = {
  readonly rowVersions: number;
  readonly accountUpdates: number;
  readonly walBytes: number;
  readonly deadlocks: number;
  readonly checkpoints: number;
};

export type Row = Readonly<Record<string, string | null>>;

export type Gauge = {
  readonly databaseUrl: string;
  readonly postmasterPid: number;
  read(): Promise<DatabaseCounters>;
  /** Deliveries that wait for nothing but their turn; those to failing endpoints wait for their retry. */
  backlog(): Promise<number>;
  query(text: string): Promise<Row[]>;
  /** Every row of a query, however many. */
  each(text: string, take: (row: Record<string, string>) => void): Promise<void>;
  /** Has PostgreSQL write a checkpoint now, beside everything else. */
  checkpoint(): Promise<void>;
  /** Settings of the server that a reader of the result must know. */
  settings(): Promise<Record<string, string>>;
  close(): Promise<void>;
};

const COUNTERS = `
  select
    (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables) as rows,
    (select sum(n_tup_upd) from pg_stat_user_tables where relname = 'accounts') as accounts,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal,
    (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks,
    (select num_done from pg_stat_checkpointer) as checkpoints`;

const SETTINGS = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "shared_buffers",
  "max_wal_size",
  "checkpoint_timeout",
  "full_page_writes",
];

export type GaugeOptions = {
  readonly databaseUrl: string;
  readonly postmasterPid: number;
  /** Counts what waits, as `waiting`; nothing ever waits where absent. */
  readonly backlogSql?: string;
};

/** Opens a connection of its own to the database that is measured. */
export async function openGauge({ databaseUrl, postmasterPid, backlogSql }: GaugeOptions): Promise<Gauge> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const query = async (text: string) => (await client.query(text)).rows as Row[];
  return {
    databaseUrl,
    postmasterPid,
    query,
    read: async () => {
      const [row] = await query(COUNTERS);
      return {
        rowVersions: Number(row?.rows ?? 0),
        accountUpdates: Number(row?.accounts ?? 0),
        walBytes: Number(row?.wal ?? 0),
        deadlocks: Number(row?.deadlocks ?? 0),
        checkpoints: Number(row?.checkpoints ?? 0),
      };
    },
    backlog: async () => {
      if (backlogSql === undefined) return 0;
      const [row] = await query(backlogSql);
      return Number(row?.waiting ?? 0);
    },
    each: (text, take) => eachRow(client, text, take),
    checkpoint: () => alone(databaseUrl, "checkpoint"),
    settings: async () => {
      const list = `array['${SETTINGS.join("','")}']`;
      const rows = await query(
        `select name, current_setting(name) as value from unnest(${list}) name order by 1`,
      );
      return Object.fromEntries(rows.map((row) => [row.name as string, row.value as string]));
    },
    close: () => client.end(),
  };
}

const ROWS_PER_FETCH = 20_000;

async function eachRow(
  client: pg.Client,
  text: string,
  take: (row: Record<string, string>) => void,
): Promise<void> {
  await client.query("begin");
  await client.query(`declare every no scroll cursor for ${text}`);
  for (;;) {
    const { rows } = await client.query(`fetch ${ROWS_PER_FETCH} from every`);
    for (const row of rows) take(row as Record<string, string>);
    if (rows.length < ROWS_PER_FETCH) break;
  }
  await client.query("commit");
}

async function alone(databaseUrl: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(text);
  await client.end();
}
