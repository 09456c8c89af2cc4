/** Lists the items of a closed date and puts what is due into settlements that nobody is told of yet. */
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { FundsScope, Scope } from "../readings.ts";
import type { SettleDeps } from "./deps.ts";
import {
  type Assignment,
  addTaken,
  advanceItemized,
  assign,
  type Begun,
  beginSettlements,
  ensureAccounts,
  itemize,
  lockPendingAccounts,
  openScopes,
  type Piece,
  settlementsBegun,
  withPassedOver,
} from "./gather-store.ts";
import { type Cause, frozenOf, holdByCauses, releaseExplained } from "./holds-store.ts";
import type { Plan } from "./plan.ts";

/** Entries looked at in one transaction: some 100 ms. */
export const ENTRIES_PER_STEP = 10_000n;
const ITEMS_PER_STEP = 5_000;

export type Group = {
  readonly date: string;
  readonly plans: readonly Plan[];
  readonly causes: readonly Cause[];
};

/**
 * Gathers a group of accounts, step by step; each is a transaction that another run may repeat. Rows that
 * exist stay: what is gathered is in a settlement of this account and date, whoever began it.
 */
export async function gather(deps: SettleDeps, group: Group, goOn: () => Promise<void>): Promise<void> {
  const { cell } = deps;
  await begin(deps, group);
  let places = group.plans.map((plan) => ({ plan, from: plan.itemizedSeq }));
  while (places.length > 0) {
    await goOn();
    const step = places;
    places = await cell.transact((tx) => itemizeStep(tx, group, step), { repeatable: true });
  }
  await cell.transact((tx) => holdStep(tx, deps, group), { repeatable: true });
  const scopes = await settlableScopes(deps, group);
  for (;;) {
    await goOn();
    const taken = await cell.transact((tx) => assignStep(tx, group, scopes), { repeatable: true });
    if (taken < ITEMS_PER_STEP) return;
  }
}

async function begin(deps: SettleDeps, { plans, date }: Group): Promise<void> {
  const { cell } = deps;
  await cell.transact(
    async (tx) => {
      await ensureAccounts(tx, plans);
      const accountIds = plans.map(({ accountId }) => accountId);
      const undecided = await lockUndecided(tx, accountIds, date);
      const begun = plans
        .filter(({ accountId }) => undecided.has(accountId))
        .map((plan): Begun => ({ ...plan, id: cell.newId(), kind: "regular" }));
      await beginSettlements(tx, begun, { date, at: cell.clock.now() });
    },
    { repeatable: true },
  );
}

/** Locks the accounts; those whose date is not decided yet, and how far their entries are items. */
export async function lockUndecided(
  tx: Tx,
  accountIds: readonly Id[],
  date: string,
): Promise<Map<Id, bigint>> {
  const locked = await lockPendingAccounts(tx, accountIds);
  return new Map(
    locked
      .filter(({ settledThrough }) => settledThrough === null || settledThrough < date)
      .map(({ accountId, itemizedSeq }) => [accountId, itemizedSeq]),
  );
}

type Place = { readonly plan: Plan; readonly from: bigint };

/** Gives the accounts that have further closed entries. */
async function itemizeStep(tx: Tx, group: Group, places: readonly Place[]): Promise<Place[]> {
  const { date, causes } = group;
  const accountIds = places.map(({ plan }) => plan.accountId);
  const undecided = await lockUndecided(tx, accountIds, date);
  const regular = await regularOf(tx, accountIds, date);
  const pieces = places.flatMap(({ plan }): Piece[] => {
    const afterSeq = undecided.get(plan.accountId);
    if (afterSeq === undefined || afterSeq >= plan.lastSeq) return [];
    // Several accounts are in one group only as far as their entries fit into one step.
    const left = plan.lastSeq - afterSeq;
    const room = left < ENTRIES_PER_STEP ? left : ENTRIES_PER_STEP;
    const direct = plan.terms.basis === "on_success" ? (regular.get(plan.accountId) ?? null) : null;
    const upToSeq = afterSeq + room;
    return [{ accountId: plan.accountId, afterSeq, upToSeq, settlementId: direct, cutoff: plan.cutoff }];
  });
  if (pieces.length === 0) return [];
  const held = [...new Set(causes.map(({ subject }) => subject))];
  const listed = await itemize(tx, pieces, { date, held, split: splitOf(causes) });
  const reached = new Map(listed.map(({ accountId, seq }) => [accountId, seq]));
  await addTaken(
    tx,
    listed.flatMap(({ settlementId, items, amount }) =>
      settlementId === null ? [] : [{ settlementId, items: items ?? 0, amount: amount ?? 0n }],
    ),
  );
  await advanceItemized(
    tx,
    [...reached].map(([accountId, seq]) => ({ accountId, seq })),
  );
  return pieces.flatMap(({ accountId, upToSeq }) => {
    const place = places.find(({ plan }) => plan.accountId === accountId) as Place;
    const seq = reached.get(accountId);
    // Short of the piece's end: what follows is of the open date.
    if (seq === undefined || seq < upToSeq || seq >= place.plan.lastSeq) return [];
    return [{ plan: place.plan, from: seq }];
  });
}

async function regularOf(tx: Tx, accountIds: readonly Id[], date: string): Promise<Map<Id, Id>> {
  const begun = await settlementsBegun(tx, accountIds, date);
  return new Map(
    begun
      .filter(({ kind, state }) => kind === "regular" && state === "gathering")
      .map(({ accountId, id }) => [accountId, id]),
  );
}

/** Payments that are still to be split. */
function splitOf(causes: readonly Cause[]): Id[] {
  return causes.filter(({ kind }) => kind === "sharing").map(({ subject }) => subject);
}

/** Holds what has a reason to wait, and begins a settlement apart for what is late. */
async function holdStep(tx: Tx, { cell }: SettleDeps, { plans, causes, date }: Group): Promise<void> {
  const accountIds = plans.map(({ accountId }) => accountId);
  const undecided = [...(await lockUndecided(tx, accountIds, date)).keys()];
  if (undecided.length === 0) return;
  const now = cell.clock.now();
  const frozen = new Set(await frozenOf(tx, undecided, splitOf(causes)));
  const standing = causes.filter(({ kind, subject }) => kind !== "sharing" || frozen.has(subject));
  await releaseExplained(tx, undecided, standing, now);
  await holdByCauses(tx, standing, undecided, { at: now, newId: cell.newId });
  const late = await withPassedOver(tx, undecided);
  const begun = plans
    .filter(({ accountId }) => late.has(accountId))
    .map((plan): Begun => ({ ...plan, id: cell.newId(), kind: "supplementary" }));
  await beginSettlements(tx, begun, { date, at: now });
}

/** Of the scopes that open items belong to, those whose items may settle; none where no policy asks. */
async function settlableScopes(deps: SettleDeps, { plans }: Group): Promise<Map<string, FundsScope[]>> {
  const found = new Map<string, FundsScope[]>();
  // A statement is explained in all its currencies at once.
  const reconciled = async (scopes: readonly FundsScope[]) => {
    const keyOf = ({ channelAccountId, channelDate }: Scope) => `${channelAccountId}/${channelDate}`;
    const explained = new Set((await deps.readings.reconciled(scopes)).map(keyOf));
    return scopes.filter((scope) => explained.has(keyOf(scope)));
  };
  for (const basis of ["on_reconciled", "on_funds_received"] as const) {
    const asked = plans.filter(({ terms }) => terms.basis === basis).map(({ accountId }) => accountId);
    if (asked.length === 0) continue;
    const scopes = await deps.cell.transact((tx) => openScopes(tx, asked), { repeatable: true });
    const read = basis === "on_reconciled" ? reconciled : deps.readings.fundsReceived;
    found.set(basis, scopes.length === 0 ? [] : [...(await read(scopes))]);
  }
  return found;
}

async function assignStep(
  tx: Tx,
  { plans, date }: Group,
  scopes: ReadonlyMap<string, readonly FundsScope[]>,
): Promise<number> {
  const accountIds = plans.map(({ accountId }) => accountId);
  await lockUndecided(tx, accountIds, date);
  const begun = (await settlementsBegun(tx, accountIds, date)).filter(({ state }) => state === "gathering");
  const idOf = (accountId: Id, kind: string) =>
    begun.find((one) => one.accountId === accountId && one.kind === kind)?.id ?? null;
  let taken = 0;
  for (const basis of ["on_success", "on_reconciled", "on_funds_received"] as const) {
    const assignments = plans.flatMap((plan): Assignment[] => {
      const { accountId, cutoff } = plan;
      const regularId = idOf(accountId, "regular");
      if (plan.terms.basis !== basis || regularId === null) return [];
      const supplementaryId = idOf(accountId, "supplementary");
      return [{ accountId, regularId, supplementaryId, cutoff, byScope: basis !== "on_success" }];
    });
    if (assignments.length === 0) continue;
    const parts = await assign(tx, assignments, scopes.get(basis) ?? [], ITEMS_PER_STEP - taken);
    await addTaken(tx, parts);
    taken += parts.reduce((sum, { items }) => sum + items, 0);
    if (taken >= ITEMS_PER_STEP) break;
  }
  return taken;
}
