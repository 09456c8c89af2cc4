import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { ChannelAccount, Channels, FundFlowStatement, StatementLine } from "../channels/index.ts";
import { StatementFault } from "../channels/index.ts";
import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { BankEntry, BankStatement } from "./bank/model.ts";
import { endFetch } from "./fetches-store.ts";
import type { StatementFiles } from "./files.ts";
import type { MappedRow } from "./mapping/read.ts";
import { createMappings, type Mappings } from "./mapping/service.ts";
import type {
  Content,
  Reading,
  Scope,
  ScopeState,
  StatementRecord,
  StatementSource,
  StatementTotal,
} from "./model.ts";
import { type ReadAnew, readAnew, versionOf } from "./older-reader.ts";
import { createReaders, type Readers } from "./readers.ts";
import * as store from "./store.ts";
import { tellsCommissions } from "./told-commissions.ts";
import { tellsPayouts } from "./told-payouts.ts";

export type StatementsDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account" | "channel" | "contextOf" | "budget">;
  readonly files: StatementFiles;
  /** A statement that unpacks to more is refused; 4 GB by default. */
  readonly unpackedBytesMax?: number;
  /** Goes around the reading of a file, which is unpacked beside the event loop; absent: nothing does. */
  readonly around?: <T>(what: string, work: () => Promise<T>) => Promise<T>;
};

/** A file as it came. */
export type Incoming = {
  readonly scope: Scope;
  readonly original: Buffer;
  readonly source: StatementSource;
  /** The operator who uploaded it; null: the platform fetched it. */
  readonly receivedBy: Id | null;
  /** The mapping that reads it; null and absent: the channel's form, or of kind `bank` camt.053. */
  readonly mapping?: string | null;
};

/** A file taken out of what it came in. */
export type UnpackedFile = { readonly bytes: number; writeTo(path: string): Promise<void> };

/** What became of a file. */
export type Received =
  | { readonly outcome: "accepted"; readonly record: StatementRecord }
  /**
   * The scope has this very file already: the version that it was given then. Of `none_published`, the scope
   * has a statement: the current one.
   */
  | { readonly outcome: "same"; readonly record: StatementRecord }
  | { readonly outcome: "refused"; readonly record: StatementRecord };

export type Statements = {
  /**
   * Keeps a file, reads it, and writes down what became of it. Throws `not_found` for an account that is not
   * there and `conflict` for one without credentials, whose holder is not known.
   */
  receive(incoming: Incoming): Promise<Received>;
  /**
   * The current statements of kind `trade` that took the place of another one, in the order of their ids,
   * from behind `after` on.
   */
  corrected(after: Id | null, limit: number): Promise<store.Corrected[]>;
  /** Days of trade that no statement was accepted for, of those given. */
  without(scopes: readonly store.TradeScope[]): Promise<store.TradeScope[]>;
  /** What the current statements of days of trade note, of those given. */
  noted(scopes: readonly store.TradeScope[]): Promise<store.Noted[]>;
  /** The newest accepted statement of a scope, or null. */
  current(scope: Scope): Promise<StatementRecord | null>;
  /** The same of scopes of trade, in their order. */
  currentTrades(scopes: readonly store.TradeScope[]): Promise<readonly (StatementRecord | null)[]>;
  /** What is known of a scope. */
  state(scope: Scope): Promise<ScopeState>;
  /** As `lines`: whole, or of a large one while it is read. */
  trades(record: StatementRecord): Promise<readonly StatementLine[] | AsyncIterable<StatementLine>>;
  /** The lines of an accepted statement of kind `trade`, in the file's order, read from the original. */
  lines(record: StatementRecord): AsyncIterable<StatementLine>;
  /**
   * The file of an accepted statement of kind `trade` as its channel wrote it, for a program that reads it by
   * itself; null where it is none that may be too large to be held.
   */
  unpacked(record: StatementRecord): Promise<UnpackedFile | null>;
  /** An accepted statement of kind `fund`: balances and movements, read from the original. */
  funds(record: StatementRecord): Promise<FundFlowStatement>;
  /** An accepted statement of kind `bank`: balances and booked movements, read from the original. */
  bank(record: StatementRecord): Promise<BankStatement>;
  /** The booked movements of an accepted statement of kind `bank`, in the file's order. */
  bankEntries(record: StatementRecord): AsyncIterable<BankEntry>;
  /** The lines of an accepted statement of kind `sales` or `commission`, in the file's order. */
  rows(record: StatementRecord): AsyncIterable<MappedRow>;
  /** How files of somebody's own form are read. */
  readonly mappings: Mappings;
  /**
   * Of a statement of kind `trade` that an older reader of its channel accepted: writes down what it comes to
   * by the present one, in the transaction that writes what it was compared by. Null: there is no newer one.
   */
  readAnew(record: StatementRecord): Promise<ReadAnew | null>;
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
const UNPACKED_BYTES_MAX = 4 * 1_024 ** 3;
/** What a day without trades adds up to. */
const NOTHING: Content = { lines: 0, notes: [], totals: [] };
/** Each try fails only when another statement of the scope was written meanwhile. */
const TRIES_MAX = 20;

export function createStatements(deps: StatementsDeps): Statements {
  const { cell, files } = deps;
  const mappings = createMappings(deps);
  const readers = createReaders({
    unpackedBytesMax: deps.unpackedBytesMax ?? UNPACKED_BYTES_MAX,
    channel: deps.channels.channel,
    mapping: async (name, version) => (await mappings.get(name, version)).definition,
  });
  const original = ({ hash }: StatementRecord) => files.read(hash);
  const bank = async (record: StatementRecord) => {
    mustBeAccepted(record);
    return readers.bank(record, record.reading, await original(record));
  };
  const trades: Statements["trades"] = async (record) => {
    mustBeAccepted(record);
    if (record.source === "none_published") return [];
    return readers.trades(record, record.reading, await original(record));
  };
  return {
    receive: (incoming) => receive(deps, { readers, mappings }, incoming),
    corrected: (after, limit) => store.listCorrected(cell.db, after, limit),
    without: (scopes) => store.findWithout(cell.db, scopes),
    noted: (scopes) => store.findNoted(cell.db, scopes),
    current: (scope) => store.findCurrent(cell.db, scope),
    currentTrades: async (scopes) => {
      const rows = await store.findCurrentTrades(cell.db, scopes);
      const byScope = new Map(rows.map((row) => [`${row.channelAccountId} ${row.statementDate}`, row]));
      return scopes.map(
        ({ channelAccountId, statementDate }) => byScope.get(`${channelAccountId} ${statementDate}`) ?? null,
      );
    },
    state: async (scope) => {
      const current = await store.findCurrent(cell.db, scope);
      if (current !== null) return current.source === "none_published" ? "none_published" : "accepted";
      const newest = await store.findNewest(cell.db, scope);
      return newest === null ? "expected" : "refused";
    },
    trades,
    lines: (record) => each(record, () => trades(record)),
    unpacked: async (record) => {
      mustBeAccepted(record);
      if (record.source === "none_published") return null;
      const file = await readers.unpacked(record.reading, await original(record));
      if (file === null) return null;
      const writeTo = (path: string) => pipeline(file.chunks(), createWriteStream(path));
      return { bytes: file.bytes, writeTo };
    },
    funds: async (record) => {
      mustBeAccepted(record);
      return readers.funds(record, record.reading, await original(record));
    },
    bank,
    bankEntries: (record) => each(record, async () => (await bank(record)).entries),
    rows: (record) => each(record, async () => readers.rows(record, record.reading, await original(record))),
    mappings,
    readAnew: (record) => readAnew({ readers, channel: deps.channels.channel, original }, record),
    totals: ({ id }) => store.findTotals(cell.db, id),
    original,
    get: async (id) => {
      const found = await store.findStatement(cell.db, id);
      if (found === null) throw problem("not_found");
      return found;
    },
    list: (filter, before, limit) => store.listStatements(cell.db, filter, before, limit),
  };
}

type Tools = { readonly readers: Readers; readonly mappings: Mappings };

async function receive(
  deps: StatementsDeps,
  { readers, mappings }: Tools,
  incoming: Incoming,
): Promise<Received> {
  const { scope, original, source, receivedBy } = incoming;
  const account = await accountOf(deps, scope);
  const reading = await readingOf(deps, mappings, incoming, account);
  // Before its row: a row never names a file that a loss of power could take away.
  const hash = await deps.files.keep(original);
  const known = await store.findSame(deps.cell.db, scope, hash, null);
  if (known !== null) return { outcome: "same", record: known };
  const { around = (_, work) => work() } = deps;
  const read =
    source === "none_published"
      ? NOTHING
      : await around("reads a statement", () => readers.content(scope, reading, original));
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
  const accepted = { ...record(null), lines: read.lines, notes: read.notes };
  const written = await write(deps, accepted, read, {
    payouts: tellsPayouts(deps, account, accepted) ? accepted.receivedAt : null,
    commissions: tellsCommissions(account, accepted) ? accepted.receivedAt : null,
  });
  return { outcome: written.isNew ? "accepted" : "same", record: written.record };
}

async function accountOf(deps: StatementsDeps, { channelAccountId }: Scope): Promise<ChannelAccount | null> {
  if (channelAccountId === null) return null;
  const account = await deps.channels.account(channelAccountId);
  if (account === null) throw problem("not_found");
  return account;
}

/** Whom the file must be of, and what reads it. */
async function readingOf(
  deps: StatementsDeps,
  mappings: Mappings,
  { scope, mapping = null }: Incoming,
  account: ChannelAccount | null,
): Promise<Reading> {
  const { kind } = scope;
  if (account !== null && (kind === "trade" || kind === "fund")) {
    refuseMapping(mapping, `a statement of kind ${kind} is read as the channel writes it`);
    const version = versionOf(deps.channels.channel(account.channel));
    return { reader: "channel", channel: account.channel, holder: await holderOf(deps, account), version };
  }
  if (mapping === null) {
    if (kind === "bank") return { reader: "camt053" };
    throw problem("invalid_request", {
      field: "query.mapping",
      detail: `name the mapping that reads a file of kind ${kind}`,
    });
  }
  const { name, version, kind: reads } = await mappings.get(mapping, null);
  if (reads !== kind) refuseMapping(name, `the mapping ${name} reads files of kind ${reads}`);
  return { reader: "mapping", mapping: { name, version } };
}

function refuseMapping(mapping: string | null, detail: string): void {
  if (mapping !== null) throw problem("invalid_request", { field: "query.mapping", detail });
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
  due: store.DueTimes = { payouts: null, commissions: null },
): Promise<{ readonly record: StatementRecord; readonly isNew: boolean }> {
  const fault = row.faultReason === null ? null : { line: row.faultLine ?? 0, reason: row.faultReason };
  for (let tried = 0; tried < TRIES_MAX; tried += 1) {
    const record = await cell.transact(
      async (tx) => {
        const inserted = await store.insertStatement(tx, row, due);
        if (inserted !== null && content !== null) {
          await store.insertTotals(tx, row.id, content.totals);
          await endFetch(tx, row, row.id, row.receivedAt);
        }
        return inserted;
      },
      { repeatable: true },
    );
    if (record !== null) return { record, isNew: true };
    const same = await (row.source === "none_published"
      ? store.findCurrent(cell.db, row)
      : store.findSame(cell.db, row, row.hash, fault));
    if (same !== null) return { record: same, isNew: same.id === row.id };
  }
  throw problem("overloaded", { detail: "other statements of the same day are being received" });
}

/** Nothing for a day that has no file. */
async function* each<T>(
  record: StatementRecord,
  read: () => Promise<Iterable<T> | AsyncIterable<T>>,
): AsyncIterable<T> {
  mustBeAccepted(record);
  if (record.source !== "none_published") yield* await read();
}

function mustBeAccepted({ id, state }: StatementRecord): void {
  if (state !== "accepted") throw new Error(`the statement ${id} was refused: it has no lines`);
}
