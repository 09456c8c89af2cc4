/**
 * The pure heart of posting: accounts as locked, and commands in order, become journals, entries and new
 * balances.
 */
import { type AccountState, Books, type KnownBooks, type NewJournal } from "./books.ts";
import { type EndedHold, type Hold, Holds, type Lifted } from "./holds.ts";
import type { Day, HoldCommand, HoldResult, JournalDraft, PostResult } from "./model.ts";

/** What the books hold already of what the commands name: read under the locks of the accounts. */
export type Known = KnownBooks & { readonly holds: readonly Hold[] };

export type Decision = {
  readonly journals: PostResult[];
  readonly holds: HoldResult[];
  readonly newJournals: readonly NewJournal[];
  readonly newHolds: readonly Extract<HoldCommand, { hold: "place" }>[];
  readonly endedHolds: readonly EndedHold[];
  readonly changedAccounts: readonly AccountState[];
};

/**
 * Decides releases and placings of holds first, in their order, then the drafts in theirs (a capture with its
 * draft); each sees the effects of those before it. A refusal skips its own item only.
 */
export function decide(
  known: Known,
  day: Day,
  postedAt: Date,
  drafts: readonly JournalDraft[],
  holdCommands: readonly HoldCommand[],
): Decision {
  const books = new Books(known);
  const holds = new Holds(known.holds, books);
  const early = holdCommands.map((command) => (command.hold === "capture" ? null : holds.carryOut(command)));
  const captures = Map.groupBy(
    holdCommands.filter((command) => command.hold === "capture"),
    (command) => command.journalId,
  );
  const captured = new Map<HoldCommand, HoldResult>();
  const newJournals: NewJournal[] = [];
  const journals = drafts.map((draft) => {
    const own = captures.get(draft.id) ?? [];
    const lifted = own.map((command) => holds.lift(command));
    const result = books.post(draft, day, postedAt, newJournals);
    own.forEach((command, index) => {
      captured.set(command, holds.settle(lifted[index] as Lifted, draft.id, result));
    });
    return result;
  });
  return {
    journals,
    holds: holdCommands.map((command, index) => early[index] ?? captured.get(command) ?? unclaimed(command)),
    newJournals,
    newHolds: holds.placed,
    endedHolds: holds.ended,
    changedAccounts: books.changed(),
  };
}

function unclaimed(command: HoldCommand): never {
  throw new Error(`the hold ${command.id} is to be captured by a journal that is not in the same call`);
}
