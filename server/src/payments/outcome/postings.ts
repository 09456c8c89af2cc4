/**
 * What a booking looks like in the merchant's book: the rows of the posting table that payments cause. Pure.
 * Money that never passes us is booked on the memorandum twins of the same accounts, without fee or cost.
 */
import type { Id } from "../../kernel/ids.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  CHART,
  type JournalDraft,
  type Line,
  memoTwin,
} from "../../ledger/index.ts";
import { shareJournal } from "../../sharing/index.ts";
import type { Attempt, Dispute, Refund, Taken } from "../model.ts";
import { partnersReturned } from "../terms.ts";
import type { Booking } from "./draft.ts";

/** The journal of a booking. @param id the journal's, fixed before the transaction. */
export function journalOf(booking: Booking, id: Id): JournalDraft {
  switch (booking.booking) {
    case "success":
      return success(booking.attempt, id);
    case "surplus":
      return surplus(booking.attempt, id);
    case "surplus_taken_back":
      return surplusTakenBack(booking, id);
    case "reversed_by_channel":
      return reversedByChannel(booking, id);
    case "refund_by_channel":
      return refundByChannel(booking, id);
    case "surplus_refund_created":
      return surplusRefundCreated(booking, id);
    case "refund_requested":
      return refundRequested(booking, id);
    case "refund_accepted":
      return refundAccepted(booking, id);
    case "refund_failed":
      return refundFailed(booking, id);
    case "refund_returned":
      return refundReturned(booking.attempt, booking.refund, booking.channelDate, id);
    case "refund_after_failure":
      return refundAfterFailure(booking.attempt, booking.refund, id);
    case "share_return_booked":
    case "share_returned":
      return shareJournal(booking, id);
    case "dispute_opened":
    case "dispute_won":
      return disputed(booking, id);
  }
}

/**
 * A refund that a merchant asked for, before the channel is called: from what is not settled yet, then from
 * what may be paid out, then on credit. The draw tells how much came from each.
 */
function refundRequested(
  { attempt, refund, creditLine, feeExpected }: Extract<Booking, { booking: "refund_requested" }>,
  id: Id,
): JournalDraft {
  const at = accountsOf(attempt);
  const head = headOf(attempt, "refund_created", refund.id, null, id);
  const aside = { account: at("refund_clearing"), credit: refund.settleAmount };
  if (attempt.fundFlow !== "through_platform") {
    return { ...head, lines: [{ account: at("merchant_pending"), debit: refund.settleAmount }, aside] };
  }
  const draw = [
    // The fee that acceptance gives back is the merchant's: without it the only payment could not be refunded
    // whole.
    { account: at("merchant_pending"), natural: { atLeast: -feeExpected } },
    { account: at("merchant_available"), natural: "floor" as const },
    { account: at("merchant_receivable"), natural: { atMost: creditLine } },
  ];
  return { ...head, lines: [{ draw, debit: refund.settleAmount }, aside] };
}

function success(attempt: Attempt, id: Id): JournalDraft {
  const taken = takenOf(attempt);
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "payment_success", attempt.id, taken.channelDate, id),
    lines: [
      { account: at("channel_receivable"), debit: taken.settleAmount },
      { account: at("merchant_pending"), credit: taken.settleAmount },
      ...when(taken.feeAmount, () => [
        { account: at("merchant_pending"), debit: taken.feeAmount },
        { account: at("fee_income"), credit: taken.feeAmount },
      ]),
      ...partnerLines(attempt, taken.partnerAmount),
      ...costLines(attempt, taken, taken.costAmount),
    ],
  };
}

function surplus(attempt: Attempt, id: Id): JournalDraft {
  const taken = takenOf(attempt);
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "surplus_success", attempt.id, taken.channelDate, id),
    lines: [
      { account: at("channel_receivable"), debit: taken.settleAmount },
      { account: at("suspense_surplus"), credit: taken.settleAmount },
      ...costLines(attempt, taken, taken.costAmount),
    ],
  };
}

function surplusTakenBack(booking: Extract<Booking, { costReturned: bigint }>, id: Id): JournalDraft {
  const { attempt, settleAmount, costReturned, channelDate } = booking;
  const taken = takenOf(attempt);
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "surplus_reversed", attempt.id, channelDate, id),
    lines: [
      { account: at("suspense_surplus"), debit: settleAmount },
      { account: at("channel_receivable"), credit: settleAmount },
      ...costLines(attempt, taken, -costReturned),
    ],
  };
}

/** The rest of a success, when parts of it went back before. */
function reversedByChannel(booking: Extract<Booking, { costReturned: bigint }>, id: Id): JournalDraft {
  const { attempt, settleAmount, costReturned, channelDate } = booking;
  const taken = takenOf(attempt);
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "reversed_by_channel", attempt.id, channelDate, id),
    lines: [
      { account: at("suspense_shortage"), debit: settleAmount },
      { account: at("channel_receivable"), credit: settleAmount },
      ...costLines(attempt, taken, -costReturned),
    ],
  };
}

function refundByChannel(booking: Extract<Booking, { booking: "refund_by_channel" }>, id: Id): JournalDraft {
  const { attempt, settleAmount, sourceId, channelDate } = booking;
  const at = accountsOf(attempt);
  // A part of a surplus goes back to where it should; a part of a success is missing.
  const from = at(attempt.surplus === null ? "suspense_shortage" : "suspense_surplus");
  return {
    ...headOf(attempt, "break_refund_theirs", sourceId, channelDate, id),
    lines: moved(from, at("channel_receivable"), settleAmount),
  };
}

function surplusRefundCreated(
  { attempt, refund, claimed }: Extract<Booking, { claimed: bigint }>,
  id: Id,
): JournalDraft {
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "surplus_refund_created", refund.id, null, id),
    lines: [
      { account: at("suspense_surplus"), debit: refund.settleAmount },
      { account: at("refund_clearing"), credit: refund.settleAmount },
      ...moved(at("refund_clearing"), at("suspense_surplus"), claimed),
    ],
  };
}

function refundAccepted(
  { attempt, refund, reserved, claimed }: Extract<Booking, { booking: "refund_accepted" }>,
  id: Id,
): JournalDraft {
  const at = accountsOf(attempt);
  // The channel's own figure for the settled part decides; what was put aside beyond or short of it comes
  // from its owner.
  const source = refund.automatic ? at("suspense_surplus") : at("merchant_pending");
  return {
    ...headOf(attempt, "refund_accepted", refund.id, refund.channelDate, id),
    lines: [
      ...moved(source, at("refund_clearing"), refund.settleAmount - reserved + claimed),
      { account: at("refund_clearing"), debit: refund.settleAmount },
      { account: at("channel_receivable"), credit: refund.settleAmount },
      ...moved(at("fee_income"), at("merchant_pending"), refund.feeReturned),
      ...partnerLines(attempt, -partnersReturned(takenOf(attempt), attempt.feeReturned, refund.feeReturned)),
      ...costLines(attempt, takenOf(attempt), -refund.costReturned),
    ],
  };
}

function refundFailed(
  { attempt, refund, claimed }: Extract<Booking, { claimed: bigint }>,
  id: Id,
): JournalDraft {
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "refund_failed", refund.id, null, id),
    lines: [
      { account: at("refund_clearing"), debit: refund.settleAmount },
      ...whenceItCame(attempt, refund),
      ...moved(at("suspense_surplus"), at("refund_clearing"), claimed),
    ],
  };
}

function refundReturned(attempt: Attempt, refund: Refund, channelDate: string, id: Id): JournalDraft {
  const at = accountsOf(attempt);
  const home: readonly Line[] = refund.afterFailure
    ? [
        {
          account: at(refund.automatic ? "suspense_surplus" : "suspense_shortage"),
          credit: refund.settleAmount,
        },
      ]
    : [
        { account: at("refund_clearing"), credit: refund.settleAmount },
        { account: at("refund_clearing"), debit: refund.settleAmount },
        ...whenceItCame(attempt, refund),
      ];
  return {
    ...headOf(attempt, "refund_returned", refund.id, channelDate, id),
    lines: [
      { account: at("channel_receivable"), debit: refund.settleAmount },
      ...home,
      ...moved(at("merchant_pending"), at("fee_income"), refund.feeReturned),
      ...partnerLines(
        attempt,
        partnersReturned(takenOf(attempt), attempt.feeReturned + refund.feeReturned, refund.feeReturned),
      ),
      ...costLines(attempt, takenOf(attempt), refund.costReturned),
    ],
  };
}

function refundAfterFailure(attempt: Attempt, refund: Refund, id: Id): JournalDraft {
  const at = accountsOf(attempt);
  return {
    ...headOf(attempt, "break_refund_theirs", refund.id, refund.channelDate, id),
    lines: [
      {
        account: at(refund.automatic ? "suspense_surplus" : "suspense_shortage"),
        debit: refund.settleAmount,
      },
      { account: at("channel_receivable"), credit: refund.settleAmount },
      ...costLines(attempt, takenOf(attempt), -refund.costReturned),
    ],
  };
}

/**
 * The channel takes what the payer claims and its fee; what it gives back when the claim is won it tells. Of
 * a success the merchant bears both. A surplus is not his, and earned him nothing: the claim is taken from
 * it, and its fee is the platform's cost, as the cost of taking it is. A fee that is charged where the money
 * is is none of these books'.
 */
function disputed(booking: Extract<Booking, { dispute: Dispute }>, id: Id): JournalDraft {
  const { attempt, dispute, home, channelDate } = booking;
  const at = accountsOf(attempt);
  const receivable = at("channel_receivable");
  const isOpened = booking.booking === "dispute_opened";
  const amount = isOpened ? dispute.amount : -dispute.returnedAmount;
  const charged = isOpened ? dispute.fee : -dispute.returnedFee;
  const fee = attempt.fundFlow === "through_platform" ? charged : 0n;
  const lines =
    home === "merchant_pending"
      ? moved(at(home), receivable, amount + fee)
      : [...moved(at(home), receivable, amount), ...moved(at("channel_cost"), receivable, fee)];
  return { ...headOf(attempt, booking.booking, dispute.id, channelDate, id), lines };
}

/** The money of a refund back to the accounts that gave it; a later difference is the first account's. */
function whenceItCame(attempt: Attempt, refund: Refund): readonly Line[] {
  const at = accountsOf(attempt);
  if (refund.automatic) return [{ account: at("suspense_surplus"), credit: refund.settleAmount }];
  const { fromAvailable, fromReceivable } = refund;
  return [
    ...moved(null, at("merchant_pending"), refund.settleAmount - fromAvailable - fromReceivable),
    ...when(fromAvailable, () => [{ account: at("merchant_available"), credit: fromAvailable }]),
    // A settlement may have recovered it since, which made that much less available.
    ...when(fromReceivable, () => [
      {
        repay: [at("merchant_receivable"), at("merchant_available")] as const,
        credit: fromReceivable,
      },
    ]),
  ];
}

/** The partners' part of our fee; negative: it goes back with the fee. */
function partnerLines(attempt: Attempt, part: bigint): readonly Line[] {
  if (part === 0n) return [];
  const at = accountsOf(attempt);
  return moved(at("fee_income"), at("partner_payable"), part);
}

/** The channel's cost, kept back from what it owes us (net) or billed apart (gross); negative: given back. */
function costLines(attempt: Attempt, taken: Taken, cost: bigint): readonly Line[] {
  const at = accountsOf(attempt);
  if (attempt.fundFlow !== "through_platform") return [];
  return moved(at("channel_cost"), at(taken.costGross ? "channel_cost_payable" : "channel_receivable"), cost);
}

/**
 * `amount` debited to one account and credited to the other; negative the other way round; a null side is
 * left out.
 */
function moved(debited: Id | null, credited: Id, amount: bigint): readonly Line[] {
  if (amount === 0n) return [];
  const [from, to, size] = amount > 0n ? [debited, credited, amount] : [credited, debited, -amount];
  return [
    ...(from === null ? [] : [{ account: from, debit: size }]),
    ...(to === null ? [] : [{ account: to, credit: size }]),
  ];
}

function when(amount: bigint, lines: () => readonly Line[]): readonly Line[] {
  return amount === 0n ? [] : lines();
}

function takenOf(attempt: Attempt): Taken {
  if (attempt.taken === null) throw new Error(`the attempt ${attempt.id} took nothing that could be booked`);
  return attempt.taken;
}

function headOf(
  attempt: Attempt,
  kind: JournalDraft["kind"],
  sourceId: Id,
  channelDate: string | null,
  id: Id,
): Omit<JournalDraft, "lines"> {
  return {
    id,
    bookId: bookIdOf("merchant", attempt.merchantId),
    kind,
    sourceId,
    subjectId: attempt.paymentId,
    counterpartyId: null,
    channelAccountId: attempt.channelAccountId,
    currency: attempt.currency,
    channelDate,
  };
}

function accountsOf(attempt: Attempt): (code: AccountCode) => Id {
  const book = bookIdOf("merchant", attempt.merchantId);
  return (code) => {
    const used = attempt.fundFlow === "through_platform" ? code : memoTwin(code);
    const channelAccountId = CHART[used].perChannelAccount ? attempt.channelAccountId : null;
    return accountIdOf(book, used, attempt.currency, channelAccountId);
  };
}
