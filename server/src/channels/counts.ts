import type { Id } from "../kernel/ids.ts";
import type { CallPriority } from "./budget.ts";
import type { Call } from "./port.ts";

/** How calls ended, for metrics: what a channel does to us is seen here before anybody complains. */
export type CallCounts = {
  note(accountId: Id, call: Pick<Call<unknown>, "end" | "exchange">): void;
  /** The account's calls per second were spent: nothing was sent. */
  noteBudgetSpent(accountId: Id, priority: CallPriority): void;
  /** Of every account that was used since start. */
  readonly accounts: ReadonlyMap<Id, AccountCalls>;
};

export type AccountCalls = {
  readonly ends: Record<Call<unknown>["end"], number>;
  readonly tookMs: number;
  /** Calls that took at most as long as the bound of the same place in `TOOK_MS_BOUNDS`. */
  readonly within: readonly number[];
  readonly budgetSpent: Record<CallPriority, number>;
};

/** Channels answer within a quarter second on a good day; from 5 s on our own time-outs begin. */
export const TOOK_MS_BOUNDS = [100, 250, 500, 1_000, 2_500, 5_000] as const;

type Counted = { -readonly [Key in keyof AccountCalls]: AccountCalls[Key] } & { readonly within: number[] };

export function createCallCounts(): CallCounts {
  const accounts = new Map<Id, Counted>();
  const of = (accountId: Id): Counted => {
    const known = accounts.get(accountId);
    if (known !== undefined) return known;
    const fresh: Counted = {
      ends: { answered: 0, refused: 0, not_sent: 0, unknown: 0 },
      tookMs: 0,
      within: TOOK_MS_BOUNDS.map(() => 0),
      budgetSpent: { buyer: 0, background: 0, sweep: 0 },
    };
    accounts.set(accountId, fresh);
    return fresh;
  };
  return {
    note: (accountId, { end, exchange: { tookMs } }) => {
      const counted = of(accountId);
      counted.ends[end] += 1;
      counted.tookMs += tookMs;
      for (let at = TOOK_MS_BOUNDS.length - 1; at >= 0 && tookMs <= (TOOK_MS_BOUNDS[at] ?? 0); at -= 1) {
        counted.within[at] = (counted.within[at] ?? 0) + 1;
      }
    },
    noteBudgetSpent: (accountId, priority) => {
      of(accountId).budgetSpent[priority] += 1;
    },
    accounts,
  };
}
