import type { CallEnd, DisputeOutcome, DisputeReturn } from "../port.ts";
import { currencyOf, minorUnitsOf } from "./amount.ts";
import { type Answer, type Fields, objectOf, refused, textOr } from "./answer.ts";
import { instantOf, utcDate } from "./time.ts";

// Pure: what an answer or an event says of a dispute. `at` is when it was said.
//
// needs_response, under_review   opened: the amount and a fee were taken from the balance; an appeal keeps it
//                                there, so `appeal_…` is the same
// won                            decided for the merchant; opened until a movement gives something back
// lost                           decided for the payer
// warning_*, prevented           an inquiry, or one that was settled before: no money moved
//
// Its movements come with it, in `balance_transactions`: the first took, the others gave back: all or a part,
// and by some contracts the fee. Before the first of them nothing has moved, and the fee is not known: its
// event (`…funds_withdrawn`) may come after others, as the one of the end may come before the money does.

const OUTCOMES: Readonly<Record<string, DisputeOutcome["outcome"] | null>> = {
  needs_response: "opened",
  under_review: "opened",
  appeal_needs_response: "opened",
  appeal_under_review: "opened",
  won: "won",
  lost: "lost",
  warning_needs_response: null,
  warning_under_review: null,
  warning_closed: null,
  prevented: null,
};

/** What a dispute says; null: nothing of money. */
export function disputeToldBy(
  dispute: Fields,
  at: Date,
): DisputeOutcome | null | { readonly broken: string } {
  const status = textOr(dispute.status, "");
  const outcome = OUTCOMES[status];
  if (outcome === undefined)
    return { broken: `the dispute's status ${JSON.stringify(dispute.status)} is not known` };
  if (outcome === null) return null;
  const [channelDisputeNo, amount] = [textOr(dispute.id, null), minorUnitsOf(dispute.amount)];
  const currency = currencyOf(dispute.currency);
  if (channelDisputeNo === null || amount === null || amount <= 0n || currency === null) {
    return { broken: "a dispute without a readable number, amount or currency" };
  }
  const movements = movementsOf(dispute);
  const taking = movements.find(takes);
  if (taking === undefined) return null;
  if (movements.some((one) => currencyOf(one.currency) !== currency)) {
    return { broken: "a dispute that was settled in another currency than it was paid in" };
  }
  const takenAt = instantOf(taking.created) ?? instantOf(dispute.created) ?? at;
  const told = {
    channelDisputeNo,
    amount,
    fee: minorUnitsOf(taking.fee) ?? 0n,
    currency,
    openedDate: utcDate(takenAt),
    reason: textOr(dispute.reason, "general"),
    respondBy: status.endsWith("needs_response")
      ? instantOf(objectOf(dispute.evidence_details).due_by)
      : null,
  };
  if (outcome !== "won") return { ...told, outcome };
  const returned = returnedBy(movements, at);
  return returned === null ? { ...told, outcome: "opened" } : { ...told, outcome, returned };
}

/** What came back; null: nothing so far. */
function returnedBy(movements: readonly Fields[], at: Date): DisputeReturn | null {
  const giving = movements.filter((one) => !takes(one));
  const sum = (figures: readonly unknown[]) =>
    figures.reduce<bigint>((total, figure) => total + (minorUnitsOf(figure) ?? 0n), 0n);
  const amount = sum(giving.map((one) => one.amount));
  if (amount <= 0n) return null;
  const last = giving.map((one) => instantOf(one.created) ?? at).toSorted((a, b) => +b - +a)[0] ?? at;
  // A fee that is given back is a negative one.
  return { amount, fee: -sum(giving.map((one) => one.fee)), channelDate: utcDate(last) };
}

function takes(movement: Fields): boolean {
  return (minorUnitsOf(movement.amount) ?? 0n) < 0n;
}

/** Of a query for one. */
export function disputeOfQuery(answer: Answer, channelDisputeNo: string, at: Date): CallEnd<DisputeOutcome> {
  if (answer.code !== null) return refused(answer);
  if (answer.body.id !== channelDisputeNo) {
    return { end: "unknown", reason: "the answer is about another dispute" };
  }
  const told = disputeToldBy(answer.body, at);
  if (told === null) return { end: "unknown", reason: "the dispute moves no money" };
  return "broken" in told ? { end: "unknown", reason: told.broken } : { end: "answered", value: told };
}

function movementsOf(dispute: Fields): readonly Fields[] {
  return Array.isArray(dispute.balance_transactions) ? dispute.balance_transactions.map(objectOf) : [];
}
