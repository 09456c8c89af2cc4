/**
 * Which resolutions a break allows, and what each of them moves. Pure: tables, and the refusals that people
 * read.
 */
import { DAY } from "../../kernel/clock.ts";
import type { AccountCode, JournalKind } from "../../ledger/index.ts";
import { type Break, type Claim, openDifference, type Resolution } from "./model.ts";

/** One amount from an account to another, by their codes; the twins where the money does not pass us. */
export type Move = { readonly debit: AccountCode; readonly credit: AccountCode; readonly amount: bigint };

export type Plan = {
  readonly kind: JournalKind | null;
  readonly moves: readonly Move[];
  /** In the book of the merchant whose the surplus is. */
  readonly owner?: readonly Move[];
  /** Of the buyer's amount: given back through the payment's own refund, once the journal stands. */
  readonly refund: bigint | null;
};

type Rule = {
  /** Which difference it is for. */
  readonly for: readonly ("surplus" | "shortage" | "fee" | "nothing")[];
  /** Money that never passes us has no income, loss or cost of ours. */
  readonly memo: boolean;
};

/** What may be decided about what. */
export const ALLOWED: Readonly<Record<Resolution, Rule>> = {
  pay_merchant: { for: ["surplus"], memo: true },
  // The channel has paid it by itself where it does not pass us, and books meet in no memorandum account.
  pay_owner: { for: ["surplus"], memo: false },
  refund_buyer: { for: ["surplus"], memo: true },
  adjust_fee: { for: ["fee"], memo: false },
  recover_from_channel: { for: ["shortage", "fee"], memo: true },
  recover_from_merchant: { for: ["shortage"], memo: true },
  loss: { for: ["shortage"], memo: false },
  cost: { for: ["shortage"], memo: false },
  income: { for: ["surplus"], memo: false },
  // Two rows that differ in what no amount tells, or a fee that is charged where the money is.
  acknowledge: { for: ["nothing"], memo: true },
  offset: { for: ["surplus", "shortage", "fee"], memo: true },
};

export type Around = {
  readonly now: Date;
  readonly claim: Claim | null;
  /** Days in suspense before a surplus that nobody claims may become income. */
  readonly incomeTermDays: number;
};

type Decided = Pick<
  Break,
  | "kind"
  | "settleDifference"
  | "feeDifference"
  | "standingSettle"
  | "standingFee"
  | "theirsAmount"
  | "oursAmount"
  | "state"
  | "memo"
  | "paymentId"
  | "openedAt"
  | "heldByDoor"
  | "partnerId"
  | "standingResolution"
>;

/** What is left to be decided: which difference, and how much of it, above zero. */
export function leftOf(about: Decided): {
  readonly what: "surplus" | "shortage" | "fee" | "nothing";
  readonly amount: bigint;
} {
  const { settle, fee } = openDifference(about);
  if (settle > 0n) return { what: "surplus", amount: settle };
  if (settle < 0n) return { what: "shortage", amount: -settle };
  if (fee !== 0n && !about.memo) return { what: "fee", amount: fee > 0n ? fee : -fee };
  return { what: "nothing", amount: 0n };
}

const WORDS = {
  surplus: "the channel has more than the books",
  shortage: "the channel has less than the books",
  fee: "only the fee differs",
  nothing: "no amount of it is left to be decided",
} as const;

/** Why a break may not be resolved so, in one sentence; null: it may. */
export function refusalOf(resolution: Resolution, about: Decided, around: Around): string | null {
  if (about.state !== "open" && about.state !== "proposed") return `the break is ${about.state}`;
  const rule = ALLOWED[resolution];
  const { what } = leftOf(about);
  if (!rule.for.includes(what)) return `${WORDS[what]}, and ${resolution} is for what is otherwise`;
  if (about.memo && !rule.memo) return "this money never passes us: it is not ours";
  return special(resolution, about, around);
}

function special(resolution: Resolution, about: Decided, around: Around): string | null {
  const { claim, incomeTermDays, now } = around;
  if (BORNE.includes(resolution) && claim?.state === "paid" && claim.bookedBy === null) {
    const remedy = "propose recover_from_channel first, or correct the claim";
    if (claimableOf(about) !== null) return `the channel has paid upon the claim ${claim.claimNo}: ${remedy}`;
  }
  switch (resolution) {
    case "pay_merchant":
      return isStrangers(about) ? `${STRANGERS}: find whose it is, and propose pay_owner with it` : null;
    case "recover_from_merchant":
      return isStrangers(about) ? `${STRANGERS}: have the channel make it good, or bear it` : null;
    case "pay_owner":
      return about.paymentId === null ? null : "the payment is known, and so is its merchant: pay_merchant";
    case "refund_buyer":
      if (about.paymentId === null) return "the payment is not known: give it back at the channel's console";
      return buyersAmount(about) > 0n
        ? null
        : "nothing is known that the buyer gave beyond the books and lacks";
    case "recover_from_channel":
      if (openDifference(about).settle === 0n && openDifference(about).fee < 0n) {
        return "the channel charged less than the books say";
      }
      if (claim?.state !== "paid" || claim.bookedBy !== null)
        return "no claim on the channel is noted as paid";
      return about.heldByDoor && movedOf(resolution, about, claim) < leftOf(about).amount
        ? "the door holds this shortage as a whole: note the claim as paid when all of it is"
        : null;
    case "cost":
      if (isStrangers(about)) return `${STRANGERS}: have the channel make it good, or bear it`;
      return about.paymentId === null
        ? null
        : "it is of a payment: a cost is what the channel takes by itself";
    case "income": {
      if (about.paymentId !== null) return "the payer is known";
      const since = about.openedAt;
      const isOver = since !== null && now.getTime() - since.getTime() >= incomeTermDays * DAY;
      return isOver ? null : `it must lie in suspense for ${incomeTermDays} days first`;
    }
    case "offset":
      return isWhole(about) ? null : "a part of it is borne or booked already";
    default:
      return null;
  }
}

/** In suspense as it was found, and nothing else covers any of it. */
export function isWhole(about: Pick<Break, "heldByDoor" | "partnerId" | "standingResolution">): boolean {
  return !about.heldByDoor && about.partnerId === null && about.standingResolution === null;
}

/** They put elsewhere what the channel makes good. */
const BORNE: readonly Resolution[] = ["loss", "cost", "recover_from_merchant", "adjust_fee", "offset"];

const STRANGERS = "the line is of another merchant number, not of this contract's merchant";

/** Where it does not pass us nothing is paid by us, and the twins have no other book. */
function isStrangers({ kind, memo }: Decided): boolean {
  return kind === "unknown_merchant" && !memo;
}

/** What the buyer gave beyond what the books know, and has not got back by this break before. */
function buyersAmount({ theirsAmount, oursAmount, settleDifference, standingSettle }: Decided): bigint {
  const beyond = (theirsAmount ?? 0n) - (oursAmount ?? 0n);
  if (standingSettle === 0n) return beyond;
  // What went back is known as it settled: the buyer's part of it only where no voucher was in between.
  return standingSettle > 0n && beyond === settleDifference ? beyond - standingSettle : 0n;
}

/** What of what is left a resolution moves: all of it, but of a claim no more than was paid. */
export function movedOf(resolution: Resolution, about: Decided, claim: Claim | null): bigint {
  const { amount } = leftOf(about);
  const isPart =
    resolution === "recover_from_channel" && claim?.state === "paid" && claim.paidAmount < amount;
  return isPart ? claim.paidAmount : amount;
}

/** What may be claimed of the channel, above zero; null: it owes nothing by this break. */
export function claimableOf(about: Decided): bigint | null {
  const { what, amount } = leftOf(about);
  const isOwed = what === "shortage" || (what === "fee" && openDifference(about).fee > 0n);
  return isOwed ? amount : null;
}

/** What carrying it out moves. @param gross costs are billed apart at this channel account */
export function planOf(
  resolution: Resolution,
  about: Decided,
  { gross, claim = null }: { readonly gross: boolean; readonly claim?: Claim | null },
): Plan {
  const { what } = leftOf(about);
  const amount = movedOf(resolution, about, claim);
  const plan = (kind: JournalKind, debit: AccountCode, credit: AccountCode): Plan => ({
    kind,
    moves: [{ debit, credit, amount }],
    refund: null,
  });
  switch (resolution) {
    case "pay_merchant":
      return plan("resolution_pay_merchant", "suspense_surplus", "merchant_pending");
    case "pay_owner":
      return {
        ...plan("surplus_owner_found", "suspense_surplus", "interbook"),
        owner: [{ debit: "interbook", credit: "merchant_pending", amount }],
      };
    case "refund_buyer":
      // The refund draws on the merchant's money, where the surplus waits for it.
      return {
        ...plan("resolution_refund_buyer", "suspense_surplus", "merchant_pending"),
        refund: buyersAmount(about),
      };
    case "offset":
      // What takes two breaks out of suspense is not of one: see offset.ts.
      return { kind: null, moves: [], refund: null };
    case "acknowledge":
    case "adjust_fee":
      // The entry that opened it is the cost already.
      return { kind: null, moves: [], refund: null };
    case "recover_from_channel": {
      if (what === "shortage") {
        return plan("resolution_channel_makes_good", "channel_receivable", "suspense_shortage");
      }
      const owed = gross ? "channel_cost_payable" : "channel_receivable";
      return plan("resolution_channel_makes_good", owed, "channel_cost");
    }
    case "recover_from_merchant":
      return plan("resolution_from_merchant", "merchant_pending", "suspense_shortage");
    case "loss":
      // Nothing moves at a bank by it: what is `missing` then, finance pays in.
      return plan("resolution_loss", "loss", "suspense_shortage");
    case "cost":
      return plan("resolution_cost", "channel_cost", "suspense_shortage");
    case "income":
      return plan("resolution_income", "suspense_surplus", "other_income");
  }
}
