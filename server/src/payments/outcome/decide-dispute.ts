/**
 * What a report about a payer's claim means. Pure and monotone: told twice, late, or the end before the
 * beginning, the same is booked. Opened < lost < won: what came back is booked whenever it is told, in the
 * channel's own figures.
 */
import type { CallEnd, DisputeOutcome, DisputeReturn } from "../../channels/index.ts";
import { DAY, MINUTE, plus } from "../../kernel/clock.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { moneyText } from "../../kernel/money.ts";
import type { Attempt, Dispute } from "../model.ts";
import { givingBack, homeOf, idleSurplus, isCarriedOut, isUnderWay, openGivenTwice } from "./claims.ts";
import type { Draft } from "./draft.ts";
import type { Decision } from "./steps.ts";

type Report = { readonly disputeId: Id; readonly end: CallEnd<DisputeOutcome> };

export function decideDispute(draft: Draft, attempt: Attempt, report: Report, now: Date): Decision {
  const { end } = report;
  if (end.end !== "answered") return askLater(draft, attempt, report.disputeId, end.end, now);
  const told = end.value;
  // The payment itself has not been told yet. Whoever brings this brings it again.
  if (attempt.taken === null) return "waiting";
  if (told.currency !== attempt.currency || told.amount <= 0n || told.fee < 0n) return "contradiction";
  const known = draft.disputesOf(attempt.id).find((one) => one.channelDisputeNo === told.channelDisputeNo);
  const id = known?.id ?? openDispute(draft, attempt, report.disputeId, told, now);
  return advance(draft, attempt, id, told, known === undefined, now);
}

/** After a question that was not answered. */
const ASK_AGAIN_MS = 10 * MINUTE;

/** When an open one is asked about: daily, and when the time for evidence is over. */
export function nextDisputeQueryAt(respondBy: Date | null, now: Date): Date {
  const tomorrow = plus(now, DAY);
  return respondBy !== null && respondBy > now && respondBy < tomorrow ? plus(respondBy, MINUTE) : tomorrow;
}

function openDispute(draft: Draft, attempt: Attempt, id: Id, told: DisputeOutcome, now: Date): Id {
  const { channelDisputeNo, amount, fee, currency, reason, respondBy, openedDate: channelDate } = told;
  const dispute: Dispute = {
    id,
    paymentId: attempt.paymentId,
    attemptId: attempt.id,
    merchantId: attempt.merchantId,
    channelAccountId: attempt.channelAccountId,
    channelDisputeNo,
    state: "opened",
    amount,
    fee,
    returnedAmount: 0n,
    returnedFee: 0n,
    currency,
    reason,
    respondBy,
    dueAt: nextDisputeQueryAt(respondBy, now),
    createdAt: now,
    finishedAt: null,
  };
  draft.addDispute(dispute);
  draft.book({ booking: "dispute_opened", attempt, dispute, home: homeOf(draft, attempt), channelDate });
  draft.tell("dispute.opened", id);
  if (told.outcome === "opened") {
    const detail = attempt.surplus === null ? adviceOn(dispute) : adviceOnSurplus(draft, attempt, dispute);
    draft.open({ kind: "dispute_opened", subjectId: id, amount, detail });
  }
  const refund = givingBack(draft, attempt);
  if (refund !== null) openGivenTwice(draft, refund);
  return id;
}

function advance(
  draft: Draft,
  attempt: Attempt,
  id: Id,
  told: DisputeOutcome,
  isNew: boolean,
  now: Date,
): Decision {
  const dispute = draft.dispute(id);
  if (differs(dispute, told)) {
    // A person looks at the contradiction; asked again at once, the channel would say the same.
    if (dispute.state === "opened") dispute.dueAt = nextDisputeQueryAt(null, now);
    return "contradiction";
  }
  if (dispute.state === told.outcome) {
    if (dispute.state === "opened") {
      dispute.respondBy = told.respondBy ?? dispute.respondBy;
      dispute.dueAt = nextDisputeQueryAt(told.respondBy, now);
    }
    return isNew ? "disputed" : "already_known";
  }
  if (told.outcome === "opened") return "already_known";
  if (dispute.state === "won") return "contradiction";
  dispute.state = told.outcome;
  dispute.dueAt = null;
  dispute.finishedAt = now;
  if (told.outcome !== "won") {
    draft.tell("dispute.lost", id);
    return "dispute_lost";
  }
  const home = homeOf(draft, attempt);
  dispute.returnedAmount = told.returned.amount;
  dispute.returnedFee = told.returned.fee;
  draft.book({ booking: "dispute_won", attempt, dispute, home, channelDate: told.returned.channelDate });
  draft.tell("dispute.won", id);
  if (home === "suspense_surplus") openIdle(draft, attempt, dispute);
  return "dispute_won";
}

/** Whether other figures are told than are booked, or than can be. */
function differs(dispute: Dispute, told: DisputeOutcome): boolean {
  if (dispute.amount !== told.amount || dispute.fee !== told.fee) return true;
  if (told.outcome !== "won") return false;
  const { amount, fee }: DisputeReturn = told.returned;
  if (dispute.state === "won") return amount !== dispute.returnedAmount || fee !== dispute.returnedFee;
  return amount <= 0n || amount > dispute.amount || fee < 0n || fee > dispute.fee;
}

/** No refund is under way that would give it to the payer. */
function openIdle(draft: Draft, attempt: Attempt, { id }: Dispute): void {
  const amount = idleSurplus(draft, attempt);
  if (amount <= 0n || attempt.state === "reversing") return;
  draft.open({
    kind: "surplus_claim_won",
    subjectId: id,
    amount,
    detail: "The claim on this surplus was won. It stays in suspense until someone decides.",
  });
}

function askLater(
  draft: Draft,
  attempt: Attempt,
  id: Id,
  end: "refused" | "not_sent" | "unknown",
  now: Date,
): Decision {
  const known = draft.disputesOf(attempt.id).find((one) => one.id === id);
  if (known === undefined || known.state !== "opened") return "already_known";
  const dispute = draft.dispute(id);
  dispute.dueAt = plus(now, ASK_AGAIN_MS);
  return end;
}

function adviceOn({ id, amount, currency, reason, respondBy }: Dispute): string {
  const until = respondBy === null ? "" : ` by ${respondBy.toISOString()}`;
  return (
    `A payer claims ${moneyText({ amount, currency })} back (${reason}). Bring evidence at ` +
    `the channel${until}, or accept the loss; ${formatId("dsp", id)} shows how it ends.`
  );
}

/** Of money that is given back anyway, no claim need be fought, unless the payer has it already. */
function adviceOnSurplus(draft: Draft, attempt: Attempt, dispute: Dispute): string {
  const { id, amount, currency, reason } = dispute;
  const claim =
    `A payer claims ${moneyText({ amount, currency })} back (${reason}) of a surplus, ` +
    "which is not the merchant's; the fee is the platform's.";
  const ends = `${formatId("dsp", id)} shows how it ends.`;
  const refund = givingBack(draft, attempt);
  if (refund !== null && isCarriedOut(refund)) {
    return `${claim} ${formatId("rfd", refund.id)} gave it back already: bring that as evidence; ${ends}`;
  }
  const waits = refund !== null && isUnderWay(refund) ? ` ${formatId("rfd", refund.id)} waits for it.` : "";
  return `${claim}${waits} Accept the claim at the channel; ${ends}`;
}
