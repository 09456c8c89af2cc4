import type { Call, ChannelAccount } from "../channels/index.ts";
import { problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Scope } from "./model.ts";
import type { Received, Statements, StatementsDeps } from "./service.ts";

/** What asking a channel for a statement gave. */
export type Fetched =
  | Received
  /** The channel has published none, be it because there were no trades or because it is late. */
  | { readonly outcome: "none"; readonly detail: string }
  /** It did not answer, or will later. */
  | { readonly outcome: "unavailable"; readonly detail: string }
  /** It will not hand it out. */
  | { readonly outcome: "denied"; readonly detail: string };

/** Asks the channel for the statement of a scope now, and receives what it hands out. */
export async function fetchStatement(
  deps: StatementsDeps & { readonly statements: Pick<Statements, "receive"> },
  scope: Scope,
  receivedBy: Id | null,
): Promise<Fetched> {
  if (scope.channelAccountId === null)
    throw new Error(`no channel hands out statements of kind ${scope.kind}`);
  const account = await deps.channels.account(scope.channelAccountId);
  if (account === null) throw problem("not_found");
  if (account.credentialVersion === null) {
    throw problem("conflict", { detail: "the account has no credentials yet; save them first" });
  }
  if (!(await deps.channels.budget.take(account, "background"))) {
    return { outcome: "unavailable", detail: "the account's calls per second are needed for payments" };
  }
  const call = await ask(deps, account, scope);
  switch (call.end) {
    case "answered":
      return deps.statements.receive({ scope, original: call.value, source: "download", receivedBy });
    case "refused":
      if (call.code === "no_statement") return { outcome: "none", detail: call.message };
      return {
        outcome: call.retryable ? "unavailable" : "denied",
        detail: `${call.code}: ${call.message}`,
      };
    case "not_sent":
    case "unknown":
      return { outcome: "unavailable", detail: call.reason };
  }
}

async function ask(
  { channels }: StatementsDeps,
  account: ChannelAccount,
  { kind, statementDate, account: accountType }: Scope,
): Promise<Call<Buffer>> {
  const channel = channels.channel(account.channel);
  if (channel === null) throw new Error(`no connector for the channel ${account.channel}`);
  const context = await channels.contextOf(account, "current");
  if (kind === "trade") return channel.fetchStatement(context, statementDate);
  const call = await channel.fetchFundFlow?.(context, statementDate, accountType || undefined);
  if (call !== undefined) return call;
  throw problem("invalid_request", {
    field: "query.kind",
    detail: `${channel.traits.displayName} tells no fund flow`,
  });
}
