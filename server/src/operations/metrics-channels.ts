import { type AccountCalls, type CallCounts, TOOK_MS_BOUNDS } from "../channels/index.ts";
import { SECOND } from "../kernel/clock.ts";
import { formatId } from "../kernel/ids.ts";
import type { AddGauge } from "./metrics.ts";

/** Calls to channels, by the account that they went through. */
export function addChannelMetrics(add: AddGauge, counts: CallCounts): void {
  const accounts = () =>
    [...counts.accounts].map(([id, calls]) => ({ channel_account: formatId("cha", id), calls }));
  const each = (
    name: string,
    help: string,
    label: string,
    values: (calls: AccountCalls) => Readonly<Record<string, number>>,
  ) => {
    add(name, help, ["channel_account", label], (self) => {
      for (const { channel_account, calls } of accounts()) {
        for (const [key, value] of Object.entries(values(calls)))
          self.set({ channel_account, [label]: key }, value);
      }
    });
  };
  each("channel_calls", "Calls since start by how they ended", "end", ({ ends }) => ends);
  each(
    "channel_budget_spent",
    "Calls not made since start: the account's calls per second were spent",
    "priority",
    ({ budgetSpent }) => budgetSpent,
  );
  // Together these three are a histogram as Prometheus computes with.
  each("channel_call_seconds_bucket", "Calls since start that took at most `le` seconds", "le", (calls) => ({
    ...Object.fromEntries(TOOK_MS_BOUNDS.map((bound, at) => [String(bound / SECOND), calls.within[at] ?? 0])),
    "+Inf": totalOf(calls),
  }));
  add("channel_call_seconds_sum", "Taken by calls since start", ["channel_account"], (self) => {
    for (const { channel_account, calls } of accounts()) self.set({ channel_account }, calls.tookMs / SECOND);
  });
  add("channel_call_seconds_count", "Calls since start", ["channel_account"], (self) => {
    for (const { channel_account, calls } of accounts()) self.set({ channel_account }, totalOf(calls));
  });
}

function totalOf({ ends }: AccountCalls): number {
  return Object.values(ends).reduce((total, count) => total + count, 0);
}
