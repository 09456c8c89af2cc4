/** What a person notes of a claim on the channel, and what of it the books have. Pure. */
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { moneyText } from "../../kernel/money.ts";
import { type Break, type Claim, isUnbooked, isUnended } from "./model.ts";
import type { ClaimWish } from "./people.ts";
import { claimableOf } from "./resolutions.ts";

/** The claim as it is then. Throws `invalid_request` naming the field, `conflict`. */
export function nextClaim(
  about: Break,
  known: Claim | null,
  wish: ClaimWish,
  { at, by }: { readonly at: Date; readonly by: Id },
): Claim {
  const { claimNo, state, note } = wish;
  if (known !== null && state === "paid" && !isUnbooked(known) && excessOf(known, about) > 0n) {
    return excessPlaced(about, known, wish, { at, by });
  }
  const refusal = refusalOfClaim(about, known, state);
  if (refusal !== null) throw problem("conflict", refusal);
  const before = known !== null && isUnbooked(known) ? known : null;
  const isEnded = state !== "filed";
  const amount = claimed(about, before?.amount ?? null, wish.amount);
  return {
    breakId: about.id,
    claimNo,
    amount,
    paidAmount: paid(wish, amount),
    evidence: wish.evidence ?? before?.evidence ?? null,
    state,
    note,
    filedAt: wish.filedAt ?? before?.filedAt ?? at,
    filedBy: before === null ? by : before.filedBy,
    endedAt: isEnded ? at : null,
    endedBy: isEnded ? by : null,
    bookedBy: null,
    bookedAmount: 0n,
  };
}

/**
 * Why a claim may not come to be in a state. One that is noted as paid is corrected, by another `paid_amount`
 * or as refused, until it is booked; of a break that has ended nothing can be booked, so that it is refused.
 */
function refusalOfClaim(
  about: Break,
  known: Claim | null,
  state: Claim["state"],
): { readonly detail: string; readonly field?: string } | null {
  if (known === null || !isUnbooked(known)) {
    if (!isUnended(about)) return { detail: `the break is ${about.state}` };
    if (state !== "filed") {
      return { field: "state", detail: "a claim is filed before it is paid or refused" };
    }
    const excess = known === null ? 0n : excessOf(known, about);
    if (known === null || excess === 0n) return null;
    const text = moneyText({ amount: excess, currency: about.currency });
    return { detail: `${text} of ${known.claimNo} is in no books: note it as paid with what is, and why` };
  }
  if (!isUnended(about) && state !== "refused") {
    const remedy = "note the claim as refused, and decide about what the channel pays where it stands";
    return { detail: `the break is ${about.state}, and nothing of it can be booked: ${remedy}` };
  }
  if (known.state === "paid" && state === "filed") {
    return { detail: "the claim was paid: propose recover_from_channel, or correct it as paid or refused" };
  }
  return null;
}

/** What the channel has paid upon a claim that the books neither have nor can have by its break. */
export function excessOf(claim: Claim, about: Break): bigint {
  if (claim.state !== "paid") return 0n;
  const left = isUnended(about) ? (claimableOf(about) ?? 0n) : 0n;
  const placed = claim.bookedBy === null ? left : claim.bookedAmount;
  return claim.paidAmount > placed ? claim.paidAmount - placed : 0n;
}

/** It was paid beyond what was booked, and a person has found where the rest belongs. */
function excessPlaced(
  about: Break,
  known: Claim,
  wish: ClaimWish,
  { at, by }: { readonly at: Date; readonly by: Id },
): Claim {
  const { note, evidence } = wish;
  if (note === null) {
    throw problem("invalid_request", { field: "note", detail: "say where the rest of it belongs" });
  }
  const paidAmount = paid(wish, known.paidAmount);
  if (paidAmount < known.bookedAmount) {
    const text = moneyText({ amount: known.bookedAmount, currency: about.currency });
    throw problem("invalid_request", { field: "paid_amount", detail: `${text} of it is in the books` });
  }
  return { ...known, claimNo: wish.claimNo, paidAmount, evidence, note, endedAt: at, endedBy: by };
}

function claimed(about: Break, before: bigint | null, wanted: bigint | null): bigint {
  if (before !== null && wanted === null) return before;
  const most = claimableOf(about);
  if (most === null) throw problem("conflict", { detail: "the channel owes nothing by this break" });
  const amount = wanted ?? most;
  if (amount <= most) return amount;
  const text = moneyText({ amount: most, currency: about.currency });
  throw problem("invalid_request", { field: "amount", detail: `only ${text} of the break is left` });
}

function paid({ state, paidAmount, evidence }: ClaimWish, amount: bigint): bigint {
  if (state !== "paid") {
    if (paidAmount === null) return 0n;
    throw problem("invalid_request", { field: "paid_amount", detail: `a claim that is ${state} has none` });
  }
  if (evidence === null) {
    throw problem("invalid_request", { field: "evidence", detail: "name what shows that it was paid" });
  }
  if (paidAmount === null || paidAmount <= amount) return paidAmount ?? amount;
  throw problem("invalid_request", { field: "paid_amount", detail: "it is more than was claimed" });
}

/** What became of it, in a break's history. */
export function claimText(claim: Claim, about: Break): string {
  const of = (amount: bigint) => moneyText({ amount, currency: about.currency });
  const { claimNo, state, amount, paidAmount, evidence } = claim;
  const sum = state === "paid" ? `${of(paidAmount)} of ${of(amount)}` : of(amount);
  const excess = excessOf(claim, about);
  const beyond = excess === 0n ? "" : `, ${of(excess)} beyond what the break takes`;
  return `${claimNo} is ${state}, ${sum}${beyond}${evidence === null ? "" : `, by ${evidence}`}`;
}
