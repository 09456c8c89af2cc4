/** What accounts with quotas have used, at most a second old, and who was chosen last. */
import { DAY, dateIn, plus, SECOND } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Candidate } from "./plan.ts";
import { demandsOf, refusalOf, type Use, useKey } from "./quotas/model.ts";
import { usesOfAccounts } from "./quotas/store.ts";
import type { UsageView } from "./route.ts";

export type Usage = UsageView & {
  /** Reads again what is older than a second. */
  refresh(candidates: readonly Candidate[], at: Date): Promise<void>;
  chosen(accountId: Id): void;
  /** The account was not called after all: where nobody chose it since, its turn is the one of before. */
  unchosen(accountId: Id, turn: number, turnBefore: number): void;
};

const FRESH_MS = SECOND;
/** The longest period is a month, which began at most so long ago. */
const PERIOD_MS_MAX = 33 * DAY;

type Known = { readonly readAt: number; readonly uses: ReadonlyMap<string, Use> };

/** What an account has used of the periods that may still go on. */
export function usesSince(cell: Pick<Cell, "db" | "clock">, accountId: Id): Promise<Use[]> {
  return usesOfAccounts(cell.db, [accountId], dateIn("UTC", plus(cell.clock.now(), -PERIOD_MS_MAX)));
}

export function createUsage(cell: Pick<Cell, "db" | "clock">): Usage {
  const known = new Map<Id, Known>();
  const turns = new Map<Id, number>();
  let turn = 0;
  return {
    refresh: async (candidates, at) => {
      const now = cell.clock.now().getTime();
      const stale = candidates
        .filter(({ hasQuota, account }) => hasQuota && now - (known.get(account.id)?.readAt ?? 0) >= FRESH_MS)
        .map(({ account }) => account.id);
      if (stale.length === 0) return;
      // Whoever asks meanwhile goes by what was known before: a crowd reads once.
      for (const id of stale) known.set(id, { readAt: now, uses: known.get(id)?.uses ?? new Map() });
      const rows = await usesOfAccounts(cell.db, stale, dateIn("UTC", plus(at, -PERIOD_MS_MAX)));
      for (const id of stale) {
        const own = rows.filter((row) => row.channelAccountId === id);
        known.set(id, { readAt: now, uses: new Map(own.map((row) => [useKey(row), row])) });
      }
    },
    refusal: ({ account, settings, timeZone }, amount, at) => {
      const uses = known.get(account.id)?.uses;
      for (const demand of demandsOf(account.id, settings, timeZone, at)) {
        const reason = refusalOf(demand, uses?.get(useKey(demand)), amount, at);
        if (reason !== null) return reason;
      }
      return null;
    },
    turn: (accountId) => turns.get(accountId) ?? 0,
    chosen: (accountId) => {
      turn += 1;
      turns.set(accountId, turn);
    },
    unchosen: (accountId, taken, before) => {
      if (turns.get(accountId) === taken) turns.set(accountId, before);
    },
  };
}
