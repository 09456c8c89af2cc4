/** What people say of entries that nothing explains by itself: whose payouts they are. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { formatDecimal } from "../../kernel/money.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { connectionByName } from "../accounts/store.ts";
import { announceChannelPayouts, type ChannelPayoutAnnounced, receive } from "../channel/service.ts";
import { channelPayoutByNumber } from "../channel/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { type EntryRow, findEntry } from "./store.ts";

export const MATCH_KIND = "bank_entry.match";
export const ANNOUNCE_KIND = "channel_payout.announce";

export type NamedEntry = { readonly connection: string; readonly entryRef: string };

/** An entry that nothing explains yet. Throws `invalid_request`, `not_found`, `conflict`. */
export async function entryOf(
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

/** Proposes a withdrawal that no statement of the channel tells. Throws `not_found`, `conflict`. */
export async function proposeAnnouncement(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: ChannelPayoutAnnounced & { readonly coversFrom: string; readonly coversThrough: string },
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
      const announced = { ...rest, channelAccountId, amount } as ChannelPayoutAnnounced;
      await announceChannelPayouts(deps, [announced]);
      const refused = await otherwise(deps, announced);
      return refused === null ? { done: true } : { refused };
    },
  };
}

/** What its number stands for in place of what was announced: the number is taken once. */
async function otherwise(deps: PayoutsDeps, wanted: ChannelPayoutAnnounced): Promise<string | null> {
  const { channelAccountId, payoutNo, amount, currency } = wanted;
  const known = await channelPayoutByNumber(deps.cell.db, channelAccountId, payoutNo);
  if (known === null) throw new Error(`the payout ${payoutNo} was announced and is not there`);
  if (known.withdrawnAt !== null) {
    return `${payoutNo} was withdrawn: announce what the channel says by a number of its own`;
  }
  if (known.amount === amount && known.currency === currency) return null;
  const shown = formatDecimal({ amount: known.amount, currency: known.currency });
  return `${payoutNo} is announced already, of ${shown} ${known.currency}`;
}
