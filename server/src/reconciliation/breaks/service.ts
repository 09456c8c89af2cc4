/** What other rooms and operators ask of breaks. */
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Applied, apply } from "./apply.ts";
import type { Break } from "./model.ts";
import {
  type BreakFilter,
  findBreak,
  listBreaks,
  type OpenBreak,
  openOfPayments,
  type SummaryRow,
  summaryOf,
} from "./reading.ts";
import type { ApplyDeps } from "./under-lock.ts";

export type Breaks = {
  /**
   * Makes breaks of a generation's findings, the door first, and ends those that it explains; the generation
   * is `applied` then. Safe to repeat and to run twice at once; goes on where a crash left it. `goOn` is
   * awaited between transactions, and what it throws ends the work there.
   */
  apply(generationId: Id, goOn: () => Promise<void>): Promise<Applied>;
  /** The unended breaks of these payments, `pending` ones too: their items are not to be settled. */
  openOf(about: { readonly paymentIds: readonly Id[] }): Promise<readonly OpenBreak[]>;
  /** Counts and sums by kind, state, currency and age, of the breaks of these channel dates (both in). */
  summary(dates: { readonly from: string; readonly to: string }): Promise<readonly SummaryRow[]>;
  list(
    filter: BreakFilter,
    page: { readonly before: Id | null; readonly limit: number },
  ): Promise<readonly Break[]>;
  /** Throws `not_found`. */
  get(id: Id): Promise<Break>;
};

export type BreaksDeps = ApplyDeps;

export function createBreaks(deps: BreaksDeps): Breaks {
  const { cell } = deps;
  return {
    apply: (generationId, goOn) => apply(deps, generationId, goOn),
    openOf: async ({ paymentIds }) => (paymentIds.length === 0 ? [] : openOfPayments(cell.db, paymentIds)),
    summary: (dates) => summaryOf(cell.db, dates, cell.clock.now()),
    list: (filter, page) => listBreaks(cell.db, filter, page),
    get: async (id) => {
      const found = await findBreak(cell.db, id);
      if (found === null) throw problem("not_found");
      return found;
    },
  };
}
