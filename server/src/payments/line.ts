/** What a call about an order, a refund or a claim goes through, and the account's calls per second. */
import type {
  Call,
  CallPriority,
  Channel,
  ChannelAccount,
  ChannelContext,
  Channels,
  Operation,
} from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Attempt } from "./model.ts";

export type Line = {
  readonly account: ChannelAccount;
  readonly channel: Channel;
  readonly context: ChannelContext;
};

type LineDeps = { readonly channels: Pick<Channels, "account" | "channel" | "contextOf"> };
type BudgetDeps = { readonly channels: Pick<Channels, "budget" | "counts">; readonly clock: Clock };

/** Query, close and refund always go through the attempt's own account, even when it was disabled since. */
export async function lineOf({ channels }: LineDeps, attempt: Attempt): Promise<Line> {
  const account = await channels.account(attempt.channelAccountId);
  const channel = channels.channel(attempt.channel);
  if (account === null || channel === null) {
    throw new Error(`the attempt ${attempt.id} names a channel account that is not there`);
  }
  return { account, channel, context: await channels.contextOf(account, "current") };
}

/** Makes the call and counts it; where the account's calls are spent it ends `not_sent`. */
export async function withinBudget<T>(
  { channels: { budget, counts }, clock }: BudgetDeps,
  account: ChannelAccount,
  operation: Operation,
  priority: CallPriority,
  call: () => Promise<Call<T>>,
): Promise<Call<T>> {
  if (await budget.take(account, priority)) {
    const made = await call();
    counts.note(account.id, made);
    return made;
  }
  counts.noteBudgetSpent(account.id, priority);
  return {
    end: "not_sent",
    reason: "the channel account's calls per second are spent",
    isRateRefusal: true,
    exchange: {
      operation,
      startedAt: clock.now(),
      tookMs: 0,
      channelCode: null,
      request: "",
      response: null,
    },
  };
}
