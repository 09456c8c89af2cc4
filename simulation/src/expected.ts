/**
 * What many seeds together must have come by: a simulation that no longer reaches something proves nothing of
 * it. Where the platform's own types list the names, the compiler keeps these lists whole.
 */

import type {
  AttemptState,
  PaymentStatus,
  RefundState,
  Surplus,
  WorkItemKind,
} from "../../server/src/payments/model.ts";
import type { RefundDecision } from "../../server/src/payments/outcome/decide-refund.ts";
import type { Decision } from "../../server/src/payments/outcome/steps.ts";
import type { Reason } from "../../server/src/payouts/commission/model.ts";
import type { BatchState, PayoutState, ReportOutcome } from "../../server/src/payouts/model.ts";
import { EVENT_TYPES, type EventType } from "../../server/src/webhooks/model.ts";
import { BANK_FAULTS } from "./bank-faults.ts";
import { CODE_BEHAVIOURS, HABITS } from "./buyers.ts";
import { CHANNEL_WHIMS, DISPUTE_WHIMS } from "./channel-whims.ts";
import { CHANNELS } from "./contracts.ts";
import { FAULTS } from "./disturbances.ts";
import { FEE_POLICIES } from "./fees.ts";
import { BILL_LIES, LIES } from "./lies.ts";
import { OUTAGE_MODES } from "./outages.ts";
import { CALLS, DECISION_NAMES, OTHER_MESSAGES, TRANSACTION_NAMES } from "./points.ts";
import { named, PASSING, type Reachable, times } from "./reachable.ts";
import { ROUTING_SET } from "./routing.ts";
import { SHARES_ASKED_FOR, SHARES_EXPECTED } from "./shares-expected.ts";
import type { Counts } from "./tally.ts";
import { WHIMS } from "./trades.ts";

/** Nothing refuses a payment for good yet: a failed attempt leaves it open for another. */
const NOT_MADE = false;
/** Found by the reconciliation alone, or a ping to an endpoint, which no world sends. */
const ELSEWHERE = false;

const payments: Reachable<PaymentStatus> = {
  created: PASSING,
  processing: PASSING,
  succeeded: true,
  // Counted with its reason.
  closed: false,
  failed: NOT_MADE,
};
const attempts: Reachable<AttemptState> = {
  created: PASSING,
  pending: PASSING,
  unknown: PASSING,
  abandoned: PASSING,
  reversing: PASSING,
  succeeded: true,
  failed: true,
  closed: true,
  reversed: true,
  reversed_by_channel: true,
};
const refunds: Reachable<RefundState> = {
  created: PASSING,
  accepted: PASSING,
  unknown: PASSING,
  succeeded: true,
  returned: true,
  failed: true,
};
const surplus: Reachable<Surplus> = {
  payment_succeeded: true,
  payment_closed: true,
  payment_failed: NOT_MADE,
  reversing: true,
  reversed: true,
  amount_differs: true,
};
const workItems: Reachable<WorkItemKind> = {
  surplus_refund_failed: true,
  reversed_by_channel: true,
  refund_by_channel: true,
  refund_after_failure: true,
  // Nobody is at the channel's console, so a world makes none: it would never rest.
  refund_held: false,
  refund_not_ours: false,
  dispute_opened: true,
  // A claim on a surplus comes by chance: a world may have none.
  surplus_given_twice: false,
  surplus_claim_won: false,
};
const orderDecisions: Reachable<Decision> = {
  paid: true,
  surplus: true,
  already_known: true,
  contradiction: true,
  open: true,
  closed: true,
  failed: true,
  abandoned: true,
  // The word of a wish, which leaves no exchange: what follows it is `reversed`.
  reversing: false,
  reversed: true,
  reversed_by_channel: true,
  refunded_by_channel: true,
  // The bank of a buyer takes whatever the channel gives back by itself.
  refund_by_channel_returned: false,
  disputed: true,
  dispute_won: true,
  dispute_lost: true,
  unknown: true,
  not_sent: true,
  refused: true,
  waiting: true,
};
const refundDecisions: Reachable<RefundDecision> = {
  refund_accepted: true,
  refund_succeeded: true,
  refund_failed: true,
  refund_returned: true,
  already_known: true,
  contradiction: true,
  open: true,
  unknown: true,
  not_sent: true,
  refused: true,
  sent_again: true,
};
const payouts: Reachable<PayoutState> = {
  created: true,
  approved: PASSING,
  sent: PASSING,
  unknown: PASSING,
  // Counted with their reasons.
  rejected: false,
  returned: false,
  succeeded: true,
};
const batches: Reachable<BatchState> = {
  // Its reserve is there at last, or it is taken apart: few worlds rest before.
  proposed: false,
  approved: PASSING,
  instructed: PASSING,
  done: true,
  dissolved: true,
};
const payoutWords: Reachable<ReportOutcome> = {
  accepted: true,
  // Says nothing, and is not kept.
  pending: false,
  unknown: true,
  rejected: true,
  paid: true,
  returned: true,
};
const events: Reachable<EventType> = {
  ...(Object.fromEntries(Object.keys(EVENT_TYPES).map((type) => [type, true])) as Reachable<EventType>),
  "payment.failed": NOT_MADE,
  ping: ELSEWHERE,
};

/** Why a row of commission is none that is booked by itself. A file has one currency, as its contract. */
const NOT_BOOKED: readonly Reason[] = ["unknown_number", "repeated", "beyond_payment"];
const PAYOUT_FAILURES = [...times(["rejected,"], ["AC04", "withdrawn", "written_no"]), "returned, AC04"];
const BROKEN_TRANSACTIONS = ["crash before", "crash after", "COMMIT lost of", "COMMIT's answer lost of"];
const BROKEN_MESSAGES = ["not sent:", "lost:", "answer lost:", "answer never comes:"];

/** By group, the names that must be reached. Of one that begins with `…` only the end matters. */
export const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "faults of the sandbox": [...Object.keys(FAULTS), ...times([`${BILL_LIES}:`], LIES)],
  "the channel by itself": [
    ...Object.values(CHANNEL_WHIMS).map((whim) => whim.does),
    ...Object.values(DISPUTE_WHIMS),
    "sends a lost notification again",
  ],
  buyers: [...Object.keys(HABITS), ...Object.keys(CODE_BEHAVIOURS).map((name) => `payment code: ${name}`)],
  merchants: [
    ...Object.keys(WHIMS),
    "find no account that takes the order",
    "create twice at once",
    "ask for a refund twice at once",
    "ask again, unanswered: POST /v1/payments",
    "ask again, unanswered: POST /v1/payments/pay/attempts",
    "ask again, unanswered: POST /v1/payments/pay/close",
    "ask again, unanswered: POST /v1/payments/pay/refunds",
    "are told to come again: outcome_unknown",
    "are told to come again: database_unavailable",
    "are refused a refund: payment_not_refundable",
    "are refused a refund: refund_exceeds_payment",
    ...SHARES_ASKED_FOR,
  ],
  fate: ["PostgreSQL restarts", "a process stands still", "a rough night"],
  closes: ["days closed"],
  settlements: ["approved"],
  crashes: ["before a transaction", "after a commit", "after a send", "at some moment", "at its start"],
  transactions: [
    ...TRANSACTION_NAMES,
    ...DECISION_NAMES,
    ...times(BROKEN_TRANSACTIONS, [...TRANSACTION_NAMES, ...DECISION_NAMES]),
    "a connection lost between two statements",
    "no connection to be had",
    "a read's connection lost",
  ],
  messages: [
    ...times(BROKEN_MESSAGES, [...CALLS, ...OTHER_MESSAGES]),
    ...times(["crash after sending"], [...CALLS, "webhook"]),
  ],
  payments: [...named(payments), "closed, expired", "closed, cancelled"],
  attempts: named(attempts),
  surplus: named(surplus),
  refunds: [
    ...named(refunds),
    "succeeded, automatic",
    "failed, automatic",
    "returned, automatic",
    "accepted after it had failed",
  ],
  disputes: ["won", "lost"],
  "work items": named(workItems),
  "decisions about orders": named(orderDecisions).map((name) => `…: ${name}`),
  "decisions about refunds": named(refundDecisions).map((name) => `…: ${name}`),
  events: named(events),
  deliveries: ["delivered", "delivered, after failures", "dead, after failures"],
  "stray notifications": ["refused"],
  routing: [
    ...ROUTING_SET.map((name) => `sets ${name}`),
    ...times(["an outage:", "calls in an outage:"], OUTAGE_MODES),
    ...times(["an outage at", "a key is rotated at"], CHANNELS),
    "an outage in a window",
    "calls that failed in a window",
    "opened, by calls",
    "half_open, by calls",
    "closed, by calls",
    "worlds of longer calm",
    "circuits closed by probes",
    "circuits forgotten with its process",
    "accounts that carried orders again",
    "orders that fell back to another account",
    "orders that another account carried in an outage",
    "payments that another account carried in an outage",
    "orders that came back after an outage",
  ],
  "faults of the bank": Object.keys(BANK_FAULTS),
  bank: [
    "a batch is decided on: carried_out",
    "a batch is decided on: reserve_insufficient",
    "a batch is dissolved",
    "a batch is to be sent again: carried_out",
    ...times(["a channel's payout:"], ["late", "many", "named", "off"]),
    ...times(["a channel's payout told"], ["soon", "afterwards"]),
    "a file of payouts",
    "a file of payouts is refused: payout_file_refused",
    "a merchant asks for more than there is",
    "a merchant asks twice at once",
    "a merchant changes its account: carried_out",
    "a merchant was paid",
    "a merchant without an account",
    "a partner changes its account: carried_out",
    "a partner was paid",
    "a partner without an account is not paid",
    "a payout to a partner is asked for twice at once",
    "a payout to a partner is asked for two at once",
    "a receiver was paid",
    "more than a partner is owed is refused: insufficient_balance",
    "more than a partner is owed is refused: nothing_to_pay_out",
    "a gross contract's costs were paid",
    "a month's minimum was paid",
    "costs are said to be paid twice at once",
    "costs come back: carried_out",
    "more costs than are owed: cost_not_owed",
    "a payout ends on the bank's written no: carried_out",
    "a payout is withdrawn",
    "a second payday",
    "matched: carried_out",
    "moved: carried_out",
    "own money: carried_out",
    ...times(["settled on the day:"], ["below_minimum", "not_covered", "nothing", "settled"]),
    "two batches proposed at once",
    "two people approve at once",
  ],
  payouts: [
    ...named(payouts),
    "of a settlement",
    ...PAYOUT_FAILURES,
    ...times(["partner,"], ["succeeded", "rejected", "returned"]),
    ...times(["receiver,"], ["succeeded", "returned"]),
  ],
  "batches of payouts": [...named(batches), "sent more than once"],
  "words about payouts": named(payoutWords).map((name) => `…: ${name}, applied`),
  "entries at the bank": times(
    ["placed,"],
    [
      "payout_paid",
      "payout_returned",
      "channel_payouts",
      "channel_costs",
      "channel_costs_returned",
      "own_money",
      "own_transfer",
      "commission",
    ],
  ),
  "receipts from channels": ["by a rule", "by a rule, rounded", "by people"],
  ...SHARES_EXPECTED,
  commission: [
    "a statement is sent",
    "a statement is sent again",
    "a statement is sent twice at once",
    "a statement of another day is refused",
    "a corrected statement is sent",
    "two versions are sent at once",
    "a row is accepted: carried_out",
    "commission of several contracts in one transfer",
    ...times(["a receipt:"], ["carried_out", "conflict"]),
    "a receipt is proposed twice at once",
    "more than was told: conflict",
    ...times(["payments that do not pass us:"], ["succeeded", "reversed_by_channel"]),
    ...times(["rows: unmatched,"], NOT_BOOKED),
    ...times(["rows:"], ["matched", "matched, unknown_number", "withdrawn"]),
  ],
  decisions: [
    ...times(
      [
        "adjust_fee:",
        "loss:",
        "offset:",
        "pay_merchant:",
        "recover_from_channel, in part:",
        "recover_from_channel, whole:",
        "recover_from_merchant:",
        "what was left:",
      ],
      ["carried_out"],
    ),
    "recover_from_channel, in part: conflict",
    "a claim is refused",
    "a proposal is left",
    "a proposal is rejected",
    "one thing twice at once",
    "two things at once",
  ],
  fees: times(["sets a schedule:"], FEE_POLICIES),
  "lines of bills": [...times(CHANNELS, ["payment", "refund"]), "stripe dispute"],
};

/** Runs smaller than this, in payments, may well miss something: not every ambush has had its seed. */
export const ENOUGH_PAYMENTS = 9_960;

/** What of a group was never reached. */
export function missingIn(group: string, reached: Counts): readonly string[] {
  const names = [...(reached.get(group)?.keys() ?? [])];
  return (EXPECTED[group] ?? []).filter((wanted) => {
    if (!wanted.startsWith("…")) return !names.includes(wanted);
    return !names.some((name) => name.endsWith(wanted.slice(1)));
  });
}
