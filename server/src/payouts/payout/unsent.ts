/**
 * Payouts that may still be sent, for the first time or once more: whether they may go where they were meant
 * to, and their end where they may not and nobody has sent them.
 *
 * Their rows are the lock. They are looked at under them before each sending; whoever stops an account, or
 * gives a payee another name, commits that and then passes through them before it is told. So by then a
 * sending has begun, or none to that account ever does.
 */
import { type Cell, sql, type Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import type { HoldCommand } from "../../ledger/index.ts";
import type { Delivery, Endpoint } from "../../webhooks/index.ts";
import { bankAccountsByIds } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout } from "../model.ts";
import { isSameName } from "../names.ts";
import { holdAccount } from "../outcome/postings.ts";
import { partnersByIds } from "../payees/store.ts";
import { updatePayouts } from "./store.ts";
import { presentPayout } from "./wire.ts";

const openSql = sql(
  "payouts_lock_open",
  `select id
   from payouts
   where payee_id = $1
     and state in ('created', 'approved', 'sent', 'unknown')
   order by id
   for no key update`,
);

/** Waits until whoever is sending a payee's payouts at this moment has done so. Safe to repeat. */
export async function passOpen(cell: Cell, payeeId: Id): Promise<void> {
  await cell.transact((tx) => tx.all(openSql, [payeeId]), { repeatable: true });
}

export type Failure = { readonly code: string; readonly message: string };

const STOPPED: Failure = { code: "account_stopped", message: "the bank account was stopped" };
const RENAMED: Failure = {
  code: "account_renamed",
  message: "the bank account's holder is not the payee's registered name any more",
};

/** Of these payouts, which this transaction has locked, those that may not go to their accounts, and why. */
export async function unpayable(
  deps: Pick<PayoutsDeps, "platform" | "merchants">,
  payouts: readonly Payout[],
): Promise<ReadonlyMap<Id, Failure>> {
  const { db } = deps.platform;
  const ids = [...new Set(payouts.map(({ bankAccountId }) => bankAccountId))].sort();
  const accounts = new Map((await bankAccountsByIds(db, ids)).map((account) => [account.id, account]));
  const payeesOf = (kind: Payout["payeeKind"]) => [
    ...new Set(payouts.filter(({ payeeKind }) => payeeKind === kind).map(({ payeeId }) => payeeId)),
  ];
  const partners = await partnersByIds(db, payeesOf("partner"));
  // A receiver's registered name is for good.
  const names = new Map([
    ...(await deps.merchants.legalNames(payeesOf("merchant"))),
    ...partners.map(({ id, legalName }) => [id, legalName] as const),
  ]);
  const found = new Map<Id, Failure>();
  for (const { id, payeeKind, payeeId, bankAccountId } of payouts) {
    const account = accounts.get(bankAccountId);
    if (account?.state !== "verified") found.set(id, STOPPED);
    else if (payeeKind !== "receiver" && !isSameName(account.holderName, names.get(payeeId) ?? "")) {
      found.set(id, RENAMED);
    }
  }
  return found;
}

export type Ended = {
  readonly payouts: readonly Payout[];
  readonly deliveries: readonly Delivery[];
  /** To be posted by the transaction: their money is available again. */
  readonly holds: readonly HoldCommand[];
};

/**
 * Ends payouts that this transaction has locked and nobody has sent. They leave their batch, which is the
 * caller's to write. @param endpoints of the merchants among the payees
 */
export async function rejectUnsent(
  { cell, webhooks }: PayoutsDeps,
  tx: Tx,
  ended: readonly { readonly payout: Payout; readonly failure: Failure }[],
  endpoints: ReadonlyMap<Id, readonly Endpoint[]>,
): Promise<Ended> {
  if (ended.length === 0) return { payouts: [], deliveries: [], holds: [] };
  const at = cell.clock.now();
  const rejected = ended.map(
    ({ payout, failure }): Payout => ({
      ...payout,
      state: "rejected",
      batchId: null,
      rejectedAt: at,
      failureCode: failure.code,
      failureMessage: failure.message,
    }),
  );
  await updatePayouts(tx, rejected);
  // What a partner or receiver is owed is kept for a payout by its own rows: it has no hold.
  const merchants = rejected.filter(({ payeeKind }) => payeeKind === "merchant");
  const events = merchants.map((payout) => ({
    id: cell.newId(),
    merchantId: payout.payeeId,
    type: "payout.rejected" as const,
    subjectId: payout.id,
    paymentId: null,
    data: { payout: presentPayout(payout) },
    createdAt: at,
  }));
  const deliveries = await webhooks.record(tx, endpoints, events);
  const holds = merchants.map((payout) => ({
    hold: "release" as const,
    id: payout.id,
    account: holdAccount(payout),
  }));
  return { payouts: rejected, deliveries, holds };
}
