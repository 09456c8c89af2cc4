/**
 * The cell's accounting days. Whoever posts holds a shared lock on the day from before its first row lock to
 * its commit; the cut-over takes the lock alone. So a date, once closed, gains no entry, and dates never fall
 * along an account.
 */
import { type Clock, dateIn, plus } from "../kernel/clock.ts";
import { type Cell, type Db, sql, type Tx } from "../kernel/database.ts";
import type { Log } from "../kernel/log.ts";
import type { Day } from "./model.ts";

/** The first key of the advisory locks of ledger days; the second is the cell. */
const DAY_LOCKS = 0x6c646779;

const SHARE_DAY = sql("ledger_share_day", "select pg_advisory_xact_lock_shared($1, $2)::text as locked");
const TAKE_DAY = sql("ledger_take_day", "select pg_advisory_xact_lock($1, $2)::text as locked");

const FIND_OPEN_DAY = sql(
  "ledger_find_open_day",
  `select accounting_date
   from days
   where closed_at is null
   order by accounting_date`,
);

const FIND_LAST_DAY = sql(
  "ledger_find_last_day",
  `select accounting_date
   from days
   order by accounting_date desc
   limit 1`,
);

const OPEN_DAY = sql(
  "ledger_open_day",
  `insert into days (accounting_date, opened_at, closed_at)
   values ($1, $2, null)`,
);

const CLOSE_DAY = sql(
  "ledger_close_day",
  `update days
   set closed_at = $2
   where accounting_date = $1
     and closed_at is null`,
);

/**
 * Takes part in the cell's open day until the transaction ends, and says which it is: before any other lock
 * of a transaction that posts. Throws when no day was ever opened.
 */
export async function lockDay(tx: Tx, cell: number): Promise<Day> {
  // Sent together, carried out in turn: the day is read by a statement that starts after the lock is held.
  const [, day] = await Promise.all([tx.all(SHARE_DAY, [DAY_LOCKS, cell]), openDay(tx)]);
  if (day === null) throw new Error(`cell ${cell} has no open accounting day: ensureDay opens the first one`);
  return day;
}

/** The open day; null before the first. */
export function openDay(db: Db): Promise<Day | null> {
  return db.one<Day>(FIND_OPEN_DAY);
}

/**
 * The cell's open day; the first one is opened as the present date of the operator's time zone. Safe to
 * repeat.
 */
export function ensureDay(cell: Cell, timeZone: string): Promise<Day> {
  return cell.transact(
    async (tx) => {
      await tx.all(TAKE_DAY, [DAY_LOCKS, cell.cell]);
      const open = await openDay(tx);
      if (open !== null) return open;
      const last = await tx.one<Day>(FIND_LAST_DAY);
      if (last !== null) throw new Error(`the day ${last.accountingDate} is closed, but no day follows it`);
      const now = cell.clock.now();
      const first = { accountingDate: dateIn(timeZone, now) };
      await tx.run(OPEN_DAY, [first.accountingDate, now]);
      return first;
    },
    { repeatable: true },
  );
}

/**
 * Closes the day `from` and opens `to`, which follows it (days without a process running are passed over).
 * Waits for all who are posting, at most the lock time-out; `not_open` when `from` is not the open day, such
 * as the second of two processes. From then on `from` gains no entry. Throws a RangeError when `to` does not
 * follow `from`.
 */
export function cutOver(
  cell: Cell,
  dates: { readonly from: string; readonly to: string },
): Promise<{ readonly result: "cut_over" } | { readonly result: "not_open"; readonly open: string | null }> {
  if (dates.to <= dates.from) throw new RangeError(`${dates.to} does not follow ${dates.from}`);
  return cell.transact(async (tx) => {
    await tx.all(TAKE_DAY, [DAY_LOCKS, cell.cell]);
    const open = await openDay(tx);
    if (open?.accountingDate !== dates.from) {
      return { result: "not_open", open: open?.accountingDate ?? null };
    }
    const now = cell.clock.now();
    await tx.run(CLOSE_DAY, [dates.from, now]);
    await tx.run(OPEN_DAY, [dates.to, now]);
    return { result: "cut_over" };
  });
}

export type DayKeeper = {
  /** Looks no more, and waits for a cut-over in hand. */
  stop(): Promise<void>;
};

/** How soon after midnight the day is cut over at the latest; also the gap after a failure. */
const LOOK_EVERY_MS = 5_000;

/**
 * Opens the first day, and cuts over whenever the date of the operator's time zone has passed the open day.
 * Any number of processes may keep the same cell's days. A failure is logged and tried again.
 */
export function startDayKeeper(cell: Cell, timeZone: string, log: Log): DayKeeper {
  const stopping = new AbortController();
  const running = keepDays(cell, timeZone, log, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function keepDays(cell: Cell, timeZone: string, log: Log, stopped: AbortSignal): Promise<void> {
  let open: string | null = null;
  while (!stopped.aborted) {
    try {
      open ??= (await ensureDay(cell, timeZone)).accountingDate;
      const today = dateIn(timeZone, cell.clock.now());
      if (today > open) {
        const end = await cutOver(cell, { from: open, to: today });
        if (end.result === "cut_over")
          log.info({ closed: open, opened: today }, "the accounting day was cut over");
        open = end.result === "cut_over" ? today : end.open;
      }
    } catch (error) {
      log.error(
        { err: error, cell: cell.cell },
        "the accounting day could not be cut over; it is tried again",
      );
      open = null;
    }
    await cell.clock.sleep(pauseMs(cell.clock, timeZone), stopped);
  }
}

/** Long pauses would miss a clock that is set; near midnight the next look comes right after it. */
function pauseMs(clock: Clock, timeZone: string): number {
  const now = clock.now();
  for (let ms = 100; ms < LOOK_EVERY_MS; ms += 100) {
    if (dateIn(timeZone, plus(now, ms)) > dateIn(timeZone, now)) return ms;
  }
  return LOOK_EVERY_MS;
}
