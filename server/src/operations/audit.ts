/** Proof of the books: every invariant of every room, each in short reads. */
import { MINUTE } from "../kernel/clock.ts";
import type { Db } from "../kernel/database.ts";
import type { Invariant, Violation } from "../kernel/invariants.ts";
import { becomeInLanes } from "../kernel/lanes.ts";
import { type GoOn, progressOf } from "../kernel/progress.ts";
import { listBooks } from "../ledger/index.ts";

export type AuditResult = {
  readonly name: string;
  readonly sentence: string;
  /** Books looked at; 1 for what is checked over the whole cell. */
  readonly checked: number;
  readonly violations: readonly Violation[];
};

const BOOKS_PER_READ = 200;

/** For the connections of an audit. Some checks read a whole table: a minute for ten million payments. */
export const AUDIT_STATEMENT_TIMEOUT_MS = 30 * MINUTE;

/**
 * Checks the invariants and reports each as soon as it is done; they are begun in their order. A violation is
 * a finding, not an error; what the database refuses is thrown.
 * @param how `goOn` is awaited before each invariant and between its books, and what it throws ends the
 * audit; so many invariants are checked `atOnce`, one unless told
 */
export async function runAudit(
  db: Db,
  invariants: readonly Invariant[],
  onResult: (result: AuditResult) => void = () => {},
  { goOn = async () => {}, atOnce = 1 }: { readonly goOn?: GoOn; readonly atOnce?: number } = {},
): Promise<readonly AuditResult[]> {
  let done = 0;
  return becomeInLanes(invariants, atOnce, async (invariant) => {
    await goOn(progressOf(done, invariants.length));
    const result =
      invariant.per === "cell" ? await checkCell(db, invariant) : await checkBooks(db, invariant, goOn);
    done += 1;
    onResult(result);
    return result;
  });
}

async function checkCell(db: Db, { name, sentence, check }: Invariant): Promise<AuditResult> {
  return { name, sentence, checked: 1, violations: await check(db, null) };
}

async function checkBooks(
  db: Db,
  { name, sentence, check }: Invariant,
  goOn: () => Promise<void>,
): Promise<AuditResult> {
  const violations: Violation[] = [];
  let checked = 0;
  let after: string | null = null;
  for (;;) {
    const books = await listBooks(db, after, BOOKS_PER_READ);
    for (const book of books) violations.push(...(await check(db, book.id)));
    checked += books.length;
    after = books.at(-1)?.id ?? null;
    if (books.length < BOOKS_PER_READ) return { name, sentence, checked, violations };
    await goOn();
  }
}
