/**
 * The one source of what payments, attempts, refunds and disputes may be: their states, which follow which
 * and why, and which columns a state requires or forbids. The types, the guard of the door, the tests of the
 * database's constraints and of all interleavings, and docs/states.md come from here.
 */

/** Why a state may follow. `unreached` says why no decision takes the step yet. */
export type Transition = string | { readonly why: string; readonly unreached: string };

export type State<S extends string> = {
  /** What the state means. */
  readonly is: string;
  /** Nothing is due any more. Money that shows up later may still reopen the books. */
  readonly final: boolean;
  readonly to: { readonly [Next in S]?: Transition };
};

/** When a column is set. */
export type ColumnRule<S extends string> = { readonly constraint: string; readonly column: string } & (
  | { readonly setExactlyIn: readonly S[] }
  | { readonly setAtLeastIn: readonly S[] }
  /** Set exactly where the other column is not. */
  | { readonly opposite: string }
);

export type Machine<S extends string> = {
  readonly table: string;
  /** The column that bears the state, and the constraint that lists them. */
  readonly column: string;
  readonly constraint: string;
  readonly born: readonly S[];
  readonly states: { readonly [Name in S]: State<S> };
  readonly columns: readonly ColumnRule<S>[];
};

function machine<S extends string>(made: {
  readonly table: string;
  readonly column: string;
  readonly constraint: string;
  readonly born: readonly NoInfer<S>[];
  readonly states: { readonly [Name in S]: State<NoInfer<S>> };
  readonly columns: readonly ColumnRule<NoInfer<S>>[];
}): Machine<S> {
  return made;
}

export const PAYMENT = machine({
  table: "payments",
  column: "status",
  constraint: "payments_status",
  born: ["created", "processing"],
  states: {
    created: {
      is: "no order is live at a channel",
      final: false,
      to: {
        processing: "new attempt",
        succeeded: "an earlier order is paid late",
        closed: "close or expire, with no order live",
        failed: { why: "refused before an order is placed", unreached: "needs risk rules" },
      },
    },
    processing: {
      is: "one order is live at a channel",
      final: false,
      to: {
        created: "the live order ends without money",
        succeeded: "an order is paid, the live one or an earlier one",
        closed: "close or expire, once the live order has ended",
      },
    },
    succeeded: { is: "one order took the money, for ever", final: true, to: {} },
    closed: { is: "ended without money: cancelled or expired", final: true, to: {} },
    failed: { is: "ended without money: refused", final: true, to: {} },
  },
  columns: [
    { constraint: "payments_live", column: "live_attempt_id", setExactlyIn: ["processing"] },
    { constraint: "payments_success", column: "success_attempt_id", setExactlyIn: ["succeeded"] },
    {
      constraint: "payments_finished",
      column: "finished_at",
      setExactlyIn: ["succeeded", "closed", "failed"],
    },
    { constraint: "payments_due", column: "due_at", opposite: "finished_at" },
  ],
});
export type PaymentStatus = keyof typeof PAYMENT.states;

/** How an order that is not being undone comes to its end. */
const OVER = {
  succeeded: "paid",
  failed: "refused, or failed",
  closed: "closed, or not found after the horizon",
  reversed: "paid as surplus and given back, told at once",
  reversed_by_channel: "paid and given back whole, told at once",
};

/** Money is told of an order that was over. */
const REOPENED = {
  abandoned: "told of another amount: asked again",
  succeeded: "paid after all",
  reversed: "paid as surplus and given back, told at once",
  reversed_by_channel: "paid and given back whole, told at once",
};

export const ATTEMPT = machine({
  table: "attempts",
  column: "state",
  constraint: "attempts_state",
  born: ["created"],
  states: {
    created: {
      is: "written, not yet answered by the channel",
      final: false,
      to: {
        pending: "the channel knows the order",
        unknown: "the call has no answer",
        abandoned: "close: the channel does not know the order yet; or another order is paid",
        reversing: "given up: a payment code without a result in time",
        ...OVER,
      },
    },
    pending: {
      is: "the order stands at the channel and waits for the buyer",
      final: false,
      to: {
        abandoned: "close: the channel does not know the order yet; or another order is paid",
        reversing: "given up: a payment code without a result in time",
        ...OVER,
      },
    },
    unknown: {
      is: "the call that places it had no answer",
      final: false,
      to: {
        pending: "asked, the channel knows the order",
        abandoned: "close: the channel does not know the order yet; or another order is paid",
        reversing: "given up: a payment code without a result in time",
        ...OVER,
      },
    },
    abandoned: {
      is: "no longer wanted, and may still be paid",
      final: false,
      to: {
        reversing: "given up: a payment code that was asked about again",
        ...OVER,
      },
    },
    reversing: {
      is: "being undone until the channel answers",
      final: false,
      to: {
        succeeded: "paid, and the channel no longer reverses: a refund gives it back",
        reversed: "the channel undid it, or it ended without money",
      },
    },
    succeeded: {
      is: "took money: the payment's, or surplus that is refunded",
      final: true,
      to: {
        reversed_by_channel: "the channel gives the whole back by itself",
      },
    },
    failed: { is: "over: the channel or its buyer refused", final: true, to: { ...REOPENED } },
    closed: { is: "over: closed, expired or never arrived", final: true, to: { ...REOPENED } },
    reversed: {
      is: "undone: what it took went back",
      final: true,
      to: {
        reversing: "told of another amount: asked again",
        succeeded: "paid after all: surplus, given back by a refund",
      },
    },
    reversed_by_channel: { is: "took money, and the channel took all of it back", final: true, to: {} },
  },
  columns: [
    {
      constraint: "attempts_finished",
      column: "finished_at",
      setExactlyIn: ["succeeded", "failed", "closed", "reversed", "reversed_by_channel"],
    },
    { constraint: "attempts_due", column: "due_at", opposite: "finished_at" },
    {
      constraint: "attempts_succeeded",
      column: "paid_amount",
      setAtLeastIn: ["succeeded", "reversed_by_channel"],
    },
  ],
});
export type AttemptState = keyof typeof ATTEMPT.states;

/** What the channel may say of a refund that it was sent. */
const ANSWERED = {
  accepted: "taken",
  succeeded: "taken and arrived, told at once",
  returned: "taken and come back, told at once",
  failed: "refused, or failed",
};

export const REFUND = machine({
  table: "refunds",
  column: "state",
  constraint: "refunds_state",
  born: ["created"],
  states: {
    created: {
      is: "its money is put aside; to be sent, or to be sent again",
      final: false,
      to: {
        unknown: "the call has no answer, or not yet a result",
        ...ANSWERED,
      },
    },
    accepted: {
      is: "the channel took it; on its way to the buyer",
      final: false,
      to: {
        succeeded: "arrived",
        returned: "came back from the buyer's bank",
      },
    },
    succeeded: {
      is: "arrived at the buyer",
      final: true,
      to: { returned: "came back from the buyer's bank" },
    },
    returned: { is: "came back from the buyer's bank", final: true, to: {} },
    failed: {
      is: "refused: its money is back where it came from",
      final: true,
      to: {
        accepted: "carried out after all",
        succeeded: "carried out after all, and arrived",
        returned: "carried out after all, and came back",
      },
    },
    unknown: {
      is: "sent without an answer",
      final: false,
      to: {
        created: "not found after the horizon: sent again under its number",
        ...ANSWERED,
      },
    },
  },
  columns: [
    {
      constraint: "refunds_accepted",
      column: "accepted_at",
      setAtLeastIn: ["accepted", "succeeded", "returned"],
    },
    {
      constraint: "refunds_finished",
      column: "finished_at",
      setExactlyIn: ["succeeded", "returned", "failed"],
    },
    { constraint: "refunds_due", column: "due_at", opposite: "finished_at" },
  ],
});
export type RefundState = keyof typeof REFUND.states;

export const DISPUTE = machine({
  table: "disputes",
  column: "state",
  constraint: "disputes_state",
  born: ["opened"],
  states: {
    opened: {
      is: "the payer's claim stands; the channel holds its amount back",
      final: false,
      to: { won: "decided for the merchant: the amount came back", lost: "decided for the payer" },
    },
    won: { is: "decided for the merchant", final: true, to: {} },
    lost: {
      is: "decided for the payer: what was held back is gone",
      final: true,
      to: { won: "the amount came back after all, as after an appeal" },
    },
  },
  columns: [
    { constraint: "disputes_finished", column: "finished_at", setExactlyIn: ["won", "lost"] },
    { constraint: "disputes_due", column: "due_at", opposite: "finished_at" },
  ],
});
export type DisputeState = keyof typeof DISPUTE.states;

/** The names of a machine's states, in the order in which they are written. */
export function namesOf<S extends string>({ states }: Machine<S>): readonly S[] {
  return Object.keys(states) as S[];
}

export function finalOf<S extends string>(made: Machine<S>): ReadonlySet<S> {
  return new Set(namesOf(made).filter((name) => made.states[name].final));
}

/** Throws on a step that the table does not have; a row that is new comes from null. */
export function assertStep<S extends string>(made: Machine<S>, from: S | null, to: S): void {
  if (from === to) return;
  const allowed = from === null ? made.born.includes(to) : made.states[from].to[to] !== undefined;
  if (!allowed) throw new Error(`${made.table}: no step leads from ${from ?? "nothing"} to ${to}`);
}
