/**
 * T+0: listed journals of the open date settle at once. The channel has not paid for them yet, so own money
 * that the bank has shown in the reserve stands for them until then; client money never pays for another
 * client.
 */
import { DAY } from "../../kernel/clock.ts";
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  lockDay,
  openDay,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import type { Merchant } from "../../merchants/index.ts";
import { merchantAccount } from "../drafts.ts";
import { eventsOf } from "../events.ts";
import { type Policy, type Settlement, sharesOf, verdictOf } from "../model.ts";
import { effectivePolicies } from "../policies/store.ts";
import type { FundsScope } from "../readings.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { approved, Overdrawn, postChecked, reservesOf } from "../settle/finish.ts";
import { balancesOf, insertReserves, releaseTaken, takeOutflows } from "../settle/finish-store.ts";
import { ensureAccounts, lockPendingAccounts, type PendingAccount } from "../settle/gather-store.ts";
import { causesOf } from "../settle/plan.ts";
import { updateSettlements } from "../store.ts";
import {
  type Advance,
  advancesOpen,
  insertAdvance,
  insertSameDay,
  listOpenDate,
  type NewAdvance,
  nextNumber,
  openAdvances,
  repay,
  scopesOf,
  tradingDates,
} from "./store.ts";

export const ON_BOARD_DAYS_MIN = 90;
export const TRADING_DATES_MIN = 30;
const ITEMS_MAX = 5_000;
const TRIES_MAX = 5;

/** Why nothing is settled today, in the order in which it is decided. */
export type SameDayRefusal =
  | "no_policy"
  | "too_new"
  | "too_little_trading"
  | "nothing"
  | "below_minimum"
  | "not_covered";

export type SameDayResult =
  | { readonly result: "settled"; readonly settlement: Settlement }
  | { readonly result: "refused"; readonly because: SameDayRefusal };

class Refused extends Error {
  readonly because: SameDayRefusal;

  constructor(because: SameDayRefusal) {
    super(because);
    this.because = because;
  }
}

/** Settles what a merchant was paid on the open date until now; each call is a settlement of its own. */
export async function settleSameDay(
  deps: SettleDeps,
  merchant: Pick<Merchant, "id" | "createdAt">,
  currency: string,
): Promise<SameDayResult> {
  const { cell, platform } = deps;
  const now = cell.clock.now();
  const today = (await openDay(cell.db))?.accountingDate ?? "";
  const policy = (await effectivePolicies(platform.db, [merchant.id], today)).find(
    (one) => one.currency === currency,
  );
  if (policy === undefined || policy.days !== 0) return { result: "refused", because: "no_policy" };
  if (now.getTime() - merchant.createdAt.getTime() < ON_BOARD_DAYS_MIN * DAY) {
    return { result: "refused", because: "too_new" };
  }
  if ((await tradingDates(cell.db, merchant.id, currency)) < TRADING_DATES_MIN) {
    return { result: "refused", because: "too_little_trading" };
  }
  const account: PendingAccount = {
    accountId: merchantAccount({ merchantId: merchant.id, currency }, "merchant_pending"),
    bookId: bookIdOf("merchant", merchant.id),
    merchantId: merchant.id,
    currency,
    lastSeq: 0n,
    itemizedSeq: 0n,
  };
  await cell.transact((tx) => ensureAccounts(tx, [account]), { repeatable: true });
  for (let tries = 1; ; tries += 1) {
    try {
      return { result: "settled", settlement: await settleOnce(deps, account, policy) };
    } catch (error) {
      if (error instanceof Refused) return { result: "refused", because: error.because };
      if (!(error instanceof Overdrawn) || tries >= TRIES_MAX) throw error;
    }
  }
}

async function settleOnce(deps: SettleDeps, account: PendingAccount, policy: Policy): Promise<Settlement> {
  const { cell, webhooks } = deps;
  const plan = { ...account, terms: policy, policyId: policy.id, cutoff: "" };
  const held = (await causesOf(deps, [plan])).map(({ subject }) => subject);
  const endpoints = await webhooks.endpointsOf([account.merchantId]);
  const { settlement, deliveries } = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    await lockPendingAccounts(tx, [account.accountId]);
    const number = await nextNumber(tx, account.accountId, day.accountingDate);
    const now = cell.clock.now();
    const begun = begin(cell.newId(), account, policy, { date: day.accountingDate, number, now });
    await insertSameDay(tx, begun);
    const settlement = await decide(tx, deps, begun, policy, held);
    await updateSettlements(tx, [settlement]);
    const termsOf = new Map([[account.accountId, policy]]);
    await insertReserves(tx, reservesOf([settlement], termsOf, day.accountingDate));
    const advance = { settlementId: settlement.id, currency: account.currency, amount: settlement.available };
    if (advance.amount > 0n) await reserveOwnMoney(tx, deps, advance, now);
    const deliveries = await webhooks.record(tx, endpoints, eventsOf(deps, [settlement]));
    await postChecked(tx, deps, day, [settlement]);
    return { settlement, deliveries };
  });
  webhooks.deliver(deliveries);
  return settlement;
}

function begin(
  id: Id,
  account: PendingAccount,
  policy: Policy,
  on: { readonly date: string; readonly number: number; readonly now: Date },
): Settlement {
  const none = { items: 0, amount: 0n, recovered: 0n, reserved: 0n, available: 0n };
  return {
    ...none,
    id,
    accountId: account.accountId,
    merchantId: account.merchantId,
    currency: account.currency,
    accountingDate: on.date,
    kind: "same_day",
    number: on.number,
    state: "open",
    policyId: policy.id,
    payout: policy.payout,
    journalId: null,
    holdReason: null,
    heldBy: null,
    madeAt: on.now,
    approvedAt: null,
    approvedBy: null,
    paidAt: null,
  };
}

/** Lists the items and decides as after a closed date; what is carried there is refused here. */
async function decide(
  tx: Tx,
  deps: SettleDeps,
  begun: Settlement,
  policy: Policy,
  held: readonly Id[],
): Promise<Settlement> {
  const { accountId, id } = begun;
  const amounts = await listOpenDate(tx, { accountId, settlementId: id, held }, ITEMS_MAX);
  // What no settlement has taken of what went out lowers this one.
  const [outflow] = await takeOutflows(tx, [{ accountId, settlementId: id }]);
  const amount = amounts.reduce((sum, one) => sum + one, outflow?.amount ?? 0n);
  const items = amounts.length + (outflow?.items ?? 0);
  const debt = merchantAccount(begun, "merchant_receivable");
  const balances = new Map((await balancesOf(tx, [accountId, debt])).map((row) => [row.accountId, row]));
  const pending = balances.get(accountId);
  const owes = balances.get(debt)?.balance ?? 0n;
  const owed = owes > 0n ? owes : 0n;
  const movable = -(pending?.balance ?? 0n) - (pending?.listed ?? 0n);
  const regular = { items, amount };
  const none = { items: 0, amount: 0n };
  const verdict = verdictOf({ regular, supplementary: none, movable, owed }, policy);
  if (verdict.settle !== "made" || amount === 0n) {
    const isSmall = verdict.settle === "carried" && verdict.because === "below_minimum";
    throw new Refused(isSmall ? "below_minimum" : "nothing");
  }
  await releaseTaken(tx, [id], begun.madeAt);
  const shares = sharesOf(amount, owed, policy);
  return { ...begun, items, ...shares, ...approved(deps, shares, begun.madeAt) };
}

/**
 * Nothing moves by it, at a bank or in the books: the money is in the reserve already, and no other
 * settlement of the same day may count on it. Who asks for it at the same moment waits for this transaction.
 */
async function reserveOwnMoney(
  tx: Tx,
  { readings }: SettleDeps,
  advance: NewAdvance,
  now: Date,
): Promise<void> {
  const there = await readings.ownMoneyInReserve(tx, advance.currency);
  const reserved = (await advancesOpen(tx)).get(advance.currency) ?? 0n;
  if (there - reserved < advance.amount) throw new Refused("not_covered");
  await insertAdvance(tx, advance, now);
}

/** Versions before booked an advance as a transfer of own money; its end is booked the other way. */
function repaidDrafts({ cell }: Pick<SettleDeps, "cell">, advances: readonly Advance[]): JournalDraft[] {
  const bookId = bookIdOf("platform", platformOwner(cell.cell));
  return advances
    .filter(({ booked }) => booked)
    .map(({ settlementId, currency, amount }) => ({
      id: cell.newId(),
      bookId,
      kind: "advance_repaid",
      sourceId: settlementId,
      subjectId: null,
      counterpartyId: null,
      channelAccountId: null,
      currency,
      channelDate: null,
      lines: [
        { account: accountIdOf(bookId, "bank_own", currency, null), debit: amount },
        { account: accountIdOf(bookId, "bank_reserve", currency, null), credit: amount },
      ],
    }));
}

const ADVANCES_PER_STEP = 200;

/** Ends the advances of settlements that the channels have paid for by now; gives how many. */
export async function repayAdvances(deps: SettleDeps, goOn: () => Promise<void>): Promise<number> {
  const { cell } = deps;
  let repaid = 0;
  let after: Id | null = null;
  for (;;) {
    await goOn();
    const page: Advance[] = await openAdvances(cell.db, after, ADVANCES_PER_STEP);
    const due = await paidFor(deps, page);
    if (due.length > 0) {
      repaid += await cell.transact(
        async (tx) => {
          const day = await lockDay(tx, cell.cell);
          const now = cell.clock.now();
          const open = await repay(tx, due, now);
          await post(tx, day, repaidDrafts(deps, open), now);
          return open.length;
        },
        { repeatable: true },
      );
    }
    if (page.length < ADVANCES_PER_STEP) return repaid;
    after = page.at(-1)?.settlementId ?? null;
  }
}

/** Of these advances those whose every scope the channel has paid for. */
async function paidFor(deps: SettleDeps, advances: readonly Advance[]): Promise<Id[]> {
  if (advances.length === 0) return [];
  const ids = advances.map(({ settlementId }) => settlementId);
  const scopes = await deps.cell.transact((tx) => scopesOf(tx, ids), { repeatable: true });
  const keyOf = ({ channelAccountId, channelDate, currency }: FundsScope) =>
    `${channelAccountId}/${channelDate}/${currency}`;
  const received = new Set((await deps.readings.fundsReceived(scopes)).map(keyOf));
  const waiting = new Set(
    scopes.filter((scope) => !received.has(keyOf(scope))).map(({ settlementId }) => settlementId),
  );
  return ids.filter((id) => !waiting.has(id));
}
