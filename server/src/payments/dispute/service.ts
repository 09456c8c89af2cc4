/** Asks channels how open disputes stand; what they say goes through the door. */
import type { Call, Channels, DisputeOutcome } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { attemptById } from "../attempt/store.ts";
import { lineOf, withinBudget } from "../line.ts";
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

async function ask({ channels, cell }: DisputeDeps, dispute: Dispute): Promise<Call<DisputeOutcome>> {
  const attempt = await attemptById(cell.db, dispute.attemptId);
  if (attempt === null) throw new Error(`the dispute ${dispute.id} names an attempt that is not there`);
  const { account, channel, context } = await lineOf({ channels }, attempt);
  const { queryDispute } = channel;
  if (queryDispute === undefined) {
    throw new Error(`the dispute ${dispute.id} is at ${attempt.channel}, which cannot be asked about it`);
  }
  return withinBudget({ channels, clock: cell.clock }, account, "dispute_query", "sweep", () =>
    queryDispute(context, dispute.channelDisputeNo),
  );
}
