/** Asks channels how open disputes stand; what they say goes through the door. */
import type { Call, Channels, DisputeOutcome } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { attemptById } from "../attempt/store.ts";
import type { Dispute } from "../model.ts";
import type { Door } from "../outcome/door.ts";
import type { Done } from "../outcome/execute.ts";

export type DisputeDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account" | "channel" | "contextOf" | "budget" | "counts">;
  readonly door: Pick<Door, "submit">;
};

/** One question about an open dispute. Nobody waits for it: payments have the account's calls first. */
export async function attendDispute(deps: DisputeDeps, dispute: Dispute): Promise<Done> {
  const made = await ask(deps, dispute);
  const { paymentId, merchantId, channelAccountId, attemptId } = dispute;
  return deps.door.submit({
    kind: "dispute_report",
    paymentId,
    merchantId,
    channelAccountId,
    attemptId,
    disputeId: dispute.id,
    reportId: deps.cell.newId(),
    end: made,
    exchange: made.exchange,
  });
}

async function ask(deps: DisputeDeps, dispute: Dispute): Promise<Call<DisputeOutcome>> {
  const { channels, cell } = deps;
  const [account, attempt] = await Promise.all([
    channels.account(dispute.channelAccountId),
    attemptById(cell.db, dispute.attemptId),
  ]);
  const channel = attempt === null ? null : channels.channel(attempt.channel);
  if (account === null || channel === null) {
    throw new Error(`the dispute ${dispute.id} names a channel account that is not there`);
  }
  const notSent = (reason: string): Call<DisputeOutcome> => ({
    end: "not_sent",
    reason,
    exchange: {
      operation: "dispute_query",
      startedAt: cell.clock.now(),
      tookMs: 0,
      channelCode: null,
      request: "",
      response: null,
    },
  });
  if (channel.queryDispute === undefined) return notSent("the channel cannot be asked about disputes");
  if (!(await channels.budget.take(account, "sweep"))) {
    channels.counts.noteBudgetSpent(account.id, "sweep");
    return notSent("the channel account's calls per second are spent");
  }
  const context = await channels.contextOf(account, "current");
  const made = await channel.queryDispute(context, dispute.channelDisputeNo);
  channels.counts.note(account.id, made);
  return made;
}
