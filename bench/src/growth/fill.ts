/**
 * Loads finished payments by COPY: every table has a stream of its own, so that PostgreSQL writes them side
 * by side, and nothing is kept in memory.
 */
import { once } from "node:events";
import { text as readText } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import pg from "pg";
import { type CopyStreamQuery, from as copyFrom, to as copyTo } from "pg-copy-streams";
import { cumulativeZipf, drawFrom } from "../zipf.ts";
import { type Account, createCopier, type Source, spell } from "./copies.ts";
import { whileFrozen } from "./frozen.ts";
import { withoutIndexes } from "./indexes.ts";
import { makeTemplate, type RowsByTable, TABLE_NAMES, TABLES, type TableName } from "./template.ts";

const PAYMENTS_PER_CHUNK = 1_000;
const PROGRESS_EVERY = 250_000;
/** Steps by it touch every part of the range evenly, the law of merchants included. */
const GOLDEN = 0.618_033_988_749_895;

export type FillOptions = {
  readonly databaseUrl: string;
  /** The platform's process, which does nothing until the payments are there. */
  readonly pid: number;
  readonly payments: number;
  /** Exponent of the law by which merchants are drawn. */
  readonly zipf: number;
  readonly progress: (line: string) => void;
};

/**
 * Fills the cell with copies of each merchant's last payment that succeeded and was delivered; merchants must
 * have one. The invariants hold afterwards as they did before.
 */
export async function fill(options: FillOptions): Promise<{ readonly perSecond: number }> {
  const client = await connect(options.databaseUrl);
  try {
    // The copies go on from where each account stands, so nothing else may post until they are there.
    return await whileFrozen(options.pid, client, async () => {
      const begun = performance.now();
      const sources = await readSources(client);
      await withoutIndexes(client, TABLE_NAMES, () => copyAll(options, sources));
      await updateAccounts(client, sources);
      const perSecond = (options.payments * 1_000) / (performance.now() - begun);
      // As tables are that grew over months: known to the planner, and swept.
      await client.query("vacuum (analyze)");
      await client.query("checkpoint");
      return { perSecond };
    });
  } finally {
    await client.end();
  }
}

async function copyAll(options: FillOptions, sources: readonly Source[]): Promise<void> {
  const streams = await openStreams(options.databaseUrl);
  try {
    await write(options, sources, streams);
  } finally {
    await Promise.all(streams.map(({ client }) => client.end()));
  }
}

type TableStream = {
  readonly table: TableName;
  readonly client: pg.Client;
  readonly stream: CopyStreamQuery;
};

async function connect(databaseUrl: string): Promise<pg.Client> {
  const options = "-c search_path=cell_0 -c synchronous_commit=off -c timezone=UTC";
  const client = new pg.Client({ connectionString: databaseUrl, options });
  await client.connect();
  return client;
}

function openStreams(databaseUrl: string): Promise<TableStream[]> {
  return Promise.all(
    TABLE_NAMES.map(async (table) => {
      const client = await connect(databaseUrl);
      return { table, client, stream: client.query(copyFrom(`copy ${table} from stdin`)) };
    }),
  );
}

async function write(
  { payments, zipf, progress }: FillOptions,
  sources: readonly Source[],
  streams: readonly TableStream[],
): Promise<void> {
  const shares = cumulativeZipf(sources.length, zipf);
  const now = Date.now();
  const copier = createCopier(`g${now.toString(36)}`, now - Math.ceil(payments / 5));
  for (let done = 0; done < payments; ) {
    const until = Math.min(payments, done + PAYMENTS_PER_CHUNK);
    const lines = Object.fromEntries(TABLE_NAMES.map((table) => [table, [] as string[]])) as Record<
      TableName,
      string[]
    >;
    for (; done < until; done += 1) {
      const chance = (done * GOLDEN) % 1;
      copier.copy(sources[drawFrom(shares, chance)] as Source, lines);
    }
    await Promise.all(streams.map(({ table, stream }) => writeOut(stream, lines[table].join(""))));
    if (done % PROGRESS_EVERY === 0) progress(`${done.toLocaleString("en")} payments are loaded`);
  }
  await Promise.all(
    streams.map(({ stream }) => {
      stream.end();
      return finished(stream);
    }),
  );
}

async function writeOut(stream: CopyStreamQuery, text: string): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}

const TEMPLATES = `
  select distinct on (p.merchant_id) p.id
  from payments p
  join events e on e.payment_id = p.id and e.type = 'payment.succeeded'
  join deliveries d on d.event_id = e.id and d.state = 'delivered'
  where p.status = 'succeeded'
    and not exists (select from refunds r where r.payment_id = p.id)
  order by p.merchant_id, p.id desc`;

async function readSources(client: pg.Client): Promise<Source[]> {
  const { rows } = await client.query(TEMPLATES);
  if (rows.length === 0) throw new Error("no payment has succeeded yet that others could be like");
  const accounts = await readAccounts(client);
  const sources: Source[] = [];
  for (const { id } of rows as { id: string }[]) {
    const template = makeTemplate(await readRows(client, id), spell);
    const instants = template.steps.map(({ accountId }) => accounts.get(accountId)?.postedAt ?? "");
    // Of one length and in one zone, so the latest is the greatest text.
    sources.push({ template, accounts, postedAt: instants.toSorted().at(-1) as string });
  }
  return sources;
}

async function readAccounts(client: pg.Client): Promise<Map<string, Account>> {
  const { rows } = await client.query(`
    select id, balance::text, last_seq::text,
      to_char(last_posted_at, 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as posted_at
    from accounts
    where last_posted_at is not null`);
  return new Map(
    rows.map((row: { id: string; balance: string; last_seq: string; posted_at: string }) => [
      row.id,
      { id: row.id, balance: BigInt(row.balance), lastSeq: BigInt(row.last_seq), postedAt: row.posted_at },
    ]),
  );
}

async function readRows(client: pg.Client, paymentId: string): Promise<RowsByTable> {
  const tables: Partial<Record<TableName, { columns: string[]; rows: string[][] }>> = {};
  for (const table of TABLE_NAMES) {
    const where = TABLES[table].replaceAll("$payment", `'${paymentId}'`);
    const { fields } = await client.query(`select * from ${table} limit 0`);
    const out = await readText(
      client.query(copyTo(`copy (select * from ${table} where ${where}) to stdout`)),
    );
    const rows = out.split("\n").slice(0, -1);
    tables[table] = {
      columns: fields.map(({ name }) => name),
      rows: rows.map((row) => row.split("\t")),
    };
  }
  return tables as RowsByTable;
}

async function updateAccounts(client: pg.Client, sources: readonly Source[]): Promise<void> {
  const accounts = [...(sources[0] as Source).accounts.values()];
  await client.query(
    `update accounts a
     set balance = n.balance, last_seq = n.last_seq, last_posted_at = n.posted_at
     from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[])
       as n(id, balance, last_seq, posted_at)
     where a.id = n.id`,
    [
      accounts.map(({ id }) => id),
      accounts.map(({ balance }) => String(balance)),
      accounts.map(({ lastSeq }) => String(lastSeq)),
      accounts.map(({ postedAt }) => postedAt),
    ],
  );
}
