/** The platform's own money: paid in, moved between its account and the reserve, and how much there is. */
import type { Db, Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  closedTrialBalance,
  type Day,
  type JournalDraft,
  lastClosedDay,
  lockDay,
  type MoneyPosition,
  moneyPositions,
  platformOwner,
  post,
  trialBalance,
} from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { advancesOpen } from "../../settlement/index.ts";
import { connectionByName } from "../accounts/store.ts";
import { openForPayouts } from "../batch/service.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection } from "../model.ts";
import { entryOf, type NamedEntry } from "./people.ts";
import { type EntryRow, lockEntry, placeEntry } from "./store.ts";

export const OWN_MONEY_KIND = "own_money.pay_in";
export const TRANSFER_KIND = "own_money.transfer";

/** Proposes that an entry is our own money paid in. Throws `invalid_request`, `not_found`, `conflict`. */
export async function proposeOwnMoney(
  deps: PayoutsDeps,
  actor: Actor,
  named: NamedEntry,
  evidence: string,
): Promise<Approval> {
  const { connection, entry } = await entryOf(deps, named);
  if (entry.amount < 0n) throw problem("conflict", { detail: "the entry is money that went out" });
  await openForPayouts(deps, connection.currency);
  return deps.operators.propose(actor, {
    kind: OWN_MONEY_KIND,
    subject: `${named.connection}/${named.entryRef}`,
    payload: {
      ...named,
      holds: connection.holds,
      amount: Number(entry.amount),
      currency: entry.currency,
      evidence,
    },
    reason: evidence,
  });
}

/** P: bank_own, or bank_reserve, / own_capital, of the very amount that the bank shows. */
export function ownMoneyAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: OWN_MONEY_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const connection = await connectionByName(deps.platform.db, String(payload.connection));
      if (connection === null) return { refused: "the connection is not there" };
      if (connection.holds !== payload.holds) return { refused: HOLDS_ELSE };
      return cell.transact(async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const amount = BigInt(Number(payload.amount));
        const found = await lockOpen(tx, connection, String(payload.entryRef), amount, approvalId);
        if ("end" in found) return found.end;
        const placed = { as: "own_money", subjectId: approvalId, at: cell.clock.now() };
        await placeEntry(tx, connection.accountNumber, found.entry.entryRef, placed);
        const move = { debit: bankAccount(connection), credit: "own_capital", amount } as const;
        return book(deps, tx, day, {
          ...move,
          kind: "capital_paid_in",
          currency: connection.currency,
          approvalId,
        });
      });
    },
  };
}

export type Transfer = { readonly from: NamedEntry; readonly to: NamedEntry };

/**
 * Proposes that two entries are one transfer between accounts of ours: own margin taken out of the reserve,
 * own money put into it, or a move between accounts that hold the same. Throws `invalid_request`,
 * `not_found`, `conflict`.
 */
export async function proposeTransfer(
  deps: PayoutsDeps,
  actor: Actor,
  { from, to }: Transfer,
  evidence: string,
): Promise<Approval> {
  const [out, back] = [await entryOf(deps, from), await entryOf(deps, to)];
  const wrong = (field: string, detail: string) => problem("invalid_request", { field, detail });
  if (out.entry.amount >= 0n)
    throw wrong("from", "the entry is money that came in: name the one that went out");
  if (back.entry.amount <= 0n)
    throw wrong("to", "the entry is money that went out: name the one that came in");
  if (out.entry.currency !== back.entry.currency) {
    throw wrong("to", `the entry is in ${back.entry.currency}, the other in ${out.entry.currency}`);
  }
  if (-out.entry.amount !== back.entry.amount) {
    throw wrong(
      "to",
      `${back.entry.amount} came in and ${-out.entry.amount} went out: they are not one transfer`,
    );
  }
  await openForPayouts(deps, out.connection.currency);
  return deps.operators.propose(actor, {
    kind: TRANSFER_KIND,
    subject: `${from.connection}/${from.entryRef}`,
    payload: {
      from,
      to,
      moves: movesOf(out.connection, back.connection),
      amount: Number(back.entry.amount),
      currency: back.entry.currency,
      evidence,
    },
    reason: evidence,
  });
}

/** P: where it came in / where it went out; nothing where both accounts hold the same. */
export function transferAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: TRANSFER_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const { from, to } = payload as Transfer & typeof payload;
      const amount = BigInt(Number(payload.amount));
      const [source, target] = [
        await connectionByName(deps.platform.db, from.connection),
        await connectionByName(deps.platform.db, to.connection),
      ];
      if (source === null || target === null) return { refused: "a connection is not there" };
      if (movesOf(source, target) !== payload.moves) return { refused: HOLDS_ELSE };
      const sides = [
        { connection: source, entryRef: from.entryRef, amount: -amount },
        { connection: target, entryRef: to.entryRef, amount },
      ];
      // Two transfers that name the same entries lock them in one order.
      const key = ({ connection, entryRef }: (typeof sides)[number]) =>
        `${connection.accountNumber} ${entryRef}`;
      const inOrder = sides.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
      return cell.transact(async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const placed = { as: "own_transfer", subjectId: approvalId, at: cell.clock.now() };
        for (const side of inOrder) {
          const found = await lockOpen(tx, side.connection, side.entryRef, side.amount, approvalId);
          if ("end" in found) return found.end;
        }
        for (const { connection, entryRef } of inOrder) {
          await placeEntry(tx, connection.accountNumber, entryRef, placed);
        }
        if (source.holds === target.holds) return { done: true as const };
        const move = { debit: bankAccount(target), credit: bankAccount(source), amount } as const;
        return book(deps, tx, day, { ...move, kind: "margin_swept", currency: target.currency, approvalId });
      });
    },
  };
}

/** How an approval ends. */
export type End = { readonly done: true } | { readonly refused: string };

/** The entry under its lock, or how this ends where it is not open any more. */
export async function lockOpen(
  tx: Tx,
  { accountNumber }: BankConnection,
  entryRef: string,
  amount: bigint,
  approvalId: Id,
): Promise<{ readonly entry: EntryRow } | { readonly end: End }> {
  const entry = await lockEntry(tx, accountNumber, entryRef);
  if (entry === null) return { end: { refused: "the entry is not there" } };
  if (entry.state === "placed") {
    const same = entry.subjectId === approvalId;
    return { end: same ? { done: true } : { refused: "the entry was taken for something else" } };
  }
  return entry.amount === amount ? { entry } : { end: { refused: "the entry's amount is another" } };
}

const HOLDS_ELSE = "a connection holds something else than when it was proposed: propose it again";
const movesOf = (from: BankConnection, to: BankConnection) => `${from.holds} to ${to.holds}`;
const bankAccount = ({ holds }: BankConnection) => (holds === "own" ? "bank_own" : "bank_reserve");

type Move = {
  readonly kind: "capital_paid_in" | "margin_swept";
  readonly debit: AccountCode;
  readonly credit: AccountCode;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly approvalId: Id;
};

async function book({ cell }: PayoutsDeps, tx: Tx, day: Day, move: Move): Promise<End> {
  const { kind, amount, currency, approvalId } = move;
  const bookId = bookIdOf("platform", platformOwner(cell.cell));
  const of = (code: AccountCode) => accountIdOf(bookId, code, currency, null);
  const journal: JournalDraft = {
    id: cell.newId(),
    bookId,
    kind,
    sourceId: approvalId,
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency,
    channelDate: null,
    lines: [
      { account: of(move.debit), debit: amount },
      { account: of(move.credit), credit: amount },
    ],
  };
  const [result] = await post(tx, day, [journal], cell.clock.now());
  if (result?.result === "refused") throw new Error("own money was refused by the books");
  return { done: true };
}

/** How much of a currency is the platform's own; amounts in minor units. */
export type OwnMoney = {
  readonly currency: Currency;
  /** Among the clients' now, and at the end of the last closed date; below zero, they have paid for us. */
  readonly inside: bigint;
  readonly insideAtClose: bigint;
  /** What of it stands for settlements of the same day until channels have paid for them. */
  readonly advanced: bigint;
  /** What may be taken out of the reserve: what was there at the close, still is, and is not advanced. */
  readonly sweepable: bigint;
  /** What has still to be paid in, so that client money is whole at the next close. */
  readonly missing: bigint;
};

/** Own money by currency, and the closed date that it is told of. */
export async function ownMoney(
  db: Db,
): Promise<{ readonly closedDate: string | null; readonly positions: readonly OwnMoney[] }> {
  const closedDate = await lastClosedDay(db);
  const now = moneyPositions(await trialBalance(db, null));
  const then = closedDate === null ? [] : moneyPositions(await closedTrialBalance(db, closedDate));
  const atClose = new Map(then.map((position) => [position.currency, position.ownMoneyInside]));
  const advanced = await advancesOpen(db);
  return { closedDate, positions: now.map((position) => ownMoneyOf(position, { atClose, advanced })) };
}

/** Pure. */
export function ownMoneyOf(
  { currency, ownMoneyInside: inside }: Pick<MoneyPosition, "currency" | "ownMoneyInside">,
  by: {
    readonly atClose: ReadonlyMap<Currency, bigint>;
    readonly advanced: ReadonlyMap<Currency, bigint>;
  },
): OwnMoney {
  const insideAtClose = by.atClose.get(currency) ?? 0n;
  const advanced = by.advanced.get(currency) ?? 0n;
  const free = (inside < insideAtClose ? inside : insideAtClose) - advanced;
  return {
    currency,
    inside,
    insideAtClose,
    advanced,
    sweepable: free > 0n ? free : 0n,
    // What was paid in since the close is missing no more, though payouts wait for the next one.
    missing: inside < 0n ? -inside : 0n,
  };
}
