/**
 * Ends the gathering of a group: sums, verdicts, journals, all in one transaction.
 *
 * Concurrent refunds are safe because the balances are looked at again after posting, under the locks that
 * posting took: a refund that came between the reading and the lock shows there, the transaction is rolled
 * back and decided again with what the refund left.
 */
import type { Tx } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import type { Id } from "../../kernel/ids.ts";
import { lockDay, post } from "../../ledger/index.ts";
import type { Delivery, Endpoint } from "../../webhooks/index.ts";
import { merchantAccount, settlementDraft } from "../drafts.ts";
import { eventsOf } from "../events.ts";
import {
  type Gathered,
  needsPerson,
  type Settlement,
  type Shares,
  type Terms,
  type Verdict,
  verdictOf,
} from "../model.ts";
import { updateSettlements } from "../store.ts";
import type { SettleDeps } from "./deps.ts";
import {
  balancesOf,
  endAccounts,
  forgetSettlements,
  gatheredSums,
  insertReserves,
  mergeItems,
  passOver,
  type Reserve,
  releaseTaken,
  type Sum,
  takeOutflows,
} from "./finish-store.ts";
import type { Group } from "./gather.ts";
import { lockUndecided } from "./gather.ts";
import { addTaken } from "./gather-store.ts";
import { type Plan, settlingOn } from "./plan.ts";

/** Pending money or a debt turned out smaller than it was read: to be decided again. */
export class Overdrawn extends Error {
  override readonly name = "Overdrawn";
}

const TRIES_MAX = 10;

/**
 * Decides and posts a group. Accounts that were finished by somebody else are left as they are. A group in
 * which a refund came in between is halved, so that it holds up nobody else.
 */
export async function finish(deps: SettleDeps, group: Group, tries = 1): Promise<void> {
  const { plans } = group;
  const endpoints = await deps.webhooks.endpointsOf(plans.map(({ merchantId }) => merchantId));
  try {
    const deliveries = await deps.cell.transact((tx) => finishStep(tx, deps, group, endpoints), {
      repeatable: true,
    });
    deps.webhooks.deliver(deliveries);
  } catch (error) {
    if (!(error instanceof Overdrawn)) throw error;
    if (plans.length === 1) {
      if (tries >= TRIES_MAX) throw error;
      await finish(deps, group, tries + 1);
      return;
    }
    const half = Math.ceil(plans.length / 2);
    await finish(deps, { ...group, plans: plans.slice(0, half) });
    await finish(deps, { ...group, plans: plans.slice(half) });
  }
}

async function finishStep(
  tx: Tx,
  deps: SettleDeps,
  group: Group,
  endpoints: ReadonlyMap<Id, readonly Endpoint[]>,
): Promise<readonly Delivery[]> {
  const { cell } = deps;
  const { date } = group;
  const day = await lockDay(tx, cell.cell);
  const undecided = await lockUndecided(
    tx,
    group.plans.map(({ accountId }) => accountId),
    date,
  );
  const plans = group.plans.filter(({ accountId }) => undecided.has(accountId));
  if (plans.length === 0) return [];
  const now = cell.clock.now();
  const { judged, along } = await judge(tx, plans, date);
  await mergeItems(
    tx,
    judged.flatMap(({ sums, verdict }) =>
      verdict.settle === "made" && verdict.merged && sums.supplementary !== null
        ? [{ fromId: sums.supplementary.id, intoId: sums.regular.id }]
        : [],
    ),
  );
  const made = judged.flatMap((one) => settlementsOf(deps, one, date, now));
  const kept = new Set(made.map(({ id }) => id));
  const begun = judged.flatMap(({ sums }) => [sums.regular.id, sums.supplementary?.id ?? []].flat());
  await forgetSettlements(
    tx,
    begun.filter((id) => !kept.has(id)),
  );
  await releaseTaken(
    tx,
    along.filter((id) => kept.has(id)),
    now,
  );
  await updateSettlements(tx, made);
  const settled = judged.filter(({ verdict }) => verdict.settle === "made").map(({ plan }) => plan);
  await passOver(tx, settled);
  await endAccounts(
    tx,
    judged.map(({ plan, verdict }) => ({ accountId: plan.accountId, outcome: outcomeOf(verdict) })),
    date,
  );
  const termsOf = new Map(plans.map((plan) => [plan.accountId, plan.terms]));
  await insertReserves(tx, reservesOf(made, termsOf, date));
  const deliveries = await deps.webhooks.record(tx, endpoints, eventsOf(deps, made));
  await postChecked(tx, deps, day, made);
  return deliveries;
}

type Sums = { readonly regular: Sum; readonly supplementary: Sum | null };
type Judged = { readonly plan: Plan; readonly sums: Sums; readonly verdict: Verdict };

/**
 * Verdicts; where pending money is short, what went out of it on the open date is taken along first. `along`:
 * the settlements that took any.
 */
async function judge(
  tx: Tx,
  plans: readonly Plan[],
  date: string,
): Promise<{ readonly judged: readonly Judged[]; readonly along: readonly Id[] }> {
  const first = await verdicts(tx, plans, date);
  const short = first.filter(({ verdict }) => verdict.settle === "carried" && verdict.because === "short");
  if (short.length === 0) return { judged: first, along: [] };
  const of = short.map(({ plan, sums }) => ({ accountId: plan.accountId, settlementId: sums.regular.id }));
  const taken = await takeOutflows(tx, of);
  await addTaken(tx, taken);
  const along = taken.map(({ settlementId }) => settlementId);
  return { judged: await verdicts(tx, plans, date), along };
}

async function verdicts(tx: Tx, plans: readonly Plan[], date: string): Promise<Judged[]> {
  const sums = await gatheredSums(
    tx,
    plans.map(({ accountId }) => accountId),
    date,
  );
  const debts = new Map(plans.map((plan) => [plan.accountId, merchantAccount(plan, "merchant_receivable")]));
  const balances = new Map(
    (await balancesOf(tx, [...debts.keys(), ...debts.values()])).map((row) => [row.accountId, row]),
  );
  const byAccount = Map.groupBy(sums, ({ accountId }) => accountId);
  return plans.map((plan) => {
    const own = byAccount.get(plan.accountId) ?? [];
    const regular = own.find(({ kind }) => kind === "regular");
    if (regular === undefined) throw new Error(`nothing was gathered for the account ${plan.accountId}`);
    const supplementary = own.find(({ kind }) => kind === "supplementary") ?? null;
    const pending = balances.get(plan.accountId);
    const debt = balances.get(debts.get(plan.accountId) as Id);
    const gathered: Gathered = {
      regular,
      supplementary: supplementary ?? { items: 0, amount: 0n },
      movable: -(pending?.balance ?? 0n) - (pending?.listed ?? 0n),
      owed: debt === undefined || debt.balance < 0n ? 0n : debt.balance,
    };
    return { plan, sums: { regular, supplementary }, verdict: verdictOf(gathered, plan.terms) };
  });
}

function outcomeOf(verdict: Verdict): string {
  if (verdict.settle === "made") return "settled";
  return verdict.settle === "nothing" ? "nothing" : verdict.because;
}

function settlementsOf(deps: SettleDeps, judged: Judged, date: string, now: Date): Settlement[] {
  const { plan, sums, verdict } = judged;
  if (verdict.settle !== "made") return [];
  const parts = [
    { sum: sums.regular, shares: verdict.regular },
    { sum: sums.supplementary, shares: verdict.supplementary },
  ];
  return parts.flatMap(({ sum, shares }) => {
    if (sum === null || shares === null) return [];
    const items = verdict.merged ? sum.items + (sums.supplementary?.items ?? 0) : sum.items;
    return [settlementOf(deps, plan, { ...sum, items }, shares, { date, now })];
  });
}

function settlementOf(
  deps: SettleDeps,
  plan: Plan,
  sum: Sum,
  shares: Shares,
  on: { readonly date: string; readonly now: Date },
): Settlement {
  const waits = needsPerson(shares, plan.terms);
  return {
    ...shares,
    id: sum.id,
    accountId: plan.accountId,
    merchantId: plan.merchantId,
    currency: plan.currency,
    accountingDate: on.date,
    kind: sum.kind,
    number: 1,
    policyId: plan.policyId,
    items: sum.items,
    payout: plan.terms.payout,
    holdReason: null,
    heldBy: null,
    madeAt: on.now,
    approvedBy: null,
    ...(waits
      ? { state: "open", journalId: null, approvedAt: null, paidAt: null }
      : approved(deps, shares, on.now)),
  };
}

/** How a settlement is once its money moves; nothing to pay out: paid at once. */
export function approved(
  { cell }: Pick<SettleDeps, "cell">,
  shares: Shares,
  at: Date,
): Pick<Settlement, "state" | "journalId" | "approvedAt" | "paidAt"> {
  const done = shares.available === 0n;
  return {
    state: done ? "paid" : "approved",
    journalId: shares.amount === 0n ? null : cell.newId(),
    approvedAt: at,
    paidAt: done ? at : null,
  };
}

/** What the settlements that move money keep back. */
export function reservesOf(
  made: readonly Settlement[],
  termsOf: ReadonlyMap<Id, Terms>,
  date: string,
): Reserve[] {
  return made
    .filter(({ reserved, journalId }) => reserved > 0n && journalId !== null)
    .map(({ id, accountId, merchantId, currency, reserved }) => ({
      settlementId: id,
      accountId,
      merchantId,
      currency,
      amount: reserved,
      releaseOn: shiftDate(settlingOn(date), termsOf.get(accountId)?.reserveDays ?? 0),
    }));
}

/**
 * Posts the journals of settlements, and checks under the locks of their accounts that pending money still
 * covers what is listed, and that nobody's debt was recovered twice. Throws `Overdrawn` otherwise.
 */
export async function postChecked(
  tx: Tx,
  { cell }: Pick<SettleDeps, "cell">,
  day: { readonly accountingDate: string },
  made: readonly Settlement[],
): Promise<void> {
  const moving = made.filter((one) => one.journalId !== null);
  const drafts = moving.map((one) => settlementDraft(one, one.journalId as Id));
  if (drafts.length === 0) return;
  const results = await post(tx, day, drafts, cell.clock.now());
  results.forEach((result, index) => {
    if (result.result === "posted") return;
    throw new Error(`the journal of ${drafts[index]?.sourceId} was ${result.result}`);
  });
  const pending = moving.map(({ accountId }) => accountId);
  const debts = moving
    .filter(({ recovered }) => recovered > 0n)
    .map((one) => merchantAccount(one, "merchant_receivable"));
  const balances = await balancesOf(tx, [...pending, ...debts]);
  const isPending = new Set(pending);
  for (const { accountId, balance, listed } of balances) {
    const short = isPending.has(accountId) ? -balance - listed < 0n : balance < 0n;
    if (short) throw new Overdrawn(`the account ${accountId} fell short while it was settled`);
  }
}
