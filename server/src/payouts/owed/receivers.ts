/** What receivers have in our own books: settled when its day is over, then paid out. */
import { formatId, type Id } from "../../kernel/ids.ts";
import { accountIdOf, bookIdOf, type JournalDraft, post } from "../../ledger/index.ts";
import type { Actor } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout } from "../model.ts";
import { getPayee } from "../payees/payee.ts";
import { type Division, divide } from "./division.ts";
import { type ReceiverRow, receiverEntries } from "./entries.ts";
import { type PayOwed, payOwed } from "./pay.ts";
import { type Due, keepDues, listDues, type OwedAccount, takenByPayees } from "./store.ts";

/**
 * Settles to receivers what they got and gave back on days that are over: `receiver_pending` to
 * `receiver_available` of each merchant's book, and whose it is. Where more went back than was given, the
 * other way: below zero, it is carried. Safe to repeat.
 */
export function settleReceivers(deps: PayoutsDeps, goOn: () => Promise<void>): Promise<void> {
  return divide(deps, receiversDivision(deps), goOn);
}

function receiversDivision(deps: PayoutsDeps): Division<ReceiverRow> {
  const { cell } = deps;
  return {
    code: "receiver_pending",
    rows: (account, today, limit) => receiverEntries(cell.db, account, today, limit),
    prepare: async (rows) => {
      const dues = new Map<string, bigint>();
      for (const { receiverId, amount } of rows) {
        if (receiverId !== null) dues.set(receiverId, (dues.get(receiverId) ?? 0n) + amount);
      }
      return async (tx, account, day, upTo) => {
        await keepDues(tx, "receiver", account, dues, upTo);
        const amount = [...dues.values()].reduce((sum, due) => sum + due, 0n);
        if (amount === 0n) return;
        const [result] = await post(tx, day, [settled(account, amount, cell.newId)], cell.clock.now());
        if (result?.result !== "posted") throw new Error("what receivers have was not settled to them");
      };
    },
  };
}

/** M: receiver_pending y / receiver_available y, of one account's entries; `amount` below zero: back. */
function settled({ merchantId, currency }: OwedAccount, amount: bigint, newId: () => Id): JournalDraft {
  const bookId = bookIdOf("merchant", merchantId);
  const of = (code: "receiver_pending" | "receiver_available") => accountIdOf(bookId, code, currency, null);
  const [from, to] =
    amount > 0n
      ? [of("receiver_pending"), of("receiver_available")]
      : [of("receiver_available"), of("receiver_pending")];
  const size = amount > 0n ? amount : -amount;
  return {
    id: newId(),
    bookId,
    kind: "receiver_settled",
    sourceId: newId(),
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency,
    channelDate: null,
    lines: [
      { account: from, debit: size },
      { account: to, credit: size },
    ],
  };
}

/**
 * Makes a payout of what a receiver has in our own books of days that are over. Throws `not_found`, and as
 * `payOwed`.
 */
export async function payReceiver(
  deps: PayoutsDeps,
  actor: Actor,
  payeeId: Id,
  wanted: PayOwed,
): Promise<{ payout: Payout; isNew: boolean }> {
  const payee = await getPayee(deps, { payeeKind: "receiver", payeeId });
  const creditor = { kind: "receiver", payee: payeeId, payeeId } as const;
  const prepare = () => settleReceivers(deps, async () => undefined);
  return payOwed(deps, actor, { payee, creditor, prepare }, wanted);
}

export type OwedToReceiver = Due & { readonly merchantId: Id | null; readonly owed: bigint };

/** What is owed by receiver and currency, as far as it is settled. */
export async function owedToReceivers(
  deps: PayoutsDeps,
  after: readonly string[] | null,
  limit: number,
): Promise<OwedToReceiver[]> {
  const dues = await listDues(deps.cell.db, "receiver", after, limit);
  const ids = [...new Set(dues.map(({ payee }) => payee))];
  const taken = await takenByPayees(deps.cell.db, ids);
  const merchants = new Map<Id, Id | null>();
  for (const id of ids) merchants.set(id, (await deps.receivers.one(id))?.merchantId ?? null);
  return dues.map((due) => {
    const paid = taken.find((one) => one.payeeId === due.payee && one.currency === due.currency);
    const merchantId = merchants.get(due.payee) ?? null;
    return { ...due, merchantId, owed: due.earned - (paid?.amount ?? 0n) };
  });
}

export function presentOwedToReceiver({ payee, merchantId, currency, earned, owed }: OwedToReceiver) {
  return {
    receiver: formatId("rcv", payee),
    merchant: merchantId === null ? null : formatId("mch", merchantId),
    currency,
    earned: Number(earned),
    owed: Number(owed),
  };
}
