/** What one event changed, and whether the merchant is told exactly that. */
import assert from "node:assert/strict";
import type { Refund } from "../../model.ts";
import type { Story } from "../story.ts";

/** The steps of the three machines that lie between two stories, as `machine: from → to`. */
export function stepsTaken(before: Story, after: Story): string[] {
  const steps: string[] = [];
  const note = (machine: string, from: string | undefined, to: string) => {
    if (from !== to) steps.push(`${machine}: ${from ?? "new"} → ${to}`);
  };
  note("payments", before.box.payment.status, after.box.payment.status);
  for (const { id, state } of after.box.attempts.values()) {
    note("attempts", before.box.attempts.get(id)?.state, state);
  }
  for (const { id, state } of after.box.refunds.values()) {
    note("refunds", before.box.refunds.get(id)?.state, state);
  }
  return steps;
}

/** Each end and each change of a refund is told once, success is for ever, and it is booked once. */
export function assertTold(before: Story, after: Story): void {
  const was = before.box.payment;
  const is = after.box.payment;
  const expected: string[] = [];
  if (was.status !== is.status && is.finishedAt !== null) expected.push(`payment.${is.status}`);
  for (const { id, state } of after.box.attempts.values()) {
    const isNew = state === "reversed_by_channel" && before.box.attempts.get(id)?.state !== state;
    if (isNew && is.successAttemptId === id) expected.push("payment.reversed_by_channel");
  }
  for (const refund of after.box.refunds.values()) {
    expected.push(...toldOf(before.box.refunds.get(refund.id)?.state ?? "created", refund.state));
  }
  const told = after.events.slice(before.events.length);
  assert.deepEqual(told.toSorted(), expected.sort(), "the events tell what changed");
  if (was.status === "succeeded") {
    assert.equal(is.status, "succeeded", "a payment never leaves succeeded");
    assert.equal(is.successAttemptId, was.successAttemptId, "a success is for ever");
  }
  const booked = after.books.journals.filter(({ kind }) => kind === "payment_success");
  const sources = booked.map(({ sourceId }) => sourceId);
  const success = is.successAttemptId;
  assert.deepEqual(
    sources,
    success === null ? [] : [success],
    "a success is booked once, and nothing else is",
  );
}

function toldOf(from: Refund["state"], to: Refund["state"]): string[] {
  if (from === to) return [];
  const wasAccepted = from === "accepted" || from === "succeeded" || from === "returned";
  const isAccepted = to === "accepted" || to === "succeeded" || to === "returned";
  const told = !wasAccepted && isAccepted ? ["refund.accepted"] : [];
  return to === "accepted" || to === "created" || to === "unknown" ? told : [...told, `refund.${to}`];
}
