/** Two people say what a movement is that a fund bill tells and no other statement explains. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { millionthsPerMinorUnit, moneyText } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  type JournalDraft,
  lockDay,
  openMerchantAccounts,
  post,
} from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { isPlaced, lockMovement, type Movement, movementById, PLACES, type Place, place } from "./store.ts";

export const PLACE_KIND = "channel_movement.place";

/** As the wire names it. */
export function movementId(id: Id): string {
  return formatId("cmv", id);
}

/**
 * Proposes what the open part of a movement is. Throws `not_found`, `invalid_request`, and `conflict` where
 * nothing of it is open, or it is no sum of minor units.
 */
export async function proposePlace(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  { as, evidence }: { readonly as: Place; readonly evidence: string },
): Promise<Approval> {
  const movement = await movementById(deps.cell.db, id);
  if (movement === null) throw problem("not_found");
  const amount = openAmount(movement);
  if (amount === null) throw problem("conflict", { detail: "what is open of it is no sum of minor units" });
  if (amount === 0n) throw problem("conflict", { detail: "nothing of it is open any more" });
  if (as === "income" && amount < 0n && movement.placedMillionths <= 0n) {
    throw problem("invalid_request", { field: "as", detail: "the money went out: it is no income" });
  }
  const { currency, kind, channelDate } = movement;
  return deps.operators.propose(actor, {
    kind: PLACE_KIND,
    subject: movementId(id),
    payload: {
      movement: movementId(id),
      channel_account: formatId("cha", movement.channelAccountId),
      channel_date: channelDate,
      kind,
      amount: Number(amount),
      currency,
      money: moneyText({ amount, currency }),
      as,
      evidence,
    },
    reason: evidence,
  });
}

/**
 * M: channel_cost, merchant_pending or other_income against channel_receivable; nothing for what another
 * statement or announcement explains. Under the movement's lock, as a new version of its statement is: one of
 * the two comes first, and the other sees it.
 */
export function placeAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: PLACE_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const id = parseId("cmv", String(payload.movement));
      const as = PLACES.find((one) => one === payload.as);
      const found = id === null ? null : await movementById(cell.db, id);
      if (found === null || as === undefined) return { refused: "the movement is not there" };
      const { merchantId, currency, channelAccountId } = found;
      const needs = { merchantId, currency, channelAccountId, fundFlow: "through_platform" } as const;
      await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()), { repeatable: true });
      return cell.transact(async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const movement = (await lockMovement(tx, found.id)) as Movement;
        if (await isPlaced(tx, approvalId)) return { done: true as const };
        const amount = BigInt(Number(payload.amount));
        if (openAmount(movement) !== amount) {
          return { refused: "another amount is open than when it was proposed: propose it again" };
        }
        const at = cell.clock.now();
        const millionths = amount * millionthsPerMinorUnit(movement.currency);
        await place(tx, movement.id, { approvalId, amount, millionths, as, at });
        if (as === "elsewhere") return { done: true as const };
        const draft = draftOf(movement, { as, amount, sourceId: approvalId, id: cell.newId() });
        const [result] = await post(tx, day, [draft], at);
        if (result?.result !== "posted") throw new Error("the books refused a channel's movement");
        return { done: true as const };
      });
    },
  };
}

/** Minor units, signed as the movement; null: no whole number of them. */
export function openAmount(movement: Movement): bigint | null {
  const open = movement.toldMillionths - movement.placedMillionths;
  const unit = millionthsPerMinorUnit(movement.currency);
  return open % unit === 0n ? open / unit : null;
}

const ACCOUNTS = {
  cost: "channel_cost",
  merchant: "merchant_pending",
  income: "other_income",
} as const satisfies Record<Exclude<Place, "elsewhere">, AccountCode>;

/** What came is owed to us by the channel from then on, what went is owed no more. */
function draftOf(
  { merchantId, channelAccountId, channelDate, currency }: Movement,
  of: {
    readonly as: keyof typeof ACCOUNTS;
    readonly amount: bigint;
    readonly sourceId: Id;
    readonly id: Id;
  },
): JournalDraft {
  const bookId = bookIdOf("merchant", merchantId);
  const receivable = accountIdOf(bookId, "channel_receivable", currency, channelAccountId);
  const other = accountIdOf(bookId, ACCOUNTS[of.as], currency, null);
  const [debited, credited] = of.amount > 0n ? [receivable, other] : [other, receivable];
  const size = of.amount > 0n ? of.amount : -of.amount;
  return {
    id: of.id,
    bookId,
    kind: "channel_movement",
    sourceId: of.sourceId,
    subjectId: null,
    counterpartyId: null,
    channelAccountId,
    currency,
    channelDate,
    lines: [
      { account: debited, debit: size },
      { account: credited, credit: size },
    ],
  };
}
