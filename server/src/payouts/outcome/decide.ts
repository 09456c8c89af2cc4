/** What a word about a payout does: pure. */
import type { Payout, PayoutState, ReportEvidence, ReportOutcome, Verdict } from "../model.ts";

/** What the merchant's book has to have, in this order. */
export type Booking = "rejected" | "drawn_again" | "confirmed" | "returned";

export type Decision = {
  readonly verdict: Verdict;
  readonly state: PayoutState;
  readonly bookings: readonly Booking[];
  /** Whether the money that the word is about is in the books, by it or by the same word before. */
  readonly isBooked: boolean;
};

type Told = Pick<ReportEvidence, "reference" | "amount" | "currency">;

/**
 * Monotone: a statement's entry is money that moved and is always booked, whatever was said before; a bank's
 * answer only ever ends what nothing has ended yet. What does not fit is kept as a contradiction.
 */
export function decideReport(payout: Payout, outcome: ReportOutcome, told: Told): Decision {
  const { state } = payout;
  const kept = (verdict: Verdict): Decision => ({ verdict, state, bookings: [], isBooked: false });
  // Nothing was instructed: whatever the bank means, it is not this.
  if (state === "created" || state === "approved") return kept("contradiction");
  if (!isOfPayout(payout, told)) return kept("contradiction");
  const open = state === "sent" || state === "unknown";
  switch (outcome) {
    case "accepted":
      if (open && payout.acceptedAt !== null && state === "sent") return kept("known");
      if (open) return { verdict: "applied", state: "sent", bookings: [], isBooked: false };
      return kept(state === "rejected" ? "contradiction" : "known");
    case "unknown":
      // What the bank has accepted stays so while it does not answer.
      if (!open || payout.acceptedAt !== null) return kept("known");
      return { verdict: "applied", state: "unknown", bookings: [], isBooked: false };
    case "pending":
      return kept("known");
    case "rejected":
      if (open) return { verdict: "applied", state: "rejected", bookings: ["rejected"], isBooked: true };
      return kept(state === "rejected" ? "known" : "contradiction");
    case "paid":
      // The bank has debited it twice: nothing of ours covers the second one.
      if (isOther(payout.paidEntry, told)) return kept("contradiction");
      return { ...decidePaid(state), isBooked: true };
    case "returned":
      if (isOther(payout.returnedEntry, told)) return kept("contradiction");
      return { ...decideReturned(state), isBooked: true };
  }
}

function isOfPayout(payout: Payout, { amount, currency }: Told): boolean {
  return (amount === null || amount === payout.amount) && (currency === null || currency === payout.currency);
}

/** Whether the entry that was booked is another one. */
function isOther(entry: string | null, { reference }: Told): boolean {
  return entry !== null && entry !== reference;
}

type Moved = Omit<Decision, "isBooked">;

function decidePaid(state: PayoutState): Moved {
  if (state === "succeeded" || state === "returned") return { verdict: "known", state, bookings: [] };
  if (state !== "rejected") return { verdict: "applied", state: "succeeded", bookings: ["confirmed"] };
  // The money had gone back to the merchant on the bank's word, and has left the bank all the same.
  return { verdict: "contradiction", state: "succeeded", bookings: ["drawn_again", "confirmed"] };
}

function decideReturned(state: PayoutState): Moved {
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
