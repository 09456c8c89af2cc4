/**
 * The refund of a surplus that its payer claims besides: he must not get it twice. It waits while the claim
 * is open; it goes out when all of the claim came back; else it is given up. Pure.
 */
import { DAY } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { disputedAmount } from "../model.ts";
import { givingBack } from "./claims.ts";
import { failRefund, type RefundContext } from "./decide-refund.ts";
import type { Draft } from "./draft.ts";

/**
 * How long after the next question about the claim it waits: each answer moves both, and a channel that
 * answers nothing for a day refuses it itself.
 */
const HOLD_MS = DAY;

/**
 * After any report about an attempt. One whose fate is not known is still asked about: it may have gone.
 * @param isWon the report gave a claim back
 */
export function holdClaimedRefund(
  draft: Draft,
  attemptId: Id,
  isWon: boolean,
  contextOf: () => RefundContext,
): void {
  const attempt = draft.attempt(attemptId);
  if (attempt.surplus === null) return;
  const refund = givingBack(draft, attempt);
  if (refund?.state !== "created") return;
  const disputes = draft.disputesOf(attemptId);
  const open = disputes.flatMap(({ dueAt }) => (dueAt === null ? [] : [dueAt.getTime()]));
  if (open.length > 0) {
    const until = new Date(Math.max(...open) + HOLD_MS);
    if (refund.dueAt === null || refund.dueAt < until) draft.refund(refund.id).dueAt = until;
    return;
  }
  if (disputedAmount(disputes) > 0n) {
    const message = "the payer's claim through the channel took it";
    failRefund(draft, draft.refund(refund.id), "payment_disputed", message, contextOf());
    return;
  }
  if (isWon) draft.refund(refund.id).dueAt = contextOf().now;
}
