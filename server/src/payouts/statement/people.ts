/** What people say of entries that nothing explains by itself: whose payouts they are, or our own money. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import {
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  lockDay,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { connectionByName } from "../accounts/store.ts";
import { openForPayouts } from "../batch/service.ts";
import { announceChannelPayouts, type ChannelPayoutAnnounced, receive } from "../channel/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { type EntryRow, findEntry, lockEntry, placeEntry } from "./store.ts";

export const MATCH_KIND = "bank_entry.match";
export const OWN_MONEY_KIND = "own_money.pay_in";
export const ANNOUNCE_KIND = "channel_payout.announce";

export type NamedEntry = { readonly connection: string; readonly entryRef: string };

async function entryOf(
  deps: PayoutsDeps,
  { connection: name, entryRef }: NamedEntry,
): Promise<{ connection: BankConnection; entry: EntryRow }> {
  const connection = await connectionByName(deps.platform.db, name);
  if (connection === null) {
    throw problem("invalid_request", { field: "connection", detail: `there is no bank connection ${name}` });
  }
  const entry = await findEntry(deps.cell.db, connection.accountNumber, entryRef);
  if (entry === null) throw problem("not_found", { detail: "the account's statements have no such entry" });
  if (entry.state === "placed") throw problem("conflict", { detail: `the entry is ${entry.placedAs}` });
  return { connection, entry };
}

/** Proposes that an entry is these channel payouts. Throws `invalid_request`, `not_found`, `conflict`. */
export async function proposeMatch(
  deps: PayoutsDeps,
  actor: Actor,
  named: NamedEntry,
  payouts: readonly Id[],
): Promise<Approval> {
  const { connection, entry } = await entryOf(deps, named);
  if (connection.holds !== "reserve") {
    throw problem("invalid_request", {
      field: "connection",
      detail: "channels' payouts are clients' money: the account holds our own",
    });
  }
  return deps.operators.propose(actor, {
    kind: MATCH_KIND,
    subject: `${named.connection}/${named.entryRef}`,
    payload: {
      ...named,
      amount: Number(entry.amount),
      currency: entry.currency,
      channel_payouts: payouts.map((id) => formatId("cpo", id)),
    },
    reason: null,
  });
}

export function matchAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: MATCH_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id }) => {
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (connection?.holds !== "reserve") return { refused: "the connection is none of the reserve" };
      const ids = (payload.channel_payouts as string[]).flatMap((text) => parseId("cpo", text) ?? []);
      const entry = { accountNumber: connection.accountNumber, entryRef: String(payload.entryRef) };
      return receive(deps, entry, ids, formatId("apr", id));
    },
  };
}

/** Proposes that an entry is our own money paid in. Throws `invalid_request`, `not_found`, `conflict`. */
export async function proposeOwnMoney(
  deps: PayoutsDeps,
  actor: Actor,
  named: NamedEntry,
  evidence: string,
): Promise<Approval> {
  const { connection, entry } = await entryOf(deps, named);
  if (connection.holds !== "own") {
    throw problem("invalid_request", {
      field: "connection",
      detail: "our own money lies on an account of its own, apart from the reserve",
    });
  }
  if (entry.amount < 0n) throw problem("conflict", { detail: "the entry is money that went out" });
  await openForPayouts(deps, connection.currency);
  return deps.operators.propose(actor, {
    kind: OWN_MONEY_KIND,
    subject: `${named.connection}/${named.entryRef}`,
    payload: { ...named, amount: Number(entry.amount), currency: entry.currency, evidence },
    reason: evidence,
  });
}

/** P: bank_own / own_capital, of the very amount that the bank shows. */
export function ownMoneyAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: OWN_MONEY_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (connection === null) return { refused: "the connection is not there" };
      const { accountNumber, currency } = connection;
      return cell.transact(async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const entry = await lockEntry(tx, accountNumber, String(payload.entryRef));
        if (entry === null) return { refused: "the entry is not there" };
        if (entry.state === "placed") {
          const same = entry.subjectId === approvalId;
          return same ? { done: true as const } : { refused: "the entry was taken for something else" };
        }
        if (entry.amount !== BigInt(Number(payload.amount)))
          return { refused: "the entry's amount is another" };
        const at = cell.clock.now();
        const placed = { as: "own_money", subjectId: approvalId, at };
        await placeEntry(tx, accountNumber, entry.entryRef, placed);
        const bookId = bookIdOf("platform", platformOwner(cell.cell));
        const journal: JournalDraft = {
          id: cell.newId(),
          bookId,
          kind: "capital_paid_in",
          sourceId: approvalId,
          subjectId: null,
          counterpartyId: null,
          channelAccountId: null,
          currency,
          channelDate: null,
          lines: [
            { account: accountIdOf(bookId, "bank_own", currency, null), debit: entry.amount },
            { account: accountIdOf(bookId, "own_capital", currency, null), credit: entry.amount },
          ],
        };
        const [result] = await post(tx, day, [journal], at);
        if (result?.result === "refused") throw new Error("own money was refused by the books");
        return { done: true as const };
      });
    },
  };
}

/** Proposes a withdrawal that no statement of the channel tells. Throws `not_found`, `conflict`. */
export async function proposeAnnouncement(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: ChannelPayoutAnnounced,
): Promise<Approval> {
  const account = await deps.channels.account(wanted.channelAccountId);
  if (account === null) throw problem("not_found");
  if (wanted.coversFrom > wanted.coversThrough || wanted.coversThrough > wanted.announcedDate) {
    throw problem("invalid_request", {
      field: "covers_through",
      detail: "a payout covers dates in their order, none after it was announced",
    });
  }
  const { channelAccountId, amount, ...rest } = wanted;
  return deps.operators.propose(actor, {
    kind: ANNOUNCE_KIND,
    subject: `${formatId("cha", channelAccountId)}/${wanted.payoutNo}`,
    payload: { ...rest, channel_account: formatId("cha", channelAccountId), amount: Number(amount) },
    reason: null,
  });
}

export function announceAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: ANNOUNCE_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload }) => {
      const channelAccountId = parseId("cha", String(payload.channel_account));
      if (channelAccountId === null) return { refused: "the channel account is not there" };
      const { payoutNo, currency, coversFrom, coversThrough, announcedDate, payer } = payload as Record<
        string,
        string
      >;
      const rest = { payoutNo, currency, coversFrom, coversThrough, announcedDate, payer };
      const amount = BigInt(Number(payload.amount));
      await announceChannelPayouts(deps, [{ ...rest, channelAccountId, amount } as ChannelPayoutAnnounced]);
      return { done: true };
    },
  };
}
