import { decodeRecord, encodeRecord } from "./codec.ts";
import {
  type Collection,
  type ListOptions,
  Overtaken,
  type Page,
  type SandboxStore,
  type StoreTx,
  transactionTriesMax,
} from "./port.ts";

type Row = {
  seq: number;
  body: string;
  keys: Map<string, string>;
  group: string | null;
  dueAt: Date | null;
  claimed: boolean;
};
type Table = {
  rows: Map<string, Row>;
  held: Map<string, string>;
  due: Set<Row>;
  groups: Map<string, Set<Row>>;
};

/**
 * A store that lives and dies with the process: for simulation and tests. Transactions run one after another,
 * so each sees only what committed before it; one that throws leaves no trace.
 */
export function createMemoryStore(): SandboxStore {
  const tables = new Map<string, Table>();
  let seq = 0;
  let tail: Promise<unknown> = Promise.resolve();

  const exclusively = <R>(work: () => Promise<R>): Promise<R> => {
    const run = tail.then(work);
    tail = run.catch(() => undefined);
    return run;
  };
  const table = (name: string): Table => {
    const found = tables.get(name) ?? {
      rows: new Map(),
      held: new Map(),
      due: new Set(),
      groups: new Map(),
    };
    tables.set(name, found);
    return found;
  };
  const nextSeq = (): number => {
    seq += 1;
    return seq;
  };
  const readOnly = <R>(read: (tx: StoreTx) => Promise<R>): Promise<R> =>
    exclusively(() => read(memoryTx(table, nextSeq, [])));

  return {
    get: (collection, id) => readOnly((tx) => tx.get(collection, id)),
    find: (collection, key, value) => readOnly((tx) => tx.find(collection, key, value)),
    list: (collection, options) => readOnly((tx) => tx.list(collection, options)),
    transaction: (work) =>
      exclusively(async () => {
        for (let tries = 1; ; tries += 1) {
          const undo: (() => void)[] = [];
          try {
            return await work(memoryTx(table, nextSeq, undo));
          } catch (error) {
            for (const step of undo.reverse()) step();
            if (!(error instanceof Overtaken) || tries === transactionTriesMax) throw error;
          }
        }
      }),
    claimDue: (collection, now, limit, leaseUntil) =>
      exclusively(async () => {
        const due = [...table(collection.name).due]
          .filter((row) => row.dueAt! <= now)
          .sort((a, b) => a.dueAt!.getTime() - b.dueAt!.getTime() || a.seq - b.seq)
          .slice(0, limit);
        for (const row of due) {
          row.dueAt = leaseUntil;
          row.claimed = true;
        }
        return due.map((row) => decodeRecord(row.body));
      }),
    releaseClaims: (collection, now) =>
      exclusively(async () => {
        for (const row of table(collection.name).due) {
          if (!row.claimed) continue;
          row.dueAt = now;
          row.claimed = false;
        }
      }),
    nextDue: (collection) =>
      exclusively(async () => {
        let earliest: Date | null = null;
        for (const { dueAt } of table(collection.name).due) {
          if (earliest === null || dueAt! < earliest) earliest = dueAt;
        }
        return earliest;
      }),
    close: () => exclusively(async () => undefined),
  };
}

function memoryTx(table: (name: string) => Table, nextSeq: () => number, undo: (() => void)[]): StoreTx {
  const get = async <T>(collection: Collection<T>, id: string): Promise<T | undefined> => {
    const row = table(collection.name).rows.get(id);
    return row && decodeRecord<T>(row.body);
  };
  const put = <T>(collection: Collection<T>, id: string, row: Row | undefined): void => {
    const { rows, held, due, groups } = table(collection.name);
    const before = rows.get(id);
    const write = (from: Row | undefined, to: Row | undefined): void => {
      for (const [key, value] of from?.keys ?? []) held.delete(`${key} ${value}`);
      for (const [key, value] of to?.keys ?? []) held.set(`${key} ${value}`, id);
      if (from) due.delete(from);
      if (to?.dueAt) due.add(to);
      if (from?.group) groups.get(from.group)?.delete(from);
      if (to?.group) groups.set(to.group, (groups.get(to.group) ?? new Set()).add(to));
      if (to) rows.set(id, to);
      else rows.delete(id);
    };
    write(before, row);
    undo.push(() => write(row, before));
  };
  return {
    get,
    lock: get,
    find: async (collection, key, value) => {
      const id = table(collection.name).held.get(`${key} ${value}`);
      return id === undefined ? undefined : get(collection, id);
    },
    list: async <T>(collection: Collection<T>, options: ListOptions) =>
      listRows<T>(table(collection.name), options),
    insert: async (collection, record) => {
      const { rows, held } = table(collection.name);
      const row = toRow(collection, record, nextSeq());
      const taken = [...row.keys].some(([key, value]) => held.has(`${key} ${value}`));
      if (taken || rows.has(collection.id(record))) return false;
      put(collection, collection.id(record), row);
      return true;
    },
    update: async (collection, record) => {
      const id = collection.id(record);
      const before = table(collection.name).rows.get(id);
      if (!before) throw new Error(`${collection.name}: there is no record ${id} to update`);
      put(collection, id, toRow(collection, record, before.seq));
    },
    remove: async (collection, id) => {
      const existed = table(collection.name).rows.has(id);
      if (existed) put(collection, id, undefined);
      return existed;
    },
  };
}

function toRow<T>(collection: Collection<T>, record: T, seq: number): Row {
  const keys = new Map<string, string>();
  for (const [key, read] of Object.entries(collection.keys)) {
    const value = read(record);
    if (value !== null) keys.set(key, value);
  }
  return {
    seq,
    body: encodeRecord(record),
    keys,
    group: collection.group?.(record) ?? null,
    dueAt: collection.dueAt?.(record) ?? null,
    claimed: false,
  };
}

function listRows<T>(table: Table, options: ListOptions): Page<T> {
  const before = options.cursor ? Number(options.cursor) : Number.POSITIVE_INFINITY;
  const rows = options.group === undefined ? table.rows.values() : (table.groups.get(options.group) ?? []);
  const matching = [...rows].filter((row) => row.seq < before).sort((a, b) => b.seq - a.seq);
  const page = matching.slice(0, options.limit);
  const more = matching.length > page.length;
  return {
    records: page.map((row) => decodeRecord<T>(row.body)),
    cursor: more ? String(page.at(-1)!.seq) : null,
  };
}
