import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { BusinessYear, Calendars } from "./model.ts";

export type KeptYear = BusinessYear & { readonly loadedBy: Id | null; readonly loadedAt: Date | null };

const COLUMNS = "calendar, year, version, holidays, workdays, source, loaded_by, loaded_at";

const listSql = sql(
  "business_years_list",
  `select distinct on (calendar, year) ${COLUMNS}
   from business_years
   order by calendar, year, version desc`,
);

const insertSql = sql(
  "business_years_insert",
  `insert into business_years (${COLUMNS})
   values ($1, $2, $3, $4::date[], $5::date[], $6, $7, $8)
   on conflict on constraint business_years_pkey do nothing`,
);

/** The newest version of every year of every calendar. */
export function listYears(db: Db): Promise<KeptYear[]> {
  return db.all<KeptYear>(listSql);
}

/** Adds a version; 0 when somebody else added this one first. */
export function insertYear(tx: Tx, year: KeptYear): Promise<number> {
  const { calendar, version, holidays, workdays, source, loadedBy, loadedAt } = year;
  return tx.run(insertSql, [calendar, year.year, version, holidays, workdays, source, loadedBy, loadedAt]);
}

/** As decisions read them. */
export function calendarsOf(years: readonly BusinessYear[]): Calendars {
  const calendars = new Map<string, Map<number, BusinessYear>>();
  for (const year of years) {
    const known = calendars.get(year.calendar) ?? new Map<number, BusinessYear>();
    calendars.set(year.calendar, known.set(year.year, year));
  }
  return calendars;
}
