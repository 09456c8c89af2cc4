/** Changes of one settlement by people, and by the payout that pays it. */
import { problem } from "../kernel/errors.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { lockDay } from "../ledger/index.ts";
import type { Actor, Operators } from "../operators/index.ts";
import { merchantAccount } from "./drafts.ts";
import { eventsOf } from "./events.ts";
import { DEFAULT_TERMS, type Settlement, sharesOf, type Terms } from "./model.ts";
import { policiesById } from "./policies/store.ts";
import type { SettleDeps } from "./settle/deps.ts";
import { approved, Overdrawn, postChecked, reservesOf } from "./settle/finish.ts";
import { balancesOf, insertReserves, releaseTaken, takeOutflows } from "./settle/finish-store.ts";
import { lockPendingAccounts } from "./settle/gather-store.ts";
import { lockSettlements, settlementById, updateSettlements } from "./store.ts";

export type StateDeps = SettleDeps & { readonly operators: Pick<Operators, "auditAlone"> };

/** Locks the settlement behind its account's row: the order of every transaction here. */
async function locked(tx: Parameters<typeof lockSettlements>[0], seen: Settlement): Promise<Settlement> {
  await lockPendingAccounts(tx, [seen.accountId]);
  const [settlement] = await lockSettlements(tx, [seen.id]);
  if (settlement === undefined) throw problem("not_found");
  return settlement;
}

async function found(deps: StateDeps, id: Id): Promise<Settlement> {
  const settlement = await settlementById(deps.cell.db, id);
  if (settlement === null) throw problem("not_found");
  return settlement;
}

/** Holds an open settlement. Throws `not_found`, `conflict`. */
export async function holdSettlement(
  deps: StateDeps,
  actor: Actor,
  id: Id,
  reason: string,
): Promise<Settlement> {
  return change(deps, actor, id, "settlement.held", (before) => {
    if (before.state === "held") return before;
    if (before.state !== "open") throw wrongState(before, "held");
    return { ...before, state: "held", holdReason: reason, heldBy: actor.operator.id };
  });
}

/** Lets a held settlement go on as open. Throws `not_found`, `conflict`. */
export async function releaseSettlement(deps: StateDeps, actor: Actor, id: Id): Promise<Settlement> {
  return change(deps, actor, id, "settlement.released", (before) => {
    if (before.state === "open") return before;
    if (before.state !== "held") throw wrongState(before, "released");
    return { ...before, state: "open", holdReason: null, heldBy: null };
  });
}

async function change(
  deps: StateDeps,
  actor: Actor,
  id: Id,
  action: string,
  decide: (before: Settlement) => Settlement,
): Promise<Settlement> {
  const seen = await found(deps, id);
  const { before, after } = await deps.cell.transact(async (tx) => {
    const before = await locked(tx, seen);
    const after = decide(before);
    await updateSettlements(tx, [after]);
    return { before, after };
  });
  await audit(deps, actor, action, before, after);
  return after;
}

function wrongState(settlement: Settlement, wanted: string) {
  return problem("conflict", { detail: `a settlement that is ${settlement.state} cannot be ${wanted}` });
}

async function audit(
  deps: StateDeps,
  actor: Actor,
  action: string,
  before: Settlement,
  after: Settlement,
): Promise<void> {
  const shown = ({ state, amount, available, holdReason }: Settlement) => ({
    state,
    amount: Number(amount),
    available: Number(available),
    hold_reason: holdReason,
  });
  const subject = formatId("stl", after.id);
  await deps.operators.auditAlone(actor, { action, subject, before: shown(before), after: shown(after) });
}

const TRIES_MAX = 5;

/**
 * Approves an open settlement: its money moves. Where refunds have taken from the merchant's pending money
 * since, they are taken along, and the amount is what is left. Throws `not_found`; `conflict` where it is not
 * open, or where nothing would be left.
 */
export async function approveSettlement(deps: StateDeps, actor: Actor, id: Id): Promise<Settlement> {
  const seen = await found(deps, id);
  const [policy] = await policiesById(deps.platform.db, seen.policyId === null ? [] : [seen.policyId]);
  const terms = policy ?? DEFAULT_TERMS;
  for (let tries = 1; ; tries += 1) {
    try {
      const { before, after } = await approveOnce(deps, actor, seen, terms);
      await audit(deps, actor, "settlement.approved", before, after);
      return after;
    } catch (error) {
      if (!(error instanceof Overdrawn)) throw error;
      if (tries >= TRIES_MAX) {
        throw problem("conflict", {
          detail: "the merchant's pending money does not cover it now",
          cause: error,
        });
      }
    }
  }
}

async function approveOnce(deps: StateDeps, actor: Actor, seen: Settlement, terms: Terms) {
  const { cell, webhooks } = deps;
  const endpoints = await webhooks.endpointsOf([seen.merchantId]);
  const done = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const before = await locked(tx, seen);
    if (before.state === "approved" || before.state === "paid") {
      return { before, after: before, deliveries: [] };
    }
    if (before.state !== "open") throw wrongState(before, "approved");
    const debt = merchantAccount(before, "merchant_receivable");
    const balances = await balancesOf(tx, [before.accountId, debt]);
    const pending = balances.find(({ accountId }) => accountId === before.accountId);
    const owed = balances.find(({ accountId }) => accountId === debt)?.balance ?? 0n;
    const now = cell.clock.now();
    const { items, amount } = await takenAlong(tx, before, pending, now);
    if (amount < 0n) {
      throw problem("conflict", { detail: "the merchant's refunds since then leave nothing to settle" });
    }
    const shares = sharesOf(amount, owed > 0n ? owed : 0n, terms);
    const moved = { ...before, items, ...shares, ...approved(deps, shares, now) };
    const after: Settlement = { ...moved, approvedBy: actor.operator.id };
    await updateSettlements(tx, [after]);
    const termsOf = new Map([[after.accountId, terms]]);
    await insertReserves(tx, reservesOf([after], termsOf, after.accountingDate));
    const deliveries = await webhooks.record(tx, endpoints, eventsOf(deps, [after]));
    await postChecked(tx, deps, day, [after]);
    return { before, after, deliveries };
  });
  webhooks.deliver(done.deliveries);
  return done;
}

/** The sum of a settlement's items, with what has gone out since where pending money no longer covers it. */
async function takenAlong(
  tx: Parameters<typeof takeOutflows>[0],
  settlement: Settlement,
  pending: { readonly balance: bigint; readonly listed: bigint } | undefined,
  at: Date,
): Promise<{ items: number; amount: bigint }> {
  const { id, accountId, items, amount } = settlement;
  // `listed` counts this settlement too.
  const isCovered = pending !== undefined && -pending.balance >= pending.listed;
  if (isCovered || amount === 0n) return { items, amount };
  const [taken] = await takeOutflows(tx, [{ accountId, settlementId: id }]);
  if (taken === undefined) return { items, amount };
  await releaseTaken(tx, [id], at);
  return { items: items + taken.items, amount: amount + taken.amount };
}

/**
 * Notes that the money of approved settlements was paid out. Safe to repeat: those that are paid stay as they
 * are; those that are not approved are left alone. Gives the settlements as they are now.
 */
export async function markPaid(deps: SettleDeps, ids: readonly Id[]): Promise<readonly Settlement[]> {
  const { cell, webhooks } = deps;
  const seen = await Promise.all(ids.map((id) => settlementById(cell.db, id)));
  const endpoints = await webhooks.endpointsOf(seen.flatMap((one) => one?.merchantId ?? []));
  const { after, deliveries } = await cell.transact(
    async (tx) => {
      const before = await lockSettlements(tx, ids);
      const now = cell.clock.now();
      const paid = before
        .filter(({ state }) => state === "approved")
        .map((one): Settlement => ({ ...one, state: "paid", paidAt: now }));
      await updateSettlements(tx, paid);
      const deliveries = await webhooks.record(tx, endpoints, eventsOf(deps, paid));
      const changed = new Map(paid.map((one) => [one.id, one]));
      return { after: before.map((one) => changed.get(one.id) ?? one), deliveries };
    },
    { repeatable: true },
  );
  webhooks.deliver(deliveries);
  return after;
}
