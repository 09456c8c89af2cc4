/**
 * The skeleton's tables and its two transactions. Six row versions for a payment: it twice, its journal, two
 * entries, the delivery that would tell of it. Accounts cost one update for each batch.
 */
import pg from "pg";

const SCHEMA = `
  create table payments (
    id uuid primary key,
    merchant_id integer not null,
    order_no text not null,
    amount bigint not null,
    state text not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    unique (merchant_id, order_no)
  ) with (fillfactor = 85);
  create table accounts (
    id integer primary key,
    balance bigint not null,
    last_seq bigint not null
  ) with (fillfactor = 50);
  create table journals (
    id uuid primary key,
    payment_id uuid not null unique,
    posted_at timestamptz not null
  );
  create table entries (
    account_id integer not null,
    seq bigint not null,
    journal_id uuid not null,
    amount bigint not null,
    balance_after bigint not null,
    primary key (account_id, seq)
  );
  create table deliveries (
    id uuid primary key,
    payment_id uuid not null,
    due_at timestamptz not null
  )`;

const CREATE = `
  insert into payments (id, merchant_id, order_no, amount, state, created_at)
  select id, merchant_id, order_no, amount, 'processing', $5
  from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[]) as p(id, merchant_id, order_no, amount)
  order by merchant_id, order_no
  on conflict do nothing
  returning id`;
const LOCK_PAYMENTS = `
  select id, amount, state
  from payments
  where id = any($1::uuid[])
  order by id
  for no key update`;
const LOCK_ACCOUNTS = `
  select id, balance, last_seq
  from accounts
  where id = any($1::integer[])
  order by id
  for no key update`;
const FINISH = `update payments set state = 'succeeded', finished_at = $2 where id = any($1::uuid[])`;
const POST_JOURNALS = `
  insert into journals
  select id, payment_id, $3
  from unnest($1::uuid[], $2::uuid[]) as j(id, payment_id)`;
const POST_ENTRIES = `
  insert into entries
  select *
  from unnest($1::integer[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[])`;
const UPDATE_ACCOUNTS = `
  update accounts a
  set balance = n.balance, last_seq = n.last_seq
  from unnest($1::integer[], $2::bigint[], $3::bigint[]) as n(id, balance, last_seq)
  where a.id = n.id`;
const TELL = `
  insert into deliveries
  select id, payment_id, $3
  from unnest($1::uuid[], $2::uuid[]) as d(id, payment_id)`;

export type NewPayment = {
  readonly id: string;
  readonly merchantId: number;
  readonly orderNo: string;
  /** Minor units, in digits. */
  readonly amount: string;
};

export type Report = {
  readonly id: string;
  readonly merchantId: number;
  readonly amount: string;
  /** Of the journal and the delivery. */
  readonly newId: string;
};

export type Store = {
  /** True for each payment that is new. */
  create(payments: readonly NewPayment[]): Promise<boolean[]>;
  /** True for each report of a payment that is known, whether or not it was reported before. */
  report(reports: readonly Report[]): Promise<boolean[]>;
};

/** Makes the tables in an empty database, and two accounts for each merchant. */
export async function prepareDatabase(databaseUrl: string, merchants: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(SCHEMA);
  await client.query(`insert into accounts select id, 0, 0 from generate_series(0, ${2 * merchants - 1}) id`);
  await client.end();
}

/** What must hold after a run: a sentence for each thing that does not. */
export async function violationsOf(databaseUrl: string, reported: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(`
    select
      (select count(*) from payments where state = 'succeeded') as succeeded,
      (select count(*) from deliveries) as told,
      (select sum(amount) from entries) as entries,
      (select sum(balance) from accounts) as balances,
      (select count(*)
       from accounts a
       left join (select account_id, sum(amount) as amount, max(seq) as seq from entries group by 1) e
         on e.account_id = a.id
       where a.balance <> coalesce(e.amount, 0)
         or a.last_seq <> coalesce(e.seq, 0)) as unequal`);
  await client.end();
  const { succeeded, told, entries, balances, unequal } = rows[0] as Record<string, string | null>;
  return [
    ...(Number(succeeded) === reported ? [] : [`${reported} were acknowledged, ${succeeded} are there`]),
    ...(told === succeeded ? [] : [`${succeeded} succeeded, ${told} would be told of`]),
    ...(Number(entries) === 0 && Number(balances) === 0 ? [] : ["the books do not sum to zero"]),
    ...(Number(unequal) === 0 ? [] : [`${unequal} accounts differ from their entries`]),
  ];
}

/** Opens one pipelined connection for each transaction: one batch of each kind is in flight at a time. */
export async function openStore(databaseUrl: string): Promise<Store> {
  const [creating, reporting] = await Promise.all([connect(databaseUrl), connect(databaseUrl)]);
  return {
    create: async (payments) => {
      const { rows } = await creating.query({
        name: "create",
        text: CREATE,
        values: [
          payments.map((payment) => uuid(payment.id)),
          payments.map((payment) => payment.merchantId),
          payments.map((payment) => payment.orderNo),
          payments.map((payment) => payment.amount),
          new Date(),
        ],
      });
      const inserted = new Set(rows.map((row: { id: string }) => plain(row.id)));
      return payments.map(({ id }) => inserted.has(id));
    },
    report: (reports) => report(reporting, reports),
  };
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    options: "-c enable_seqscan=off",
    ...({ pipeline: true } as object),
  });
  await client.connect();
  return client;
}

/** An id as it is written here: without dashes, and without the zeros that fill a uuid. */
function plain(uuid: string): string {
  return uuid.replaceAll("-", "").slice(-26);
}

/** As a uuid: filled to 32 digits. */
function uuid(id: string): string {
  return `000000${id}`;
}

async function report(client: pg.Client, reports: readonly Report[]): Promise<boolean[]> {
  const accountIds = [...new Set(reports.flatMap(({ merchantId: id }) => [2 * id, 2 * id + 1]))];
  const ids = [reports.map(({ id }) => uuid(id))];
  const [, payments, accounts] = await Promise.all([
    client.query("begin"),
    client.query({ name: "lock_payments", text: LOCK_PAYMENTS, values: ids }),
    client.query({ name: "lock_accounts", text: LOCK_ACCOUNTS, values: [accountIds] }),
  ]);
  const states = new Map<string, string>();
  for (const row of payments.rows) states.set(plain(row.id), row.state);
  const books = new Map<number, Book>();
  for (const { id, balance, last_seq } of accounts.rows) {
    books.set(id, { id, balance: BigInt(balance), lastSeq: BigInt(last_seq) });
  }
  const known = reports.map(({ id }) => states.has(id));
  const fresh = reports.filter(({ id }) => {
    const isFresh = states.get(id) === "processing";
    if (isFresh) states.set(id, "succeeded");
    return isFresh;
  });
  await write(client, fresh, books);
  return known;
}

type Book = { readonly id: number; balance: bigint; lastSeq: bigint };

async function write(client: pg.Client, fresh: readonly Report[], books: Map<number, Book>): Promise<void> {
  const now = new Date();
  const ids = fresh.map(({ id }) => uuid(id));
  const newIds = fresh.map(({ newId }) => uuid(newId));
  const entries: unknown[][] = [[], [], [], [], []];
  for (const { merchantId, amount, newId } of fresh) {
    post(entries, books.get(2 * merchantId) as Book, uuid(newId), BigInt(amount));
    post(entries, books.get(2 * merchantId + 1) as Book, uuid(newId), -BigInt(amount));
  }
  const changed = [...books.values()];
  const accounts = [
    changed.map(({ id }) => id),
    changed.map(({ balance }) => balance),
    changed.map(({ lastSeq }) => lastSeq),
  ];
  const results = await Promise.all([
    client.query({ name: "finish", text: FINISH, values: [ids, now] }),
    client.query({ name: "post_journals", text: POST_JOURNALS, values: [newIds, ids, now] }),
    client.query({ name: "post_entries", text: POST_ENTRIES, values: entries }),
    client.query({ name: "update_accounts", text: UPDATE_ACCOUNTS, values: accounts }),
    client.query({ name: "tell", text: TELL, values: [newIds, ids, now] }),
    client.query("commit"),
  ]);
  // COMMIT of a failed transaction resolves, with the tag ROLLBACK.
  if (results.at(-1)?.command !== "COMMIT") throw new Error("the batch was rolled back");
}

function post(entries: unknown[][], book: Book, journalId: string, amount: bigint): void {
  book.balance += amount;
  book.lastSeq += 1n;
  const row = [book.id, book.lastSeq, journalId, amount, book.balance];
  row.forEach((value, column) => {
    entries[column]?.push(value);
  });
}
