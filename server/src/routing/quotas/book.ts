/**
 * Reservations of one transaction: rows are locked first, decided on in memory in the order of the commands,
 * and written once. Nobody else reserves of these rows before the commit, so limits hold exactly.
 */
import type { Tx } from "../../kernel/database.ts";
import { type Demand, refusalOf, type Use, useKey } from "./model.ts";
import { type Adjustment, adjustUses, lockUses, writeUses } from "./store.ts";

/** One account that an order may go through, with the limits that it counts in. */
export type Reservable = { readonly demands: readonly Demand[] };

export type QuotaBook = {
  /** The first of the choices whose limits leave room for the amount, reserved; null: none does. */
  take<T extends Reservable>(choices: readonly T[], amount: bigint, at: Date): T | null;
  /** Undoes a reservation of this transaction: its instant, too, so that no account rests after no order. */
  giveBack(choice: Reservable, amount: bigint, at: Date): void;
  write(): Promise<void>;
};

/** Locks the rows of all choices. Costs nothing where no choice has a limit. */
export async function openQuotaBook(tx: Tx, choices: readonly Reservable[]): Promise<QuotaBook> {
  const demands = new Map(choices.flatMap(({ demands }) => demands).map((one) => [useKey(one), one]));
  const uses = demands.size === 0 ? new Map<string, Use>() : await lockUses(tx, [...demands.values()]);
  /** By row, when it was used before this transaction and in it, the latest last. */
  const usedAt = new Map<string, readonly Date[]>();
  const instantsOf = (key: string, { lastUsedAt }: Use) =>
    usedAt.get(key) ?? (lastUsedAt === null ? [] : [lastUsedAt]);
  const add = ({ demands: own }: Reservable, amount: bigint, count: 1n | -1n, at: Date) => {
    for (const demand of own) {
      const key = useKey(demand);
      const use = uses.get(key) as Use;
      const instants = instantsOf(key, use);
      const left = count > 0n ? [...instants, at] : without(instants, at);
      usedAt.set(key, left);
      const { amountMax, countMax } = demand;
      const usedAmount = use.usedAmount + amount;
      const usedCount = use.usedCount + count;
      // Given back under a limit that was lowered since: the old one holds on until there is room again.
      const limits = count > 0n ? { amountMax, countMax } : {};
      uses.set(key, { ...use, ...limits, usedAmount, usedCount, lastUsedAt: left.at(-1) ?? null });
    }
  };
  return {
    take: (wanted, amount, at) => {
      const fits = wanted.find(({ demands: own }) =>
        own.every((demand) => refusalOf(demand, uses.get(useKey(demand)), amount, at) === null),
      );
      if (fits === undefined) return null;
      add(fits, amount, 1n, at);
      return fits;
    },
    giveBack: (choice, amount, at) => add(choice, -amount, -1n, at),
    write: () =>
      writeUses(
        tx,
        [...usedAt.keys()].sort().map((key) => uses.get(key) as Use),
      ),
  };
}

function without(instants: readonly Date[], at: Date): readonly Date[] {
  const index = instants.findLastIndex((one) => one.getTime() === at.getTime());
  return index < 0 ? instants : instants.toSpliced(index, 1);
}

/** What an order counts in, as kept with it. */
export type Counted = {
  readonly channelAccountId: string;
  readonly amount: bigint;
  readonly quotaDay: string | null;
  readonly quotaMonth: string | null;
};

/**
 * Takes back what orders counted that ended without money (-1), or counts it again where one is paid after
 * all (1). Orders of accounts without quotas cost nothing.
 */
export async function adjustQuotas(
  tx: Tx,
  changes: readonly (Counted & { readonly by: 1n | -1n })[],
): Promise<void> {
  const sums = new Map<string, Adjustment>();
  for (const { channelAccountId, amount, quotaDay, quotaMonth, by } of changes) {
    for (const [period, startsOn] of [
      ["day", quotaDay],
      ["month", quotaMonth],
    ] as const) {
      if (startsOn === null) continue;
      const key = useKey({ channelAccountId, period, startsOn });
      const sum = sums.get(key) ?? { channelAccountId, period, startsOn, amount: 0n, count: 0n };
      sums.set(key, { ...sum, amount: sum.amount + by * amount, count: sum.count + by });
    }
  }
  await adjustUses(tx, [...sums.values()]);
}
