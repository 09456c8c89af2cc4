/** What a close proves of its day, and what the last audit of everything found of the rest. */
import type { Db } from "../kernel/database.ts";
import type { GoOn } from "../kernel/progress.ts";
import { runAudit } from "./audit.ts";
import { lastAudit } from "./audit-store.ts";
import { invariants } from "./invariants.ts";

export type Proved = {
  readonly name: string;
  readonly sentence: string;
  readonly violations: bigint;
  /** When the nightly audit looked; null: the close itself did. */
  readonly auditedAt: Date | null;
};

/** The invariants of closed days, by their numbers in the documentation's list. */
const OF_CLOSED_DAYS = /^[678] /;

/**
 * Proves what is open and what was closed; of the invariants that read every row that ever was, tells what
 * the last nightly audit found, and nothing before the first. @param goOn as for `runAudit`
 */
export async function auditForClose(db: Db, goOn: GoOn): Promise<readonly Proved[]> {
  const now = invariants.filter(({ name, readsAll }) => OF_CLOSED_DAYS.test(name) && readsAll !== true);
  const results = await runAudit(db, now, undefined, { goOn, atOnce: 2 });
  const proved = results.map(({ name, sentence, violations }) => ({
    name,
    sentence,
    violations: BigInt(violations.length),
    auditedAt: null,
  }));
  const names = new Set(proved.map(({ name }) => name));
  const last = await lastAudit(db);
  const before = (last?.results ?? []).flatMap(({ invariant: name, sentence, violations }) => {
    if (names.has(name)) return [];
    return [{ name, sentence, violations: BigInt(violations), auditedAt: last?.audit.endedAt ?? null }];
  });
  return [...proved, ...before].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
