import type { Channel, ChannelAccount, Statement } from "../channels/index.ts";
import { plus } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import {
  billedIn,
  daysToRead,
  isOver,
  isPatienceOver,
  type Sought,
  STATEMENT_GAP_MS,
  type Verification,
} from "./model.ts";
import { change, failed, lineOf, paymentOf, type VerificationsDeps } from "./progress.ts";

/** The account's gateway, or the merchant that we are there, became another meanwhile. */
const ANOTHER_COUNTERPART =
  "the account's gateway_url, or the merchant in its credentials, was changed after this began, so it says " +
  "nothing of the account as it is now; start another verification";

/** Looks for both in the bills of their days: the last step before the account is verified. */
export async function readBills(deps: VerificationsDeps, seen: Verification): Promise<Verification> {
  const { account, channel } = await lineOf(deps, seen.channelAccountId);
  // The bills of what was changed would be waited for in vain.
  if (account.counterpartRevision !== seen.counterpartRevision) {
    return change(deps, seen, failed(deps, ANOTHER_COUNTERPART));
  }
  const now = deps.cell.clock.now();
  const sought = await soughtOf(deps, seen);
  let found = { payment: seen.paymentBilled, refund: seen.refundBilled };
  let missing = "the channel's bills of those days do not list both yet";
  for (const day of daysToRead(seen)) {
    if (!isOver(channel.traits, day, now)) continue;
    const bill = await downloaded(deps, account, channel, day);
    if (typeof bill === "string") {
      missing = bill;
      continue;
    }
    const said = billedIn(bill, sought);
    if ("fault" in said) return change(deps, seen, failed(deps, said.fault));
    found = { payment: found.payment || said.billed.payment, refund: found.refund || said.billed.refund };
  }
  const notified = await deps.room.wasNotified(seen.paymentId as Id);
  const facts = { paymentBilled: found.payment, refundBilled: found.refund, notified };
  if (found.payment && found.refund) {
    const { channelAccountId, counterpartRevision } = seen;
    const { goingLive } = deps.channels.accounts;
    if (!(await goingLive.verified(channelAccountId, now, counterpartRevision))) {
      return change(deps, seen, { ...facts, ...failed(deps, ANOTHER_COUNTERPART) });
    }
    const detail = notified
      ? null
      : "it works, but no notification arrived: see that the channel reaches the account's notify path";
    return change(deps, seen, { ...facts, state: "verified", detail, dueAt: null, finishedAt: now });
  }
  if (isPatienceOver(seen, now)) return change(deps, seen, { ...facts, ...failed(deps, missing) });
  return change(deps, seen, { ...facts, detail: missing, dueAt: plus(now, STATEMENT_GAP_MS) });
}

async function soughtOf(deps: VerificationsDeps, seen: Verification): Promise<Sought> {
  const { payment, attempts, refunds } = await paymentOf(deps, seen);
  const success = attempts.find((attempt) => attempt.id === payment.successAttemptId);
  const refund = refunds.find((one) => one.id === seen.refundId);
  if (success === undefined || refund === undefined) {
    throw new Error(`the verification ${seen.id} has lost its payment or refund`);
  }
  const { amount, currency } = seen;
  return {
    channelOrderNo: success.channelOrderNo,
    channelRefundNo: refund.channelRefundNo,
    amount,
    currency,
  };
}

/** The bill, or why there is none to read. */
async function downloaded(
  deps: VerificationsDeps,
  account: ChannelAccount,
  channel: Channel,
  day: string,
): Promise<Statement | string> {
  if (!(await deps.channels.budget.take(account, "background"))) {
    return "the account's calls per second are needed for payments";
  }
  const call = await channel.downloadStatement(await deps.channels.contextOf(account, "current"), day);
  if (call.end === "answered") return call.value;
  return `the bill of ${day} is not there: ${call.end === "refused" ? call.message : call.reason}`;
}
