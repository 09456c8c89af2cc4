import type { ChannelAccount, Channels, StatementLine } from "../channels/index.ts";
import { StatementFault } from "../channels/index.ts";
import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { endFetch } from "./fetches-store.ts";
import type { StatementFiles } from "./files.ts";
import type {
  Content,
  Reading,
  Scope,
  ScopeState,
  StatementRecord,
  StatementSource,
  StatementTotal,
} from "./model.ts";
import { createReaders, type Readers } from "./readers.ts";
import * as store from "./store.ts";

export type StatementsDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account" | "channel" | "contextOf" | "budget">;
  readonly files: StatementFiles;
};

/** A file as it came. */
export type Incoming = {
  readonly scope: Scope;
  readonly original: Buffer;
  readonly source: StatementSource;
  /** The operator who uploaded it; null: the platform fetched it. */
  readonly receivedBy: Id | null;
};

/** What became of a file. */
export type Received =
  | { readonly outcome: "accepted"; readonly record: StatementRecord }
  /** The scope has this very file already: the version that it was given then. */
  | { readonly outcome: "same"; readonly record: StatementRecord }
  | { readonly outcome: "refused"; readonly record: StatementRecord };

export type Statements = {
  /**
   * Keeps a file, reads it, and writes down what became of it. Throws `not_found` for an account that is not
   * there and `conflict` for one without credentials, whose holder is not known.
   */
  receive(incoming: Incoming): Promise<Received>;
  /** The newest accepted statement of a scope, or null. */
  current(scope: Scope): Promise<StatementRecord | null>;
  /** What is known of a scope. */
  state(scope: Scope): Promise<ScopeState>;
  /** The lines of an accepted statement of kind `trade`, in the file's order, read from the original. */
  lines(record: StatementRecord): AsyncIterable<StatementLine>;
  /** Per currency and kind, what an accepted statement adds up to. */
  totals(record: StatementRecord): Promise<readonly StatementTotal[]>;
  /** The original as it came. */
  original(record: StatementRecord): Promise<Buffer>;
  /** Throws `not_found`. */
  get(id: Id): Promise<StatementRecord>;
  /** Newest first. */
  list(filter: store.StatementFilter, before: Id | null, limit: number): Promise<StatementRecord[]>;
};

/** Reasons are shown to people; what a file made them quote may be long. */
const REASON_MAX = 300;
/** What a day without trades adds up to. */
const NOTHING: Content = { lines: 0, notes: [], totals: [] };
/** Each try fails only when another statement of the scope was written meanwhile. */
const TRIES_MAX = 20;

export function createStatements(deps: StatementsDeps): Statements {
  const { cell, files } = deps;
  const readers = createReaders({ channel: deps.channels.channel });
  return {
    receive: (incoming) => receive(deps, readers, incoming),
    current: (scope) => store.findCurrent(cell.db, scope),
    state: async (scope) => {
      const current = await store.findCurrent(cell.db, scope);
      if (current !== null) return current.source === "none_published" ? "none_published" : "accepted";
      const newest = await store.findNewest(cell.db, scope);
      return newest === null ? "expected" : "refused";
    },
    lines: (record) => linesOf(deps, readers, record),
    totals: ({ id }) => store.findTotals(cell.db, id),
    original: ({ hash }) => files.read(hash),
    get: async (id) => {
      const found = await store.findStatement(cell.db, id);
      if (found === null) throw problem("not_found");
      return found;
    },
    list: (filter, before, limit) => store.listStatements(cell.db, filter, before, limit),
  };
}

async function receive(deps: StatementsDeps, readers: Readers, incoming: Incoming): Promise<Received> {
  const { scope, original, source, receivedBy } = incoming;
  const reading = await readingOf(deps, scope);
  // Before its row: a row never names a file that a loss of power could take away.
  const hash = await deps.files.keep(original);
  const known = await store.findSame(deps.cell.db, scope, hash, null);
  if (known !== null) return { outcome: "same", record: known };
  const read = source === "none_published" ? NOTHING : await readers.content(scope, reading, original);
  const record = (fault: StatementFault | null): StatementRecord => ({
    ...scope,
    id: deps.cell.newId(),
    state: fault === null ? "accepted" : "refused",
    version: null,
    hash,
    bytes: BigInt(original.length),
    source,
    reading,
    lines: 0,
    faultLine: fault?.line ?? null,
    faultReason: fault === null ? null : [...fault.reason].slice(0, REASON_MAX).join(""),
    notes: [],
    receivedAt: deps.cell.clock.now(),
    receivedBy,
  });
  if (read instanceof StatementFault) {
    return { outcome: "refused", record: (await write(deps, record(read), null)).record };
  }
  const written = await write(deps, { ...record(null), lines: read.lines, notes: read.notes }, read);
  return { outcome: written.isNew ? "accepted" : "same", record: written.record };
}

/** Whom the file must be of, and what reads it. */
async function readingOf(deps: StatementsDeps, scope: Scope): Promise<Reading> {
  if (scope.channelAccountId === null) throw new Error(`nothing reads statements of kind ${scope.kind} yet`);
  const account = await deps.channels.account(scope.channelAccountId);
  if (account === null) throw problem("not_found");
  return { reader: "channel", channel: account.channel, holder: await holderOf(deps, account) };
}

async function holderOf(
  deps: StatementsDeps,
  account: ChannelAccount,
): Promise<Readonly<Record<string, string>>> {
  const channel = deps.channels.channel(account.channel);
  if (channel === null || account.credentialVersion === null) {
    throw problem("conflict", { detail: "the account has no credentials yet; save them first" });
  }
  const { credentials } = await deps.channels.contextOf(account, "current");
  return channel.merchantOf(credentials) ?? {};
}

/**
 * Two that write the same scope at once are told apart by its unique indexes: the later one waits for the
 * earlier, finds the number taken, and looks once more.
 */
async function write(
  { cell }: Pick<StatementsDeps, "cell">,
  row: StatementRecord,
  content: Content | null,
): Promise<{ readonly record: StatementRecord; readonly isNew: boolean }> {
  const fault = row.faultReason === null ? null : { line: row.faultLine ?? 0, reason: row.faultReason };
  for (let tried = 0; tried < TRIES_MAX; tried += 1) {
    const record = await cell.transact(
      async (tx) => {
        const inserted = await store.insertStatement(tx, row);
        if (inserted !== null && content !== null) {
          await store.insertTotals(tx, row.id, content.totals);
          await endFetch(tx, row, row.id, row.receivedAt);
        }
        return inserted;
      },
      { repeatable: true },
    );
    if (record !== null) return { record, isNew: true };
    const same = await store.findSame(cell.db, row, row.hash, fault);
    if (same !== null) return { record: same, isNew: same.id === row.id };
  }
  throw problem("overloaded", { detail: "other statements of the same day are being received" });
}

async function* linesOf(
  { files }: StatementsDeps,
  readers: Readers,
  record: StatementRecord,
): AsyncIterable<StatementLine> {
  if (record.state !== "accepted") throw new Error(`the statement ${record.id} was refused: it has no lines`);
  if (record.source === "none_published") return;
  yield* await readers.trades(record, record.reading, await files.read(record.hash));
}
