/**
 * What of a story decides everything that can come after it: two stories with one key have the same future.
 * Ids become places in the order of birth, and instants their distance from now, as far as a decision may
 * still compare them.
 */
import { plus, SECOND } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Attempt, Refund } from "../../model.ts";
import { CODE_CALL_MS, EXPIRY_GRACE_MS } from "../../query/schedule.ts";
import { CODES } from "../small-books.ts";
import type { Story } from "../story.ts";
import { alipay } from "../terms.ts";

const DAY_MS = 86_400 * SECOND;

/** The instants at which time alone changes what a decision says, those that are over included. */
export function boundariesOf(story: Story): readonly Date[] {
  const { payment, attempts, refunds } = story.box;
  const all = [payment.expiresAt, plus(payment.expiresAt, EXPIRY_GRACE_MS)];
  for (const attempt of attempts.values()) all.push(...boundariesOfAttempt(attempt, story));
  for (const refund of refunds.values()) all.push(...boundariesOfRefund(refund));
  return all;
}

function boundariesOfAttempt(attempt: Attempt, { box, account }: Story): Date[] {
  const { taken, createdAt, method, id } = attempt;
  if (taken !== null) {
    // The window is open to its last instant.
    const isSuccess = box.payment.successAttemptId === id;
    return isSuccess ? [plus(taken.paidAt, account.refundWindowDays * DAY_MS + 1)] : [];
  }
  const scene = alipay.traits.scenes[method];
  if (scene === undefined || scene.orderAppearsWithBuyer) return [];
  const horizon = plus(createdAt, scene.notFoundHorizonMs);
  return scene.kind === "payment_code" ? [plus(createdAt, CODE_CALL_MS), horizon] : [horizon];
}

function boundariesOfRefund({ state, createdAt }: Refund): Date[] {
  const mayBeUnsent = state === "created" || state === "unknown";
  return mayBeUnsent ? [plus(createdAt, alipay.traits.refundNotFoundHorizonMs)] : [];
}

/** The first boundary that is still to come. */
export function nextBoundary(story: Story): Date | null {
  const now = story.now();
  const times = boundariesOf(story)
    .filter((at) => at > now)
    .map((at) => at.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times));
}

export function keyOf(story: Story): string {
  const { payment, attempts, refunds } = story.box;
  const now = story.now().getTime();
  const attemptIds = [...attempts.keys()];
  const refundIds = [...refunds.keys()];
  const place = (id: Id | null) => (id === null ? "" : attemptIds.indexOf(id));
  const away = boundariesOf(story).map((at) => Math.max(0, at.getTime() - now));
  const parts: unknown[] = [
    payment.status,
    place(payment.liveAttemptId),
    place(payment.successAttemptId),
    payment.closingFor,
    payment.closedReason,
    away,
  ];
  for (const attempt of attempts.values()) parts.push("|", ...attemptParts(attempt));
  for (const refund of refunds.values()) parts.push("/", place(refund.attemptId), ...refundParts(refund));
  const { books, workItems } = story;
  parts.push("=", ...CODES.map((code) => books.natural(code)));
  parts.push("posted", journalsOf(story, attemptIds, refundIds));
  parts.push("work", [...new Set(workItems.map(({ kind }) => kind))].sort());
  return parts.join(",");
}

function attemptParts(attempt: Attempt): unknown[] {
  const { taken } = attempt;
  return [
    attempt.method,
    attempt.state,
    taken?.paidAmount,
    taken?.settleAmount,
    attempt.surplus,
    attempt.refundedAmount,
    attempt.settledRefunded,
    attempt.feeReturned,
    attempt.costReturned,
    attempt.takenBack,
    attempt.toldRefunded,
    ...attempt.foreignRefunds.map((one) => `${one.channelRefundNo}:${one.amount}:${one.isReturned}`),
    attempt.doubtedAt !== null,
    attempt.closeWanted,
    attempt.channelTradeNo === null,
  ];
}

function refundParts(refund: Refund): unknown[] {
  return [
    refund.automatic,
    refund.state,
    refund.amount,
    refund.settleAmount,
    refund.fromPending,
    refund.fromAvailable,
    refund.fromReceivable,
    refund.feeReturned,
    refund.costReturned,
    refund.afterFailure,
  ];
}

/** Which journals are written: none may be posted twice. */
function journalsOf({ books }: Story, attemptIds: readonly Id[], refundIds: readonly Id[]): string {
  const names = books.journals.map(({ kind, sourceId }) => {
    const attempt = attemptIds.indexOf(sourceId);
    return `${kind} ${attempt >= 0 ? `a${attempt}` : refundIds.indexOf(sourceId)}`;
  });
  return names.sort().join(";");
}
