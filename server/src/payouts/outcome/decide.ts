/** What a word about a payout does: pure. */
import type { Payout, PayoutState, ReportEvidence, ReportOutcome, Verdict } from "../model.ts";

/** What the merchant's book has to have, in this order. */
export type Booking = "rejected" | "drawn_again" | "confirmed" | "returned";

export type Decision = {
  readonly verdict: Verdict;
  readonly state: PayoutState;
  readonly bookings: readonly Booking[];
};

type Told = Pick<ReportEvidence, "amount" | "currency">;

/**
 * Monotone: a statement's entry is money that moved and is always booked, whatever was said before; a bank's
 * answer only ever ends what nothing has ended yet. What does not fit is kept as a contradiction.
 */
export function decideReport(payout: Payout, outcome: ReportOutcome, told: Told): Decision {
  const { state } = payout;
  const kept = (verdict: Verdict): Decision => ({ verdict, state, bookings: [] });
  // Nothing was instructed: whatever the bank means, it is not this.
  if (state === "created" || state === "approved") return kept("contradiction");
  if (!isOfPayout(payout, told)) return kept("contradiction");
  const open = state === "sent" || state === "unknown";
  switch (outcome) {
    case "accepted":
      if (open && payout.acceptedAt !== null && state === "sent") return kept("known");
      if (open) return { verdict: "applied", state: "sent", bookings: [] };
      return kept(state === "rejected" ? "contradiction" : "known");
    case "unknown":
      // What the bank has accepted stays so while it does not answer.
      if (!open || payout.acceptedAt !== null) return kept("known");
      return { verdict: "applied", state: "unknown", bookings: [] };
    case "pending":
      return kept("known");
    case "rejected":
      if (open) return { verdict: "applied", state: "rejected", bookings: ["rejected"] };
      return kept(state === "rejected" ? "known" : "contradiction");
    case "paid":
      return decidePaid(state);
    case "returned":
      return decideReturned(state);
  }
}

function isOfPayout(payout: Payout, { amount, currency }: Told): boolean {
  return (amount === null || amount === payout.amount) && (currency === null || currency === payout.currency);
}

function decidePaid(state: PayoutState): Decision {
  if (state === "succeeded" || state === "returned") return { verdict: "known", state, bookings: [] };
  if (state !== "rejected") return { verdict: "applied", state: "succeeded", bookings: ["confirmed"] };
  // The money had gone back to the merchant on the bank's word, and has left the bank all the same.
  return { verdict: "contradiction", state: "succeeded", bookings: ["drawn_again", "confirmed"] };
}

function decideReturned(state: PayoutState): Decision {
  switch (state) {
    case "returned":
      return { verdict: "known", state, bookings: [] };
    case "succeeded":
      return { verdict: "applied", state: "returned", bookings: ["returned"] };
    case "rejected":
      return {
        verdict: "contradiction",
        state: "returned",
        bookings: ["drawn_again", "confirmed", "returned"],
      };
    default:
      // What came back had left before, even where that entry is not read yet.
      return { verdict: "applied", state: "returned", bookings: ["confirmed", "returned"] };
  }
}
