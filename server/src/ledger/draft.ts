/**
 * What a draft must be before anything is locked. A draft that breaks these rules is a mistake of the
 * program, and throws.
 */
import type { Id } from "../kernel/ids.ts";
import { isCurrency } from "../kernel/money.ts";
import type { HoldCommand, JournalDraft, Line } from "./model.ts";

/** In one call of `post`. */
export const DRAFTS_MAX = 2_048;
export const LINES_MAX = 100;

/** The draft without its lines of zero. Throws an Error that names the draft and the broken rule. */
export function checkedDraft(draft: JournalDraft): JournalDraft {
  if (!isCurrency(draft.currency)) broken(draft, "is in a currency that is not known here");
  if ((draft.kind === "reversal") !== (draft.reversalOf != null)) {
    broken(draft, "must name the journal it takes back if, and only if, it is a reversal");
  }
  if (draft.lines.length > LINES_MAX) broken(draft, `has more than ${LINES_MAX} lines`);
  let sum = 0n;
  for (const line of draft.lines) {
    const amount = amountOf(line);
    if (amount < 0n) broken(draft, `has a line of ${amount}; amounts are zero or more`);
    if ("draw" in line && line.draw.length === 0) broken(draft, "has a draw without any account");
    sum += "credit" in line ? -amount : amount;
  }
  if (sum !== 0n) broken(draft, `does not balance: debits less credits are ${sum}`);
  return draft.lines.every((line) => amountOf(line) > 0n || "draw" in line)
    ? draft
    : { ...draft, lines: draft.lines.filter((line) => amountOf(line) > 0n || "draw" in line) };
}

/** Nothing would be booked: every line is zero. */
export function isEmpty(draft: JournalDraft): boolean {
  return draft.lines.every((line) => amountOf(line) === 0n);
}

/** What makes a journal one of its kind: the second try of the same posting has the same. */
export function sourceKey(journal: Pick<JournalDraft, "sourceId" | "kind" | "bookId">): string {
  return `${journal.sourceId}/${journal.kind}/${journal.bookId}`;
}

/** Every account that the drafts and holds may touch, each once. */
export function accountsOf(drafts: readonly JournalDraft[], holds: readonly HoldCommand[]): Id[] {
  const ids = new Set<Id>();
  for (const draft of drafts) {
    for (const line of draft.lines) {
      if ("draw" in line) for (const source of line.draw) ids.add(source.account);
      else if ("repay" in line) for (const id of line.repay) ids.add(id);
      else ids.add(line.account);
    }
  }
  for (const hold of holds) ids.add(hold.account);
  return [...ids];
}

function amountOf(line: Line): bigint {
  return "credit" in line ? line.credit : line.debit;
}

export function broken(draft: JournalDraft, rule: string): never {
  throw new Error(`the ${draft.kind} journal ${draft.id} of source ${draft.sourceId} ${rule}`);
}
