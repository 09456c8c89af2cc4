/**
 * What the door holds in suspense for people and no line of a statement tells: what a channel took back by
 * itself and told by an answer or a notification, and a surplus whose refund has failed for good. Statement
 * and books agree about it, so that nothing is found. It is a break all the same: somebody must bear it, or
 * have it. Where the money comes back, or a statement tells it after all, it is none any more.
 *
 * What a statement told first is a break of its line, with the account's lock and its generation. Of the rest
 * is looked for once every generation of the account is applied: none of them is about to make a break of it.
 */
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { moneyText } from "../../kernel/money.ts";
import { lockDay } from "../../ledger/index.ts";
import { type Break, UNTOUCHED } from "./model.ts";
import { BY_DOOR, lockAccount } from "./store.ts";
import {
  heldKey,
  lockHeld,
  type OfPayments,
  type Side,
  suspenseOf,
  type Untold,
  untoldAfter,
  untoldOf,
} from "./store-held.ts";
import type { ApplyDeps } from "./under-lock.ts";
import { end, openWork, type Work } from "./work.ts";

/** Those of one look. */
const PAGE = 500;
/** Payments of one transaction. */
const CHUNK = 100;

/**
 * Makes breaks of all that the door holds and no break tells, and ends those whose money has come back. Safe
 * to repeat and to run twice at once; gives how many breaks it has made. `goOn` is awaited between
 * transactions, and what it throws ends the work there.
 */
export async function holdUntold(deps: ApplyDeps, goOn: () => Promise<void>): Promise<number> {
  const { cell } = deps;
  let made = 0;
  for (let after: Id | null = null; ; ) {
    await goOn();
    const page: readonly Untold[] = await pageAfter(cell, after);
    for (const [channelAccountId, own] of Map.groupBy(page, (one) => one.channelAccountId)) {
      for (let at = 0; at < own.length; at += CHUNK) {
        await goOn();
        made += await holdOf(deps, channelAccountId, own.slice(at, at + CHUNK));
      }
    }
    if (page.length < PAGE) return made;
    after = page.at(-1)?.paymentId ?? null;
  }
}

/** On a writer's connection, whose plans never read whole tables. */
function pageAfter(cell: ApplyDeps["cell"], after: Id | null): Promise<readonly Untold[]> {
  return cell.transact((tx) => untoldAfter(tx, after, PAGE), { repeatable: true });
}

async function holdOf(deps: ApplyDeps, channelAccountId: Id, seen: readonly Untold[]): Promise<number> {
  const { cell, channels } = deps;
  const account = await channels.account(channelAccountId);
  if (account === null) throw new Error(`there is no channel account ${channelAccountId}`);
  const { merchantId } = account;
  const payments = {
    merchantId,
    channelAccountId,
    paymentIds: [...new Set(seen.map(({ paymentId }) => paymentId))],
    currencies: [...new Set(seen.map(({ currency }) => currency))],
  };
  let made = 0;
  await cell.transact(
    async (tx) => {
      made = 0;
      const day = await lockDay(tx, cell.cell);
      await lockAccount(tx, channelAccountId);
      const locked = await lockHeld(tx, payments);
      const untold = await untoldOf(tx, payments);
      const [first] = untold;
      if (first === undefined) return;
      const teller = { reconciliationId: first.reconciliationId };
      const work = openWork({ cell, tx, day, now: cell.clock.now(), locked, teller });
      for (const one of untold) {
        if (one.amount < 0n) giveBack(work, ownOf(locked, one), -one.amount);
        else {
          hold(work, { ...one, merchantId }, cell.newId());
          made += 1;
        }
      }
      await work.write();
    },
    { repeatable: true },
  );
  return made;
}

function ownOf(rows: readonly Break[], { paymentId, side }: Untold): readonly Break[] {
  return rows.filter((row) => row.paymentId === paymentId && sideOf(row.settleDifference) === side);
}

function isOfNoLine({ heldByDoor, matchKey }: Break): boolean {
  return heldByDoor && matchKey.startsWith(BY_DOOR);
}

function sideOf(difference: bigint): Side {
  return difference > 0n ? "surplus" : "shortage";
}

/** What such a break is called where a statement tells it, and what people read of it. */
const KINDS = {
  surplus: {
    kind: "payment_theirs_only",
    sign: 1n,
    found: "is more than the payment needed, and could not be given back",
    opened: "The door holds it in suspense; who has it is to be decided.",
  },
  shortage: {
    kind: "refund_theirs_only",
    sign: -1n,
    found: "was taken back by the channel by itself, which it told before its statement did",
    opened: "The door booked what went back; the shortage is to be resolved.",
  },
} as const;

function hold(work: Work, untold: Untold & { readonly merchantId: Id }, id: Id): void {
  const { channelAccountId, merchantId, channelDate, currency, paymentId, attemptId, memo } = untold;
  const { reconciliationId, amount, side } = untold;
  const { kind, sign, found, opened } = KINDS[side];
  const row: Break = {
    id,
    channelAccountId,
    merchantId,
    channelDate,
    kind,
    side: "theirs",
    matchKey: heldKey(untold, id),
    currency,
    theirsAmount: null,
    oursAmount: null,
    settleDifference: sign * amount,
    feeDifference: 0n,
    paymentId,
    attemptId,
    refundId: null,
    theirs: null,
    ours: null,
    state: "open",
    firstReconciliationId: reconciliationId,
    lastReconciliationId: reconciliationId,
    foundAt: work.now,
    memo,
    ...UNTOUCHED,
    openedAt: work.now,
    heldByDoor: true,
  };
  work.keep(row);
  work.tell(row, "found", `${moneyText({ amount, currency })} ${found}.`);
  work.tell(row, "opened", opened);
}

/** The newest first, as far as nobody has decided: what was decided about stays as it is. */
function giveBack(work: Work, rows: readonly Break[], amount: bigint): void {
  let left = amount;
  for (const row of rows.toReversed()) {
    if (left === 0n) return;
    const { sign } = KINDS[sideOf(row.settleDifference)];
    const held = sign * row.settleDifference;
    const isAll = held <= left;
    const back = isAll ? held : left;
    left -= back;
    const rest = work.keep({ ...row, settleDifference: sign * (held - back) });
    const text = moneyText({ amount: back, currency: row.currency });
    const sentence = `${text} of it is in suspense no more: it came back, or a statement tells it by itself.`;
    if (isAll) end(work, rest, "explained", sentence);
    else work.tell(rest, "changed", sentence);
  }
}

/** What of payments' shortages no break tells yet, as a chunk of findings makes breaks of lines. */
export type Shortages = {
  /** Takes what a line tells; false: breaks of no line tell it already, and it is none of what is left. */
  take(about: { readonly paymentId: Id | null; readonly settleDifference: bigint }): boolean;
};

/** Reads them under the account's lock, after the door has booked what the lines tell. */
export async function readShortages(tx: Tx, payments: OfPayments): Promise<Shortages> {
  const rows = payments.paymentIds.length === 0 ? [] : await suspenseOf(tx, payments);
  const told = rows.filter(({ side, ofNoLine }) => side === "shortage" && ofNoLine > 0n);
  const left = new Map(told.map(({ paymentId, untold }) => [paymentId, untold]));
  return {
    take: ({ paymentId, settleDifference }) => {
      const untold = paymentId === null ? undefined : left.get(paymentId);
      if (paymentId === null || untold === undefined) return true;
      if (untold < -settleDifference) return false;
      left.set(paymentId, untold + settleDifference);
      return true;
    },
  };
}

/**
 * Why nobody decides about a break of no line now, in one sentence; null: its money is in suspense. The door
 * may have booked that it came back since the break was looked at.
 */
export async function heldRefusal(tx: Tx, about: Break): Promise<string | null> {
  const { channelAccountId, merchantId, paymentId, currency } = about;
  if (paymentId === null || !isOfNoLine(about)) return null;
  const payments = { channelAccountId, merchantId, paymentIds: [paymentId], currencies: [currency] };
  const held = await suspenseOf(tx, payments);
  const side = sideOf(about.settleDifference);
  return held.some((one) => one.side === side && one.untold < 0n)
    ? "some of its money has come back since: the next close says what is left of it"
    : null;
}
