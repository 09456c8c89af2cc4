/** The journals of a resolution's plan, and how people read them. */
import type { Id } from "../../kernel/ids.ts";
import { type JournalDraft, memoTwin } from "../../ledger/index.ts";
import { type Break, sourceOf } from "./model.ts";
import { accountsOf, headOf } from "./postings.ts";
import type { Move, Plan } from "./resolutions.ts";
import { original, type Work } from "./work.ts";

/** The draft of what the plan moves in the merchant's book; none where it moves nothing. */
export function draftsOf(work: Work, about: Break, plan: Plan, newId: () => Id): JournalDraft[] {
  if (plan.kind === null) return [];
  const at = {
    sourceId: sourceOf(about.id, about.round),
    channelDate: null,
    originalDate: original(work, about.channelDate),
  };
  const account = accountsOf(about);
  const lines = plan.moves.flatMap((move) => linesOf(move, account));
  return [{ ...headOf(about, plan.kind, { ...at, id: newId() }), lines }];
}

function linesOf({ debit, credit, amount }: Move, account: (code: Move["debit"]) => Id) {
  return [
    { account: account(debit), debit: amount },
    { account: account(credit), credit: amount },
  ];
}

/** A plan on the wire: its journal with the accounts that it names. */
export function presentPlan({ kind, moves }: Plan, { memo, currency }: Pick<Break, "memo" | "currency">) {
  if (kind === null) return [];
  const code = (name: Move["debit"]) => (memo ? memoTwin(name) : name);
  const lines = moves.flatMap(({ debit, credit, amount }) => [
    { account: code(debit), debit: Number(amount), credit: 0 },
    { account: code(credit), debit: 0, credit: Number(amount) },
  ]);
  return [{ book: "merchant" as const, kind, currency, lines }];
}
