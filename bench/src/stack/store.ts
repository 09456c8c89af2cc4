/** The four transactions of a payment's way, each in one round trip where nothing must be known first. */
import pg from "pg";
import { ENTRIES, FACTS, SCHEMA, STATEMENTS } from "./schema.ts";

const LARGE = "x".repeat(250);
const SMALL = "x".repeat(150);

export type Payment = {
  readonly id: string;
  readonly attemptId: string;
  readonly merchantId: number;
  readonly orderNo: string;
  /** Minor units, in digits. */
  readonly amount: string;
};

export type Success = {
  readonly payment: Payment;
  readonly journalId: string;
  readonly exchangeId: string;
  readonly eventId: string;
  readonly deliveryId: string;
  readonly payload: string;
};

export type Answer = { readonly payment: Payment; readonly exchangeId: string };

export type Store = {
  create(payments: readonly Payment[]): Promise<boolean[]>;
  answer(answers: readonly Answer[]): Promise<boolean[]>;
  succeed(successes: readonly Success[]): Promise<boolean[]>;
  told(deliveryIds: readonly string[]): Promise<boolean[]>;
};

/** Makes the tables in an empty database, and the accounts of so many merchants. */
export async function prepareDatabase(databaseUrl: string, merchants: number): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(SCHEMA);
    await client.query(
      `insert into accounts select id, 0, 0 from generate_series(0, ${ENTRIES * merchants - 1}) id`,
    );
  });
}

/** What must hold after a run: a sentence for each thing that does not. */
export async function violationsOf(databaseUrl: string, reported: number): Promise<string[]> {
  const { rows } = await withClient(databaseUrl, (client) => client.query(FACTS));
  const { succeeded, told, entries, unequal } = rows[0] as Record<string, string | null>;
  return [
    ...(Number(succeeded) === reported ? [] : [`${reported} were acknowledged, ${succeeded} are there`]),
    ...(told === succeeded ? [] : [`${succeeded} succeeded, ${told} have a delivery`]),
    ...(Number(entries) === 0 ? [] : ["the books do not sum to zero"]),
    ...(Number(unequal) === 0 ? [] : [`${unequal} accounts differ from their entries`]),
  ];
}

async function withClient<T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const result = await use(client);
  await client.end();
  return result;
}

/** Opens one pipelined connection for each transaction: one batch of each kind is in flight at a time. */
export async function openStore(databaseUrl: string): Promise<Store> {
  const [creating, answering, succeeding, telling] = await Promise.all([
    connect(databaseUrl),
    connect(databaseUrl),
    connect(databaseUrl),
    connect(databaseUrl),
  ]);
  return {
    create: (payments) => create(creating, payments),
    answer: (answers) => answer(answering, answers),
    succeed: (successes) => succeed(succeeding, successes),
    told: async (deliveryIds) => {
      await run(telling, "finishDeliveries", arrayOf(deliveryIds));
      return deliveryIds.map(() => true);
    },
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

function run(client: pg.Client, name: keyof typeof STATEMENTS, ...values: unknown[]) {
  return client.query<Record<string, string>>({ name, text: STATEMENTS[name], values });
}

/** Of values that need no quoting. */
function arrayOf(values: readonly unknown[]): string {
  return `{${values.join(",")}}`;
}

async function create(client: pg.Client, payments: readonly Payment[]): Promise<boolean[]> {
  const now = new Date();
  const ids = arrayOf(payments.map(({ id }) => id));
  const merchants = arrayOf(payments.map(({ merchantId }) => merchantId));
  const orders = arrayOf(payments.map(({ orderNo }) => orderNo));
  const amounts = arrayOf(payments.map(({ amount }) => amount));
  const attempts = arrayOf(payments.map(({ attemptId }) => attemptId));
  const [, { rows }] = await Promise.all([
    client.query("begin"),
    run(client, "insertPayments", ids, merchants, orders, amounts, now, LARGE),
    run(client, "insertAttempts", attempts, ids, now, LARGE),
  ]);
  await client.query("commit");
  const inserted = new Set(rows.map(({ id }) => id));
  return payments.map(({ id }) => inserted.has(id));
}

async function answer(client: pg.Client, answers: readonly Answer[]): Promise<boolean[]> {
  const attempts = arrayOf(answers.map(({ payment }) => payment.attemptId));
  const payments = arrayOf(answers.map(({ payment }) => payment.id));
  const exchanges = arrayOf(answers.map(({ exchangeId }) => exchangeId));
  await Promise.all([client.query("begin"), run(client, "lockAttempts", attempts)]);
  await Promise.all([
    run(client, "openAttempts", attempts, LARGE),
    run(client, "insertExchanges", payments, exchanges, new Date(), SMALL),
  ]);
  await client.query("commit");
  return answers.map(() => true);
}

async function succeed(client: pg.Client, successes: readonly Success[]): Promise<boolean[]> {
  const now = new Date();
  const accountIds = [...new Set(successes.flatMap(({ payment }) => accountsOf(payment)))];
  const ids = arrayOf(successes.map(({ payment }) => payment.id));
  const [, , { rows }] = await Promise.all([
    client.query("begin"),
    run(client, "lockPayments", ids),
    run(client, "lockAccounts", arrayOf(accountIds)),
  ]);
  const books = new Map<number, Book>();
  for (const { id, balance, last_seq: seq } of rows) {
    books.set(Number(id), { id: Number(id), balance: BigInt(balance ?? 0), lastSeq: BigInt(seq ?? 0) });
  }
  const entries = post(successes, books);
  await Promise.all([
    ...writeOutcome(client, successes, ids, now),
    run(client, "insertEntries", ...entries.map(arrayOf)),
    updateBooks(client, [...books.values()]),
  ]);
  await client.query("commit");
  return successes.map(() => true);
}

type Book = { readonly id: number; balance: bigint; lastSeq: bigint };

function accountsOf({ merchantId }: Payment): number[] {
  return Array.from({ length: ENTRIES }, (_, at) => ENTRIES * merchantId + at);
}

function updateBooks(client: pg.Client, changed: readonly Book[]) {
  const column = (of: (book: Book) => unknown) => arrayOf(changed.map(of));
  const [ids, balances, seqs] = [
    column(({ id }) => id),
    column(({ balance }) => balance),
    column(({ lastSeq }) => lastSeq),
  ];
  return run(client, "updateAccounts", ids, balances, seqs);
}

function writeOutcome(client: pg.Client, successes: readonly Success[], ids: string, now: Date) {
  const column = (of: (success: Success) => unknown) => arrayOf(successes.map(of));
  const attempts = column(({ payment }) => payment.attemptId);
  const orders = column(({ payment }) => payment.orderNo);
  const merchants = column(({ payment }) => payment.merchantId);
  const events = column(({ eventId }) => eventId);
  const payloads = successes.map(({ payload }) => payload);
  const [exchanges, journals] = [
    column(({ exchangeId }) => exchangeId),
    column(({ journalId }) => journalId),
  ];
  const deliveries = column(({ deliveryId }) => deliveryId);
  return [
    run(client, "finishPayments", ids, now),
    run(client, "finishAttempts", attempts, orders),
    run(client, "insertExchanges", ids, exchanges, now, SMALL),
    run(client, "insertJournals", journals, ids, now, SMALL),
    run(client, "insertEvents", events, ids, merchants, payloads),
    run(client, "insertDeliveries", deliveries, events, now),
  ];
}

/** Moves the accounts by each payment's entries; their five columns. */
function post(successes: readonly Success[], books: ReadonlyMap<number, Book>): unknown[][] {
  const columns: [unknown[], unknown[], unknown[], unknown[], unknown[]] = [[], [], [], [], []];
  for (const { payment, journalId } of successes) {
    for (const accountId of accountsOf(payment)) {
      const book = books.get(accountId) as Book;
      const amount = accountId % 2 === 0 ? BigInt(payment.amount) : -BigInt(payment.amount);
      book.balance += amount;
      book.lastSeq += 1n;
      [book.id, book.lastSeq, journalId, amount, book.balance].forEach((value, at) => {
        (columns[at] as unknown[]).push(value);
      });
    }
  }
  return columns;
}
