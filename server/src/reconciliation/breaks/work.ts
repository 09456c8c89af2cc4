/**
 * The steps that breaks take inside one transaction: each changes the row, its history and the drafts of its
 * journals together, and `write` puts all of them down. Rows are locked by whoever opens the work.
 */
import type { ChannelAccount } from "../../channels/index.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  bookIdOf,
  type Day,
  type Journal,
  type JournalDraft,
  journalById,
  journalsOfSources,
  post,
  reversalOf,
} from "../../ledger/index.ts";
import {
  type Break,
  type BreakEventKind,
  type Ending,
  type JournalPurpose,
  openDifference,
  sourceOf,
} from "./model.ts";
import { effectOn, suspenseDraft } from "./postings.ts";
import {
  type BreakJournal,
  insertBreakJournals,
  insertBreaks,
  insertEvents,
  journalsOfBreak,
  updateBreaks,
} from "./store.ts";

export type Work = {
  readonly tx: Tx;
  readonly day: Day;
  readonly now: Date;
  /** The row as this work has made it; what is new is kept too. */
  keep(next: Break): Break;
  /** The row as it is now in this work. */
  present(id: Id): Break | undefined;
  /** The rows about a key, with those that this work has made. */
  about(matchKey: string): readonly Break[];
  /** Every row of this work. */
  all(): readonly Break[];
  tell(about: Break, kind: BreakEventKind, detail: string | null, by?: Teller): void;
  /** Journals of the books that are read already. */
  readonly read: Map<Id, Journal>;
  /** A journal that this work has added; null: it has not. */
  drafted(journalId: Id): JournalDraft | null;
  /** Adds a journal of the break, and its effect on the suspense accounts to the row. */
  journal(about: Break, purpose: JournalPurpose, draft: JournalDraft): Break;
  write(): Promise<void>;
};

export type Teller = { readonly operatorId?: Id | null; readonly reconciliationId?: Id | null };

type WorkDeps = {
  readonly cell: Pick<Cell, "newId">;
  readonly tx: Tx;
  readonly day: Day;
  readonly now: Date;
  /** Rows that are there and locked. */
  readonly locked: readonly Break[];
  /** Who makes the history. */
  readonly teller: Teller;
};

export function openWork({ cell, tx, day, now, locked, teller }: WorkDeps): Work {
  const before = new Map(locked.map((each) => [each.id, each]));
  const rows = new Map(before);
  const drafts: JournalDraft[] = [];
  const links: BreakJournal[] = [];
  const events: Parameters<typeof insertEvents>[1][number][] = [];
  const keep = (next: Break) => {
    rows.set(next.id, next);
    return next;
  };
  return {
    tx,
    day,
    now,
    keep,
    present: (id) => rows.get(id),
    all: () => [...rows.values()],
    about: (matchKey) => [...rows.values()].filter((row) => row.matchKey === matchKey),
    tell: (about, kind, detail, who = teller) => {
      const { operatorId = null, reconciliationId = null } = who;
      const step = events.length + 1;
      const by = { operatorId, reconciliationId };
      events.push({ id: cell.newId(), breakId: about.id, at: now, step, kind, ...by, detail });
    },
    journal: (about, purpose, draft) => {
      drafts.push(draft);
      links.push({ journalId: draft.id, breakId: about.id, purpose, round: about.round, postedAt: now });
      const { surplus, shortage, pending } = effectOn(about, draft);
      return keep({
        ...about,
        surplusEffect: about.surplusEffect + surplus,
        shortageEffect: about.shortageEffect + shortage,
        pendingEffect: about.pendingEffect + pending,
      });
    },
    read: new Map(),
    drafted: (journalId) => drafts.find(({ id }) => id === journalId) ?? null,
    write: async () => {
      const all = [...rows.values()];
      await insertBreaks(
        tx,
        all.filter(({ id }) => !before.has(id)),
      );
      await updateBreaks(
        tx,
        all.filter((row) => before.has(row.id) && before.get(row.id) !== row),
      );
      await insertEvents(tx, events);
      await insertBreakJournals(tx, links);
      if (drafts.length === 0) return;
      const posted = await post(tx, day, drafts, now);
      for (const [index, result] of posted.entries()) {
        if (result.result === "posted") continue;
        const { kind, sourceId } = drafts[index] as JournalDraft;
        throw new Error(`the books ${result.result} a ${kind} of the source ${sourceId}`);
      }
    },
  };
}

/** How a break is put into suspense. */
export type Suspending = {
  readonly newId: () => Id;
  /** Costs are billed apart at this channel account. */
  readonly gross: boolean;
  /** The channel's day that the entry explains; the break's own unless told. */
  readonly channelDate?: string;
};

export function suspending({
  account,
  newId,
}: {
  readonly account: ChannelAccount;
  readonly newId: () => Id;
}) {
  return { newId, gross: account.costSettlement === "gross" };
}

/** Into suspense, in a round of its own; the row is `open` afterwards. */
export function suspend(work: Work, about: Break, how: Suspending): Break {
  const round = about.round + 1;
  const { channelDate = about.channelDate } = how;
  const difference = openDifference(about);
  const row: Break = {
    ...about,
    state: "open",
    openedAt: work.now,
    round,
    resolution: null,
    explanation: null,
    endedAt: null,
    proposalId: null,
    ruleId: null,
    partnerId: null,
    suspenseJournalId: null,
  };
  const posts = difference.settle !== 0n || (difference.fee !== 0n && !about.memo);
  if (!posts) return work.keep(row);
  const id = how.newId();
  const draft = suspenseDraft(row, difference, {
    id,
    sourceId: sourceOf(row.id, round),
    gross: how.gross,
    channelDate,
    originalDate: original(work, about.channelDate),
  });
  return work.journal({ ...row, suspenseJournalId: id }, "suspense", draft);
}

/** Ends a break without anybody's decision. */
export function end(work: Work, row: Break, resolution: Ending, explanation: string): Break {
  work.tell(row, resolution, explanation);
  return work.keep({
    ...row,
    state: resolution === "undone" ? "voided" : "resolved",
    resolution,
    explanation,
    endedAt: work.now,
    proposalId: null,
  });
}

/** The closed day that a journal of today concerns; null: it is today's. */
export function original({ day }: Work, date: string): string | null {
  return date === day.accountingDate ? null : date;
}

/** Reads the journals that hold these breaks in suspense at once: one by one they take 6 ms each. */
export async function readSuspense(work: Work, rows: readonly Break[]): Promise<void> {
  const held = rows.filter(({ suspenseJournalId }) => suspenseJournalId !== null);
  const [first] = held;
  if (first === undefined) return;
  // The account's breaks are all in its merchant's book; a round that was given up has the one before.
  const sources = held.flatMap(({ id, round }) => [sourceOf(id, round), sourceOf(id, round - 1)]);
  const book = bookIdOf("merchant", first.merchantId);
  const journals = await journalsOfSources(work.tx, book, [...new Set(sources)]);
  for (const journal of journals) work.read.set(journal.id, journal);
}

/** Out of suspense again, on the channel's day whose statement explains it. */
export async function takeBack(
  work: Work,
  about: Break,
  newId: () => Id,
  channelDate = about.channelDate,
): Promise<Break> {
  if (about.suspenseJournalId === null) return about;
  const source = sourceOf(about.id, about.round);
  const drafted = work.drafted(about.suspenseJournalId);
  const draft =
    drafted === null
      ? reversalOf(await known(work, about.suspenseJournalId), newId(), source, { channelDate })
      : opposite(drafted, newId(), work.day, channelDate);
  return work.journal({ ...about, suspenseJournalId: null }, "taken_back", draft);
}

/** Takes back the journals by which the break was resolved, in every book. */
export async function undoResolution(work: Work, about: Break, newId: () => Id): Promise<Break> {
  const done = await journalsOfBreak(work.tx, about.id);
  let row = about;
  for (const { journalId, purpose, round } of done) {
    if (purpose !== "resolution" || round !== about.round) continue;
    const journal = await known(work, journalId);
    const source = sourceOf(about.id, round, "undone");
    row = work.journal(row, "undone", reversalOf(journal, newId(), source));
  }
  return { ...row, paidTo: null };
}

/** What takes back a journal of this very work. */
function opposite(draft: JournalDraft, id: Id, day: Day, channelDate: string): JournalDraft {
  return {
    ...draft,
    id,
    kind: "reversal",
    channelDate,
    originalDate: day.accountingDate,
    reversalOf: draft.id,
    lines: draft.lines.map((line) => {
      if (!("account" in line)) throw new Error("each line of a break's journal names its account");
      if ("credit" in line) return { account: line.account, debit: line.credit };
      return { account: line.account, credit: line.debit };
    }),
  };
}

async function known({ tx, read }: Work, journalId: Id): Promise<Journal> {
  const journal = read.get(journalId) ?? (await journalById(tx, journalId));
  if (journal === null) throw new Error(`the journal ${journalId} of a break is not in the books`);
  return journal;
}
