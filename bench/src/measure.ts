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
  readonly postmasterPid: number;
  readonly checkpoints: number;
};

export type Gauge = {
  read(): Promise<DatabaseCounters>;
  /** Rows that still wait: due deliveries and live attempts that have a report. */
  backlog(): Promise<number>;
  query(text: string): Promise<Record<string, string>[]>;
  /** Settings of the server that a reader of the result must know. */
  settings(): Promise<Record<string, string>>;
  close(): Promise<void>;
};

/** Opens a connection of its own to the platform's database. */
export async function openGauge(databaseUrl: string, postmasterPid: () => number): Promise<Gauge> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const query = async (text: string) => (await client.query(text)).rows as Record<string, string>[];
  return {
    query,
    read: async () => {
      // Statistics of a backend are published at most every second, at the end of a transaction.
      const [row] = await query(`
        select
          (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_user_tables) as rows,
          (select sum(n_tup_upd) from pg_stat_user_tables where relname = 'accounts') as accounts,
          pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal,
          (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks,
          (select num_done from pg_stat_checkpointer) as checkpoints`);
      return {
        rowVersions: Number(row?.rows ?? 0),
        accountUpdates: Number(row?.accounts ?? 0),
        walBytes: Number(row?.wal ?? 0),
        deadlocks: Number(row?.deadlocks ?? 0),
        checkpoints: Number(row?.checkpoints ?? 0),
        postmasterPid: postmasterPid(),
      };
    },
    backlog: async () => {
      const [row] = await query(
        `select count(*) as waiting from cell_0.deliveries where state = 'scheduled'`,
      );
      return Number(row?.waiting ?? 0);
    },
    settings: async () => {
      const names = [
        "server_version",
        "fsync",
        "synchronous_commit",
        "shared_buffers",
        "max_wal_size",
        "full_page_writes",
      ];
      const list = `array['${names.join("','")}']`;
      const rows = await query(
        `select name, current_setting(name) as value from unnest(${list}) name order by 1`,
      );
      return Object.fromEntries(rows.map((row) => [row.name as string, row.value as string]));
    },
    close: () => client.end(),
  };
}
