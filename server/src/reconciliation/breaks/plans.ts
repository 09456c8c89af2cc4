/** The journals of a resolution's plan, and how people read them. */
import type { Id } from "../../kernel/ids.ts";
import { accountIdOf, bookIdOf, type JournalDraft, memoTwin } from "../../ledger/index.ts";
import { type Break, sourceOf } from "./model.ts";
import { accountsOf, headOf } from "./postings.ts";
import type { Move, Plan } from "./resolutions.ts";
import { original, type Work } from "./work.ts";

/** Drafts of what the plan moves, in the merchant's book and that of `about.paidTo`. */
export function draftsOf(work: Work, about: Break, plan: Plan, newId: () => Id): JournalDraft[] {
  if (plan.kind === null) return [];
  const at = {
    sourceId: sourceOf(about.id, about.round),
    channelDate: null,
    originalDate: original(work, about.channelDate),
  };
  const account = accountsOf(about);
  const drafts: JournalDraft[] = [];
  if (plan.moves.length > 0) {
    const lines = plan.moves.flatMap((move) => linesOf(move, account));
    drafts.push({
      ...headOf(about, plan.kind, { ...at, id: newId() }),
      counterpartyId: about.paidTo,
      lines,
    });
  }
  if (plan.owner !== undefined && about.paidTo !== null) {
    const bookId = bookIdOf("merchant", about.paidTo);
    const lines = plan.owner.flatMap((move) =>
      linesOf(move, (code) => accountIdOf(bookId, code, about.currency, null)),
    );
    const head = headOf(about, plan.kind, { ...at, id: newId() });
    drafts.push({ ...head, bookId, counterpartyId: about.merchantId, channelAccountId: null, lines });
  }
  return drafts;
}

function linesOf({ debit, credit, amount }: Move, account: (code: Move["debit"]) => Id) {
  return [
    { account: account(debit), debit: amount },
    { account: account(credit), credit: amount },
  ];
}

/** A plan on the wire: each journal with the accounts that it names. */
export function presentPlan(plan: Plan, about: Pick<Break, "memo" | "currency">) {
  const books = [
    { book: "merchant" as const, moves: plan.moves },
    { book: "owner" as const, moves: plan.owner ?? [] },
  ];
  return books
    .filter(({ moves }) => moves.length > 0)
    .map(({ book, moves }) => ({
      book,
      kind: String(plan.kind),
      currency: about.currency,
      lines: moves.flatMap(({ debit, credit, amount }) => {
        const code = (name: Move["debit"]) => (about.memo && book === "merchant" ? memoTwin(name) : name);
        return [
          { account: code(debit), debit: Number(amount), credit: 0 },
          { account: code(credit), debit: 0, credit: Number(amount) },
        ];
      }),
    }));
}
