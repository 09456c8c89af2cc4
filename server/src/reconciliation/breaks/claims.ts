/** What a person notes of a claim on the channel. Pure. */
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { moneyText } from "../../kernel/money.ts";
import type { Break, Claim } from "./model.ts";
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
  if (known?.state === "paid" && known.bookedBy === null) {
    throw problem("conflict", { detail: "the claim was paid: propose recover_from_channel" });
  }
  const isNew = known === null || known.state !== "filed";
  if (isNew && state !== "filed") {
    throw problem("conflict", { field: "state", detail: "a claim is filed before it is paid or refused" });
  }
  const isEnded = state !== "filed";
  const amount = claimed(about, isNew ? null : known.amount, wish.amount);
  return {
    breakId: about.id,
    claimNo,
    amount,
    paidAmount: paid(wish, amount),
    evidence: wish.evidence ?? (isNew ? null : known.evidence),
    state,
    note,
    filedAt: wish.filedAt ?? (isNew ? at : known.filedAt),
    filedBy: isNew ? by : known.filedBy,
    endedAt: isEnded ? at : null,
    endedBy: isEnded ? by : null,
    bookedBy: null,
  };
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
export function claimText(claim: Claim, { currency }: Pick<Break, "currency">): string {
  const of = (amount: bigint) => moneyText({ amount, currency });
  const { claimNo, state, amount, paidAmount, evidence } = claim;
  const sum = state === "paid" ? `${of(paidAmount)} of ${of(amount)}` : of(amount);
  return `${claimNo} is ${state}, ${sum}${evidence === null ? "" : `, by ${evidence}`}`;
}
