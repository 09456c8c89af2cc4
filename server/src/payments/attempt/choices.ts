/**
 * One order, written for each account that it may go through: the account whose quotas have room for it is
 * found in the transaction that writes it.
 */
import type { Tx } from "../../kernel/database.ts";
import { type Demand, openQuotaBook, type QuotaBook } from "../../routing/index.ts";
import type { Attempt } from "../model.ts";

export type AttemptChoice = { readonly attempt: Attempt; readonly demands: readonly Demand[] };

export type Choosing = {
  /** The order through the first account that has room, reserved there; null: none has. */
  take(choices: readonly AttemptChoice[]): Attempt | null;
  /** Undoes what `take` reserved. */
  giveBack(attempt: Attempt): void;
  write(): Promise<void>;
};

/** Locks what the choices count in; the rows come after payments and refund numbers, before accounts. */
export async function openChoosing(tx: Tx, all: readonly (readonly AttemptChoice[])[]): Promise<Choosing> {
  const book: QuotaBook = await openQuotaBook(tx, all.flat());
  const taken = new Map<Attempt, AttemptChoice>();
  return {
    take: (choices) => {
      const [first] = choices;
      if (first === undefined) return null;
      const chosen = book.take(choices, first.attempt.amount, first.attempt.createdAt);
      if (chosen !== null) taken.set(chosen.attempt, chosen);
      return chosen?.attempt ?? null;
    },
    giveBack: (attempt) => {
      const choice = taken.get(attempt);
      if (choice !== undefined) book.giveBack(choice, attempt.amount, attempt.createdAt);
    },
    write: () => book.write(),
  };
}

/** Whether the order counts in its account's quotas: until it ends without money. */
export function counts({ finishedAt, taken }: Pick<Attempt, "finishedAt" | "taken">): boolean {
  return finishedAt === null || taken !== null;
}
