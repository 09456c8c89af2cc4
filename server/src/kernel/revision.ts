import type { Clock } from "./clock.ts";
import { type Database, type DatabaseOptions, type Db, openDatabase, sql } from "./database.ts";

/**
 * The platform schema's revision: a number that grows, in the same commit, with every change of a row that
 * processes remember. While it stands still, whatever was read under it is still true.
 */
export type Revision = {
  /**
   * The revision as it was less than a second before `nowMs`; null when nobody has asked since. Half a second
   * before that it is asked for in the background, so that a busy process never waits for it.
   */
  at(nowMs: number): bigint | null;
  /** Asks the database, once for all who ask at the same time. */
  ask(): Promise<bigint>;
};

/** The platform schema, and how its readers know that what they remember is still true. */
export type Platform = Database & { readonly revision: Revision };

const TRUE_FOR_MS = 1_000;
const ASK_AFTER_MS = TRUE_FOR_MS / 2;

const READ = sql("platform_revision", "select number from revision where id = 1");

/** For what never changes once it was read. */
export const unchanging: Revision = { at: () => 0n, ask: () => Promise.resolve(0n) };

/** Opens the pools of the platform schema. */
export function openPlatform(options: Omit<DatabaseOptions, "schema">, clock: Clock): Platform {
  const database = openDatabase({ ...options, schema: "platform" });
  return { ...database, revision: createRevision(clock, () => readRevision(database.db)) };
}

async function readRevision(db: Db): Promise<bigint> {
  const row = await db.one<{ number: bigint }>(READ);
  if (row === null) throw new Error("the platform schema has lost its revision");
  return row.number;
}

/** @param read the revision as the database has it now. */
export function createRevision(clock: Clock, read: () => Promise<bigint>): Revision {
  let known: { readonly number: bigint; readonly askedAt: number } | null = null;
  let asking: Promise<bigint> | null = null;

  const ask = (): Promise<bigint> => {
    // Its age counts from before it is read: it is at least that new.
    const askedAt = clock.now().getTime();
    asking ??= read()
      .then((number) => {
        known = { number, askedAt };
        return number;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };

  return {
    at: (nowMs) => {
      if (known === null) return null;
      const ageMs = nowMs - known.askedAt;
      if (ageMs >= TRUE_FOR_MS) return null;
      // Whoever needs it asks again and hears of a failure.
      if (ageMs >= ASK_AFTER_MS && asking === null) ask().catch(() => undefined);
      return known.number;
    },
    ask,
  };
}
