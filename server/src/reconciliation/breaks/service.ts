/** What other rooms and operators ask of breaks. */
import type { ChannelAccount } from "../../channels/index.ts";
import type { CostClause } from "../../fees/index.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Journal, journalById } from "../../ledger/index.ts";
import type { ApprovalAction } from "../../operators/index.ts";
import { type Applied, apply } from "./apply.ts";
import { type CostsDeps, costsOf } from "./costs.ts";
import { holdUntold } from "./held.ts";
import { createManualJournals, type ManualJournals } from "./manual-journals.ts";
import type { Break, BreakEvent, Claim, JournalPurpose } from "./model.ts";
import { createPeople, type People, type PeopleDeps } from "./people.ts";
import { policyAction } from "./policies.ts";
import {
  type BreakFilter,
  claimOfBreak,
  claimsOfBreaks,
  type ExcessClaims,
  eventsOfBreak,
  excessClaims,
  type FiledClaims,
  filedClaims,
  findBreak,
  listBreaks,
  type OpenBreak,
  openOfPayments,
  type SummaryRow,
  summaryOf,
} from "./reading.ts";
import { createResolving, type ResolveDeps, type Resolving } from "./resolve.ts";
import { journalsOfBreak, markPlainApplied } from "./store.ts";
import type { ApplyDeps } from "./under-lock.ts";

export type Breaks = {
  /**
   * Makes breaks of a generation's findings, the door first, and ends those that it explains; the generation
   * is `applied` then. Safe to repeat and to run twice at once; goes on where a crash left it. `goOn` is
   * awaited between transactions, and what it throws ends the work there.
   */
  apply(generationId: Id, goOn: () => Promise<void>): Promise<Applied>;
  /** Applies those of the generations that have nothing to say, at once; gives which. Safe to repeat. */
  applyPlain(generationIds: readonly Id[]): Promise<readonly Id[]>;
  /**
   * Makes breaks of what the door holds in suspense and no statement's line tells, of accounts whose
   * generations are all applied, and ends those whose money has come back; gives how many it has made. Safe
   * to repeat and to run twice at once.
   */
  holdUntold(goOn: () => Promise<void>): Promise<number>;
  /** The unended breaks of these payments, `pending` ones too: their items are not to be settled. */
  openOf(about: {
    readonly merchantId?: Id;
    readonly paymentIds: readonly Id[];
  }): Promise<readonly OpenBreak[]>;
  /**
   * Counts and sums by kind, state, currency and age: of the breaks of these channel dates (both in), and of
   * earlier ones that have not ended.
   */
  summary(dates: { readonly from: string; readonly to: string }): Promise<readonly SummaryRow[]>;
  list(
    filter: BreakFilter,
    page: { readonly before: Id | null; readonly limit: number },
  ): Promise<readonly Break[]>;
  /** The newest claim of each of these that has one. */
  claimsOf(ids: readonly Id[]): Promise<readonly Claim[]>;
  /** What channels were asked for and have not answered, by currency. */
  filedClaims(): Promise<readonly FiledClaims[]>;
  /** What channels have paid upon claims beyond what the books have or can have of it, by currency. */
  excessClaims(): Promise<readonly ExcessClaims[]>;
  /** Throws `not_found`. */
  get(id: Id): Promise<Break>;
  /** All that is known of one: its history, its journals, the claim. Throws `not_found`. */
  evidence(id: Id): Promise<Evidence>;
  readonly people: People;
  readonly resolving: Resolving;
  readonly manual: ManualJournals;
  /** What approvals of this room carry out. */
  readonly actions: readonly ApprovalAction[];
};

export type Evidence = {
  readonly about: Break;
  readonly account: ChannelAccount | null;
  readonly events: readonly BreakEvent[];
  /** What the contract says of its costs, as it was. */
  readonly costs: readonly CostClause[];
  readonly claim: Claim | null;
  readonly journals: readonly { readonly purpose: JournalPurpose; readonly journal: Journal }[];
};

export type BreaksDeps = ApplyDeps & ResolveDeps & PeopleDeps & CostsDeps;

export function createBreaks(deps: BreaksDeps): Breaks {
  const { cell } = deps;
  const resolving = createResolving(deps);
  const manual = createManualJournals(deps);
  const get = async (id: Id) => {
    const found = await findBreak(cell.db, id);
    if (found === null) throw problem("not_found");
    return found;
  };
  return {
    apply: (generationId, goOn) => apply(deps, generationId, goOn),
    applyPlain: (ids) => {
      const at = deps.cell.clock.now();
      return deps.cell.transact((tx) => markPlainApplied(tx, ids, at), { repeatable: true });
    },
    holdUntold: (goOn) => holdUntold(deps, goOn),
    openOf: async ({ paymentIds, merchantId = null }) =>
      paymentIds.length === 0 ? [] : openOfPayments(cell.db, paymentIds, merchantId),
    summary: (dates) => summaryOf(cell.db, dates, cell.clock.now()),
    list: (filter, page) => listBreaks(cell.db, filter, page),
    claimsOf: (ids) => claimsOfBreaks(cell.db, ids),
    filedClaims: () => filedClaims(cell.db),
    excessClaims: () => excessClaims(cell.db),
    get,
    evidence: async (id) => evidenceOf(deps, await get(id)),
    people: createPeople(deps),
    resolving,
    manual,
    actions: [resolving.action, policyAction(cell), manual.action],
  };
}

async function evidenceOf(deps: BreaksDeps, about: Break): Promise<Evidence> {
  const { cell, channels } = deps;
  const [account, costs, events, claim, links] = await Promise.all([
    channels.account(about.channelAccountId),
    costsOf(deps, about),
    eventsOfBreak(cell.db, about.id),
    claimOfBreak(cell.db, about.id),
    journalsOfBreak(cell.db, about.id),
  ]);
  const journals = await Promise.all(
    links.map(async ({ journalId, purpose }) => {
      const journal = await journalById(cell.db, journalId);
      if (journal === null) throw new Error(`the journal ${journalId} of a break is not in the books`);
      return { purpose, journal };
    }),
  );
  return { about, account, costs, events, claim, journals };
}
