/**
 * Mistakes to make on purpose, each a text of the source and what to put in its place. A simulation, a kill
 * matrix or a test that does not find them proves less than it seems to.
 */

export type Catcher =
  /** Seeds 1, 2, 3 … of the simulation, so many at most. */
  | { readonly by: "simulation"; readonly seeds: number }
  /** Rounds of the kill matrix, so many at most. */
  | { readonly by: "chaos"; readonly rounds: number; readonly blows: string }
  | { readonly by: "test"; readonly file: string };

export type Mutant = {
  readonly name: string;
  /** What is wrong then, in a sentence. */
  readonly mistake: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly instead: string;
  /** Asked one after the other, until one finds it. */
  readonly catchers: readonly Catcher[];
};

const SIMULATION: Catcher = { by: "simulation", seeds: 40 };
const CHAOS: Catcher = { by: "chaos", rounds: 3, blows: "commits_cut,both,server" };

/** Each connection in the order of its own parity. */
const BY_PARITY = "order by case when pg_backend_pid() % 2 = 0 then id end desc, id";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "payment-lock",
    mistake: "payments are decided on without their lock",
    file: "server/src/payments/payment/store.ts",
    text: "for no key update",
    instead: "",
    catchers: [CHAOS, { by: "test", file: "server/src/payments/concurrency.test.ts" }],
  },
  {
    name: "payments-order",
    mistake: "each connection locks payments in another order",
    file: "server/src/payments/payment/store.ts",
    text: "order by id\n   for no key update",
    instead: `${BY_PARITY}\n   for no key update`,
    catchers: [CHAOS, { by: "test", file: "server/src/payments/concurrency.test.ts" }],
  },
  {
    name: "accounts-order",
    mistake: "each connection locks accounts in another order",
    file: "server/src/ledger/store.ts",
    text: "order by id\n   for no key update",
    instead: `${BY_PARITY}\n   for no key update`,
    catchers: [{ by: "test", file: "server/src/ledger/concurrency.test.ts" }],
  },
  {
    name: "accounts-lock",
    mistake: "accounts are posted to without their lock",
    file: "server/src/ledger/store.ts",
    text: "for no key update",
    instead: "",
    catchers: [CHAOS, { by: "test", file: "server/src/ledger/concurrency.test.ts" }],
  },
  {
    name: "journal-twice",
    mistake: "every journal is posted twice, under two sources",
    file: "server/src/payments/outcome/execute.ts",
    text: "post(tx, day, drafts, now)",
    instead:
      "post(tx, day, [...drafts, ...drafts.map((one) => " +
      "({ ...one, id: newId(), sourceId: newId() }))], now).then((all) => all.slice(0, drafts.length))",
    catchers: [SIMULATION],
  },
  {
    name: "journal-missing",
    mistake: "a refund that failed is not posted",
    file: "server/src/payments/outcome/draft.ts",
    text: "effects.bookings.push(snapshot(booking))",
    instead: 'booking.booking === "refund_failed" ? 0 : effects.bookings.push(snapshot(booking))',
    catchers: [SIMULATION],
  },
  {
    name: "delivery-dropped",
    mistake: "one webhook in ten is taken for delivered and never sent",
    file: "server/src/webhooks/sending/deliverer.ts",
    text: "await deps.sender.send(",
    instead:
      "startedAt.getTime() % 10 === 0 ? { status: 200, answer: null, fault: null, error: null } : " +
      "await deps.sender.send(",
    catchers: [SIMULATION],
  },
  {
    name: "told-too-early",
    mistake: "webhooks leave before their transaction commits",
    file: "server/src/payments/outcome/door.ts",
    text: "found = executed.uncovered;",
    instead: "found = executed.uncovered; start(deps, executed.deliveries);",
    catchers: [SIMULATION],
  },
  {
    name: "commit-believed",
    mistake: "a COMMIT whose connection broke is taken for carried out",
    file: "server/src/kernel/database.ts",
    text: 'return { end: commitRefused(error) ? "threw" : "unknown", error };',
    instead: 'return commitRefused(error) ? { end: "threw", error } : { end: "committed", value };',
    catchers: [SIMULATION],
  },
  {
    name: "commit-disbelieved",
    mistake: "a COMMIT whose connection broke is taken for rolled back, and its answer is an error for good",
    file: "server/src/kernel/database.ts",
    text: 'return { end: commitRefused(error) ? "threw" : "unknown", error };',
    instead: 'return { end: "threw", error: new Error("not committed", { cause: error }) };',
    catchers: [SIMULATION],
  },
  {
    name: "refund-number",
    mistake: "each call of a refund has another number at the channel",
    file: "server/src/payments/attempt/calls.ts",
    text: "channelRefundNo: refund.channelRefundNo,",
    instead: "channelRefundNo: refund.channelRefundNo.slice(0, -1) + String(refund.tries % 10),",
    catchers: [SIMULATION],
  },
  {
    name: "due-time",
    mistake: "an order that told nothing new is never asked about again",
    file: "server/src/payments/outcome/decide-open.ts",
    text: "attempt.dueAt = nextQueryAt(attempt, draft.payment, context.sceneOf(attempt), now);",
    instead: "attempt.dueAt = plus(now, 9_000_000_000);",
    catchers: [SIMULATION],
  },
  {
    name: "timeout-is-failure",
    mistake: "a refund without an answer is taken for refused",
    file: "server/src/payments/outcome/decide-refund.ts",
    text: 'if (end.end === "refused" && !end.retryable && source === "refund") {',
    instead:
      'if (end.end === "unknown" && source === "refund") return fail(draft, refund, "timeout", "silence", ' +
      'context);\n  if (end.end === "refused" && !end.retryable && source === "refund") {',
    catchers: [SIMULATION],
  },
  {
    name: "timeout-is-closed",
    mistake: "a closing without an answer is taken for closed",
    file: "server/src/payments/outcome/decide-trade.ts",
    text: 'if (source === "pay" && end.end !== "unknown") {',
    instead:
      'if (source === "close" && end.end === "unknown") return endWithoutMoney(draft, attempt, "closed", ' +
      'context, null);\n  if (source === "pay" && end.end !== "unknown") {',
    catchers: [SIMULATION],
  },
  {
    name: "surplus-kept",
    mistake: "the money of a second success is not given back",
    file: "server/src/payments/outcome/decide-taken.ts",
    text: "giveBack(draft, attempt, context);",
    instead: "",
    catchers: [SIMULATION],
  },
  {
    name: "booked-twice",
    mistake: "the same success told again is taken again",
    file: "server/src/payments/outcome/decide-taken.ts",
    text: "if (attempt.taken !== null) {\n    return facts.amount",
    instead: "if (attempt.taken !== null && attempt.surplus !== null) {\n    return facts.amount",
    catchers: [SIMULATION],
  },
  {
    name: "expired-unasked",
    mistake: "an expired payment is closed without asking the channel",
    file: "server/src/payments/outcome/commands.ts",
    text: "if (payment.liveAttemptId === null) {",
    instead: 'if (payment.liveAttemptId === null || closingFor === "expire") {',
    catchers: [SIMULATION],
  },
  {
    name: "claim-without-lease",
    mistake: "a claim of refunds leaves them due",
    file: "server/src/payments/query/store.ts",
    text: "update refunds r\n     set due_at = $2",
    instead: "update refunds r\n     set due_at = least(r.due_at, $2)",
    catchers: [{ by: "test", file: "server/src/payments/query/claim.test.ts" }],
  },
  {
    name: "refund-resent-anew",
    mistake: "a refund that the channel does not know is taken for refused at once",
    file: "server/src/payments/outcome/decide-refund.ts",
    text: "if (!surelyNot) {",
    instead: 'if (!surelyNot) return fail(draft, refund, "not_found", "unknown there", context);\n  {',
    catchers: [SIMULATION],
  },
  {
    name: "circuit-stays-open",
    mistake: "an account that left rotation never takes a probe",
    file: "server/src/routing/health/breaker.ts",
    text: 'if (breaker.state !== "open" || now < breaker.until) return breaker;',
    instead: 'if (breaker.state !== "open" || now < Number.POSITIVE_INFINITY) return breaker;',
    catchers: [SIMULATION],
  },
  {
    name: "probes-close-nothing",
    mistake: "an account takes one probe after the other and never returns",
    file: "server/src/routing/health/breaker.ts",
    text: "if (succeeded >= PROBES_TO_CLOSE) return closed(call.endedAt);",
    instead: "",
    catchers: [SIMULATION],
  },
  {
    name: "circuit-never-opens",
    mistake: "an account whose calls all fail stays in rotation",
    file: "server/src/routing/health/breaker.ts",
    text: "if (failuresInARow >= FAILURES_IN_A_ROW_MAX || isBurst) return opened(now, OPEN_MS);",
    instead: "",
    catchers: [SIMULATION],
  },
  {
    name: "window-counted",
    mistake: "calls that fail in a window of the channel count",
    file: "server/src/routing/service.ts",
    text: "if (windowAt(settings, timeZone, at) !== null) return;",
    instead: "",
    catchers: [SIMULATION],
  },
  {
    name: "window-unlearnt",
    mistake: "a process that decides on no order knows no windows",
    file: "server/src/payments/attempt/calls.ts",
    text: "await deps.routing.learnSettings();",
    instead: "",
    catchers: [{ by: "test", file: "server/src/payments/routing.test.ts" }],
  },
  {
    name: "carried-lost",
    mistake: "a line that waits for the next day is forgotten by it",
    file: "server/src/reconciliation/generation/compare.ts",
    text: "theirs === null ? [] : [{ ...theirRowFrom(theirs, matchKey), scope }],",
    instead: "theirs === null || scope >= 0 ? [] : [{ ...theirRowFrom(theirs, matchKey), scope }],",
    catchers: [SIMULATION],
  },
  {
    name: "held-unseen",
    mistake: "what a channel took back by itself is no break where it told so before its statement",
    file: "server/src/dayclose/comparing.ts",
    text: "await deps.breaks.holdUntold(() => goOn())",
    instead: "await Promise.resolve(0)",
    catchers: [SIMULATION],
  },
  {
    name: "close-not-begun",
    mistake: "the calendar begins no close",
    file: "server/src/dayclose/worker.ts",
    text: "await dayClose.beginMissing()",
    instead: "await Promise.resolve(0)",
    catchers: [SIMULATION],
  },
  {
    name: "first-date-skipped",
    mistake: "the close begins with the books' first date, though a channel's date began the day before",
    file: "server/src/dayclose/scopes.ts",
    text: "later(shiftDate(from, -1), channelDateOf(traits, createdAt))",
    instead: "later(from, channelDateOf(traits, createdAt))",
    catchers: [SIMULATION],
  },
  {
    name: "payout-renamed",
    mistake: "each send of a batch of payouts has another number at the bank",
    file: "server/src/payouts/sending/send.ts",
    text: "  const message = await openInstruction(deps, batch);",
    instead:
      "  const opened = await openInstruction(deps, batch);\n" +
      "  const number = messageIdOf(batch.id);\n" +
      "  const message = opened.replaceAll(number, number.slice(0, -1) + batch.sends);",
    catchers: [SIMULATION],
  },
  {
    name: "payout-not-asked",
    mistake: "a batch without an answer is sent again, and the bank is not asked first",
    file: "server/src/payouts/sending/send.ts",
    text: "if (batch.uncertain || batch.bankHasIt) await ask(",
    instead: "if (batch.bankHasIt) await ask(",
    catchers: [SIMULATION],
  },
  {
    name: "payout-return-unread",
    mistake: "what comes back from a payout is taken for a stranger's money",
    file: "server/src/payouts/statement/read.ts",
    text: "if (!isOut && !isReturn) return null;",
    instead: "if (!isOut) return null;",
    catchers: [SIMULATION],
  },
  {
    name: "commission-kept",
    mistake: "what a corrected commission statement does not have any more stays booked",
    file: "server/src/payouts/commission/told.ts",
    text: "there.filter(({ rowHash: hash, occurrence }) => !meant.has(keyOf({ hash, occurrence })));",
    instead: "there.filter(({ occurrence }) => occurrence < 1);",
    catchers: [SIMULATION],
  },
  {
    name: "advance-uncovered",
    mistake: "T+0 is paid whatever own money the reserve has",
    file: "server/src/settlement/same-day/service.ts",
    text: 'if (there - reserved < advance.amount) throw new Refused("not_covered");',
    instead: "",
    catchers: [{ by: "simulation", seeds: 120 }],
  },
  {
    name: "reserve-paid-twice",
    mistake: "approvals look at the reserve and not at what is instructed from it already",
    file: "server/src/payouts/batch/funds.ts",
    text: "if (amount > all.reserve - all.instructed)",
    instead: "if (amount > all.reserve)",
    catchers: [{ by: "test", file: "server/src/payouts/batches.test.ts" }],
  },
  {
    name: "owed-twice",
    mistake: "a payout that waits leaves what a partner is owed to the next one",
    file: "server/src/payouts/owed/store.ts",
    text: "and p.state not in ('rejected', 'returned')",
    instead: "and p.state in ('sent', 'unknown', 'succeeded')",
    catchers: [SIMULATION],
  },
  {
    name: "owed-lost",
    mistake: "what comes back from a partner's payout is not owed again",
    file: "server/src/payouts/owed/store.ts",
    text: "and p.state not in ('rejected', 'returned')",
    instead: "and p.state <> 'rejected'",
    catchers: [SIMULATION],
  },
  {
    name: "share-kept",
    mistake: "receivers give back no more than what the merchant cannot cover",
    file: "server/src/sharing/split.ts",
    text: "const proportional = left <= 0n ? 0n : (given * left) / room.settled;",
    instead: "const proportional = given;",
    catchers: [SIMULATION],
  },
  {
    name: "splitting-forgotten",
    mistake: "whatever is answered to the call that lets go of the rest is taken for done",
    file: "server/src/payments/sharing/calls.ts",
    text: "answerFinish(locked, call));",
    instead: 'answerFinish(locked, { end: "answered", value: { outcome: "finished" } }));',
    catchers: [SIMULATION],
  },
  {
    name: "share-untold",
    mistake: "what a receiver gave back is told to nobody",
    file: "server/src/payments/sharing/decide.ts",
    text: 'events: isDone ? [{ type: "share.returned", share: changed }] : [],',
    instead: "events: [],",
    catchers: [SIMULATION],
  },
];
