// Collection   a named set of records of one type, told by its spec
// Record       a plain value; bigint and Date inside it survive storage
// Key          a name under which at most one record of a collection holds a given value (null: not held)
// Group        what records are listed by, newest first
// Due          the instant at which a record wants attention; claiming pushes it into the future (a lease)

/** What the store must know of a collection. Functions are pure and read the record only. */
export type Collection<T> = {
  name: string;
  id: (record: T) => string;
  keys: Record<string, (record: T) => string | null>;
  group: ((record: T) => string) | null;
  dueAt: ((record: T) => Date | null) | null;
};

/** A page of a listing, newest first; `cursor` is null on the last page. */
export type Page<T> = { records: T[]; cursor: string | null };

export type ListOptions = { group?: string; limit: number; cursor?: string | null };

/**
 * Thrown by a transaction whose decision was overtaken by another's: the store undoes it and runs it again.
 */
export class Overtaken extends Error {}

/** How often a transaction is run again before its error is let through. */
export const transactionTriesMax = 5;

/** Reads that need no lock. */
export interface StoreReader {
  get<T>(collection: Collection<T>, id: string): Promise<T | undefined>;
  /** The record that holds `value` under the unique key `key`. */
  find<T>(collection: Collection<T>, key: string, value: string): Promise<T | undefined>;
  list<T>(collection: Collection<T>, options: ListOptions): Promise<Page<T>>;
}

/** Reads and writes that become visible together, or not at all. */
export interface StoreTx extends StoreReader {
  /** Reads the record and keeps every other transaction from changing it until this one ends. */
  lock<T>(collection: Collection<T>, id: string): Promise<T | undefined>;
  /** False, and nothing written, when the id or one of the keys is already held. */
  insert<T>(collection: Collection<T>, record: T): Promise<boolean>;
  /** Replaces a record; throws when there is none. */
  update<T>(collection: Collection<T>, record: T): Promise<void>;
  remove<T>(collection: Collection<T>, id: string): Promise<boolean>;
}

/** Where the sandbox keeps everything it knows. */
export interface SandboxStore extends StoreReader {
  /**
   * Runs `work` as one transaction. It may run more than once, so it does nothing but read and write here.
   */
  transaction<R>(work: (tx: StoreTx) => Promise<R>): Promise<R>;
  /** Takes up to `limit` records due at `now`, oldest due first, and makes them due again at `leaseUntil`. */
  claimDue<T>(collection: Collection<T>, now: Date, limit: number, leaseUntil: Date): Promise<T[]>;
  /**
   * Makes what was claimed and never finished due at `now`: for the start, when whoever claimed it is gone.
   */
  releaseClaims(collection: Collection<never>, now: Date): Promise<void>;
  /** The earliest instant at which any record of the collection is due. */
  nextDue<T>(collection: Collection<T>): Promise<Date | null>;
  close(): Promise<void>;
}
