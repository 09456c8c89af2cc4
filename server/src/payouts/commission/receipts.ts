/** Commission that channels have paid: two people say whose it is. */
import { MINUTE, plus } from "../../kernel/clock.ts";
import type { Db, Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { type Currency, moneyText } from "../../kernel/money.ts";
import { lockDay } from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { connectionByName } from "../accounts/store.ts";
import { openForPayouts } from "../batch/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { orRefused, ownersOf } from "../statement/of-accounts.ts";
import { type End, lockOpen } from "../statement/own-money.ts";
import { entryOf, type NamedEntry } from "../statement/people.ts";
import { placeEntry } from "../statement/store.ts";
import { ownSideJournal, receivedJournals } from "./postings.ts";
import { insertReceipt, lockDue, owedOf, type ReceiptItem, setBooked } from "./receipts-store.ts";
import { lockCommissions } from "./store.ts";
import { openCommissionAccounts, posted } from "./told.ts";

export const RECEIVE_KIND = "commission.receive";

/** The platform's side belongs to whoever booked the merchants' for so long. */
export const RECEIPT_LEASE_MS = MINUTE;
/** Channel accounts of one receipt. */
export const RECEIPT_ITEMS_MAX = 50;

/** What an operator says that a credit pays. */
export type WantedReceipt = { readonly channelAccountId: Id; readonly amount: bigint };

/**
 * Proposes that a credit of our own account is commission of channel accounts. Throws `invalid_request`
 * (naming the field), `not_found`, and `conflict` for an entry that is placed, or more than an account owes.
 */
export async function proposeReceipt(
  deps: PayoutsDeps,
  actor: Actor,
  named: NamedEntry,
  wanted: readonly WantedReceipt[],
  evidence: string,
): Promise<Approval> {
  const { connection, entry } = await entryOf(deps, named);
  if (connection.holds !== "own") {
    throw problem("invalid_request", {
      field: "connection",
      detail: "the account holds clients' money: commission is our own",
    });
  }
  const { amount, currency } = entry;
  if (amount <= 0n) throw problem("conflict", { detail: "the entry is money that went out" });
  const shown = (of: bigint) => moneyText({ amount: of, currency });
  const sum = wanted.reduce((total, one) => total + one.amount, 0n);
  const refuse = (detail: string) => problem("invalid_request", { field: "commissions", detail });
  if (sum !== amount) {
    throw refuse(`they come to ${shown(sum)}, the entry is of ${shown(amount)}`);
  }
  if (new Set(wanted.map(({ channelAccountId }) => channelAccountId)).size < wanted.length) {
    throw refuse("a channel account is named twice");
  }
  const owners = await ownersOf(deps, wanted, "commissions");
  await itemsFor(deps.cell.db, { id: actor.operator.id, currency, wanted, owners });
  await openForPayouts(deps, connection.currency);
  return deps.operators.propose(actor, {
    kind: RECEIVE_KIND,
    subject: `${named.connection}/${named.entryRef}`,
    payload: {
      ...named,
      amount: Number(amount),
      currency,
      commissions: wanted.map((one) => ({
        channel_account: formatId("cha", one.channelAccountId),
        amount: Number(one.amount),
      })),
      evidence,
    },
    reason: evidence,
  });
}

type Wanted = {
  readonly id: Id;
  readonly currency: Currency;
  readonly wanted: readonly WantedReceipt[];
  readonly owners: ReadonlyMap<Id, Id>;
};

/** The items of a receipt, each within what its account owes. Throws `conflict`. */
async function itemsFor(db: Db | Tx, { id, currency, wanted, owners }: Wanted): Promise<ReceiptItem[]> {
  const shown = (of: bigint) => moneyText({ amount: of, currency });
  const items: ReceiptItem[] = [];
  for (const [index, { channelAccountId, amount }] of wanted.entries()) {
    const owed = await owedOf(db, channelAccountId, currency);
    if (amount > owed) {
      throw problem("conflict", {
        field: `commissions.${index}.amount`,
        detail:
          `${shown(amount)} is more than the ${shown(owed)} of commission that the ` +
          "account owes: accept the rows that its statement tells, or correct the amounts",
      });
    }
    const merchantId = owners.get(channelAccountId) as Id;
    items.push({ receiptId: id, channelAccountId, merchantId, currency, amount });
  }
  return items;
}

/** M: interbook a / commission_receivable a; then P: bank_own Σ / interbook Σ. */
export function receiveAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: RECEIVE_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id }) => {
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (connection?.holds !== "own") return { refused: "the connection is none of our own money" };
      const wanted = (payload.commissions as Record<"channel_account" | "amount", unknown>[]).map(
        ({ channel_account, amount }): WantedReceipt => ({
          channelAccountId: parseId("cha", String(channel_account)) as Id,
          amount: BigInt(Number(amount)),
        }),
      );
      const named = { connection, entryRef: String(payload.entryRef), evidence: String(payload.evidence) };
      const outcome = await orRefused(() => receive(deps, { ...named, id, wanted }));
      if ("done" in outcome) await bookOwnSides(deps, [id]);
      return outcome;
    },
  };
}

type Receiving = {
  readonly connection: BankConnection;
  readonly entryRef: string;
  readonly evidence: string;
  readonly id: Id;
  readonly wanted: readonly WantedReceipt[];
};

async function receive(deps: PayoutsDeps, receiving: Receiving): Promise<End> {
  const { cell } = deps;
  const { connection, entryRef, evidence, id, wanted } = receiving;
  const { currency, accountNumber } = connection;
  const amount = wanted.reduce((sum, one) => sum + one.amount, 0n);
  const owners = await ownersOf(deps, wanted, "commissions");
  for (const merchantId of new Set(owners.values())) {
    await openCommissionAccounts(deps, merchantId, new Set([currency]));
  }
  return cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const found = await lockOpen(tx, connection, entryRef, amount, id);
      if ("end" in found) return found.end;
      for (const accountId of [...owners.keys()].toSorted()) await lockCommissions(tx, accountId);
      const items = await itemsFor(tx, { id, currency, wanted, owners });
      const at = cell.clock.now();
      const dueAt = plus(at, RECEIPT_LEASE_MS);
      const row = { id, accountNumber, entryRef, currency, amount, evidence };
      const receipt = { ...row, madeAt: at, receivedOn: day.accountingDate, dueAt };
      await insertReceipt(tx, receipt, items);
      await placeEntry(tx, accountNumber, entryRef, { as: "commission", subjectId: id, at });
      await posted(tx, day, receivedJournals(receipt, items, cell.newId), at);
      return { done: true as const };
    },
    { repeatable: true },
  );
}

/**
 * Books the bank's side of receipts whose merchants' side is booked. The mark and the journal commit
 * together. Safe to repeat.
 */
export async function bookOwnSides({ cell }: PayoutsDeps, ids: readonly Id[]): Promise<void> {
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const due = await lockDue(tx, ids);
      await setBooked(
        tx,
        due.map(({ id }) => id),
      );
      const drafts = due.map((receipt) => ownSideJournal(receipt, cell));
      await posted(tx, day, drafts, cell.clock.now());
    },
    { repeatable: true },
  );
}
