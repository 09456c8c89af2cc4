import type { Db } from "./database.ts";
import type { Id } from "./ids.ts";

/**
 * Something that must hold at every moment: a query that operators can run (`npm run audit`), a test, and a
 * gauge. Rooms export theirs as `invariants`; app.ts collects them.
 */
export type Invariant = {
  /** The number in the documentation's list and a short name: `1 journals balance`. */
  readonly name: string;
  readonly sentence: string;
  /** `book`: checked book by book, each in one short read; `cell`: once over the cell. */
  readonly per: "book" | "cell";
  /** Reads all that was ever booked: the nightly audit looks at it, and no close waits for it. */
  readonly readsAll?: true;
  /** At most `VIOLATIONS_MAX` violations; none when it holds. `bookId` is null for `per: "cell"`. */
  check(db: Db, bookId: Id | null): Promise<readonly Violation[]>;
};

/** What is wrong, and with which row. */
export type Violation = { readonly subject: string; readonly detail: string };

export const VIOLATIONS_MAX = 20;
